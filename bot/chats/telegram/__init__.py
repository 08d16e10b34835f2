"""Telegram: private chats, groups, their topics, and channels."""

from bot.chats.telegram.chat import TelegramChat, Webhook
from bot.chats.telegram.outlet import TelegramOutlet

__all__ = ["TelegramChat", "TelegramOutlet", "Webhook"]
