"""The composition root: the one place where the parts are wired together. Tests use it too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from analyzers.cached import CachedAnalyzer
from analyzers.fallback import WithRules
from analyzers.model import Digest, Entry, Repository
from analyzers.ports import Analyzer, ModelProfiles
from analyzers.rules import RulesAnalyzer
from bot.config import Settings
from bot.digest import DigestRequest, Progress, analyse_commit, make_digest
from bot.ports import CommitSource, Notify, ResponseCache
from bot.sources import open_source
from bot.sources.locators import Locator
from bot.stores.analyses import RedisAnalysisCache
from bot.stores.connection import open_redis
from bot.stores.profiles import RedisModelProfiles
from bot.stores.responses import RedisResponseCache

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """This instant."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Application:
    """The wired parts, ready to make digests."""

    settings: Settings
    analyzer: Analyzer
    responses: ResponseCache
    notify: Notify
    now: Clock

    async def digest(self, locator: Locator, request: DigestRequest, progress: Progress) -> Digest:
        """One digest of one repository.

        Raises:
            SourceError: the repository cannot be read.
        """
        async with self._source(locator) as source:
            return await make_digest(
                source,
                self.analyzer,
                request,
                workers=self.settings.commitcast_llm_concurrency,
                now=self.now(),
                progress=progress,
            )

    async def analyse(self, locator: Locator, name: str, language: str) -> tuple[Repository, Entry]:
        """One commit of one repository.

        Raises:
            SourceError: the repository cannot be read, or has no such commit.
        """
        async with self._source(locator) as source:
            entry = await analyse_commit(source, self.analyzer, name, language)
            return source.repository, entry

    @asynccontextmanager
    async def _source(self, locator: Locator) -> AsyncIterator[CommitSource]:
        source = await open_source(locator, self.settings, self.responses, self.notify)
        try:
            yield source
        finally:
            await source.aclose()


@asynccontextmanager
async def open_application(
    settings: Settings, notify: Notify, now: Clock = utc_now
) -> AsyncIterator[Application]:
    """Wire everything and take it down again.

    Raises:
        StoreError: Redis, or the embedded server, cannot be used.
    """
    url = settings.redis_url.get_secret_value() if settings.redis_url else None
    async with (
        open_redis(url, settings.commitcast_data) as redis,
        _open_analyzer(
            settings, RedisAnalysisCache(redis), RedisModelProfiles(redis), now
        ) as analyzer,
    ):
        yield Application(settings, analyzer, RedisResponseCache(redis), notify, now)


@asynccontextmanager
async def _open_analyzer(
    settings: Settings, cache: RedisAnalysisCache, profiles: ModelProfiles, now: Clock
) -> AsyncIterator[Analyzer]:
    if not settings.has_model:
        yield RulesAnalyzer()
        return
    from analyzers.llm import LanguageModelAnalyzer

    key = settings.openai_api_key
    model = LanguageModelAnalyzer(
        model=settings.openai_model,
        base_url=settings.openai_base_url,
        api_key=key.get_secret_value() if key else None,
        concurrency=settings.commitcast_llm_concurrency,
        profiles=profiles,
        now=now,
    )
    try:
        yield WithRules(CachedAnalyzer(model, cache))
    finally:
        await model.aclose()
