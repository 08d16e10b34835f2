"""What models' servers turned out to understand, kept in Redis."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, final

from analyzers.ports import ModelProfiles
from bot.stores.cache import RedisCache

if TYPE_CHECKING:
    from redis.asyncio import Redis

TTL: Final = timedelta(days=7)
"""How long a profile is believed: servers are updated and learn."""


@final
class RedisModelProfiles(ModelProfiles):
    """Keeps each profile at `profile:<hash>`: a server's address may hold a password."""

    def __init__(self, redis: Redis, chance: Callable[[], float] = random.random) -> None:
        """Keep profiles on a connected server, for `TTL` give or take what chance says."""
        self._cache = RedisCache(redis, "profile", TTL, chance)

    async def load(self, server: str, model: str) -> str | None:
        """What was remembered, or None; also when Redis fails."""
        key = _key(server, model)
        value = await self._cache.get(key)
        if value is None:
            return None
        try:
            return value.decode()
        except UnicodeDecodeError:
            await self._cache.drop(key)
            return None

    async def save(self, server: str, model: str, profile: str) -> None:
        """Remember a profile, if Redis takes it."""
        await self._cache.put(_key(server, model), profile.encode())


def _key(server: str, model: str) -> str:
    return hashlib.sha256(json.dumps([server, model]).encode()).hexdigest()[:32]
