"""How a bot learns what happens: it asks for updates, or they are brought to its webhook."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from tests.servers.telegram_chats import Json, RefusedError, bad_request

NOT_BY_DEFAULT: Final = {"chat_member", "message_reaction", "message_reaction_count"}
"""Kinds of updates that come only to who asks for them by name."""

PORTS: Final = (443, 80, 88, 8443)

BETWEEN_TRIES: Final = 0.05
"""Seconds until an update is brought again; the real one takes longer and longer."""


@dataclass
class Webhook:
    """Where updates are brought, and how that goes."""

    url: str
    secret: str
    max_connections: int
    last_error: str = ""


class Updates:
    """What the bot has not confirmed yet."""

    def __init__(self) -> None:
        """Nothing has happened."""
        self.webhook: Webhook | None = None
        self.all: list[Json] = []
        """Everything that the bot was to be told of, confirmed or not."""
        self.proxy = ""
        """Who takes requests to the webhook's public address and passes them on to this machine:
        `http://127.0.0.1:8080`. Without one the webhook cannot be reached."""
        self._pending: list[Json] = []
        self._again: list[Json] = []
        self._kinds: frozenset[str] = frozenset()
        self._last_id = 870_000_000
        self._poll = 0
        self._news = asyncio.Condition()
        self._bringing: asyncio.Task[None] | None = None

    async def add(self, kind: str, body: Json) -> None:
        """Tell the bot of something, if it wants to know of its kind."""
        if kind not in self._kinds if self._kinds else kind in NOT_BY_DEFAULT:
            return
        async with self._news:
            self._last_id += 1
            update = {"update_id": self._last_id, kind: body}
            self.all.append(update)
            self._pending.append(update)
            self._news.notify_all()

    async def again(self, update: Json) -> None:
        """Give the bot an update once more, as it happens when Telegram misses that it has it."""
        async with self._news:
            self._again.append(update)
            self._news.notify_all()

    @property
    def waiting(self) -> int:
        """How many updates the bot has not confirmed."""
        return len(self._again) + len(self._pending)

    def choose(self, kinds: Sequence[str] | None) -> None:
        """Which kinds of updates the bot wants: by default most, without a word those as before."""
        if kinds is not None:
            self._kinds = frozenset(kinds)

    async def get(self, offset: int, limit: int, seconds: float) -> list[Json]:
        """Updates from number `offset` on, for which a bot may wait; those before are confirmed."""
        if self.webhook:
            raise RefusedError(
                409,
                "Conflict: can't use getUpdates method while webhook is active;"
                " use deleteWebhook to delete the webhook first",
            )
        if offset < 0:
            self._pending = self._pending[offset:]
        self._pending = [update for update in self._pending if update["update_id"] >= offset]
        async with self._news:
            if seconds and not self.waiting:
                await self._wait(seconds)
            again, self._again = self._again, []
            return [*again, *self._pending][:limit]

    async def _wait(self, seconds: float) -> None:
        self._poll += 1
        mine = self._poll
        self._news.notify_all()  # whoever waited before
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait_for(lambda: self.waiting or self._poll != mine)
        except TimeoutError:
            return
        if self.webhook:
            raise RefusedError(409, "Conflict: terminated by setWebhook request")
        if self._poll != mine:
            raise RefusedError(
                409,
                "Conflict: terminated by other getUpdates request;"
                " make sure that only one bot instance is running",
            )

    async def bring(self, url: str, secret: str, max_connections: int) -> None:
        """Bring updates to this address from now on."""
        parts = urlsplit(url if "://" in url else f"https://{url}")
        if not parts.hostname or parts.scheme not in ("http", "https"):
            raise bad_request("invalid webhook URL specified")
        if len(secret) > 256:
            raise bad_request("secret token is too long")
        if re.search(r"[^A-Za-z0-9_-]", secret):
            raise bad_request("secret token contains unallowed characters")
        complaint = ""
        if parts.scheme != "https":
            complaint = "An HTTPS URL must be provided for webhook"
        elif (parts.port or 443) not in PORTS:
            complaint = "Webhook can be set up only on ports 80, 88, 443 or 8443"
        elif parts.hostname.endswith(".invalid"):
            complaint = "Failed to resolve host: Name or service not known"
        if complaint:
            raise bad_request(f"bad webhook: {complaint}")
        await self.stop_bringing()
        async with self._news:
            self.webhook = Webhook(url, secret, max_connections)
            self._poll += 1
            self._news.notify_all()
        self._bringing = asyncio.create_task(self._bring(self.webhook))

    async def stop_bringing(self) -> None:
        """Keep updates until they are asked for."""
        self.webhook = None
        if self._bringing:
            self._bringing.cancel()
            await asyncio.gather(self._bringing, return_exceptions=True)
            self._bringing = None

    def drop(self) -> None:
        """Forget what the bot was not told of yet."""
        self._pending.clear()

    async def _bring(self, webhook: Webhook) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                async with self._news:
                    await self._news.wait_for(lambda: self.waiting)
                queue = self._again or self._pending
                update = queue[0]
                webhook.last_error = await self._post(session, webhook, update)
                if webhook.last_error:
                    await asyncio.sleep(BETWEEN_TRIES)
                elif update in queue:
                    queue.remove(update)

    async def _post(self, session: aiohttp.ClientSession, webhook: Webhook, update: Json) -> str:
        """Bring one update; what went wrong."""
        address = self.proxy + urlsplit(webhook.url).path
        headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret} if webhook.secret else {}
        try:
            async with session.post(address, json=update, headers=headers) as response:
                if response.ok:
                    return ""
                return f"Wrong response from the webhook: {response.status} {response.reason}"
        except (aiohttp.ClientError, ValueError) as exc:  # ValueError: there is no proxy
            return f"Connection refused: {exc}"
