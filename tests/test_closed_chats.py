"""Who is not allowed is shown nothing and costs nothing, and learns what to do: invariant 8."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from analyzers.errors import StoreError
from bot.access import AllowedChats, Grants
from bot.commands import owning
from bot.deliveries.courier import Timing
from bot.deliveries.dispatch import Dispatcher
from bot.deliveries.pacing import Pacing
from bot.deliveries.repair import Repairs
from bot.front import Front
from bot.sources.locators import GitHubRepository
from bot.stores.access import RedisAccess
from bot.stores.rates import RedisRates
from formatters.model import Action, Verb
from tests import deliveries
from tests.conversations import Speaker, text_of
from tests.deliveries import MADE, Clock, a_courier, a_subscription, subscribe
from tests.living_repository import MAIN, LivingRepository
from tests.outlets import MemoryOutlet
from tests.platforms import records, require_each_once, until
from tests.repositories import Repo
from tests.servers.github import GitHubServer
from tests.servers.openai import OpenAIServer
from tests.servers.telegram import TelegramServer
from tests.stored import require_alike, stored
from tests.telegram_bot import connected
from tests.test_delivered import a_delivery
from tests.whole_bot import Opened, github, opened, repo

__all__ = ["github", "opened", "repo"]

GROUP, SLACK = "telegram:-100", "slack:T1/C1"
COMMANDS = (
    "/help",
    "/subscribe acme/widget",
    "/unsubscribe acme/widget",
    "/subscriptions",
    "/digest acme/widget",
    "/expand 1",
    "/analyze {url}",
    "acme/widget@{sha}",
    "{sha}",
    "/report acme/widget",
    "/settings lang:zh",
    "/usage",
    "/nonsense",
    "/owner 000000000000000000000000",
    "/allow",
    "/disallow telegram:1",
    "/grant acme/widget",
    "/revoke acme/widget",
)


@pytest.fixture
async def model() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer(api_key=None) as server:
        yield server


def asking(model: OpenAIServer) -> dict[str, object]:
    """The settings of a bot with this model."""
    return {"openai_base_url": model.base_url, "openai_model": "test-model"}


def ada(front: Front) -> Speaker:
    """Somebody in a private chat on Telegram."""
    return Speaker(front, "telegram:7", id="7", is_private=True)


async def said(speaker: Speaker, text: str) -> str:
    """What a command is answered with."""
    return text_of((await speaker.says(text)).page)


async def owner(front: Front) -> Speaker:
    """Ada, who has sent the code."""
    speaker = ada(front)
    code = await front._commands._app.access.invite()
    assert "You own this bot now" in await said(speaker, f"/owner {code}")
    return speaker


@pytest.mark.parametrize(
    ("channel", "allowed"),
    [
        (GROUP, ""),
        ("telegram:-100/7", "telegram:-1001"),
        ("telegram:7", "telegram:8,slack:*"),
        (SLACK, "slack:T1/C2 slack:T2"),
    ],
)
async def test_a_chat_that_is_not_allowed_is_shown_nothing_and_costs_nothing(
    channel: str,
    allowed: str,
    opened: Opened,
    repo: Repo,
    github: GitHubServer,
    model: OpenAIServer,
    redis: Redis,
) -> None:
    """Not even what is cached, and was delivered to it when it was allowed."""
    sha = repo.git("rev-parse", "main")
    url = f"{github.origin}/acme/widget/commit/{sha}"
    async with opened(**asking(model)) as front:
        before = Speaker(front, channel)
        digest = await before.says("/digest acme/widget")
        await before.says(url)
        assert digest.page.digest
    asked, prompted, kept = len(github.seen), len(model.requests), await stored(redis)
    async with opened(commitcast_allowed_chats=allowed, **asking(model)) as front:
        stranger = Speaker(front, channel, is_private=True)
        answers = []
        for command in COMMANDS:
            answers += await stranger.is_told(command.format(sha=sha, url=url))
        for verb in Verb:
            assert not await stranger.is_shown(Action(verb, digest.page.digest, 1).token)
        assert await front.preview(url, channel) is None
    (answer,) = answers
    assert "serves only chats that its owner has allowed" in text_of(answer.page)
    assert "acme" not in text_of(answer.page)
    assert answer.private
    assert (len(github.seen), len(model.requests)) == (asked, prompted)
    require_alike(await stored(redis), kept)


async def test_who_is_turned_away_learns_what_to_do(opened: Opened) -> None:
    """Invariant 10; in a topic the whole group is named, and whoever posts in a channel is left in
    peace."""
    async with opened(commitcast_allowed_chats="telegram:8") as front:
        told = await said(Speaker(front, "telegram:-100/7"), "/digest")
        assert "`/allow`" in told
        assert "`/allow telegram:-100`" in told
        assert "`COMMITCAST_ALLOWED_CHATS=telegram:-100`" in told
        assert "owner CODE" not in told
        slack = Speaker(front, "slack:T9/C1", prefix="/commitcast ")
        assert "Commands" in await said(slack, "help")
        chinese = Speaker(front, "telegram:9", language="zh-hans")
        assert "只服务其所有者允许的聊天" in await said(chinese, "/start")
        assert not await Speaker(front, "telegram:-5", id="").is_told("/digest acme/widget")


async def test_a_chat_is_turned_away_once_an_hour_by_all_processes_together(
    opened: Opened, redis: Redis
) -> None:
    async with (
        opened(commitcast_allowed_chats="") as front,
        opened(commitcast_allowed_chats="") as other,
    ):
        told = await asyncio.gather(
            *(Speaker(one, GROUP).is_told("/digest") for one in (front, other) * 10)
        )
        assert sum(map(len, told)) == 1
        (key,) = await redis.keys("commitcast:1:event:closed:*")
        assert 3_500 < await redis.ttl(key) <= 3_600
        await redis.delete(key)
        assert await Speaker(front, GROUP).is_told("/digest")


async def test_of_a_private_repository_nothing_is_asked_but_whether_it_is_public(
    opened: Opened, repo: Repo, github: GitHubServer, model: OpenAIServer
) -> None:
    """Where it is not granted; and what is said tells nobody that it is there."""
    github.private = True
    sha = repo.git("rev-parse", "main")
    settings = asking(model) | {
        "github_token": "a-token",
        "commitcast_private_grants": "acme/widget=slack:T1/C9",
    }
    async with opened(**settings) as front:
        team, stranger = Speaker(front, "slack:T1/C9"), Speaker(front, SLACK)
        digest = await team.says("/digest acme/widget")
        await team.says(f"acme/widget@{sha}")
        assert digest.page.digest
        asked, prompted = len(github.seen), len(model.requests) + len(model.overviews)
        assert prompted
        refusals = set()
        for command in (
            "/digest {}",
            "/digest {} main~1..main",
            "/report {}",
            "/subscribe {}",
            "/analyze {}@" + sha,
            "/analyze {}@" + sha[:7],
            "/analyze https://github.com/{}/pull/7",
        ):
            for name in ("acme/widget", "acme/nowhere"):
                typed = command.format(name).replace("https://github.com", github.origin)
                refusals.add((await said(stranger, typed)).replace(name, "NAME"))
        (refusal,) = refusals
        assert refusal.startswith("There is no public repository NAME.")
        assert "No digest" in await said(stranger, "/expand 1")
        assert "No commit" in await said(stranger, f"/expand {sha[:7]}")
        for verb in Verb:
            pressed = await stranger.presses(Action(verb, digest.page.digest, 1).token)
            assert "belongs to another channel" in text_of(pressed.page)
        assert await front.preview(f"{github.origin}/acme/widget/commit/{sha}", SLACK) is None
    targets = {seen.target.removeprefix("/api/v3") for seen in github.seen[asked:]}
    assert targets == {"/repos/acme/widget", "/repos/acme/nowhere"}
    assert len(model.requests) + len(model.overviews) == prompted


async def test_what_was_public_once_is_shown_no_longer(
    opened: Opened, repo: Repo, github: GitHubServer, model: OpenAIServer
) -> None:
    """Though its digest, its analyses and its answers are kept."""
    sha = repo.git("rev-parse", "main")
    async with opened(**asking(model), github_token="a-token") as front:
        team = Speaker(front, SLACK)
        digest = await team.says("/digest acme/widget")
        await team.says("/expand 1")
        assert digest.page.digest
        github.private = True
        asked = len(github.seen)
        prompted = len(model.requests) + len(model.overviews)
        for command in ("/digest acme/widget", "/expand 1", f"/expand {sha[:7]}", "/report"):
            assert "There is no public repository acme/widget" in await said(team, command), command
        for verb in (Verb.EXPAND, Verb.REPORT):
            pressed = await team.presses(Action(verb, digest.page.digest, 1).token)
            assert "There is no public repository acme/widget" in text_of(pressed.page), verb
    assert {seen.target.removeprefix("/api/v3") for seen in github.seen[asked:]} == {
        "/repos/acme/widget"
    }
    assert len(model.requests) + len(model.overviews) == prompted


async def test_on_telegram_strangers_get_one_answer_and_channels_none(
    opened: Opened, telegram: TelegramServer, github: GitHubServer
) -> None:
    """A button that is pressed is let go without a word."""
    group = telegram.chat("supergroup", bob="member")
    channel = telegram.chat("channel", eve="creator")
    bob = telegram.member(group, "member")
    async with opened(commitcast_allowed_chats="") as front, connected(telegram, front):
        for text in ("/digest acme/widget", "/allow", "/settings lang:zh"):
            await telegram.say(group, bob, text)
            await telegram.say(channel, None, text)
        await telegram.until(lambda: group.sent)
        forged = await telegram.press(group.sent[0], Action(Verb.EXPAND, "abc", 1).token, bob)
        private = telegram.private(bob)
        await telegram.say(private, bob, "/start")
        await telegram.until(lambda: private.sent and forged.answer is not None)
    assert [len(chat.sent) for chat in (group, channel, private)] == [1, 0, 1]
    assert "serves only chats that its owner has allowed" in group.sent[0].text
    assert forged.answer is not None
    assert not forged.answer.get("text")
    assert not github.seen


async def test_the_code_makes_one_the_owner_once(opened: Opened, redis: Redis) -> None:
    """Invariant 8: whoever can read the bot's output owns it, and nobody else."""
    async with (
        opened(commitcast_allowed_chats="") as front,
        opened(commitcast_allowed_chats="") as other,
    ):
        access = front._commands._app.access
        code = await access.invite()
        assert code
        assert len(code) == 24
        assert code == await other._commands._app.access.invite()
        assert 86_000 < await redis.ttl("commitcast:1:code") <= 86_400
        waited_for = await said(ada(front), "/start")
        assert "`/owner CODE`" in waited_for
        in_group = Speaker(front, GROUP, id="7")
        assert "serves only" in await said(in_group, f"/owner {code}")
        both = [
            Speaker(f, f"telegram:{n}", id=n, is_private=True)
            for f, n in ((front, "1"), (other, "2"))
        ]
        answers = await asyncio.gather(*(one.is_told(f"/owner {code}") for one in both))
        texts = [text_of(answer.page) for told in answers for answer in told]
        assert sum("You own this bot now" in text for text in texts) == 1
        assert len(await redis.smembers("commitcast:1:owner")) == 1
        assert await access.invite() is None
        assert not await access.is_inviting()
        late = Speaker(front, "telegram:3", id="3", is_private=True)
        assert "serves only" in await said(late, f"/owner {code}")


async def test_codes_are_not_guessed(opened: Opened) -> None:
    async with opened(commitcast_allowed_chats="") as front:
        code = await front._commands._app.access.invite()
        assert code
        guesser = ada(front)
        for number in range(owning.ATTEMPTS):
            wrong = f"{number:024}" if number else f"{code[:-1]}é\ud800"
            assert "not the code" in await said(guesser, f"/owner {wrong}")
        assert "serves only" in await said(guesser, f"/owner {code}")
        assert not await guesser.is_told(f"/owner {code}")
        other = Speaker(front, "telegram:8", id="8", is_private=True)
        assert "You own" in await said(other, f"/owner {code}")


async def test_in_an_open_chat_a_code_is_taken_in_private_alone(opened: Opened) -> None:
    async with opened(commitcast_allowed_chats="") as front:
        code = await front._commands._app.access.invite()
        public = Speaker(front, SLACK)
        assert "in a private chat" in await said(public, f"/owner {code}")
        private = Speaker(front, "slack:T1/D1", is_private=True)
        assert "in a private chat" in await said(private, "/owner")
        for _ in range(owning.ATTEMPTS):
            assert "not the code" in await said(private, "/owner 1")
        assert "within an hour" in await said(private, f"/owner {code}")


async def test_the_owner_opens_and_closes_chats(opened: Opened, repo: Repo) -> None:
    async with opened(commitcast_allowed_chats="") as front:
        owning_it = await owner(front)
        assert (await owning_it.says("/digest acme/widget")).page.rows
        there = Speaker(front, "telegram:-100/7", id="7")
        stranger = Speaker(front, "telegram:-100/9", id="8")
        assert not (await stranger.is_told("/allow"))[1:]
        assert "`telegram:-100` is served now" in await said(there, "/allow")
        assert (await stranger.says("/digest acme/widget")).page.rows
        assert "Only the owner" in await said(stranger, "/disallow")
        assert "owner's commands" not in await said(stranger, "/help")
        assert "owner's commands" in await said(there, "/help")
        assert "served no longer" in await said(owning_it, "/disallow telegram:-100")
        assert not await stranger.is_shown(Action(Verb.FOLD, "abc", 1).token)
        await owning_it.says("/allow telegram:-5")
        listed = await said(owning_it, "/grant")
        assert "`telegram:-5`" in listed
        assert "`telegram:-100`" not in listed
        for wrong in (
            "telegram:@ada",
            "acme/widget",
            "telegram:1 telegram:2",
            "telegram:1,2",
            "mail:1",
        ):
            assert "is no chat" in await said(owning_it, f"/allow {wrong}")


async def test_what_a_setting_allows_is_closed_there_alone(opened: Opened) -> None:
    async with opened(commitcast_allowed_chats="") as front:
        await owner(front)
    async with opened(commitcast_allowed_chats="telegram:-*") as front:
        there = Speaker(front, GROUP, id="7")
        told = await said(there, "/disallow")
        assert "is still served: COMMITCAST_ALLOWED_CHATS" in told


async def test_the_owner_grants_and_revokes_private_repositories(
    opened: Opened, repo: Repo, github: GitHubServer
) -> None:
    github.private = True
    settings = {"github_token": "a-token", "commitcast_allowed_chats": ""}
    async with opened(**settings) as front:
        owning_it, team = await owner(front), Speaker(front, SLACK)
        assert "There is no public repository" in text_of(
            (await team.says("/digest acme/widget")).page
        )
        assert "Only the owner" in await said(team, "/grant acme/widget")
        for wrong in (
            "acme/widget telegram:@x",
            f"{repo.path} {SLACK}",
            "https://git.example/x.git",
            "a/b slack:T1/C1 x",
        ):
            assert "Name a repository" in await said(owning_it, f"/grant {wrong}"), wrong
        page = f"{github.origin}/Acme/widget"
        assert "Name a repository" in await said(owning_it, "/revoke")
        granted = await said(owning_it, f"/grant {page} {SLACK}")
        assert f"`{SLACK}` may read `acme/widget` now" in granted
        assert len((await team.says("/digest acme/widget")).page.rows) == 3
        other = Speaker(front, "slack:T1/C2")
        assert "There is no public" in await said(other, "/digest acme/widget")
        await owning_it.says("/grant acme/* slack:T1/*")
        assert (await other.says("/digest acme/widget")).page.rows
        assert "`acme/*` → `slack:T1/*`" in await said(owning_it, "/grant")
        still = await said(owning_it, f"/revoke acme/widget {SLACK}")
        assert "may read it still by a wider pattern" in still
        await owning_it.says("/revoke acme/* slack:T1/*")
        for one in (team, other):
            for command in ("/digest acme/widget", "/expand 1", "/report"):
                assert "There is no public" in await said(one, command), command
        assert "was not granted" in await said(owning_it, "/revoke acme/widget")


async def test_in_the_terminal_everybody_is_the_owner(opened: Opened) -> None:
    async with opened(commitcast_allowed_chats="telegram:1") as front:
        operator = Speaker(front, "terminal", id="", prefix="")
        assert "is served now" in await said(operator, "allow telegram:-100")
        assert "is no chat" in await said(operator, "allow")
        assert "Commands" in await said(Speaker(front, GROUP), "/help")


async def test_a_group_that_moves_takes_its_rights_along(opened: Opened, redis: Redis) -> None:
    async with opened(commitcast_allowed_chats="telegram:-7 telegram:-9") as front:
        access = front._commands._app.access
        await access.grant("telegram:-7/3", "acme/secret")
        await access.grant("telegram:-70", "acme/secret")
        await front.moved("telegram:-7", "telegram:-1007")
        assert await access.admits("telegram:-1007/3")
        grants = await access.grants("telegram:-1007/3")
        secret = GitHubRepository("acme/secret")
        assert grants.allow("telegram:-1007/3", secret)
        assert grants.allow("telegram:-70", secret)
        assert not grants.allow("telegram:-7/3", secret)
        await front.moved("telegram:-8", "telegram:-1008")
        assert not await access.admits("telegram:-1008")


async def test_a_digest_is_not_repaired_where_its_chat_is_not_allowed(
    redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    """Neither a commit is read nor a message edited: nothing is spent."""
    clock = Clock()
    repository = LivingRepository("acme/widget", 1, MADE)
    record = a_delivery()
    record = replace(record, messages=("1",), unfinished=record.shas)
    async with deliveries.opened(redis_url, tmp_path, {"acme/widget": repository}, clock) as opened:
        app = replace(opened, access=RedisAccess(redis, AllowedChats(), Grants()))
        await app.delivered.put(GROUP, record)
        clock.now = record.at + timedelta(hours=1)
        outlet = MemoryOutlet("telegram", now=clock)
        await Repairs(app, {"telegram": outlet}, Pacing()).look()
        assert not outlet.calls
        assert not repository.reads
        assert await app.delivered.get(GROUP, record.id) == record


async def test_what_costs_is_counted_by_who_asks(opened: Opened, repo: Repo) -> None:
    """Wherever they ask; what costs nothing is not counted, and others go on."""
    async with opened(commitcast_hourly_commands_per_user=3) as front:
        here, there = Speaker(front, "slack:T1/C1"), Speaker(front, "slack:T1/C2")
        digest = await here.says("/digest acme/widget")
        assert digest.page.digest
        await here.presses(Action(Verb.EXPAND, digest.page.digest, 1).token)
        await here.presses(Action(Verb.FOLD, digest.page.digest, 1).token)
        await there.says("/help")
        assert (await there.says("/report acme/widget")).document
        for refused in (
            await there.says("/analyze acme/widget@main"),
            await here.presses(Action(Verb.REPORT, digest.page.digest).token),
            await here.says("/expand 1"),
        ):
            assert "asked for 3 digests and analyses" in text_of(refused.page)
        assert (await here.presses(Action(Verb.FOLD, digest.page.digest, 1).token)).page.rows
        other = Speaker(front, "slack:T1/C1", id="U2")
        assert (await other.says("/digest acme/widget")).page.rows


async def test_the_count_is_forgotten_after_a_while(redis: Redis) -> None:
    rates = RedisRates(redis)
    assert [await rates.take("x", "telegram:1", 2, timedelta(hours=1)) for _ in range(3)] == [
        True,
        True,
        False,
    ]
    assert not await rates.has_left("x", "telegram:1", 2)
    assert await rates.has_left("x", "telegram:2", 2)
    assert 3_500 < await redis.ttl("commitcast:1:rate:x:telegram:1") <= 3_600


async def test_a_store_that_fails_opens_no_chat(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(commitcast_allowed_chats="telegram:8") as front:

        async def fail(*_: object) -> None:
            raise StoreError("error-store-value", key="allowed", reason="down")

        monkeypatch.setattr(RedisAccess, "_members", fail)
        told = [
            a for _ in range(3) for a in await Speaker(front, GROUP).is_told("/digest acme/widget")
        ]
        assert len(told) == 1
        assert not await Speaker(front, GROUP).is_shown(Action(Verb.FOLD, "abc", 1).token)
        assert "Commands" in await said(Speaker(front, "telegram:8"), "/help")


async def test_digests_wait_until_their_chat_is_allowed_again(
    redis_url: str,
    redis: Redis,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Then they lose nothing by it (invariant 1); meanwhile nothing is read, and the log says so
    once. Others go on."""
    clock = Clock()
    repository = LivingRepository("acme/widget", 1, MADE)
    async with deliveries.opened(redis_url, tmp_path, {"acme/widget": repository}, clock) as opened:
        app = replace(opened, access=RedisAccess(redis, AllowedChats(), Grants()))
        outlet = MemoryOutlet("telegram", now=clock)
        for channel in ("telegram:-1", "telegram:-2"):
            await subscribe(app, a_subscription(channel))
        repository.commit_on(MAIN)
        await app.access.allow("telegram:-2")

        async def is_delivered() -> bool:
            return any(record.messages for record in await records(app, "telegram:-1"))

        clock.advance(days=2)
        timing = Timing(sweep=0.02)
        running = asyncio.create_task(Dispatcher(app, a_courier(app, outlet), timing).run())
        try:
            await until(lambda: outlet.shown)
            await asyncio.sleep(0.2)
            assert {shown.channel for shown in outlet.shown} == {"telegram:-2"}
            assert caplog.text.count("telegram:-1 is not allowed") == 1
            await app.access.allow("telegram:-1")
            await until(is_delivered)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        await require_each_once(app, "telegram:-1", [repository.tips[MAIN]])


@pytest.mark.parametrize(
    ("patterns", "channel"),
    [
        ("*", "telegram:-100/7"),
        ("telegram:*", "telegram:-100/7"),
        ("telegram:-100*", "telegram:-1001234"),
        ("telegram:1, telegram:-100", "telegram:-100/7"),
        ("telegram:-100/7", "telegram:-100/7"),
        ("slack:T1/C*\nslack:T2", "slack:T2/C9"),
        ("slack:*", "slack:T1/C1"),
        ("", "slack:T1/C1"),
        ("telegram:1", "slack:T1/C1"),
        ("", "terminal"),
    ],
)
def test_patterns_open_what_they_say(patterns: str, channel: str) -> None:
    assert AllowedChats.parse(patterns).opening("slack").admit(channel)


@pytest.mark.parametrize(
    ("patterns", "channel"),
    [
        ("", "telegram:7"),
        ("telegram:-100", "telegram:-1001"),
        ("telegram:-100/7", "telegram:-100"),
        ("telegram:-100/7", "telegram:-100/71"),
        ("slack:T1/C1", "slack:T1/C12"),
        ("slack:T1", "slack:T12/C1"),
        ("slack:T1/*", "telegram:1"),
    ],
)
def test_patterns_open_nothing_else(patterns: str, channel: str) -> None:
    """Invariant 8."""
    assert not AllowedChats.parse(patterns).opening("slack").admit(channel)


@pytest.mark.parametrize(
    "text", ["telegram", "telegram:@ada", "slack:", "slack:T1/", "-100", "**", "telegram:\u202e1"]
)
def test_what_is_no_chat_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        AllowedChats.parse(text)
