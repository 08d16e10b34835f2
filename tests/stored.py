"""What tests of stored data share: a store with something of everything, and all that one has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bot.access import AllowedChats, Grants
from bot.deliveries.ledger import Ledger, Outgoing, Stopped
from bot.stores.access import RedisAccess
from bot.stores.analyses import RedisAnalysisCache
from bot.stores.connection import open_redis
from bot.stores.delivered import RedisDeliveredDigests
from bot.stores.durable import PASSING
from bot.stores.events import SeenEvents
from bot.stores.ledgers import RedisLedgers
from bot.stores.subscriptions import RedisSubscriptions
from bot.subscriptions import Defaults
from tests.deliveries import MADE, a_subscription
from tests.digests import model_analysis, sha_of
from tests.test_delivered import a_delivery

if TYPE_CHECKING:
    from redis.asyncio import Redis

SLACK, OTHER = "slack:T1/C1", "slack:T1/C2"
GROUP, TOPIC, LONGER = "telegram:-1", "telegram:-1/7", "telegram:-10"
CHANNELS = (SLACK, OTHER, GROUP, TOPIC, LONGER)


async def fill(redis: Redis, *channels: str) -> None:
    """Each channel is allowed, follows two repositories, one of them private, was delivered to, and
    is to be repaired."""
    access = RedisAccess(redis, AllowedChats(), Grants())
    ledgers, delivered = RedisLedgers(redis), RedisDeliveredDigests(redis)
    subscriptions = RedisSubscriptions(redis)
    for number, channel in enumerate(channels, start=1):
        digest = replace(a_delivery(commits=3), id=f"id-{channel.replace('/', '-')}")
        outgoing = Outgoing(digest.id, date(2026, 3, 3), {"main": sha_of(2)}, MADE, MADE, ("1",))
        stopped = Stopped("error-digest-too-long", {"n": 3, "channel": "修复"}, MADE)
        heads = {"main": sha_of(1), "gone / 走了": sha_of(3)}
        ledger = Ledger(heads, MADE, date(2026, 3, 2), outgoing)
        both = {"Acme/Widget": ledger, "/a folder": replace(ledger, stopped=stopped)}
        for repository, kept in both.items():
            subscription = a_subscription(channel, repository, made_at=MADE)
            await subscriptions.put(subscription)
            await ledgers.open(subscription, kept, MADE + timedelta(hours=number))
        await ledgers.claim(channel, "/a folder", 100)
        await subscriptions.change_defaults(channel, Defaults(at=time(8, 30), language="zh"))
        await access.allow(channel)
        await access.grant(channel, "acme/widget")
        await delivered.put(channel, replace(digest, messages=("1",), unfinished=digest.shas))
        await delivered.put(channel, replace(digest, id=f"next-{digest.id}"), is_planned=True)
    await RedisAnalysisCache(redis).put(sha_of(1), "model", model_analysis())
    await SeenEvents(redis).add("slack:Ev1")


@dataclass(frozen=True)
class Stored:
    """A key: what it holds, and when it goes, in seconds since 1970; 0 is never."""

    value: Any
    ends: float


async def stored(redis: Redis) -> dict[str, Stored]:
    """All keys that stay, or stay for a year; claims are this server's own."""
    found = {}
    async for raw in redis.scan_iter("commitcast:1:*"):
        key = cast("bytes", raw)
        name = key.decode()
        if name.split(":")[2] in (*PASSING, "claims"):
            continue
        value: Any
        match cast("bytes", await redis.type(key)):
            case b"string":
                value = await redis.get(key)
            case b"hash":
                value = await redis.hgetall(key)
            case b"set":
                value = await redis.smembers(key)
            case b"zset":
                value = await redis.zrange(key, 0, -1, withscores=True)
            case kind:
                raise AssertionError(kind)
        (seconds, microseconds), left = await redis.time(), await redis.pttl(key)
        ends = seconds + microseconds / 1e6 + left / 1e3 if left >= 0 else 0
        found[name] = Stored(value, ends)
    return found


def require_alike(one: dict[str, Stored], other: dict[str, Stored]) -> None:
    """The same keys and values, which end within a second of each other."""
    assert {key: kept.value for key, kept in one.items()} == {
        key: kept.value for key, kept in other.items()
    }
    for key, kept in one.items():
        assert abs(kept.ends - other[key].ends) < 1, key


@asynccontextmanager
async def another_store(redis_url: str) -> AsyncIterator[Redis]:
    """A second, empty store."""
    async with open_redis(f"{redis_url}?db=1", Path("/nonexistent")) as client:
        await client.flushdb()
        yield client
