"""How fast Slack lets an app call its methods, once a test switches that on.

Limits hold by method; posting has one for each channel besides. What Slack calls a short burst it
does not say.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

POSTING = "chat.postMessage"

TIERS = {
    **dict.fromkeys(("chat.update", "chat.delete", "chat.unfurl", "apps.connections.open"), 50),
    **dict.fromkeys(("conversations.info", "conversations.open"), 50),
    **dict.fromkeys(("conversations.history", "conversations.replies"), 50),
    **dict.fromkeys(("chat.postEphemeral", "users.info"), 100),
    **dict.fromkeys(("files.getUploadURLExternal", "files.completeUploadExternal"), 100),
}
"""Calls a minute that Slack grants at the least; to others it grants more than any test makes."""


@dataclass
class Bucket:
    """So many at once, and then so many a second."""

    size: float
    per_second: float
    filled_at: float
    """When it is full again."""

    def wait(self, now: float) -> float:
        """Seconds until there is one more; 0 takes it."""
        full = max(self.filled_at, now)
        pause = full - now - (self.size - 1) / self.per_second
        if pause > 1e-9:
            return pause
        self.filled_at = full + 1 / self.per_second
        return 0.0


@dataclass
class Limits:
    """The limits of one workspace."""

    per_channel: float = 1.0
    """Messages a second in one channel."""
    burst: int = 3
    """Messages at once in one channel."""
    per_minute: int = 300
    """Messages in the workspace: Slack says `several hundred`."""
    clock: Callable[[], float] = time.monotonic
    """The time in seconds."""
    refused: int = 0
    """Calls that came too fast."""
    _buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)

    def seconds_asked(self, method: str, arguments: Mapping[str, Any]) -> int:
        """How many seconds a call has to wait; 0 lets it through."""
        now, per_minute = self.clock(), TIERS.get(method)
        if method == POSTING:
            channel = self._bucket(method, str(arguments.get("channel")), self.burst)
            workspace = self._bucket(method, "", self.per_minute / 60 * 10)
            pause = channel.wait(now) or workspace.wait(now)
        elif per_minute:
            pause = self._bucket(method, "", per_minute).wait(now)
        else:
            pause = 0.0
        self.refused += pause > 0
        return math.ceil(pause)

    def _bucket(self, method: str, channel: str, size: float) -> Bucket:
        if channel:
            speed = self.per_channel
        else:
            speed = (self.per_minute if method == POSTING else TIERS[method]) / 60
        return self._buckets.setdefault((method, channel), Bucket(size, speed, self.clock()))
