"""What the commands of the shell do. Each returns the process's exit status:

0    done
1    a repository, Redis or the embedded server failed
2    the request, a setting or an output file is wrong
130  stopped by Ctrl-C (143 by SIGTERM)
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from analyzers.errors import CommitcastError, InputError, SettingError
from analyzers.rules import RulesAnalyzer
from bot.access import TERMINAL
from bot.app import open_application, utc_now
from bot.config import Settings, load_settings, secrets_of
from bot.digest import DigestRequest
from bot.logs import hide, tell_uncaught
from bot.output import (
    CommitReport,
    DigestReport,
    Format,
    Report,
    require_writable,
    show,
    text_of,
    write_archive,
    write_file,
)
from bot.ports import Notice
from bot.progress import Reporter, reporter
from bot.shell_options import (
    Destination,
    FilterOptions,
    SpanOptions,
    parse_filters,
    parse_span,
    require_possible,
)
from bot.sources.locators import parse_commit, parse_repository, web_address
from bot.spans import parse_language, parse_zone
from bot.subscriptions import Defaults
from formatters.text import Words, words_for

_log = logging.getLogger(__name__)

DONE: Final = 0
FAILED: Final = 1
WRONG: Final = 2
STOPPED: Final = 130
TERMINATED: Final = 143


@dataclass(frozen=True, slots=True)
class Session:
    """What every command has at hand while it runs."""

    settings: Settings
    words: Words
    zone: str
    language: str
    reporter: Reporter

    @property
    def github_pages(self) -> str:
        """Where the pages are that are read through GitHub's API."""
        return web_address(self.settings.github_api_url)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command came to."""

    reports: Sequence[Report] = ()
    """What is still to be shown or written."""
    status: int = DONE
    closing: str = ""
    """What to say at the end."""


Command = Callable[[Session], Coroutine[None, None, Outcome]]


def run_digest(
    repositories: Sequence[str],
    options: SpanOptions,
    filtering: FilterOptions,
    destination: Destination,
    *,
    zone: str | None,
    language: str | None,
) -> int:
    """`commitcast digest`."""

    async def command(session: Session) -> Outcome:
        span = parse_span(options, session.zone)
        filters = parse_filters(options.branch, filtering)
        require_possible(destination, span, len(repositories))
        locators = [parse_repository(name, session.github_pages) for name in repositories]
        request = DigestRequest(span, session.zone, session.language, filters)
        status = DONE
        reports = []
        async with open_application(session.settings, session.reporter.notify) as app:
            for locator in locators:
                session.reporter.start(locator.label)
                try:
                    digest = await app.digest(locator, request, session.reporter.advance)
                    report = DigestReport(digest, session.words)
                    if destination.archive:
                        path = write_archive(
                            destination.archive, report, destination.format, locator.origin
                        )
                        session.reporter.say(session.words("shell-written", path=str(path)))
                    else:
                        reports.append(report)
                except CommitcastError as exc:
                    # The other repositories' digests are still wanted.
                    session.reporter.say(session.words.error(exc))
                    status = max(status, _status(exc))
        return Outcome(reports, status)

    return run_command(command, destination, zone, language)


def run_analyze(
    commit: str, destination: Destination, *, zone: str | None, language: str | None
) -> int:
    """`commitcast analyze`."""

    async def command(session: Session) -> Outcome:
        require_possible(destination, None, 1)
        locator, name = parse_commit(commit, session.github_pages)
        session.reporter.start(locator.label)
        async with open_application(session.settings, session.reporter.notify) as app:
            repository, entry = await app.analyse(locator, name, session.language)
        return Outcome([CommitReport(entry, repository, session.zone, session.words)])

    return run_command(command, destination, zone, language)


def run_demo(repository: str) -> int:
    """`commitcast demo`: the digest of the latest day, here and in two files."""

    async def command(session: Session) -> Outcome:
        locator = parse_repository(repository, session.github_pages)
        files = {Path(f"digest{w.suffix}"): w for w in (Format.HTML, Format.MARKDOWN)}
        for path in files:
            require_writable(path)
        request = DigestRequest(None, session.zone, session.language)
        async with open_application(session.settings, session.reporter.notify) as app:
            session.reporter.start(locator.label)
            digest = await app.digest(locator, request, session.reporter.advance)
        report = DigestReport(digest, session.words)
        for path, written in files.items():
            write_file(path, text_of(report, written))
        important = digest.entries[0].commit.short_sha if digest.entries else "HEAD"
        hints = session.words(
            "demo-next", command=_own_name(), repository=repository, commit=important
        )
        return Outcome([report], closing=hints)

    return run_command(command, Destination(), None, None)


def run_eval(folder: Path, *, by_rules: bool, language: str | None) -> int:
    """`commitcast eval`: how good analyses are, by commits that people have labelled."""

    async def command(session: Session) -> Outcome:
        from bot.evaluation import ForgetfulProfiles, Tally, evaluate, load_cases, told
        from bot.models import model_analyzer, open_models

        cases, tally = load_cases(folder), Tally()
        async with open_models(session.settings, ForgetfulProfiles(), tally) as models:
            if not (models or by_rules):
                raise SettingError("error-evaluation-no-model", command="commitcast eval --rules")
            analyzer = (
                RulesAnalyzer()
                if by_rules
                else model_analyzer(models[0], session.settings, utc_now)
            )
            session.reporter.start(str(folder))
            scores = await evaluate(
                analyzer,
                cases,
                session.language,
                tally=tally,
                models=models,
                progress=session.reporter.advance,
            )
        status = FAILED if scores.grave or scores.failures else DONE
        return Outcome(status=status, closing=told(scores, session.words))

    return run_command(command, Destination(), None, language)


def run_chat(*, zone: str | None, language: str | None) -> int:
    """`commitcast chat`: the whole bot in this terminal."""

    async def command(session: Session) -> Outcome:
        from rich.console import Console

        from bot.chats.terminal import TerminalChat, TerminalOutlet
        from bot.commands.answering import Commands
        from bot.courier import Courier
        from bot.dispatch import Dispatcher, delivering
        from bot.front import Front
        from bot.pacing import Pacing

        async with open_application(session.settings, session.reporter.notify) as app:
            # As /settings would: what is named here wins over what was set here before.
            await app.subscriptions.change_defaults(
                TERMINAL, Defaults(zone=zone, language=language)
            )
            front, console = Front(Commands(app), app.events), Console()
            chat = TerminalChat(front, session.words, typed=sys.stdin, console=console)
            courier = Courier(app, {TERMINAL: TerminalOutlet(console)}, Pacing())
            async with delivering(Dispatcher(app, courier)):
                await chat.run()
        return Outcome()

    return run_command(command, Destination(), zone, language, is_live=False)


def run_post(
    repository: str,
    to: str,
    branch: str | None,
    filtering: FilterOptions,
    *,
    tells_quiet_days: bool,
    zone: str | None,
    language: str | None,
) -> int:
    """`commitcast post`."""

    async def command(session: Session) -> Outcome:
        from bot.outlets import open_outlets
        from bot.post import PostRequest, post

        words = session.words
        request = PostRequest(
            locator=parse_repository(repository, session.github_pages),
            to=to,
            filters=parse_filters(branch, filtering),
            zone=session.zone,
            language=session.language,
            tells_quiet_days=tells_quiet_days,
        )
        label = request.locator.label
        session.reporter.start(label)
        async with (
            open_application(session.settings, session.reporter.notify) as app,
            open_outlets(session.settings) as outlets,
        ):
            posted = await post(app, outlets, request)
        said = "post-repeated" if posted.is_repeated else "post-quiet"
        n = 0
        if posted.record:
            said, n = "post-done", len(posted.record.shas)
        return Outcome(closing=words(said, repository=label, channel=posted.channel, n=n))

    return run_command(command, Destination(), zone, language)


def run_bot() -> int:
    """`commitcast run`: the bot on every chat that is set up."""

    async def command(session: Session) -> Outcome:
        from bot.prometheus import PrometheusMetrics
        from bot.run import run

        def told(notice: Notice) -> None:
            _log.info(session.words(notice.code, **notice.details))

        metrics = PrometheusMetrics()
        async with open_application(session.settings, told, metrics=metrics) as app:
            await run(app)
        return Outcome()

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for chatty in ("apscheduler", "httpx"):  # they log every wake-up and every request
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return run_command(command, Destination(), None, None, is_live=False)


def run_command(
    command: Command,
    destination: Destination,
    zone: str | None,
    language: str | None,
    *,
    is_live: bool = True,
) -> int:
    """Run a command to its end, and tell people what it said and what went wrong."""
    words = words_for(language or "en")
    sys.excepthook = tell_uncaught
    logging.basicConfig(level=logging.WARNING, format="commitcast: %(message)s")
    logging.getLogger("stamina").setLevel(logging.ERROR)  # a retry is no news to a person
    try:
        settings = load_settings()
        hide(secrets_of(settings))
        spoken = parse_language(language or settings.commitcast_language)
        words = words_for(spoken)
        read_in = parse_zone(zone) if zone else settings.commitcast_timezone
        with reporter(words, is_live=is_live) as shown:
            session = Session(settings, words, read_in, spoken, shown)
            outcome = asyncio.run(_stoppable(command(session)))
        _deliver(outcome.reports, destination, words)
        if outcome.closing:
            sys.stdout.write(f"{outcome.closing}\n")
    except CommitcastError as exc:
        return _fail(words.error(exc), _status(exc))
    except KeyboardInterrupt:
        return _fail(words("shell-stopped"), STOPPED)
    except asyncio.CancelledError:
        return _fail(words("shell-stopped"), TERMINATED)
    return outcome.status


async def _stoppable(work: Coroutine[None, None, Outcome]) -> Outcome:
    """Let SIGTERM end the work as Ctrl-C does: in order, with every child process taken along."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def _deliver(reports: Sequence[Report], destination: Destination, words: Words) -> None:
    if destination.output and reports:
        texts = [text_of(report, destination.format) for report in reports]
        write_file(destination.output, "".join(texts))
        _say(words("shell-written", path=str(destination.output)))
        return
    with standard_output():
        for report in reports:
            show(report, destination.format)


@contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """Where documents go that are given no file.

    Raises:
        InputError: it cannot be written.
    """
    try:
        yield sys.stdout.buffer
        sys.stdout.flush()
    except BrokenPipeError:
        raise  # the reader has seen enough; the shell's framework ends in silence
    except OSError as exc:
        # What is left in the buffer would be tried again at the exit, and fail with a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise InputError("error-output", path="stdout", reason=exc.strerror or str(exc)) from exc


def _own_name() -> str:
    """The command as the person can type it here."""
    typed = Path(sys.argv[0])
    return typed.name if shutil.which(typed.name) else str(typed)


def _status(error: CommitcastError) -> int:
    return WRONG if isinstance(error, InputError | SettingError) else FAILED


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _fail(text: str, status: int) -> int:
    _say(text)
    return status
