"""What a bot costs that has nothing to do: its start, and its memory."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

from tests.bench.machine import load, megabytes
from tests.bench.table import line, show
from tests.bots import WITHIN, Started
from tests.repositories import Repo
from tests.servers.github import GitHubServer
from tests.servers.slack import SlackServer
from tests.servers.telegram import TelegramServer

RUNS = 5
SETTLED = 3.0
"""Seconds after which a bot has done all that it does at its start."""


async def idle(folder: Path) -> None:
    """Start a bot with both chats, several times, and leave it alone."""
    repo = Repo(folder / "quiet")
    repo.commit({"a.py": "1"}, "Add it")
    times, sizes = [], []
    async with GitHubServer(repo.path) as github:
        started = Started(folder, folder / "idle", github)
        for _ in range(RUNS + 1):  # the first one may have to compile what is imported
            seconds, size = await _start(started)
            times.append(seconds)
            sizes.append(size)
    note = f"median of {RUNS}, slowest {max(times[1:]):.2f} s; target 2 s; {load()}"
    show("bot with Slack and Telegram, from nothing to ready", statistics.median(times[1:]), note)
    note = "resident, embedded server not included; target 120 MB"
    line("the same, idle", f"{statistics.median(sizes[1:]):,.0f} MB", note)


async def _start(started: Started) -> tuple[float, float]:
    """The seconds until both chats hear a bot, and its memory in MB a little later."""
    async with SlackServer() as slack, TelegramServer() as telegram:
        start = time.perf_counter()
        async with started(slack, telegram) as bot:
            await slack.until(
                lambda: slack.link.connected and telegram.calls("getUpdates"), within=WITHIN
            )
            seconds = time.perf_counter() - start
            await asyncio.sleep(SETTLED)
            return seconds, megabytes(bot.process.pid)
