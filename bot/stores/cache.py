"""Keys that may go at any time, each with a time to live. What stays for good is kept elsewhere."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar, cast, final

if TYPE_CHECKING:
    from redis.asyncio import Redis

JITTER: Final = 0.1
"""By how much of itself a time to live varies, so that what came together does not go together."""
PAUSE: Final = 30.0
"""Seconds for which a server that did not answer in time is left alone: every commit of a digest
would wait for it anew."""

_PREFIX: Final = "commitcast:1:cache"

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


@final
class RedisCache:
    """Values of one kind. A server that fails costs what it held and nothing else: nothing here
    raises for it, and the log is told once until it works again."""

    def __init__(
        self,
        redis: Redis,
        kind: str,
        ttl: timedelta,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Keep values under `commitcast:1:cache:<kind>:<key>`.

        Args:
            redis: answers in bytes.
            kind: what the values are.
            ttl: how long they are kept, give or take `JITTER`.
            chance: a number from 0 up to, not including, 1.
        """
        self._redis = redis
        self._kind = kind
        self._ttl = ttl
        self._chance = chance
        self._failing = False
        self._paused_until = 0.0

    async def get(self, key: str) -> bytes | None:
        """What was kept, or None."""
        value = await self._attempt(lambda: self._redis.get(self._name(key)))
        return cast("bytes | None", value)

    async def put(self, key: str, value: bytes) -> None:
        """Keep a value, if the server takes it."""
        ttl = self._ttl * (1 + JITTER * (2 * self._chance() - 1))
        await self._attempt(lambda: self._redis.set(self._name(key), value, px=ttl))

    async def drop(self, key: str) -> None:
        """Forget a value that cannot be read."""
        _log.warning("Dropped the unreadable value of %s", self._name(key))
        await self._attempt(lambda: self._redis.delete(self._name(key)))

    def _name(self, key: str) -> str:
        return f"{_PREFIX}:{self._kind}:{key}"

    async def _attempt(self, command: Callable[[], Awaitable[_T]]) -> _T | None:
        from redis import exceptions

        if time.monotonic() < self._paused_until:
            return None
        try:
            result = await command()
        except exceptions.RedisError as exc:
            if isinstance(exc, exceptions.TimeoutError):
                self._paused_until = time.monotonic() + PAUSE
            if not self._failing:
                self._failing = True
                _log.warning("The cache of %s is out of use: %s", self._kind, exc)
            return None
        self._failing = False
        return result
