"""`commitcast post`: one digest from cron or a CI job, with the promises of every other."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from analyzers.cached import CachedAnalyzer
from analyzers.errors import ChatError, InputError, ModelError, TokenRefused
from analyzers.fallback import WithRules
from analyzers.model import Day, RulesReason
from analyzers.rules import RulesAnalyzer
from bot.app import Application, utc_now
from bot.deliveries.courier import Timing
from bot.deliveries.delivery import record_of
from bot.deliveries.outlet import Outlet
from bot.deliveries.post import Posted, PostRequest, post
from bot.digest import DigestRequest
from bot.ports import CommitSource
from bot.sources.locators import parse_repository
from bot.subscriptions import EVERYTHING
from formatters.pages import TO_COME
from formatters.text import words_for
from tests.deliveries import (
    Clock,
    Death,
    Interference,
    Killed,
    a_subscription,
    opened,
    run_out,
    subscribe,
    watched,
)
from tests.digests import model_analysis
from tests.fakes import MemoryTurns, RecordingAnalyzer
from tests.living_repository import LivingRepository
from tests.platforms import MARK, Platforms, impatient, land, no_pace, platforms, records
from tests.repositories import Repo
from tests.servers import slack_faults, telegram_faults
from tests.servers.slack import SlackServer
from tests.servers.slack_workspace import BOT_USER, TEAM
from tests.shell import Shell

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["impatient", "no_pace"]

KEY = "acme/widget"
SLACK = f"slack:{TEAM}/C1"
PAGES = "https://github.com"
TIMING = Timing(lease=5, retreat=0.02)


class World:
    """A repository, and a channel on each platform."""

    def __init__(self, app: Application, redis: Redis, both: Platforms, clock: Clock) -> None:
        self.app = app
        self.redis = redis
        self.both = both
        self.clock = clock
        self.history = LivingRepository(KEY, 1, clock() - timedelta(days=9))
        [self.telegram] = both.add_telegram(1)
        self.request = PostRequest(
            parse_repository(KEY, PAGES), "slack:C1", EVERYTHING, zone="UTC", language="en"
        )

    def land(self, *titles: str) -> list[str]:
        landed = land(self.history, titles, self.clock())
        self.clock.advance(minutes=1)
        return landed

    async def post(self, *outlets: Outlet, app: Application | None = None, **asked: Any) -> Posted:
        """As a process of its own."""
        taken = {outlet.platform: outlet for outlet in outlets} or self.both.outlets
        request = replace(self.request, **asked)
        return await post(app or self.app, taken, request, TIMING)

    def texts(self, channel: str = SLACK) -> list[str]:
        return [one.text for one in self.both.seen(channel)]


@pytest.fixture
async def world(
    redis_url: str, redis: Redis, tmp_path: Path, impatient: None, no_pace: None
) -> AsyncIterator[World]:
    clock, sources = Clock(utc_now().replace(hour=12)), dict[str, CommitSource]()
    async with platforms(0.5) as both, opened(redis_url, tmp_path, sources, clock) as app:
        made = World(app, redis, both, clock)
        sources[KEY] = made.history
        yield made


# ---- days


@pytest.mark.parametrize("platform", ["slack", "telegram"])
async def test_each_day_tells_what_is_new(world: World, platform: str) -> None:
    """Invariants 1 and 2."""
    channel, to = (SLACK, "slack:C1") if platform == "slack" else (world.telegram, world.telegram)
    first = world.land("Tell of the parser", "Name the gateway")
    posted = await world.post(to=to)
    assert (posted.channel, posted.is_repeated) == (channel, False)
    assert posted.record
    assert {*posted.record.shas} == {*first}
    second = world.land("Move the courier")
    assert await world.post(to=to) == Posted(channel, None, is_repeated=True)
    assert len(world.texts(channel)) == 1
    world.clock.advance(days=1)
    posted = await world.post(to=to)
    assert posted.record
    assert posted.record.shas == tuple(second)
    old, new = world.texts(channel)
    assert "Tell of the parser" in old
    assert "Move the courier" in new
    [subscription] = await world.app.subscriptions.of_channel(channel)
    assert (subscription.days, subscription.made_by) == ((), "")
    assert await world.app.ledgers.next_due(world.clock()) is None  # no bot does it as well
    assert await world.app.ledgers.due(world.clock() + timedelta(days=9), 9) == ()


async def test_a_quiet_day_says_nothing_unless_that_is_wanted(world: World) -> None:
    world.land("Tell of the parser")
    await world.post()
    world.clock.advance(days=1)
    assert await world.post() == Posted(SLACK, None, is_repeated=False)
    assert await world.post() == Posted(SLACK, None, is_repeated=True)
    assert len(world.texts()) == 1
    world.clock.advance(days=1)
    posted = await world.post(tells_quiet_days=True)
    assert posted.record
    assert posted.record.shas == ()
    assert len(world.texts()) == 2


async def test_a_week_without_a_call_is_told_at_once(world: World) -> None:
    landed = world.land("Tell of the parser")
    await world.post()
    landed = []
    for _ in range(6):
        world.clock.advance(days=1)
        landed += world.land("Name the gateway")
    posted = await world.post()
    assert posted.record
    assert {*posted.record.shas} == {*landed}


async def test_a_day_that_has_come_already_elsewhere_is_not_waited_for(world: World) -> None:
    """The zone was changed: it is yesterday again."""
    world.land("Tell of the parser")
    await world.post(zone="Pacific/Kiritimati")
    posted = await asyncio.wait_for(world.post(zone="Pacific/Pago_Pago"), 10)
    assert posted.is_repeated
    assert len(world.texts()) == 1


async def test_what_somebody_asked_for_meanwhile_is_not_what_was_posted(world: World) -> None:
    [sha] = world.land("Tell of the parser")
    await world.post()
    day = DigestRequest(Day(world.clock().date(), "UTC"), "UTC", "en")
    asked = await world.app.digest(world.request.locator, day, lambda _done, _total: None)
    world.clock.advance(days=1)
    [new] = world.land("Move the courier")
    world.clock.advance(minutes=1)
    later = record_of(replace(asked, generated_at=world.clock() + timedelta(hours=1)), KEY, "UTC")
    await world.app.delivered.put(SLACK, later)
    posted = await world.post()
    assert posted.record
    assert posted.record.shas == (new,)
    assert sha in later.shas


# ---- places


@pytest.mark.parametrize("to", ["C1", "discord:1", "terminal:", "", "slack"])
async def test_what_is_no_chat_is_refused(world: World, to: str) -> None:
    with pytest.raises(InputError, match="error-post-to"):
        await world.post(to=to)


async def test_a_chat_that_is_off_is_named(world: World) -> None:
    with pytest.raises(InputError) as refused:
        await world.post(world.both.outlets["slack"], to=world.telegram)
    assert refused.value.code == "error-post-chat-off"
    for language in ("en", "zh"):
        assert "TELEGRAM_BOT_TOKEN" in words_for(language).error(refused.value)


@pytest.mark.parametrize("to", ["slack:#general", "telegram:general", "telegram:-100999"])
async def test_a_channel_that_is_none_is_refused(world: World, to: str) -> None:
    with pytest.raises(ChatError):
        await world.post(to=to)
    assert not await world.app.subscriptions.channels()


async def test_a_repository_that_the_bot_delivers_there_is_left_to_it(world: World) -> None:
    followed = a_subscription(SLACK, KEY, made_at=world.clock())
    await subscribe(world.app, followed)
    world.land("Tell of the parser")
    with pytest.raises(InputError, match="error-post-followed"):
        await world.post()
    assert not world.texts()
    assert await world.app.subscriptions.of_channel(SLACK) == (followed,)


async def test_a_channel_without_the_bot_is_told_of_and_served_once_it_is_in(
    world: World,
) -> None:
    landed = world.land("Tell of the parser")
    members = world.both.slack.workspace.channels["C1"].members
    members.remove(BOT_USER)
    for _ in range(2):
        with pytest.raises(ChatError, match="error-slack-not-invited"):
            await world.post()
    members.add(BOT_USER)
    posted = await world.post()
    assert posted.record
    assert posted.record.shas == tuple(landed)
    assert len(world.texts()) == 1


# ---- faults


async def test_what_passes_by_itself_is_waited_for(world: World) -> None:
    """Invariant 2: a message whose answer was lost is found again."""
    world.land("Tell of the parser")
    faults = (
        slack_faults.rate_limited(0.05),
        slack_faults.rate_limited(0.05),
        slack_faults.server_error,
        slack_faults.drop_after,
    )
    world.both.slack.inject("chat.postMessage", *faults)
    world.both.slack.inject("conversations.history", slack_faults.server_error)
    posted = await world.post()
    assert posted.record
    [seen] = world.both.seen(SLACK)
    assert posted.record.messages == (seen.id,)
    assert MARK not in seen.text


async def test_on_telegram_a_message_whose_answer_was_lost_is_marked(world: World) -> None:
    world.land("Tell of the parser")
    world.both.telegram.inject(telegram_faults.drop_after, method="sendMessage")
    await world.post(to=world.telegram)
    assert [MARK in text for text in world.texts(world.telegram)] == [False, True]


async def test_what_takes_longer_than_a_job_waits_is_told_at_once(world: World) -> None:
    """A CI job costs money while it waits."""
    world.land("Tell of the parser")
    world.both.slack.always("chat.postMessage", slack_faults.rate_limited(3_600))
    with pytest.raises(ChatError) as busy:
        await asyncio.wait_for(world.post(), 10)
    assert busy.value.retry_after == 3_600
    world.both.slack.always("chat.postMessage", None)
    assert (await world.post()).record
    assert len(world.texts()) == 1


async def test_a_token_that_is_refused_is_told_at_once(world: World) -> None:
    world.land("Tell of the parser")
    world.both.slack.inject("chat.postMessage", slack_faults.refused("token_revoked"))
    with pytest.raises(TokenRefused):
        await asyncio.wait_for(world.post(), 10)
    assert (await world.post()).record


async def test_calls_at_once_post_once(world: World) -> None:
    """Invariant 2."""
    world.land("Tell of the parser")
    posted = await asyncio.gather(*(world.post() for _ in range(4)))
    assert len(world.texts()) == 1
    assert {one.record.id for one in posted if one.record} == {
        record.id for record in await records(world.app, SLACK)
    }


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("platform", ["slack", "telegram"])
async def test_a_job_may_be_killed_at_every_step(world: World, platform: str, after: bool) -> None:
    """Invariants 1 and 2: the next call goes on."""
    marked = 0
    for step in range(1, 100):
        channel, to = SLACK, "slack:C1"
        if platform == "telegram":
            [channel] = world.both.add_telegram(1)
            to = channel
        before = len(world.texts(channel))
        landed = world.land(f"Tell of step {step}")
        death = Death()
        interference = Interference(step, death, after=after)
        app, outlets = watched(
            world.app, world.both.outlets[platform], watchers=(death, interference)
        )
        with suppress(Killed):
            await world.post(*outlets, app=app, to=to)
        await run_out(world.redis)
        await world.post(to=to)
        texts = world.texts(channel)[before:]
        assert any(re.search(rf"Tell of step {step}\b", text) for text in texts)
        plain = [text for text in texts if MARK not in text]
        assert len(plain) <= 1
        assert len(texts) - len(plain) <= (platform == "telegram")
        marked += len(texts) > len(plain)
        told = Counter(sha for one in await records(world.app, channel) for sha in one.shas)
        assert told[landed[0]] == 1
        if not interference.has_happened:
            assert step > 8
            assert bool(marked) is (platform == "telegram")
            return
        world.clock.advance(days=1)
    pytest.fail("no process survived")


# ---- what nobody else would do


async def test_the_next_call_repairs_what_the_model_has_left(world: World) -> None:
    """Invariant 4, where no bot runs: analyses that were missing, and marks of reverts."""
    model = RecordingAnalyzer(ModelError(RulesReason.UNREACHABLE))
    analyzer = WithRules(CachedAnalyzer(model, world.app.analyses, MemoryTurns()))
    world.app = replace(world.app, analyzer=analyzer)
    [first] = world.land("Tell of the parser")
    await world.post()
    assert TO_COME in world.texts()[0]
    world.clock.advance(days=1)
    model.answer = model_analysis("The parser is told of")
    await world.post()
    [old] = world.both.seen(SLACK)
    assert TO_COME not in old.text
    assert "The parser is told of" in old.text
    world.app = replace(world.app, analyzer=RulesAnalyzer())
    world.clock.advance(days=1)
    [by] = world.land(f'Revert "Tell of the parser"\n\nThis reverts commit {first}.')
    await world.post()
    old, _ = world.both.seen(SLACK)
    assert f"Reverted by {by[:7]}" in old.text
    assert old.versions == 2


# ---- as a process


async def test_a_folder_is_posted_in_the_readers_language(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "widget")
    repo.now = utc_now() - timedelta(hours=1)
    repo.commit({"src/core.py": "def add(a, b):\n    return a + b\n"}, "Add the core")
    async with SlackServer() as slack:
        with tempfile.TemporaryDirectory(prefix="cc") as data:
            settings = {
                "SLACK_BOT_TOKEN": slack.app.bot_token,
                "SLACK_API_URL": slack.api_url,
            }
            shell = Shell(tmp_path, Path(data), settings)
            first = await shell.run("post", repo.path, "--to", "slack:C1", "--lang", "zh")
            again = await shell.run("post", "widget", "--to", "slack:C1")
            wrong = await shell.run("post", "./widget", "--to", "C1")
        [message] = slack.workspace.posted("C1")
    zh, en = words_for("zh"), words_for("en")
    label = {"repository": "widget", "channel": SLACK}
    assert (first.status, again.status, wrong.status) == (0, 0, 2), first.err + again.err
    assert zh("post-done", **label, n=1) in first.err + first.out
    assert en("post-repeated", **label) in again.err + again.out
    assert "slack:C0123ABCD" in wrong.err
    assert "Add the core" in message.text or any("Add the core" in one for one in message.texts)
    assert any("1 个提交" in text for text in message.texts)
