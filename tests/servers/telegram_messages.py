"""Messages on Telegram and what is pressed on them, each as bots are told of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from hashlib import sha256

from tests.servers.telegram_chats import Chat, Json, User
from tests.telegram_rules import check


@dataclass(frozen=True)
class Document:
    """A file that the bot has sent."""

    name: str
    content: bytes
    media_type: str

    def json(self) -> Json:
        """A `Document`."""
        unique = f"AgAD{sha256(self.content).hexdigest()[:12]}"
        return {
            "file_name": self.name,
            "mime_type": self.media_type,
            "file_id": f"BQACAgQAAxkDAAI{unique}",
            "file_unique_id": unique,
            "file_size": len(self.content),
        }


@dataclass(eq=False)
class Message:
    """Anything that stands in a chat."""

    id: int
    chat: Chat
    text: str = ""
    """As people read it, without markup; the caption of a document."""
    entities: list[Json] = field(default_factory=list)
    user: User | None = None
    """Who says it; None for a channel's post."""
    sender_chat: Chat | None = None
    """In whose name it is said, if not in the user's own."""
    thread: int | None = None
    """The topic; outside of forums the first message of a chain of replies."""
    reply_to: Message | None = None
    keyboard: list[list[Json]] = field(default_factory=list)
    """The rows of buttons beneath it."""
    document: Document | None = None
    service: Json = field(default_factory=dict)
    """What it tells of, if it is no person's: `migrate_to_chat_id` and the like."""
    is_ours: bool = False
    """Whether the bot has sent it."""
    shows_preview: bool = False
    """Whether the page behind its first link is fetched and shown."""
    date: int = field(default_factory=lambda: int(time.time()))
    edited_at: int | None = None
    versions: list[str] = field(default_factory=list)
    """The texts that it had before, the first one first."""
    is_deleted: bool = False

    @property
    def labels(self) -> list[list[str]]:
        """What its buttons say, row by row."""
        return [[button["text"] for button in row] for row in self.keyboard]

    def token(self, label: str) -> str:
        """What the bot is sent when the first button with this label is pressed."""
        buttons = (button for row in self.keyboard for button in row)
        return str(next(b["callback_data"] for b in buttons if b["text"] == label))

    def marked(self, kind: str) -> list[str]:
        """The pieces of the text that are of this kind of entity, `text_link` or `code`."""
        units = self.text.encode("utf-16-le")
        return [
            units[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le")
            for e in self.entities
            if e["type"] == kind
        ]

    @property
    def links(self) -> list[str]:
        """Where its linked words lead."""
        return [entity["url"] for entity in self.entities if entity["type"] == "text_link"]

    def json(self, *, with_reply: bool = True) -> Json:
        """A `Message`."""
        told: Json = {"message_id": self.id, "chat": self.chat.json(), "date": self.date}
        if self.user:
            told["from"] = self.user.json()
        if self.sender_chat:
            told["sender_chat"] = self.sender_chat.json()
        if self.edited_at:
            told["edit_date"] = self.edited_at
        if self.thread:
            told["message_thread_id"] = self.thread
            told |= {"is_topic_message": True} if self.chat.is_forum else {}
        if with_reply and (to := self._replied_to()) and not to.is_deleted:
            told["reply_to_message"] = to.json(with_reply=False)
        if self.document:
            told |= {"document": self.document.json(), "caption": self.text}
            told["caption_entities"] = self.entities
        elif not self.service:
            told |= {"text": self.text, "entities": self.entities}
        if self.keyboard:
            told["reply_markup"] = {"inline_keyboard": self.keyboard}
        told |= self.service
        return {name: value for name, value in told.items() if value not in ("", [])}

    def _replied_to(self) -> Message | None:
        """In a topic, what replies to nothing replies to the message that opened it."""
        if self.reply_to or not (self.chat.is_forum and self.thread):
            return self.reply_to
        return self.chat.messages[self.thread] if self.thread != self.id else None


@dataclass(eq=False)
class Press:
    """A button that somebody pressed."""

    id: str
    user: User
    message: Message
    data: str
    at: float = field(default_factory=time.monotonic)
    answer: Json | None = None
    """What the bot said to it: `text` and `show_alert`, both of which may be missing."""

    def json(self, *, is_inaccessible: bool = False) -> Json:
        """A `CallbackQuery`."""
        message = self.message.json()
        if is_inaccessible:
            message = {"message_id": self.message.id, "chat": message["chat"], "date": 0}
        told = {"id": self.id, "from": self.user.json(), "message": message}
        instance = str(-(self.message.chat.id**2) % 2**63)
        return told | {"chat_instance": instance, "data": self.data}


def entities_of(text: str) -> list[Json]:
    """What Telegram finds in a text that somebody typed: commands, mentions, addresses."""
    return check({"text": text}).entities
