"""Events of platforms that were handled, so that one that is sent again is handled once."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final, final

from analyzers.errors import StoreError
from bot.stores.connection import store_errors

if TYPE_CHECKING:
    from redis.asyncio import Redis

KEPT: Final = timedelta(hours=24)
"""Slack repeats an event for some minutes, or up to a day where an app has "Delayed Events" on."""

_log = logging.getLogger(__name__)


@final
class SeenEvents:
    """Kept at `commitcast:1:event:<id>`; ids are made by adapters from what platforms send."""

    def __init__(self, redis: Redis) -> None:
        """Remember events on a connected server."""
        self._redis = redis

    async def add(self, event: str, kept: timedelta = KEPT) -> bool:
        """Remember an event for a while; whether it is new, True when Redis does not say."""
        try:
            with store_errors(self._redis):
                key = f"commitcast:1:event:{event[:200]}"
                return await self._redis.set(key, b"", nx=True, ex=kept) is not None
        except StoreError as exc:
            _log.warning("whether an event came before is not known: %s", exc)
            return True
