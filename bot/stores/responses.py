"""A forge's answers kept in Redis, so that asking again costs no rate limit."""

from __future__ import annotations

import asyncio
import json
import random
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, final

from bot.ports import ResponseCache, StoredResponse
from bot.stores.cache import RedisCache

if TYPE_CHECKING:
    from redis.asyncio import Redis

TTL: Final = timedelta(days=14)
"""How long an answer is kept: beyond the digests that people still ask for again."""
MAX_BYTES: Final = 4_000_000
"""The largest answer that is kept, compressed: one huge diff is not worth a thousand commits."""


@final
class RedisResponseCache(ResponseCache):
    """Keeps each answer compressed, at `response:<key>`."""

    def __init__(self, redis: Redis, chance: Callable[[], float] = random.random) -> None:
        """Keep answers on a connected server, for `TTL` give or take what chance says."""
        self._cache = RedisCache(redis, "response", TTL, chance)

    async def get(self, key: str) -> StoredResponse | None:
        """What was kept, or None; also when Redis fails."""
        value = await self._cache.get(key)
        if value is None:
            return None
        try:
            # Megabytes take tens of milliseconds; zlib lets other threads run.
            head, _, body = (await asyncio.to_thread(zlib.decompress, value)).partition(b"\n")
            etag, link = json.loads(head)
            return StoredResponse(str(etag), str(link), body)
        except (zlib.error, ValueError, TypeError):
            await self._cache.drop(key)
            return None

    async def put(self, key: str, response: StoredResponse) -> None:
        """Keep an answer, if it is not too large and Redis takes it."""
        head = json.dumps([response.etag, response.link]).encode()
        value = await asyncio.to_thread(zlib.compress, head + b"\n" + response.body)
        if len(value) <= MAX_BYTES:
            await self._cache.put(key, value)
