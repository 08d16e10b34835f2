"""Overviews of digests kept in Redis."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, final

from pydantic import TypeAdapter, ValidationError

from analyzers.ports import OverviewCache
from bot.stores.cache import RedisCache

if TYPE_CHECKING:
    from redis.asyncio import Redis

TTL: Final = timedelta(days=7)
"""How long an overview is kept: as long as people ask for the report of a digest."""

_ADAPTER: Final = TypeAdapter(tuple[str, ...])


@final
class RedisOverviewCache(OverviewCache):
    """Keeps each overview as JSON, at `overview:<key>`."""

    def __init__(self, redis: Redis, chance: Callable[[], float] = random.random) -> None:
        """Keep overviews on a connected server, for `TTL` give or take what chance says."""
        self._cache = RedisCache(redis, "overview", TTL, chance)

    async def get(self, key: str) -> tuple[str, ...] | None:
        """What was kept, or None; also when Redis fails, or it cannot be read."""
        value = await self._cache.get(key)
        if value is None:
            return None
        try:
            return _ADAPTER.validate_json(value)
        except ValidationError:
            await self._cache.drop(key)
            return None

    async def put(self, key: str, overview: tuple[str, ...]) -> None:
        """Keep an overview, if Redis takes it."""
        await self._cache.put(key, json.dumps(overview).encode())
