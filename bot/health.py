"""Whether a bot is alive and ready, and its counts, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, final

from aiohttp import web

from analyzers.errors import CommitcastError
from bot.conversation import Chat
from bot.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from bot.app import Application


PATIENCE: Final = 3.0
"""Seconds within which a part has to say how it is."""

_EVER: Final = datetime.min.replace(tzinfo=UTC)


@final
class Health:
    """Answers `/healthz`, `/readyz` and `/metrics`."""

    def __init__(self, app: Application, chats: Sequence[Chat]) -> None:
        """Tell of these parts."""
        self._app = app
        self._chats = chats

    def routes(self) -> list[web.RouteDef]:
        """Where they are asked for."""
        return [
            web.get("/healthz", self._alive),
            web.get("/readyz", self._ready),
            web.get("/metrics", self._measured),
        ]

    async def parts(self) -> Mapping[str, str]:
        """Each part by name with what is wrong with it; empty for nothing."""
        found = {"store": await self._store()}
        for chat in self._chats:
            found[chat.name.lower()] = "" if chat.is_connected else "not connected"
        return found

    async def _store(self) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._app.ledgers.next_due(_EVER)
        except (CommitcastError, TimeoutError) as exc:
            return getattr(exc, "code", "no answer in time")
        return ""

    async def _alive(self, _: web.Request) -> web.Response:
        """Whoever answers is alive: the loop runs."""
        return web.Response(text="ok\n")

    async def _ready(self, _: web.Request) -> web.Response:
        found = await self.parts()
        parts = {name: wrong or "ok" for name, wrong in found.items()}
        status = 503 if any(found.values()) else 200
        return web.json_response({"ready": status == 200, "parts": parts}, status=status)

    async def _measured(self, _: web.Request) -> web.Response:
        ready = {name: not wrong for name, wrong in (await self.parts()).items()}
        text = self._app.metrics.exposed(ready, await self._oldest())
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})

    async def _oldest(self) -> float:
        try:
            due = await self._app.ledgers.next_due(_EVER)
        except CommitcastError:
            return 0.0  # the part `store` tells of it
        return max((self._app.now() - due).total_seconds(), 0.0) if due else 0.0
