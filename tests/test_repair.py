"""Digests that are repaired where they stand: analyses that come late, and commits that are
reverted later; on both platforms for real."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import pytest

from analyzers.cached import CachedAnalyzer
from analyzers.errors import ModelError, SourceError, StoreError
from analyzers.fallback import WithRules
from analyzers.model import Analysis, Commit, RulesReason
from analyzers.ports import AnalysisRequest, Analyzer
from analyzers.rules import rules_analysis
from bot.app import Application, utc_now
from bot.commands.answering import Commands
from bot.deliveries import repair
from bot.deliveries.delivery import Delivered
from bot.deliveries.ledger import Ledger
from bot.deliveries.outlet import Outlet
from bot.deliveries.pacing import Pacing
from bot.deliveries.repair import GIVEN_UP, RETREAT, Repairs
from bot.front import Front
from bot.ports import CommitSource
from formatters.model import Action, Verb
from formatters.pages import TO_COME
from formatters.text import words_for
from tests.conversations import Speaker, text_of
from tests.deliveries import (
    Clock,
    Death,
    Interference,
    Killed,
    a_courier,
    a_subscription,
    opened,
    subscribe,
    watched,
)
from tests.digests import model_analysis
from tests.fakes import MemoryTurns
from tests.language_models import an_analyzer
from tests.living_repository import LivingRepository
from tests.outlets import MemoryOutlet
from tests.platforms import (
    MARK,
    Platforms,
    impatient,
    land,
    no_pace,
    platforms,
    reading,
    records,
    until,
)
from tests.servers import slack_faults, telegram_faults
from tests.servers.openai import Fault, OpenAIServer

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["impatient", "no_pace"]

KEY = "acme/widget"
OTHER = "acme/other"
EN = words_for("en")
DOWN = RulesReason.SERVER_ERROR


@final
class Model(Analyzer):
    """A model that fails as it is told to."""

    def __init__(self) -> None:
        self.failure: RulesReason | Exception | None = None
        """What becomes of every request."""
        self.refused: set[str] = set()
        """The commits that it does not talk about."""
        self.headline = "Model: {}"
        """What it says of a title."""
        self.asked: list[str] = []
        """The commit of each request."""

    def identity(self, language: str, *, brief: bool = False) -> str:
        return f"model/{language}"

    async def analyze(self, commit: Commit, request: AnalysisRequest) -> Analysis:
        self.asked.append(commit.sha)
        if isinstance(self.failure, Exception):
            raise self.failure
        if self.failure:
            raise ModelError(self.failure)
        if commit.sha in self.refused:
            raise ModelError(RulesReason.REFUSED)
        facts = rules_analysis(commit, RulesReason.NOT_CONFIGURED).facts
        said = self.headline.format(commit.message.splitlines()[0])
        return replace(model_analysis(said), facts=facts)


class World:
    """A channel on each platform that follows a repository, and a model."""

    def __init__(self, app: Application, redis: Redis, both: Platforms, clock: Clock) -> None:
        self.app = app
        self.redis = redis
        self.both = both
        self.clock = clock
        self.model = Model()
        self.histories = {
            name: LivingRepository(name, 1, clock() - timedelta(days=9)) for name in (KEY, OTHER)
        }
        [self.slack] = both.add_slack(1)
        [self.telegram] = both.add_telegram(1)
        self.channels = (self.slack, self.telegram)

    def use(self, model: Analyzer) -> None:
        """Let this analyze from now on, as the application would."""
        analyzer = WithRules(CachedAnalyzer(model, self.app.analyses, MemoryTurns()))
        self.app = replace(self.app, analyzer=analyzer)

    async def follow(self, *channels: str, repository: str = KEY) -> None:
        for channel in channels or self.channels:
            await subscribe(self.app, a_subscription(channel, repository, made_at=self.clock()))
        self.clock.advance(hours=1)

    def land(self, *titles: str, repository: str = KEY) -> list[str]:
        return land(self.histories[repository], titles, self.clock())

    async def deliver(self, *channels: str, repository: str = KEY) -> list[Delivered]:
        """The next day's digests; their records, one for each channel."""
        self.clock.advance(days=1)
        courier, day = a_courier(self.app, *self.both.outlets.values()), self.clock().date()
        delivered = []
        for channel in channels or self.channels:
            outcome = await courier.serve(channel, repository, day)
            assert isinstance(outcome, Ledger), outcome
            delivered.append((await records(self.app, channel))[-1])
        return delivered

    def repairs(self, *outlets: Outlet) -> Repairs:
        """Those of a process that has just started."""
        taken = {outlet.platform: outlet for outlet in outlets} or self.both.outlets
        return Repairs(self.app, taken, Pacing())

    async def look(self, **later: float) -> None:
        """What a process does that starts some time later."""
        self.clock.advance(**later)
        await self.repairs().look()

    async def waiting(self) -> int:
        """How many digests wait for repair."""
        return await self.redis.zcard("commitcast:1:repairs")

    def texts(self, channel: str) -> list[str]:
        return [one.text for one in self.both.seen(channel)]

    def versions(self, channel: str) -> list[int]:
        return [one.versions for one in self.both.seen(channel)]


@pytest.fixture
async def world(
    redis_url: str, redis: Redis, tmp_path: Path, no_pace: None
) -> AsyncIterator[World]:
    clock, sources = Clock(utc_now()), dict[str, CommitSource]()
    async with platforms() as both, opened(redis_url, tmp_path, sources, clock) as app:
        made = World(app, redis, both, clock)
        made.use(made.model)
        sources |= made.histories
        yield made


@contextmanager
def failing(world: World, port: str, method: str, times: int = 1) -> Iterator[None]:
    """Let a store fail when it is asked to."""
    store = getattr(world.app, port)
    found, left = getattr(store, method), [None] * times

    async def fail(*given: Any) -> Any:
        if left:
            left.pop()
            raise StoreError("error-redis-timeout", permanent=False, url="test")
        return await found(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, method, fail)
        yield
    assert not left


VERBS = ("Rename", "Explain", "Measure", "Restore", "Shorten", "Replace")
NOUNS = (
    *("parser", "gateway", "scheduler", "cache", "ledger", "outline", "courier", "mirror", "queue"),
    *("window", "summary"),
)


def titles(count: int) -> list[str]:
    """Titles that say different things, up to 66."""
    return [f"{verb} the {noun}" for noun in NOUNS for verb in VERBS][:count]


def long_titles(count: int) -> list[str]:
    """The same, with much more to say."""
    return [
        f"{title}: {' '.join(f'word{number}x{more}' for more in range(9))}"
        for number, title in enumerate(titles(count))
    ]


def promised(count: int) -> str:
    """How a digest tells that so many analyses are still to come."""
    return EN("complete-to-come", mark=TO_COME, n=count)


def by_model(text: str, count: int) -> int:
    """How many of these commits a text shows with what the model says."""
    return sum(f"Model: {title}" in text for title in titles(count))


# ---- a model that is dead all day


@pytest.mark.parametrize(
    ("fault", "reason", "alerts"),
    [
        (Fault.SERVER_ERROR, "server-error", 1),
        (Fault.HANG, "timed-out", 1),
        (Fault.UNAUTHORIZED, "unauthorized", 1),
        (Fault.PROSE, "invalid-reply", 0),  # the fallback's alone
    ],
)
async def test_digests_of_a_dead_model_come_marked_and_are_repaired_when_it_is_back(
    world: World, fault: Fault, reason: str, alerts: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Invariant 4, with a real server: one edit a message, and no number changes."""
    caplog.set_level(logging.WARNING, "analyzers")
    seconds = 0.0
    async with (
        OpenAIServer() as server,
        an_analyzer(
            server, timeout=0.3 if fault is Fault.HANG else 30, clock=lambda: seconds
        ) as model,
    ):
        world.use(model)
        server.fault = fault
        await world.follow()
        landed = world.land(*titles(12))
        before = await world.deliver()
        for channel in world.channels:
            [text] = world.texts(channel)
            assert all(f"{TO_COME} {title}" in text for title in titles(12))
            assert promised(12) in text
            assert EN(f"rules-reason-{reason}") in text
            for said in ("The server had an error", "Incorrect API key", "looks good to me"):
                assert said not in text
        for _ in range(8):
            seconds += 3_600
            await world.look(hours=1)
        assert world.both.edits() == 0
        told = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert len([one for one in told if one.name == "analyzers.language_model"]) == alerts
        assert len([one for one in told if one.name == "analyzers.fallback"]) == 1
        server.fault = None
        seconds += 3_600
        await world.look(hours=3)
    for channel, old in zip(world.channels, before, strict=True):
        assert world.versions(channel) == [1]
        [text] = world.texts(channel)
        assert TO_COME not in text
        assert "12 commits: 12 analysed" in text
        assert by_model(text, 12) == 12
        [new] = await records(world.app, channel)
        assert (new.shas, new.groups) == (old.shas, old.groups)
        assert {*new.shas} == {*landed}
        await require_expansions(world, channel, new)
    assert world.both.edits() == 2
    assert await world.waiting() == 0


async def require_expansions(world: World, channel: str, record: Delivered) -> None:
    """Each number opens the commit that stands beside it."""
    reader = Speaker(Front(Commands(world.app), world.app.events), channel)
    history = world.histories[record.repository].commits
    for number in (1, len(record.shas)):
        action = Action(Verb.EXPAND, record.id, number)
        title = history[record.shas[number - 1]].message.splitlines()[0]
        assert f"Model: {title}" in text_of((await reader.presses(action.token)).page)


async def test_no_edit_is_made_until_all_is_there(world: World) -> None:
    seconds = 0.0
    async with (
        OpenAIServer() as server,
        an_analyzer(server, concurrency=2, clock=lambda: seconds) as model,
    ):
        world.use(model)
        server.fault = Fault.SERVER_ERROR
        await world.follow()
        world.land(*titles(8))
        server.faults.extend([None] * 2)
        await world.deliver()
        assert all(promised(6) in text for c in world.channels for text in world.texts(c))
        server.faults.extend([None] * 3)
        seconds += 600
        await world.look(minutes=10)
        assert world.both.edits() == 0
        server.fault = None
        asked = len(server.requests)
        seconds += 600
        await world.look(minutes=10)
    assert len(server.requests) - asked == 3  # what had come is kept
    assert [world.versions(channel) for channel in world.channels] == [[1], [1]]


async def test_what_the_model_refuses_though_it_answers_others_is_not_waited_for(
    world: World,
) -> None:
    """The others would wait for three days."""
    world.model.failure = DOWN
    await world.follow()
    landed = world.land(*titles(5))
    await world.deliver()
    world.model.failure, world.model.refused = None, {landed[2]}
    await world.look(minutes=10)
    for channel in world.channels:
        assert world.versions(channel) == [1]
        [text] = world.texts(channel)
        assert TO_COME not in text
        assert by_model(text, 5) == 4
        assert "4 analysed" in text
    assert await world.waiting() == 0


async def test_what_is_never_answered_is_given_up_and_costs_little(world: World) -> None:
    """After three days nothing is promised any more."""
    await world.follow()
    world.model.refused = {*world.land(*titles(1))}
    await world.deliver(world.slack)
    await world.look(hours=1)
    [text] = world.texts(world.slack)
    assert TO_COME in text
    asked = len(world.model.asked)
    for _ in range(8 * 24 * 4):
        await world.look(minutes=15)
        if world.both.edits():
            break
    [record] = await records(world.app, world.slack)
    assert GIVEN_UP < world.clock() - record.at < 1.3 * GIVEN_UP
    assert len(world.model.asked) - asked <= 60
    [text] = world.texts(world.slack)
    assert TO_COME not in text
    assert EN("rules-reason-refused") in text
    for _ in range(3):
        await world.look(days=1)
    assert world.both.edits() == 1
    assert await world.waiting() == 0


async def test_while_the_model_is_dead_hardly_anything_is_read(world: World) -> None:
    world.model.failure = DOWN
    await world.follow()
    world.land(*titles(40))
    await world.deliver(world.slack)
    reads = world.histories[KEY].reads
    for _ in range(12):
        await world.look(minutes=5)
    assert world.histories[KEY].reads - reads <= 12


async def test_an_analysis_that_is_lost_meanwhile_is_not_replaced_by_the_rules(
    world: World,
) -> None:
    """What came at first has gone from the cache when the rest is there, and does not come."""
    await world.follow()
    landed = world.land(*titles(4))
    world.model.refused = {landed[0]}
    await world.deliver(world.slack)
    async for key in world.redis.scan_iter("commitcast:1:cache:*"):
        await world.redis.delete(key)
    world.model.refused = {landed[1]}
    await world.look(minutes=10)
    assert world.both.edits() == 0
    world.model.refused = set()
    await world.look(hours=1)
    [text] = world.texts(world.slack)
    assert by_model(text, 4) == 4


async def test_a_model_that_was_removed_takes_no_analyses_away(world: World) -> None:
    await world.follow()
    world.model.refused = {world.land(*titles(4))[0]}
    await world.deliver(world.slack)
    world.model.failure = RulesReason.NOT_CONFIGURED
    for days in (1, 1, 1, 1):
        await world.look(days=days)
    assert world.both.edits() == 0
    assert await world.waiting() == 0


async def test_a_digest_that_somebody_asked_for_is_repaired_as_well(world: World) -> None:
    world.model.failure = DOWN
    world.land(*titles(3))
    world.clock.advance(hours=1)
    outlet = MemoryOutlet()
    speaker = Speaker(Front(Commands(world.app), world.app.events), "slack:T1/C1")
    answer = await speaker.says(f"/digest {KEY} 24h")
    assert "Model:" not in text_of(answer.page)
    world.model.failure = None
    await world.repairs(outlet).look()
    [(message, posting)] = outlet.edits
    assert (message, posting.channel, posting.part) == ("1", "slack:T1/C1", 0)
    assert text_of(posting.page).count("Model:") == 3
    assert posting.page.digest == answer.page.digest
    await world.repairs(outlet).look()
    assert len(outlet.edits) == 1
    assert await world.waiting() == 0


# ---- whatever stands in the way


async def broken(world: World, count: int = 3) -> None:
    """Digests that wait for a model that is back."""
    world.model.failure = DOWN
    await world.follow()
    world.land(*titles(count))
    await world.deliver()
    world.model.failure = None


async def test_a_message_that_was_deleted_is_not_sent_again(world: World) -> None:
    await broken(world)
    world.both.slack.workspace.posted(world.slack.rpartition("/")[2])[0].is_deleted = True
    world.both.chats[world.telegram].sent[0].is_deleted = True
    calls = world.both.calls()
    await world.look(minutes=1)
    await world.look(hours=1)
    assert world.both.calls() == calls
    assert world.both.edits() == 2
    assert await world.waiting() == 0


async def test_a_channel_that_takes_no_more_edits_is_given_up_and_no_other(world: World) -> None:
    await broken(world)
    name = world.slack.rpartition("/")[2]
    world.both.slack.workspace.channels[name].is_archived = True
    await world.look(minutes=1)
    assert world.versions(world.slack) == [0]
    assert world.versions(world.telegram) == [1]
    assert await world.waiting() == 0


@pytest.mark.parametrize(
    "fault",
    [
        slack_faults.refused("token_revoked"),
        slack_faults.rate_limited(3_600),
        slack_faults.server_error,
        slack_faults.refused("internal_error"),
    ],
)
async def test_what_passes_is_waited_for(world: World, fault: slack_faults.Fault) -> None:
    await broken(world)
    world.both.slack.always("chat.update", fault)
    await world.look(minutes=1)
    assert (world.versions(world.slack), world.versions(world.telegram)) == ([0], [1])
    world.both.slack.always("chat.update", None)
    edits = world.both.edits()
    await world.look(minutes=4)
    assert world.both.edits() == edits  # not so soon
    await world.look(hours=12)
    assert world.versions(world.slack) == [1]
    assert await world.waiting() == 0


async def test_a_forge_that_fails_is_asked_again_later(world: World) -> None:
    await broken(world)
    working = world.app

    async def refuse(*_: Any, **__: Any) -> Any:
        raise SourceError("error-github-unreachable", permanent=False)

    world.app = replace(world.app, open_source=refuse)
    await world.look(minutes=1)
    assert world.both.edits() == 0
    world.app = working
    await world.look(hours=12)
    assert world.both.edits() == 2


async def test_digests_that_are_forgotten_are_not_looked_for_for_ever(world: World) -> None:
    await broken(world)
    await world.app.delivered.drop(world.slack, (await records(world.app, world.slack))[0].id)
    async for key in world.redis.scan_iter("commitcast:1:delivered:*"):
        await world.redis.delete(key)
    await world.look(minutes=1)
    assert world.both.edits() == 0
    assert await world.waiting() == 0


async def test_digests_of_a_platform_that_is_off_are_left_to_others_and_then_given_up(
    world: World,
) -> None:
    await broken(world)
    slack = world.both.outlets["slack"]
    world.clock.advance(minutes=1)
    await world.repairs(slack).look()
    assert (world.versions(world.slack), world.versions(world.telegram)) == ([1], [0])
    assert await world.waiting() == 1
    world.clock.advance(days=4)
    await world.repairs(slack).look()
    assert await world.waiting() == 0


@pytest.mark.parametrize("method", ["get", "repair_at", "put"])
async def test_a_store_that_fails_ends_no_repair_for_good(world: World, method: str) -> None:
    await broken(world)
    with failing(world, "delivered", method):
        await world.look(minutes=1)
    await world.look(hours=12)
    await world.look(hours=12)
    assert all(TO_COME not in text for c in world.channels for text in world.texts(c))
    assert await world.waiting() == 0


async def test_repairs_go_on_whatever_happens(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known at first; then one digest meets a fault of ours, and another one hangs."""
    monkeypatch.setattr(repair, "PAUSE", 0.01)
    monkeypatch.setattr(repair, "LONGEST", 1)
    gate, others = asyncio.Event(), world.both.add_slack(2)
    world.model.failure = DOWN
    await world.follow(*others, repository=OTHER)
    await world.follow()
    world.land(*titles(2))
    world.land(*titles(2), repository=OTHER)
    await world.deliver(*others, repository=OTHER)
    await world.deliver()
    world.model.failure = None
    faulty, found = others[0], world.app.delivered.get

    async def get(channel: str, digest: str) -> Delivered | None:
        if channel == faulty:
            raise ZeroDivisionError
        return await found(channel, digest)

    monkeypatch.setattr(world.app.delivered, "get", get)
    world.app = reading(world.app, {OTHER: gate})
    with failing(world, "delivered", "take_repairs"):
        running = asyncio.create_task(world.repairs().run())
        await until(lambda: running.done() or world.both.edits() == 2)
        await until(lambda: running.done() or len(asyncio.all_tasks()) < 20)
        world.clock.advance(hours=12)
        gate.set()
        await until(lambda: running.done() or world.both.edits() == 3)
        async with asyncio.timeout(20):
            while await world.waiting() > 1:  # the faulty one
                await asyncio.sleep(0.01)
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [world.versions(channel) for channel in world.channels] == [[1], [1]]
    assert world.versions(others[1]) == [1]
    assert await world.waiting() == 1


async def test_two_processes_make_no_edit_twice(world: World) -> None:
    await broken(world)
    world.clock.advance(minutes=1)
    await asyncio.gather(*(world.repairs().look() for _ in range(3)))
    assert world.both.edits() == 2


@pytest.mark.parametrize("after", [False, True])
async def test_a_process_may_be_killed_at_every_step_of_a_repair(world: World, after: bool) -> None:
    """The one that starts later makes the same edits again, and nothing else."""
    for step in range(1, 100):
        await broken(world)
        calls, death = world.both.calls(), Death()
        interference = Interference(step, death, after=after)
        app, outlets = watched(
            world.app, *world.both.outlets.values(), watchers=(death, interference)
        )
        world.clock.advance(minutes=1)
        taken = {outlet.platform: outlet for outlet in outlets}
        [outcome] = await asyncio.gather(
            Repairs(app, taken, Pacing()).look(), return_exceptions=True
        )
        assert isinstance(outcome, Killed) is interference.has_happened
        for hours in (12, 12):
            await world.look(hours=hours)
        for channel in world.channels:
            assert TO_COME not in world.texts(channel)[-1]
            assert world.versions(channel)[-1] in (1, 2)
        assert world.both.calls() == calls
        assert await world.waiting() == 0
        if not interference.has_happened:
            assert step > 6
            return
        await world.redis.flushall()
    pytest.fail("no process survived")


# ---- pages that grow and shrink


class Lines:
    """How many lines Slack's messages have."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def of_a_message(self, most: int) -> None:
        self._patch.setattr("formatters.blockkit.digest.MAX_LINES", most)


LONG = "a name that is long and says what became of it in the end and why that was so"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    return Lines(monkeypatch)


async def grown(world: World, lines: Lines) -> None:
    """Digests that fill their messages, and do not fit any more once the model is back. On Slack
    messages have become shorter, for there it is lines that count."""
    lines.of_a_message(40)
    await broken(world, 66)
    assert [len(world.texts(channel)) for channel in world.channels] == [2, 1]
    world.model.headline = f"{{}}: {LONG}"
    lines.of_a_message(25)


def require_all_numbers(world: World, channel: str, count: int) -> None:
    """Every commit stands in one of the messages that are left."""
    text = "\n".join(text for text in world.texts(channel) if MARK not in text)
    assert all(text.count(f"{title}: {LONG[:20]}") == 1 for title in titles(count))


async def test_what_grows_out_of_its_messages_goes_on_in_another(
    world: World, lines: Lines
) -> None:
    await grown(world, lines)
    await world.look(minutes=1)
    assert [world.versions(channel) for channel in world.channels] == [[1, 1, 0], [1, 0]]
    for channel in world.channels:
        assert not any(MARK in text for text in world.texts(channel))
        [record] = await records(world.app, channel)
        assert record.messages == tuple(one.id for one in world.both.seen(channel))
    require_all_numbers(world, world.telegram, 66)
    first, _, last = world.both.slack.workspace.posted(world.slack.rpartition("/")[2])
    assert last.thread_ts == first.ts
    await world.look(hours=12)
    assert [world.versions(channel) for channel in world.channels] == [[1, 1, 0], [1, 0]]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("arrives", [False, True])
async def test_a_new_message_whose_answer_is_lost_is_looked_up_or_marked(
    world: World, arrives: bool, lines: Lines
) -> None:
    """Invariant 2; nothing is edited before: what grew out of its message would be nowhere."""
    await grown(world, lines)
    slack = slack_faults.drop_after if arrives else slack_faults.drop_before
    telegram = telegram_faults.drop_after if arrives else telegram_faults.drop
    world.both.slack.inject("chat.postMessage", slack)
    world.both.telegram.inject(telegram, method="sendMessage")
    await world.look(minutes=1)
    assert world.both.edits() == 0
    await world.look(hours=12)
    assert world.versions(world.slack) == [1, 1, 0]
    assert len({one.part for one in world.both.seen(world.slack)}) == 3
    marked = [MARK in text for text in world.texts(world.telegram)]
    assert marked == ([False, False, True] if arrives else [False, True])
    assert not any(MARK in text for text in world.texts(world.slack))
    assert await world.waiting() == 0


async def test_a_new_message_that_is_refused_for_a_while_comes_later_without_a_mark(
    world: World, lines: Lines
) -> None:
    await grown(world, lines)
    world.both.slack.inject("chat.postMessage", slack_faults.rate_limited(3_600))
    world.both.telegram.inject(telegram_faults.too_many_requests(3_600), method="sendMessage")
    await world.look(minutes=1)
    assert world.both.edits() == 0
    await world.look(hours=12)
    assert [world.versions(channel) for channel in world.channels] == [[1, 1, 0], [1, 0]]
    assert not any(MARK in text for c in world.channels for text in world.texts(c))


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("channel", ["slack:T1/C1", "telegram:-1"])
async def test_a_process_may_be_killed_while_a_page_grows(
    world: World, channel: str, after: bool
) -> None:
    """Invariant 2, on an outlet that notes what comes twice without a mark."""
    marked = 0
    for step in range(1, 100):
        platform = channel.partition(":")[0]
        outlet = MemoryOutlet(platform, can_find=platform == "slack", now=world.clock, rows=3)
        world.both = replace(world.both, outlets={platform: outlet})
        world.model.failure = DOWN
        await world.follow(channel)
        landed = world.land(*titles(6))
        await world.deliver(channel)
        world.model.failure, outlet._rows = None, 2
        death = Death()
        interference = Interference(step, death, after=after)
        app, [watched_outlet] = watched(world.app, outlet, watchers=(death, interference))
        world.clock.advance(minutes=1)
        repairs = Repairs(app, {platform: watched_outlet}, Pacing())
        await asyncio.gather(repairs.look(), return_exceptions=True)
        for _ in range(2):
            await world.look(hours=12)
        assert not outlet.violations
        assert [one.part for one in outlet.shown if not one.may_repeat][:2] == [0, 1]
        assert {one.part for one in outlet.shown} == {0, 1, 2}
        assert len(outlet.shown) <= 3 + any(one.may_repeat for one in outlet.shown)
        assert {message for message, _ in outlet.edits} >= {one.id for one in outlet.shown[:2]}
        [record] = await records(world.app, channel)
        assert (len(record.messages), {*record.shas}) == (3, {*landed})
        assert await world.waiting() == 0
        marked += sum(one.may_repeat for one in outlet.shown)
        if not interference.has_happened:
            assert bool(marked) is (platform == "telegram")
            return
        await world.redis.flushall()
    pytest.fail("no process survived")


async def test_a_message_whose_id_nobody_knows_is_left_as_it_is(world: World, lines: Lines) -> None:
    """The others are repaired, and one more is sent where it is needed."""
    await grown(world, lines)
    for channel in world.channels:
        [record] = await records(world.app, channel)
        lost = replace(record, messages=("", *record.messages[1:]))
        await world.app.delivered.put(channel, lost)
    await world.look(minutes=1)
    assert [world.versions(channel) for channel in world.channels] == [[0, 1, 0], [0, 0]]
    assert await world.waiting() == 0


async def test_what_a_page_needs_no_more_says_so(world: World, lines: Lines) -> None:
    """No commit stands in two messages."""
    lines.of_a_message(25)
    world.model.failure = DOWN
    await world.follow()
    world.land(*long_titles(66))
    await world.deliver()
    assert [len(world.texts(channel)) for channel in world.channels] == [3, 2]
    lines.of_a_message(40)
    world.model.failure, world.model.headline = None, "{:.19}"
    await world.look(minutes=1)
    assert [world.versions(channel) for channel in world.channels] == [[1, 1, 1], [1, 1]]
    for channel in world.channels:
        *shown, rest = world.texts(channel)
        assert EN("digest-shorter") in rest
        text = "\n".join(shown)
        assert all(title[:19] in text and title[:19] not in rest for title in titles(66))


# ---- reverts


def reverting(sha: str) -> str:
    return f'Revert "Tell of it"\n\nThis reverts commit {sha}.'


async def test_a_reverted_commit_is_marked_once_where_it_was_posted(world: World) -> None:
    await world.follow()
    landed = world.land(*titles(3))
    before = await world.deliver()
    [by] = world.land(reverting(landed[1]))
    await world.deliver()
    for _ in range(3):
        await world.look(hours=1)
    told = EN("row-reverted", by=by[:7], headline="Model: Explain the parser")
    for channel, record in zip(world.channels, before, strict=True):
        assert world.versions(channel) == [1, 0]
        first, second = world.texts(channel)
        assert told in first
        assert EN("row-reverted", by=by[:7], headline="") not in second
        marked = await world.app.delivered.get(channel, record.id)
        assert marked
        assert marked.reverted == ((landed[1], by),)
        assert marked.shas == record.shas
    assert await world.waiting() == 0


async def test_a_short_name_is_enough_and_several_marks_are_one_edit(world: World) -> None:
    await world.follow()
    landed = world.land(*titles(3))
    await world.deliver()
    world.land(reverting(landed[0][:7]), reverting(landed[2][:12]))
    await world.deliver()
    await world.look(minutes=1)
    assert [world.versions(channel) for channel in world.channels] == [[1, 0], [1, 0]]
    assert all(world.texts(channel)[0].count("Reverted by") >= 2 for channel in world.channels)


async def test_what_was_not_delivered_or_marked_before_or_elsewhere_is_not_marked(
    world: World,
) -> None:
    """Another repository of the channel has a commit of the same name."""
    await world.follow()
    await world.follow(repository=OTHER)
    landed = world.land(*titles(2))
    other = world.histories[OTHER]
    world.land("Tell of something else", repository=OTHER)
    twin = other.commits.pop(other.tips["main"])
    other.tips["main"] = landed[0]
    other.commits[landed[0]] = replace(twin, sha=landed[0])
    await world.deliver(repository=OTHER)
    world.clock.advance(days=-1)
    await world.deliver()
    old = world.histories[KEY].commits[landed[0]].parents[0]
    [by, _, _] = world.land(reverting(landed[0]), reverting(old), reverting("0" * 40))
    await world.deliver()
    await world.look(minutes=1)
    assert [world.versions(channel) for channel in world.channels] == [[0, 1, 0], [0, 1, 0]]
    world.land(reverting(landed[0]))
    await world.deliver()
    await world.look(minutes=1)
    assert [world.versions(channel) for channel in world.channels] == [[0, 1, 0, 0]] * 2
    assert all(f"Reverted by {by[:7]}" in world.texts(channel)[1] for channel in world.channels)
    assert await world.waiting() == 0


async def test_a_mark_outlives_the_repair_of_its_digest(world: World) -> None:
    world.model.failure = DOWN
    await world.follow()
    landed = world.land(*titles(3))
    await world.deliver()
    [by] = world.land(reverting(landed[1]))
    await world.deliver()
    await world.look(minutes=1)
    assert all(f"Reverted by {by[:7]}" in world.texts(channel)[0] for channel in world.channels)
    world.model.failure = None
    await world.look(hours=12)
    for channel in world.channels:
        assert world.versions(channel) == [2, 1]  # the mark, and the analyses
        first, second = world.texts(channel)
        assert f"Reverted by {by[:7]}: Model: Explain the parser" in first
        assert TO_COME not in first + second
    assert await world.waiting() == 0


async def test_a_commit_is_marked_wherever_it_was_shown(world: World) -> None:
    """In its scheduled digest, and in one that somebody asked for."""
    outlet = MemoryOutlet()
    await subscribe(world.app, a_subscription(made_at=world.clock()))
    [sha] = world.land("Tell of it")
    courier = a_courier(world.app, outlet)
    world.clock.advance(hours=20)
    await courier.serve("slack:T1/C1", KEY, world.clock().date())
    speaker = Speaker(Front(Commands(world.app), world.app.events), "slack:T1/C1")
    await speaker.says(f"/digest {KEY} 24h")
    world.land(reverting(sha))
    world.clock.advance(days=1)
    await courier.serve("slack:T1/C1", KEY, world.clock().date())
    await world.repairs(outlet).look()
    assert sorted(message for message, _ in outlet.edits) == ["1", outlet.shown[0].id]


async def test_a_digest_whose_messages_are_in_a_channel_that_has_moved_is_not_sent_again(
    world: World,
) -> None:
    """A group that has become a supergroup has none of its messages."""
    await world.follow(world.telegram)
    [sha] = world.land("Tell of it")
    await world.deliver(world.telegram)
    [moved] = world.both.add_telegram(1)
    await world.app.move(world.telegram, moved)
    world.land(reverting(sha))
    await world.deliver(moved)
    calls = world.both.calls()
    await world.look(minutes=1)
    assert (world.both.calls(), world.both.edits()) == (calls, 0)
    assert len(world.texts(moved)) == 1
    [first, _] = await records(world.app, moved)
    assert first.reverted


def test_what_is_waited_for_is_told_in_time() -> None:
    """Whoever begins a repair has ended it before another process may begin it."""
    assert timedelta(seconds=repair.LONGEST) < RETREAT
