"""Bots as real processes, many of them one after the other: forked from one that has everything
imported, so that each takes some hundredths of a second to start and can be killed like any other.

Run as a module it is that one: each line of its standard input is an order, and it answers with the
number of the process that carries it out.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

from bot.app import open_application
from bot.config import Settings
from bot.deliveries.courier import Timing
from formatters.text import words_for

EVERYTHING = (
    *("bot.run", "bot.chats.slack", "bot.chats.telegram", "bot.sources.git", "bot.deliveries.news"),
    *("redis.asyncio", "aiolimiter", "formatters.blockkit", "formatters.telegram_html"),
)
"""What a bot imports when it needs it first."""


@dataclass(frozen=True)
class Order:
    """What a bot is to be."""

    settings: dict[str, str]
    """As `Settings` names them."""
    log: str
    """The file that it writes its log to."""
    days: str
    """The file that says how many days its clock is ahead; it may change at any time."""
    timing: dict[str, float] = field(default_factory=dict)
    """As `Timing` names them."""


@dataclass
class Processes:
    """Starts bots."""

    _parent: Process

    async def start(self, order: Order) -> int:
        """A new bot; its process's number."""
        assert self._parent.stdin
        assert self._parent.stdout
        self._parent.stdin.write(json.dumps(asdict(order)).encode() + b"\n")
        return int(await self._parent.stdout.readline())


@asynccontextmanager
async def bot_processes() -> AsyncIterator[Processes]:
    """What starts bots; those that are left are killed at the end."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__), stdin=PIPE, stdout=PIPE, start_new_session=True
    )
    try:
        yield Processes(parent)
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        await parent.wait()


async def _serve(order: Order) -> None:
    from bot.run import run

    days = Path(order.days)

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(days=int(days.read_text() or 0))

    settings = Settings.model_validate(order.settings)
    task = asyncio.current_task()
    assert task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with open_application(settings, lambda _: None, now) as app:
        await run(app, Timing(**order.timing))


def _carry_out(order: Order) -> None:
    line = "%(asctime)s %(process)d %(levelname)s %(message)s"
    logging.basicConfig(filename=order.log, level=logging.INFO, format=line)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    try:
        asyncio.run(_serve(order))
    except (asyncio.CancelledError, KeyboardInterrupt):
        os._exit(0)
    except BaseException:
        logging.exception("the bot ended")
        os._exit(1)


def main() -> None:
    """Fork a bot for each order."""
    for name in EVERYTHING:
        import_module(name)
    for language in ("en", "zh"):
        words_for(language)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os.close(0)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # git's status is asked for
            _carry_out(Order(**json.loads(line)))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
