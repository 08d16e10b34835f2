"""A commit is analysed once by all processes together (invariant 5), whoever of them dies."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

import pytest
from redis.asyncio import Redis

from bot.stores.turns import RedisTurns
from tests.asking import AT_ONCE
from tests.servers.openai import Fault, OpenAIServer

LEASE = 0.6


async def start(processes: int, redis_url: str, server: OpenAIServer, lease: float) -> Process:
    """Have so many processes ask for the same commit."""
    arguments = (str(processes), redis_url, server.base_url, str(lease))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.asking", *arguments), stdout=PIPE
    )


@pytest.mark.usefixtures("redis")
async def test_forty_requests_of_four_processes_cost_one_call(redis_url: str) -> None:
    assert 4 * AT_ONCE == 40
    async with OpenAIServer(delay=0.5) as server:
        asking = await start(4, redis_url, server, 15)
        answers, _ = await asking.communicate()
        lines = answers.decode().splitlines()
        assert sorted(lines) == sorted(["asks", "{'Model: Add a thing'}"] * 4)
        assert len(server.requests) == 1


@pytest.mark.usefixtures("redis")
async def test_one_who_dies_is_waited_for_no_longer_than_its_lease(redis_url: str) -> None:
    async with OpenAIServer() as server:
        server.faults.append(Fault.HANG)
        first = await start(1, redis_url, server, LEASE)
        await server.received(1)
        second = await start(1, redis_url, server, LEASE)
        assert second.stdout
        assert await second.stdout.readline() == b"asks\n"
        await asyncio.sleep(2 * LEASE)
        assert len(server.requests) == 1, "one who lives keeps its turn beyond the first lease"
        first.kill()
        async with asyncio.timeout(20 * LEASE):  # a busy machine may take some of it
            answers, _ = await second.communicate()
        await first.communicate()
        assert answers.decode() == "{'Model: Add a thing'}\n"
        assert len(server.requests) == 2


async def test_turns_of_other_things_are_not_waited_for(redis: Redis) -> None:
    turns = RedisTurns(redis)
    async with turns.turn("one"), asyncio.timeout(5), turns.turn("another"):
        pass


async def test_who_fails_gives_its_turn_to_the_next(redis: Redis) -> None:
    turns = RedisTurns(redis)

    async def fail() -> None:
        async with turns.turn("one"):
            message = "it fails"
            raise ValueError(message)

    with pytest.raises(ValueError, match="it fails"):
        await fail()
    async with asyncio.timeout(5), turns.turn("one"):
        assert await redis.keys("commitcast:1:turn:*")
    assert await redis.keys("commitcast:1:turn:*") == []


async def test_who_has_lost_its_turn_takes_nobody_elses(redis: Redis) -> None:
    turns = RedisTurns(redis)
    async with turns.turn("one"):
        (name,) = await redis.keys("commitcast:1:turn:*")
        await redis.set(name, "another's")
    assert await redis.get(name) == b"another's"


async def test_without_redis_nobody_waits() -> None:
    """It is a matter of cost; the answer does not depend on it."""
    turns = RedisTurns(Redis(unix_socket_path="/nowhere/redis.sock"))
    async with turns.turn("one"), turns.turn("one"):
        pass
