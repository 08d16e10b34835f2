"""The composition root: the one place where the parts are wired together. Tests use it too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Final

from analyzers.cached import CachedAnalyzer
from analyzers.fallback import FirstThatCan, WithRules
from analyzers.model import Analysis, Digest, Entry, Importance, Range, Repository
from analyzers.ports import (
    Account,
    AnalysisCache,
    AnalysisRequest,
    Analyzer,
    Overviewer,
    Turns,
)
from analyzers.rules import RulesAnalyzer
from bot.access import TERMINAL, AllowedChats, Grants, most_commits
from bot.analysing import Progress, analyse_commit
from bot.config import Settings, secrets_of
from bot.deliveries.delivery import DeliveredDigests
from bot.deliveries.ledger import Ledgers
from bot.digest import DigestRequest, make_digest
from bot.models import model_analyzer, model_overviewer, open_models
from bot.monitoring.logs import hiding
from bot.monitoring.metrics import MeteredAnalyzer, MeteredCache, MeteredSpending, Metrics
from bot.ports import CommitSource, Notify, ResponseCache, SubscriptionStore
from bot.prices import Prices
from bot.sources import PATIENCE, OpenSource, open_source
from bot.sources.links import Link, parse_link
from bot.sources.locators import Locator, parse_repository, web_address
from bot.stores.access import RedisAccess
from bot.stores.analyses import RedisAnalysisCache
from bot.stores.delivered import RedisDeliveredDigests
from bot.stores.events import SeenEvents
from bot.stores.ledgers import RedisLedgers
from bot.stores.migrations import open_store
from bot.stores.overviews import RedisOverviewCache
from bot.stores.profiles import RedisModelProfiles
from bot.stores.rates import RedisRates
from bot.stores.responses import RedisResponseCache
from bot.stores.spending import Caps, RedisSpending
from bot.stores.subscriptions import RedisSubscriptions
from bot.stores.turns import RedisTurns
from bot.subscriptions import ChatSettings
from bot.weekdays import DAILY

if TYPE_CHECKING:
    from analyzers.language_model import LanguageModel

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """This instant."""
    return datetime.now(UTC)


DIGEST_TIME: Final = time(9)
"""When digests are due in chats that say nothing else: at the beginning of a working day."""

CHAT_PATIENCE: Final = 30.0
"""Seconds that a chat's command waits for a forge's limits: people are told when they end."""


@dataclass(frozen=True, slots=True)
class Application:
    """The wired parts, ready to make digests and to answer commands."""

    settings: Settings
    analyzer: Analyzer
    analyses: AnalysisCache
    responses: ResponseCache
    subscriptions: SubscriptionStore
    ledgers: Ledgers
    delivered: DeliveredDigests
    events: SeenEvents
    access: RedisAccess
    rates: RedisRates
    spending: RedisSpending
    prices: Prices
    notify: Notify
    now: Clock
    overviewer: Overviewer | None = None
    metrics: Metrics = field(default_factory=Metrics)
    open_source: OpenSource = open_source

    @property
    def github_pages(self) -> str:
        """Where the pages are that are read through GitHub's API."""
        return web_address(self.settings.github_api_url)

    async def digest(
        self,
        locator: Locator,
        request: DigestRequest,
        progress: Progress,
        channel: str = TERMINAL,
        notify: Notify | None = None,
    ) -> Digest:
        """One digest of one repository, for a channel.

        Args:
            locator: the repository.
            request: what to cover.
            progress: told after each commit.
            channel, notify: as for `source`.

        Raises:
            InputError: there are more commits than asked for at most.
            SourceError: the repository cannot be read.
        """
        span = request.span
        named = span.head if isinstance(span, Range) and not request.is_own else None
        async with self.source(locator, channel, notify, named) as source:
            digest = await make_digest(
                source,
                self.analyzer,
                request,
                account=Account(channel, locator.address),
                workers=self.settings.commitcast_llm_concurrency,
                now=self.now(),
                progress=progress,
            )
        return await self.with_overview(digest, Account(channel, locator.address))

    async def with_overview(self, digest: Digest, account: Account) -> Digest:
        """The digest with what a model says of it as a whole, if there is one that does."""
        if self.overviewer is None:
            return digest
        return replace(digest, overview=await self.overviewer.overview(digest, account))

    async def analyse(self, locator: Locator, name: str, language: str) -> tuple[Repository, Entry]:
        """One commit of one repository.

        Raises:
            SourceError: the repository cannot be read, or has no such commit.
        """
        request = AnalysisRequest(language, Account(TERMINAL, locator.address), in_full=True)
        async with self.source(locator) as source:
            entry = await analyse_commit(source, self.analyzer, name, request)
            return source.repository, entry

    async def known_analysis(self, sha: str, language: str) -> Analysis | None:
        """The analysis of a commit, if it was made before."""
        return await self.analyzer.known(sha, language)

    def locate(self, repository: str, channel: str) -> Locator:
        """What a repository's name means in a channel.

        Raises:
            InputError: it is none.
        """
        return parse_repository(repository, self.github_pages, folders=channel == TERMINAL)

    def link(self, text: str, channel: str) -> Link:
        """What a commit's address or name means in a channel.

        Raises:
            InputError: it is none.
        """
        folders = channel == TERMINAL
        return parse_link(text, self.github_pages, self.settings.github_api_url, folders=folders)

    def chat_settings(self, language: str | None) -> ChatSettings:
        """What holds in a chat that has no settings of its own.

        Args:
            language: what the one person who reads it reads, where that is known.
        """
        return ChatSettings(
            at=DIGEST_TIME,
            zone=self.settings.commitcast_timezone,
            days=DAILY,
            language=language or self.settings.commitcast_language,
            minimum=Importance.LOW,
        )

    async def move(self, before: str, after: str) -> None:
        """Give what a channel has to the channel that it has become.

        Raises:
            StoreError: not all of it has moved; moving again does the rest.
        """
        await self.access.move(before, after)
        await self.ledgers.move(before, after)
        await self.subscriptions.move(before, after)
        await self.delivered.move(before, after)

    @asynccontextmanager
    async def source(
        self,
        locator: Locator,
        channel: str = TERMINAL,
        notify: Notify | None = None,
        named: str | None = None,
    ) -> AsyncIterator[CommitSource]:
        """A repository, opened for a channel.

        Args:
            locator: where it is.
            channel: who reads; by default whoever runs the process.
            notify: is told what one who waits should know; by default `self.notify`.
            named: the commit that somebody named, if it is for them to show it.

        Raises:
            RepositoryNotFound: it is not there, or this channel may not read it.
            RevisionNotFound: the commit is none of this repository's.
            StoreError: nobody knows what it may read.
        """
        grants = await self.access.grants(channel)
        grants.require_askable(channel, locator)
        patience = PATIENCE if channel == TERMINAL else CHAT_PATIENCE
        async with self._opened(
            locator, notify or self.notify, patience, most_commits(channel)
        ) as source:
            await grants.require_readable(channel, locator, source)
            if named is not None:
                await grants.require_own(channel, locator, source, named)
            yield source

    @asynccontextmanager
    async def shared_source(self, locator: Locator) -> AsyncIterator[CommitSource]:
        """A repository, opened for whoever may read it: `access` is for the caller to ask.

        Raises:
            SourceError: it cannot be reached.
        """
        async with self._opened(locator, self.notify, CHAT_PATIENCE, None) as source:
            yield source

    @asynccontextmanager
    async def _opened(
        self, locator: Locator, notify: Notify, patience: float, most: int | None
    ) -> AsyncIterator[CommitSource]:
        source = await self.open_source(
            locator,
            self.settings,
            self.responses,
            notify,
            patience=patience,
            most=most,
            metrics=self.metrics,
        )
        try:
            yield source
        finally:
            await source.aclose()


@asynccontextmanager
async def open_application(
    settings: Settings, notify: Notify, now: Clock = utc_now, metrics: Metrics | None = None
) -> AsyncIterator[Application]:
    """Wire everything and take it down again.

    Args:
        settings: what is wanted.
        notify: is told what one who waits should know.
        now: the time of day, in UTC.
        metrics: counts what is done; None counts nothing.

    Raises:
        StoreError: Redis, or the embedded server, cannot be used, or what is in it.
    """
    url = settings.redis_url.get_secret_value() if settings.redis_url else None
    async with hiding(secrets_of(settings)), open_store(url, settings.commitcast_data) as redis:
        counted = metrics or Metrics()
        # Slack shows the bot to its own workspace alone; on Telegram anybody finds it.
        chats = AllowedChats.parse(settings.commitcast_allowed_chats).opening("slack")
        analyses = MeteredCache(RedisAnalysisCache(redis), counted)
        caps = Caps(settings.commitcast_daily_tokens, settings.commitcast_daily_tokens_per_chat)
        spent = RedisSpending(redis, now, caps)
        spending = MeteredSpending(spent, counted)
        async with open_models(settings, RedisModelProfiles(redis), spending) as models:
            turns = RedisTurns(redis)
            analyzer = _analyzer(models, settings, analyses, turns, now)
            yield Application(
                settings=settings,
                analyzer=MeteredAnalyzer(analyzer, counted),
                analyses=analyses,
                responses=RedisResponseCache(redis),
                subscriptions=RedisSubscriptions(redis),
                ledgers=RedisLedgers(redis),
                delivered=RedisDeliveredDigests(redis),
                events=SeenEvents(redis),
                access=RedisAccess(redis, chats, Grants.parse(settings.commitcast_private_grants)),
                rates=RedisRates(redis),
                notify=notify,
                spending=spent,
                prices=Prices.parse(settings.commitcast_prices),
                now=now,
                metrics=counted,
                overviewer=model_overviewer(models, RedisOverviewCache(redis), turns),
            )


def _analyzer(
    models: Sequence[LanguageModel],
    settings: Settings,
    cache: AnalysisCache,
    turns: Turns,
    now: Clock,
) -> Analyzer:
    asked = [CachedAnalyzer(model_analyzer(model, settings, now), cache, turns) for model in models]
    return WithRules(FirstThatCan(asked)) if asked else RulesAnalyzer()
