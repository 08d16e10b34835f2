"""The dispatcher at work: what is due is found and served, whatever the clock says, and what does
not answer is in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.app import Application
from bot.deliveries.courier import Timing
from bot.deliveries.dispatch import Dispatcher
from bot.ports import CommitSource
from tests.deliveries import MADE, a_courier, a_subscription, opened, subscribe
from tests.living_repository import MAIN, LivingRepository
from tests.outlets import Fault, MemoryOutlet

if TYPE_CHECKING:
    from redis.asyncio import Redis

SLACK = "slack:T1/C1"
SOON = timedelta(seconds=0.4)


@asynccontextmanager
async def running(
    app: Application, outlet: MemoryOutlet, timing: Timing
) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(Dispatcher(app, a_courier(app, outlet), timing).run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def commands_asked(redis: Redis) -> int:
    """How many commands Redis has had."""
    return int((await redis.info("stats"))["total_commands_processed"])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
def sources() -> dict[str, CommitSource]:
    return {}


def land(sources: dict[str, CommitSource], name: str = "acme/widget") -> LivingRepository:
    repository = LivingRepository(name, 1, datetime.now(UTC) - timedelta(days=9))
    sources[name] = repository
    return repository


@pytest.mark.parametrize("hours", [-5, 0, 5])
async def test_a_digest_comes_when_the_clock_says_so_whatever_clock_it_is(
    redis_url: str, redis: Redis, tmp_path: Path, sources: dict[str, CommitSource], hours: int
) -> None:
    """The scheduler's own clock is the machine's; a process whose clock was set is woken by the
    sweep."""

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(hours=hours)

    async with opened(redis_url, tmp_path, sources, now) as app:
        outlet, repository, due = MemoryOutlet(now=now), land(sources), now() + SOON
        subscription = a_subscription(SLACK, at=due.time(), made_at=now())
        await subscribe(app, subscription)
        repository.commit_on(MAIN)
        timing = Timing(sweep=60 if hours == 0 else 0.05)
        async with running(app, outlet, timing):
            clock = asyncio.get_running_loop().time
            begun, before = clock(), await commands_asked(redis)
            await until(lambda: bool(outlet.shown))
            assert outlet.shown[0].at >= due
            await asyncio.sleep(0.2)
            sweeps = (clock() - begun) / timing.sweep
            asked = await commands_asked(redis) - before
            assert asked < 200 + 10 * sweeps, "it sleeps in between"
        assert len(outlet.shown) == 1


async def test_what_was_due_while_nobody_was_there_comes_at_the_start(
    redis_url: str, redis: Redis, tmp_path: Path, sources: dict[str, CommitSource]
) -> None:
    """Also where the index was lost: it is made anew from the subscriptions."""
    moment = datetime.now(UTC)
    clock = [moment - timedelta(days=2)]
    async with opened(redis_url, tmp_path, sources, lambda: clock[0]) as app:
        outlet, repository = MemoryOutlet(), land(sources)
        hour_ago = (moment - timedelta(hours=1)).time()
        await subscribe(app, a_subscription(SLACK, at=hour_ago, made_at=clock[0]))
        repository.commit_on(MAIN)
        await redis.delete("commitcast:1:due")
        clock[0] = moment
        async with running(app, outlet, Timing(sweep=60)):
            await until(lambda: bool(outlet.shown))
        assert len(outlet.shown) == 1


async def test_a_clock_that_ran_a_year_ahead_and_is_set_right_keeps_nothing_back(
    redis_url: str, redis: Redis, tmp_path: Path, sources: dict[str, CommitSource]
) -> None:
    clock = [MADE]
    async with opened(redis_url, tmp_path, sources, lambda: clock[0]) as app:
        outlet, repository = MemoryOutlet(), land(sources)
        await subscribe(app, a_subscription(SLACK, made_at=MADE))
        clock[0] = MADE + timedelta(days=365)
        async with running(app, outlet, Timing(sweep=0.05)):
            repository.commit_on(MAIN)
            await until(lambda: len(outlet.shown) == 1)
            repository.commit_on(MAIN)
            clock[0] = MADE
            ledgers = app.ledgers
            async with asyncio.timeout(20):
                while (await ledgers.of_channel(SLACK))["acme/widget"].date != MADE.date():
                    await asyncio.sleep(0.01)
            assert len(outlet.shown) == 1  # today's, whatever it said
            clock[0] += timedelta(days=1)
            await until(lambda: len(outlet.shown) == 2)


async def test_a_channel_that_hangs_delays_no_other_and_not_the_end(
    redis_url: str,
    redis: Redis,
    tmp_path: Path,
    sources: dict[str, CommitSource],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Invariant 4."""
    monkeypatch.setattr("bot.deliveries.outbox.FAREWELL", 0.1)
    start = MADE
    clock = [start]
    async with opened(redis_url, tmp_path, sources, lambda: clock[0]) as app:
        outlet, repository = MemoryOutlet(now=lambda: clock[0]), land(sources)
        outlet.faults = lambda _, channel: Fault.HANG if channel == SLACK else None
        for number in range(1, 4):
            await subscribe(app, a_subscription(f"slack:T1/C{number}", made_at=start))
        repository.commit_on(MAIN)
        clock[0] = start + timedelta(days=1)
        async with running(app, outlet, Timing(sweep=60)) as task:
            await until(lambda: len(outlet.shown) == 2 and ("post", SLACK) in outlet.calls)
            task.cancel()
            await asyncio.wait({task}, timeout=30)
            assert task.done()


@pytest.mark.parametrize("waits_for", ["a repository", "a platform"])
async def test_those_who_cannot_be_served_hide_nobody(
    redis_url: str,
    redis: Redis,
    tmp_path: Path,
    sources: dict[str, CommitSource],
    monkeypatch: pytest.MonkeyPatch,
    waits_for: str,
) -> None:
    """More than are looked at in one go follow a repository that does not answer, or are in chats
    that this process has no part in; they have waited the longest."""
    monkeypatch.setattr("bot.deliveries.dispatch.MOST_AT_ONCE", 5)
    monkeypatch.setattr("bot.deliveries.dispatch.MOST_OF_A_REPOSITORY", 2)
    start = MADE
    clock = [start]
    async with opened(redis_url, tmp_path, sources, lambda: clock[0]) as app:
        outlet, hanging = MemoryOutlet(now=lambda: clock[0]), land(sources, "acme/hanging")
        repository = land(sources)
        platform = "slack:T1/C" if waits_for == "a repository" else "telegram:-"
        for number in range(25):
            channel = f"{platform}{number}"
            sooner = a_subscription(channel, "acme/hanging", at=time(8), made_at=start)
            await subscribe(app, sooner)
        last = a_subscription("slack:T1/Z1", made_at=start)
        await subscribe(app, last)
        repository.commit_on(MAIN)
        hanging.delay = 60
        clock[0] = start + timedelta(days=1)
        async with running(app, outlet, Timing(sweep=60)):
            await until(lambda: bool(outlet.shown))
        assert [one.channel for one in outlet.shown] == [last.channel]
