"""Scheduled digests: what is new since the one before, made once for all channels alike.

Many channels follow the same repository and are due at the same minute. Those that are served at
the same time share a desk: one opened source, every commit analysed once, every digest that is
asked for in the same terms made once.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Container, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, final

from analyzers.errors import RevisionNotFound, SourceError
from analyzers.grouping import arrange
from analyzers.model import Digest, Edition, RemarkCode
from analyzers.ports import Account, AnalysisRequest
from analyzers.text import clean_line
from bot.access import MOST_COMMITS
from bot.analysing import Analysed, Reader, counted, with_branches
from bot.deliveries.ledger import Ledger
from bot.deliveries.news import gather
from bot.deliveries.schedule import day_before
from bot.sources.locators import Locator
from bot.subscriptions import Filters, Subscription
from formatters.model import Page
from formatters.pages import digest_page
from formatters.text import words_for

if TYPE_CHECKING:
    from bot.app import Application
    from bot.ports import CommitSource

LONGEST: Final = 1_800.0
"""Seconds that a digest may take until it is given up for now."""

FRESH: Final = timedelta(minutes=1)
"""How long after it was opened a desk still serves who comes to it."""


@dataclass(frozen=True, slots=True)
class Made:
    """A scheduled digest that is not delivered yet."""

    digest: Digest
    page: Page
    """The digest laid out; the same for all who get it."""
    heads: Mapping[str, str]
    """The cursor once it is delivered."""
    since: datetime
    """When these heads were looked up, or shortly before, in UTC."""


@dataclass(frozen=True, slots=True)
class _Terms:
    """What makes two digests of a repository the same."""

    edition: Edition
    heads: tuple[tuple[str, str], ...]
    window_since: datetime | None
    language: str
    filters: Filters


@final
class Editions:
    """Makes scheduled digests."""

    def __init__(self, app: Application) -> None:
        """Make them with the application's sources, analyzer and stores."""
        self._app = app
        self._desks: dict[str, _Desk] = {}
        self._coming: defaultdict[str, set[asyncio.Task[Any] | None]] = defaultdict(set)
        self.awaited: Container[str] = ()
        """The repositories, by `Subscription.key`, whose digests will be wanted by more channels
        than are served now."""

    @asynccontextmanager
    async def expecting(self, key: str) -> AsyncIterator[None]:
        """Say that this task may soon want a digest of a repository, as `Subscription.key` names
        it: where many do, those who come first leave the desk to those who come last."""
        self._coming[key].add(asyncio.current_task())
        try:
            yield
        finally:
            await self._came(key)

    async def tidy(self) -> None:
        """Clear the desks that nobody wants, or that are no longer fresh."""
        # Looked for anew each time: others come, and clear desks too, while one is closed.
        while desk := next(filter(self._is_done_with, self._desks.values()), None):
            del self._desks[desk.address]
            await desk.aclose()

    async def make(self, subscription: Subscription, ledger: Ledger, day: date) -> Made:
        """The digest of a subscription that is due on a local day.

        Raises:
            SourceError: the repository cannot be read, or did not give every commit.
            TimeoutError: it takes too long.
        """
        app, channel = self._app, subscription.channel
        locator = app.locate(subscription.repository, channel)
        grants = await app.access.grants(channel)
        grants.require_askable(channel, locator)
        terms = _Terms(
            edition=Edition(day, subscription.zone, ledger.since if ledger.date else None),
            heads=tuple(ledger.heads.items()),
            window_since=None if ledger.date else day_before(subscription, day),
            language=subscription.language,
            filters=subscription.filters,
        )
        try:
            async with asyncio.timeout(LONGEST), self._desk(locator, subscription.key) as desk:
                await grants.require_readable(channel, locator, await desk.source())
                return await desk.make(terms, channel)
        finally:
            await self._came(subscription.key)

    async def _came(self, key: str) -> None:
        """This task wants no digest any more."""
        coming = self._coming[key]
        coming.discard(asyncio.current_task())
        if not coming:
            del self._coming[key]
            await self.tidy()

    @asynccontextmanager
    async def _desk(self, locator: Locator, key: str) -> AsyncIterator[_Desk]:
        """The desk of a repository; one that another has replaced is cleared by its last user."""
        await self.tidy()
        desk = self._desks.get(locator.address)
        if desk is None or not self._is_fresh(desk):
            desk = self._desks[locator.address] = _Desk(self._app, locator, key)
        desk.users += 1
        try:
            yield desk
        finally:
            desk.users -= 1
            if not desk.users and self._desks.get(desk.address) is not desk:
                await desk.aclose()

    def _is_done_with(self, desk: _Desk) -> bool:
        is_wanted = desk.key in self._coming or desk.key in self.awaited
        return not desk.users and not (is_wanted and self._is_fresh(desk))

    def _is_fresh(self, desk: _Desk) -> bool:
        return abs(self._app.now() - desk.since) <= FRESH


@final
class _Desk:
    """One repository, for as long as somebody needs it."""

    def __init__(self, app: Application, locator: Locator, key: str) -> None:
        self.users = 0
        self.key = key
        self.address = locator.address
        self.since = app.now()
        self._app = app
        self._locator = locator
        self._open = AsyncExitStack()
        self._source: CommitSource | None = None
        self._opening = asyncio.Lock()
        self._failure: SourceError | None = None  # the next one would wait for it as well
        self._made: dict[_Terms, Made] = {}
        self._analysing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._analysed: defaultdict[str, dict[str, Analysed]] = defaultdict(dict)

    async def source(self) -> CommitSource:
        """The repository; opened when it is asked for first."""
        async with self._opening:
            self._require_working()
            if self._source is None:
                try:
                    opened = self._app.shared_source(self._locator)
                    self._source = await self._open.enter_async_context(opened)
                except SourceError as exc:
                    self._failure = exc
                    raise
            return self._source

    async def make(self, terms: _Terms, channel: str) -> Made:
        """The digest of these terms; others of the same language wait, and find most of it done."""
        async with self._analysing[terms.language]:
            self._require_working()
            if terms in self._made:
                return self._made[terms]
            try:
                made = await self._make(terms, channel)
            except RevisionNotFound:
                raise  # of a branch that these terms name, and maybe no others
            except SourceError as exc:
                self._failure = exc
                raise
            if all(remark.code is not RemarkCode.CURSOR_LOST for remark in made.digest.remarks):
                self._made[terms] = made
            return made

    async def aclose(self) -> None:
        """Close the repository."""
        await self._open.aclose()

    def _require_working(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _make(self, terms: _Terms, channel: str) -> Made:
        app, source, now = self._app, await self.source(), self._app.now()
        news = await gather(
            source,
            terms.filters,
            dict(terms.heads),
            terms.edition.since,
            window_since=terms.window_since,
            now=now,
            most=MOST_COMMITS,
            reported=lambda: self._reported(channel),
        )
        workers = app.settings.commitcast_llm_concurrency
        request = AnalysisRequest(terms.language, Account(channel, self.address))
        reader = Reader(source, app.analyzer, request, terms.filters, workers)
        known = self._analysed[terms.language]
        shown, left_out = await reader.choose(news.found_on, lambda _done, _total: None, known)
        groups = arrange(shown)
        digest = Digest(
            repository=source.repository,
            branch=", ".join(clean_line(tip.branch) for tip in news.tips),
            span=terms.edition,
            head=max(news.tips, key=lambda tip: tip.committed_at).sha,
            language=terms.language,
            groups=with_branches(groups, news.found_on) if len(news.tips) > 1 else groups,
            generated_at=now,
            left_out=counted([*news.left_out.values(), *left_out.values()]),
            remarks=news.remarks,
        )
        digest = await app.with_overview(digest, request.account)
        page = digest_page(digest, words_for(terms.language))
        return Made(digest, page, news.heads, self.since)

    async def _reported(self, channel: str) -> set[str]:
        """The full names of the commits that scheduled digests of this repository have shown to a
        channel: what people asked for themselves is still to come."""
        found: set[str] = set()
        async with aclosing(self._app.delivered.newest(channel)) as records:
            async for record in records:
                is_scheduled = isinstance(record.span, Edition)
                if is_scheduled and record.repository == self._locator.address:
                    found.update(record.shas)
        return found
