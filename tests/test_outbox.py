"""From what is new to a ledger that says it was delivered, with every end in between.

A process is stopped at each of its calls to a store or a platform, which are counted, not guessed;
another one goes on. Nothing is lost and nothing comes twice (invariants 1 and 2).
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, final

import pytest

from analyzers.errors import (
    EmptyRepository,
    OutcomeUnknown,
    RateLimited,
    RepositoryNotFound,
    RevisionNotFound,
    StoreError,
)
from analyzers.model import Day, Edition
from bot.app import Application
from bot.deliveries.courier import PATIENCE_WITH_SOURCES, Courier
from bot.deliveries.delivery import Delivered, record_of
from bot.deliveries.dispatch import Dispatcher
from bot.deliveries.ledger import Ledger
from bot.digest import DigestRequest
from bot.ports import CommitSource
from bot.subscriptions import Filters
from tests.deliveries import (
    MADE,
    Clock,
    Death,
    Interference,
    Killed,
    a_courier,
    a_subscription,
    opened,
    run_out,
    subscribe,
    watched,
)
from tests.living_repository import MAIN, LivingRepository
from tests.outlets import Fault, MemoryOutlet, scripted

if TYPE_CHECKING:
    from redis.asyncio import Redis

SLACK, TELEGRAM = "slack:T1/C1", "telegram:-1"
KEY = "acme/widget"
TUESDAY = date(2026, 3, 3)
NINE = datetime(2026, 3, 3, 9, tzinfo=UTC)
"""When the first digest is due."""


@final
class World:
    """A repository, a server and a platform, whatever becomes of processes."""

    def __init__(
        self, app: Application, redis: Redis, clock: Clock, sources: dict[str, CommitSource]
    ) -> None:
        self.app = app
        self.redis = redis
        self.clock = clock
        self.sources = sources
        self.history = LivingRepository(KEY, 1, MADE)
        self.outlet = MemoryOutlet()
        self.channel = SLACK
        self.before: set[str] = set()
        """The commits from before the subscription."""

    async def begin(self, channel: str = SLACK, filters: Filters | None = None) -> None:
        """A channel follows, commits land, and the first digest is due."""
        await self.redis.flushall()
        self.clock.now, self.channel = MADE, channel
        platform = channel.partition(":")[0]
        self.outlet = MemoryOutlet(platform, can_find=platform == "slack", now=self.clock, rows=2)
        self.history = LivingRepository(KEY, 1, MADE - timedelta(days=9))
        self.sources[KEY] = self.history
        self.before = set(self.history.commits)
        await subscribe(self.app, a_subscription(channel, filters=filters or Filters()))
        self.land(5)
        self.clock.now = NINE

    def land(self, commits: int, branch: str = MAIN) -> None:
        """Commits land on a branch."""
        self.history.now = self.clock.now + timedelta(minutes=1)
        for _ in range(commits):
            self.history.commit_on(branch)

    def courier(self) -> Courier:
        """A new process."""
        return a_courier(self.app, self.outlet)

    async def finish(self, courier: Courier | None = None) -> None:
        """Serve whatever is due, as long as anything is, when all earlier claims are over."""
        courier = courier or self.courier()
        for _ in range(12):
            await run_out(self.redis)
            due = await self.app.ledgers.due(self.clock.now, 10)
            if not due:
                return
            for channel, key in due:
                await courier.serve(channel, key)
                self.channel = channel
        raise AssertionError("it never ends")

    async def ledger(self) -> Ledger:
        return (await self.app.ledgers.of_channel(self.channel))[KEY]

    async def records(self) -> list[Delivered]:
        async with aclosing(self.app.delivered.newest(self.channel)) as records:
            return [record async for record in records]

    def shown(self) -> Counter[str]:
        """How often readers see each commit; a message that may be there twice counts once."""
        messages = {(one.digest, one.part): one.shas for one in self.outlet.shown}
        return Counter(sha for shas in messages.values() for sha in shas)

    async def require_moved(self) -> None:
        """Everything has come once, to the old channel or the new one."""
        landed = self.history.reachable([self.history.tips[MAIN]]) - self.before
        assert self.shown() == Counter(landed)
        assert await self.app.ledgers.of_channel(TELEGRAM) == {}
        self.channel = "telegram:-1001"
        ledger = await self.ledger()
        assert (ledger.date, ledger.outgoing) == (TUESDAY, None)

    async def require_delivered(self, day: date = TUESDAY) -> None:
        """Everything that has landed came once, in one digest a day, and the cursor is there."""
        landed = set(self.history.reachable(self.history.tips.values())) - self.before
        assert self.shown() == Counter(landed)
        assert not self.outlet.violations
        ledger = await self.ledger()
        assert (ledger.date, ledger.outgoing, ledger.stopped) == (day, None, None)
        assert ledger.heads[MAIN] == self.history.tips[MAIN]
        digests = {one.digest for one in self.outlet.shown}
        records = [record for record in await self.records() if record.id in digests]
        days = [record.span.date for record in records if isinstance(record.span, Edition)]
        assert len(days) == len(set(days)) == len(digests)

    def repeated(self) -> int:
        """How many messages came more than once."""
        counts = Counter((one.digest, one.part) for one in self.outlet.shown)
        return sum(count - 1 for count in counts.values())


@pytest.fixture
async def world(redis_url: str, redis: Redis, tmp_path: Path) -> AsyncIterator[World]:
    clock, sources = Clock(), dict[str, CommitSource]()
    async with opened(redis_url, tmp_path, sources, clock) as app:
        world = World(app, redis, clock, sources)
        await world.begin()
        yield world


async def interfered(world: World, interference: Interference, death: Death) -> object:
    """Serve as a process that something happens to."""
    app, outlets = watched(world.app, world.outlet, watchers=(death, interference))
    try:
        return await a_courier(app, *outlets).serve(world.channel, KEY)
    except Killed:
        return Killed


# Killed


@pytest.mark.parametrize("channel", [SLACK, TELEGRAM])
@pytest.mark.parametrize("after", [False, True])
async def test_a_process_may_be_killed_at_every_step(
    world: World, channel: str, *, after: bool
) -> None:
    """Before the n-th call is made, or when it has had its effect, for every n there is."""
    repeated = 0
    for step in range(1, 100):
        await world.begin(channel)
        death = Death()
        interference = Interference(step, death, after=after)
        outcome = await interfered(world, interference, death)
        assert (outcome is Killed) is interference.has_happened
        await world.finish()
        await world.require_delivered()
        marked = sum(one.may_repeat for one in world.outlet.shown)
        assert world.repeated() <= marked <= (0 if channel == SLACK else 1)
        assert len(await world.records()) == 1  # nothing can be expanded that nobody was shown
        repeated += world.repeated()
        if not interference.has_happened:
            break
    else:
        pytest.fail("no process survived")
    assert step > 12  # there were as many steps
    # Killed when the message was there and its id not yet noted.
    assert repeated == (0 if channel == SLACK else 3)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("channel", [SLACK, TELEGRAM])
async def test_those_who_go_on_may_be_killed_as_well(world: World, channel: str, seed: int) -> None:
    rng = random.Random(seed)
    await world.begin(channel)
    deaths = 0
    while await world.app.ledgers.due(world.clock.now, 1):
        death = Death()
        interference = Interference(rng.randint(2, 6), death, after=rng.random() < 0.5)
        deaths += await interfered(world, interference, death) is Killed
        await run_out(world.redis)
    await world.require_delivered()
    assert deaths > 1
    marked = sum(one.may_repeat for one in world.outlet.shown)
    assert world.repeated() <= marked <= (0 if channel == SLACK else deaths)


@pytest.mark.parametrize("channel", [SLACK, TELEGRAM])
@pytest.mark.parametrize("after", [False, True])
async def test_the_store_may_fail_at_every_step(world: World, channel: str, *, after: bool) -> None:
    """An answer that is lost after its effect, or before; the same process goes on."""

    async def fail() -> None:
        raise StoreError("error-redis-timeout", permanent=False, url="test")

    for step in range(1, 100):
        await world.begin(channel)
        interference = Interference(step, fail, after=after)
        app, outlets = watched(world.app, world.outlet, watchers=[interference])
        courier = a_courier(app, *outlets)
        try:
            await courier.serve(channel, KEY)
        except StoreError:
            assert interference.has_happened
        await world.finish(courier)
        world.clock.advance(minutes=1)
        await world.finish(courier)
        await world.require_delivered()
        assert world.repeated() <= (0 if channel == SLACK else 1)
        if not interference.has_happened:
            return
    pytest.fail("no process survived")


# Several processes


async def test_of_several_processes_at_once_one_delivers(world: World) -> None:
    """Invariant 2."""
    couriers = [world.courier() for _ in range(3)]
    outcomes = await asyncio.gather(*(courier.serve(SLACK, KEY) for courier in couriers))
    assert sum(isinstance(outcome, Ledger) for outcome in outcomes) == 1
    assert [outcome for outcome in outcomes if not isinstance(outcome, Ledger)] == [None, None]
    await world.require_delivered()


@pytest.mark.parametrize("channel", [SLACK, TELEGRAM])
async def test_who_is_overtaken_at_any_step_writes_nothing_more(world: World, channel: str) -> None:
    """A process stands still before a call to a store until its claim is over and another has
    done all; what it planned is nowhere to be found. (Before a call to the platform it cannot
    stand still for as long as a claim lasts: requests have deadlines.)"""
    for step in range(1, 100):
        await world.begin(channel)
        interference = Interference(step, world.finish, spared=("post", "find"))
        outcome = await interfered(world, interference, Death())
        assert (outcome is None) is interference.has_acted or step == 1  # that is the claim
        await world.require_delivered()
        assert world.repeated() <= (0 if channel == SLACK else 1)
        if not interference.has_happened:
            return
        await world.finish()
        await world.require_delivered()
    pytest.fail("no process survived")


async def evicted(redis: Redis) -> int:
    """How many keys a full server with a policy of `volatile-*` throws out."""
    keys = [key async for key in redis.scan_iter() if await redis.ttl(key) >= 0]
    return await redis.delete(*keys) if keys else 0


async def expect(world: World) -> None:
    """A new process, which sees to it that all subscriptions are expected."""
    dispatcher = Dispatcher(world.app, world.courier())
    await dispatcher._expect()


# What people do meanwhile


@pytest.mark.parametrize("channel", [SLACK, TELEGRAM])
async def test_who_unfollows_at_any_step_is_sent_one_message_more_at_most(
    world: World, channel: str
) -> None:
    for step in range(1, 100):
        await world.begin(channel)
        count = 0

        async def unfollow() -> None:
            nonlocal count
            count = len(world.outlet.shown)
            await world.app.subscriptions.remove(channel, KEY)

        interference = Interference(step, unfollow)
        await interfered(world, interference, Death())
        if not interference.has_happened:
            return
        assert len(world.outlet.shown) <= count + 1
        assert await world.app.ledgers.of_channel(channel) == {}
        world.clock.advance(days=9)
        await world.finish()
        assert await world.app.ledgers.of_channel(channel) == {}
        assert len(world.outlet.shown) <= count + 1
    pytest.fail("no process survived")


@pytest.mark.parametrize("channel", [SLACK, TELEGRAM])
async def test_who_follows_anew_at_any_step_gets_everything_once(
    world: World, channel: str
) -> None:
    """With other branches and at another time of day."""
    for step in range(1, 100):
        await world.begin(channel)
        world.history.tips["dev"] = world.history.tips[MAIN]
        world.land(1, "dev")
        world.before |= {world.history.tips["dev"]}
        filters = Filters((MAIN, "dev"))

        again = a_subscription(channel, at=time(12), filters=filters, made_at=NINE)

        interference = Interference(step, partial(subscribe, world.app, again), after=True)
        await interfered(world, interference, Death())
        await world.finish()
        if not interference.has_happened:
            return
        world.land(1)
        world.land(2, "dev")
        world.clock.advance(hours=27)  # noon, the next day
        await world.finish()
        landed = set(world.history.reachable(world.history.tips.values())) - world.before
        # What a branch had when it came in while its digest was made is told as well.
        assert world.shown() - Counter(world.before) == Counter(landed)
        assert not world.outlet.violations
        assert (await world.ledger()).date == date(2026, 3, 4)
    pytest.fail("no process survived")


async def test_a_channel_may_move_at_any_step(world: World) -> None:
    for step in range(1, 100):
        for after in (False, True):
            await world.begin(TELEGRAM)
            move = partial(world.app.move, TELEGRAM, "telegram:-1001")
            interference = Interference(step, move, after=after)
            await interfered(world, interference, Death())
            await world.finish()
            if not interference.has_happened:
                return
            await world.require_moved()
            assert world.repeated() <= 1
    pytest.fail("no process survived")


# What platforms do


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER])
@pytest.mark.parametrize("channel", [SLACK, TELEGRAM])
async def test_a_lost_answer_is_looked_up_or_marked(
    world: World, channel: str, fault: Fault
) -> None:
    """Invariant 2."""
    await world.begin(channel)
    world.outlet.faults = scripted(None, fault)
    courier = world.courier()
    assert isinstance(await courier.serve(channel, KEY), OutcomeUnknown)
    # Not before it can be there.
    assert await world.app.ledgers.due(NINE, 1) == ()
    world.clock.advance(seconds=3)
    await world.finish(courier)
    await world.require_delivered()
    marked = [one.part for one in world.outlet.shown if one.may_repeat]
    assert marked == ([] if channel == SLACK else [1])
    assert world.repeated() == (1 if channel == TELEGRAM and fault is Fault.LOST_AFTER else 0)


@pytest.mark.parametrize("lost", [[0], [1], [2], [0, 1, 2]])
async def test_where_every_answer_is_lost_a_message_is_not_sent_for_ever(
    world: World, lost: list[int]
) -> None:
    """As by a proxy that lets requests pass and drops what comes back. Each process that goes on is
    a new one."""
    await world.begin(TELEGRAM)
    faults = [[Fault.LOST_AFTER] * 3 if part in lost else [None] for part in range(3)]
    world.outlet.faults = scripted(*chain(*faults))
    for _ in range(3 * len(lost) + 1):
        assert (await world.ledger()).date != TUESDAY
        await world.courier().serve(TELEGRAM, KEY)
        world.clock.now = await world.app.ledgers.next_due(world.clock.now) or world.clock.now
    ledger = await world.ledger()
    assert (ledger.date, ledger.outgoing) == (TUESDAY, None)
    assert world.shown() == Counter(
        world.history.reachable(world.history.tips.values()) - world.before
    )
    of_part = [[one for one in world.outlet.shown if one.part == part] for part in range(3)]
    assert [len(copies) for copies in of_part] == [len(of) for of in faults]
    for part in lost:
        first, second, last = of_part[part]
        assert [one.may_repeat for one in (first, second, last)] == [False, True, True]
        assert last.at - second.at == timedelta(minutes=15)  # an outage may be over by then
    [record] = await world.records()
    assert [number for number, message in enumerate(record.messages) if not message] == lost


@pytest.mark.parametrize("fault", [Fault.TOKEN, Fault.TEMPORARY, Fault.BUSY])
async def test_what_cannot_be_looked_up_now_is_looked_up_later(world: World, fault: Fault) -> None:
    """Nothing is sent again for want of an answer."""
    world.outlet.faults = scripted(Fault.LOST_AFTER)
    courier = world.courier()
    await courier.serve(SLACK, KEY)
    world.outlet.faults = lambda method, _: fault if method == "find" else None
    world.clock.advance(seconds=3)
    await courier.serve(SLACK, KEY)
    assert len(world.outlet.shown) == 1
    world.outlet.faults = scripted()
    world.clock.advance(minutes=1)
    await world.finish(courier)
    await world.require_delivered()
    assert world.repeated() == 0


async def test_where_nobody_may_look_it_is_sent_with_a_mark(world: World) -> None:
    world.outlet.faults = scripted(Fault.LOST_AFTER)
    courier = world.courier()
    await courier.serve(SLACK, KEY)
    world.outlet.faults = lambda method, _: Fault.KICKED if method == "find" else None
    world.clock.advance(seconds=3)
    await world.finish(courier)
    await world.require_delivered()
    assert [one.may_repeat for one in world.outlet.shown] == [False, True, False, False]


@pytest.mark.parametrize("channel", [SLACK, TELEGRAM])
@pytest.mark.parametrize("fault", [Fault.TOKEN, Fault.TEMPORARY, Fault.BUSY])
async def test_what_passes_is_tried_again_later_and_less_often(
    world: World, channel: str, fault: Fault
) -> None:
    await world.begin(channel)
    world.outlet.faults = lambda method, _: fault if method == "post" else None
    courier = world.courier()
    pauses = []
    for _ in range(12):
        await courier.serve(channel, KEY)
        due = await world.app.ledgers.next_due(world.clock.now)
        assert due
        pauses.append((due - world.clock.now).total_seconds())
        world.clock.now = due
    least = world.outlet.retry_after if fault is Fault.BUSY else 0
    assert pauses == [max(least, min(3 * 2**n, 900)) for n in range(12)]
    assert (await world.ledger()).stopped is None
    world.outlet.faults = scripted()
    await world.finish(courier)
    await world.require_delivered()
    assert not any(one.may_repeat for one in world.outlet.shown)  # it was refused, not lost
    world.outlet.faults = scripted(fault)
    world.land(1)
    world.clock.advance(days=1)
    await courier.serve(channel, KEY)
    due = await world.app.ledgers.next_due(world.clock.now)
    assert due == world.clock.now + timedelta(seconds=max(least, 3))  # it begins anew


@pytest.mark.parametrize("part", [0, 1, 2])
async def test_a_channel_that_takes_no_more_is_left_alone_until_somebody_follows_anew(
    world: World, part: int
) -> None:
    world.outlet.faults = scripted(*[None] * part, Fault.KICKED)
    await world.finish()
    ledger = await world.ledger()
    assert ledger.stopped
    assert (ledger.stopped.code, ledger.stopped.at) == ("error-slack-closed", NINE)
    assert [(person, channel) for person, channel, _ in world.outlet.told] == [("U1", SLACK)]
    world.land(2)
    world.clock.advance(days=3)
    await world.finish()
    assert len(world.outlet.shown) == part
    assert await world.app.ledgers.next_due(world.clock.now) is None
    await subscribe(world.app, a_subscription(made_at=world.clock.now))
    world.clock.advance(days=1)
    await world.finish()
    await world.require_delivered(date(2026, 3, 7))
    assert len(world.outlet.told) == 1
    assert world.repeated() == 0


async def test_a_channel_that_has_become_another_one_is_followed_there(world: World) -> None:
    """A group in which one message has arrived becomes a supergroup."""
    await world.begin(TELEGRAM)
    world.outlet.new_names[TELEGRAM] = "telegram:-1001"
    world.outlet.faults = scripted(None, Fault.MOVED)
    await world.finish()
    await world.require_moved()
    assert [one.channel for one in world.outlet.shown] == [TELEGRAM] + ["telegram:-1001"] * 2
    assert [one.may_repeat for one in world.outlet.shown] == [False] * 3


# What sources do


async def test_a_repository_that_fails_is_tried_again_and_says_nothing_in_the_channel(
    world: World,
) -> None:
    world.history.failure = RateLimited("error-github-limit", permanent=False, retry_after=600)
    courier = world.courier()
    await courier.serve(SLACK, KEY)
    assert await world.app.ledgers.next_due(NINE) == NINE + timedelta(minutes=10)
    world.history.failure = None
    world.clock.advance(minutes=10)
    await world.finish(courier)
    await world.require_delivered()


async def test_a_repository_that_is_gone_for_a_day_stops_its_digests(world: World) -> None:
    world.history.failure = RepositoryNotFound("error-not-granted", repository=KEY, channel=SLACK)
    courier = world.courier()
    while world.clock.now - NINE <= PATIENCE_WITH_SOURCES:
        assert (await world.ledger()).stopped is None
        await courier.serve(SLACK, KEY)
        due = await world.app.ledgers.next_due(world.clock.now)
        assert due
        world.clock.now = due
    await courier.serve(SLACK, KEY)
    assert (await world.ledger()).stopped
    assert [one.digest for one in world.outlet.shown] == [None]  # the channel is told
    assert await world.app.ledgers.next_due(world.clock.now) is None
    world.history.failure = None
    world.outlet.shown.clear()
    await subscribe(world.app, a_subscription(made_at=world.clock.now))
    world.clock.advance(days=1)
    await world.finish(courier)
    await world.require_delivered(date(2026, 3, 4))


async def test_a_repository_that_is_refused_after_days_without_a_bot_is_tried_again(
    world: World,
) -> None:
    """It is late because nobody was there, not because it was refused all the time."""
    world.clock.advance(hours=30)
    gone = RepositoryNotFound("error-not-granted", repository=KEY, channel=SLACK)
    courier = world.courier()
    for _ in range(2):  # and one that comes back is given as much time when it goes again
        world.history.failure = gone
        await courier.serve(SLACK, KEY)
        assert (await world.ledger()).stopped is None
        world.history.failure = None
        world.clock.advance(hours=30)
        await world.finish(courier)
        world.land(1)
        world.clock.advance(hours=30)
    assert not world.outlet.told


async def test_a_defect_stops_nothing_for_good(world: World) -> None:
    world.history.failure = ZeroDivisionError()
    courier = world.courier()
    await courier.serve(SLACK, KEY)
    assert (await world.ledger()).stopped is None
    world.history.failure = None
    world.clock.advance(minutes=1)
    await world.finish(courier)
    await world.require_delivered()


async def test_an_empty_repository_is_quiet_until_something_lands(world: World) -> None:
    world.outlet.faults = scripted()
    history = world.history
    await world.app.subscriptions.remove(SLACK, KEY)
    history.failure = EmptyRepository("error-repository-empty", repository=KEY)
    subscription = a_subscription()
    await world.app.subscriptions.put(subscription)
    await world.app.ledgers.open(subscription, Ledger(since=MADE), NINE)
    await world.finish()
    assert not world.outlet.shown
    history.failure = None
    world.before = set()
    world.clock.advance(days=1)
    await world.finish()
    await world.require_delivered(date(2026, 3, 4))


@pytest.mark.parametrize("broken_first", [False, True])
async def test_what_one_channel_asks_in_vain_fails_no_other(
    world: World, *, broken_first: bool
) -> None:
    """Both follow the same repository and are due at the same time; one a branch that is gone."""
    other = a_subscription("slack:T1/C2", filters=Filters(("release/1",)))
    world.history.tips["release/1"] = world.history.tips[MAIN]
    await subscribe(world.app, other)
    world.clock.now = NINE
    del world.history.tips["release/1"]
    world.history.delay = 0.02
    courier = world.courier()
    channels = [other.channel, SLACK] if broken_first else [SLACK, other.channel]
    outcomes = await asyncio.gather(*(courier.serve(channel, KEY) for channel in channels))
    failed, served = outcomes if broken_first else outcomes[::-1]
    assert isinstance(failed, RevisionNotFound)
    assert isinstance(served, Ledger)
    await world.require_delivered()


async def test_channels_alike_have_their_digest_made_once(world: World) -> None:
    others = [a_subscription(f"slack:T1/C{number}") for number in range(2, 12)]
    world.clock.now = MADE
    for other in others:
        await subscribe(world.app, other)
    world.land(5)
    world.clock.now = NINE
    world.history.delay = 0.02
    courier = world.courier()
    reads = world.history.reads
    await asyncio.gather(*(courier.serve(other.channel, KEY) for other in others))
    assert world.history.reads - reads == 10  # and those of the day before they followed
    assert {len(world.outlet.digests(other.channel)) for other in others} == {1}


async def test_repositories_that_are_done_with_at_the_same_time_are_in_nobodys_way(
    world: World,
) -> None:
    """Invariant 4."""
    names = [f"acme/widget-{number}" for number in range(9)]
    world.clock.now = MADE
    for name in names:
        world.sources[name] = history = LivingRepository(name, 1, MADE - timedelta(days=9))
        await subscribe(world.app, a_subscription(repository=name))
        history.commit_on(MAIN)
    world.clock.now = NINE
    courier = world.courier()
    outcomes = await asyncio.gather(*(courier.serve(SLACK, name) for name in names))
    assert [outcome.date for outcome in outcomes if isinstance(outcome, Ledger)] == [TUESDAY] * 9


# Days


async def test_a_quiet_day_says_nothing(world: World) -> None:
    await world.finish()
    count = len(world.outlet.shown)
    world.clock.advance(days=1)
    await world.finish()
    await world.require_delivered(date(2026, 3, 4))
    assert len(world.outlet.shown) == count
    assert await world.app.ledgers.next_due(world.clock.now) == NINE + timedelta(days=2)


async def test_a_quiet_day_is_told_where_that_is_wanted(world: World) -> None:
    await world.finish()
    count = len(world.outlet.shown)
    await subscribe(world.app, a_subscription(tells_quiet_days=True))
    world.clock.advance(days=1)
    await world.finish()
    await world.require_delivered(date(2026, 3, 4))
    assert len(world.outlet.shown) == count + 1
    assert world.outlet.shown[-1].shas == ()


async def test_days_that_were_missed_come_late_as_one(world: World) -> None:
    world.clock.advance(days=3, hours=2)
    world.land(3)
    await world.finish()
    await world.require_delivered(date(2026, 3, 6))
    assert len(world.outlet.digests(SLACK)) == 1


async def test_a_digest_that_was_on_its_way_for_days_is_followed_by_what_is_new(
    world: World,
) -> None:
    death = Death()
    await interfered(world, Interference(7, death), death)
    world.clock.advance(days=3)
    world.land(3)
    await world.finish()
    await world.require_delivered(date(2026, 3, 6))
    assert len(world.outlet.digests(SLACK)) == 2


@pytest.mark.parametrize("jump", [-1, 1])
async def test_no_day_has_two_when_the_clock_jumps(world: World, jump: int) -> None:
    """Invariant 2."""
    await world.finish()
    for hours in (jump, -jump, 3 * jump, -3 * jump):
        world.land(1)
        world.clock.advance(hours=hours)
        await world.finish()
    assert len(world.outlet.digests(SLACK)) == 1
    world.clock.advance(days=1)
    await world.finish()
    await world.require_delivered(date(2026, 3, 4))


@pytest.mark.parametrize("death", [None, 5, 7])
async def test_a_clock_that_ran_a_year_ahead_keeps_nothing_back(
    world: World, death: int | None
) -> None:
    """Whether what it planned was sent before it was set right, or not; invariants 1 and 2."""
    await world.finish()
    world.clock.advance(days=365)
    world.land(3)
    end = Death()
    await interfered(world, Interference(death or 99, end), end)
    world.clock.advance(days=-365, hours=1)
    for day in range(3, 6):
        world.land(2)
        await expect(world)
        await world.finish()
        assert (await world.ledger()).date == date(2026, 3, day)
        world.clock.advance(days=1)
    await world.require_delivered(date(2026, 3, 5))
    assert len(world.outlet.digests(SLACK)) == 4


async def test_a_subscription_made_by_a_clock_that_ran_ahead_begins(world: World) -> None:
    """Invariant 1."""
    await world.redis.flushall()
    world.clock.advance(days=365)
    await subscribe(world.app, a_subscription(made_at=world.clock.now))
    world.clock.advance(days=-365, hours=1)
    world.land(2)
    await expect(world)
    await world.finish()
    await world.require_delivered()  # of the day before its first digest, too


async def test_no_day_has_two_when_it_is_asked_for_again(world: World) -> None:
    """As by two runs of `commitcast post` at once, or by one whose clock is a day behind."""
    courier = world.courier()
    await courier.serve(SLACK, KEY, TUESDAY)
    await world.require_delivered()
    world.land(1)
    for day in (TUESDAY, TUESDAY - timedelta(days=1)):
        await courier.serve(SLACK, KEY, day)
        assert len(world.outlet.digests(SLACK)) == 1
        assert (await world.ledger()).date == TUESDAY


# Ends


async def test_who_is_asked_to_stop_ends_the_message_that_is_under_way(world: World) -> None:
    world.outlet.faults = scripted(None, Fault.HANG)
    serving = asyncio.ensure_future(world.courier().serve(SLACK, KEY))
    while ("post", SLACK) not in world.outlet.calls[1:]:
        await asyncio.sleep(0.001)
    serving.cancel()
    await asyncio.sleep(0.01)
    world.outlet.answering.set()
    with pytest.raises(asyncio.CancelledError):
        await serving
    outgoing = (await world.ledger()).outgoing
    assert outgoing
    assert (len(outgoing.sent), outgoing.sending_since) == (2, None)
    assert await world.app.ledgers.due(NINE, 1) == ((SLACK, KEY),)  # for others, at once
    await world.finish()
    await world.require_delivered()
    assert world.repeated() == 0


async def test_a_message_that_does_not_end_in_time_is_left_alone_for_a_while(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who looked at once would not find it, and send it again."""
    monkeypatch.setattr("bot.deliveries.outbox.FAREWELL", 0.01)
    world.outlet.faults = scripted(Fault.HANG)
    serving = asyncio.ensure_future(world.courier().serve(SLACK, KEY))
    while ("post", SLACK) not in world.outlet.calls:
        await asyncio.sleep(0.001)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert await world.app.ledgers.due(NINE, 1) == ()
    assert await world.app.ledgers.claim(SLACK, KEY, 1) is None
    await world.finish()
    await world.require_delivered()


async def test_a_page_that_is_gone_from_the_store_is_made_anew(world: World) -> None:
    death = Death()
    await interfered(world, Interference(5, death), death)
    outgoing = (await world.ledger()).outgoing
    assert outgoing
    await world.app.delivered.drop(SLACK, outgoing.digest)
    await world.finish()
    await world.require_delivered()


@pytest.mark.parametrize("fault", [Fault.TEMPORARY, Fault.LOST_AFTER])
async def test_a_server_that_evicts_what_ends_some_day_makes_nothing_come_twice(
    world: World, fault: Fault
) -> None:
    """Invariant 2, on a server that is full while a part of a digest is sent."""
    world.outlet.faults = scripted(None, fault)
    courier = world.courier()
    await courier.serve(SLACK, KEY)
    outgoing = (await world.ledger()).outgoing
    assert outgoing
    assert len(outgoing.sent) == 1
    assert await evicted(world.redis)
    world.clock.advance(minutes=1)
    await world.finish(courier)
    await world.require_delivered()
    assert world.repeated() == 0
    [record] = await world.records()
    assert await world.redis.ttl(f"commitcast:1:delivered:{record.id}") > 0  # it may go now


async def test_a_channel_that_moves_while_a_digest_is_sent_keeps_it_from_eviction(
    world: World,
) -> None:
    await world.begin(TELEGRAM)
    world.outlet.new_names[TELEGRAM] = "telegram:-1001"
    world.outlet.faults = scripted(None, Fault.MOVED)
    await world.courier().serve(TELEGRAM, KEY)
    assert await evicted(world.redis)
    await world.finish()
    await world.require_moved()


async def test_what_somebody_asked_for_is_told_in_its_scheduled_digest_as_well(
    world: World,
) -> None:
    """Also where dates and what was shown decide, as the cursor's commit has vanished
    (invariant 1)."""
    await world.finish()
    history = world.history
    delivered = history.tips[MAIN]
    history.tips[MAIN] = history.commits[delivered].parents[0]
    world.land(1)
    del history.commits[delivered]
    asked = await world.app.digest(
        world.app.locate(KEY, SLACK),
        DigestRequest(Day(TUESDAY, "UTC"), "UTC", "en"),
        lambda _done, _total: None,
    )
    assert history.tips[MAIN] in [entry.commit.sha for entry in asked.entries]
    await world.app.delivered.put(SLACK, record_of(asked, KEY, "UTC"))
    world.clock.advance(days=1)
    await world.finish()
    assert world.shown()[history.tips[MAIN]] == 1
