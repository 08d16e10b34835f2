"""What chats cost: digests as messages, and how soon a command is acknowledged."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from formatters import blockkit, telegram_html
from formatters.pages import digest_page
from formatters.text import words_for
from tests.bench.table import show
from tests.bots import WITHIN, Started
from tests.digests import a_busy_day
from tests.repositories import Repo
from tests.servers.github import GitHubServer
from tests.servers.github_faults import hang
from tests.servers.slack import SlackServer

COMMANDS = 250
A_SECOND = 50
CHANNELS = 20


async def chats(folder: Path) -> None:
    """Run all."""
    for commits in (45, 100, 500):
        dialects(commits)
    await acknowledgements(folder)


def dialects(commits: int) -> None:
    words = words_for("en")
    page = digest_page(a_busy_day(commits), words, "delivered")
    for name, messages in (("Slack", blockkit.messages), ("Telegram", telegram_html.messages)):
        messages(page, words)
        start = time.perf_counter()
        made = messages(page, words)
        took = time.perf_counter() - start
        show(f"{commits} commits as messages for {name}", took, f"{len(made)} messages")


async def acknowledgements(folder: Path) -> None:
    """A bot whose GitHub never answers, and commands that come all the same."""
    repo = Repo(folder / "widget")
    repo.commit({"a.py": "1"}, "Add it")
    async with GitHubServer(repo.path) as github, SlackServer() as slack:
        github.inject(hang, times=COMMANDS * 10)
        for number in range(CHANNELS):
            slack.workspace.add_channel(f"C9{number}", f"team-{number}")
        started = Started(folder, folder / "bot", github)
        async with started(slack, COMMITCAST_HOURLY_COMMANDS_PER_USER=str(COMMANDS)):
            await slack.until(lambda: slack.link.connected, within=WITHIN)
            waiting = []
            for number in range(COMMANDS):
                channel = f"C9{number % CHANNELS}"
                command = slack.command("/digest", f"acme/widget {number + 1}h", channel=channel)
                waiting.append(asyncio.create_task(command))
                await asyncio.sleep(1 / A_SECOND)
            latencies = sorted(delivery.latency for delivery in await asyncio.gather(*waiting))
    slowest = f"slowest {latencies[-1] * 1000:,.0f} ms; GitHub hangs"
    show(f"acknowledge {A_SECOND} commands/s, median", latencies[COMMANDS // 2], slowest)
