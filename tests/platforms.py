"""Both platforms at once: the real outlets, over real sockets, on servers as strict as theirs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, final

import pytest

from bot.app import Application
from bot.chats.slack import SlackOutlet
from bot.chats.telegram import TelegramOutlet
from bot.deliveries.delivery import Delivered
from bot.deliveries.outlet import Outlet, Pace
from formatters.text import words_for
from tests.living_repository import MAIN, PEOPLE, LivingRepository
from tests.servers.slack import SlackServer
from tests.servers.slack_workspace import TEAM
from tests.servers.telegram import TelegramServer
from tests.servers.telegram_chats import Chat

MARK: Final = words_for("en")("control-may-repeat")
"""What stands beneath a message that may be there twice."""

ANSWERED_WITHIN: Final = 1.0
"""Seconds that impatient outlets wait for an answer."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A message of ours as readers see it."""

    id: str
    text: str
    versions: int
    """How often it was edited."""
    part: tuple[str, int] | None = None
    """The digest and the part of it that its metadata names, on Slack."""


@dataclass
class Platforms:
    """A Slack and a Telegram, and our outlets of them."""

    slack: SlackServer
    telegram: TelegramServer
    outlets: Mapping[str, Outlet]
    chats: dict[str, Chat] = field(default_factory=dict)
    """The chats on Telegram, by the keys of their channels."""

    def add_slack(self, count: int) -> list[str]:
        """New channels with the bot in them; their keys."""
        workspace = self.slack.workspace
        names = [f"C{len(workspace.channels) + number}00" for number in range(count)]
        for name in names:
            workspace.add_channel(name, name.lower())
        return [f"slack:{TEAM}/{name}" for name in names]

    def add_telegram(self, count: int) -> list[str]:
        """New groups with the bot in them; their keys."""
        chats = [self.telegram.chat("supergroup", ada="creator") for _ in range(count)]
        self.chats |= {f"telegram:{chat.id}": chat for chat in chats}
        return [f"telegram:{chat.id}" for chat in chats]

    def seen(self, channel: str) -> list[Seen]:
        """What readers of a channel see of us, in order."""
        if chat := self.chats.get(channel):
            return [Seen(str(m.id), m.text, len(m.versions)) for m in chat.sent]
        posted = self.slack.workspace.posted(channel.rpartition("/")[2])
        return [Seen(m.ts, "\n".join(m.texts), len(m.versions), _part(m.metadata)) for m in posted]

    def edits(self) -> int:
        """How many edits were asked for, whatever became of them."""
        telegram = self.telegram.calls("editMessageText")
        return len(self.slack.called("chat.update")) + len(telegram)

    def calls(self) -> int:
        """How many messages were to be sent, whatever became of them."""
        telegram = self.telegram.calls("sendMessage")
        return len(self.slack.called("chat.postMessage")) + len(telegram)


@asynccontextmanager
async def platforms(answered_within: float = 20.0) -> AsyncIterator[Platforms]:
    """Both, without a channel."""
    async with SlackServer() as slack, TelegramServer() as telegram, AsyncExitStack() as stack:
        outlets: list[Outlet] = [
            SlackOutlet(slack.app.bot_token, slack.api_url),
            TelegramOutlet(telegram.token, telegram.api_url, answered_within=answered_within),
        ]
        for outlet in outlets:
            stack.push_async_callback(outlet.aclose)
        yield Platforms(slack, telegram, {outlet.platform: outlet for outlet in outlets})


@pytest.fixture
def no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let messages go out as fast as they can, in digests of Slack with few lines each."""
    for platform in ("slack", "telegram"):
        monkeypatch.setattr(f"bot.chats.{platform}.outlet.PACE", Pace(1e6, 1e6))
    monkeypatch.setattr("formatters.blockkit.digest.MAX_LINES", 20)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be waited for. To be asked for before outlets are made."""
    monkeypatch.setattr("bot.chats.slack.api.ANSWERED_WITHIN", ANSWERED_WITHIN)
    for module in ("bot.chats.slack.api", "bot.chats.telegram.requests"):
        monkeypatch.setattr(f"{module}.PAUSE_UNSENT", 0.0)
        monkeypatch.setattr(f"{module}.PAUSE_UNNAMED", 0.02)


@final
class Today:
    """The time of day as it is, on a day that is moved on."""

    def __init__(self) -> None:
        """Today."""
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        """This instant."""
        return datetime.now(UTC) + self.ahead


def reading(app: Application, gates: Mapping[str, asyncio.Event]) -> Application:
    """The same, but that some repositories, by their names, do not answer until a gate opens."""
    opened = app.open_source

    async def open_source(locator: Any, *given: Any, **named: Any) -> Any:
        if gate := gates.get(locator.address):
            await gate.wait()
        return await opened(locator, *given, **named)

    return replace(app, open_source=open_source)


def land(history: LivingRepository, titles: Iterable[str], now: datetime) -> list[str]:
    """Commits of these titles land; their names, in order."""
    landed = []
    history.now = now
    for title in titles:
        history.commit_on(MAIN)
        sha = history.tips[MAIN]
        made = history.commits[sha]
        history.commits[sha] = replace(
            made, message=title, author=PEOPLE[0], committed_at=now, authored_at=now
        )
        landed.append(sha)
    return landed


def alarming(numbers: Iterable[int]) -> list[str]:
    """Titles of commits each of which is worth a long line of its own."""
    return [f"Fix a crash of part {n} where {'one name meets another, ' * 3}too" for n in numbers]


async def records(app: Application, channel: str) -> list[Delivered]:
    """What was delivered to a channel or is on its way, the oldest first."""
    async with aclosing(app.delivered.newest(channel)) as newest:
        return [record async for record in newest][::-1]


async def until(holds: Callable[[], Any], within: float = 40) -> None:
    """Wait for something to become true; what it raises is raised."""
    async with asyncio.timeout(within):
        while True:
            found = holds()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.01)


async def require_each_once(app: Application, channel: str, landed: Iterable[str]) -> None:
    """Every commit stands in one delivered digest of a channel (invariants 1 and 2)."""
    shown = [record for record in await records(app, channel) if record.messages]
    assert Counter(sha for record in shown for sha in record.shas) == Counter(landed), channel


def _part(metadata: dict[str, Any] | None) -> tuple[str, int] | None:
    if not metadata:
        return None
    payload = metadata["event_payload"]
    return payload["digest"], payload["part"]
