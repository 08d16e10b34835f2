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
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from analyzers.errors import CommitcastError, InputError, SettingError
from analyzers.model import Day, Span
from bot.app import open_application, utc_now
from bot.config import Settings, load_settings
from bot.digest import DigestRequest
from bot.options import parse_options
from bot.output import (
    CommitReport,
    DigestReport,
    Format,
    Report,
    format_of,
    require_writable,
    show,
    text_of,
    write_archive,
    write_file,
)
from bot.ports import Notice
from bot.progress import Reporter, reporter
from bot.sources.locators import parse_commit, parse_repository, web_address
from bot.spans import parse_date, parse_language, parse_period, parse_range, parse_zone
from bot.subscriptions import Filters
from formatters.text import Words, words_for

_log = logging.getLogger(__name__)

DONE: Final = 0
FAILED: Final = 1
WRONG: Final = 2
STOPPED: Final = 130
TERMINATED: Final = 143


@dataclass(frozen=True, slots=True)
class SpanOptions:
    """The options that say what a digest covers, as typed."""

    date: str | None = None
    since: str | None = None
    until: str | None = None
    range: str | None = None
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """The options that say which commits are shown, as typed."""

    paths: Sequence[str] = ()
    authors: Sequence[str] = ()
    minimum: str | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """The options that say where it goes, as typed."""

    written: str | None = None
    output: Path | None = None
    archive: Path | None = None

    @property
    def format(self) -> Format:
        """The format asked for, by name or by the file's ending."""
        if self.written:
            return Format(self.written)
        if self.output and (by_name := format_of(self.output)):
            return by_name
        return Format.MARKDOWN if self.archive else Format.TERMINAL


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
        _check(destination, span, len(repositories))
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

    return _run(command, destination, zone, language)


def run_analyze(
    commit: str, destination: Destination, *, zone: str | None, language: str | None
) -> int:
    """`commitcast analyze`."""

    async def command(session: Session) -> Outcome:
        _check(destination, None, 1)
        locator, name = parse_commit(commit, session.github_pages)
        session.reporter.start(locator.label)
        async with open_application(session.settings, session.reporter.notify) as app:
            repository, entry = await app.analyse(locator, name, session.language)
        return Outcome([CommitReport(entry, repository, session.zone, session.words)])

    return _run(command, destination, zone, language)


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

    return _run(command, Destination(), None, None)


def run_chat(*, zone: str | None, language: str | None) -> int:
    """`commitcast chat`: the whole bot in this terminal."""

    async def command(session: Session) -> Outcome:
        from rich.console import Console

        from bot.chats.terminal import TerminalChat
        from bot.commands.answering import Commands
        from bot.front import Front

        settings = session.settings.model_copy(
            update={"commitcast_language": session.language, "commitcast_timezone": session.zone}
        )
        async with open_application(settings, session.reporter.notify) as app:
            front = Front(Commands(app), app.events)
            chat = TerminalChat(front, session.words, typed=sys.stdin, console=Console())
            await chat.run()
        return Outcome()

    return _run(command, Destination(), zone, language)


def run_bot() -> int:
    """`commitcast run`: the bot on every chat that is set up."""

    async def command(session: Session) -> Outcome:
        from bot.run import run

        def told(notice: Notice) -> None:
            _log.info(session.words(notice.code, **notice.details))

        async with open_application(session.settings, told) as app:
            await run(app)
        return Outcome()

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    return _run(command, Destination(), None, None)


def parse_span(options: SpanOptions, zone: str) -> Span | None:
    """What the options ask for; None is the latest day that has a commit.

    Raises:
        InputError: they contradict each other, or one cannot be read.
    """
    given = [options.date, options.since, options.range]
    if sum(value is not None for value in given) > 1 or (options.until and not options.since):
        raise InputError("error-span-options")
    now = utc_now()
    if options.range is not None:
        span = parse_range(options.range)
        if options.branch and span.head != "HEAD":
            raise InputError("error-range-branch")
        return span
    if options.since is not None:
        return parse_period(options.since, options.until, zone, now)
    if options.date is None or options.date == "latest":
        return None
    return Day(parse_date(options.date, zone, now), zone)


def parse_filters(branch: str | None, options: FilterOptions) -> Filters:
    """What the options leave in.

    Raises:
        InputError: one cannot be read.
    """
    typed = (
        ("branch", [branch] if branch is not None else []),
        ("path", options.paths),
        ("author", options.authors),
        ("min", [options.minimum] if options.minimum is not None else []),
    )
    return parse_options(f"{name}:{value}" for name, values in typed for value in values).filters()


def _check(destination: Destination, span: Span | None, repositories: int) -> None:
    """Refuse what cannot be written before anything is read."""
    if destination.archive:
        if destination.output:
            raise InputError("error-output-and-archive")
        if not (span is None or isinstance(span, Day)):
            raise InputError("error-archive-needs-day")
        require_writable(destination.archive / "any")
    elif repositories > 1 and destination.format is Format.HTML:
        raise InputError("error-html-takes-one")
    if destination.output:
        require_writable(destination.output)


def _run(command: Command, destination: Destination, zone: str | None, language: str | None) -> int:
    words = words_for(language or "en")
    logging.basicConfig(level=logging.WARNING, format="commitcast: %(message)s")
    logging.getLogger("stamina").setLevel(logging.ERROR)  # a retry is no news to a person
    try:
        settings = load_settings()
        spoken = parse_language(language or settings.commitcast_language)
        words = words_for(spoken)
        read_in = parse_zone(zone) if zone else settings.commitcast_timezone
        with reporter(words) as shown:
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
    try:
        for report in reports:
            show(report, destination.format)
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
