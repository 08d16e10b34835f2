"""Digests on Slack that nobody waits for: sent once, found again, edited, or refused; through the
real SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given, settings

from analyzers.errors import ChatError, OutcomeUnknown, TokenRefused
from analyzers.model import Digest
from bot.chats.slack import SlackOutlet, api, outlet
from bot.chats.slack.outlet import message_of
from bot.deliveries.outlet import Posting
from formatters import blockkit
from formatters.model import Page, Prose
from formatters.pages import digest_page
from formatters.text import LANGUAGES, words_for
from tests.digests import a_busy_day, digests
from tests.servers import slack_faults as faults
from tests.servers.slack import SlackServer
from tests.servers.slack_workspace import BOT_USER, TEAM, Message
from tests.slack_rules import check

EN = words_for("en")
HERE = f"slack:{TEAM}/C1"
DIGEST = Posting(HERE, digest_page(a_busy_day(500), EN, "a-digest"), EN, 0)
"""The first of two messages."""


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


@pytest.fixture
def out(slack: SlackServer) -> SlackOutlet:
    return SlackOutlet(slack.app.bot_token, slack.api_url)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be waited for. A client made before still waits for answers as long as ever."""
    monkeypatch.setattr(api, "ANSWERED_WITHIN", 1.0)
    monkeypatch.setattr(api, "PAUSE_UNSENT", 0.0)


def posted(slack: SlackServer, channel: str = "C1") -> list[Message]:
    return slack.workspace.posted(channel)


async def refusal(asked: Any) -> ChatError:
    """What is raised."""
    with pytest.raises(ChatError) as raised:
        await asked
    return raised.value


# ---- once


async def test_a_digest_goes_into_one_thread_and_disturbs_nobody(
    slack: SlackServer, out: SlackOutlet
) -> None:
    first = await out.post(DIGEST)
    await out.post(replace(DIGEST, part=1, first=first))
    above, beneath = posted(slack)
    assert (above.thread_ts, beneath.thread_ts) == (None, first)
    for part, message in enumerate((above, beneath)):
        asked = message.arguments
        names = ("link_names", "unfurl_links", "unfurl_media")
        assert [asked[name] for name in names] == [False] * 3
        payload = {"digest": "a-digest", "part": part}
        assert message.metadata == {"event_type": "commitcast_digest", "event_payload": payload}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize(
    ("fault", "arrives"),
    [
        (faults.drop_before, False),
        (faults.drop_after, True),
        (faults.hang, False),
        (faults.hang_after, True),
        (faults.server_error, False),
        (faults.server_error_after, True),
        (faults.refused("fatal_error"), False),
        (faults.refused("internal_error", 500), False),
        (faults.not_json, False),
    ],
)
async def test_a_message_without_an_answer_is_looked_up(
    slack: SlackServer, fault: faults.Fault, arrives: bool, part: int
) -> None:
    """Invariant 2."""
    out, one = SlackOutlet(slack.app.bot_token, slack.api_url), DIGEST
    since = datetime.now(UTC)
    if part:
        one = replace(DIGEST, part=1, first=await out.post(DIGEST))
    slack.inject("chat.postMessage", fault)
    assert isinstance(await refusal(out.post(one)), OutcomeUnknown)
    assert len(slack.called("chat.postMessage")) == part + 1
    arrived = [message.ts for message in posted(slack)][part:]
    assert len(arrived) == arrives
    assert await out.find(one, since) == (arrived[0] if arrived else None)


async def test_a_message_is_found_among_all_others(
    slack: SlackServer, out: SlackOutlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlet, "PAGE", 3)
    since = datetime.now(UTC)
    other = replace(DIGEST, page=replace(DIGEST.page, digest="another"))
    wanted = await out.post(DIGEST)
    await out.post(replace(DIGEST, part=1, first=wanted))
    for number in range(10):
        slack.workspace.say("C1", "U1", f"{number}")
    await out.post(other)
    assert await out.find(DIGEST, since) == wanted
    assert len(slack.called("conversations.history")) == 4
    assert await out.find(replace(DIGEST, part=1), since) is None  # it is in the thread
    monkeypatch.setattr(outlet, "MOST_PAGES", 3)
    too_many = await refusal(out.find(DIGEST, since))
    assert (too_many.code, too_many.permanent) == ("error-slack-lookup", True)


async def test_a_message_is_found_by_a_clock_that_is_ahead_of_slacks(
    slack: SlackServer, out: SlackOutlet
) -> None:
    slack.workspace.pass_time(minutes=-50)
    wanted = await out.post(DIGEST)
    slack.workspace.say("C1", "U1", "Old news")
    assert await out.find(DIGEST, datetime.now(UTC)) == wanted


async def test_without_the_right_to_read_nobody_can_tell(
    slack: SlackServer, out: SlackOutlet
) -> None:
    slack.app.scopes -= {"channels:history"}
    one = replace(DIGEST, part=1, first=await out.post(DIGEST))
    for asked in (DIGEST, one):
        error = await refusal(out.find(asked, datetime.now(UTC)))
        assert (error.code, error.permanent) == ("error-slack-scope", True)
        assert not isinstance(error, TokenRefused)
        assert "channels:history" in EN.error(error)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "fault", [faults.drop_before, faults.hang, faults.server_error, faults.rate_limited(61)]
)
async def test_a_lookup_that_fails_is_made_again_later(
    slack: SlackServer, fault: faults.Fault
) -> None:
    """It must not pass for a message that is not there, nor for one that nobody can look up."""
    out = SlackOutlet(slack.app.bot_token, slack.api_url)
    wanted = await out.post(DIGEST)
    slack.always("conversations.history", fault)
    error = await refusal(out.find(DIGEST, datetime.now(UTC)))
    assert not error.permanent
    assert not isinstance(error, OutcomeUnknown)
    slack.always("conversations.history", None)
    slack.inject("conversations.history", faults.rate_limited(0.05))
    assert await out.find(DIGEST, datetime.now(UTC)) == wanted


@pytest.mark.parametrize("refused", ["thread deleted", "no threads here"])
async def test_what_has_no_thread_goes_on_in_the_channel(
    slack: SlackServer, out: SlackOutlet, refused: str
) -> None:
    first, since = await out.post(DIGEST), datetime.now(UTC)
    rest = replace(DIGEST, part=1, first=first)
    if refused == "thread deleted":
        posted(slack)[0].is_deleted = True
    else:
        code = "restricted_action_non_threadable_channel"
        slack.inject("chat.postMessage", faults.refused(code))
    sent = await out.post(rest)
    assert posted(slack)[-1].thread_ts is None
    assert await out.find(rest, since) == sent


async def test_a_layout_that_slack_does_not_take_costs_the_layout_only(
    slack: SlackServer, out: SlackOutlet
) -> None:
    slack.inject("chat.postMessage", faults.refused("invalid_blocks"))
    sent = await out.post(DIGEST)
    [message] = posted(slack)
    assert message.blocks == []
    assert await out.find(DIGEST, datetime.now(UTC)) == sent


@given(digests(max_commits=60))
@settings(max_examples=10)
def test_a_digest_that_may_be_there_twice_fits(digest: Digest) -> None:
    """Invariant 9."""
    for language in LANGUAGES:
        words = words_for(language)
        page = digest_page(digest, words, "a-digest")
        for part in range(len(blockkit.messages(page, words))):
            message = message_of(Posting(HERE, page, words, part, may_repeat=True))
            check({"channel": "C1", "text": message.text, "blocks": message.blocks})
            assert str(message.blocks).count(words("control-may-repeat")) == 1


# ---- refusals


@pytest.mark.parametrize(
    "reason",
    [
        *("channel_not_found", "not_in_channel", "is_archived", "restricted_action"),
        *("restricted_action_read_only_channel", "no_permission", "team_access_not_granted"),
    ],
)
async def test_a_channel_that_takes_no_more_messages_is_told_apart(
    slack: SlackServer, out: SlackOutlet, reason: str
) -> None:
    slack.always("chat.postMessage", faults.refused(reason))
    error = await refusal(out.post(replace(DIGEST, part=1, first="1.0")))
    assert type(error) is ChatError
    assert error.permanent


@pytest.mark.parametrize(
    "reason",
    [
        *("team_added_to_org", "org_login_required", "message_limit_exceeded", "ratelimited"),
        *("invalid_arguments", "msg_too_long", "metadata_too_large", "some_new_error"),
    ],
)
async def test_what_says_nothing_of_the_channel_does_not_end_it(
    slack: SlackServer, out: SlackOutlet, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "PAUSE_UNNAMED", 0.0)
    slack.always("chat.postMessage", faults.refused(reason))
    error = await refusal(out.post(DIGEST))
    assert type(error) is ChatError
    assert not error.permanent


@pytest.mark.parametrize("reason", ["token_revoked", "account_inactive", "token_expired"])
async def test_a_token_that_is_refused_is_told_apart(
    slack: SlackServer, out: SlackOutlet, reason: str
) -> None:
    sent = await out.post(DIGEST)
    slack.app.dead = reason
    asked = (out.post(DIGEST), out.find(DIGEST, datetime.now(UTC)), out.edit(DIGEST, sent))
    for one in asked:
        assert isinstance(await refusal(one), TokenRefused)


async def test_an_app_that_may_not_write_at_all_ends_no_channel(
    slack: SlackServer, out: SlackOutlet
) -> None:
    slack.app.scopes.remove("chat:write")
    error = await refusal(out.post(DIGEST))
    assert isinstance(error, TokenRefused)
    assert "chat:write" in EN.error(error)


@pytest.mark.usefixtures("impatient")
async def test_a_slack_that_is_not_reached_is_tried_again_later(slack: SlackServer) -> None:
    async with SlackServer() as gone:
        out = SlackOutlet(gone.app.bot_token, gone.api_url)
    error = await refusal(out.post(DIGEST))
    assert (type(error), error.code) == (ChatError, "error-slack-unreachable")
    assert not error.permanent


async def test_an_archived_channel_and_one_without_the_bot_take_nothing(
    slack: SlackServer, out: SlackOutlet
) -> None:
    first = await out.post(DIGEST)
    rest = replace(DIGEST, part=1, first=first)
    slack.workspace.channels["C1"].is_archived = True
    archived = [await refusal(out.post(rest)), await refusal(out.edit(DIGEST, first))]
    assert [(error.code, error.permanent) for error in archived] == [
        ("error-slack-closed", True)
    ] * 2
    slack.workspace.channels["C1"].members.remove(BOT_USER)
    assert (await refusal(out.post(rest))).code == "error-slack-not-invited"
    assert len(posted(slack)) == 1


# ---- edits


@pytest.mark.usefixtures("impatient")
async def test_an_edit_keeps_what_a_message_is_known_by(slack: SlackServer) -> None:
    out = SlackOutlet(slack.app.bot_token, slack.api_url)
    since, sent = datetime.now(UTC), await out.post(DIGEST)
    slack.inject("chat.update", faults.drop_after)
    await out.edit(DIGEST, sent)
    await out.edit(DIGEST, sent)
    [message] = posted(slack)
    assert len(message.versions) == 3  # one was made again, for its answer was lost
    assert await out.find(DIGEST, since) == sent


@pytest.mark.parametrize(
    "reason", ["message_not_found", "cant_update_message", "edit_window_closed"]
)
async def test_what_can_no_longer_be_edited_stays(
    slack: SlackServer, out: SlackOutlet, reason: str
) -> None:
    sent = await out.post(DIGEST)
    slack.inject("chat.update", faults.refused(reason))
    await out.edit(DIGEST, sent)
    assert not posted(slack)[0].versions


# ---- people and places


async def test_a_person_is_told_with_no_right_but_to_write(
    slack: SlackServer, out: SlackOutlet
) -> None:
    slack.app.scopes = {"chat:write"}
    long = Page(tuple(Prose("word " * 500) for _ in range(6)))
    await out.tell("U2", HERE, long, EN)
    assert [m.channel for m in slack.workspace.messages] == ["DU2"] * 2


async def test_one_app_serves_the_workspaces_of_an_organisation(
    slack: SlackServer, out: SlackOutlet
) -> None:
    slack.app.is_org_wide = True
    slack.workspace.add_channel("C2", "elsewhere")
    key = await out.channel_key("slack:T034OTHER/C2")
    assert key == "slack:T034OTHER/C2"
    await out.post(DIGEST)
    await out.post(replace(DIGEST, channel=key))
    assert (len(posted(slack)), len(posted(slack, "C2"))) == (1, 1)
    assert (await refusal(out.channel_key("slack:C2"))).code == "error-slack-channel"


async def test_a_channel_of_another_workspace_is_none_of_ours(
    slack: SlackServer, out: SlackOutlet
) -> None:
    assert await out.channel_key(f" slack:{TEAM}/C1") == HERE
    for typed in ("slack:T034OTHER/C1", "slack:#general", "slack:U1", "telegram:-100"):
        assert (await refusal(out.channel_key(typed))).code == "error-slack-channel"


async def test_a_message_is_found_by_who_lives_in_the_future(slack: SlackServer) -> None:
    """Invariant 2: a clock that was days ahead when the digest was planned makes it come once."""
    out = SlackOutlet(slack.app.bot_token, slack.api_url)
    sent = await out.post(DIGEST)
    assert await out.find(DIGEST, datetime.now(UTC) + timedelta(days=3)) == sent
