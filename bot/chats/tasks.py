"""Work that goes on after its event was acknowledged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, final

_log = logging.getLogger(__name__)


@final
class Tasks:
    """Tasks that nobody awaits: kept until they are done, and their exceptions logged."""

    def __init__(self) -> None:
        """Without any."""
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let it run beside the caller."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)

    async def aclose(self, grace: float = 5) -> None:
        """Give what runs so many seconds to end, then cancel it. Safe to call twice."""
        if self._running:
            await asyncio.wait(self._running, timeout=grace)
        while left := tuple(self._running):  # what runs may start more
            for task in left:
                task.cancel()
            await asyncio.wait(left)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (failure := task.exception()):
            _log.error("what followed an event failed", exc_info=failure)
