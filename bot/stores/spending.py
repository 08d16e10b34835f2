"""What models cost, counted in Redis."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, final

from analyzers.ports import Account, Spending, Usage

if TYPE_CHECKING:
    from redis.asyncio import Redis


@final
class RedisSpending(Spending):
    """Counts tokens by day."""

    def __init__(self, redis: Redis, now: Callable[[], datetime]) -> None:
        """Count on a connected server; `now` is the time of day, in UTC."""
        self._redis = redis
        self._now = now

    async def reserve(self, account: Account, tokens: int) -> None:
        """Set tokens aside."""

    async def settle(self, account: Account, model: str, reserved: int, usage: Usage) -> None:
        """Count what was spent."""
