"""Digests and full reports on demand."""

from __future__ import annotations

import re
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, final

from analyzers.errors import InputError
from analyzers.grouping import arrange
from analyzers.model import Day, Digest, Edition, Range
from analyzers.ports import Account, AnalysisRequest
from bot.access import most_commits
from bot.analysing import Progress, analyse_all, with_branches
from bot.commands.grammar import USAGE, Command, Name
from bot.commands.scene import Scene, Show
from bot.conversation import Answer, Document
from bot.deliveries.delivery import Delivered, record_of
from bot.digest import DigestRequest
from bot.options import FILTERS, Options, parse_options
from bot.sources.locators import Locator
from bot.spans import is_span_word, parse_span_word
from bot.subscriptions import Filters, Subscription, key_of
from formatters.digest import outline
from formatters.markdown import report
from formatters.model import Page, Prose
from formatters.text import Words, words_for

if TYPE_CHECKING:
    from bot.app import Application


@final
class Digests:
    """Answers `/digest` and `/report`."""

    def __init__(self, app: Application) -> None:
        """Make them with the application's sources, analyzer and stores."""
        self._app = app

    async def digest(self, command: Command, scene: Scene, show: Show) -> Answer:
        """A digest now; it moves no cursor."""
        locator, request = await self._request(command, scene)
        return await self.deliver(locator, request, scene, show)

    async def digest_of_range(
        self, locator: Locator, span: Range, scene: Scene, show: Show, *, is_own: bool = False
    ) -> Answer:
        """A digest of what one revision has and another has not; `is_own` as in `DigestRequest`."""
        most = most_commits(scene.channel)
        request = DigestRequest(span, scene.zone, scene.language, most=most, is_own=is_own)
        return await self.deliver(locator, request, scene, show)

    async def report(self, command: Command, scene: Scene, show: Show) -> Answer:
        """The full report as a file: of the channel's latest digest, or of what is asked for."""
        if command.words:
            locator, request = await self._request(command, scene)
            digest = await self._make(locator, request, scene, show)
            return _reported(digest, words_for(request.language))
        async with aclosing(self._app.delivered.newest(scene.channel)) as records:
            async for latest in records:
                return await self.report_of(latest, scene, show)
        raise InputError("error-no-digest-here", command=scene.typed(USAGE[Name.DIGEST]))

    async def report_of(self, record: Delivered, scene: Scene, show: Show) -> Answer:
        """The full report of a digest that was delivered: of its very commits."""
        locator = self._app.locate(record.repository, scene.channel)
        account = Account(scene.channel, locator.address)
        total = len(record.shas)
        progress = _counted(locator, scene.words, show)
        async with self._app.source(locator, scene.channel, scene.told(show)) as source:
            analysed = await analyse_all(
                source.read(record.shas),
                self._app.analyzer,
                AnalysisRequest(record.language, account),
                workers=self._app.settings.commitcast_llm_concurrency,
                on_commit=lambda done: progress(done, total),
            )
            digest = Digest(
                repository=source.repository,
                branch=record.branch,
                span=record.span,
                head=record.head,
                language=record.language,
                groups=with_branches(arrange(analysed), record.branches),
                generated_at=self._app.now(),
                left_out=record.left_out,
                remarks=record.remarks,
            )
        digest = await self._app.with_overview(digest, account)
        answer = _reported(digest, words_for(record.language))
        return replace(answer, beneath=record.known_messages)

    async def deliver(
        self, locator: Locator, request: DigestRequest, scene: Scene, show: Show
    ) -> Answer:
        """Make a digest and note that this channel gets it."""
        digest = await self._make(locator, request, scene, show)
        record = record_of(digest, locator.address, request.zone)
        # Before it is shown: a control may be pressed as soon as it can be seen.
        await self._app.delivered.put(scene.channel, record)
        return Answer(record.page, words_for(request.language))

    async def _make(
        self, locator: Locator, request: DigestRequest, scene: Scene, show: Show
    ) -> Digest:
        progress = _counted(locator, scene.words, show)
        return await self._app.digest(locator, request, progress, scene.channel, scene.told(show))

    async def _request(self, command: Command, scene: Scene) -> tuple[Locator, DigestRequest]:
        """Which repository and what of it, with the filters of its subscription here."""
        spans = [word for word in command.operands if is_span_word(word)]
        names = [word for word in command.operands if not is_span_word(word)]
        if len(spans) > 1 or len(names) > 1:
            raise InputError("error-digest-what", command=scene.typed(USAGE[command.name]))
        options = parse_options(command.options, allowed=(*FILTERS, "tz", "lang"))
        locator, followed = await self._followed(names, scene)
        zone = options.zone or (followed.zone if followed else scene.zone)
        usual = followed.filters if followed else Filters(minimum=scene.settings.minimum)
        return locator, DigestRequest(
            span=parse_span_word(spans[0], zone, self._app.now()) if spans else None,
            zone=zone,
            language=options.language or (followed.language if followed else scene.language),
            filters=_over(options, usual),
            most=most_commits(scene.channel),
        )

    async def _followed(
        self, names: list[str], scene: Scene
    ) -> tuple[Locator, Subscription | None]:
        """The repository of that name, or the only one that is followed here, and how it is."""
        followed = await self._app.subscriptions.of_channel(scene.channel)
        if not names and len(followed) != 1:
            raise InputError(
                "error-which-repository" if followed else "error-no-repository",
                command=scene.typed(USAGE[Name.DIGEST]),
                repositories=scene.words.listed(s.repository for s in followed),
            )
        name = names[0] if names else followed[0].repository
        locator = self._app.locate(name, scene.channel)
        key = key_of(locator.address)
        return locator, next((s for s in followed if s.key == key), None)


def _over(options: Options, filters: Filters) -> Filters:
    """The filters of a subscription, but for what is asked for this once."""
    return Filters(
        branches=options.branches or filters.branches,
        paths=options.paths or filters.paths,
        authors=options.authors or filters.authors,
        minimum=options.minimum or filters.minimum,
        first_parent=filters.first_parent if options.first_parent is None else options.first_parent,
    )


def _reported(digest: Digest, words: Words) -> Answer:
    text = report(digest, words)
    said = Page((Prose(words("report-sent", title=outline(digest, words).title)),))
    return Answer(said, words, document=Document(_file_name(digest), text.encode()))


def _file_name(digest: Digest) -> str:
    """`acme-widget-2026-01-06.md`; other spans are named by the commit that they end in."""
    span = digest.span
    when = span.date.isoformat() if isinstance(span, Day | Edition) else digest.head[:7]
    name = re.sub(r"[^A-Za-z0-9.]+", "-", digest.repository.name).strip(".-")
    return f"{name or 'digest'}-{when}.md"


def _counted(locator: Locator, words: Words, show: Show) -> Progress:
    def progress(done: int, total: int) -> None:
        show(words("progress-commits", name=locator.label, done=done, total=total))

    return progress
