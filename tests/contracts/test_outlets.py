"""What every outlet does alike, against a platform that is as strict as the real one.

A new outlet is one more `Stage` and a line in `STAGES`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum, auto
from functools import cache

import pytest
import pytest_asyncio

from analyzers.errors import ChatError, OutcomeUnknown, TokenRefused
from bot.chats.slack import SlackOutlet
from bot.chats.telegram import TelegramOutlet
from bot.deliveries.outlet import Outlet, Posting
from formatters.model import Page, Prose
from formatters.pages import digest_page
from formatters.text import LANGUAGES, words_for
from tests.digests import a_busy_day
from tests.servers import slack_faults, telegram_faults
from tests.servers.slack import SlackServer
from tests.servers.slack_workspace import BOT_USER, TEAM
from tests.servers.telegram import TelegramServer

EN = words_for("en")

LONG = 500
"""Commits of a digest that takes several messages everywhere."""


class Mishap(Enum):
    """What happens to the next message."""

    LOST_BEFORE = auto()
    """The connection breaks, and nothing was done."""
    LOST_AFTER = auto()
    """It is there, and the connection breaks before that is said."""
    SHORT_WAIT = auto()
    """There were too many requests, until a moment from now."""
    LONG_WAIT = auto()
    """There were too many requests, for an hour."""
    OUTAGE = auto()
    """The platform is out of order."""


class Stage(ABC):
    """An outlet, and the platform that it speaks to."""

    outlet: Outlet
    channel: str
    """The key of a channel that takes messages."""
    typed: str
    """The same as a person types it."""
    person: str
    """Somebody who can be told something alone."""

    @abstractmethod
    def shown(self) -> dict[str, str]:
        """All that a reader sees of each message in the channel, by its id, in order."""

    @abstractmethod
    def told(self) -> list[str]:
        """What the person was told alone."""

    @abstractmethod
    def let(self, mishap: Mishap) -> None:
        """Let something happen to the next message."""

    @abstractmethod
    def delete(self, message: str) -> None:
        """Let somebody delete a message."""

    @abstractmethod
    def close(self) -> None:
        """Remove the bot from the channel."""

    @abstractmethod
    def revoke(self) -> None:
        """Let the bot's token be refused."""


class OnSlack(Stage):
    """A channel of the Slack of the tests."""

    def __init__(self, slack: SlackServer) -> None:
        self._slack = slack
        self.outlet = SlackOutlet(slack.app.bot_token, slack.api_url)
        self.channel, self.typed, self.person = f"slack:{TEAM}/C1", "slack:C1", "U1"

    def shown(self) -> dict[str, str]:
        posted = self._slack.workspace.posted("C1")
        return {message.ts: "\n".join(message.texts[1:]) for message in posted}

    def told(self) -> list[str]:
        return [m.text for m in self._slack.workspace.posted(f"D{self.person}")]

    def let(self, mishap: Mishap) -> None:
        faults = {
            Mishap.LOST_BEFORE: slack_faults.drop_before,
            Mishap.LOST_AFTER: slack_faults.drop_after,
            Mishap.SHORT_WAIT: slack_faults.rate_limited(0.05),
            Mishap.LONG_WAIT: slack_faults.rate_limited(3600),
            Mishap.OUTAGE: slack_faults.server_error,
        }
        self._slack.inject("chat.postMessage", faults[mishap])

    def delete(self, message: str) -> None:
        found = self._slack.workspace.find("C1", message)
        assert found
        found.is_deleted = True

    def close(self) -> None:
        self._slack.workspace.channels["C1"].members.remove(BOT_USER)

    def revoke(self) -> None:
        self._slack.app.dead = "token_revoked"


@asynccontextmanager
async def on_slack() -> AsyncIterator[Stage]:
    async with SlackServer() as server:
        yield OnSlack(server)


class OnTelegram(Stage):
    """A public group of the Telegram of the tests."""

    def __init__(self, telegram: TelegramServer) -> None:
        self._telegram = telegram
        self._group = telegram.chat("supergroup")
        self._group.username = "acme_widget"
        self._private = telegram.private(telegram.person())
        self.outlet = TelegramOutlet(telegram.token, telegram.api_url)
        self.channel, self.typed = f"telegram:{self._group.id}", "telegram:@acme_widget"
        self.person = str(self._private.id)

    def shown(self) -> dict[str, str]:
        return {str(message.id): message.text for message in self._group.sent}

    def told(self) -> list[str]:
        return [message.text for message in self._private.sent]

    def let(self, mishap: Mishap) -> None:
        faults = {
            Mishap.LOST_BEFORE: telegram_faults.drop,
            Mishap.LOST_AFTER: telegram_faults.drop_after,
            Mishap.SHORT_WAIT: telegram_faults.too_many_requests(0.05),
            Mishap.LONG_WAIT: telegram_faults.too_many_requests(3600),
            Mishap.OUTAGE: telegram_faults.bad_gateway,
        }
        self._telegram.inject(faults[mishap], method="sendMessage")

    def delete(self, message: str) -> None:
        self._group.messages[int(message)].is_deleted = True

    def close(self) -> None:
        self._group.members[self._telegram.bot] = "kicked"

    def revoke(self) -> None:
        self._telegram.token = "7000000001:AAthe-token-that-was-made-instead"


@asynccontextmanager
async def on_telegram() -> AsyncIterator[Stage]:
    async with TelegramServer() as server:
        yield OnTelegram(server)


STAGES: dict[str, Callable[[], AbstractAsyncContextManager[Stage]]] = {
    "slack": on_slack,
    "telegram": on_telegram,
}


@pytest_asyncio.fixture(params=list(STAGES.values()), ids=list(STAGES))
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """Every outlet that there is."""
    async with request.param() as found:
        yield found
        await found.outlet.aclose()
        await found.outlet.aclose()


@cache
def a_page(commits: int, language: str) -> Page:
    return digest_page(a_busy_day(commits), words_for(language), "a-digest")


def posting(stage: Stage, commits: int = 5, language: str = "en") -> Posting:
    """The first message of a digest."""
    return Posting(stage.channel, a_page(commits, language), words_for(language), 0)


async def post_all(stage: Stage, first: Posting) -> list[str]:
    """Post all messages of a digest; their ids."""
    ids: list[str] = []
    for part in range(stage.outlet.count(first.page, first.words)):
        one = replace(first, part=part, first=ids[0] if ids else None)
        ids.append(await stage.outlet.post(one))
    return ids


def beginning() -> datetime:
    return datetime.now(UTC)


def test_an_outlet_says_what_it_is(stage: Stage) -> None:
    assert stage.channel.startswith(f"{stage.outlet.platform}:")
    assert 0 < stage.outlet.pace.per_channel <= stage.outlet.pace.per_second


async def test_a_channel_is_known_as_a_person_types_it(stage: Stage) -> None:
    assert await stage.outlet.channel_key(stage.typed) == stage.channel
    for typed in ("", f"{stage.outlet.platform}:", f"{stage.outlet.platform}:general chat"):
        with pytest.raises(ChatError):
            await stage.outlet.channel_key(typed)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_digest_is_posted_message_by_message(stage: Stage, language: str) -> None:
    ids = await post_all(stage, posting(stage, LONG, language))
    assert len(ids) > 1
    assert list(stage.shown()) == ids


async def test_what_is_no_digest_is_posted_as_well(stage: Stage) -> None:
    await stage.outlet.post(Posting(stage.channel, Page((Prose("Nothing new"),)), EN, 0))
    assert list(stage.shown().values()) == ["Nothing new"]


@pytest.mark.parametrize("mishap", [Mishap.LOST_BEFORE, Mishap.LOST_AFTER])
@pytest.mark.parametrize("part", [0, 1])
async def test_a_message_whose_answer_was_lost_is_not_sent_again(
    stage: Stage, mishap: Mishap, part: int
) -> None:
    """Invariant 2."""
    since, one = beginning(), posting(stage, LONG)
    if part:
        one = replace(one, part=1, first=await stage.outlet.post(one))
    stage.let(mishap)
    with pytest.raises(OutcomeUnknown):
        await stage.outlet.post(one)
    arrived = list(stage.shown())[part:]
    assert len(arrived) == (mishap is Mishap.LOST_AFTER)
    if stage.outlet.can_find:
        assert await stage.outlet.find(one, since) == (arrived[0] if arrived else None)


async def test_a_message_that_may_be_there_twice_says_so(stage: Stage) -> None:
    """Invariants 2 and 9."""
    plain = posting(stage, LONG)
    ids = await post_all(stage, plain)
    marked = await post_all(stage, replace(plain, may_repeat=True))
    line, shown = EN("control-may-repeat"), stage.shown()
    assert not [one for one in ids if line in shown[one]]
    assert all(shown[one].count(line) == 1 for one in marked)


async def test_a_short_wait_is_kept_and_a_long_one_is_told(stage: Stage) -> None:
    one = posting(stage)
    stage.let(Mishap.SHORT_WAIT)
    assert await stage.outlet.post(one) in stage.shown()
    stage.let(Mishap.LONG_WAIT)
    with pytest.raises(ChatError) as told:
        await stage.outlet.post(one)
    assert (told.value.permanent, told.value.retry_after) == (False, 3600)
    assert not isinstance(told.value, OutcomeUnknown)
    assert len(stage.shown()) == 1


async def test_an_outage_is_not_the_channels_end(stage: Stage) -> None:
    stage.let(Mishap.OUTAGE)
    with pytest.raises(ChatError) as told:
        await stage.outlet.post(posting(stage))
    assert isinstance(told.value, OutcomeUnknown) or not told.value.permanent


async def test_a_channel_without_the_bot_is_closed_for_good(stage: Stage) -> None:
    one = posting(stage)
    sent = await stage.outlet.post(one)
    stage.close()
    with pytest.raises(ChatError) as told:
        await stage.outlet.post(one)
    assert told.value.permanent
    assert not isinstance(told.value, OutcomeUnknown | TokenRefused)
    assert list(stage.shown()) == [sent]


async def test_a_refused_token_is_not_the_channels_fault(stage: Stage) -> None:
    one = posting(stage)
    sent = await stage.outlet.post(one)
    stage.revoke()
    for asked in (
        stage.outlet.post(one),
        stage.outlet.edit(one, sent),
        stage.outlet.tell(stage.person, stage.channel, one.page, EN),
    ):
        with pytest.raises(TokenRefused):
            await asked


async def test_a_message_is_edited_where_it_stands(stage: Stage) -> None:
    ids = await post_all(stage, posting(stage, LONG))
    before = stage.shown()
    other = posting(stage, LONG, "zh")
    for _ in range(2):
        await stage.outlet.edit(replace(other, part=1, first=ids[0]), ids[1])
    after = stage.shown()
    assert list(after) == ids
    assert [after[one] != before[one] for one in ids] == [one == ids[1] for one in ids]


async def test_an_edit_that_changes_nothing_or_comes_too_late_is_no_error(stage: Stage) -> None:
    one = posting(stage)
    sent = await stage.outlet.post(one)
    before = stage.shown()
    await stage.outlet.edit(one, sent)
    assert stage.shown() == before
    stage.delete(sent)
    await stage.outlet.edit(one, sent)
    assert not stage.shown()


async def test_somebody_is_told_alone(stage: Stage) -> None:
    stage.close()
    page = Page((Prose("The digest has stopped"),))
    await stage.outlet.tell(stage.person, stage.channel, page, EN)
    assert stage.told() == ["The digest has stopped"]
    assert not stage.shown()
