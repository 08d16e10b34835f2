"""Weeks of deliveries in seconds: histories that people rewrite, zones with nights of too many or
too few hours, clocks that jump, processes that die, answers that are lost.

What is between a subscription and its outlet is real, and so is Redis; repositories, platforms and
the time are simulated. The graph of the commits is the oracle.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final, final
from zoneinfo import ZoneInfo

from analyzers.errors import ChatError
from analyzers.model import Edition
from bot.app import Application
from bot.deliveries.courier import Courier
from bot.deliveries.delivery import Delivered
from bot.deliveries.ledger import Ledger
from bot.globs import selected_branches
from bot.subscriptions import Subscription
from tests.deliveries import (
    Clock,
    Death,
    Interference,
    a_courier,
    run_out,
    subscribe,
    watched,
)
from tests.living_repository import MAIN, LivingRepository
from tests.outlets import Fault, MemoryOutlet, Shown, no_faults, seeded

if TYPE_CHECKING:
    from redis.asyncio import Redis

STEP: Final = timedelta(minutes=30)
"""How far it is from one look at what is due to the next. Those who are due at once are served at
once, which is what costs the least."""

LATEST: Final = timedelta(hours=4)
"""How late a digest may come: a clock may be an hour behind, and some tries may fail."""

FAULTS: Final = {
    Fault.LOST_BEFORE: 0.02,
    Fault.LOST_AFTER: 0.02,
    Fault.BUSY: 0.01,
    Fault.TEMPORARY: 0.01,
}
"""How often what goes wrong with a platform."""

CALM: Final = timedelta(days=7)
"""How long nothing happens at the end: until everybody has had a digest."""


@dataclass(slots=True)
class Follower:
    """One subscription, and what becomes of it."""

    subscription: Subscription
    repository: LivingRepository
    before: frozenset[str]
    """The commits that were there when it was made."""
    days: list[tuple[date, Mapping[str, str]]] = field(default_factory=list)
    """The days that its ledger has, each with its cursor."""

    def tips(self) -> dict[str, str]:
        """The branches that it follows."""
        patterns, tips = self.subscription.filters.branches, self.repository.tips
        names = selected_branches(patterns, tips) if patterns else (MAIN,)
        return {name: tips[name] for name in names}

    def note(self, ledger: Ledger) -> None:
        """What its ledger says."""
        if ledger.date and (not self.days or self.days[-1][0] != ledger.date):
            self.days.append((ledger.date, ledger.heads))


@final
class Simulation:
    """Some weeks."""

    def __init__(
        self, app: Application, redis: Redis, clock: Clock, seed: int, days: int, commits: int
    ) -> None:
        """Nothing has happened yet.

        Args:
            app: reads the time from `clock`.
            redis: the server.
            clock: what processes take for the time.
            seed: what happens.
            days: for how long something happens.
            commits: how many of them, about.
        """
        self.app = app
        self.redis = redis
        self.clock = clock
        self.rng = random.Random(seed)
        self.now = clock.now
        """What time it really is."""
        self.end = clock.now + timedelta(days=days)
        self.rate = commits / (timedelta(days=days) / STEP)
        self.repositories: list[LivingRepository] = []
        self.followers: dict[tuple[str, str], Follower] = {}
        self.outlets = (
            MemoryOutlet("slack", now=lambda: self.now, rows=40),
            MemoryOutlet("telegram", can_find=False, now=lambda: self.now, rows=20),
        )
        self.courier = self._courier()
        self.next_due: datetime | None = self.now
        """When somebody is due, as far as was asked."""
        self.deaths = 0
        """How many processes were killed."""

    async def follow(self, subscription: Subscription, repository: LivingRepository) -> None:
        """Somebody subscribes."""
        follower = Follower(subscription, repository, frozenset())
        follower.before = frozenset(repository.reachable(follower.tips().values()))
        self.followers[subscription.channel, subscription.key] = follower
        await subscribe(self.app, subscription)

    async def run(self) -> None:
        """Let it all happen, and then some calm days."""
        for outlet in self.outlets:
            outlet.faults = seeded(self.rng, FAULTS)
        offset, due = timedelta(), 0.0
        while self.now < self.end:
            self.now += STEP
            if self.rng.random() < 0.03:
                offset = self.rng.choice((0, 1)) * timedelta(minutes=self.rng.randint(-60, 60))
            self.clock.now = self.now + offset
            due += self.rate
            while due > 0:
                repository = self.rng.choice(self.repositories)
                repository.now, count = self.now, len(repository.commits)
                repository.live()
                due -= len(repository.commits) - count
            await self._step()
        for outlet in self.outlets:
            outlet.faults = no_faults
        while self.now < self.end + CALM:
            self.now += STEP
            self.clock.now = self.now
            if self.next_due and self.next_due <= self.now:
                await self._deliver()

    async def _step(self) -> None:
        if self.next_due is None or self.next_due > self.clock.now:
            return
        chance = self.rng.random()
        if chance < 0.1:
            await self._die()
        elif chance < 0.17:
            await self._cancel()
        elif chance < 0.24:
            await self._deliver(self._courier())
        await self._deliver()

    async def _die(self) -> None:
        """A process is killed at one of its calls, and another is started."""
        due = await self.app.ledgers.due(self.clock.now, 10_000)
        death = Death()
        at = self.rng.randint(1, 1 + 15 * len(due))
        interference = Interference(at, death, after=self.rng.random() < 0.5)
        app, outlets = watched(self.app, *self.outlets, watchers=(death, interference))
        courier = a_courier(app, *outlets)
        await asyncio.gather(*(courier.serve(*place) for place in due), return_exceptions=True)
        self.deaths += death.is_dead
        await self._begin_anew(due)

    async def _cancel(self) -> None:
        """A process is asked to stop at any moment, and another is started."""
        due = await self.app.ledgers.due(self.clock.now, 10_000)
        tasks = [asyncio.ensure_future(self.courier.serve(*place)) for place in due]
        await asyncio.sleep(self.rng.random() * 0.01 * len(due))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._begin_anew(due)

    async def _begin_anew(self, due: Sequence[tuple[str, str]]) -> None:
        self.courier = self._courier()
        await run_out(self.redis)
        for channel in {channel for channel, _ in due}:
            for key, ledger in (await self.app.ledgers.of_channel(channel)).items():
                self.followers[channel, key].note(ledger)

    async def _deliver(self, *others: Courier) -> None:
        """Serve who is due, until nobody is; with several processes, all of them everybody."""
        couriers = self.courier, *others
        for _ in range(5):
            due = await self.app.ledgers.due(self.clock.now, 10_000)
            if not due:
                self.next_due = await self.app.ledgers.next_due(self.clock.now)
                return
            places = [(courier, place) for place in due for courier in couriers]
            outcomes = await asyncio.gather(*(courier.serve(*place) for courier, place in places))
            for (_, place), outcome in zip(places, outcomes, strict=True):
                if isinstance(outcome, Ledger):
                    self.followers[place].note(outcome)
                else:
                    assert outcome is None or isinstance(outcome, ChatError), outcome
        raise AssertionError("it never ends")

    def _courier(self) -> Courier:
        return a_courier(self.app, *self.outlets)


@dataclass(slots=True)
class Verdict:
    """What the graph says of what readers saw."""

    digests: int = 0
    messages: int = 0
    commits: set[str] = field(default_factory=set)
    """Those that somebody was to be told of."""
    known: int = 0
    """Commits that were only counted."""
    late: timedelta = timedelta()
    """How late the latest digest came."""


async def verified(simulation: Simulation) -> Verdict:
    """Hold all that readers saw against the graph.

    Raises:
        AssertionError: something was lost, came twice, or at another time than it was due.
    """
    verdict = Verdict()
    messages: defaultdict[tuple[str, str], list[Shown]] = defaultdict(list)
    for outlet in simulation.outlets:
        assert not outlet.violations, outlet.violations
        verdict.messages += len(outlet.shown)
        for one in outlet.shown:
            messages[one.channel, one.digest or ""].append(one)
    for channel in {channel for channel, _ in simulation.followers}:
        async with aclosing(simulation.app.delivered.newest(channel)) as newest:
            records = {record.id: record async for record in newest}
        shown = {digest: found for (where, digest), found in messages.items() if where == channel}
        assert shown.keys() <= records.keys()
        for (where, key), follower in simulation.followers.items():
            if where == channel:
                mine = [
                    (records[digest], found)
                    for digest, found in shown.items()
                    if records[digest].repository == key
                ]
                _verify(follower, mine, simulation.now, verdict)
    return verdict


def _verify(
    follower: Follower,
    digests: Sequence[tuple[Delivered, Sequence[Shown]]],
    now: datetime,
    verdict: Verdict,
) -> None:
    place = f"{follower.subscription} {follower.days}"
    by_day = {}
    for record, messages in digests:
        assert isinstance(record.span, Edition)
        assert record.span.date not in by_day, f"two digests of {record.span.date}: {place}"
        by_day[record.span.date] = record
        _verify_times(follower.subscription, record, messages, verdict)
        parts = {one.part: one.shas for one in messages}
        assert tuple(s for part in sorted(parts) for s in parts[part]) == record.shas, place
    days = [day for day, _ in follower.days]
    assert days == _due_days(follower.subscription, now), place
    assert by_day.keys() <= set(days), place
    covered = _verify_days(follower, by_day)
    landed = follower.repository.reachable(follower.tips().values()) - follower.before
    assert landed <= covered, place
    told = Counter(sha for record in by_day.values() for sha in record.shas)
    assert set(told.values()) <= {1}, f"twice: {place}"
    assert told.keys() <= covered, place
    counted = sum(n for record in by_day.values() for _, n in record.left_out)
    assert counted == len(covered) - len(told), place
    if not follower.subscription.filters.first_parent:
        changes = follower.repository.changes
        known = {changes[sha] for sha in told.keys() | follower.before}
        assert all(changes[sha] in known for sha in covered - told.keys()), f"lost: {place}"
    verdict.digests += len(by_day)
    verdict.commits |= covered
    verdict.known += counted


def _verify_times(
    subscription: Subscription, record: Delivered, messages: Sequence[Shown], verdict: Verdict
) -> None:
    assert isinstance(record.span, Edition)
    due = due_on(subscription, record.span.date)
    assert record.at >= due, f"early: {subscription}"
    late = max(one.at for one in messages) - due
    assert late <= LATEST, f"late: {subscription}"
    verdict.late = max(verdict.late, late)


def _verify_days(follower: Follower, by_day: Mapping[date, Delivered]) -> set[str]:
    """All commits that its digests have to tell, by its cursors: what none of its days has told
    makes a digest due."""
    repository = follower.repository
    covered, old = set[str](), set(follower.before)
    for number, (day, heads) in enumerate(follower.days):
        tips = [sha for name, sha in heads.items() if "~" not in name]
        new = repository.reachable(tips) - old
        if number == 0 and day in by_day:  # a first one goes back for a day
            since = due_on(follower.subscription, day - timedelta(days=1))
            until = by_day[day].at
            new |= {
                sha
                for sha in repository.reachable(tips)
                if since <= repository.commits[sha].committed_at < until
            }
        record = by_day.get(day)
        told = len(record.shas) + sum(n for _, n in record.left_out) if record else 0
        assert told == len(new), f"{day}: {told} of {len(new)}: {follower.subscription}"
        covered |= new
        old |= new
    return covered


def due_on(subscription: Subscription, day: date) -> datetime:
    """When the clocks show its time first on a day; if they skip it, as much later."""
    zone, wall = ZoneInfo(subscription.zone), datetime.combine(day, subscription.at, UTC)
    offsets = [
        (wall + timedelta(days=days)).astimezone(zone).utcoffset() or timedelta()
        for days in (-1, 0, 1)
    ]
    instants = [wall - offset for offset in offsets]
    shown = [one for one in instants if one.astimezone(zone).replace(tzinfo=UTC) == wall]
    return min(shown, default=instants[0])


def _due_days(subscription: Subscription, now: datetime) -> list[date]:
    first = subscription.made_at.date() - timedelta(days=2)
    days = (first + timedelta(days=n) for n in range((now - subscription.made_at).days + 5))
    return [
        day
        for day in days
        if day.weekday() in subscription.days
        and subscription.made_at < due_on(subscription, day) <= now
    ]
