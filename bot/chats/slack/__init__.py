"""The bot on Slack, by Socket Mode or HTTP."""

from bot.chats.slack.chat import SlackChat

__all__ = ["SlackChat"]
