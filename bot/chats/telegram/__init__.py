"""Telegram: private chats, groups, their topics, and channels."""

from bot.chats.telegram.chat import TelegramChat, Webhook

__all__ = ["TelegramChat", "Webhook"]
