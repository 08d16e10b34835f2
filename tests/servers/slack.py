"""A Slack of our own over real sockets, as strict as the real one.

    async with SlackServer() as slack:
        ...  # start the app with slack.api_url and the tokens of slack.app
        await slack.command("/commitcast", "help")
        await slack.until(lambda: slack.workspace.ephemerals("U1"))

What people see is in `workspace`; what was called is in `calls`; what a test wants to go wrong it
puts in front of the answers with `inject`. Where Slack documents no answer (which error a thread
under a reply gets, what a response_url says of a bad message) the names are those of the nearest
method that does.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from aiohttp import web

from tests.servers.slack_chat import CHAT, is_uploaded
from tests.servers.slack_delivery import PATIENCE, Delivery, RequestUrl, SocketLink
from tests.servers.slack_faults import Carry, Fault, rate_limited
from tests.servers.slack_limits import Limits
from tests.servers.slack_methods import READING, Method, ScopeRefused, call
from tests.servers.slack_people import People
from tests.servers.slack_responses import ResponseUrl
from tests.servers.slack_workspace import BOT_USER, Json, Message, Workspace
from tests.slack_rules import SlackRefused

METHODS: dict[str, Method] = READING | CHAT

RESPONSES = "response_url"
"""The name under which calls and faults of response_urls go."""

_AS_JSON = ("attachments", "blocks", "files", "metadata", "unfurls", "view")

_T = TypeVar("_T")


@dataclass
class Call:
    """A call that came in."""

    method: str
    """The method's name, `upload` or `response_url`."""
    arguments: Json
    at: float = field(default_factory=time.monotonic)
    answer: Json | None = None
    """What Slack made of it, also where the app never got to hear it; None where it made
    nothing."""


class SlackServer:
    """Listens on a port of this machine from `async with` on."""

    def __init__(self) -> None:
        """A workspace where everything works."""
        self.workspace = Workspace()
        self.app = self.workspace.app
        self.link = SocketLink()
        self.request_url = RequestUrl(self.app)
        """Set its `url` for HTTP mode."""
        self.calls: list[Call] = []
        self.deliveries: list[Delivery] = []
        """Everything that was brought to the app."""
        self.people = People(self.workspace, "")
        self.limits: Limits | None = None
        """Holds the app to Slack's pace where a test sets it."""
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._always: dict[str, Fault] = {}
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_url(self) -> str:
        """What SLACK_API_URL is to be."""
        return f"{self.origin}/api/"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._serve_api)
        app.router.add_get("/link/", self.link.serve)
        app.router.add_post("/upload/v1/{file}", self._serve_upload)
        for kind in ("commands", "actions", "app"):
            app.router.add_post(f"/{kind}/{{rest:.*}}", self._serve_response)
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.05, handler_cancellation=True
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.people = People(self.workspace, self.origin)
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.link.aclose()
        if self._runner:
            await self._runner.cleanup()

    # ---- what a test does and asks

    def inject(self, method: str, *faults: Fault) -> None:
        """Answer the next calls of a method by these, one each."""
        self._faults[method] += faults

    def always(self, method: str, fault: Fault | None) -> None:
        """Answer every call of a method by this, if nothing is injected; None ends it."""
        self._always.pop(method, None)
        if fault:
            self._always[method] = fault

    def called(self, method: str) -> list[Call]:
        """The calls of one method."""
        return [one for one in self.calls if one.method == method]

    async def until(self, condition: Callable[[], _T], within: float = PATIENCE) -> _T:
        """Wait until something holds, and give what it gave."""
        async with asyncio.timeout(within):
            while not (found := condition()):
                await asyncio.sleep(0.005)
        return found

    async def command(
        self, command: str, text: str = "", *, channel: str = "C1", user: str = "U1"
    ) -> Delivery:
        """Somebody types a slash command. Returns when it is acknowledged, as all of these do."""
        return await self.deliver(self.people.command(command, text, channel, user))

    async def mention(
        self,
        text: str,
        *,
        channel: str = "C1",
        user: str = "U1",
        thread: str | None = None,
        **more: str,
    ) -> Delivery:
        """Somebody names the bot in front of a text, or at its `@bot`. `more` are further fields of
        the event."""
        assert "app_mentions:read" in self.app.scopes, "the app is not told of mentions"
        assert BOT_USER in self.workspace.channels[channel].members, "the bot hears nothing here"
        return await self.event(self.people.mention(text, channel, user, thread, **more))

    async def press(self, message: Message, value: str, *, user: str = "U1") -> Delivery:
        """Somebody presses a button or chooses from a menu, by action_id, value or label."""
        return await self.deliver(self.people.press(message, value, user))

    async def forge(self, message: Message, value: str, *, user: str = "U1") -> Delivery:
        """Somebody presses a button with a value that the app never sent."""
        return await self.deliver(self.people.forge(message, value, user))

    async def shortcut(self, callback: str, message: Message, *, user: str = "U1") -> Delivery:
        """Somebody chooses the app's shortcut in a message's menu."""
        return await self.deliver(self.people.shortcut(callback, message, user))

    async def link_shared(
        self, *urls: str, channel: str = "C1", user: str = "U1", composing: bool = False
    ) -> Delivery:
        """Somebody posts links, or types them (`composing`); members or not, the app is told."""
        assert "links:read" in self.app.scopes, "the app is not told of links"
        return await self.event(self.people.link_shared(urls, channel, user, composing=composing))

    async def event(self, event: Json) -> Delivery:
        """Anything happens that the app has subscribed to."""
        return await self.deliver(self.people.event(event))

    async def again(self, delivery: Delivery) -> Delivery:
        """Bring something once more, as if it had not been acknowledged."""
        return await self.deliver(
            Delivery(delivery.kind, delivery.payload, attempt=delivery.attempt + 1)
        )

    async def deliver(self, delivery: Delivery) -> Delivery:
        """Bring something to the app, and wait for its acknowledgement.

        Raises:
            TimeoutError: there was none.
        """
        self.deliveries.append(delivery)
        if unfurl := delivery.payload.get("event", {}).get("unfurl_id"):
            self.workspace.links[unfurl].acked = delivery.acked
        await (self.request_url if self.request_url.url else self.link).send(delivery)
        if delivery.status in (0, 200):
            async with asyncio.timeout(PATIENCE):
                await delivery.acked.wait()
        if delivery.kind == "slash_commands" and delivery.answer:
            user, channel = (delivery.payload[f"{who}_id"] for who in ("user", "channel"))
            self.people.responses.show(ResponseUrl(channel, user, 0, None), delivery.answer)
        return delivery

    # ---- what the app calls

    async def _serve_api(self, request: web.Request) -> web.StreamResponse:
        name, arguments = request.match_info["method"], await _arguments(request)
        seen = Call(name, arguments)
        self.calls.append(seen)

        async def carry() -> web.StreamResponse:
            if name == "chat.unfurl":
                await self._links_acked()
            try:
                seen.answer = {"ok": True} | self._answer(request, name, arguments)
            except SlackRefused as exc:
                seen.answer = _refusal(exc)
            headers = {"X-OAuth-Scopes": ",".join(sorted(self.app.scopes))}
            return web.json_response(seen.answer, headers=headers)

        if self.limits and (seconds := self.limits.seconds_asked(name, arguments)):
            return await rate_limited(seconds)(request, carry)
        return await self._guarded(name, request, carry)

    async def _links_acked(self) -> None:
        """Leave it to no race whether an acknowledgement comes before what follows it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                for link in self.workspace.links.values():
                    await link.acked.wait()

    async def _guarded(self, name: str, request: web.Request, carry: Carry) -> web.StreamResponse:
        fault = self._faults[name].popleft() if self._faults[name] else self._always.get(name)
        return await (fault(request, carry) if fault else carry())

    def _answer(self, request: web.Request, name: str, arguments: Json) -> Json:
        method = METHODS.get(name)
        by_app = name == "apps.connections.open"
        if method is None and not by_app:
            raise SlackRefused("unknown_method")
        self._authorise(request, arguments, by_app=by_app)
        if method is None:
            return {"url": f"ws://127.0.0.1:{self._port}{self.link.ticket()}"}
        if request.content_type == "application/json" and not method.takes_json:
            arguments = dict(request.query)
        answer = call(method, self.workspace, arguments)
        if upload := answer.get("upload_url"):
            answer["upload_url"] = self.origin + upload
        return answer

    def _authorise(self, request: web.Request, arguments: Json, *, by_app: bool) -> None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer":
            in_form = request.content_type == "application/x-www-form-urlencoded" and not by_app
            token = arguments.get("token", "") if in_form else ""
        if not token:
            raise SlackRefused("not_authed")
        right, wrong = self.app.bot_token, self.app.app_token
        if by_app:
            right, wrong = wrong, right
        if token == wrong:
            raise SlackRefused("not_allowed_token_type")
        if token != right:
            raise SlackRefused("invalid_auth")
        if self.app.dead:
            raise SlackRefused(self.app.dead)

    async def _serve_upload(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        file = request.match_info["file"]
        seen = Call("upload", {"file": file, "content": content})
        self.calls.append(seen)

        async def carry() -> web.StreamResponse:
            if not is_uploaded(self.workspace, file, content):
                return web.Response(status=400, text="Bad Request")
            seen.answer = {}
            return web.Response(text=f"OK - {len(content)}")

        return await self._guarded("upload", request, carry)

    async def _serve_response(self, request: web.Request) -> web.StreamResponse:
        arguments = await _arguments(request)
        seen = Call(RESPONSES, arguments)
        self.calls.append(seen)

        async def carry() -> web.StreamResponse:
            status, said = self.people.responses.take(request.path, arguments)
            seen.answer = {"ok": status == 200}
            return web.Response(status=status, text=said)

        return await self._guarded(RESPONSES, request, carry)


async def _arguments(request: web.Request) -> Json:
    """The arguments of a call: from its query, and its form or its JSON."""
    found: Json = dict(request.query)
    if request.content_type == "application/json":
        with suppress(ValueError):
            body: Any = await request.json()
            found |= body if isinstance(body, dict) else {}
    else:
        found |= {name: str(value) for name, value in (await request.post()).items()}
    for name in _AS_JSON:
        if isinstance(found.get(name), str):
            with suppress(ValueError):
                found[name] = json.loads(found[name])
    return found


def _refusal(exc: SlackRefused) -> Json:
    refusal: Json = {"ok": False, "error": exc.code}
    if isinstance(exc, ScopeRefused):
        refusal |= {"needed": exc.needed, "provided": exc.provided}
    if exc.messages:
        refusal["response_metadata"] = {"messages": exc.messages}
    return refusal
