"""What tests of deliveries share: subscriptions, an application over a history, and a process that
dies at a chosen call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, final

from bot.app import Application, open_application
from bot.config import Settings
from bot.courier import Courier, Timing
from bot.ledger import Ledger
from bot.outlet import Outlet
from bot.pacing import Pacing
from bot.ports import CommitSource
from bot.schedule import next_due
from bot.subscriptions import EVERYTHING, Filters, Subscription

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

    given = {"redis_url": redis_url, "commitcast_data": data}
    async with open_application(Settings.model_validate(given), lambda _: None, now) as app:
        yield replace(app, open_source=open_source)


def a_courier(app: Application, *outlets: Outlet, timing: Timing | None = None) -> Courier:
    """Delivers by these outlets."""
    return Courier(app, {outlet.platform: outlet for outlet in outlets}, Pacing(), timing)


async def subscribe(app: Application, subscription: Subscription) -> None:
    """Keep a subscription as `/subscribe` does: its digests begin where its branches are now."""
    from bot.branches import tips_of

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


@dataclass(slots=True)
class Death:
    """When a process dies: at the n-th call of its ports."""

    at: int
    """Which call, from 1; 0 is never."""
    after: bool = False
    """Whether the call has its effect."""
    calls: int = 0
    """How many there were."""
    is_dead: bool = False

    def of(self, port: Any) -> Any:
        """The same port, whose calls are counted."""
        return _Mortal(port, self)


class _Mortal:
    def __init__(self, port: Any, death: Death) -> None:
        self._port = port
        self._death = death

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found) or name in ("count", "newest"):
            return found
        death = self._death

        async def call(*args: Any, **named: Any) -> Any:
            if death.is_dead:
                raise Killed  # whatever else the process was about to do
            death.calls += 1
            dies = death.calls == death.at
            death.is_dead = dies
            if dies and not death.after:
                raise Killed
            answer = await found(*args, **named)
            if death.is_dead:
                raise Killed
            return answer

        return call


def mortal(app: Application, death: Death) -> Application:
    """The application of a process that dies."""
    return replace(app, ledgers=death.of(app.ledgers), delivered=death.of(app.delivered))
