"""Weeks of deliveries: every commit once per subscription, one digest a day (invariants 1, 2)."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

import pytest

from analyzers.model import Digest, Importance
from bot.ports import CommitSource
from bot.subscriptions import EVERYTHING, Filters
from formatters.model import Commits, Page, Prominence, Row, Title
from formatters.text import Words
from tests.deliveries import DAILY, Clock, a_subscription, opened
from tests.living_repository import MAIN, LivingRepository
from tests.simulation import Simulation, verified

if TYPE_CHECKING:
    from redis.asyncio import Redis

COMMITS = int(os.environ.get("COMMITCAST_TEST_COMMITS", "12500"))
"""How many commits there are in all."""

pytestmark = pytest.mark.timeout(300 + COMMITS // 50)

FOLLOWERS = 3
"""How many follow each repository."""
ZONES = 400
DAYS = 30
FILTERS = (
    *(EVERYTHING,) * 3,
    Filters(("*",)),
    Filters((MAIN, "release/*")),
    Filters(("*", "-topic/*"), first_parent=True),
)
SPRING, AUTUMN = datetime(2026, 3, 7, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC)


def zones() -> list[str]:
    """All that differ, and some of their other names."""
    differ: dict[bytes, str] = {}
    others = []
    for name in sorted(available_timezones() - {"localtime", "Factory"}):
        rules = files("tzdata.zoneinfo").joinpath(name).read_bytes()
        if differ.setdefault(rules, name) != name:
            others.append(name)
    return [*differ.values(), *others[: ZONES - len(differ)]]


def changes(zone: str, begin: datetime) -> Iterator[tuple[datetime, timedelta, timedelta]]:
    """When its clocks are set within the simulated days, and their offsets before and after."""

    def offset(hour: int) -> timedelta:
        return (begin + timedelta(hours=hour)).astimezone(ZoneInfo(zone)).utcoffset() or timedelta()

    for day in range(0, 24 * DAYS, 24):
        if offset(day) != offset(day + 24):
            hour = next(hour for hour in range(day, day + 24) if offset(hour) != offset(hour + 1))
            yield begin + timedelta(hours=hour + 1), offset(hour), offset(hour + 1)


def settled(zone: str, begin: datetime, rng: random.Random) -> tuple[time, tuple[int, ...]]:
    """When somebody there wants their digest: if its clocks are set, at a time of day that this
    skips or shows twice, and on that day."""
    days = set(rng.sample(DAILY, 1))
    minutes = 60 * rng.randrange(24)
    for instant, before, after in changes(zone, begin):
        local = (instant + min(before, after)).replace(tzinfo=None)
        span = abs(after - before) / timedelta(minutes=30)
        local += timedelta(minutes=30 * rng.randrange(-1, int(span) + 1))
        days = {local.weekday()}
        if rng.random() < 0.15:
            days.add((local.weekday() + rng.choice((-1, 1))) % 7)
        minutes = 60 * local.hour + local.minute
    if rng.random() < 0.01:
        days = set(DAILY)
    return time(*divmod(minutes, 60)), tuple(sorted(days))


def bare(digest: Digest, _words: Words) -> Page:
    """A digest as a page without a word: how pages are written is not in question here, and takes
    longer than all the rest."""
    rows = tuple(Row(e.number, e.commit.sha, None, "") for e in digest.entries)
    commits = Commits("", Importance.LOW, Prominence.BRIEF, rows, "")
    return Page((Title(""), *([commits] if rows else [])))


@pytest.mark.parametrize(
    ("begin", "followed", "share"), [(SPRING, zones(), 0.7), (AUTUMN, zones()[::8], 0.3)]
)
async def test_every_commit_is_told_once_to_everybody_whatever_happens(
    redis_url: str,
    redis: Redis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    begin: datetime,
    followed: Sequence[str],
    share: float,
) -> None:
    monkeypatch.setattr("bot.deliveries.delivery.digest_page", bare)
    clock, sources, rng = Clock(begin), dict[str, CommitSource](), random.Random(begin.month)
    async with opened(redis_url, tmp_path, sources, clock) as app:
        simulation = Simulation(app, redis, clock, begin.month, DAYS, round(share * COMMITS))
        for number in range(len(followed) // FOLLOWERS):
            repository = LivingRepository(f"acme/widget{number}", number, begin)
            sources[repository.name] = repository
            simulation.repositories.append(repository)
        for number, zone in enumerate(followed):
            repository = simulation.repositories[number % len(simulation.repositories)]
            at, days = settled(zone, begin, rng)
            group = number // 8
            subscription = a_subscription(
                f"slack:T1/C{group}" if number % 8 < 4 else f"telegram:-{group}",
                repository.name,
                at=at,
                zone=zone,
                days=days,
                filters=rng.choice(FILTERS),
                made_at=begin,
            )
            await simulation.follow(subscription, repository)
        await simulation.run()
        verdict = await verified(simulation)
    # pytest -s shows it
    sys.stdout.write(
        f"\n{len(simulation.followers)} subscriptions, {verdict.digests} digests in "
        f"{verdict.messages} messages, {len(verdict.commits)} commits ({verdict.known} times only "
        f"counted), {simulation.deaths} deaths, at most {verdict.late} late\n"
    )
    assert len(verdict.commits) >= 0.75 * share * COMMITS
    assert simulation.deaths >= 5
