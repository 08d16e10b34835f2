"""Turns that processes take through Redis, so that none does what another is doing."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, final

from analyzers.errors import StoreError
from analyzers.ports import Turns
from bot.stores.connection import store_errors
from bot.stores.haste import unhurried

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.lock import Lock

LEASE: Final = 15.0
"""Seconds after which one who died is waited for no longer. Holders renew it every third of it."""

LONGEST_WAIT: Final = 300.0
"""Seconds after which one who lives is waited for no longer either: the two rounds of requests that
a large commit takes, each at the limit of one request, take less, and to ask twice costs less than
never to answer."""

PAUSE: Final = 30.0
"""Seconds without turns after Redis failed: every commit of a digest would wait for it anew."""

POLL: Final = (0.05, 0.5)
"""Seconds between two looks whether it is one's turn, at random, so that those who wait do not look
all at once: little beside the seconds of an analysis."""

_log = logging.getLogger(__name__)


@final
class RedisTurns(Turns):
    """A lock for each key, at `commitcast:1:turn:<hash of the key>`."""

    def __init__(
        self, redis: Redis, lease: float = LEASE, longest_wait: float = LONGEST_WAIT
    ) -> None:
        """Take turns through a connected server; `lease` and `longest_wait` in seconds."""
        self._redis = redis
        self._lease = lease
        self._longest_wait = longest_wait
        self._failing = False
        self._paused_until = 0.0

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for one's turn; where Redis fails there is no waiting."""
        name = f"commitcast:1:turn:{hashlib.sha256(key.encode()).hexdigest()[:32]}"
        lock = self._redis.lock(name, timeout=self._lease, blocking=False)
        try:
            if not await self._is_taken(lock):
                yield
                return
            renewal = asyncio.create_task(self._renew(lock))
            try:
                yield
            finally:
                renewal.cancel()
                await asyncio.wait({renewal})
        finally:
            with suppress(StoreError), store_errors(self._redis):
                await lock.release()  # or it runs out by itself, or was never taken

    async def _is_taken(self, lock: Lock) -> bool:
        """Whether one has the turn after waiting for it as long as it makes sense."""
        stop = time.monotonic() + self._longest_wait
        while self._paused_until <= time.monotonic() < stop:
            try:
                with store_errors(self._redis):
                    is_taken = await lock.acquire()
            except StoreError as exc:
                self._pause(exc)
                return False
            self._failing = False
            if is_taken:
                return True
            await asyncio.sleep(random.uniform(*POLL))  # noqa: S311 - nothing secret
        return False

    def _pause(self, cause: StoreError) -> None:
        self._paused_until = time.monotonic() + PAUSE
        if not self._failing:
            self._failing = True
            _log.warning("processes may ask for the same commits at once: %s", cause)

    async def _renew(self, lock: Lock) -> None:
        unhurried.set(False)  # behind all who wait for connections the lease would run out
        while True:
            await asyncio.sleep(self._lease / 3)
            with suppress(StoreError), store_errors(self._redis):
                await lock.reacquire()  # or until it runs out there are two more attempts
