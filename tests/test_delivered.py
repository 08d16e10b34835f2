"""Delivered digests, on a real server."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from analyzers.errors import StoreError
from bot.deliveries.delivery import Delivered, new_id
from bot.stores.connection import open_redis
from bot.stores.delivered import KEPT, RedisDeliveredDigests
from bot.stores.embedded import embedded_server
from formatters.model import Action, Verb
from formatters.pages import digest_page
from formatters.text import words_for
from tests.digests import NOON, TUESDAY, a_busy_day

HERE, ELSEWHERE = "slack:T1/C1", "slack:T1/C2"


def a_delivery(age: int = 0, commits: int = 10) -> Delivered:
    digest = a_busy_day(commits)
    digest_id = new_id()
    return Delivered(
        id=digest_id,
        repository="acme/widget",
        branch="main",
        head="0" * 40,
        span=TUESDAY,
        zone="UTC",
        language="en",
        left_out=(),
        page=digest_page(digest, words_for("en"), digest_id),
        at=NOON - timedelta(days=age),
    )


async def newest(delivered: RedisDeliveredDigests, channel: str) -> tuple[Delivered, ...]:
    return tuple([digest async for digest in delivered.newest(channel)])


async def test_what_was_delivered_is_found_by_its_channel_alone(redis: Redis) -> None:
    """Invariant 8: an id that somebody learnt elsewhere opens nothing."""
    delivered = RedisDeliveredDigests(redis)
    digest = a_delivery()
    await delivered.put(HERE, digest)
    assert await delivered.get(HERE, digest.id) == digest
    assert await delivered.get(ELSEWHERE, digest.id) is None
    assert await newest(delivered, ELSEWHERE) == ()


async def test_the_latest_come_first_and_a_change_keeps_their_order(redis: Redis) -> None:
    delivered = RedisDeliveredDigests(redis)
    old, new = a_delivery(age=1), a_delivery()
    await delivered.put(HERE, new)
    await delivered.put(HERE, old)
    changed = replace(old, messages=("1", "2"))
    await delivered.put(HERE, changed)
    assert await newest(delivered, HERE) == (new, changed)


async def test_a_channel_that_moves_takes_its_digests_and_its_topics_along(redis: Redis) -> None:
    """Its messages have other ids then: those of before would be somebody else's."""
    delivered = RedisDeliveredDigests(redis)
    before, in_topic = replace(a_delivery(age=1), messages=("7",)), a_delivery(age=2)
    after = a_delivery()
    await delivered.put("telegram:-1", before)
    await delivered.put("telegram:-1/7", in_topic)
    await delivered.put("telegram:-2", after)
    await delivered.move("telegram:-1", "telegram:-2")
    await delivered.move("telegram:-1", "telegram:-2")
    assert await newest(delivered, "telegram:-2") == (after, replace(before, messages=()))
    assert await newest(delivered, "telegram:-2/7") == (in_topic,)
    assert await delivered.get("telegram:-1", before.id) is None


async def test_all_of_it_goes_by_itself(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.stores.delivered.MOST", 3)
    delivered = RedisDeliveredDigests(redis)
    digests = [a_delivery(age) for age in range(5, 0, -1)]
    for digest in digests:
        await delivered.put(HERE, digest)
    assert await newest(delivered, HERE) == tuple(digests[:1:-1])
    keys = await redis.keys()
    assert len(keys) == 1 + 3
    for key in keys:
        assert KEPT - timedelta(minutes=1) < timedelta(seconds=await redis.ttl(key)) <= KEPT


async def test_a_year_of_digests_is_looked_through(redis: Redis) -> None:
    delivered = RedisDeliveredDigests(redis)
    digests = [a_delivery(age, commits=1) for age in range(60)]
    for digest in digests:
        await delivered.put(HERE, digest)
    assert await newest(delivered, HERE) == tuple(digests)


async def test_what_nobody_was_shown_is_forgotten(redis: Redis) -> None:
    delivered = RedisDeliveredDigests(redis)
    digest = a_delivery()
    await delivered.put(HERE, digest)
    await delivered.drop(HERE, digest.id)
    assert await newest(delivered, HERE) == ()
    assert not await redis.exists(f"commitcast:1:delivered:{digest.id}")


async def test_a_value_that_cannot_be_read_is_none(redis: Redis) -> None:
    delivered = RedisDeliveredDigests(redis)
    digest = a_delivery()
    await delivered.put(HERE, digest)
    await redis.set(f"commitcast:1:delivered:{digest.id}", b"\x00")
    assert await delivered.get(HERE, digest.id) is None
    assert await newest(delivered, HERE) == ()


async def test_a_busy_day_takes_some_kilobytes(redis: Redis) -> None:
    delivered = RedisDeliveredDigests(redis)
    digest = a_delivery(commits=100)
    await delivered.put(HERE, digest)
    assert await redis.strlen(f"commitcast:1:delivered:{digest.id}") < 12_000


async def test_a_lost_server_is_told(tmp_path: Path) -> None:
    async with AsyncExitStack() as server:
        socket = await server.enter_async_context(embedded_server(tmp_path / "data"))
        async with open_redis(f"unix://{socket}", tmp_path) as client:
            await server.aclose()
            with pytest.raises(StoreError) as caught:
                await newest(RedisDeliveredDigests(client), HERE)
    assert caught.value.code == "error-redis-unreachable"
    assert str(socket) in str(caught.value)
    assert not str(caught.value.details["reason"]).endswith(".")  # the sentence about it goes on


def test_a_token_fits_into_what_a_button_can_carry() -> None:
    """Invariant 9."""
    for verb in Verb:
        action = Action(verb, new_id(), 999_999, 999)
        assert len(action.token.encode()) <= 64
        assert Action.parse(action.token) == action


@pytest.mark.parametrize(
    "token",
    [
        "",
        "e",
        "e.x",
        "x.abc.1.0",
        "e.abc.1.0 ",
        "e.abc.1.0\n",
        "e.abc.-1.0",
        "e.a b.1.0",
        "e.ábc.1.0",
        "e." + "a" * 25 + ".1.0",
        "e.abc.١.0",
        "e.abc.1.0.0",
        "\x00",
        "e.abc.1234567.0",
    ],
)
def test_what_is_no_token_is_none(token: str) -> None:
    assert Action.parse(token) is None
