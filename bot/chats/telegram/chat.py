"""The bot on Telegram: asks for updates, or lets Telegram bring them, and disconnects in order."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, final

from aiohttp import web
from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, TelegramError, TimedOut
from telegram.ext import Application, ApplicationBuilder

from bot.chats.tasks import Tasks
from bot.chats.telegram.requests import (
    UNREADABLE,
    DiscreetRequest,
    UpdatesRequest,
    patiently,
    seconds_asked,
    unconnected,
)
from bot.chats.telegram.updates import KINDS, Updates
from bot.conversation import Chat

if TYPE_CHECKING:
    from bot.front import Front

PATH: Final = "/telegram"
"""Where Telegram brings updates, below the public address."""

MAX_BODY: Final = 1_000_000
"""Bytes of an update that Telegram brings; its own are far smaller."""

LONG_POLL: Final = 30
"""Seconds that Telegram holds a question for updates open until there are some."""

LONGEST_RETREAT: Final = 30.0
"""Seconds between two questions for updates while Telegram fails."""

FAREWELL: Final = 2.0
"""Seconds to tell Telegram which updates are done with, when the bot stops."""

_App = Application[Any, Any, Any, Any, Any, Any]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Webhook:
    """How Telegram brings updates."""

    url: str
    """The public address of this process, without a trailing slash."""
    secret: str = field(repr=False)
    """What Telegram shows in the header of each: 1 to 256 of `A-Za-z0-9_-`."""


@final
class TelegramChat(Chat):
    """One bot. It serves private chats, groups, topics and channels alike."""

    def __init__(
        self, front: Front, *, token: str, api_url: str, webhook: Webhook | None = None
    ) -> None:
        """Prepare; nothing is asked of Telegram yet.

        Args:
            front: who is asked.
            token: as @BotFather gave it.
            api_url: the Bot API's server, without a trailing slash.
            webhook: how updates are brought; None to ask for them.
        """
        self._front = front
        self._token = token
        self._api_url = api_url
        self._webhook = webhook
        self._brought: tuple[_App, Tasks] | None = None  # who takes updates that are brought

    @property
    def name(self) -> str:
        """`Telegram`."""
        return "Telegram"

    def routes(self) -> list[web.RouteDef]:
        """What the process's web server has to serve for it."""
        return [web.post(PATH, self._receive)] if self._webhook else []

    async def run(self) -> None:
        """Connect, and serve until cancelled; then disconnect in order."""
        application, tasks = self._application(), Tasks()
        try:
            await self._connect(application)
            application.add_handlers(Updates(self._front, application.bot, tasks).handlers())
            tasks.start(self._set_menus(application.bot))
            _log.info("Telegram: connected as @%s", application.bot.username)
            self.is_connected = True
            if self._webhook:
                self._brought = application, tasks
                await asyncio.Event().wait()
            else:
                await _poll(
                    application.bot, lambda update: tasks.start(self._take(application, update))
                )
        finally:
            self.is_connected = False
            self._brought = None
            await tasks.aclose()  # while answers can still be sent
            await application.shutdown()
            await application.bot.shutdown()  # an application that never connected leaves it open

    def _application(self) -> _App:
        # No updater: it would end without a word when the token is revoked.
        return (
            ApplicationBuilder()
            .token(self._token)
            .base_url(f"{self._api_url}/bot")
            .request(DiscreetRequest(self._token))
            .get_updates_request(UpdatesRequest(self._token))
            .updater(None)
            .build()
        )

    async def _connect(self, application: _App) -> None:
        url = f"{self._webhook.url}{PATH}" if self._webhook else None
        try:
            await application.initialize()
            if url and self._webhook:
                await application.bot.set_webhook(
                    url, secret_token=self._webhook.secret, allowed_updates=KINDS
                )
            else:
                await application.bot.delete_webhook()
        except InvalidToken as exc:
            # The library's own error quotes the token; what caused it does not.
            raise unconnected(exc, url) from exc.__cause__
        except TelegramError as exc:
            raise unconnected(exc, url) from exc

    async def _set_menus(self, bot: Bot) -> None:
        try:
            await patiently(lambda: bot.set_my_commands(self._front.menu("en")))
            await patiently(lambda: bot.set_my_commands(self._front.menu("zh"), language_code="zh"))
        except TelegramError as exc:  # commands work without a menu
            _log.warning("Telegram: the menu of commands could not be set: %s", exc)

    async def _receive(self, request: web.Request) -> web.Response:
        """Take an update that Telegram brings: answer first, work after."""
        shown = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        if shown is None or self._webhook is None:
            raise web.HTTPUnauthorized
        expected = self._webhook.secret.encode()
        if not hmac.compare_digest(shown.encode(errors="replace"), expected):
            raise web.HTTPForbidden
        if self._brought is None:
            raise web.HTTPServiceUnavailable  # Telegram brings it again
        application, tasks = self._brought
        body = await request.clone(client_max_size=MAX_BODY).read()
        try:
            update = Update.de_json(json.loads(body), application.bot)
        except UNREADABLE as exc:
            _log.warning("Telegram: an update cannot be read: %s", type(exc).__name__)
            raise web.HTTPBadRequest from exc
        tasks.start(self._take(application, update))
        return web.Response()

    async def _take(self, application: _App, update: Update) -> None:
        """Process an update, but not one that came before."""
        if await self._front.is_new(f"telegram:{update.update_id}"):
            await application.process_update(update)


async def _poll(bot: Bot, take: Callable[[Update], None]) -> None:
    """Ask for updates until cancelled.

    Raises:
        ChatError: the token was revoked.
    """
    offset, pause = 0, 0.0
    try:
        while True:
            try:
                updates = await bot.get_updates(offset, timeout=LONG_POLL, allowed_updates=KINDS)
            except InvalidToken as exc:
                raise unconnected(exc, None) from exc
            except (TelegramError, *UNREADABLE) as exc:
                pause = _retreat(exc, pause)
                await asyncio.sleep(pause)
                continue
            pause = 0.0
            for update in updates:
                take(update)
                offset = update.update_id + 1
    finally:
        if offset:
            await _confirm(bot, offset)


def _retreat(exc: Exception, before: float) -> float:
    """Say what is wrong; how many seconds to leave Telegram alone."""
    asked = seconds_asked(exc) if isinstance(exc, TelegramError) else None
    pause = asked or min(LONGEST_RETREAT, 1.5 * before or 1.0)
    if isinstance(exc, Conflict):
        _log.error(
            "Telegram: another process asks for this bot's updates, and only one can: end the"
            " other, or give this one a bot of its own; asking again in %.0f s (%s)",
            pause,
            exc,
        )
    elif not isinstance(exc, TimedOut) or before:
        _log.warning("Telegram: no updates, asking again in %.0f s: %r", pause, exc)
    return pause


async def _confirm(bot: Bot, offset: int) -> None:
    """Let Telegram forget the updates before this one: they would come again at the next start."""
    try:
        async with asyncio.timeout(FAREWELL):
            await bot.get_updates(offset, timeout=0, limit=1, allowed_updates=KINDS)
    except (TelegramError, TimeoutError) as exc:
        _log.warning("Telegram: the last updates may come again: %r", exc)
