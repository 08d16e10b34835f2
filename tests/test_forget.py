"""`commitcast forget`: nothing of a chat is left, and all of every other."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from bot.stores.durable import belongings, remove
from bot.stores.migrations import open_store
from tests.shell import Shell
from tests.stored import (
    CHANNELS,
    GROUP,
    LONGER,
    OTHER,
    SLACK,
    TOPIC,
    fill,
    require_alike,
    stored,
)

if TYPE_CHECKING:
    from redis.asyncio import Redis

PATTERN = "slack:T1/[C]*"


async def forget(redis: Redis, channel: str) -> set[str]:
    """Forget a channel; whose data there was."""
    found = await belongings(redis, channel)
    await remove(redis, found)
    return {one.channel for one in found}


@pytest.mark.parametrize(
    ("channel", "gone"),
    [
        (SLACK, {SLACK}),
        (GROUP, {GROUP, TOPIC}),
        (TOPIC, {TOPIC}),
        (LONGER, {LONGER}),
        (PATTERN, {PATTERN}),
        ("slack:T1", {SLACK, OTHER, PATTERN}),
    ],
)
async def test_what_is_left_is_what_there_would_be_without_the_chat(
    redis: Redis, channel: str, gone: set[str]
) -> None:
    """Also of its claims; a name with stars in it is a name."""
    left = {*CHANNELS, PATTERN} - gone
    await fill(redis, *left)
    before = await stored(redis)
    await fill(redis, *gone)
    assert await forget(redis, channel) == gone
    require_alike(await stored(redis), before)
    claims = cast("list[bytes]", await redis.hkeys("commitcast:1:claims"))
    assert {claim.decode().partition(" ")[0] for claim in claims} == left
    assert await forget(redis, channel) == set()


async def test_a_chat_that_is_not_known_has_nothing(redis: Redis) -> None:
    await fill(redis, *CHANNELS)
    before = await stored(redis)
    for unknown in ("slack:T1/C", "slack", "telegram:-1/77", "", "*", "slack:T1/C1/"):
        assert await forget(redis, unknown) == set()
    require_alike(await stored(redis), before)


async def test_people_are_told_what_there_is_and_asked_before_it_is_gone(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="cc") as data:
        async with open_store(None, Path(data)) as redis:
            await fill(redis, GROUP, TOPIC)
            shell = Shell(tmp_path, Path(data), is_forked=True)
            unasked = await shell.run("forget", GROUP)
            assert (unasked.status, unasked.out) == (2, "")
            assert "--yes" in unasked.err
            for answer, keys in (("n", 17), ("y", 0)):
                said = await at_a_terminal(shell, f"{answer}\n", "forget", GROUP)
                assert f"{GROUP}, {TOPIC}: 4 subscriptions" in said
                assert "4 delivered digests" in said
                assert len(await stored(redis)) == keys
            unknown = await shell.run("forget", GROUP, "--yes")
            assert unknown.status == 2
            assert f"“{GROUP}”" in unknown.err


async def at_a_terminal(shell: Shell, typed: str, *args: str) -> str:
    """What a command says to somebody who types."""
    mine, theirs = os.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            *shell.command(),
            *args,
            cwd=shell.cwd,
            env=shell.environment(),
            stdin=theirs,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        os.write(mine, typed.encode())
        async with asyncio.timeout(60):
            out, _ = await process.communicate()
    finally:
        os.close(mine)
        os.close(theirs)
    assert process.returncode == 0, out
    return out.decode()
