"""What the commands of the shell do; each returns an exit status of `bot.shell.session`."""

from __future__ import annotations

import logging
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from analyzers.errors import CommitcastError, SettingError
from analyzers.rules import RulesAnalyzer
from bot.access import TERMINAL
from bot.app import open_application, utc_now
from bot.digest import DigestRequest
from bot.output import (
    CommitReport,
    DigestReport,
    Format,
    require_writable,
    text_of,
    write_archive,
    write_file,
)
from bot.ports import Notice
from bot.shell.options import (
    Destination,
    FilterOptions,
    SpanOptions,
    parse_filters,
    parse_span,
    require_possible,
)
from bot.shell.session import (
    DONE,
    FAILED,
    Outcome,
    Session,
    run_command,
    status_of,
)
from bot.sources.locators import parse_commit, parse_repository
from bot.subscriptions import Defaults

_log = logging.getLogger(__name__)


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
                    whose = f"{locator.label}: " if len(locators) > 1 else ""
                    session.reporter.say(whose + session.words.error(exc))
                    status = max(status, status_of(exc))
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
        typed = shlex.quote(repository)
        hints = session.words(
            "demo-next",
            command=_own_name(),
            repository=typed,
            commit=important if repository == "." else f"{typed}@{important}",
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
        from bot.deliveries.courier import Courier
        from bot.deliveries.dispatch import Dispatcher, delivering
        from bot.deliveries.pacing import Pacing
        from bot.front import Front

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
        from bot.deliveries.outlets import open_outlets
        from bot.deliveries.post import PostRequest, post

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
        from bot.monitoring.log_lines import write_log
        from bot.monitoring.prometheus import PrometheusMetrics
        from bot.run import run

        write_log(session.settings)

        def told(notice: Notice) -> None:
            _log.info(session.words(notice.code, **notice.details))

        metrics = PrometheusMetrics()
        async with open_application(session.settings, told, metrics=metrics) as app:
            await run(app)
        return Outcome()

    return run_command(command, Destination(), None, None, is_live=False)


def _own_name() -> str:
    """The command as the person can type it here."""
    typed = Path(sys.argv[0])
    return typed.name if shutil.which(typed.name) else str(typed)
