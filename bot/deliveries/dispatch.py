"""Finds what is due and has it delivered, many at once, none in another's way.

When each subscription is due stands in the store, where every process sees it. APScheduler wakes us
at the next of these instants; a sweep every few seconds finds what others have left behind, what is
tried again, and what came due while the clock was set.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from analyzers.errors import StoreError
from bot.conversation import platform_of
from bot.deliveries.courier import Courier, Timing
from bot.deliveries.ledger import Ledger
from bot.deliveries.schedule import due_day, is_ahead, next_due
from bot.monitoring.logs import about, named
from bot.stores.haste import unhurried

if TYPE_CHECKING:
    from bot.app import Application

MOST_AT_ONCE: Final = 500
"""Deliveries under way on one platform. Where thousands are due, most of them wait for its pace,
which leaves the other platforms their own room."""

MOST_OF_A_REPOSITORY: Final = 50
"""Deliveries under way of one repository on one platform: one that does not answer leaves room to
the others."""

MOST_KNOWN: Final = 100_000
"""Subscriptions that are looked at together, the longest due first."""

BREATH: Final = 0.05
"""Seconds in which deliveries that end are counted together: to see who is next takes time where
thousands are due."""

SET_BACK: Final = timedelta(days=1)
"""How far the clock is set back at least until we ask anew when each subscription is due: what was
noted while it ran ahead may be years away."""

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
        self._waiting: dict[str, deque[tuple[str, str]]] = {}  # what is due, by platform
        self._closed: set[str] = set()  # channels whose digests are due, and that are not allowed
        self._breath: asyncio.TimerHandle | None = None
        self._woken = asyncio.Event()
        self._is_blind = False  # while the store does not answer
        self._following: datetime | None = None  # when we are woken next
        self._expecting: asyncio.Task[None] | None = None
        self._looked_at = app.now()

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then is ended, or left to who comes next."""
        scheduler = AsyncIOScheduler(timezone=UTC)
        scheduler.start()
        try:
            self._expect_anew()
            while True:
                self._woken.clear()
                await self._look(scheduler)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._timing.sweep):
                        await self._woken.wait()
        finally:
            scheduler.shutdown(wait=False)
            await self._end()

    async def _look(self, scheduler: AsyncIOScheduler) -> None:
        """Start what is due, and be woken for what is due next."""
        now = self._app.now()
        if now < self._looked_at - SET_BACK:
            _log.warning("the clock was set back to %s", now)
            self._expect_anew()
        self._looked_at = now
        try:
            due = await self._app.ledgers.due(now, MOST_KNOWN)
            following = await self._app.ledgers.next_due(now)
            allowed = await self._app.access.chats()
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
        waiting: defaultdict[str, deque[tuple[str, str]]] = defaultdict(deque)
        closed = set()
        for channel, key in due:
            if not self._courier.serves(channel):
                continue
            if allowed.admit(channel):
                waiting[platform_of(channel)].append((channel, key))
            else:
                closed.add(channel)
        for channel in closed - self._closed:
            _log.warning("%s is not allowed any more: its digests wait until it is", channel)
        self._closed = closed
        self._waiting = waiting
        self._begin()
        await self._courier.tidy()

    def _begin(self) -> None:
        """Start what there is room for."""
        under_way = Counter(platform_of(channel) for channel, _ in self._running)
        of_repository = Counter((platform_of(channel), key) for channel, key in self._running)
        for platform, waiting in self._waiting.items():
            put_off = []
            while waiting and under_way[platform] < MOST_AT_ONCE:
                channel, key = waiting.popleft()
                if (channel, key) in self._running:
                    continue
                if of_repository[platform, key] >= MOST_OF_A_REPOSITORY:
                    put_off.append((channel, key))
                    continue
                under_way[platform] += 1
                of_repository[platform, key] += 1
                self._start(channel, key)
            waiting.extendleft(reversed(put_off))
        self._courier.keep_ready({key for waiting in self._waiting.values() for _, key in waiting})

    def _start(self, channel: str, key: str) -> None:
        task = asyncio.create_task(self._serve(channel, key))
        self._running[channel, key] = task
        task.add_done_callback(lambda _: self._done(channel, key))

    async def _serve(self, channel: str, key: str) -> None:
        unhurried.set(True)
        with about(subscription=named(key, channel)):
            try:
                await self._courier.serve(channel, key)
            except StoreError as exc:
                _log.error("%s in %s: %s", key, channel, exc)
            except Exception:  # noqa: BLE001 - a fault of ours in one must not end the others
                _log.exception("%s in %s failed", key, channel)
            else:
                return
        await asyncio.sleep(self._timing.sweep)  # it is due still, and would be tried again at once

    def _done(self, channel: str, key: str) -> None:
        del self._running[channel, key]
        if self._breath is None:
            self._breath = asyncio.get_running_loop().call_later(BREATH, self._go_on)

    def _go_on(self) -> None:
        """Let others begin where some have ended; look anew once all have begun."""
        self._breath = None
        self._begin()
        if not any(self._waiting.values()):
            self._woken.set()

    async def _wake(self) -> None:
        self._woken.set()

    def _expect_anew(self) -> None:
        if self._expecting:
            self._expecting.cancel()
        self._expecting = asyncio.create_task(self._expect())

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
            is_due = ledger.outgoing or due_day(subscription, ledger.date, now)
            if is_due or is_ahead(ledger.date, now):
                due = now
            if due and ledger.stopped is None:
                dues.append((subscription, due))
        await self._app.ledgers.expect(dues)

    async def _end(self) -> None:
        self._waiting = {}  # what ends now makes room for nobody
        self._courier.keep_ready(())
        tasks = (*self._running.values(), *filter(None, [self._expecting]))
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=FAREWELL)
        await self._courier.tidy()


@asynccontextmanager
async def delivering(dispatcher: Dispatcher) -> AsyncIterator[None]:
    """Deliver as long as something else goes on."""
    running = asyncio.create_task(dispatcher.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
