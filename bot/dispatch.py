"""Finds what is due and has it delivered, many at once, none in another's way.

When each subscription is due stands in the store, where every process sees it. APScheduler wakes us
at the next of these instants; a sweep every few seconds finds what others have left behind, what is
tried again, and what came due while the clock was set.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from analyzers.errors import StoreError
from bot.courier import Courier, Timing
from bot.ledger import Ledger
from bot.schedule import due_day, next_due

if TYPE_CHECKING:
    from bot.app import Application

MOST_AT_ONCE: Final = 500
"""Deliveries under way in the process."""

MOST_OF_A_REPOSITORY: Final = 50
"""Deliveries under way of one repository: one that does not answer leaves room to the others."""

FAREWELL: Final = 7.0
"""Seconds for what is under way when the process stops."""

_log = logging.getLogger(__name__)


@final
class Dispatcher:
    """Wakes when something is due, and starts its delivery."""

    def __init__(self, app: Application, courier: Courier, timing: Timing | None = None) -> None:
        """Nothing is delivered yet."""
        self._timing = timing or Timing()
        self._app = app
        self._courier = courier
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._is_blind = False  # while the store does not answer
        self._following: datetime | None = None  # when we are woken next

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then is ended, or left to who comes next."""
        scheduler = AsyncIOScheduler(timezone=UTC)
        scheduler.start()
        expecting = asyncio.create_task(self._expect())
        try:
            while True:
                self._woken.clear()
                await self._look(scheduler)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._timing.sweep):
                        await self._woken.wait()
        finally:
            scheduler.shutdown(wait=False)
            expecting.cancel()
            await asyncio.gather(expecting, return_exceptions=True)
            await self._end()

    async def _look(self, scheduler: AsyncIOScheduler) -> None:
        """Start what is due, and be woken for what is due next."""
        now = self._app.now()
        try:
            # More than there is room for: some of it may be of repositories that have their share.
            due = await self._app.ledgers.due(now, 4 * MOST_AT_ONCE)
            following = await self._app.ledgers.next_due(now)
        except StoreError as exc:
            if not self._is_blind:
                _log.error("nobody knows what is due: %s", exc)
            self._is_blind = True
            return
        if self._is_blind:
            _log.info("what is due is known again")
        self._is_blind = False
        if following and following != self._following:
            self._following = following
            scheduler.add_job(
                self._wake,
                DateTrigger(following),
                id="next",
                replace_existing=True,
                misfire_grace_time=None,  # late is better than never
            )
        of_repository = Counter(key for _, key in self._running)
        for channel, key in due:
            if len(self._running) >= MOST_AT_ONCE:
                return
            is_full = of_repository[key] >= MOST_OF_A_REPOSITORY
            if is_full or (channel, key) in self._running or not self._courier.serves(channel):
                continue
            of_repository[key] += 1
            self._start(channel, key)

    def _start(self, channel: str, key: str) -> None:
        task = asyncio.create_task(self._serve(channel, key))
        self._running[channel, key] = task
        task.add_done_callback(lambda _: self._done(channel, key))

    async def _serve(self, channel: str, key: str) -> None:
        try:
            await self._courier.serve(channel, key)
        except StoreError as exc:
            _log.error("%s in %s: %s", key, channel, exc)
            await asyncio.sleep(
                self._timing.sweep
            )  # it is due still, and would be tried again at once

    def _done(self, channel: str, key: str) -> None:
        del self._running[channel, key]
        self._woken.set()

    async def _wake(self) -> None:
        self._woken.set()

    async def _expect(self) -> None:
        """See to it that every subscription is expected: the index is made anew from them."""
        try:
            channels = await self._app.subscriptions.channels()
        except StoreError as exc:
            _log.error("subscriptions are not known: %s", exc)
            return
        for channel in channels:
            try:
                await self._expect_channel(channel)
            except StoreError as exc:
                _log.error("%s is left out: %s", channel, exc)
        self._woken.set()

    async def _expect_channel(self, channel: str) -> None:
        now = self._app.now()
        ledgers = await self._app.ledgers.of_channel(channel)
        dues = []
        for subscription in await self._app.subscriptions.of_channel(channel):
            ledger = ledgers.get(subscription.key, Ledger())
            due = next_due(subscription, now, ledger.date)
            if ledger.outgoing or due_day(subscription, ledger.date, now):
                due = now
            if due and ledger.stopped is None:
                dues.append((subscription, due))
        await self._app.ledgers.expect(dues)

    async def _end(self) -> None:
        tasks = tuple(self._running.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=FAREWELL)
