"""Thousands of digests due at one minute, on platforms that enforce their limits."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import open_application
from bot.config import Settings
from tests.bench.crowd import follow, next_minute
from tests.bench.machine import cpu, load, megabytes
from tests.bench.table import line, percentile, show
from tests.bots import WITHIN, Started
from tests.repositories import Repo
from tests.servers.github import GitHubServer
from tests.servers.slack import SlackServer
from tests.servers.slack_limits import Limits
from tests.servers.slack_workspace import TEAM
from tests.servers.telegram import TelegramServer

SLACK_CHANNELS = 1_000
TELEGRAM_CHATS = 2_000
REPOSITORIES = 30
NEW = 5
"""Commits of each digest."""

WANTED = 300.0
"""Seconds within which 99 % are to be there."""

LONGEST = 900.0
"""Seconds after which it is over, whatever is there."""

LOOK = 0.1
"""Seconds between two looks at what is there: how exact the times are."""


@dataclass
class Platform:
    """How its digests arrive."""

    name: str
    expected: int
    count: Callable[[], int]
    """How many are there."""
    refused: Callable[[], int]
    """How often it has answered 429."""
    times: list[float] = field(default_factory=list)
    """When each came, in seconds since they were due."""

    def look(self, elapsed: float) -> None:
        """Note what has come."""
        self.times += [elapsed] * (self.count() - len(self.times))


async def rush(folder: Path, *, repositories: int = REPOSITORIES) -> None:
    """One real bot on both platforms, and real repositories on the disk."""
    async with SlackServer() as slack, TelegramServer() as telegram:
        slack.limits, telegram.limits = Limits(), telegram.enforce_limits()
        for number in range(SLACK_CHANNELS):
            slack.workspace.add_channel(f"C{10_000 + number}", f"team-{number}")
        chats = [
            telegram.chat("group")
            if number % 2
            else telegram.private(telegram.person(f"P{number}"))
            for number in range(TELEGRAM_CHATS)
        ]
        channels = [f"slack:{TEAM}/C{10_000 + number}" for number in range(SLACK_CHANNELS)]
        channels += [f"telegram:{chat.id}" for chat in chats]
        platforms = (
            Platform(
                *("Slack", SLACK_CHANNELS),
                lambda: sum(
                    bool((call.answer or {}).get("ok")) for call in slack.called("chat.postMessage")
                ),
                lambda: slack.limits.refused if slack.limits else 0,
            ),
            Platform(
                *("Telegram", TELEGRAM_CHATS),
                lambda: sum(call.status == 200 for call in telegram.calls("sendMessage")),
                lambda: telegram.limits.refused if telegram.limits else 0,
            ),
        )
        heads = _repositories(folder / "rush", repositories)
        settings = {"COMMITCAST_PRIVATE_GRANTS": f"{folder / 'rush'}/*=slack:*/*,telegram:*"}
        async with GitHubServer(folder / "rush" / "0") as github:
            started = Started(folder, folder / "rush-data", github)
            given = {"commitcast_data": started.shell.data}
            async with open_application(Settings.model_validate(given), lambda _: None) as app:
                due = next_minute(datetime.now(UTC), timedelta(seconds=20))
                await follow(app, channels, heads, due)
                async with started(slack, telegram, **settings) as bot:
                    await slack.until(lambda: slack.link.connected, within=WITHIN)
                    await _arrive(platforms, due, bot.process.pid)
                    warnings = [said for said in bot.log if "WARNING" in said or "ERROR" in said]
    _show(platforms)
    for said in warnings[:5]:
        logging.warning("%s", said.rstrip())


def _repositories(folder: Path, count: int) -> list[tuple[str, str]]:
    """Repositories, each with the commit from which on there is something new."""
    heads = []
    for number in range(count):
        repo = Repo(folder / str(number))
        head = repo.commit({"src/core.py": "0\n"}, "Begin")
        for step in range(NEW):
            repo.commit({"src/core.py": f"{step + 1}\n"}, f"Change the core, step {step}")
        heads.append((str(repo.path), head))
    return heads


async def _arrive(platforms: tuple[Platform, ...], due: datetime, bot: int) -> None:
    """Wait until all is there."""
    away = (due - datetime.now(UTC)).total_seconds()
    start = time.monotonic() + away
    await asyncio.sleep(away)
    used = cpu(bot)
    while (elapsed := time.monotonic() - start) < LONGEST:
        for platform in platforms:
            platform.look(elapsed)
        if all(len(one.times) >= one.expected for one in platforms):
            break
        await asyncio.sleep(LOOK)
    line(
        "the bot meanwhile",
        f"{cpu(bot) - used:,.1f} s CPU",
        f"{megabytes(bot, 'VmHWM'):,.0f} MB at most; {load()}",
    )


def _show(platforms: tuple[Platform, ...]) -> None:
    expected = sum(one.expected for one in platforms)
    times = [seconds for one in platforms for seconds in one.times]
    soon = sum(seconds <= WANTED for seconds in times) / expected
    refused = sum(one.refused() for one in platforms)
    line(
        f"{expected:,} digests due at one minute: there within 5 minutes",
        f"{soon:.1%}",
        f"target 99 %; {refused} answers of 429; {len(times) - expected:+d} messages",
    )
    for one in platforms:
        show(
            f"{one.expected:,} of them on {one.name}, 99th percentile",
            percentile(one.times, 99),
            f"median {percentile(one.times, 50):,.0f} s, last {max(one.times):,.0f} s, "
            f"{one.refused()} × 429",
        )
