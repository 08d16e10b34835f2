"""The bot as a process, on the servers of a test."""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.servers.github import GitHubServer
from tests.servers.slack import SlackServer
from tests.servers.telegram import TelegramServer
from tests.shell import Shell

WITHIN = 30.0
"""Seconds for what a busy machine does in a fraction of one."""


@dataclass
class Bot:
    """A running bot and what it has logged."""

    process: Process
    log: list[str] = field(default_factory=list)

    async def logs(self, text: str) -> str:
        """Wait until a line of its log holds a text."""
        async with asyncio.timeout(WITHIN):
            while True:
                if found := next((line for line in self.log if text in line), None):
                    return found
                assert self.process.returncode is None, "".join(self.log)
                await asyncio.sleep(0.02)


class Started:
    """Starts bots on the servers of a test."""

    def __init__(
        self, folder: Path, data: Path, github: GitHubServer, *, is_forked: bool = False
    ) -> None:
        self.shell = Shell(folder, data, {"GITHUB_API_URL": github.api_url}, is_forked)

    @asynccontextmanager
    async def __call__(
        self, slack: SlackServer | None = None, telegram: TelegramServer | None = None, **more: str
    ) -> AsyncIterator[Bot]:
        settings = {"COMMITCAST_PORT": "0", "COMMITCAST_ALLOWED_CHATS": "*"} | self.shell.settings
        if slack:
            settings["SLACK_BOT_TOKEN"] = slack.app.bot_token
            settings["SLACK_APP_TOKEN"] = slack.app.app_token
            settings["SLACK_API_URL"] = slack.api_url
        if telegram:
            settings["TELEGRAM_BOT_TOKEN"] = telegram.token
            settings["TELEGRAM_API_URL"] = telegram.api_url
        bot = Bot(await replace(self.shell, settings=settings | more).start("run"))
        reading = asyncio.create_task(self._read(bot))
        try:
            yield bot
        finally:
            if bot.process.returncode is None:
                bot.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(WITHIN):
                await bot.process.wait()
                await reading

    async def _read(self, bot: Bot) -> None:
        assert bot.process.stderr
        async for line in bot.process.stderr:
            bot.log.append(line.decode())
