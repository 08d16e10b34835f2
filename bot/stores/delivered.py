"""Delivered digests kept in Redis.

`commitcast:1:delivered:<id>` holds a digest, `commitcast:1:delivered-to:<channel>` the ids of a
channel's digests by time. Both go by themselves after `KEPT`, and the oldest of a channel beyond
`MOST` before.
"""

from __future__ import annotations

import zlib
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final, cast, final

from pydantic import TypeAdapter, ValidationError

from bot.delivery import Delivered, DeliveredDigests
from bot.stores.connection import store_errors

if TYPE_CHECKING:
    from redis.asyncio import Redis

KEPT: Final = timedelta(days=400)
"""How long a digest can be expanded: last year's is still read."""

MOST: Final = 1_000
"""Digests of one channel that are kept; each takes some kilobytes."""


@final
class RedisDeliveredDigests(DeliveredDigests):
    """Keeps each digest as compressed JSON."""

    def __init__(self, redis: Redis) -> None:
        """Keep digests on a connected server."""
        self._redis = redis

    async def put(self, channel: str, digest: Delivered) -> None:
        """One transaction: a digest that can be found is whole."""
        listed = _listed(channel)
        with store_errors(self._redis):
            async with self._redis.pipeline(transaction=True) as commands:
                commands.set(_key(digest.id), zlib.compress(_adapter().dump_json(digest)), ex=KEPT)
                commands.zadd(listed, {digest.id: digest.at.timestamp()})
                commands.zremrangebyrank(listed, 0, -MOST - 1)
                commands.expire(listed, KEPT)
                await commands.execute()

    async def get(self, channel: str, digest_id: str) -> Delivered | None:
        """None also for one that a later version can no longer read."""
        with store_errors(self._redis):
            if await self._redis.zscore(_listed(channel), digest_id) is None:
                return None
            return _unpack(cast("bytes | None", await self._redis.get(_key(digest_id))))

    async def latest(self, channel: str, count: int) -> tuple[Delivered, ...]:
        """Those that can still be read."""
        with store_errors(self._redis):
            ids = cast("list[bytes]", await self._redis.zrevrange(_listed(channel), 0, count - 1))
            keys = [_key(i.decode()) for i in ids]
            values = cast("list[bytes | None]", await self._redis.mget(keys) if keys else [])
        return tuple(filter(None, map(_unpack, values)))

    async def move(self, before: str, after: str) -> None:
        """Unites both lists: the new channel may have digests already."""
        old, new = _listed(before), _listed(after)
        with store_errors(self._redis):
            async with self._redis.pipeline(transaction=True) as commands:
                commands.zunionstore(new, [old, new])
                commands.expire(new, KEPT)
                commands.delete(old)
                await commands.execute()


def _key(digest_id: str) -> str:
    return f"commitcast:1:delivered:{digest_id}"


def _listed(channel: str) -> str:
    return f"commitcast:1:delivered-to:{channel}"


def _unpack(value: bytes | None) -> Delivered | None:
    if value is None:
        return None
    try:
        return _adapter().validate_json(zlib.decompress(value))
    except (zlib.error, ValidationError):
        return None


@cache
def _adapter() -> TypeAdapter[Delivered]:
    return TypeAdapter(Delivered)
