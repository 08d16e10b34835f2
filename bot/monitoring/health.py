"""Whether a bot is alive and ready, and its counts, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, final

from aiohttp import web

from analyzers.errors import CommitcastError
from bot.conversation import Chat, platform_of
from bot.monitoring.metrics import CONTENT_TYPE, Queue

if TYPE_CHECKING:
    from bot.app import Application


PATIENCE: Final = 3.0
"""Seconds within which a part has to say how it is."""

MOST_DUE: Final = 10_000
"""Digests that are counted at most, the longest due first."""

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
        text = self._app.metrics.exposed(ready, await self._queues())
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})

    async def _queues(self) -> Mapping[str, Queue]:
        try:
            async with asyncio.timeout(PATIENCE):
                return {"digests": await self._digests(), "repairs": await self._repairs()}
        except (CommitcastError, TimeoutError):
            return {}  # the part `store` tells of it

    async def _digests(self) -> Queue:
        """Those that this process may deliver: where a chat is not allowed, or has no token here,
        nobody need be woken at night."""
        app, allowed = self._app, await self._app.access.chats()
        served = {chat.name.lower() for chat in self._chats}
        waiting = await app.ledgers.waiting(app.now(), MOST_DUE)
        ours = [at for c, at in waiting if platform_of(c) in served and allowed.admit(c)]
        return Queue(len(ours), self._age(ours[0] if ours else None))

    async def _repairs(self) -> Queue:
        count, since = await self._app.delivered.repairs_due(self._app.now())
        return Queue(count, self._age(since))

    def _age(self, since: datetime | None) -> float:
        return max((self._app.now() - since).total_seconds(), 0.0) if since else 0.0
