"""Turns that processes take through Redis, so that none does what another is doing."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, final

from analyzers.ports import Turns

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.lock import Lock

LEASE: Final = 15.0
"""Seconds after which one who died is waited for no longer. Holders renew it every third of it."""

LONGEST_WAIT: Final = 300.0
"""Seconds after which one who lives is waited for no longer either: a model and its second take
less, and to ask twice costs less than never to answer."""

POLL: Final = 0.2
"""Seconds between two looks whether it is one's turn: nothing beside the seconds of an analysis."""

_log = logging.getLogger(__name__)


@final
class RedisTurns(Turns):
    """A lock for each key, at `commitcast:1:turn:<hash of the key>`."""

    def __init__(self, redis: Redis, lease: float = LEASE) -> None:
        """Take turns through a connected server; `lease` in seconds."""
        self._redis = redis
        self._lease = lease

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for one's turn; where Redis fails there is no waiting."""
        name = f"commitcast:1:turn:{hashlib.sha256(key.encode()).hexdigest()[:32]}"
        lock = self._redis.lock(
            name, timeout=self._lease, sleep=POLL, blocking_timeout=LONGEST_WAIT
        )
        if not await _taken(lock):
            yield
            return
        renewal = asyncio.create_task(self._renew(lock))
        try:
            yield
        finally:
            renewal.cancel()
            await asyncio.wait({renewal})
            await _give_up(lock)

    async def _renew(self, lock: Lock) -> None:
        from redis.exceptions import RedisError

        while True:
            await asyncio.sleep(self._lease / 3)
            with suppress(RedisError):  # until it runs out there are two more attempts
                await lock.reacquire()


async def _taken(lock: Lock) -> bool:
    from redis.exceptions import RedisError

    try:
        return bool(await lock.acquire())
    except RedisError as exc:
        _log.info("nobody is waited for: %s", exc)
        return False


async def _give_up(lock: Lock) -> None:
    from redis.exceptions import RedisError

    with suppress(RedisError):  # it runs out by itself, or another has it by now
        await lock.release()
