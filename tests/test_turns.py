"""A commit is analysed once by all processes together (invariant 5), whoever of them dies."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.stores import connection
from bot.stores.connection import open_redis
from bot.stores.turns import RedisTurns
from tests.asking import AT_ONCE, asking
from tests.servers.openai import Fault, OpenAIServer

LEASE = 0.8


@pytest.mark.usefixtures("redis")
async def test_forty_requests_of_four_processes_cost_one_call(redis_url: str) -> None:
    assert 4 * AT_ONCE == 40
    async with (
        OpenAIServer(delay=0.3) as server,
        asking(4, redis_url, server.base_url, 15) as processes,
    ):
        answers, _ = await processes.communicate(b"....")
        told = answers.decode().splitlines()
        assert len({line for line in told if line.isdecimal()}) == 4
        assert told.count("{'Model: Add a thing'}") == 4
        assert len(server.requests) == 1


@pytest.mark.usefixtures("redis")
async def test_one_who_dies_is_waited_for_no_longer_than_its_lease(redis_url: str) -> None:
    async with (
        OpenAIServer() as server,
        asking(2, redis_url, server.base_url, LEASE) as processes,
    ):
        assert processes.stdin
        assert processes.stdout
        server.faults.append(Fault.HANG)
        processes.stdin.write(b".")
        holder = int(await processes.stdout.readline())
        await server.received(1)
        processes.stdin.write(b".")
        assert int(await processes.stdout.readline()) != holder
        await asyncio.sleep(1.5 * LEASE)
        assert len(server.requests) == 1, "one who lives keeps its turn beyond the first lease"
        os.kill(holder, signal.SIGKILL)
        async with asyncio.timeout(LEASE + 30):  # the rest is for a busy machine
            assert await processes.stdout.readline() == b"{'Model: Add a thing'}\n"
        assert len(server.requests) == 2


async def test_turns_of_other_things_are_not_waited_for(redis: Redis) -> None:
    turns = RedisTurns(redis)
    async with turns.turn("one"), asyncio.timeout(30), turns.turn("another"):
        pass


async def test_who_fails_gives_its_turn_to_the_next(redis: Redis) -> None:
    turns = RedisTurns(redis, lease=600)

    async def fail() -> None:
        async with turns.turn("one"):
            message = "it fails"
            raise ValueError(message)

    with pytest.raises(ValueError, match="it fails"):
        await fail()
    async with asyncio.timeout(30), turns.turn("one"):
        assert await redis.keys("commitcast:1:turn:*")
    assert await redis.keys("commitcast:1:turn:*") == []


async def test_who_has_lost_its_turn_takes_nobody_elses(redis: Redis) -> None:
    turns = RedisTurns(redis)
    async with turns.turn("one"):
        (name,) = await redis.keys("commitcast:1:turn:*")
        await redis.set(name, "another's")
    assert await redis.get(name) == b"another's"


async def test_one_who_lives_is_not_waited_for_without_end(redis: Redis) -> None:
    async with RedisTurns(redis).turn("one"):
        (name,) = await redis.keys("commitcast:1:turn:*")
        async with asyncio.timeout(30), RedisTurns(redis, longest_wait=0.1).turn("one"):
            pass
        assert await redis.exists(name), "who did not wait has no turn to give up"


async def test_who_is_cancelled_while_waiting_leaves_the_turn_alone(redis: Redis) -> None:
    turns = RedisTurns(redis)

    async def wait() -> None:
        async with turns.turn("one"):
            pass

    async with turns.turn("one"):
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.wait({waiting})
        assert waiting.cancelled()
        assert await redis.keys("commitcast:1:turn:*")


async def test_without_redis_nobody_waits(
    redis_url: str,
    redis: Redis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is a matter of cost; the answer does not depend on it."""
    monkeypatch.setattr(connection, "REPLY_TIMEOUT", 0.1)
    async with open_redis(redis_url, tmp_path) as client:
        turns = RedisTurns(client)
        await redis.client_pause(500)
        async with asyncio.timeout(30):
            for _ in range(60):
                async with turns.turn("one"), turns.turn("one"):
                    pass
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
