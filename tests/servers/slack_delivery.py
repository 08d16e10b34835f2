"""How Slack brings what people do to an app: over its WebSockets, or to its request URL."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlencode

from aiohttp import ClientSession, ClientTimeout, WSMsgType, web

from tests.servers.slack_workspace import APP, App, Json

CONNECTION_TIME = 18_060
"""Seconds that a connection is said to last."""

MAX_CONNECTIONS = 10

PATIENCE = 15.0
"""Seconds that a test waits for an acknowledgement. Slack's own limit is three: tests assert what
they hold the app to, on `Delivery.latency`."""

PINGS_EVERY = 10.0

USER_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


@dataclass
class Delivery:
    """Something that was brought to the app."""

    kind: str
    """`slash_commands`, `events_api` or `interactive`."""
    payload: Json
    id: str = ""
    """The envelope's."""
    attempt: int = 0
    """How often it was brought before."""
    sent_at: float = 0.0
    latency: float = 0.0
    """Seconds until it was acknowledged."""
    answer: Json | None = None
    """What came with the acknowledgement."""
    status: int = 0
    """What the request URL answered; 0 over a WebSocket."""
    acked: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def acknowledge(self, answer: Json | None) -> None:
        """Note that the app has it."""
        self.latency, self.answer = time.monotonic() - self.sent_at, answer
        self.acked.set()


class SocketLink:
    """The WebSockets of an app in Socket Mode."""

    def __init__(self) -> None:
        """Without any."""
        self.opened = 0
        """Connections that the app has ever made."""
        self.pongs = 0
        """Answers to our pings."""
        self.is_deaf = False
        """Whether the app's pings get no answer, as over a connection that is dead unnoticed."""
        self.broken_handshakes = 0
        """How many of the next connections fail, and use up their ticket."""
        self.unknown: list[Json] = []
        """Acknowledgements of nothing that was sent."""
        self._open: deque[web.WebSocketResponse] = deque()
        self._tickets: set[str] = set()
        self._numbers = count(1)
        self._waiting: dict[str, Delivery] = {}

    def ticket(self) -> str:
        """Where one connection may be made, once."""
        ticket = f"ticket-{next(self._numbers):04}"
        self._tickets.add(ticket)
        return f"/link/?ticket={ticket}&app_id={APP}"

    @property
    def connected(self) -> int:
        """Connections that are open now."""
        return len(self._open)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, to its end."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404)
        if self.broken_handshakes:
            self.broken_handshakes -= 1
            self._tickets.remove(ticket)
            return web.Response(status=503)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self._tickets.remove(ticket)
        if len(self._open) >= MAX_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        self.opened += 1
        pinging = asyncio.create_task(_ping(socket))
        try:
            await socket.send_json(_hello(len(self._open) + 1))
            self._open.append(socket)
            await self._read(socket)
        finally:
            pinging.cancel()
            with suppress(ValueError):  # it was dropped
                self._open.remove(socket)
        return socket

    async def send(self, delivery: Delivery) -> None:
        """Bring it over any one of the connections."""
        async with asyncio.timeout(PATIENCE):
            while not self._open:
                await asyncio.sleep(0.005)
        delivery.id = f"envelope-{next(self._numbers):06}"
        envelope = {
            "envelope_id": delivery.id,
            "payload": delivery.payload,
            "type": delivery.kind,
            "accepts_response_payload": delivery.kind == "slash_commands",
        }
        if delivery.kind == "events_api":
            envelope["retry_attempt"] = delivery.attempt
            envelope["retry_reason"] = "timeout" if delivery.attempt else ""
        self._waiting[delivery.id] = delivery
        self._open.rotate(-1)
        delivery.sent_at = time.monotonic()
        await self._open[-1].send_json(envelope)

    async def disconnect(self, reason: str, *, close: bool = False) -> None:
        """Tell the app that its connections end: `warning` some ten seconds before,
        `refresh_requested` or `link_disabled` at the end."""
        message = {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}}
        for socket in tuple(self._open):
            await socket.send_json(message)
            if close:
                await socket.close()

    def drop(self) -> None:
        """Break all connections, without a word."""
        for socket in self._open:
            transport = socket._req.transport if socket._req else None
            if transport:
                transport.abort()
        self._open.clear()

    async def aclose(self) -> None:
        """End all connections in order."""
        for socket in tuple(self._open):
            await socket.close()

    async def _read(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type is WSMsgType.PING and not self.is_deaf:
                await socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self.pongs += 1
            elif message.type is WSMsgType.TEXT:
                ack = json.loads(message.data)
                if delivery := self._waiting.pop(ack.get("envelope_id"), None):
                    delivery.acknowledge(ack.get("payload"))
                else:
                    self.unknown.append(ack)


async def _ping(socket: web.WebSocketResponse) -> None:
    while True:
        await socket.ping(b"Ping from applink-1")
        await asyncio.sleep(PINGS_EVERY)


def _hello(connections: int) -> Json:
    return {
        "type": "hello",
        "num_connections": connections,
        "debug_info": {
            "host": "applink-1",
            "build_number": 10,
            "approximate_connection_time": CONNECTION_TIME,
        },
        "connection_info": {"app_id": APP},
    }


class RequestUrl:
    """The app's own address, in HTTP mode."""

    def __init__(self, app: App) -> None:
        """None is set."""
        self.url = ""
        self._app = app

    async def send(self, delivery: Delivery) -> None:
        """Bring it, signed."""
        if delivery.kind == "events_api":
            body, kind = json.dumps(delivery.payload), "application/json"
        else:
            interactive = {"payload": json.dumps(delivery.payload)}
            form = interactive if delivery.kind == "interactive" else delivery.payload
            body, kind = urlencode(form), "application/x-www-form-urlencoded"
        retried = {"X-Slack-Retry-Num": str(delivery.attempt)} if delivery.attempt else {}
        if retried:
            retried["X-Slack-Retry-Reason"] = "http_timeout"
        delivery.sent_at = time.monotonic()
        delivery.status, said = await self.post(body.encode(), kind, headers=retried)
        if delivery.status == 200:
            delivery.acknowledge(_answer(said))

    async def post(
        self,
        body: bytes,
        content_type: str = "application/json",
        *,
        timestamp: str | None = None,
        secret: str | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> tuple[int, str]:
        """Post anything, signed in the right way but for what is given.

        Args:
            body: as it goes over the wire.
            content_type: what it is.
            timestamp: when it says that it was signed; now.
            secret: what it is signed with; the app's signing secret.
            headers: in place of those by the same name; None for none.

        Returns:
            Status and body of the answer.
        """
        timestamp = str(int(time.time())) if timestamp is None else timestamp
        own: dict[str, str | None] = {
            "Content-Type": content_type,
            "User-Agent": USER_AGENT,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(secret or self._app.signing_secret, timestamp, body),
        }
        sent = {
            name: value for name, value in (own | dict(headers or {})).items() if value is not None
        }
        async with (
            ClientSession(timeout=ClientTimeout(total=PATIENCE)) as session,
            session.post(self.url, data=io.BytesIO(body), headers=sent) as response,
        ):
            return response.status, await response.text()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What Slack signs a request with."""
    signed = f"v0:{timestamp}:".encode() + body
    return f"v0={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def _answer(body: str) -> Json | None:
    try:
        return json.loads(body) if body.startswith("{") else {"text": body} if body else None
    except ValueError:
        return {"text": body}
