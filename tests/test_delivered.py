"""Delivered digests, on a real server."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from analyzers.errors import StoreError
from bot.delivery import Delivered, new_id
from bot.stores.connection import open_redis
from bot.stores.delivered import KEPT, MOST, RedisDeliveredDigests
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


async def test_what_was_delivered_is_found_by_its_channel_alone(redis: Redis) -> None:
    """Invariant 8: an id that somebody learnt elsewhere opens nothing."""
    delivered = RedisDeliveredDigests(redis)
    digest = a_delivery()
    await delivered.put(HERE, digest)
    assert await delivered.get(HERE, digest.id) == digest
    assert await delivered.get(ELSEWHERE, digest.id) is None
    assert await delivered.latest(ELSEWHERE, 10) == ()


async def test_the_latest_come_first_and_a_change_keeps_their_order(redis: Redis) -> None:
    delivered = RedisDeliveredDigests(redis)
    old, new = a_delivery(age=1), a_delivery()
    await delivered.put(HERE, new)
    await delivered.put(HERE, old)
    changed = replace(old, messages=("1", "2"))
    await delivered.put(HERE, changed)
    assert await delivered.latest(HERE, 10) == (new, changed)
    assert await delivered.latest(HERE, 1) == (new,)


async def test_a_channel_that_moves_takes_its_digests_along(redis: Redis) -> None:
    delivered = RedisDeliveredDigests(redis)
    before, after = a_delivery(age=1), a_delivery()
    await delivered.put(HERE, before)
    await delivered.put(ELSEWHERE, after)
    await delivered.move(HERE, ELSEWHERE)
    await delivered.move(HERE, ELSEWHERE)
    assert await delivered.latest(ELSEWHERE, 10) == (after, before)
    assert await delivered.get(HERE, before.id) is None


async def test_all_of_it_goes_by_itself(redis: Redis) -> None:
    delivered = RedisDeliveredDigests(redis)
    await delivered.put(HERE, a_delivery())
    for key in await redis.keys():
        assert KEPT - timedelta(minutes=1) < timedelta(seconds=await redis.ttl(key)) <= KEPT
    for age in range(3):
        await redis.zadd(f"commitcast:1:delivered-to:{HERE}", {f"old{age}": age})
    await redis.zadd(
        f"commitcast:1:delivered-to:{HERE}", {f"x{n}": NOON.timestamp() - 1 for n in range(MOST)}
    )
    await delivered.put(HERE, a_delivery())
    assert await redis.zcard(f"commitcast:1:delivered-to:{HERE}") == MOST


async def test_a_value_that_cannot_be_read_is_none(redis: Redis) -> None:
    delivered = RedisDeliveredDigests(redis)
    digest = a_delivery()
    await delivered.put(HERE, digest)
    await redis.set(f"commitcast:1:delivered:{digest.id}", b"\x00")
    assert await delivered.get(HERE, digest.id) is None
    assert await delivered.latest(HERE, 10) == ()


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
                await RedisDeliveredDigests(client).latest(HERE, 1)
    assert caught.value.code == "error-redis-unreachable"
    assert str(socket) in str(caught.value)


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
