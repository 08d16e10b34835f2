"""How fast Telegram lets a bot write, once a test switches that on.

Telegram names no exact numbers; these are those of its FAQ for bots. Edits count as messages.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.servers.telegram_chats import Chat


@dataclass(frozen=True)
class Limit:
    """So many messages in so many seconds."""

    most: int
    seconds: float


@dataclass
class Limits:
    """The limits of one bot."""

    chat: Limit = Limit(3, 3)
    """In any chat: one a second, with short bursts."""
    group: Limit = Limit(20, 60)
    """In a group or supergroup."""
    overall: Limit = Limit(30, 1)
    """In all chats together."""
    clock: Callable[[], float] = time.monotonic
    """The time in seconds."""
    refused: int = 0
    """Messages that came too fast."""
    _taken: dict[tuple[Limit, int], deque[float]] = field(
        default_factory=lambda: defaultdict(deque)
    )

    def seconds_asked(self, chat: Chat) -> int:
        """How many seconds a message to a chat has to wait; 0 lets it through."""
        now, within = self.clock(), [(self.overall, 0), (self.chat, chat.id)]
        if chat.kind in ("group", "supergroup"):
            within.append((self.group, chat.id))
        pause = max(self._pause(limit, self._taken[limit, place], now) for limit, place in within)
        if pause > 0:
            self.refused += 1
            return math.ceil(pause)
        for key in within:
            self._taken[key].append(now)
        return 0

    def _pause(self, limit: Limit, taken: deque[float], now: float) -> float:
        while taken and taken[0] <= now - limit.seconds:
            taken.popleft()
        return taken[0] + limit.seconds - now if len(taken) >= limit.most else 0.0
