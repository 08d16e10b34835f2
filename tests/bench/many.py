"""Ten thousand subscriptions: what they cost at the start, and how soon each that is due is known
and begun.

Run as a module it is a bot without a platform: its outlet takes every message at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import PIPE
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.app import open_application, utc_now
from bot.config import Settings
from bot.deliveries.courier import Courier
from bot.deliveries.dispatch import Dispatcher
from bot.deliveries.ledger import Claimed
from bot.deliveries.pacing import Pacing
from bot.ports import CommitSource
from tests.bench.crowd import follow, next_minute
from tests.bench.machine import cpu, load, megabytes
from tests.bench.table import percentile, show, shown
from tests.bots import WITHIN, Started
from tests.digests import a_commit, sha_of
from tests.fakes import MemorySource
from tests.outlets import MemoryOutlet
from tests.repositories import Repo
from tests.servers.github import GitHubServer
from tests.servers.slack import SlackServer
from tests.servers.telegram import TelegramServer

SUBSCRIPTIONS = 10_000
REPOSITORIES = 200
NEW = 5
AWAY = timedelta(seconds=15)
"""How far away the minute is at least when the process starts."""


async def many(folder: Path) -> None:
    """Start on them, and let them all be due."""
    await _start(folder)
    await _due(folder)


async def _start(folder: Path) -> None:
    """A real bot with both chats, none of whose subscriptions is due today."""
    repo = Repo(folder / "widget")
    repo.commit({"a.py": "1"}, "Add it")
    data = folder / "many"
    given = {"commitcast_data": data}
    async with (
        GitHubServer(repo.path) as github,
        SlackServer() as slack,
        TelegramServer() as telegram,
        open_application(Settings.model_validate(given), lambda _: None) as app,
    ):
        due = next_minute(datetime.now(UTC), timedelta(hours=20))
        await follow(app, _channels(), [("acme/widget", sha_of(1))], due)
        start = time.perf_counter()
        async with Started(folder, data, github)(slack, telegram) as bot:
            await slack.until(
                lambda: slack.link.connected and telegram.calls("getUpdates"), within=WITHIN
            )
            ready = time.perf_counter() - start
            used = -1.0
            while cpu(bot.process.pid) - used > 0.1:  # until every subscription is expected
                used = cpu(bot.process.pid)
                await asyncio.sleep(1)
            show(
                f"bot with {SUBSCRIPTIONS:,} subscriptions, from nothing to ready",
                ready,
                f"{megabytes(bot.process.pid):,.0f} MB resident, {used:,.1f} s CPU in all until "
                f"each is expected; {load()}",
            )


async def _due(folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, folder / "due"), stdout=PIPE
    )
    told, _ = await process.communicate()
    found: dict[str, Any] = json.loads(told)
    for what, lags, target in (
        (
            f"{SUBSCRIPTIONS:,} due at one minute: until that is known",
            found["known"],
            "target 1 s; ",
        ),
        ("the same, until a delivery is begun", found["claimed"], ""),
    ):
        note = f"median {shown(percentile(lags, 50))}; {target}{load()}"
        show(f"{what}, 99th percentile", percentile(lags, 99), note)
    show(
        "the same, until the last one is delivered",
        found["took"],
        f"{found['cpu']:,.1f} s CPU, {found['peak']:,.0f} MB at most; {found['shown']:,} messages",
    )


def _channels() -> list[str]:
    slack = SUBSCRIPTIONS // 2
    return [f"slack:T1/C{n}" for n in range(slack)] + [
        f"telegram:{n + 1}" for n in range(SUBSCRIPTIONS - slack)
    ]


async def _bot(data: Path) -> None:
    """Deliver all that is due, and say what it took."""
    commits = [a_commit(number) for number in range(1, NEW + 2)]
    names = [f"acme/widget-{number}" for number in range(REPOSITORIES)]

    async def open_source(*_: Any, **__: Any) -> CommitSource:
        source = MemorySource(commits)
        source.public = True
        return source

    outlets = {name: MemoryOutlet(name) for name in ("slack", "telegram")}
    given = {"commitcast_data": data, "commitcast_allowed_chats": "*"}
    async with open_application(Settings.model_validate(given), lambda _: None) as opened:
        due = next_minute(utc_now(), AWAY)
        await follow(opened, _channels(), [(name, commits[-1].sha) for name in names], due)
        known: dict[tuple[str, str], float] = {}
        claimed: list[float] = []
        find, claim = opened.ledgers.due, opened.ledgers.claim

        async def found(now: datetime, most: int) -> tuple[tuple[str, str], ...]:
            listed = await find(now, most)
            elapsed = (utc_now() - due).total_seconds()
            for one in listed:
                known.setdefault(one, elapsed)
            return listed

        async def begun(channel: str, key: str, seconds: float) -> Claimed | None:
            claimed.append((utc_now() - due).total_seconds())
            return await claim(channel, key, seconds)

        opened.ledgers.due = found  # type: ignore[method-assign]
        opened.ledgers.claim = begun  # type: ignore[method-assign]
        app = replace(opened, open_source=open_source)
        running = asyncio.create_task(Dispatcher(app, Courier(app, outlets, Pacing())).run())
        await asyncio.sleep((due - utc_now()).total_seconds())
        used = time.process_time()
        while sum(len(outlet.shown) for outlet in outlets.values()) < SUBSCRIPTIONS:
            await asyncio.sleep(0.1)
        took = (utc_now() - due).total_seconds()
        used = time.process_time() - used
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    sys.stdout.write(
        json.dumps(
            {
                "known": [*known.values()],
                "claimed": claimed,
                "took": took,
                "cpu": used,
                "peak": megabytes(os.getpid(), "VmHWM"),
                "shown": sum(len(outlet.shown) for outlet in outlets.values()),
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(_bot(Path(sys.argv[1])))
