"""Telegram's Bot API over a real socket, as strict as the real one, with people to talk to.

    async with TelegramServer() as telegram:
        ada = telegram.person("Ada")
        TelegramChat(front, token=telegram.token, api_url=telegram.api_url)
        await telegram.say(telegram.private(ada), ada, "/help")

What a test wants to go wrong it puts in front of the answers with `inject`. Rules and words are
those of the server that Telegram publishes; what a text may be is in `tests/telegram_rules.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Self

from aiohttp import web

from tests.servers.telegram_chats import Json, RefusedError
from tests.servers.telegram_faults import Fault, refusal
from tests.servers.telegram_messages import Document
from tests.servers.telegram_methods import METHODS, BotApi, Call
from tests.telegram_rules import TelegramRefused

TOKEN: Final = "7000000001:AAtest-token_0123456789-abcdefghijk"

_PATH: Final = re.compile(r"/bot(?P<token>[^/]+)/(?P<method>\w+)")
_TOKEN: Final = re.compile(r"[1-9]\d*:[\w-]+", re.ASCII)
_OBJECTS: Final = {
    *("allowed_updates", "commands", "scope", "entities", "caption_entities"),
    *("reply_markup", "reply_parameters", "link_preview_options"),
}
"""Parameters that are JSON within a form."""
_FLAGS: Final = {"drop_pending_updates", "show_alert", "disable_notification", "protect_content"}


class TelegramServer(BotApi):
    """Listens on a port of this machine from `async with` on."""

    def __init__(self) -> None:
        """A server with one bot."""
        super().__init__()
        self.token = TOKEN
        """The bot's; another one makes that of before invalid."""
        self.requests: list[Call] = []
        """Everything that was asked, whatever became of it."""
        self._faults: list[tuple[str, int, Fault]] = []
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def api_url(self) -> str:
        """What TELEGRAM_API_URL is to be."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        """Listen."""
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, whoever is still waiting."""
        await self.updates.stop_bringing()
        await self._stop()

    def inject(self, *faults: Fault, method: str = "", times: int = 1) -> None:
        """Answer the next requests by these, each `times` times; only those of this method."""
        self._faults += [(method, times, fault) for fault in faults]

    def heal(self) -> None:
        """Let every request be answered again."""
        self._faults.clear()

    def calls(self, method: str) -> list[Call]:
        """The requests of this method that came so far."""
        return [call for call in self.requests if call.method == method]

    @asynccontextmanager
    async def unreachable(self) -> AsyncIterator[None]:
        """Nobody listens within."""
        await self._stop()
        yield
        await self._listen()

    async def _listen(self) -> None:
        app = web.Application(client_max_size=100_000_000)
        app.router.add_route("*", "/{rest:.*}", self._serve)
        runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.05, handler_cancellation=True
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        self._runner, self._port = runner, runner.addresses[0][1]

    async def _stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        asked = _PATH.fullmatch(request.path)
        if not asked or not _TOKEN.fullmatch(asked["token"]):
            return refusal(404, "Not Found")
        call = Call(asked["method"], *await _given(request))
        self.requests.append(call)

        async def answer() -> web.Response:
            return await self._answer(call, asked["token"])

        fault = self._next_fault(call.method)
        response = await (fault(request, answer) if fault else answer())
        call.status = response.status
        return response

    def _next_fault(self, called: str) -> Fault | None:
        for number, (method, times, fault) in enumerate(self._faults):
            if method in ("", called):
                if times > 1:
                    self._faults[number] = (method, times - 1, fault)
                else:
                    del self._faults[number]
                return fault
        return None

    async def _answer(self, call: Call, token: str) -> web.Response:
        if token != self.token:
            return refusal(401, "Unauthorized")
        method = METHODS.get(call.method.lower())
        if method is None:
            return refusal(404, "Not Found: method not found")
        try:
            result = await method(self, call)
        except RefusedError as exc:
            call.description = exc.description
            return refusal(exc.status, exc.description, **exc.parameters)
        except TelegramRefused as exc:
            call.description = exc.description
            return refusal(exc.status, exc.description)
        return web.json_response({"ok": True, "result": result})


async def _given(request: web.Request) -> tuple[Json, dict[str, Document]]:
    """What a request was given in its address and its body, and the files in it."""
    params: Json = dict(request.query)
    files: dict[str, Document] = {}
    if request.content_type == "application/json":
        params |= await request.json()
    else:
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                files[name] = Document(value.filename, value.file.read(), value.content_type)
            else:
                params[name] = value
    return {name: _read(name, value) for name, value in params.items()}, files


def _read(name: str, value: Any) -> Any:
    """A parameter as JSON would have it."""
    if isinstance(value, str):
        if name in _OBJECTS:
            with suppress(ValueError):
                return json.loads(value)
        if name in _FLAGS:
            return value.lower() == "true"
    return value
