"""A store of an older version becomes one of this version, once, however many open it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from analyzers.errors import StoreError
from bot.stores import migrations
from bot.stores.migrations import LEASE, MIGRATIONS, SCHEMA, alone, bring_up_to_date

if TYPE_CHECKING:
    from redis.asyncio import Redis

PATIENT = 0.05


async def double(redis: Redis) -> None:
    """Version 2 of a fake: `one` is kept at `two`. Takes its time, and some more if done anew."""
    async with redis.pipeline(transaction=True) as commands:
        commands.incr("ran")
        await commands.execute()
    await asyncio.sleep(PATIENT)
    if await redis.exists("one"):
        await redis.rename("one", "two")


async def append(redis: Redis) -> None:
    """Version 3 of a fake."""
    await redis.append("two", "!")


async def refused(redis: Redis, *known: migrations.Migration) -> StoreError:
    with pytest.raises(StoreError) as caught:
        await bring_up_to_date(redis, known)
    return caught.value


async def test_a_new_store_has_the_latest_version(redis: Redis) -> None:
    await bring_up_to_date(redis)
    assert await redis.get(SCHEMA) == str(1 + len(MIGRATIONS)).encode()
    assert await redis.keys() == [SCHEMA.encode()]


async def test_an_older_store_is_brought_forward_step_by_step(redis: Redis) -> None:
    """One without a version is of the first."""
    await redis.set("one", "value")
    await bring_up_to_date(redis, [double])
    assert await redis.get(SCHEMA) == b"2"
    await bring_up_to_date(redis, [double, append])
    assert await redis.get(SCHEMA) == b"3"
    assert (await redis.get("two"), await redis.get("ran")) == (b"value!", b"1")


async def test_of_many_that_open_it_at_once_one_does_the_work_and_the_others_wait(
    redis: Redis,
) -> None:
    await redis.set("one", "value")

    async def open_one() -> bytes | str | None:
        await bring_up_to_date(redis, [double, append])
        return await redis.get("two")

    assert await asyncio.gather(*(open_one() for _ in range(6))) == [b"value!"] * 6
    assert await redis.get("ran") == b"1"


async def test_what_was_cut_off_is_done_again_by_the_next(redis: Redis) -> None:
    async def fail(redis: Redis) -> None:
        await redis.get("two")
        raise ConnectionError("cut off")

    await redis.set("one", "value")
    assert (await refused(redis, double, fail)).code == "error-redis-unreachable"
    assert await redis.get(SCHEMA) == b"2"
    await bring_up_to_date(redis, [double, append])
    assert (await redis.get("two"), await redis.get("ran")) == (b"value!", b"1")


async def test_who_has_died_is_not_waited_for_for_ever_and_who_works_is(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LEASE", 0.3)
    await redis.set("commitcast:schema-lock", "somebody who has died", px=100)
    done = []

    async def work(name: str) -> None:
        async with alone(redis):
            await asyncio.sleep(0.6)
            done.append(name)

    begun = asyncio.get_running_loop().time()
    await asyncio.gather(work("one"), work("other"))
    assert asyncio.get_running_loop().time() - begun > 1.2  # one after the other
    assert len(done) == 2
    assert LEASE > 10


@pytest.mark.parametrize(
    ("value", "code"), [("3", "error-store-newer"), ("three", "error-store-value")]
)
async def test_a_store_of_a_later_version_is_left_alone(
    redis: Redis, value: str, code: str
) -> None:
    await redis.set(SCHEMA, value)
    assert (await refused(redis, double)).code == code
    assert not await redis.exists("ran")
    assert await redis.get(SCHEMA) == value.encode()
