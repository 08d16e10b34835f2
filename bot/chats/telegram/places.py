"""Where messages stand on Telegram, and the keys of channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from telegram import MaybeInaccessibleMessage, Message


@dataclass(frozen=True, slots=True)
class Place:
    """Where messages go: a chat, or a topic of it."""

    chat_id: int
    topic: int | None = None
    """The thread of a topic. The topic General has none: Telegram refuses its number."""

    @classmethod
    def of(cls, message: MaybeInaccessibleMessage) -> Self:
        """Where a message stands; one that the bot may no longer see has lost its topic."""
        if isinstance(message, Message) and message.is_topic_message:
            return cls(message.chat.id, message.message_thread_id)
        return cls(message.chat.id)  # outside of topics a thread is a chain of replies

    @classmethod
    def named(cls, channel: str) -> Self:
        """The place with this key."""
        chat, _, topic = channel.removeprefix("telegram:").partition("/")
        return cls(int(chat), int(topic) if topic else None)

    @property
    def channel(self) -> str:
        """Its key, as in `Asked.channel`."""
        return f"telegram:{self.chat_id}" + (f"/{self.topic}" if self.topic else "")
