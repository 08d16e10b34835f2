"""Delivered digests kept in Redis.

`commitcast:1:delivered:<id>` holds a digest, `commitcast:1:delivered-to:<channel>` the ids of a
channel's digests by time. Both go by themselves after `KEPT`, and the oldest of a channel beyond
`MOST` before. A digest that is still to be sent has no time to live: a full server may evict what
has one, and nobody would know which part of what has been sent.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final, cast, final

from pydantic import TypeAdapter, ValidationError

from bot.deliveries.delivery import Delivered, DeliveredDigests
from bot.stores.connection import store_errors
from bot.stores.families import Family, Owner, Shape

if TYPE_CHECKING:
    from redis.asyncio import Redis

_TAKE_REPAIRS: Final = """
local places = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, place in ipairs(places) do redis.call('ZADD', KEYS[1], ARGV[2], place) end
return places
"""

_REPAIRS: Final = "commitcast:1:repairs"
"""A sorted set of `<channel> <id>` by the instant of the next try, in seconds since 1970."""

KEPT: Final = timedelta(days=400)
"""How long a digest can be expanded: last year's is still read."""

SEARCHED: Final = 400
"""The newest digests of a channel that are looked through: about a year of one repository."""

AT_ONCE: Final = 25
"""Digests that are read together."""

MOST: Final = 1_000
"""Digests of one channel that are kept; each takes some kilobytes."""

_NEVER: Final = -1
"""What Redis says of a key without a time to live."""


@final
class RedisDeliveredDigests(DeliveredDigests):
    """Keeps each digest as compressed JSON."""

    def __init__(self, redis: Redis) -> None:
        """Keep digests on a connected server."""
        self._redis = redis
        self._take_repairs = redis.register_script(_TAKE_REPAIRS)

    async def put(self, channel: str, digest: Delivered, *, is_planned: bool = False) -> None:
        """One transaction: a digest that can be found is whole, one that cannot is gone."""
        listed = _listed(channel)
        with store_errors(self._redis):
            if not (is_planned or digest.messages):  # it may have been planned before
                is_planned = await self._redis.ttl(_key(digest.id)) == _NEVER
            kept = None if is_planned else KEPT
            # Those beyond the limit once this one is there.
            old = cast("list[bytes]", await self._redis.zrange(listed, 0, -MOST))
            old = [one for one in old if one != digest.id.encode()]
            async with self._redis.pipeline(transaction=True) as commands:
                commands.set(_key(digest.id), zlib.compress(_adapter().dump_json(digest)), ex=kept)
                commands.zadd(listed, {digest.id: digest.at.timestamp()})
                if old:
                    commands.zrem(listed, *old)
                    commands.delete(*(_key(one.decode()) for one in old))
                    commands.zrem(_REPAIRS, *(_place(channel, one.decode()) for one in old))
                commands.expire(listed, KEPT)
                place = _place(channel, digest.id)
                if digest.needs_repair:
                    commands.zadd(_REPAIRS, {place: digest.at.timestamp()}, nx=True)
                else:
                    commands.zrem(_REPAIRS, place)
                await commands.execute()

    async def take_repairs(
        self, now: datetime, until: datetime, most: int
    ) -> tuple[tuple[str, str], ...]:
        """Those that wait the longest first."""
        with store_errors(self._redis):
            found = await self._take_repairs(
                keys=[_REPAIRS], args=[now.timestamp(), until.timestamp(), most]
            )
        places = [place.decode().partition(" ") for place in cast("list[bytes]", found)]
        return tuple((channel, digest_id) for channel, _, digest_id in places)

    async def repairs_due(self, now: datetime) -> tuple[int, datetime | None]:
        """By the same times as `take_repairs`."""
        with store_errors(self._redis):
            count = await self._redis.zcount(_REPAIRS, "-inf", now.timestamp())
            first = await self._redis.zrange(_REPAIRS, 0, 0, withscores=True)
        if not (count and first):
            return 0, None
        [(_, at)] = cast("list[tuple[bytes, float]]", first)
        return count, datetime.fromtimestamp(at, UTC)

    async def repair_at(self, channel: str, digest_id: str, at: datetime | None) -> None:
        """Only if it still needs repair."""
        place = _place(channel, digest_id)
        with store_errors(self._redis):
            if at is None:
                await self._redis.zrem(_REPAIRS, place)
            else:
                await self._redis.zadd(_REPAIRS, {place: at.timestamp()}, xx=True)

    async def get(self, channel: str, digest_id: str) -> Delivered | None:
        """None also for one that a later version can no longer read."""
        with store_errors(self._redis):
            if await self._redis.zscore(_listed(channel), digest_id) is None:
                return None
        return await self.planned(digest_id)

    async def planned(self, digest_id: str) -> Delivered | None:
        """Whether it is listed or not: the list may be evicted."""
        with store_errors(self._redis):
            return _unpack(cast("bytes | None", await self._redis.get(_key(digest_id))))

    async def newest(self, channel: str) -> AsyncGenerator[Delivered]:
        """Read a few at a time, and unpacked beside the loop: a year of them takes a second."""
        start, count = 0, 1  # mostly the first one is wanted
        while start < SEARCHED:
            with store_errors(self._redis):
                ids = cast(
                    "list[bytes]",
                    await self._redis.zrevrange(_listed(channel), start, start + count - 1),
                )
                if not ids:
                    return
                values = await self._redis.mget([_key(one.decode()) for one in ids])
            for digest in await asyncio.to_thread(_unpacked, cast("list[bytes | None]", values)):
                yield digest
            start, count = start + count, AT_ONCE

    async def drop(self, channel: str, digest_id: str) -> None:
        """One transaction."""
        with store_errors(self._redis):
            async with self._redis.pipeline(transaction=True) as commands:
                commands.zrem(_listed(channel), digest_id)
                commands.delete(_key(digest_id))
                commands.zrem(_REPAIRS, _place(channel, digest_id))
                await commands.execute()

    async def move(self, before: str, after: str) -> None:
        """Those of the channel's topics move too. The new channel may have digests already."""
        for source, target in await self._topics(before, after):
            async with aclosing(self.newest(source)) as digests:
                async for digest in digests:
                    await self.put(target, replace(digest, messages=()))
                    await self.repair_at(source, digest.id, None)
            with store_errors(self._redis):
                await self._redis.delete(_listed(source))

    async def _topics(self, before: str, after: str) -> list[tuple[str, str]]:
        """The channel and its topics, each with what it has become."""
        with store_errors(self._redis):
            keys = [key async for key in self._redis.scan_iter(f"{_listed(before)}/*")]
        topics = [cast("bytes", key).decode().removeprefix(_listed(before)) for key in keys]
        return [(before + topic, after + topic) for topic in ("", *topics)]


def _key(digest_id: str) -> str:
    return f"commitcast:1:delivered:{digest_id}"


def _place(channel: str, digest_id: str) -> str:
    return f"{channel} {digest_id}"


def _listed(channel: str) -> str:
    return f"commitcast:1:delivered-to:{channel}"


def _unpack(value: bytes | None) -> Delivered | None:
    if value is None:
        return None
    try:
        return _adapter().validate_json(zlib.decompress(value))
    except (zlib.error, ValidationError):
        return None


def _unpacked(values: list[bytes | None]) -> list[Delivered]:
    return [digest for value in values if (digest := _unpack(value)) is not None]


@cache
def _adapter() -> TypeAdapter[Delivered]:
    return TypeAdapter(Delivered)


def _is_at_home(name: str, _field: str, digest: Delivered) -> bool:
    return digest.id == name


_LISTS: Final = Family("delivered-to", Shape.SORTED, Owner.NAME, is_split=True, passes=True)

FAMILIES: Final = (
    Family(
        "delivered",
        Shape.VALUE,
        _LISTS,
        is_split=True,
        adapter=_adapter,
        is_packed=True,
        passes=True,
        may_stay=True,
        fits=_is_at_home,
    ),
    _LISTS,
    Family("repairs", Shape.SORTED, Owner.FIELD),
)
