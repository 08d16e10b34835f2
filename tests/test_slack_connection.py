"""How the bot gets what happens on Slack: Socket Mode, HTTP, wrong tokens, outages, and the end."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from analyzers.errors import ChatError
from bot.chats.slack import SlackChat, sockets
from bot.chats.slack_manifest import EVENTS_PATH
from bot.monitoring.logs import hiding
from formatters.model import Action, Verb
from tests.fakes import RecordingFront
from tests.servers import slack_faults as faults
from tests.servers.slack import SlackServer
from tests.servers.slack_delivery import signature
from tests.servers.slack_workspace import Json
from tests.slack_bot import (
    DELIVERED,
    a_digest,
    answered,
    running,
    saying,
    served,
    texts,
    the_bot,
)

FORM = "application/x-www-form-urlencoded"


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


@pytest.fixture
def front() -> RecordingFront:
    """What the bot hands in; it is not connected yet."""
    return RecordingFront()


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a lost connection be noticed in no time."""
    monkeypatch.setattr(sockets, "PING_EVERY", 0.1)
    monkeypatch.setattr(sockets, "LOOKED_AT_EVERY", 0.05)


@pytest_asyncio.fixture
async def brought(slack: SlackServer, front: RecordingFront) -> AsyncIterator[SlackServer]:
    """A Slack that brings everything to the bot, in HTTP mode."""
    chat = the_bot(slack, front, http=True)
    task = asyncio.create_task(chat.run())
    async with served(slack, chat):
        await slack.until(lambda: slack.called("auth.test"))
        await until_ready(slack)
        yield slack
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def until_ready(slack: SlackServer) -> None:
    """Wait until the bot takes requests: before it knows itself it is unavailable."""
    ping = json.dumps({"type": "url_verification", "token": "x", "challenge": "ready"}).encode()
    async with asyncio.timeout(10):
        while (await slack.request_url.post(ping))[0] == 503:
            await asyncio.sleep(0.01)


async def failure_of(
    chat: SlackChat, meanwhile: Callable[[], Awaitable[None]] | None = None
) -> ChatError:
    """What the bot ends with by itself."""
    task = asyncio.create_task(chat.run())
    if meanwhile:
        await meanwhile()
    with pytest.raises(ChatError) as ended:
        await asyncio.wait_for(task, 20)
    return ended.value


# ---- Socket Mode


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_the_bot_comes_back_when_slack_refreshes_the_connection(
    slack: SlackServer, front: RecordingFront, reason: str
) -> None:
    front.respond = lambda _: saying("Here")
    async with running(slack, the_bot(slack, front)):
        await slack.command("/commitcast", "one")
        await slack.link.disconnect(reason)
        await slack.until(lambda: slack.link.opened == 2 and slack.link.connected == 1)
        await slack.command("/commitcast", "two")
        await answered(slack, front, 2)
    assert texts(front.asked) == ["one", "two"]
    assert not slack.link.unknown


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("breakage", ["dropped", "closed", "deaf"])
async def test_the_bot_comes_back_over_a_broken_connection(
    slack: SlackServer, front: RecordingFront, breakage: str
) -> None:
    async with running(slack, the_bot(slack, front)):
        if breakage == "dropped":
            slack.link.drop()
        elif breakage == "closed":
            await slack.link.aclose()
        else:
            slack.link.is_deaf = True
        await slack.until(lambda: slack.link.opened >= 2)
        slack.link.is_deaf = False
        await slack.until(lambda: slack.link.connected)
        await slack.command("/commitcast", "help")
        await slack.until(lambda: front.asked)


async def test_work_goes_on_while_the_connection_is_refreshed(
    slack: SlackServer, front: RecordingFront
) -> None:
    front.gate.clear()
    front.respond = lambda _: saying("Here")
    async with running(slack, the_bot(slack, front)):
        await slack.command("/digest", "acme/widget")
        await slack.link.disconnect("warning")
        await slack.until(lambda: slack.link.opened == 2 and slack.link.connected == 1)
        front.gate.set()
        await answered(slack, front)
    assert [m.text for m in slack.workspace.posted("C1")] == ["Here"]


@pytest.mark.usefixtures("hurry")
async def test_a_connection_that_does_not_come_back_ends_the_run(
    slack: SlackServer, front: RecordingFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who runs the bot starts it again; it is no reason to give up for good."""
    monkeypatch.setattr(sockets, "LOST_AFTER", 0.5)

    async def lose_slack() -> None:
        await slack.until(lambda: slack.link.connected)
        slack.always("apps.connections.open", faults.refused("internal_error"))
        slack.link.drop()

    ended = await failure_of(the_bot(slack, front), lose_slack)
    assert (ended.code, ended.permanent) == ("error-slack-unreachable", False)
    assert "ticket" not in str(ended.details)


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("late", [False, True], ids=["at the start", "later"])
async def test_an_address_that_is_used_up_is_given_up(
    slack: SlackServer,
    front: RecordingFront,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    late: bool,
) -> None:
    """The SDK would go on with it for ever, and logs it each time."""
    monkeypatch.setattr(sockets, "LOST_AFTER", 0.5)
    monkeypatch.setattr(sockets, "CONNECTS_WITHIN", 1.0)
    chat = the_bot(slack, front)
    slack.link.broken_handshakes = 0 if late else 1

    async def break_next() -> None:
        if late:
            await slack.until(lambda: slack.link.connected)
            slack.link.broken_handshakes = 1
            await slack.link.disconnect("warning")

    async with hiding(["as a bot that runs"]):
        ended = await failure_of(chat, break_next)
    assert (ended.code, ended.permanent) == ("error-slack-unreachable", False)
    assert "ticket=***" in caplog.text
    assert "ticket=ticket" not in caplog.text
    async with running(slack, chat):
        await slack.command("/commitcast", "help")
        await slack.until(lambda: front.asked)


async def test_the_end_is_in_order(slack: SlackServer, front: RecordingFront) -> None:
    front.respond = lambda _: saying("Here")
    front.gate.clear()
    async with running(slack, the_bot(slack, front)):
        await slack.command("/digest", "acme/widget")
        await slack.until(lambda: front.asked)
        asyncio.get_running_loop().call_later(0.2, front.gate.set)
    assert [m.text for m in slack.workspace.posted("C1")] == ["Here"]  # what was begun is finished
    await slack.until(lambda: not slack.link.connected)


# ---- the start


@pytest.mark.parametrize("error", ["token_revoked", "account_inactive", "token_expired"])
async def test_a_dead_token_ends_the_chat_for_good(
    slack: SlackServer, front: RecordingFront, error: str
) -> None:
    slack.app.dead = error
    ended = await failure_of(the_bot(slack, front))
    assert (ended.code, ended.permanent) == ("error-slack-token", True)
    assert ended.details["reason"] == error


async def test_a_wrong_bot_token_ends_the_chat_for_good(
    slack: SlackServer, front: RecordingFront
) -> None:
    chat = the_bot(slack, front)
    slack.app.bot_token = "xoxb-another"
    ended = await failure_of(chat)
    assert (ended.code, ended.permanent) == ("error-slack-token", True)


async def test_a_wrong_app_token_ends_the_chat_for_good(
    slack: SlackServer, front: RecordingFront
) -> None:
    chat = the_bot(slack, front)
    slack.app.app_token = "xapp-another"
    ended = await failure_of(chat)
    assert (ended.code, ended.permanent) == ("error-slack-app-token", True)
    assert ended.details["reason"] == "invalid_auth"


async def test_swapped_tokens_are_told(slack: SlackServer, front: RecordingFront) -> None:
    chat = the_bot(slack, front)
    slack.app.bot_token, slack.app.app_token = slack.app.app_token, slack.app.bot_token
    ended = await failure_of(chat)
    assert (ended.code, ended.details["reason"]) == ("error-slack-token", "not_allowed_token_type")


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
@pytest.mark.parametrize(
    "fault",
    [
        faults.server_error,
        faults.not_json,
        faults.refused("internal_error"),
        faults.rate_limited(3600),
        faults.drop_before,
    ],
    ids=["503", "a portal", "internal", "429", "dropped"],
)
async def test_an_outage_at_the_start_is_worth_another_try(
    slack: SlackServer, front: RecordingFront, method: str, fault: faults.Fault
) -> None:
    chat = the_bot(slack, front)
    slack.always(method, fault)
    assert not (await failure_of(chat)).permanent
    slack.always(method, None)
    async with running(slack, chat):
        await slack.command("/commitcast", "help")
        await slack.until(lambda: front.asked)


async def test_an_unreachable_slack_is_worth_another_try(
    slack: SlackServer, front: RecordingFront
) -> None:
    async with SlackServer() as gone:
        chat = the_bot(gone, front)
    ended = await failure_of(chat)
    assert (ended.code, ended.permanent) == ("error-slack-unreachable", False)


async def test_a_slack_that_hangs_is_given_up_for_now(
    slack: SlackServer, front: RecordingFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chats.slack.api.ANSWERED_WITHIN", 1)
    slack.always("auth.test", faults.hang)
    ended = await failure_of(the_bot(slack, front))
    assert (ended.code, ended.permanent) == ("error-slack-unreachable", False)


@pytest.mark.usefixtures("hurry")
async def test_no_secret_comes_into_the_log(
    slack: SlackServer, front: RecordingFront, caplog: pytest.LogCaptureFixture
) -> None:
    """Invariant 7. With a ticket or a response_url anybody could listen, or speak for the bot."""
    caplog.set_level(logging.DEBUG)
    front.respond = lambda _: saying("Here")
    slack.inject("auth.test", faults.refused("internal_error"))
    await failure_of(the_bot(slack, front))
    async with running(slack, the_bot(slack, front)):
        delivery = await slack.command("/commitcast", "help")
        slack.inject("chat.postMessage", faults.server_error, faults.not_json)
        slack.always("apps.connections.open", faults.refused("internal_error"))
        slack.link.drop()
        await slack.until(lambda: len(slack.called("apps.connections.open")) >= 3)
        slack.always("apps.connections.open", None)
        await slack.until(lambda: slack.link.connected)
        await slack.command("/commitcast", "help")
        await answered(slack, front, 2)
    secrets = [slack.app.bot_token, slack.app.app_token, slack.app.signing_secret]
    secrets += [delivery.payload["response_url"], "ticket=ticket"]
    assert not [secret for secret in secrets if secret in caplog.text]


# ---- HTTP


async def test_everything_is_taken_over_http_as_well(
    brought: SlackServer, front: RecordingFront
) -> None:
    digest = await a_digest(brought, front)
    front.respond = lambda _: saying("Here")
    deliveries = [
        await brought.command("/analyze", 'x payload={"type":"y"} &command=z'),
        await brought.mention("expand 12 <b>", thread=digest.ts),
        await brought.press(digest, Action(Verb.EXPAND, DELIVERED, 3).token),
    ]
    assert [one.status for one in deliveries] == [200] * 3
    assert all(one.answer is None for one in deliveries)
    await answered(brought, front, 4)
    assert sorted(texts(front.asked)) == [
        'analyze x payload={"type":"y"} &command=z',
        "digest acme/widget",
        "expand 12 <b>",
    ]
    assert len(front.pressed) == 1
    assert len(brought.workspace.replies(digest)) == 3
    assert not brought.called("apps.connections.open")


async def test_an_event_that_slack_brings_again_is_answered_once(
    brought: SlackServer, front: RecordingFront
) -> None:
    """Invariant 2."""
    mention = await brought.mention("help")
    for _ in range(3):
        mention = await brought.again(mention)
        assert mention.status == 200
    await brought.mention("the last")
    await brought.until(lambda: "the last" in texts(front.asked))
    assert sorted(texts(front.asked)) == ["help", "the last"]


async def test_a_request_that_somebody_repeats_has_no_second_effect(
    brought: SlackServer, front: RecordingFront
) -> None:
    """A right signature stays right for five minutes."""
    body, now = command_body(brought), str(int(time.time()))
    for _ in range(3):
        status, _ = await brought.request_url.post(body, FORM, timestamp=now)
        assert status == 200
    await brought.mention("the last")
    await brought.until(lambda: "the last" in texts(front.asked))
    assert sorted(texts(front.asked)) == ["help", "the last"]


async def test_acknowledgements_over_http_wait_for_nothing(
    brought: SlackServer, front: RecordingFront
) -> None:
    """Invariant 10."""
    front.gate.clear()
    sent = [brought.command("/commitcast", f"expand {number}") for number in range(50)]
    deliveries = await asyncio.gather(*sent)
    assert max(delivery.latency for delivery in deliveries) < 3
    front.gate.set()


async def test_slack_may_see_that_the_address_is_ours(brought: SlackServer) -> None:
    asked = {"type": "url_verification", "token": "x", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY"}
    status, said = await brought.request_url.post(json.dumps(asked).encode())
    assert status == 200
    assert asked["challenge"] in said
    assert (await brought.request_url.post(json.dumps(asked).encode(), secret="wrong"))[0] == 401


def command_body(slack: SlackServer) -> bytes:
    """A slash command as it goes over the wire."""
    payload: Json = slack.people.command("/commitcast", "help", "C1", "U1").payload
    return urlencode(payload).encode()


@pytest.mark.parametrize(
    "timestamp", ["abc", "0", "-5", "", "1e9", "9" * 400, "１７００００００００", "nan", " "]
)
async def test_a_malformed_timestamp_is_unauthorised(
    brought: SlackServer, front: RecordingFront, timestamp: str
) -> None:
    status, _ = await brought.request_url.post(command_body(brought), timestamp=timestamp)
    assert status == 401
    assert not front.asked


@pytest.mark.parametrize("age", [301, -301, 86_400])
async def test_an_old_signature_is_unauthorised(
    brought: SlackServer, front: RecordingFront, age: int
) -> None:
    timestamp = str(int(time.time()) - age)
    status, _ = await brought.request_url.post(command_body(brought), timestamp=timestamp)
    assert status == 401
    assert not front.asked


@pytest.mark.parametrize(
    "header", [None, "", "v0=", "v0=ä", "v1=" + "0" * 64, "v0=" + "0" * 64, "v0=" + "0" * 63]
)
async def test_a_wrong_signature_is_unauthorised(
    brought: SlackServer, front: RecordingFront, header: str | None
) -> None:
    headers = {"X-Slack-Signature": header}
    status, _ = await brought.request_url.post(command_body(brought), headers=headers)
    assert status == 401
    assert not front.asked


async def test_what_was_changed_on_the_way_is_unauthorised(
    brought: SlackServer, front: RecordingFront
) -> None:
    body, now = command_body(brought), str(int(time.time()))
    signed = signature(brought.app.signing_secret, now, body)
    tampered = body.replace(b"help", b"usage")
    headers = {"X-Slack-Signature": signed, "X-Slack-Request-Timestamp": now}
    assert (await brought.request_url.post(tampered, headers=headers))[0] == 401
    missing = {"X-Slack-Request-Timestamp": None, "X-Slack-Signature": signed}
    assert (await brought.request_url.post(body, headers=missing))[0] == 401
    assert not front.asked


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 404),
        (b"", 404),
        (b"{}", 404),
        (b'{"a":' * 100_000, 400),
        (b"payload=%7B", 400),
        (b"payload=[]", 400),
        (b"\xff\xfe", 401),
        (b"x" * 1_100_000, 413),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_what_makes_no_sense_is_refused_without_a_trace(
    brought: SlackServer, front: RecordingFront, body: bytes, status: int
) -> None:
    assert (await brought.request_url.post(body))[0] == status
    await brought.command("/commitcast", "help")
    await brought.until(lambda: front.asked)
    assert texts(front.asked) == ["help"]


async def test_nothing_of_an_unsigned_request_is_logged(
    brought: SlackServer, front: RecordingFront, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="bot")
    caplog.set_level(logging.DEBUG, logger="slack_bolt")
    await brought.request_url.post(b'{"text": "to be found in the log"}', secret="wrong")
    assert "to be found in the log" not in caplog.text


async def test_nothing_is_logged_of_what_the_app_does_not_know(
    brought: SlackServer, caplog: pytest.LogCaptureFixture
) -> None:
    """With its response_url anybody could answer."""
    caplog.set_level(logging.DEBUG)
    message = brought.workspace.say("C1", "U1", "to be found in the log")
    unknown = await brought.shortcut("a_shortcut_of_another_app", message)
    assert unknown.status == 404
    assert unknown.payload["response_url"] not in caplog.text
    assert message.text not in caplog.text


async def test_before_it_is_connected_the_bot_is_unavailable(
    slack: SlackServer, front: RecordingFront
) -> None:
    """Slack brings an event again that was answered so."""
    chat = the_bot(slack, front, http=True)
    async with served(slack, chat):
        assert (await slack.request_url.post(command_body(slack)))[0] == 503
        assert (await slack.request_url.post(command_body(slack), secret="wrong"))[0] == 401


def test_in_socket_mode_there_is_no_address(slack: SlackServer, front: RecordingFront) -> None:
    assert the_bot(slack, front).routes() == ()
    [route] = the_bot(slack, front, http=True).routes()
    assert (route.method, route.path) == ("POST", EVENTS_PATH)


def test_without_a_secret_nothing_can_be_checked_and_nothing_is_taken(
    front: RecordingFront, tmp_path: Path
) -> None:
    chat = SlackChat(
        front.as_front(), bot_token="x", app_token=None, signing_secret=None, api_url="http://x/"
    )
    assert chat.routes() == ()
