"""The bot on Slack: who asks what where, and how it is answered; through the real SDKs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from analyzers.errors import ChatError
from bot.chats.slack_manifest import COMMANDS, SHORTCUT
from bot.conversation import Asked, Document
from formatters.model import Action, Verb
from formatters.text import words_for
from tests.fakes import RecordingFront
from tests.servers import slack_faults as faults
from tests.servers.slack import SlackServer
from tests.servers.slack_workspace import BOT_NAME, BOT_USER, TEAM
from tests.slack_bot import (
    DELIVERED,
    a_digest,
    answered,
    digest_answer,
    long_answer,
    running,
    saying,
    texts,
    the_bot,
    values,
)

URL = "https://github.com/acme/widget/commit/0123456789abcdef0123456789abcdef01234567"


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


@pytest_asyncio.fixture
async def front(slack: SlackServer) -> AsyncIterator[RecordingFront]:
    """What the bot hands in; it is connected."""
    recording = RecordingFront()
    async with running(slack, the_bot(slack, recording)):
        yield recording
        recording.gate.set()


def alone(slack: SlackServer, user: str = "U1", channel: str = "C1") -> list[str]:
    """What this person alone was shown in a channel."""
    return [message.text for message in slack.workspace.ephemerals(user, channel)]


def posted(slack: SlackServer, channel: str = "C1") -> list[str]:
    """What the bot has to show for itself in a channel."""
    return [message.text for message in slack.workspace.posted(channel)]


# ---- what is asked


@pytest.mark.parametrize("prefix", ["", "cc-"])
@pytest.mark.parametrize("name", COMMANDS)
async def test_every_command_of_the_manifest_is_asked(
    slack: SlackServer, front: RecordingFront, name: str, prefix: str
) -> None:
    await slack.command(f"/{prefix}{name}", "acme/widget <b> & README.md", user="U2")
    await slack.until(lambda: front.asked)
    [asked] = front.asked
    said = "" if name == "commitcast" else f"{name} "
    assert asked.text == f"{said}acme/widget <b> & README.md"
    assert (asked.channel, asked.person.id) == (f"slack:{TEAM}/C1", "U2")
    assert (asked.prefix, asked.thread) == (f"/{prefix}commitcast ", None)


async def test_the_bots_own_command_alone_is_help(
    slack: SlackServer, front: RecordingFront
) -> None:
    await slack.command("/commitcast")
    await slack.until(lambda: front.asked)
    assert texts(front.asked) == ["help"]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        (URL, URL),
        ("analyze acme/widget@0123456", "analyze acme/widget@0123456"),
        (f"{URL} @bot", URL),
        ("hey @bot digest acme/widget & more", "digest acme/widget & more"),
        ("analyze github.com/acme/widget/commit/0123456", None),
        ("", "help"),
    ],
)
async def test_a_mention_asks_what_is_said_beside_the_name(
    slack: SlackServer, front: RecordingFront, said: str, asked: str | None
) -> None:
    mention = await slack.mention(said)
    await slack.until(lambda: front.asked)
    assert texts(front.asked) == [asked or said]
    assert front.asked[0].thread == mention.payload["event"]["ts"]
    assert front.asked[0].prefix == f"@{BOT_NAME} "


async def test_a_mention_in_a_thread_tells_the_thread(
    slack: SlackServer, front: RecordingFront
) -> None:
    digest = await a_digest(slack, front)
    await slack.mention("expand 12", thread=digest.ts)
    await slack.until(lambda: len(front.asked) == 2)
    assert (front.asked[1].text, front.asked[1].thread) == ("expand 12", digest.ts)


@pytest.mark.parametrize("in_blocks", [False, True])
async def test_the_shortcut_analyses_the_commit_that_a_message_links_to(
    slack: SlackServer, front: RecordingFront, in_blocks: bool
) -> None:
    front.respond = lambda _: saying("Analysed")
    message = slack.workspace.say("C1", "U2", f"see <https://a.example> and <{URL}|this>")
    if in_blocks:
        section = {"type": "section", "block_id": "b", "text": {"type": "mrkdwn"}}
        message.blocks = [section | {"text": {"type": "mrkdwn", "text": message.text}}]
        message.text = "A commit was pushed"
    await slack.shortcut(SHORTCUT, message)
    await answered(slack, front)
    assert texts(front.asked) == [f"analyze {URL}"]
    assert [m.text for m in slack.workspace.replies(message)] == ["Analysed"]


async def test_the_shortcut_on_another_message_says_what_it_needs(
    slack: SlackServer, front: RecordingFront
) -> None:
    message = slack.workspace.say("C1", "U2", "see <https://github.com/acme/widget>")
    await slack.shortcut(SHORTCUT, message)
    [told] = await slack.until(lambda: alone(slack))
    assert "no link to a commit" in told
    assert not front.asked


async def test_every_control_of_a_digest_asks_for_its_commit(
    slack: SlackServer, front: RecordingFront
) -> None:
    digest = await a_digest(slack, front)
    reports = [Action(Verb.REPORT, DELIVERED).token]
    expands = [Action(Verb.EXPAND, DELIVERED, number).token for number in range(1, 46)]
    assert sorted(values(digest)) == sorted(reports + expands)
    for value in values(digest):
        await slack.press(digest, value, user="U2")
    await slack.until(lambda: len(front.pressed) == 46)
    assert sorted(texts(front.pressed)) == sorted(values(digest))
    assert {pressed.channel for pressed in front.pressed} == {f"slack:{TEAM}/C1"}
    assert {pressed.person.id for pressed in front.pressed} == {"U2"}


async def test_two_people_press_the_same_button(slack: SlackServer, front: RecordingFront) -> None:
    digest = await a_digest(slack, front)
    front.respond = lambda _: saying("Commit 3")
    token = Action(Verb.EXPAND, DELIVERED, 3).token
    await asyncio.gather(*(slack.press(digest, token, user=user) for user in ("U1", "U2", "U1")))
    await answered(slack, front, 4)
    replies = slack.workspace.replies(digest)
    assert [m.text for m in replies] == ["Commit 3"] * 3
    assert sorted(pressed.person.id for pressed in front.pressed) == ["U1", "U1", "U2"]


async def test_a_forged_press_is_handed_on_or_refused_never_obeyed(
    slack: SlackServer, front: RecordingFront
) -> None:
    """Invariant 8: whether somebody may see a digest, the commands know."""
    digest = await a_digest(slack, front)
    await slack.forge(digest, "e.another.7.0")
    await slack.until(lambda: front.pressed)
    assert front.pressed[0].channel == f"slack:{TEAM}/C1"
    await slack.forge(digest, "rm -rf /")
    [told] = await slack.until(lambda: alone(slack))
    assert "/commitcast digest" in told
    assert len(front.pressed) == 1


async def test_a_press_on_what_one_person_alone_sees_is_answered(
    slack: SlackServer, front: RecordingFront
) -> None:
    slack.workspace.channels["C1"].members = {"U1"}
    front.respond = lambda event: digest_answer() if isinstance(event, Asked) else saying("Commit")
    await slack.command("/digest", "acme/widget")
    await answered(slack, front)
    shown = next(m for m in slack.workspace.ephemerals("U1") if m.controls)
    await slack.press(shown, Action(Verb.EXPAND, DELIVERED, 1).token)
    await answered(slack, front, 2)
    assert alone(slack)[-1] == "Commit"
    slack.workspace.channels["C1"].members.add(BOT_USER)
    await slack.press(shown, Action(Verb.EXPAND, DELIVERED, 2).token)
    await answered(slack, front, 3)
    assert posted(slack) == ["Commit"]
    assert not front.errors


async def test_what_is_meant_for_nobody_is_ignored(
    slack: SlackServer, front: RecordingFront
) -> None:
    await slack.mention("digest", bot_id="B9")
    await slack.mention("digest", subtype="bot_message")
    await slack.mention("digest", subtype="message_changed")
    text = {"type": "message", "channel": "C1", "text": "digest", "user": "U1", "ts": "1.0"}
    await slack.event(text | {"channel_type": "channel"})
    await slack.event(text | {"subtype": "message_changed", "message": text, "hidden": True})
    await slack.event(text | {"subtype": "message_deleted", "previous_message": text})
    await slack.event({"type": "app_home_opened", "user": "U1", "channel": "DU1", "tab": "home"})
    await slack.event({"type": "member_joined_channel", "user": "U2", "channel": "C1"})
    await slack.mention("help")
    await slack.until(lambda: front.asked)
    assert texts(front.asked) == ["help"]
    assert not slack.workspace.posted("C1")


async def test_what_slack_brings_again_is_answered_once(
    slack: SlackServer, front: RecordingFront
) -> None:
    """Invariant 2."""
    digest = await a_digest(slack, front)
    front.respond = lambda _: saying("Once")
    deliveries = [
        await slack.mention("help"),
        await slack.command("/commitcast", "help"),
        await slack.press(digest, Action(Verb.REPORT, DELIVERED).token),
        await slack.shortcut(SHORTCUT, slack.workspace.say("C1", "U2", f"<{URL}>")),
    ]
    for delivery in deliveries:
        again = await slack.again(delivery)
        await slack.again(again)
    await slack.mention("the last")
    await slack.until(lambda: "the last" in texts(front.asked))
    asked = sorted(texts(front.asked))
    assert asked == sorted(["digest acme/widget", "help", "help", f"analyze {URL}", "the last"])
    assert len(front.pressed) == 1


# ---- at once


async def test_fifty_commands_are_acknowledged_at_once_while_nothing_else_works(
    slack: SlackServer, front: RecordingFront
) -> None:
    """Invariant 10. Slack gives up after 3 s; how soon it is otherwise, the bench tells."""
    front.gate.clear()
    front.progress, front.respond = ("Reading",), lambda _: saying("Done")
    slack.always("chat.postMessage", faults.hang)
    sent = [slack.command("/commitcast", f"expand {number}") for number in range(50)]
    deliveries = await asyncio.gather(*sent)
    assert max(delivery.latency for delivery in deliveries) < 3
    await slack.until(lambda: len(front.asked) == 50)
    slack.always("chat.postMessage", faults.drop_before)  # for the end not to wait


# ---- answers


async def test_a_command_is_answered_in_its_channel(
    slack: SlackServer, front: RecordingFront
) -> None:
    front.respond = lambda _: saying("Mind <!channel> & <@U1> @here *bold* README.md")
    await slack.command("/digest", "acme/widget")
    await answered(slack, front)
    [message] = slack.workspace.posted("C1")
    assert "&lt;!channel&gt; &amp; &lt;@U1&gt;" in message.text
    assert message.thread_ts is None
    assert front.shown == [(message.ts,)]
    quiet = ("unfurl_links", "unfurl_media", "link_names")
    assert [message.arguments[name] for name in quiet] == [False] * 3
    assert not slack.workspace.ephemerals("U1")


async def test_a_mention_is_answered_in_its_thread(
    slack: SlackServer, front: RecordingFront
) -> None:
    front.respond = lambda _: saying("Here")
    mention = await slack.mention("digest acme/widget")
    await answered(slack, front)
    [message] = slack.workspace.posted("C1")
    assert message.thread_ts == mention.payload["event"]["ts"]


async def test_direct_messages_need_no_invitation(
    slack: SlackServer, front: RecordingFront
) -> None:
    front.respond = lambda _: saying("Here")
    slack.workspace.direct_messages("U1")
    await slack.command("/digest", "acme/widget", channel="DU1")
    await answered(slack, front)
    assert front.asked[0].channel == f"slack:{TEAM}/DU1"
    assert posted(slack, "DU1") == ["Here"]


async def test_a_press_is_answered_in_the_digests_thread(
    slack: SlackServer, front: RecordingFront
) -> None:
    digest = await a_digest(slack, front)
    before = digest.blocks
    token = Action(Verb.EXPAND, DELIVERED, 12)
    front.respond = lambda _: replace(saying("Commit 12"), in_place=token)
    await slack.press(digest, token.token)
    await answered(slack, front, 2)
    [reply] = slack.workspace.replies(digest)
    assert reply.text == "Commit 12"
    assert digest.blocks == before


async def test_a_press_in_a_digests_thread_is_answered_there(
    slack: SlackServer, front: RecordingFront
) -> None:
    front.respond = lambda event: digest_answer() if isinstance(event, Asked) else saying("Commit")
    mention = await slack.mention("digest acme/widget")
    await answered(slack, front)
    [digest] = slack.workspace.posted("C1")
    await slack.press(digest, Action(Verb.EXPAND, DELIVERED, 1).token)
    await answered(slack, front, 2)
    assert slack.workspace.posted("C1")[-1].thread_ts == mention.payload["event"]["ts"]
    front.respond = lambda _: replace(saying("No such commit"), private=True)
    await slack.press(digest, Action(Verb.EXPAND, DELIVERED, 1).token)
    await answered(slack, front, 3)
    [told] = slack.workspace.ephemerals("U1")
    assert told.thread_ts == mention.payload["event"]["ts"]  # where the person is looking


async def test_what_belongs_to_a_digest_goes_into_its_thread_and_says_so(
    slack: SlackServer, front: RecordingFront
) -> None:
    digest = await a_digest(slack, front)
    front.respond = lambda _: replace(saying("Commit 12"), beneath=(digest.ts,))
    await slack.command("/commitcast", "expand 12")
    await answered(slack, front, 2)
    assert [m.text for m in slack.workspace.replies(digest)] == ["Commit 12"]
    [told] = await slack.until(lambda: alone(slack))
    assert f"archives/C1/p{digest.ts.replace('.', '')}" in told
    await slack.mention("expand 12", thread=digest.ts)
    await answered(slack, front, 3)
    assert len(slack.workspace.replies(digest)) == 3  # the mention, and its answer
    assert len(alone(slack)) == 1  # who is in the thread need not be told


async def test_who_asks_in_another_thread_is_told_where_the_answer_is(
    slack: SlackServer, front: RecordingFront
) -> None:
    digest = await a_digest(slack, front)
    front.respond = lambda _: replace(saying("Commit 12"), beneath=(digest.ts,))
    elsewhere = await slack.mention("expand 12")
    await answered(slack, front, 2)
    assert [m.text for m in slack.workspace.replies(digest)] == ["Commit 12"]
    [told] = await slack.until(lambda: alone(slack))
    assert f"archives/C1/p{digest.ts.replace('.', '')}" in told
    assert elsewhere.payload["event"]["ts"] != digest.ts


async def test_a_digest_that_was_deleted_takes_no_answer_along(
    slack: SlackServer, front: RecordingFront
) -> None:
    digest = await a_digest(slack, front)
    digest.is_deleted = True
    front.respond = lambda _: replace(saying("Commit 12"), beneath=(digest.ts,))
    await slack.command("/commitcast", "expand 12")
    await answered(slack, front, 2)
    assert posted(slack) == ["Commit 12"]


async def test_what_only_one_person_needs_only_they_see(
    slack: SlackServer, front: RecordingFront
) -> None:
    front.respond = lambda _: replace(saying("Help"), private=True)
    await slack.command("/commitcast", "help", user="U2")
    await answered(slack, front)
    digest = await a_digest(slack, front)
    front.respond = lambda _: replace(saying("Help"), private=True)
    await slack.mention("help", user="U2", thread=digest.ts)
    await answered(slack, front, 3)
    await slack.mention("help", user="U2")
    await answered(slack, front, 4)
    shown = slack.workspace.ephemerals("U2")
    assert [m.text for m in shown] == ["Help"] * 3
    assert [m.thread_ts for m in shown] == [None, digest.ts, None]
    assert front.shown[0] == ()
    assert len(slack.workspace.posted("C1")) == 1
    assert not alone(slack, "U1")


async def test_a_long_private_answer_outlasts_its_address(
    slack: SlackServer, front: RecordingFront
) -> None:
    """Slack takes five messages at a response_url."""
    front.respond = lambda _: replace(long_answer(40), private=True)
    await slack.command("/commitcast", "help")
    await answered(slack, front)
    assert not front.errors
    assert len(slack.called("response_url")) == 5
    shown = " ".join(t for m in slack.workspace.ephemerals("U1") for t in m.texts)
    places = [shown.index(f"Item {n}:") for n in range(40)]
    assert places == sorted(places)


async def test_a_private_answer_comes_after_its_address_has_expired(
    slack: SlackServer, front: RecordingFront
) -> None:
    front.gate.clear()
    front.respond = lambda _: replace(saying("Late"), private=True)
    await slack.command("/commitcast", "help")
    slack.workspace.pass_time(minutes=31)
    front.gate.set()
    await answered(slack, front)
    assert alone(slack) == ["Late"]


@pytest.mark.parametrize("private", [False, True])
async def test_where_the_bot_is_no_member_the_person_is_answered_and_told_to_invite_it(
    slack: SlackServer, front: RecordingFront, private: bool
) -> None:
    slack.workspace.add_channel("C2", "elsewhere", members={"U1", "U2"}, is_private=private)
    front.progress = ("Reading",)
    front.respond = lambda _: saying("The answer")
    await slack.command("/digest", "acme/widget", channel="C2")
    await answered(slack, front)
    front.progress = ()
    await slack.command("/digest", "acme/widget", channel="C2")
    await answered(slack, front, 2)
    told = alone(slack, channel="C2")
    assert any(f"/invite @{BOT_NAME}" in text for text in told)
    assert "The answer" in told
    assert not slack.workspace.posted("C2")
    assert not alone(slack, "U2", "C2")


async def test_where_the_bot_is_no_member_a_file_needs_an_invitation(
    slack: SlackServer, front: RecordingFront
) -> None:
    slack.workspace.add_channel("C2", "elsewhere", members={"U1"})
    report = Document("report.md", b"# All of it")
    front.respond = lambda _: replace(saying("The report"), document=report)
    await slack.command("/report", "acme/widget", channel="C2")
    await answered(slack, front)
    assert any("/invite" in text and "file" in text for text in alone(slack, channel="C2"))
    assert not list(slack.workspace.shares())


async def test_an_archived_channel_takes_no_answer(
    slack: SlackServer, front: RecordingFront
) -> None:
    front.gate.clear()
    front.respond = lambda _: saying("Late")
    await slack.command("/digest", "acme/widget")
    slack.workspace.channels["C1"].is_archived = True
    front.gate.set()
    await answered(slack, front)
    assert [error.code for error in front.errors] == ["error-slack-closed"]


async def test_a_long_answer_goes_on_in_the_thread(
    slack: SlackServer, front: RecordingFront
) -> None:
    """Invariant 9."""
    front.respond = lambda _: long_answer()
    await slack.command("/analyze", URL)
    await answered(slack, front)
    first, *others = slack.workspace.posted("C1")
    assert others
    assert {m.thread_ts for m in others} == {first.ts}
    assert front.shown == [tuple(m.ts for m in (first, *others))]
    shown = " ".join(text for m in (first, *others) for text in m.texts)
    places = [shown.index(f"Item {n}:") for n in range(12)]
    assert places == sorted(places)


async def test_a_hundred_commits_are_one_message(slack: SlackServer, front: RecordingFront) -> None:
    front.respond = lambda _: digest_answer(100)
    await slack.command("/digest", "acme/widget")
    await answered(slack, front)
    assert not front.errors
    assert len(slack.workspace.posted("C1")) == 1


async def test_a_chinese_answer_arrives_as_it_is(slack: SlackServer, front: RecordingFront) -> None:
    front.respond = lambda _: digest_answer(3, words_for("zh"))
    await slack.command("/digest", "acme/widget")
    await answered(slack, front)
    assert "2026年1月6日" in " ".join(slack.workspace.posted("C1")[0].texts)


async def test_progress_is_one_message_that_becomes_the_answer(
    slack: SlackServer, front: RecordingFront
) -> None:
    front.progress, front.respond = ("Reading", "Analysing"), lambda _: digest_answer()
    front.gate.clear()
    await slack.command("/digest", "acme/widget")
    await slack.until(lambda: slack.called("chat.update"))
    [note] = await slack.until(lambda: slack.workspace.posted("C1"))
    await slack.until(lambda: note.text == "Analysing")
    front.gate.set()
    await answered(slack, front)
    assert front.shown == [(note.ts,)]
    assert [text for text, _ in note.versions] == ["Reading", "Analysing"]
    assert "acme/widget" in note.text
    assert note.controls
    assert len(slack.workspace.posted("C1")) == 1


@pytest.mark.parametrize("kind", ["private", "beneath", "deleted"])
async def test_progress_leaves_nothing_behind(
    slack: SlackServer, front: RecordingFront, kind: str
) -> None:
    digest = await a_digest(slack, front)
    front.progress = ("Reading",)
    front.gate.clear()
    answer = saying("Here")
    more = {"private": {"private": True}, "beneath": {"beneath": (digest.ts,)}, "deleted": {}}
    front.respond = lambda _: replace(answer, **more[kind])  # type: ignore[arg-type]
    await slack.command("/commitcast", "expand 12")
    await slack.until(lambda: len(slack.workspace.posted("C1")) == 2)
    if kind == "deleted":
        slack.workspace.posted("C1")[1].is_deleted = True
    front.gate.set()
    await answered(slack, front, 2)
    assert not front.errors
    assert "Reading" not in posted(slack)
    assert [*posted(slack)[1:], *alone(slack)][0] == "Here"


async def test_a_file_comes_after_what_is_said_beside_it(
    slack: SlackServer, front: RecordingFront
) -> None:
    report = Document("acme-widget-2026-01-06.md", "# 日报\n".encode())
    front.progress = ("Reading",)
    front.respond = lambda _: replace(saying("The report"), document=report)
    mention = await slack.mention("report acme/widget")
    await answered(slack, front)
    said, shared = slack.workspace.posted("C1")
    assert said.text == "The report"
    assert [(f.name, f.content) for f in shared.files] == [(report.name, report.content)]
    assert said.thread_ts == shared.thread_ts == mention.payload["event"]["ts"]


async def test_blocks_that_slack_does_not_take_cost_the_layout_only(
    slack: SlackServer, front: RecordingFront, caplog: pytest.LogCaptureFixture
) -> None:
    slack.inject("chat.postMessage", faults.refused("invalid_blocks"))
    front.respond = lambda _: saying("Here")
    await slack.command("/digest", "acme/widget")
    await answered(slack, front)
    [message] = slack.workspace.posted("C1")
    assert (message.text, message.blocks) == ("Here", [])
    assert "invalid_blocks" in caplog.text


# ---- Slack fails


async def test_a_pause_that_slack_asks_for_is_kept(
    slack: SlackServer, front: RecordingFront
) -> None:
    front.respond = lambda _: saying("Here")
    slack.inject("chat.postMessage", faults.rate_limited(1))
    await slack.command("/digest", "acme/widget")
    await answered(slack, front)
    first, second = slack.called("chat.postMessage")
    assert 1 <= second.at - first.at < 5
    assert posted(slack) == ["Here"]


async def test_one_channel_that_has_to_wait_delays_no_other(
    slack: SlackServer, front: RecordingFront
) -> None:
    """Invariant 4."""
    slack.workspace.add_channel("C2", "elsewhere")
    front.respond = lambda _: saying("Here")
    slack.inject("chat.postMessage", faults.rate_limited(3))
    await slack.command("/digest", "acme/widget", channel="C1")
    await slack.until(lambda: slack.called("chat.postMessage"))
    await slack.command("/digest", "acme/widget", channel="C2")
    await slack.until(lambda: posted(slack, "C2"), within=2.5)
    assert not posted(slack)


async def test_a_pause_of_an_hour_is_an_error_that_tells_it(
    slack: SlackServer, front: RecordingFront
) -> None:
    front.respond = lambda _: saying("Here")
    slack.always("chat.postMessage", faults.rate_limited(3600))
    await slack.command("/digest", "acme/widget")
    await answered(slack, front)
    [error] = front.errors
    assert (error.code, error.retry_after, error.permanent) == ("error-slack-busy", 3600, False)
    assert len(slack.called("chat.postMessage")) == 1


async def test_progress_does_not_wait_for_slacks_limits(
    slack: SlackServer, front: RecordingFront
) -> None:
    slack.inject("chat.postMessage", faults.rate_limited(30))
    front.progress, front.respond = ("Reading",), lambda _: saying("Here")
    await slack.command("/digest", "acme/widget")
    await slack.until(lambda: posted(slack), within=5)
    await answered(slack, front)
    assert posted(slack) == ["Here"]
    assert not front.errors


async def test_a_message_that_may_have_arrived_is_not_sent_again(
    slack: SlackServer, front: RecordingFront
) -> None:
    """Invariant 2."""
    front.respond = lambda _: saying("Here")
    slack.inject("chat.postMessage", faults.drop_after)
    await slack.command("/digest", "acme/widget")
    await answered(slack, front)
    assert posted(slack) == ["Here"]
    assert [error.code for error in front.errors] == ["error-slack-outcome"]


async def test_an_edit_that_may_have_arrived_is_made_again(
    slack: SlackServer, front: RecordingFront
) -> None:
    front.progress, front.respond = ("Reading",), lambda _: saying("Here")
    slack.inject("chat.update", faults.drop_after)
    await slack.command("/digest", "acme/widget")
    await answered(slack, front)
    assert posted(slack) == ["Here"]
    assert not front.errors


@pytest.mark.parametrize(
    ("fault", "code", "permanent"),
    [
        (faults.server_error, "error-slack-outage", False),
        (faults.refused("internal_error"), "error-slack-outage", False),
        (faults.refused("fatal_error", 500), "error-slack-outage", False),
        (faults.not_json, "error-slack-unexpected", False),
        (faults.refused("token_revoked"), "error-slack-token", True),
        (faults.refused("restricted_action"), "error-slack-policy", True),
        (faults.refused("some_new_error"), "error-slack-rejected", True),
    ],
)
async def test_what_slack_fails_with_is_told_apart(
    slack: SlackServer, front: RecordingFront, fault: faults.Fault, code: str, permanent: bool
) -> None:
    front.respond = lambda _: saying("Here")
    slack.always("chat.postMessage", fault)
    await slack.command("/digest", "acme/widget")
    await answered(slack, front)
    assert [(error.code, error.permanent) for error in front.errors] == [(code, permanent)]


async def test_a_right_that_is_lacking_is_named(slack: SlackServer, front: RecordingFront) -> None:
    slack.app.scopes.remove("files:write")
    report = Document("report.md", b"# All of it")
    front.respond = lambda _: replace(saying("The report"), document=report)
    await slack.command("/report", "acme/widget")
    await answered(slack, front)
    [error] = front.errors
    assert error.code == "error-slack-scope"
    assert "files:write" in words_for("en").error(error)


# ---- who asks


@pytest.mark.parametrize(
    ("trait", "may"),
    [
        ("is_admin", True),
        ("is_restricted", False),
        ("is_ultra_restricted", False),
        ("is_stranger", False),
    ],
)
async def test_guests_may_not_manage_what_a_channel_follows(
    slack: SlackServer, front: RecordingFront, trait: str, may: bool
) -> None:
    slack.workspace.add_user("U7", "eve", **{trait: True})
    await slack.command("/subscribe", "acme/widget", user="U7")
    await slack.until(lambda: front.asked)
    assert not slack.called("users.info")
    assert await front.asked[0].person.may_manage() is may


async def test_somebody_of_another_company_is_asked_about_in_our_workspace(
    slack: SlackServer, front: RecordingFront
) -> None:
    slack.workspace.add_channel("C5", "shared", is_ext_shared=True)
    slack.workspace.add_user("U8", "mallory", is_stranger=True)
    slack.workspace.channels["C5"].members.add("U8")
    digest = await a_digest(slack, front, "C5")
    await slack.mention("subscribe acme/widget", channel="C5", user="U8")
    await slack.press(digest, Action(Verb.REPORT, DELIVERED).token, user="U8")
    await slack.until(lambda: len(front.asked) == 2 and front.pressed)
    channels = {asked.channel for asked in front.asked} | {one.channel for one in front.pressed}
    assert channels == {f"slack:{TEAM}/C5"}
    assert not await front.asked[1].person.may_manage()


async def test_when_nobody_tells_who_somebody_is_it_is_an_error(
    slack: SlackServer, front: RecordingFront
) -> None:
    slack.app.scopes.remove("users:read")
    await slack.command("/subscribe", "acme/widget")
    await slack.until(lambda: front.asked)
    with pytest.raises(ChatError) as told:
        await front.asked[0].person.may_manage()
    assert told.value.code == "error-slack-scope"


# ---- links


@pytest.mark.parametrize("composing", [False, True])
async def test_a_link_to_an_analysed_commit_tells_what_it_changes(
    slack: SlackServer, front: RecordingFront, composing: bool
) -> None:
    front.previews = {URL: saying("Fixes the crash").page}
    delivery = await slack.link_shared("https://github.com/acme", URL, composing=composing)
    link = slack.workspace.links[delivery.payload["event"]["unfurl_id"]]
    unfurls = await slack.until(lambda: link.unfurls)
    assert unfurls.keys() == {URL}
    assert "Fixes the crash" in str(unfurls[URL]["blocks"])


async def test_a_link_without_an_analysis_is_left_alone(
    slack: SlackServer, front: RecordingFront
) -> None:
    await slack.link_shared(URL)
    await slack.mention("help")
    await slack.until(lambda: front.asked)
    assert not slack.called("chat.unfurl")


async def test_a_link_that_may_not_be_unfurled_is_no_trouble(
    slack: SlackServer, front: RecordingFront
) -> None:
    front.previews = {URL: saying("Fixes the crash").page}
    slack.inject("chat.unfurl", faults.refused("cannot_unfurl_url"))
    await slack.link_shared(URL)
    await slack.until(lambda: slack.called("chat.unfurl"))
    await slack.mention("help")
    await slack.until(lambda: front.asked)
