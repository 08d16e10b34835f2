"""The outlets of the platforms that the settings name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from bot.config import Settings
from bot.deliveries.outlet import Outlet


@asynccontextmanager
async def open_outlets(settings: Settings) -> AsyncIterator[Mapping[str, Outlet]]:
    """Where digests are delivered to, by the names of the platforms that the settings name."""
    outlets: list[Outlet] = []
    if settings.slack_bot_token:
        from bot.chats.slack import SlackOutlet

        token = settings.slack_bot_token.get_secret_value()
        outlets.append(SlackOutlet(token, settings.slack_api_url))
    if settings.telegram_bot_token:
        from bot.chats.telegram import TelegramOutlet

        token = settings.telegram_bot_token.get_secret_value()
        outlets.append(TelegramOutlet(token, settings.telegram_api_url))
    async with AsyncExitStack() as stack:
        for outlet in outlets:
            stack.push_async_callback(outlet.aclose)
        yield {outlet.platform: outlet for outlet in outlets}
