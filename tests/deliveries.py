"""What tests of deliveries share: subscriptions, an application over a history, and a process that
dies at a chosen call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast, final

from bot.app import Application, open_application
from bot.branches import tips_of
from bot.config import Settings
from bot.deliveries.courier import Courier, Timing
from bot.deliveries.ledger import Ledger
from bot.deliveries.outlet import Outlet
from bot.deliveries.pacing import Pacing
from bot.deliveries.schedule import next_due
from bot.ports import CommitSource
from bot.subscriptions import EVERYTHING, Filters, Subscription

if TYPE_CHECKING:
    from redis.asyncio import Redis

CLAIMS: Final = "commitcast:1:claims"

MADE = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""A Monday, when subscriptions are made unless told otherwise."""

DAILY = tuple(range(7))


def a_subscription(
    channel: str = "slack:T1/C1",
    repository: str = "acme/widget",
    *,
    at: time = time(9),
    zone: str = "UTC",
    days: tuple[int, ...] = DAILY,
    filters: Filters = EVERYTHING,
    made_at: datetime = MADE,
    tells_quiet_days: bool = False,
) -> Subscription:
    """A subscription of every commit, each day at nine."""
    return Subscription(
        channel,
        repository,
        filters,
        at,
        zone,
        days,
        "en",
        "U1",
        made_at,
        tells_quiet_days=tells_quiet_days,
    )


@final
class Clock:
    """A clock that goes when it is told to."""

    def __init__(self, now: datetime = MADE) -> None:
        """At an instant."""
        self.now = now

    def __call__(self) -> datetime:
        """This instant."""
        return self.now

    def advance(self, **distance: float) -> None:
        """Go on by some hours, days ..."""
        self.now += timedelta(**distance)


@asynccontextmanager
async def opened(
    redis_url: str,
    data: Path,
    sources: Mapping[str, CommitSource],
    now: Callable[[], datetime],
) -> AsyncIterator[Application]:
    """An application that reads these repositories, by their names; there are no others."""

    async def open_source(locator: Any, *_: Any, **__: Any) -> CommitSource:
        return sources[locator.address]

    given = {"redis_url": redis_url, "commitcast_data": data, "commitcast_allowed_chats": "*"}
    async with open_application(Settings.model_validate(given), lambda _: None, now) as app:
        yield replace(app, open_source=open_source)


def a_courier(app: Application, *outlets: Outlet, timing: Timing | None = None) -> Courier:
    """Delivers by these outlets."""
    return Courier(app, {outlet.platform: outlet for outlet in outlets}, Pacing(), timing)


async def subscribe(app: Application, subscription: Subscription) -> None:
    """Keep a subscription as `/subscribe` does: its digests begin where its branches are now."""
    locator = app.locate(subscription.repository, subscription.channel)
    async with app.shared_source(locator) as source:
        tips = await tips_of(source, subscription.filters.branches)
    await app.subscriptions.put(subscription)
    before = (await app.ledgers.of_channel(subscription.channel)).get(subscription.key, Ledger())
    ledger = Ledger(heads={tip.branch: tip.sha for tip in tips}, since=app.now())
    due = next_due(subscription, app.now(), before.date)
    await app.ledgers.open(subscription, ledger, due)


class Killed(BaseException):
    """The process is gone: nothing catches it."""


Deed = Callable[[], Awaitable[None]]


@final
class Interference:
    """Does something at the n-th call of a process's ports, and counts them."""

    def __init__(
        self, at: int, deed: Deed, *, after: bool = False, spared: Sequence[str] = ()
    ) -> None:
        """Wait for a call.

        Args:
            at: which, from 1.
            deed: what happens then; what it raises, the call raises.
            after: whether the call has had its effect by then.
            spared: the names of calls at which it does not happen.
        """
        self._at = at
        self._deed = deed
        self._after = after
        self._spared = spared
        self.calls: list[str] = []
        """The names of all calls."""
        self.has_acted = False
        """Whether it has done it."""

    @property
    def has_happened(self) -> bool:
        """Whether there were as many calls, spared ones among them."""
        return len(self.calls) >= self._at

    def of(self, port: Any) -> Any:
        """The same port, whose calls are counted. Claims are kept as before: by the clock."""
        return _Watched(port, self.call)

    async def call(self, name: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Make a call."""
        self.calls.append(name)
        if len(self.calls) != self._at or name in self._spared:
            return await work()
        self.has_acted = True
        if not self._after:
            await self._deed()
            return await work()
        answer = await work()
        await self._deed()
        return answer


@final
class Death:
    """What is left of a process that was killed: no call of it has an effect any more."""

    def __init__(self) -> None:
        """Still alive."""
        self.is_dead = False

    async def __call__(self) -> None:
        """Now."""
        self.is_dead = True
        raise Killed

    def of(self, port: Any) -> Any:
        """The same port, for as long as the process lives."""
        return _Watched(port, self._call)

    async def _call(self, _name: str, work: Callable[[], Awaitable[Any]]) -> Any:
        if self.is_dead:
            raise Killed
        answer = await work()
        if self.is_dead:
            raise Killed
        return answer


class _Watched:
    """Calls one port through something else."""

    def __init__(self, port: Any, call: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._port = port
        self._call = call

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found) or name in ("count", "newest", "renew"):
            return found
        return lambda *args, **named: self._call(name, lambda: found(*args, **named))


def watched(
    app: Application, *outlets: Outlet, watchers: Sequence[Interference | Death]
) -> tuple[Application, list[Outlet]]:
    """The ports of one process among several, each call of which is watched."""
    ledgers, delivered, posts = app.ledgers, app.delivered, list(outlets)
    for watcher in watchers:
        ledgers, delivered = watcher.of(ledgers), watcher.of(delivered)
        posts = [watcher.of(outlet) for outlet in posts]
    return replace(app, ledgers=ledgers, delivered=delivered), posts


async def run_out(redis: Redis) -> None:
    """Let all claims be over, as if their time had passed on the server."""
    claims = cast("dict[bytes, bytes]", await redis.hgetall(CLAIMS))
    for name, value in claims.items():
        await redis.hset(CLAIMS, name, value.partition(b":")[0] + b":0")
