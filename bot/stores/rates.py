"""How often somebody has done something: counted from the first time on, for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast, final

from bot.stores.connection import store_errors

if TYPE_CHECKING:
    from redis.asyncio import Redis


@final
class RedisRates:
    """Counts at `commitcast:1:rate:<what>:<who>`, for all processes together."""

    def __init__(self, redis: Redis) -> None:
        """Count on a connected server."""
        self._redis = redis

    async def take(self, what: str, who: str, most: int, within: timedelta) -> bool:
        """Count once more; whether it is one of the first `most` within that time.

        Raises:
            StoreError: nobody knows.
        """
        key = _key(what, who)
        with store_errors(self._redis):
            async with self._redis.pipeline(transaction=True) as commands:
                commands.set(key, 0, nx=True, ex=within)
                commands.incr(key)
                _, count = await commands.execute()
        return int(count) <= most

    async def has_left(self, what: str, who: str, most: int) -> bool:
        """Whether somebody has done it less often than that.

        Raises:
            StoreError: nobody knows.
        """
        with store_errors(self._redis):
            count = cast("bytes | None", await self._redis.get(_key(what, who)))
        return int(count or 0) < most


def _key(what: str, who: str) -> str:
    return f"commitcast:1:rate:{what}:{who}"
