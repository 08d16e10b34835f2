"""Socket Mode: Slack's events over a WebSocket that the bot opens. Connecting anew, when Slack
refreshes the connection or it breaks, is the SDK's; whether it succeeds is watched here."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Final, NoReturn, final
from urllib.parse import urlsplit

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from analyzers.errors import ChatError
from bot.chats.slack.api import UNREACHABLE, SlackApi

PING_EVERY: Final = 10.0
"""Seconds between two pings; without an answer to four, the SDK connects anew."""

CONNECTS_WITHIN: Final = 30.0
"""Seconds that the first connection may take."""

LOOKED_AT_EVERY: Final = 2.0
LOST_AFTER: Final = 60.0
"""Seconds without a connection after which the SDK's own attempts are given up: it goes on with an
address that Slack takes once only."""

_log = logging.getLogger(__name__)


async def serve(
    app: AsyncApp, api: SlackApi, token: str, hears: Callable[[bool], None]
) -> NoReturn:
    """Hand the events of Slack to the app until cancelled.

    Args:
        app: acknowledges each.
        api: asks where to connect.
        token: the app-level token.
        hears: told whether there is a connection now.

    Raises:
        ChatError: there is no connection; permanent if the token is refused.
    """
    address = await ask_address(api, token)
    handler = AsyncSocketModeHandler(
        app, token, logger=_log_without_tickets(), web_client=api.client, ping_interval=PING_EVERY
    )
    client = handler.client
    client.wss_uri = address
    try:
        try:
            async with asyncio.timeout(CONNECTS_WITHIN):
                await handler.connect_async()  # type: ignore[no-untyped-call] # the SDK is typed in part
        except TimeoutError as exc:
            raise _lost(address) from exc
        _log.info("connected to Slack")
        await _watch(client, address, hears)
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call] # the same


async def ask_address(api: SlackApi, token: str) -> str:
    """Where Slack takes a connection for an app-level token; it takes one only.

    Raises:
        ChatError: it takes none; permanent if the token is refused.
    """
    try:
        response = await api.call(
            api.client.apps_connections_open, app_token=token, repeatable=True
        )
    except ChatError as exc:
        if exc.permanent:
            reason = exc.details.get("reason", exc.code)
            raise ChatError("error-slack-app-token", reason=reason) from exc
        raise
    return str(response.get("url"))


async def _watch(client: SocketModeClient, address: str, hears: Callable[[bool], None]) -> NoReturn:
    clock = asyncio.get_running_loop().time
    connected = clock()
    hears(True)
    while True:
        await asyncio.sleep(LOOKED_AT_EVERY)
        is_connected = await client.is_connected()
        hears(is_connected)
        if is_connected:
            connected = clock()
        elif clock() - connected > LOST_AFTER:
            raise _lost(address)


def _lost(address: str) -> ChatError:
    return ChatError(UNREACHABLE, permanent=False, said=f"wss://{urlsplit(address).hostname}")


def _log_without_tickets() -> logging.Logger:
    log = logging.getLogger(f"{__name__}.sdk")
    log.setLevel(logging.ERROR)
    if not log.filters:
        log.addFilter(_WithoutTickets())
    return log


@final
class _WithoutTickets(logging.Filter):
    """Keeps addresses out of the log with which anybody could receive the bot's events."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let it pass, on one line."""
        record.msg = re.sub(r"(ticket|app_id)=[^&\s'\")]*", r"\1=***", record.getMessage())
        record.args = record.exc_info = record.exc_text = None
        return True
