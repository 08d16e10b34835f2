"""The version of what is stored, and how an older store becomes one of this version.

- `commitcast:schema`: the version, a number; none is the first
- `commitcast:schema-lock`: held by whoever changes all of the store
- `commitcast:importing`: how what is being put in came, until all of it is there
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from analyzers.errors import StoreError
from bot.stores.connection import open_redis, store_errors

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.lock import Lock

Migration = Callable[["Redis"], Awaitable[None]]

MIGRATIONS: Final[tuple[Migration, ...]] = ()
"""The first makes a store of version 1 one of version 2, and so on. One that was cut off is run
again from its beginning, so it takes what is done already as done."""

SCHEMA: Final = "commitcast:schema"
IMPORTING: Final = "commitcast:importing"

LEASE: Final = 30.0
"""Seconds after which the lock of a process that has died is free."""

_LOCK: Final = "commitcast:schema-lock"


@asynccontextmanager
async def open_store(redis_url: str | None, data: Path) -> AsyncIterator[Redis]:
    """A client of a store that this version understands, as `open_redis` opens it.

    Raises:
        StoreError: there is no usable server, a later version has used it, or an import into it
            has not come to its end.
    """
    async with open_redis(redis_url, data) as redis:
        await bring_up_to_date(redis)
        await _require_whole(redis)
        yield redis


async def require_usable(redis: Redis) -> None:
    """See that this version could use a store, without changing it.

    Raises:
        StoreError: it could not.
    """
    await _version(redis, 1 + len(MIGRATIONS))
    await _require_whole(redis)


async def _require_whole(redis: Redis) -> None:
    with store_errors(redis):
        if await redis.exists(IMPORTING):
            raise StoreError("error-store-importing", permanent=False)


async def bring_up_to_date(redis: Redis, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Make a store one of the latest version. Of several processes one does, and the others wait.

    Raises:
        StoreError: a later version has used it.
    """
    latest = 1 + len(migrations)
    if await _version(redis, latest) == latest:
        return
    async with alone(redis):
        version = await _version(redis, latest) or 1
        with store_errors(redis):
            await redis.set(SCHEMA, version)
            for migrate in migrations[version - 1 :]:
                await migrate(redis)
                version += 1
                await redis.set(SCHEMA, version)


@asynccontextmanager
async def alone(redis: Redis) -> AsyncIterator[None]:
    """Be the only one who changes all of the store, for as long as it takes."""
    lock = redis.lock(_LOCK, timeout=LEASE)
    with store_errors(redis):
        await lock.acquire()
    renewing = asyncio.create_task(_renew(lock))
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        with store_errors(redis):
            await lock.release()


async def _renew(lock: Lock) -> None:
    while True:
        await asyncio.sleep(LEASE / 3)
        await lock.reacquire()


async def _version(redis: Redis, latest: int) -> int | None:
    with store_errors(redis):
        value = cast("bytes | None", await redis.get(SCHEMA))
    if value is None:
        return None
    if not value.isdigit():
        raise StoreError("error-store-value", key=SCHEMA, reason="it is no number")
    if int(value) > latest:
        raise StoreError("error-store-newer", found=int(value), known=latest)
    return int(value)
