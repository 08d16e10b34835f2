"""Platforms that answer every fifth call with a fault, and what hangs for good: nothing is lost,
nothing comes twice, and nobody waits for another (invariants 1, 2 and 4).

Everything is real but for the repositories: the outlets, their sockets, the courier, the dispatcher
and the store.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Container, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, final

import pytest
from aiohttp import web

from analyzers.errors import OutcomeUnknown, StoreError
from analyzers.model import Analysis, Commit
from analyzers.ports import AnalysisRequest, Analyzer
from analyzers.rules import RulesAnalyzer
from bot.app import Application
from bot.deliveries import dispatch
from bot.deliveries.courier import Courier, Timing
from bot.deliveries.dispatch import Dispatcher
from bot.deliveries.ledger import Claimed
from bot.deliveries.outlet import Outlet, Posting
from bot.deliveries.pacing import Pacing
from bot.ports import CommitSource
from tests.deliveries import a_subscription, opened, subscribe
from tests.living_repository import LivingRepository
from tests.platforms import (
    ANSWERED_WITHIN,
    MARK,
    Platforms,
    Today,
    alarming,
    impatient,
    land,
    no_pace,
    platforms,
    reading,
    require_each_once,
    until,
)
from tests.servers import slack_faults, telegram_faults

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["impatient", "no_pace"]

TIMING = Timing(lease=5, retreat=0.05, sweep=0.05, longest_retreat=0.2)
KEY = "acme/widget"
STUCK = "acme/stuck"
SHARE = 0.2

ON_SLACK = (
    slack_faults.rate_limited(0.05),
    slack_faults.rate_limited(None),
    slack_faults.rate_limited("soon"),
    slack_faults.server_error,
    slack_faults.server_error_after,
    slack_faults.drop_before,
    slack_faults.drop_after,
    slack_faults.hang,
    slack_faults.hang_after,
)
UNREADABLE = '{"ok":false,"error_code":429,"description":"Slow","parameters":{"retry_after":"?"}}'
ON_TELEGRAM = (
    telegram_faults.too_many_requests(0.05),
    telegram_faults.refuses(429, "Too Many Requests"),
    telegram_faults.sends(UNREADABLE, 429, "application/json"),
    telegram_faults.internal_error,
    telegram_faults.bad_gateway,
    telegram_faults.drop,
    telegram_faults.drop_after,
    telegram_faults.hang,
    telegram_faults.hang_after,
)


@final
class Losses:
    """An outlet that counts the answers that were lost to it."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self.lost: Counter[str] = Counter()
        """By channel."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outlet, name)

    async def post(self, posting: Posting) -> str:
        try:
            return await self._outlet.post(posting)
        except OutcomeUnknown:
            self.lost[posting.channel] += 1
            raise


@final
class SlowAnalyzer(Analyzer):
    """What the rules say; of some commits only once a gate opens."""

    def __init__(self, slow: Container[str], gate: asyncio.Event) -> None:
        self._rules = RulesAnalyzer()
        self._slow = slow
        self._gate = gate

    def identity(self, language: str, *, brief: bool = False) -> str:
        return self._rules.identity(language)

    async def analyze(self, commit: Commit, request: AnalysisRequest) -> Analysis:
        if commit.sha in self._slow:
            await self._gate.wait()
        return await self._rules.analyze(commit, request)


class World:
    """Channels on both platforms that follow repositories in memory."""

    def __init__(self, app: Application, both: Platforms, today: Today) -> None:
        self.app = app
        self.both = both
        self.today = today
        self.histories = {
            name: LivingRepository(name, 1, today() - timedelta(days=9)) for name in (KEY, STUCK)
        }
        self.landed: dict[str, list[str]] = {name: [] for name in self.histories}
        """Every commit since the channels follow."""
        self.at = (today() - timedelta(minutes=5)).time().replace(second=0, microsecond=0)
        """When digests are due: some minutes ago."""

    async def follow(self, channels: Iterable[str], repository: str = KEY) -> None:
        """These channels follow a repository from now on; their digests are due."""
        made = self.today() - timedelta(days=2)
        for channel in channels:
            await subscribe(self.app, a_subscription(channel, repository, at=self.at, made_at=made))

    def land(self, count: int, repository: str = KEY) -> None:
        landed = self.landed[repository]
        titles = alarming(range(len(landed), len(landed) + count))
        landed += land(self.histories[repository], titles, self.today())

    @asynccontextmanager
    async def delivering(
        self, *outlets: Outlet, app: Application | None = None
    ) -> AsyncIterator[None]:
        """A process that delivers, by other outlets or with other parts where they are given."""
        app = app or self.app
        taken = {outlet.platform: outlet for outlet in outlets} or self.both.outlets
        async with dispatch.delivering(
            Dispatcher(app, Courier(app, taken, Pacing(), TIMING), TIMING)
        ):
            yield

    async def are_done(self, channels: Iterable[str]) -> bool:
        """Whether these have the digest of this day."""
        day = self.today().date()
        for channel in channels:
            ledgers = await self.app.ledgers.of_channel(channel)
            if any(ledger.date != day or ledger.outgoing for ledger in ledgers.values()):
                return False
        return True


@pytest.fixture
async def world(
    redis_url: str, redis: Redis, tmp_path: Path, impatient: None, no_pace: None
) -> AsyncIterator[World]:
    """Outlets wait for answers for a moment only."""
    today, sources = Today(), dict[str, CommitSource]()
    async with (
        platforms(ANSWERED_WITHIN) as both,
        opened(redis_url, tmp_path, sources, today) as app,
    ):
        made = World(app, both, today)
        sources |= made.histories
        yield made


@pytest.fixture
async def patient(
    redis_url: str, redis: Redis, tmp_path: Path, no_pace: None
) -> AsyncIterator[World]:
    """Outlets wait for answers for as long as ever: longer than a test takes."""
    today, sources = Today(), dict[str, CommitSource]()
    async with platforms() as both, opened(redis_url, tmp_path, sources, today) as app:
        made = World(app, both, today)
        sources |= made.histories
        yield made


def only_in(channel: str, fault: slack_faults.Fault) -> slack_faults.Fault:
    """A fault in one channel of Slack."""
    name = channel.rpartition("/")[2]

    async def choose(request: web.Request, carry: slack_faults.Carry) -> web.StreamResponse:
        asked = await request.json()
        return await (fault(request, carry) if asked["channel"] == name else carry())

    return choose


# ---- every fifth call fails


async def test_of_calls_that_fail_now_and_then_nothing_is_lost_and_nothing_comes_twice(
    world: World,
) -> None:
    """Invariants 1 and 2: on Slack not one message, on Telegram none without a mark, and no more
    of these than answers were lost."""
    both, rng = world.both, random.Random(1)
    for method in ("chat.postMessage", "conversations.history", "conversations.replies"):
        chance = slack_faults.sometimes(SHARE, *ON_SLACK, seed=rng.randrange(1_000))
        both.slack.always(method, chance)
    both.telegram.inject(telegram_faults.sometimes(rng, SHARE, *ON_TELEGRAM), times=1_000_000)
    slack, telegram = both.add_slack(12), both.add_telegram(12)
    await world.follow([*slack, *telegram])
    losses = [Losses(outlet) for outlet in both.outlets.values()]
    async with world.delivering(*(cast("Outlet", one) for one in losses)):
        for number in range(2):
            if number:
                world.today.ahead += timedelta(days=1)
                both.slack.workspace.pass_time(minutes=24 * 60)
            world.land(70)
            await until(lambda: world.are_done([*slack, *telegram]))
    for channel in [*slack, *telegram]:
        await require_each_once(world.app, channel, world.landed[KEY])
    for channel in slack:
        parts = Counter(one.part for one in both.seen(channel))
        assert set(parts.values()) == {1}
        assert sorted(part for _, part in filter(None, parts)) == [0, 0, 1, 1, 2, 2, 3, 3]
        assert not any(MARK in one.text for one in both.seen(channel))
    lost = losses[1].lost
    for channel in telegram:
        seen = both.seen(channel)
        plain = [one.text for one in seen if MARK not in one.text]
        assert len(plain) == len(set(plain))
        assert len(seen) - len(plain) <= lost[channel]
        assert len({one.text.removesuffix(MARK).rstrip() for one in seen}) == 4  # two a day
    assert both.calls() > 130
    assert losses[0].lost.total() > 5 < lost.total(), "hardly anything was lost"


# ---- one that hangs


async def test_a_channel_that_hangs_keeps_no_other_waiting(patient: World) -> None:
    """Invariant 4."""
    both, gate = patient.both, asyncio.Event()
    slack, telegram = both.add_slack(6), both.add_telegram(4)
    await patient.follow([*slack, *telegram])
    patient.land(3)
    stuck, *others = [*slack, *telegram]
    both.slack.always("chat.postMessage", only_in(stuck, slack_faults.held(gate)))
    async with patient.delivering():
        await until(lambda: patient.are_done(others))
        assert not both.seen(stuck)
        gate.set()
        await until(lambda: patient.are_done([stuck]))
    for channel in (stuck, *others):
        await require_each_once(patient.app, channel, patient.landed[KEY])
        assert len(both.seen(channel)) == 1


async def test_a_channel_that_is_to_wait_for_an_hour_keeps_no_other_waiting(
    patient: World,
) -> None:
    """Invariant 4; it has its digest an hour later."""
    both = patient.both
    slack, telegram = both.add_slack(4), both.add_telegram(4)
    await patient.follow([*slack, *telegram])
    patient.land(3)
    late, *others = slack
    both.slack.always("chat.postMessage", only_in(late, slack_faults.rate_limited(3_600)))
    both.telegram.inject(telegram_faults.too_many_requests(3_600), method="sendMessage")
    late_too: list[str] = []

    async def all_but_one_each() -> bool:
        late_too[:] = [channel for channel in telegram if not await patient.are_done([channel])]
        return len(late_too) == 1 and await patient.are_done(others)

    async with patient.delivering():
        await until(all_but_one_each)
        due = await patient.app.ledgers.next_due(patient.today())
        assert due
        assert timedelta(minutes=59) < due - patient.today() <= timedelta(hours=1)
        calls = both.calls()
        both.slack.always("chat.postMessage", None)
        await asyncio.sleep(3 * TIMING.sweep)
        assert both.calls() == calls  # not before
        patient.today.ahead += timedelta(hours=1)
        await until(lambda: patient.are_done([late, *late_too]))
    for channel in [*slack, *telegram]:
        await require_each_once(patient.app, channel, patient.landed[KEY])
        assert len(both.seen(channel)) == 1


async def test_a_model_that_hangs_over_one_repository_keeps_no_other_waiting(
    patient: World,
) -> None:
    """Invariant 4."""
    both, gate = patient.both, asyncio.Event()
    slack, telegram = both.add_slack(4), both.add_telegram(4)
    stuck, others = [slack[0], telegram[0]], [*slack[1:], *telegram[1:]]
    await patient.follow(stuck, STUCK)
    await patient.follow(others)
    patient.land(3)
    patient.land(3, STUCK)
    analyzer = SlowAnalyzer(patient.landed[STUCK], gate)
    async with patient.delivering(app=replace(patient.app, analyzer=analyzer)):
        await until(lambda: patient.are_done(others))
        assert not [seen for channel in stuck for seen in both.seen(channel)]
        gate.set()
        await until(lambda: patient.are_done(stuck))
    for channel in stuck:
        await require_each_once(patient.app, channel, patient.landed[STUCK])


@pytest.mark.parametrize(("at_once", "of_a_repository"), [(55, 50), (8, 5)])
async def test_a_forge_that_hangs_over_one_repository_leaves_room_for_the_others(
    patient: World, at_once: int, of_a_repository: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 4; also where more of its followers are due than are looked at together."""
    assert dispatch.MOST_OF_A_REPOSITORY < dispatch.MOST_AT_ONCE
    monkeypatch.setattr(dispatch, "MOST_AT_ONCE", at_once)
    monkeypatch.setattr(dispatch, "MOST_OF_A_REPOSITORY", of_a_repository)
    both, gate = patient.both, asyncio.Event()
    stuck = both.add_slack(60)
    others = [*both.add_slack(3), *both.add_telegram(3)]
    await patient.follow(stuck, STUCK)
    patient.at = (patient.today() - timedelta(minutes=1)).time().replace(second=0, microsecond=0)
    await patient.follow(others)  # due after all of them
    patient.land(2)
    patient.land(1, STUCK)
    asked = 0

    async def claim(*given: Any) -> Claimed | None:
        nonlocal asked
        asked += given[1] == STUCK
        return await claimed(*given)

    claimed = patient.app.ledgers.claim
    monkeypatch.setattr(patient.app.ledgers, "claim", claim)
    async with patient.delivering(app=reading(patient.app, {STUCK: gate})):
        await until(lambda: patient.are_done(others))
        assert asked == of_a_repository
        gate.set()
        await until(lambda: patient.are_done(stuck))
    for channel in stuck:
        await require_each_once(patient.app, channel, patient.landed[STUCK])


async def test_channels_of_a_platform_that_is_off_keep_no_other_waiting(
    patient: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "MOST_AT_ONCE", 2)
    both = patient.both
    off, others = both.add_telegram(12), both.add_slack(2)
    await patient.follow(off)
    patient.at = (patient.today() - timedelta(minutes=1)).time().replace(second=0, microsecond=0)
    await patient.follow(others)
    patient.land(2)
    async with patient.delivering(both.outlets["slack"]):
        await until(lambda: patient.are_done(others))
    assert not [seen for channel in off for seen in both.seen(channel)]


@pytest.mark.parametrize(
    "failure", [ZeroDivisionError(), StoreError("error-redis-timeout", url="")]
)
async def test_what_nobody_expects_in_one_subscription_ends_no_other_and_is_not_tried_all_the_time(
    patient: World, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 4."""
    both = patient.both
    stuck, *others = [*both.add_slack(3), *both.add_telegram(3)]
    await patient.follow([stuck, *others])
    patient.land(1)
    tries = []

    async def claim(*given: Any) -> Claimed | None:
        if given[0] == stuck:
            tries.append(asyncio.get_running_loop().time())
            if len(tries) < 3:
                raise failure
        return await claimed(*given)

    claimed = patient.app.ledgers.claim
    monkeypatch.setattr(patient.app.ledgers, "claim", claim)
    async with patient.delivering():
        await until(lambda: patient.are_done([stuck, *others]))
    assert len(tries) == 3
    assert all(after - before >= TIMING.sweep for before, after in pairwise(tries))
