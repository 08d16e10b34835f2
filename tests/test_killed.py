"""Bots that are killed at any moment, on strict servers of both platforms: nothing is lost and
nothing comes twice (invariants 1 and 2)."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.app import Application, open_application
from bot.config import Settings
from bot.deliveries.delivery import Delivered
from formatters.text import words_for
from tests.bot_processes import Order, Processes, bot_processes
from tests.deliveries import a_subscription, subscribe
from tests.repositories import Repo
from tests.servers.slack import SlackServer
from tests.servers.slack_faults import held
from tests.servers.telegram import TelegramServer
from tests.servers.telegram_chats import Chat

KILLS = int(os.environ.get("COMMITCAST_TEST_KILLS", "100"))
PATIENCE = 0.25 * KILLS
"""Seconds that all kills may take."""
CHANNELS = 4
REPLICAS = 3
MARK = words_for("en")("control-may-repeat")


class World:
    """Two platforms, a repository that grows, and bots that come and go."""

    def __init__(
        self, folder: Path, redis_url: str, slack: SlackServer, telegram: TelegramServer
    ) -> None:
        self.slack = slack
        self.telegram = telegram
        self.repo = Repo(folder / "widget")
        self.repo.commit({"src/core.py": "0\n"}, "Begin")
        self.days = folder / "days"
        self.days.write_text("0")
        self.landed: list[str] = []
        """Every commit since the channels follow."""
        slack_channels = [f"C{100 + n}" for n in range(CHANNELS)]
        for channel in slack_channels:
            slack.workspace.add_channel(channel, channel.lower())
        self.chats = [telegram.chat("group") for _ in range(CHANNELS)]
        self.channels = [f"slack:T1/{channel}" for channel in slack_channels]
        self.channels += [f"telegram:{chat.id}" for chat in self.chats]
        self.order = Order(
            settings={
                "redis_url": redis_url,
                "commitcast_data": str(folder / "data"),
                "slack_bot_token": slack.app.bot_token,
                "slack_app_token": slack.app.app_token,
                "slack_api_url": slack.api_url,
                "telegram_bot_token": telegram.token,
                "telegram_api_url": telegram.api_url,
                "commitcast_allowed_chats": "*",
                "commitcast_private_grants": f"{self.repo.path}=slack:*/*,telegram:*",
            },
            log=str(folder / "log"),
            days=str(self.days),
            timing={"lease": 1.5, "retreat": 0.05, "sweep": 0.1, "longest_retreat": 0.5},
        )

    def open(self) -> AbstractAsyncContextManager[Application]:
        return open_application(
            Settings.model_validate(self.order.settings),
            lambda _: None,
            lambda: datetime.now(UTC) + timedelta(days=int(self.days.read_text())),
        )

    def land(self, rng: random.Random) -> None:
        """Some commits, once in a while more than fit into one message."""
        for _ in range(130 if rng.random() < 0.1 else rng.randint(1, 3)):
            n = len(self.landed)
            sha = self.repo.commit({"src/core.py": f"{n}\n"}, f"Change the core, step {n}")
            self.landed.append(sha)

    async def something_is_sent(self, within: float) -> None:
        """Wait for a request, so that most die in the middle of their work, and not for long."""

        def sent() -> int:
            return len(self.slack.called("chat.postMessage")) + len(
                self.telegram.calls("sendMessage")
            )

        before = sent()
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while sent() == before:
                    await asyncio.sleep(0.002)

    async def is_delivered(self, app: Application) -> bool:
        """Whether every channel has the digest of this day."""
        head = self.landed[-1]
        for channel in self.channels:
            ledgers = await app.ledgers.of_channel(channel)  # none if it is not followed
            if any(ledger.heads.get("main") != head for ledger in ledgers.values()):
                return False
        return True


async def kill_again_and_again(
    world: World, app: Application, processes: Processes, rng: random.Random
) -> None:
    """Let a day pass whenever all is delivered, and kill one of the replicas now and then."""
    running = [await processes.start(world.order) for _ in range(REPLICAS)]
    clock = asyncio.get_running_loop().time
    until = clock() + PATIENCE
    for killed in range(KILLS):
        if clock() > until:  # a machine that is slow, or busy, kills fewer
            assert killed > KILLS // 10, "they hardly did anything"
            break
        await world.something_is_sent(within=rng.choice([0.1, 2.0, 2.0]))
        await asyncio.sleep(rng.uniform(0, 0.03))
        victim = running.pop(rng.randrange(REPLICAS))
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        running.append(await processes.start(world.order))
        if await world.is_delivered(app):
            # Beside the loop, which is the platforms': they would answer late.
            await asyncio.to_thread(world.land, rng)
            world.days.write_text(str(int(world.days.read_text()) + 1))
    async with asyncio.timeout(120):
        while not await world.is_delivered(app):
            await asyncio.sleep(0.1)
    for one in running:
        os.kill(one, signal.SIGTERM)


def require_each_once(world: World, records: list[Delivered]) -> None:
    times = Counter(sha for record in records for sha in record.shas if sha in world.landed)
    assert dict(times) == dict.fromkeys(world.landed, 1)


async def require_each_once_on_slack(world: World, app: Application, channel: str) -> None:
    posted = world.slack.workspace.posted(channel.rpartition("/")[2])
    payloads = [message.metadata["event_payload"] for message in posted if message.metadata]
    times = Counter((payload["digest"], payload["part"]) for payload in payloads)
    assert set(times.values()) == {1}, "a message came twice"
    digests = {digest for digest, _ in times}
    records = [record async for record in app.delivered.newest(channel)]
    assert all(len(r.messages) == sum(r.id == d for d, _ in times) for r in records if r.messages)
    require_each_once(world, [record for record in records if record.id in digests])


async def require_each_once_on_telegram(
    world: World, app: Application, channel: str, chat: Chat
) -> None:
    """A message whose answer was lost may be there again, and says so."""
    texts = Counter(message.text for message in chat.sent if MARK not in message.text)
    assert set(texts.values()) <= {1}, "a message came twice, and says nothing of it"
    records = [record async for record in app.delivered.newest(channel) if record.messages]
    ids = {str(message.id) for message in chat.sent}
    assert all(set(record.messages) <= ids for record in records)
    require_each_once(world, records)


async def test_killed_at_any_moment_nothing_is_lost_and_nothing_comes_twice(
    tmp_path: Path, redis: Redis, redis_url: str
) -> None:
    rng = random.Random(7)
    async with SlackServer() as slack, TelegramServer() as telegram, bot_processes() as processes:
        world = World(tmp_path, redis_url, slack, telegram)
        async with world.open() as app:
            at = (app.now() - timedelta(minutes=5)).time().replace(second=0, microsecond=0)
            made = app.now() - timedelta(days=2)
            for channel in world.channels:
                followed = a_subscription(channel, str(world.repo.path), at=at, made_at=made)
                await subscribe(app, followed)
            world.land(rng)
            await kill_again_and_again(world, app, processes, rng)
            for channel in world.channels[:CHANNELS]:
                await require_each_once_on_slack(world, app, channel)
            for channel, chat in zip(world.channels[CHANNELS:], world.chats, strict=True):
                await require_each_once_on_telegram(world, app, channel, chat)


@pytest.mark.parametrize("is_late", [False, True])
async def test_asked_to_stop_it_ends_what_it_sends_or_leaves_it_to_the_next(
    tmp_path: Path, redis: Redis, redis_url: str, *, is_late: bool
) -> None:
    """A message that Slack takes its time for is waited for, and not for ever."""
    gate = asyncio.Event()
    async with SlackServer() as slack, TelegramServer() as telegram, bot_processes() as processes:
        world = World(tmp_path, redis_url, slack, telegram)
        channel = world.channels[0]
        async with world.open() as app:
            at = (app.now() - timedelta(minutes=5)).time().replace(second=0, microsecond=0)
            made = app.now() - timedelta(days=2)
            await subscribe(app, a_subscription(channel, str(world.repo.path), at=at, made_at=made))
            world.land(random.Random(1))
            slack.inject("chat.postMessage", held(gate))
            bot = await processes.start(world.order)
            await slack.until(lambda: slack.called("chat.postMessage"), within=30)
            os.kill(bot, signal.SIGTERM)
            if not is_late:
                await asyncio.sleep(0.5)
                gate.set()
            async with asyncio.timeout(60):  # it gives up after some seconds
                while is_running(bot):
                    await asyncio.sleep(0.02)
            gate.set()
            await processes.start(world.order)
            async with asyncio.timeout(60):
                while not await world.is_delivered(app):
                    await asyncio.sleep(0.05)
            await require_each_once_on_slack(world, app, channel)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
