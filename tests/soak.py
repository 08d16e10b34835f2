"""A bot in use for minutes on end, with faults: `python -m tests.soak [MINUTES]`.

Commands, presses and scheduled digests on both platforms, while a tenth of all calls fails and
commits land: as many as grow older than a day, for a digest that grows would be growth. Every
minute people rest for a while, and what the process holds then is measured from outside; it ends
with 1 if the last quarter of the run holds more than the second.
"""

from __future__ import annotations

import asyncio
import random
import re
import sys
import tempfile
from contextlib import suppress
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean

import httpx
from redis.asyncio import Redis

from formatters.model import Action, Verb
from tests.bots import WITHIN, Started
from tests.repositories import Repo
from tests.servers import slack_faults, telegram_faults
from tests.servers.github import GitHubServer
from tests.servers.openai import API_KEY, MODEL, Fault, OpenAIServer
from tests.servers.slack import SlackServer
from tests.servers.telegram import TelegramServer
from tests.servers.telegram_chats import Chat
from tests.test_http_abuse import size_of

IN_USE = 40.0
"""Seconds of each minute; in the rest of it, what was asked for is answered."""
CHANNELS = 12
COMMITS = 100
"""In a day's digest: so many land in the time of the run, and as many leave the last 24 hours."""
SHARE = 0.1
"""Of the calls that fail."""
COMMANDS = (
    *("digest acme/widget 24h", "digest acme/widget 24h", "expand 1", "expand 3", "expand 9999"),
    *("report acme/widget 24h", "settings lang:zh", "settings lang:en"),
    *("subscriptions", "usage", "help"),
)
ON_SLACK = (
    *(slack_faults.rate_limited(1), slack_faults.server_error, slack_faults.server_error_after),
    *(slack_faults.drop_before, slack_faults.drop_after, slack_faults.not_json),
)
ON_TELEGRAM = (
    *(telegram_faults.too_many_requests(1), telegram_faults.internal_error),
    *(telegram_faults.bad_gateway, telegram_faults.drop, telegram_faults.drop_after),
)
ON_MODELS = (Fault.SERVER_ERROR, Fault.DROP, Fault.PROSE, Fault.CUT_OFF, Fault.RATE_LIMITED)


@dataclass(frozen=True)
class Held:
    """What a process holds at rest."""

    megabytes: float
    files: int
    tasks: int
    clients: int
    """Connections to Redis."""


ROOM = Held(megabytes=8, files=4, tasks=4, clients=2)
"""By how much the means of two quarters may differ."""


class Use:
    """People who never stop."""

    def __init__(self, slack: SlackServer, telegram: TelegramServer, repo: Repo) -> None:
        self._slack, self._telegram, self._repo = slack, telegram, repo
        self._dice = random.Random(11)
        self._commits = 0
        self.is_wanted = asyncio.Event()
        self._ada = telegram.person("Ada")
        self.chats: list[Chat] = [telegram.private(self._ada)]
        self.chats += [telegram.chat("supergroup", ada="creator") for _ in range(CHANNELS)]
        self.channels = [f"C{500 + number}" for number in range(CHANNELS)]
        for channel in self.channels:
            slack.workspace.add_channel(channel, channel.lower())
        self.asked = 0

    async def follow(self, minutes: int) -> None:
        """Every channel gets a scheduled digest at some minute of the run."""
        for number, channel in enumerate(self.channels):
            at = datetime.now(UTC) + timedelta(minutes=1 + number * minutes / CHANNELS)
            text = f"acme/widget at:{at:%H:%M} tz:UTC days:daily"
            await self._slack.command("/subscribe", text, channel=channel)

    async def go_on(self) -> None:
        """One thing after the other, as long as it is wanted."""
        while True:
            await self.is_wanted.wait()
            with suppress(TimeoutError, OSError):
                async with asyncio.timeout(5):
                    await self._something()
            self.asked += 1
            await asyncio.sleep(0.25)

    def commit(self, date: datetime) -> None:
        """One more."""
        self._commits += 1
        path = f"src/part{self._commits % 9}.py"
        content = f"step = {self._commits}\n" * 30
        self._repo.commit({path: content}, f"Change {path}, step {self._commits}", date=date)

    async def keep_landing(self, every: timedelta) -> None:
        """Commits, one after the other."""
        while True:
            await asyncio.sleep(every.total_seconds())
            await asyncio.to_thread(self.commit, datetime.now(UTC))

    async def _something(self) -> None:
        dice = self._dice
        text = dice.choice(COMMANDS)
        if dice.random() < 0.2 and (sent := self.chats[0].sent):
            digest = re.search(r"[\w-]{12}", repr(sent[-1]))
            action = Action(Verb.EXPAND, digest[0] if digest else "A" * 12, dice.randrange(1, 9))
            await self._telegram.press(sent[-1], action.token, self._ada)
        elif dice.random() < 0.5:
            channel = dice.choice(self.channels)
            await self._slack.command("/commitcast", text, channel=channel)
        else:
            await self._telegram.say(self.chats[0], self._ada, f"/{text}")


async def held(pid: int, port: int, redis: Redis) -> Held:
    """What the bot holds now."""
    resident, files = size_of(pid)
    async with httpx.AsyncClient() as client:
        told = (await client.get(f"http://127.0.0.1:{port}/metrics", timeout=30)).text
    tasks = re.findall(r"^commitcast_tasks (\S+)", told, re.MULTILINE)
    clients = (await redis.info("clients"))["connected_clients"]
    return Held(resident / 1_000_000, files, int(float(tasks[0])), int(clients))


async def rest(pid: int, port: int, redis: Redis) -> Held:
    """The least of each in the rest of a minute: a scheduled digest may be under way."""
    seen = []
    async with asyncio.timeout(60 - IN_USE):
        for _ in range(3):
            await asyncio.sleep((60 - IN_USE) / 4)
            seen.append(await held(pid, port, redis))
    return Held(*map(min, zip(*map(astuple, seen), strict=True)))


async def soak(minutes: int, folder: Path) -> list[Held]:
    """Use a bot for so long; what it held."""
    repo = Repo(folder / "widget")
    repo.commit({"README.md": "Widgets.\n"}, date=datetime.now(UTC) - timedelta(days=3))
    async with (
        GitHubServer(repo.path, limit=10**9) as github,
        SlackServer() as slack,
        TelegramServer() as telegram,
        OpenAIServer(delay=0.05) as model,
    ):
        slack.always("chat.postMessage", slack_faults.sometimes(SHARE, *ON_SLACK, seed=3))
        faults = telegram_faults.sometimes(random.Random(4), SHARE, *ON_TELEGRAM)
        telegram.inject(faults, method="sendMessage", times=10**9)
        dice = random.Random(5)
        model.faults.extend(
            dice.choice(ON_MODELS) if dice.random() < SHARE else None for _ in range(100_000)
        )
        use = Use(slack, telegram, repo)
        every = timedelta(minutes=minutes) / COMMITS
        begun = datetime.now(UTC) - timedelta(days=1)
        for number in range(COMMITS):
            use.commit(begun + every * number)
        port = int(github.api_url.rpartition(":")[2].partition("/")[0]) + 1
        more = {
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": API_KEY,
            "OPENAI_MODEL": MODEL,
            "COMMITCAST_PORT": str(port),
            "COMMITCAST_HOURLY_COMMANDS_PER_USER": "1000000",
        }
        started = Started(folder, folder / "data", github)
        async with started(slack, telegram, **more) as bot:
            await slack.until(lambda: slack.link.connected, within=WITHIN)
            await telegram.until(lambda: telegram.calls("getUpdates"), within=WITHIN)
            await use.follow(minutes)
            using = [asyncio.create_task(use.go_on()) for _ in range(2)]
            using.append(asyncio.create_task(use.keep_landing(every)))
            seen = []
            (socket,) = (folder / "data").rglob("*.sock")
            async with Redis(unix_socket_path=str(socket)) as redis:
                for _ in range(minutes):
                    use.is_wanted.set()
                    await asyncio.sleep(IN_USE)
                    use.is_wanted.clear()
                    seen.append(await rest(bot.process.pid, port, redis))
            for task in using:
                task.cancel()
            await asyncio.wait(using)
        delivered = sum(len(slack.workspace.posted(channel)) for channel in use.channels)
        faults_logged = sum("Traceback" in line for line in bot.log)
        sys.stdout.write(
            f"{use.asked} commands, {len(use.chats[0].sent)} messages on Telegram, {delivered} on "
            f"Slack, {len(model.requests)} requests to the model, {faults_logged} tracebacks\n"
        )
    return seen


def main() -> int:
    """Soak, tell, and judge."""
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory(prefix="cc") as folder:
        seen = asyncio.run(soak(minutes, Path(folder)))
    quarter = max(1, len(seen) // 4)
    second, last = seen[quarter : 2 * quarter], seen[-quarter:]
    by_minute = (f"{each.megabytes:.0f}" for each in seen)
    sys.stdout.write(f"megabytes by the minute: {' '.join(by_minute)}\n")
    status = 0
    for name, room, before, after in zip(
        Held.__dataclass_fields__,
        astuple(ROOM),
        zip(*map(astuple, second), strict=True),
        zip(*map(astuple, last), strict=True),
        strict=True,
    ):
        grown = mean(after) - mean(before)
        is_fine = grown <= room
        status |= not is_fine
        told = f"{mean(before):.1f} in the second quarter, {mean(after):.1f} in the last"
        verdict = "" if is_fine else ": IT GROWS"
        sys.stdout.write(f"{name}: {told}, at most {max(after):.1f}{verdict}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
