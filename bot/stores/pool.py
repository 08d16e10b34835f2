"""Connections to Redis for more work than there are connections, first come, first served.

redis-py's own blocking pool lets whoever asks at the right moment pass all who wait: where hundreds
of deliveries share some connections, a few of them get none until their patience ends.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any, final
from weakref import WeakKeyDictionary

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as NoConnection

from bot.stores.haste import unhurried


@final
class FairPool(ConnectionPool):
    """Lends each connection to whoever has waited the longest.

    Work that nobody waits for has a line of its own: it waits there however long, and never holds
    more than half of the connections.
    """

    def __init__(self, *, timeout: float, max_connections: int, **options: Any) -> None:
        """Connect to nothing yet.

        Args:
            timeout: seconds to wait for a connection.
            max_connections: how many there are.
            options: those of redis-py's pool.
        """
        super().__init__(max_connections=max_connections, **options)
        self._timeout = timeout
        self._room = asyncio.Semaphore(max_connections)
        self._line = asyncio.Semaphore(max_connections // 2)
        self._lent: WeakKeyDictionary[AbstractConnection, AsyncExitStack] = WeakKeyDictionary()

    async def get_connection(self, *args: Any, **named: Any) -> AbstractConnection:
        """Wait for a connection.

        Raises:
            redis.exceptions.ConnectionError: there is none in time, or no server.
        """
        async with AsyncExitStack() as places:
            if unhurried.get():
                await places.enter_async_context(self._line)
            try:
                async with asyncio.timeout(self._timeout):
                    await places.enter_async_context(self._room)
            except TimeoutError as exc:
                raise NoConnection("No connection available.") from exc
            connection: AbstractConnection
            connection = await super().get_connection(*args, **named)  # type: ignore[no-untyped-call]
            self._lent[connection] = places.pop_all()
            return connection

    async def release(self, connection: AbstractConnection) -> None:
        """Take a connection back; redis-py does so itself with one that could not be lent."""
        async with self._lent.pop(connection, AsyncExitStack()):
            await super().release(connection)
