"""The bot on Slack, by Socket Mode or HTTP."""

from bot.chats.slack.chat import SlackChat
from bot.chats.slack.outlet import SlackOutlet

__all__ = ["SlackChat", "SlackOutlet"]
