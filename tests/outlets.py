"""An outlet that keeps what readers see, with every fault that a platform can have."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar, final

from analyzers.errors import ChannelMoved, ChatError, OutcomeUnknown, TokenRefused
from bot.app import utc_now
from bot.deliveries.outlet import Outlet, Pace, Posting
from formatters.model import Page
from formatters.text import Words

CLOCKS_DIFFER: Final = timedelta(hours=1)
"""How far the platform's clock may be behind ours: messages are looked for from so much earlier."""

_T = TypeVar("_T")


class Fault(StrEnum):
    """What goes wrong with one call."""

    LOST_BEFORE = "lost-before"
    """The connection ends before the platform has taken it."""
    LOST_AFTER = "lost-after"
    """The connection ends after it has."""
    BUSY = "busy"
    """A limit: come again in a while."""
    TEMPORARY = "temporary"
    """The platform is down, and says so."""
    KICKED = "kicked"
    """The channel takes no more messages."""
    MOVED = "moved"
    """The channel has become another one."""
    TOKEN = "token"
    """The token is refused."""
    HANG = "hang"
    """No answer until `MemoryOutlet.answering` is set."""


Faults = Callable[[str, str], Fault | None]
"""What goes wrong with a call, by the method's name and the channel."""


def no_faults(_method: str, _channel: str) -> Fault | None:
    """Nothing ever goes wrong."""
    return None


def scripted(*faults: Fault | None) -> Faults:
    """One for each post, in this order, and none after."""
    left = list(faults)
    return lambda method, _: left.pop(0) if method == "post" and left else None


def seeded(rng: random.Random, rates: Mapping[Fault, float]) -> Faults:
    """By chance, whatever is called."""

    def choose(_method: str, _channel: str) -> Fault | None:
        point = rng.random()
        for fault, rate in rates.items():
            if (point := point - rate) < 0:
                return fault
        return None

    return choose


@dataclass(frozen=True, slots=True)
class Shown:
    """A message that readers see."""

    id: str
    channel: str
    digest: str | None
    part: int
    shas: tuple[str, ...]
    """The commits of this part."""
    may_repeat: bool
    at: datetime
    """When it was sent, by the platform's clock."""


@final
class MemoryOutlet(Outlet):
    """Takes whatever it is given. What no outlet should ever be asked for is noted."""

    def __init__(
        self,
        platform: str = "slack",
        *,
        can_find: bool = True,
        now: Callable[[], datetime] = utc_now,
        rows: int = 1_000,
    ) -> None:
        """Without a fault.

        Args:
            platform: what the keys of its channels begin with.
            can_find: whether it can look messages up.
            now: the platform's own clock.
            rows: how many commits a message has room for.
        """
        self._platform = platform
        self._can_find = can_find
        self._now = now
        self._rows = rows
        self.faults: Faults = no_faults
        self.retry_after = 30.0
        """What it says when it is busy."""
        self.new_names: dict[str, str] = {}
        """What channels have become, which is told by `Fault.MOVED`."""
        self.answering = asyncio.Event()
        self.shown: list[Shown] = []
        self.edits: list[tuple[str, Posting]] = []
        """The ids of messages that were edited, and what they show since."""
        self.told: list[tuple[str, str, Page]] = []
        """The person, the channel and what they were told."""
        self.violations: list[str] = []
        self.calls: list[tuple[str, str]] = []
        """Every method and channel."""
        self._of_digest: defaultdict[str | None, list[Shown]] = defaultdict(list)

    @property
    def platform(self) -> str:
        return self._platform

    @property
    def pace(self) -> Pace:
        return Pace(per_second=1e6, per_channel=1e6)

    @property
    def can_find(self) -> bool:
        return self._can_find

    async def channel_key(self, typed: str) -> str:
        return typed

    def count(self, page: Page, words: Words) -> int:
        return max(1, -(-len(page.rows) // self._rows))

    async def post(self, posting: Posting) -> str:
        return await self._call("post", posting.channel, lambda: self._take(posting))

    async def find(self, posting: Posting, since: datetime) -> str | None:
        def look() -> str | None:
            wanted = posting.channel, posting.part
            same = (
                one
                for one in self._of_digest[posting.page.digest]
                if one.at >= since - CLOCKS_DIFFER
            )
            return next((one.id for one in same if (one.channel, one.part) == wanted), None)

        if not self._can_find:
            self.violations.append("find was called")
        return await self._call("find", posting.channel, look)

    async def edit(self, posting: Posting, message: str) -> None:
        def change() -> None:
            self.edits.append((message, posting))

        await self._call("edit", posting.channel, change)

    async def tell(self, person: str, channel: str, page: Page, words: Words) -> None:
        def take() -> None:
            self.told.append((person, channel, page))

        await self._call("tell", channel, take)

    async def aclose(self) -> None:
        pass

    def digests(self, channel: str) -> list[str]:
        """The ids of the digests that readers of a channel see, each once, in order."""
        return list(dict.fromkeys(one.digest or "" for one in self.shown if one.channel == channel))

    def _take(self, posting: Posting) -> str:
        page, part, channel = posting.page, posting.part, posting.channel
        mine = [one for one in self._of_digest[page.digest] if one.channel == channel]
        if page.digest and not posting.may_repeat and any(one.part == part for one in mine):
            self.violations.append(f"part {part} of {page.digest} came twice to {channel}")
        if part and posting.first not in [one.id for one in mine if one.part == 0]:
            self.violations.append(f"part {part} of {page.digest} does not follow its first")
        if part and not any(one.part == part - 1 for one in mine):
            self.violations.append(f"part {part} of {page.digest} came before the one before it")
        rows = page.rows[part * self._rows : (part + 1) * self._rows]
        shown = Shown(
            id=f"{channel}#{len(self.shown)}",
            channel=channel,
            digest=page.digest,
            part=part,
            shas=tuple(row.sha for row in rows),
            may_repeat=posting.may_repeat,
            at=self._now(),
        )
        self.shown.append(shown)
        self._of_digest[page.digest].append(shown)
        return shown.id

    async def _call(self, method: str, channel: str, apply: Callable[[], _T]) -> _T:
        """Do it, unless the fault that is due prevents it."""
        self.calls.append((method, channel))
        await asyncio.sleep(0)  # as a request does
        match self.faults(method, channel):
            case Fault.LOST_BEFORE:
                raise _lost(method)
            case Fault.LOST_AFTER:
                apply()
                raise _lost(method)
            case Fault.BUSY:
                raise _busy(self.retry_after)
            case Fault.TEMPORARY:
                raise ChatError("error-slack-outage", permanent=False, reason="test")
            case Fault.KICKED:
                raise ChatError("error-slack-closed", reason="kicked")
            case Fault.MOVED:
                raise ChannelMoved("error-telegram-chat", channel=self.new_names[channel])
            case Fault.TOKEN:
                raise TokenRefused("error-slack-token", reason="revoked")
            case Fault.HANG:
                await self.answering.wait()
        answer = apply()
        await asyncio.sleep(0)
        return answer


def _lost(method: str) -> ChatError:
    if method == "post":
        return OutcomeUnknown("error-slack-outcome", said="test")
    return ChatError("error-slack-unreachable", permanent=False, said="test")  # harmless to repeat


def _busy(seconds: float) -> ChatError:
    return ChatError(
        "error-slack-busy", permanent=False, retry_after=seconds, seconds=round(seconds)
    )
