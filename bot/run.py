"""The bot as a process: every chat that is set up, each on its own.

A chat that cannot be reached is tried again, one whose token is refused is given up, and neither
disturbs the others.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, Final, final

from analyzers.errors import ChatError, SettingError
from bot.app import Application
from bot.commands.answering import Commands
from bot.config import Settings, webhook_secret
from bot.conversation import Chat
from bot.deliveries.courier import Courier, Timing
from bot.deliveries.dispatch import Dispatcher
from bot.deliveries.outlets import open_outlets
from bot.deliveries.pacing import Pacing
from bot.deliveries.repair import Repairs
from bot.front import Front
from bot.monitoring.health import Health
from bot.monitoring.ping import Ping
from formatters.text import words_for

FIRST_PAUSE: Final = 2.0
LONGEST_PAUSE: Final = 60.0
"""Seconds until a chat that could not be reached is tried again; each time twice as long."""

MAX_BODY: Final = 1_000_000
"""Bytes of a request: events of chats are far smaller."""

_log = logging.getLogger(__name__)


async def run(app: Application, timing: Timing | None = None) -> None:
    """Serve every chat, and deliver what is due, until cancelled.

    Args:
        app: the parts.
        timing: how long deliveries take.

    Raises:
        SettingError: no chat is set up, or the port cannot be used.
        ChatError: every chat was given up.
    """
    chats = build_chats(app.settings, Front(Commands(app), app.events, app.metrics))
    if not chats:
        raise SettingError("error-no-chat")
    _warm_up(app.settings)
    await _invite(app)
    health = Health(app, chats)
    async with _served(app, chats, health), open_outlets(app.settings) as outlets:
        pacing = Pacing()
        dispatcher = Dispatcher(app, Courier(app, outlets, pacing, timing), timing)
        repairs = Repairs(app, outlets, pacing)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_keep_all(chats))
                group.create_task(dispatcher.run())
                group.create_task(repairs.run())
                if url := app.settings.commitcast_ping_url:
                    group.create_task(Ping(url.get_secret_value(), health.parts).run())
        except* ChatError as failed:
            raise failed.exceptions[0] from failed


async def _keep_all(chats: Sequence[Chat]) -> None:
    await asyncio.gather(*(_keep(chat) for chat in chats))
    raise ChatError("error-no-chat-left")


async def _invite(app: Application) -> None:
    """Where nobody owns the bot and no setting says whom it serves: tell how to become its owner.

    Raises:
        StoreError: nobody knows whether somebody is.
    """
    if app.settings.commitcast_allowed_chats:
        return
    if code := await app.access.invite():
        told = words_for(app.settings.commitcast_language)("owner-invitation", code=code)
        sys.stdout.write(f"{told}\n")
        sys.stdout.flush()


def _warm_up(settings: Settings) -> None:
    """Load what is otherwise loaded when it is needed first: the first command would hold up the
    acknowledgement of those that come with it."""
    from bot.sources import git, github  # noqa: F401 - loaded, not used
    from formatters import blockkit, telegram_html  # noqa: F401

    for language in {"en", settings.commitcast_language}:
        words_for(language).date(date.min)


def build_chats(settings: Settings, front: Front) -> list[Chat]:
    """The chats that the settings name.

    Raises:
        SettingError: one lacks a setting that it needs.
    """
    chats: list[Chat] = []
    if settings.slack_bot_token:
        from bot.chats.slack import SlackChat

        app_token, secret = settings.slack_app_token, settings.slack_signing_secret
        if not (app_token or secret):
            raise SettingError("error-slack-half")
        chats.append(
            SlackChat(
                front,
                bot_token=settings.slack_bot_token.get_secret_value(),
                app_token=app_token.get_secret_value() if app_token else None,
                signing_secret=secret.get_secret_value() if secret else None,
                api_url=settings.slack_api_url,
                language=settings.commitcast_language,
            )
        )
    if settings.telegram_bot_token:
        from bot.chats.telegram import TelegramChat, Webhook

        token, url = settings.telegram_bot_token.get_secret_value(), settings.commitcast_public_url
        chats.append(
            TelegramChat(
                front,
                token=token,
                api_url=settings.telegram_api_url,
                webhook=Webhook(url, webhook_secret(token)) if url else None,
            )
        )
    return chats


async def _keep(chat: Chat) -> None:
    """Run a chat again and again, until it is refused for good."""
    pause = FIRST_PAUSE
    clock = asyncio.get_running_loop().time
    while True:
        started = clock()
        try:
            await chat.run()
        except ChatError as exc:
            told = words_for("en").error(exc)
            if exc.permanent:
                _log.error("%s is off: %s", chat.name, told)
                return
            if clock() - started > LONGEST_PAUSE:  # it worked for a while
                pause = FIRST_PAUSE
            wait = exc.retry_after or pause
            _log.warning("%s is not connected: %s Next try in %.0f s.", chat.name, told, wait)
            await asyncio.sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE)
        except Exception:  # noqa: BLE001 - a fault in one adapter must not end the other
            _log.exception("%s failed; next try in %.0f s", chat.name, LONGEST_PAUSE)
            await asyncio.sleep(LONGEST_PAUSE)


@final
class _FaultsAlone(logging.LoggerAdapter[logging.Logger]):
    """Logs what handlers fail by, and not what strangers send that is no HTTP: with that they could
    fill a disk."""

    def log(self, level: int, msg: object, *args: object, **more: Any) -> None:
        """Log it, or not."""
        from aiohttp.http_exceptions import HttpProcessingError

        if not isinstance(more.get("exc_info"), HttpProcessingError):
            super().log(level, msg, *args, **more)


@asynccontextmanager
async def _served(app: Application, chats: Sequence[Chat], health: Health) -> AsyncIterator[None]:
    """Serve over HTTP what chats send and who watches the bot asks for.

    Raises:
        SettingError: the port cannot be used, and a chat needs it.
    """
    from aiohttp import web

    brought = [route for chat in chats for route in chat.routes()]
    host, port = app.settings.commitcast_host, app.settings.commitcast_port
    if not (port or brought):
        yield
        return
    site = web.Application(client_max_size=MAX_BODY)
    site.add_routes([*brought, *health.routes()])
    runner = web.AppRunner(site, access_log=None, logger=_FaultsAlone(_log))
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as exc:
            reason = exc.strerror or str(exc)
            if brought:
                raise SettingError("error-port-taken", port=port, reason=reason) from exc
            _log.warning("nobody can ask how the bot is: port %d: %s", port, reason)
        else:
            _log.info("listening on %s port %d", host, runner.addresses[0][1])
        yield
    finally:
        await runner.cleanup()
