"""The Slack of the tests against Slack's own SDK: it speaks what the SDK speaks, and refuses what
Slack refuses."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.servers import slack_faults as faults
from tests.servers.slack import SlackServer
from tests.servers.slack_limits import Limits
from tests.servers.slack_workspace import BOT_USER, Json

BUTTON = {
    "type": "button",
    "action_id": "expand.1",
    "text": {"type": "plain_text", "text": "Expand"},
    "value": "e.d1.1.0",
}
MENU = {
    "type": "static_select",
    "action_id": "choose",
    "placeholder": {"type": "plain_text", "text": "Expand a commit"},
    "options": [
        {"text": {"type": "plain_text", "text": f"{n} Fix it"}, "value": f"e.d1.{n}.0"}
        for n in (1, 2)
    ],
}


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


@pytest.fixture
def client(slack: SlackServer) -> AsyncWebClient:
    return client_of(slack)


def client_of(slack: SlackServer, token: str | None = None) -> AsyncWebClient:
    token = slack.app.bot_token if token is None else token
    return AsyncWebClient(token=token, base_url=slack.api_url, retry_handlers=[], timeout=10)


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


async def code_of(call: Awaitable[Any]) -> str:
    """The error that a call is refused with."""
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


@asynccontextmanager
async def connected(
    slack: SlackServer, *, answer: Json | None = None
) -> AsyncIterator[list[SocketModeRequest]]:
    """A client in Socket Mode that acknowledges everything; gives what it got."""
    client = SocketModeClient(
        app_token=slack.app.app_token, web_client=client_of(slack, ""), ping_interval=0.2
    )
    got: list[SocketModeRequest] = []

    async def take(_: object, request: SocketModeRequest) -> None:
        got.append(request)
        payload = answer if request.type == "slash_commands" else None
        await client.send_socket_mode_response(
            SocketModeResponse(envelope_id=request.envelope_id, payload=payload)
        )

    client.socket_mode_request_listeners.append(take)
    await client.connect()  # type: ignore[no-untyped-call]
    try:
        await slack.until(lambda: slack.link.connected)
        yield got
    finally:
        await client.close()  # type: ignore[no-untyped-call]
        await asyncio.sleep(0)  # lets its tasks take note


# ---- tokens and scopes


async def test_a_token_is_known_by_its_kind(slack: SlackServer) -> None:
    found = await client_of(slack).auth_test()
    assert found["user_id"] == BOT_USER
    assert found["ok"]
    assert found.headers["X-OAuth-Scopes"]
    assert await code_of(client_of(slack, "xoxb-wrong").auth_test()) == "invalid_auth"
    assert await code_of(client_of(slack, "").auth_test()) == "not_authed"
    app_token = slack.app.app_token
    assert await code_of(client_of(slack, app_token).auth_test()) == "not_allowed_token_type"
    opening = client_of(slack).apps_connections_open(app_token=slack.app.bot_token)
    assert await code_of(opening) == "not_allowed_token_type"


async def test_a_revoked_token_says_so(slack: SlackServer, client: AsyncWebClient) -> None:
    slack.app.dead = "token_revoked"
    assert await code_of(client.auth_test()) == "token_revoked"


async def test_a_form_may_carry_the_token_and_the_blocks(slack: SlackServer) -> None:
    form = {
        "token": slack.app.bot_token,
        "channel": "C1",
        "text": "Hi",
        "blocks": json.dumps([section("Hi")]),
    }
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{slack.api_url}chat.postMessage", data=form) as response:
            assert (await response.json())["ok"]
        async with session.post(f"{slack.api_url}chat.postMessage", params=form) as response:
            assert (await response.json())["error"] == "not_authed"  # never in an address
    assert slack.workspace.visible("C1")[0].texts == ["Hi", "Hi"]


METHODS_AND_SCOPES: dict[str, Callable[[AsyncWebClient], Awaitable[Any]]] = {
    "chat:write": lambda c: c.chat_postMessage(channel="C1", text="Hi"),
    "users:read": lambda c: c.users_info(user="U1"),
    "files:write": lambda c: c.files_getUploadURLExternal(filename="a.md", length=3),
    "links:write": lambda c: c.chat_unfurl(channel="C1", ts="1.0", unfurls={"https://a.b": {}}),
    "channels:read": lambda c: c.conversations_info(channel="C1"),
    "groups:read": lambda c: c.conversations_info(channel="G1"),
    "im:history": lambda c: c.conversations_history(channel="DU1"),
    "im:write": lambda c: c.conversations_open(users="U1"),
}


@pytest.mark.parametrize("scope", METHODS_AND_SCOPES)
async def test_each_method_needs_its_scope(slack: SlackServer, scope: str) -> None:
    slack.workspace.add_channel("G1", "secret", is_private=True)
    slack.workspace.direct_messages("U1")
    slack.app.scopes = {"commands", "channels:history", "mpim:read"}
    with pytest.raises(SlackApiError) as refused:
        await METHODS_AND_SCOPES[scope](client_of(slack))
    assert refused.value.response["error"] == "missing_scope"
    assert scope in refused.value.response["needed"]
    assert refused.value.response["provided"] == "channels:history,commands,mpim:read"
    slack.app.scopes.add(scope)
    try:
        await METHODS_AND_SCOPES[scope](client_of(slack))
    except SlackApiError as exc:
        assert exc.response["error"] == "cannot_find_message"  # noqa: PT017 - of chat.unfurl


@pytest.mark.parametrize("kind", ["channels", "groups", "im", "mpim"])
async def test_the_manifests_scopes_read_the_history_of_members_and_list_nothing(
    slack: SlackServer, client: AsyncWebClient, kind: str
) -> None:
    traits = {"groups": "is_private", "im": "is_im", "mpim": "is_mpim"}
    more: dict[str, Any] = {traits[kind]: True} if kind in traits else {}
    slack.workspace.add_channel("X1", "a-channel", **more)
    slack.workspace.add_channel("X2", "another", members={"U1"}, **more)
    await client.conversations_history(channel="X1")
    refused = await code_of(client.conversations_history(channel="X2"))
    assert refused == ("not_in_channel" if kind == "channels" else "channel_not_found")
    assert await code_of(client.conversations_info(channel="X1")) == "missing_scope"
    slack.app.scopes.remove(f"{kind}:history")
    assert await code_of(client.conversations_history(channel="X1")) == "missing_scope"


# ---- messages


async def test_a_message_is_posted_edited_and_deleted(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    sent = await client.chat_postMessage(
        channel="C1", text="One", blocks=[section("One"), {"type": "actions", "elements": [BUTTON]}]
    )
    message = slack.workspace.posted("C1")[0]
    assert (message.ts, message.text) == (sent["ts"], "One")
    assert all(block["block_id"] for block in message.blocks)
    await client.chat_update(channel="C1", ts=sent["ts"], text="Two")
    assert message.text == "Two"
    assert len(message.blocks) == 2  # those that are not given stay
    await client.chat_update(channel="C1", ts=sent["ts"], text="Three", blocks=[])
    assert [text for text, _ in message.versions] == ["One", "Two"]
    assert message.blocks == []
    await client.chat_delete(channel="C1", ts=sent["ts"])
    assert not slack.workspace.visible("C1")
    assert await code_of(client.chat_delete(channel="C1", ts=sent["ts"])) == "message_not_found"


async def test_channels_refuse_whom_they_do_not_know(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    space = slack.workspace
    space.add_channel("C2", "elsewhere", members={"U1"})
    space.add_channel("G2", "secret", members={"U1"}, is_private=True)
    space.add_channel("C3", "old", is_archived=True)

    def post(channel: str) -> Awaitable[Any]:
        return client.chat_postMessage(channel=channel, text="Hi")

    assert await code_of(post("C2")) == "not_in_channel"
    assert await code_of(post("G2")) == "channel_not_found"
    assert await code_of(post("C9")) == "channel_not_found"
    assert await code_of(post("general")) == "channel_not_found"
    assert await code_of(post("C3")) == "is_archived"
    slack.app.scopes.add("chat:write.public")
    await post("C2")
    assert await code_of(post("G2")) == "channel_not_found"
    await post("U1")
    assert [m.text for m in space.visible("DU1")] == ["Hi"]


async def test_a_thread_hangs_on_its_parent(slack: SlackServer, client: AsyncWebClient) -> None:
    parent = slack.workspace.say("C1", "U1", "Look")
    reply = await client.chat_postMessage(channel="C1", text="Yes", thread_ts=parent.ts)
    for wrong in (reply["ts"], "1700000000.000100"):
        call = client.chat_postMessage(channel="C1", text="No", thread_ts=wrong)
        assert await code_of(call) == "cannot_reply_to_message"
    assert [m.text for m in slack.workspace.replies(parent)] == ["Yes"]


async def test_only_own_messages_are_edited(slack: SlackServer, client: AsyncWebClient) -> None:
    said = slack.workspace.say("C1", "U1", "Mine")
    edit = client.chat_update(channel="C1", ts=said.ts, text="Yours")
    assert await code_of(edit) == "cant_update_message"
    assert await code_of(client.chat_delete(channel="C1", ts=said.ts)) == "cant_delete_message"
    shown = await client.chat_postEphemeral(channel="C1", user="U1", text="Psst")
    edit = client.chat_update(channel="C1", ts=shown["message_ts"], text="Psst!")
    assert await code_of(edit) == "message_not_found"


async def test_one_person_is_shown_something_alone(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    await client.chat_postEphemeral(channel="C1", user="U1", text="Psst")
    assert [m.text for m in slack.workspace.ephemerals("U1", "C1")] == ["Psst"]
    assert not slack.workspace.visible("C1")
    assert not slack.workspace.ephemerals("U2")
    slack.workspace.channels["C1"].members.remove("U2")
    call = client.chat_postEphemeral(channel="C1", user="U2", text="Psst")
    assert await code_of(call) == "user_not_in_channel"


async def test_what_is_wrong_with_a_message_is_named(client: AsyncWebClient) -> None:
    """The limits themselves are those of `tests.slack_rules`."""
    post, update = client.chat_postMessage, client.chat_update
    assert await code_of(post(channel="C1", text="Hi", blocks=[section("")])) == "invalid_blocks"
    assert await code_of(post(channel="C1", text="x" * 4_001)) == "msg_too_long"
    with pytest.raises(SlackApiError) as refused:
        await post(channel="C1", text="Hi", blocks=[section("x" * 3_001)])
    assert refused.value.response["error"] == "invalid_blocks"
    assert "/blocks/0" in refused.value.response["response_metadata"]["messages"][0]
    with pytest.raises(SlackApiError) as refused:
        await update(channel="C1", ts="", text="Hi")
    assert refused.value.response["error"] == "invalid_arguments"
    assert refused.value.response["response_metadata"]["messages"] == [
        "[ERROR] missing required field: ts"
    ]
    assert await code_of(client.users_info(user="U1", nonsense=1)) == "invalid_arguments"
    bare = client.api_call("chat.postMessage", json={"channel": "C1"})
    assert await code_of(bare) == "no_text"
    assert await code_of(client.api_call("chat.shout", json={})) == "unknown_method"


async def test_a_method_without_json_does_not_read_it(client: AsyncWebClient) -> None:
    found = await client.api_call("users.info", params={"user": "U1", "include_locale": "true"})
    assert found["user"]["locale"] == "en-US"
    call = client.api_call("users.info", json={"user": "U1"})
    assert await code_of(call) == "invalid_arguments"


async def test_people_are_told_apart(slack: SlackServer, client: AsyncWebClient) -> None:
    slack.workspace.add_user("U7", "eve", is_restricted=True, is_ultra_restricted=True)
    guest = (await client.users_info(user="U7"))["user"]
    assert (guest["is_restricted"], guest["is_ultra_restricted"]) == (True, True)
    assert not (await client.users_info(user="U1"))["user"]["is_restricted"]
    assert await code_of(client.users_info(user="U9")) == "user_not_found"


async def test_history_finds_a_message_by_its_metadata(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    slack.app.scopes.add("channels:read")
    mark = {"event_type": "digest", "event_payload": {"key": "d1"}}
    parent = await client.chat_postMessage(channel="C1", text="One", metadata=mark)
    await client.chat_postMessage(channel="C1", text="Beneath", thread_ts=parent["ts"])
    last = await client.chat_postMessage(channel="C1", text="Two")
    listed = await client.conversations_history(channel="C1", include_all_metadata=True)
    assert [m["text"] for m in listed["messages"]] == ["Two", "One"]
    assert listed["messages"][1]["metadata"] == mark
    assert listed["messages"][1]["reply_count"] == 1
    bare = await client.conversations_history(channel="C1", oldest=parent["ts"])
    assert [m["text"] for m in bare["messages"]] == ["Two"]
    page = await client.conversations_history(channel="C1", limit=1)
    assert page["has_more"]
    cursor = page["response_metadata"]["next_cursor"]
    page = await client.conversations_history(channel="C1", limit=1, cursor=cursor)
    assert "metadata" not in page["messages"][0]
    thread = await client.conversations_replies(channel="C1", ts=parent["ts"])
    assert [m["text"] for m in thread["messages"]] == ["One", "Beneath"]
    assert await code_of(client.conversations_replies(channel="C1", ts="1.0")) == "thread_not_found"
    assert (await client.conversations_info(channel="C1"))["channel"]["is_member"]
    link = await client.chat_getPermalink(channel="C1", message_ts=last["ts"])
    assert link["permalink"].endswith(last["ts"].replace(".", ""))
    many = client.conversations_history(channel="C1", limit=1_000)
    assert await code_of(many) == "invalid_limit"


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"event_type": "x"}, "invalid_metadata_format"),
        ({"event_type": "x y", "event_payload": {}}, "invalid_metadata_schema"),
        ({"event_type": "x", "event_payload": ["y"]}, "invalid_metadata_schema"),
        ({"event_type": "x", "event_payload": {"y": {"z": 1}}}, "invalid_metadata_schema"),
        ({"event_type": "x", "event_payload": {"y": "z" * 16_000}}, "metadata_too_large"),
    ],
)
async def test_metadata_is_small_and_flat(
    client: AsyncWebClient, metadata: Json, error: str
) -> None:
    assert (
        await code_of(client.chat_postMessage(channel="C1", text="A", metadata=metadata)) == error
    )


# ---- files and views


async def test_a_file_is_uploaded_in_three_steps(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    parent = slack.workspace.say("C1", "U1", "A report, please")
    await client.files_upload_v2(
        filename="report.md",
        content=b"# All of it",
        channel="C1",
        thread_ts=parent.ts,
        initial_comment="Here",
    )
    [(message, file)] = slack.workspace.shares()
    assert (file.name, file.content, message.text) == ("report.md", b"# All of it", "Here")
    assert message.thread_ts == parent.ts
    assert [one.method for one in slack.calls] == [
        "files.getUploadURLExternal",
        "upload",
        "files.completeUploadExternal",
    ]


async def test_a_file_needs_content_and_a_member(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    empty = client.files_getUploadURLExternal(filename="a.md", length=0)
    assert await code_of(empty) == "missing_argument"
    announced = await client.files_getUploadURLExternal(filename="a.md", length=3)
    complete = client.files_completeUploadExternal
    files = [{"id": announced["file_id"], "title": "A"}]
    assert await code_of(complete(files=files, channel_id="C1")) == "file_not_found"
    async with aiohttp.ClientSession() as session:
        async with session.post(announced["upload_url"], data=b"abcd") as response:
            assert response.status == 400
        async with session.post(announced["upload_url"], data=b"abc") as response:
            assert await response.text() == "OK - 3"
    slack.workspace.add_channel("C2", "elsewhere", members={"U1"})
    assert await code_of(complete(files=files, channel_id="C2")) == "not_in_channel"
    await complete(files=files, channel_id="C1")
    assert await code_of(complete(files=files, channel_id="C1")) == "file_not_found"


async def test_a_trigger_opens_one_view_within_three_seconds(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    title = {"type": "plain_text", "text": "Settings"}
    view = {"type": "modal", "title": title, "blocks": [section("Hi")]}
    trigger = slack.workspace.new_trigger()
    await client.views_open(trigger_id=trigger, view=view)
    again = client.views_open(trigger_id=trigger, view=view)
    assert await code_of(again) == "exchanged_trigger_id"
    late = slack.workspace.new_trigger()
    slack.workspace.pass_time(minutes=0.1)
    assert await code_of(client.views_open(trigger_id=late, view=view)) == "expired_trigger_id"
    long = view | {"title": {"type": "plain_text", "text": "x" * 25}}
    assert await code_of(client.views_open(trigger_id="1.2.3", view=long)) == "invalid_arguments"


# ---- Socket Mode


async def test_what_people_do_reaches_the_app_and_is_acknowledged(slack: SlackServer) -> None:
    message = slack.workspace.say("C1", "U1", "Look")
    message.blocks = [{"type": "actions", "block_id": "b", "elements": [BUTTON, MENU]}]
    async with connected(slack) as got:
        command = await slack.command("/commitcast", "digest acme/widget", user="U2")
        assert command.payload["response_url"].startswith(slack.origin)
        assert 0 < command.latency < 5
        mention = await slack.mention("https://github.com/acme/widget/commit/abc <b>", thread=None)
        text = mention.payload["event"]["text"]
        assert text == f"<@{BOT_USER}> <https://github.com/acme/widget/commit/abc> &lt;b&gt;"
        button = await slack.press(message, "Expand")
        assert button.payload["actions"][0]["value"] == "e.d1.1.0"
        menu = await slack.press(message, "e.d1.2.0")
        assert menu.payload["actions"][0]["selected_option"]["value"] == "e.d1.2.0"
        await slack.shortcut("analyse_commit", message)
        forged = await slack.forge(message, "e.other.9.0")
        assert forged.payload["actions"][0]["value"] == "e.other.9.0"
    kinds = ["slash_commands", "events_api", *["interactive"] * 4]
    assert [request.type for request in got] == kinds
    assert [request.payload for request in got] == [one.payload for one in slack.deliveries]
    assert [r.accepts_response_payload for r in got] == [True, *[False] * 5]
    with pytest.raises(LookupError):
        await slack.press(message, "Collapse")


async def test_an_acknowledgement_may_answer_a_command(slack: SlackServer) -> None:
    async with connected(slack, answer={"text": "On it"}):
        await slack.command("/commitcast", "help")
    assert [m.text for m in slack.workspace.ephemerals("U1")] == ["On it"]


async def test_an_event_comes_again_as_the_same_event(slack: SlackServer) -> None:
    async with connected(slack) as got:
        await slack.again(await slack.mention("help"))
    assert got[0].payload["event_id"] == got[1].payload["event_id"]
    assert got[0].envelope_id != got[1].envelope_id
    assert [(r.retry_attempt, r.retry_reason) for r in got] == [(0, ""), (1, "timeout")]


async def test_a_client_comes_back_when_it_is_told_to(slack: SlackServer) -> None:
    async with connected(slack) as got:
        await slack.link.disconnect("warning")
        await slack.until(lambda: slack.link.opened == 2 and slack.link.connected == 1)
        await slack.command("/commitcast", "help")
        assert len(got) == 1
        await slack.link.disconnect("refresh_requested", close=True)
        await slack.until(lambda: slack.link.opened >= 3 and slack.link.connected)


@pytest.mark.parametrize("breakage", ["dropped", "deaf"])
async def test_a_client_comes_back_over_a_broken_connection(
    slack: SlackServer, breakage: str
) -> None:
    async with connected(slack):
        if breakage == "dropped":
            slack.link.drop()
        else:
            slack.link.is_deaf = True
        await slack.until(lambda: slack.link.opened >= 2)
        slack.link.is_deaf = False
        await slack.until(lambda: slack.link.connected)
        await slack.command("/commitcast", "help")


async def test_a_ticket_is_good_for_one_connection(slack: SlackServer) -> None:
    opened = await client_of(slack, "").apps_connections_open(app_token=slack.app.app_token)
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(opened["url"]) as socket:
            hello = await socket.receive_json()
            assert hello["type"] == "hello"
            assert hello["debug_info"]["approximate_connection_time"] > 3600
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])


async def test_what_nobody_acknowledges_times_out(
    slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.servers.slack.PATIENCE", 0.1)
    opened = await client_of(slack, "").apps_connections_open(app_token=slack.app.app_token)
    async with aiohttp.ClientSession() as session, session.ws_connect(opened["url"]) as socket:
        with pytest.raises(TimeoutError):
            await slack.command("/commitcast", "help")
        await socket.send_json({"envelope_id": "no-such-envelope"})
        await slack.until(lambda: slack.link.unknown)


# ---- links


async def test_links_are_unfurled_once_they_are_acknowledged(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    url, other = "https://github.com/acme/widget/commit/abc", "https://github.com/acme/other"
    async with connected(slack) as got:
        await slack.link_shared(url)
        event = got[0].payload["event"]
        where = {"channel": event["channel"], "ts": event["message_ts"]}
        preview = {"blocks": [section("Fix it")]}
        foreign = client.chat_unfurl(**where, unfurls={other: preview})
        assert await code_of(foreign) == "cannot_unfurl_url"
        bad = client.chat_unfurl(**where, unfurls={url: {"blocks": [section("")]}})
        assert await code_of(bad) == "invalid_blocks"
        await client.chat_unfurl(**where, unfurls={url: preview})
        assert slack.workspace.visible("C1")[0].unfurls == {url: preview}

        await slack.link_shared(url, composing=True)
        event = got[1].payload["event"]
        where = {"channel": event["channel"], "ts": event["message_ts"]}
        by_message = client.chat_unfurl(**where, unfurls={url: preview})
        assert await code_of(by_message) == "cannot_find_channel"
        by_id = {"unfurl_id": event["unfurl_id"], "source": "composer"}
        await client.chat_unfurl(**by_id, unfurls={url: preview})
        assert slack.workspace.links[event["unfurl_id"]].unfurls == {url: preview}


# ---- response_url


async def test_a_response_url_takes_five_messages_in_half_an_hour(slack: SlackServer) -> None:
    async with connected(slack) as got:
        await slack.command("/commitcast", "help")
        await slack.command("/commitcast", "help")
    hook = AsyncWebhookClient(got[0].payload["response_url"], retry_handlers=[])
    for number in range(4):
        assert (await hook.send(text=str(number))).body == "ok"
    assert (await hook.send(text="x" * 4_001)).body == "msg_too_long"
    used = await hook.send(text="5")
    assert (used.status_code, json.loads(used.body)["error"]) == (404, "used_url")
    assert [m.text for m in slack.workspace.ephemerals("U1")] == ["0", "1", "2", "3"]
    slack.workspace.pass_time(minutes=31)
    late = await AsyncWebhookClient(got[1].payload["response_url"]).send(text="Late")
    assert (late.status_code, json.loads(late.body)["error"]) == (404, "expired_url")


async def test_a_response_shows_replaces_or_deletes(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    blocks = [{"type": "actions", "elements": [BUTTON]}]
    await client.chat_postMessage(channel="C1", text="Digest", blocks=blocks)
    message = slack.workspace.posted("C1")[0]
    async with connected(slack) as got:
        await slack.press(message, "Expand", user="U2")
    hook = AsyncWebhookClient(got[0].payload["response_url"], retry_handlers=[])
    await hook.send(text="For you")
    assert [m.text for m in slack.workspace.ephemerals("U2")] == ["For you"]
    await hook.send(text="For all", response_type="in_channel")
    assert [m.text for m in slack.workspace.posted("C1")] == ["Digest", "For all"]
    await hook.send(text="Another digest", replace_original=True)
    assert message.text == "Another digest"
    await hook.send(delete_original=True)
    assert [m.text for m in slack.workspace.posted("C1")] == ["For all"]


# ---- HTTP mode


async def test_requests_are_signed_as_the_sdk_expects(slack: SlackServer) -> None:
    verifier = SignatureVerifier(slack.app.signing_secret)
    got: list[tuple[bool, str, Json]] = []

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        right = verifier.is_valid_request(body, dict(request.headers))
        form = dict(await request.post())
        got.append((right, request.content_type, form or json.loads(body)))
        return web.json_response({"text": "On it"}) if right else web.Response(status=401)

    app = web.Application()
    app.router.add_post("/slack/events", take)
    runner = web.AppRunner(app, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.request_url.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        command = await slack.command("/commitcast", "digest a & b", user="U2")
        assert got[0] == (True, "application/x-www-form-urlencoded", command.payload)
        assert [m.text for m in slack.workspace.ephemerals("U2")] == ["On it"]
        mention = await slack.mention("help")
        assert got[1] == (True, "application/json", mention.payload)
        shortcut = await slack.shortcut("x", slack.workspace.say("C1", "U1", "Look"))
        assert json.loads(got[2][2]["payload"]) == shortcut.payload
        post = slack.request_url.post
        assert (await post(b"{}", secret="wrong"))[0] == 401
        assert (await post(b"{}", timestamp=str(int(time.time()) - 301)))[0] == 401
        assert (await post(b"{}", headers={"X-Slack-Signature": None}))[0] == 401
    finally:
        await runner.cleanup()


# ---- faults


async def test_too_many_requests_are_told_until_when(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    slack.inject("chat.postMessage", faults.rate_limited(1), faults.rate_limited(30))
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel="C1", text="Hi")
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["Retry-After"] == "30"
    first, second = slack.called("chat.postMessage")
    assert second.at - first.at >= 1
    await client.chat_postMessage(channel="C1", text="Hi")
    assert len(slack.workspace.posted("C1")) == 1


async def test_limits_hold_by_channel_and_by_workspace(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    now = 0.0
    slack.limits = Limits(per_channel=1, burst=2, per_minute=24, clock=lambda: now)
    slack.workspace.add_channel("C2", "elsewhere")

    async def posts(channel: str) -> str:
        """`ok`, or for how many seconds to wait."""
        try:
            await client.chat_postMessage(channel=channel, text="Hi")
        except SlackApiError as exc:
            return str(exc.response.headers["Retry-After"])
        return "ok"

    assert [await posts("C1") for _ in range(3)] == ["ok", "ok", "1"]
    now = 1.0
    assert [await posts("C1"), await posts("C2"), await posts("C2")] == ["ok", "ok", "2"]
    now = 60.0
    assert await posts("C2") == "ok"
    assert slack.limits.refused == 2
    edits = [client.chat_update(channel="C1", ts="1.0", text="Hi") for _ in range(51)]
    codes = [await code_of(edit) for edit in edits]
    assert codes == ["message_not_found"] * 50 + ["ratelimited"]


async def test_a_connection_breaks_before_or_after_the_deed(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    slack.inject("chat.postMessage", faults.drop_before, faults.drop_after)
    for _ in range(2):
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.chat_postMessage(channel="C1", text="Hi")
    assert len(slack.workspace.posted("C1")) == 1
    before, after = slack.called("chat.postMessage")
    assert before.answer is None
    assert after.answer
    assert after.answer["ok"]


async def test_slack_hangs_or_is_out_of_order(slack: SlackServer) -> None:
    client = client_of(slack)
    client.timeout = 1
    slack.inject("auth.test", faults.hang, faults.server_error, faults.not_json, faults.late(0.1))
    with pytest.raises(TimeoutError):
        await client.auth_test()
    # The SDK trips over answers that are no JSON: adapters see whatever it makes of them.
    for _ in range(2):
        with pytest.raises((SlackApiError, SlackRequestError, AttributeError, TypeError)):
            await client.auth_test()
    assert (await client.auth_test())["ok"]
    slack.always("auth.test", faults.refused("internal_error"))
    assert await code_of(client.auth_test()) == "internal_error"
    slack.always("auth.test", None)
    assert (await client.auth_test())["ok"]


async def test_a_request_waits_behind_a_gate(slack: SlackServer, client: AsyncWebClient) -> None:
    gate = asyncio.Event()
    slack.inject("auth.test", faults.held(gate))
    waiting = asyncio.create_task(client.auth_test())
    await slack.until(lambda: slack.called("auth.test"))
    assert not waiting.done()
    gate.set()
    assert (await waiting)["ok"]
