"""Subscriptions as data, and their store on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, cast

import pytest

from analyzers.errors import StoreError
from analyzers.model import Importance
from bot.stores.subscriptions import RedisSubscriptions
from bot.subscriptions import Defaults, Filters, Subscription

if TYPE_CHECKING:
    from redis.asyncio import Redis

GROUP, TOPIC, GREATER = "telegram:-1", "telegram:-1/7", "telegram:-1001"


def a_subscription(
    repository: str = "acme/widget", channel: str = GROUP, *branches: str
) -> Subscription:
    return Subscription(
        channel=channel,
        repository=repository,
        filters=Filters(branches, ("src/**", "-docs/"), ("-bots",), Importance.MEDIUM),
        at=time(9, 30),
        zone="Asia/Shanghai",
        days=(0, 1, 2, 3, 4),
        language="zh",
        made_by="U1",
        made_at=datetime(2026, 1, 6, 12, tzinfo=UTC),
    )


async def test_a_subscription_is_kept_as_it_was_made(redis: Redis) -> None:
    store = RedisSubscriptions(redis)
    kept = a_subscription()
    later = replace(a_subscription("Acme/Gadget"), made_at=datetime(2026, 1, 7, tzinfo=UTC))
    for subscription in (later, kept):
        await store.put(subscription)
    assert await store.of_channel(GROUP) == (kept, later)
    assert await store.of_channel("slack:T1/C1") == ()
    assert await store.channels() == (GROUP,)


async def test_a_repository_is_followed_once_in_whatever_case_it_is_named(redis: Redis) -> None:
    store = RedisSubscriptions(redis)
    await store.put(a_subscription("acme/widget"))
    again = a_subscription("Acme/Widget", GROUP, "main")
    await store.put(again)
    assert await store.of_channel(GROUP) == (again,)
    assert await store.remove(GROUP, "ACME/widget")
    assert not await store.remove(GROUP, "acme/widget")
    assert await store.of_channel(GROUP) == ()


async def test_what_is_kept_never_goes_by_itself(redis: Redis) -> None:
    store = RedisSubscriptions(redis)
    await store.put(a_subscription())
    await store.change_defaults(GROUP, Defaults(zone="UTC"))
    keys = sorted(await redis.keys("*"))
    assert keys == [
        b"commitcast:1:channels",
        b"commitcast:1:defaults:telegram:-1",
        b"commitcast:1:subscriptions:telegram:-1",
    ]
    assert [await redis.ttl(key) for key in keys] == [-1, -1, -1]


async def test_settings_are_changed_one_by_one(redis: Redis) -> None:
    store = RedisSubscriptions(redis)
    assert await store.defaults(GROUP) == Defaults()
    await asyncio.gather(
        store.change_defaults(GROUP, Defaults(at=time(8), days=(0, 6))),
        store.change_defaults(GROUP, Defaults(zone="UTC", language="zh")),
        store.change_defaults(GROUP, Defaults(minimum=Importance.HIGH)),
    )
    whole = Defaults(time(8), "UTC", (0, 6), "zh", Importance.HIGH)
    assert await store.defaults(GROUP) == whole
    await store.change_defaults(GROUP, Defaults(at=time(0), minimum=Importance.LOW))
    assert await store.defaults(GROUP) == replace(whole, at=time(0), minimum=Importance.LOW)
    assert await store.channels() == (GROUP,)


async def test_a_group_that_was_upgraded_keeps_all_that_it_and_its_topics_had(
    redis: Redis,
) -> None:
    store = RedisSubscriptions(redis)
    others = ("telegram:-12", "telegram:-12/7", "slack:T1/C1")
    for channel in (GROUP, TOPIC, *others):
        await store.put(a_subscription(channel=channel))
    await store.change_defaults(GROUP, Defaults(zone="UTC"))
    await store.change_defaults("telegram:-1/9", Defaults(zone="Asia/Shanghai"))
    await store.move(GROUP, GREATER)
    await store.move(GROUP, GREATER)
    for channel in (GREATER, f"{GREATER}/7", *others):
        assert await store.of_channel(channel) == (a_subscription(channel=channel),)
    assert await store.defaults(GREATER) == Defaults(zone="UTC")
    assert await store.defaults(f"{GREATER}/9") == Defaults(zone="Asia/Shanghai")
    assert await store.channels() == tuple(
        sorted([GREATER, f"{GREATER}/7", f"{GREATER}/9", *others])
    )
    assert not await redis.keys("commitcast:1:*:telegram:-1")
    assert not await redis.keys("commitcast:1:*:telegram:-1/*")


async def test_what_was_set_in_the_upgraded_group_already_stays(redis: Redis) -> None:
    store = RedisSubscriptions(redis)
    newer = a_subscription("acme/widget", GREATER, "main")
    await store.put(newer)
    await store.change_defaults(GREATER, Defaults(zone="UTC"))
    for repository in ("Acme/Widget", "acme/gadget"):
        await store.put(a_subscription(repository))
    await store.change_defaults(GROUP, Defaults(zone="Asia/Shanghai"))
    await store.move(GROUP, GREATER)
    assert set(await store.of_channel(GREATER)) == {newer, a_subscription("acme/gadget", GREATER)}
    assert await store.defaults(GREATER) == Defaults(zone="UTC")
    await store.move(GREATER, GREATER)
    assert len(await store.of_channel(GREATER)) == 2


async def test_a_subscription_that_is_made_while_its_group_moves_is_not_lost(
    redis: Redis,
) -> None:
    """Invariant 1."""
    store = RedisSubscriptions(redis)
    await store.put(a_subscription("acme/first"))
    names = [f"acme/widget{number}" for number in range(20)]
    await asyncio.gather(
        *(store.put(a_subscription(name)) for name in names[:10]),
        store.move(GROUP, GREATER),
        *(store.put(a_subscription(name)) for name in names[10:]),
    )
    kept = [s for channel in await store.channels() for s in await store.of_channel(channel)]
    assert sorted(s.repository for s in kept) == sorted(["acme/first", *names])


Reading = Callable[[RedisSubscriptions], Awaitable[object]]


@pytest.mark.parametrize(
    "reading",
    [
        lambda store: store.of_channel(GROUP),
        lambda store: store.defaults(GROUP),
        lambda store: store.change_defaults(GROUP, Defaults(zone="UTC")),
        lambda store: store.move(GROUP, GREATER),
    ],
)
@pytest.mark.parametrize("value", [b"", b"[]", b'{"zone": 1}', b"\xff"])
async def test_a_value_that_cannot_be_read_is_an_error_that_names_its_key(
    redis: Redis, reading: Reading, value: bytes
) -> None:
    """It is neither dropped nor replaced, and no other channel is kept from its own."""
    store = RedisSubscriptions(redis)
    await store.put(a_subscription(channel=TOPIC))
    await redis.sadd("commitcast:1:channels", GROUP)
    await redis.hset("commitcast:1:subscriptions:telegram:-1", "acme/widget", value)
    await redis.set("commitcast:1:defaults:telegram:-1", value)
    with pytest.raises(StoreError) as caught:
        await reading(store)
    assert caught.value.code == "error-store-value"
    assert ":telegram:-1" in str(caught.value.details["key"])
    assert await redis.hget("commitcast:1:subscriptions:telegram:-1", "acme/widget") == value
    assert await redis.get("commitcast:1:defaults:telegram:-1") == value
    assert await store.of_channel(TOPIC) == (a_subscription(channel=TOPIC),)


async def test_a_later_version_may_keep_more_of_a_subscription(redis: Redis) -> None:
    store = RedisSubscriptions(redis)
    await store.put(a_subscription())
    key = "commitcast:1:subscriptions:telegram:-1"
    value = cast("bytes", await redis.hget(key, "acme/widget"))
    await redis.hset(key, "acme/widget", value[:-1] + b',"mood":"good"}')
    assert await store.of_channel(GROUP) == (a_subscription(),)


async def test_what_the_server_refuses_is_a_store_error(redis: Redis) -> None:
    store = RedisSubscriptions(redis)
    await redis.set("commitcast:1:subscriptions:telegram:-1", "no hash")
    for attempt in (store.of_channel(GROUP), store.put(a_subscription()), store.move(GROUP, TOPIC)):
        await redis.sadd("commitcast:1:channels", GROUP)
        with pytest.raises(StoreError) as caught:
            await attempt
        assert caught.value.code == "error-redis-reply"
