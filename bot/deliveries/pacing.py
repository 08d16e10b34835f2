"""How fast messages go out that nobody waits for: within each platform's limits, by intent."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

    from bot.deliveries.outlet import Outlet

MOST_CHANNELS: Final = 20_000
"""Channels whose pace is remembered; the one that was served the longest ago is forgotten."""


@final
class Pacing:
    """Leaky buckets: one for each platform and one for each channel."""

    def __init__(self) -> None:
        """With nothing sent so far."""
        self._platforms: dict[str, AsyncLimiter] = {}
        self._channels: OrderedDict[str, AsyncLimiter] = OrderedDict()

    async def wait(self, outlet: Outlet, channel: str) -> None:
        """Wait until one more message may go to a channel."""
        from aiolimiter import AsyncLimiter

        pace = outlet.pace
        if pace.topics_share:
            channel = channel.partition("/")[0]
        if channel not in self._channels:
            self._channels[channel] = AsyncLimiter(1, 1 / pace.per_channel)
        if outlet.platform not in self._platforms:
            # One at a time, evenly: a burst uses up what commands need.
            self._platforms[outlet.platform] = AsyncLimiter(1, 1 / pace.per_second)
        self._channels.move_to_end(channel)
        await self._channels[channel].acquire()
        await self._platforms[outlet.platform].acquire()
        while len(self._channels) > MOST_CHANNELS:
            self._channels.popitem(last=False)
