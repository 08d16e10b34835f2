"""Answers on Telegram: replies to a command, and messages of a digest edited in place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, TypeVar, final

from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MaybeInaccessibleMessage,
    Message,
    ReplyParameters,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, ChatMigrated, RetryAfter, TelegramError

from bot.chats.telegram.requests import patiently, says, translated
from bot.conversation import Answer, Conversation, Document
from formatters import telegram_html
from formatters.model import Action, Page, Prose, Verb
from formatters.telegram_html import TelegramMessage
from formatters.text import words_for

if TYPE_CHECKING:
    from bot.front import Front

MAX_CAPTION: Final = 1024
"""UTF-16 units of the text beside a file (Bot API, sendDocument); with its tags, to be safe."""

_GONE: Final = ("message to edit not found", "message can't be edited", "message_id_invalid")
"""What Telegram says of a message that cannot be edited, in lower case."""

_NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)

_T = TypeVar("_T")


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

    @property
    def channel(self) -> str:
        """Its key, as in `Asked.channel`."""
        return f"telegram:{self.chat_id}" + (f"/{self.topic}" if self.topic else "")


@final
class TelegramConversation(Conversation):
    """One command, or one press."""

    def __init__(
        self, bot: Bot, front: Front, place: Place, *, reply_to: int, pressed: bool = False
    ) -> None:
        """Answer a message.

        Args:
            bot: who answers.
            front: is told when the group turns out to have become another one.
            place: where the message stands.
            reply_to: the message: a command, or one of ours with the button that was pressed.
            pressed: whether a button of it was pressed.
        """
        self._bot = bot
        self._front = front
        self._place = place
        self._reply_to: int | None = reply_to
        self._pressed = pressed
        self._note: int | None = None  # the message that tells the progress

    async def progress(self, text: str) -> None:
        """Say it in a message of its own; after a press by the sign that the bot is writing, for
        the digest stays as it is until the answer is there. Never waits for Telegram's limits."""
        message = telegram_html.messages(Page((Prose(text),)), words_for("en"))[0]
        with translated():
            if self._pressed:
                await self._bot.send_chat_action(
                    self._place.chat_id, ChatAction.TYPING, message_thread_id=self._place.topic
                )
                return
            try:
                if self._note is None:
                    self._note = await self._send_once(message)
                else:
                    await self._edit_once(self._note, message)
            except RetryAfter:
                return  # later news will do

    async def answer(self, answer: Answer) -> tuple[str, ...]:
        """Show it: in the message that was pressed, or in new ones."""
        with translated():
            if answer.in_place and self._pressed and self._reply_to is not None:
                shown = _part(answer, answer.in_place)
                edited = await self._edit(self._reply_to, shown)
                sent = [self._reply_to if edited else await self._send(shown)]
            else:
                if answer.beneath:
                    self._reply_to = int(answer.beneath[0])
                messages = telegram_html.messages(answer.page, answer.words)
                if answer.document:
                    sent = await self._show_document(answer.document, messages)
                else:
                    sent = await self._show(messages)
        return tuple(map(str, sent))

    async def _show(self, messages: Sequence[TelegramMessage]) -> list[int]:
        first, *others = messages
        note, self._note = self._note, None
        if note is not None and await self._edit(note, first):
            sent = [note]
        else:
            sent = [await self._send(first)]
        self._reply_to = None  # the others follow it
        return sent + [await self._send(message) for message in others]

    async def _show_document(
        self, document: Document, messages: Sequence[TelegramMessage]
    ) -> list[int]:
        first, *others = messages
        if others or len(first.text.encode("utf-16-le")) // 2 > MAX_CAPTION:
            return [*await self._show(messages), await self._send_document(document, None)]
        sent = await self._send_document(document, first)
        if self._note is not None:
            note, self._note = self._note, None
            with suppress(TelegramError):  # it stays above the file, which is there all the same
                await self._bot.delete_message(self._place.chat_id, note)
        return [sent]

    async def _send(self, message: TelegramMessage) -> int:
        return await self._here(lambda: self._send_once(message))

    async def _send_once(self, message: TelegramMessage) -> int:
        sent = await self._bot.send_message(
            self._place.chat_id,
            message.text,
            message_thread_id=self._place.topic,
            reply_parameters=self._replying(),
            reply_markup=_keyboard(message),
            parse_mode=ParseMode.HTML,
            link_preview_options=_NO_PREVIEW,
        )
        return sent.message_id

    async def _send_document(self, document: Document, caption: TelegramMessage | None) -> int:
        async def send() -> int:
            sent = await self._bot.send_document(
                self._place.chat_id,
                document.content,
                filename=document.name,
                caption=caption.text if caption else None,
                message_thread_id=self._place.topic,
                reply_parameters=self._replying(),
                reply_markup=_keyboard(caption) if caption else None,
                parse_mode=ParseMode.HTML,
            )
            return sent.message_id

        return await self._here(send)

    async def _here(self, send: Callable[[], Awaitable[_T]]) -> _T:
        """Send; to the group that this one has become, if it has."""
        try:
            return await patiently(send)
        except ChatMigrated as exc:
            before, self._place = self._place, Place(exc.new_chat_id)
            self._reply_to = None  # messages have other numbers there
            await self._front.moved(before.channel, self._place.channel)
        return await patiently(send)

    async def _edit(self, message_id: int, message: TelegramMessage) -> bool:
        """Put this into a message of ours; False if there is nothing to edit any more."""
        try:
            await patiently(lambda: self._edit_once(message_id, message))
        except ChatMigrated:
            return False
        except BadRequest as exc:
            if says(exc, *_GONE):
                return False
            raise
        return True

    async def _edit_once(self, message_id: int, message: TelegramMessage) -> None:
        try:
            await self._bot.edit_message_text(
                message.text,
                self._place.chat_id,
                message_id,
                reply_markup=_keyboard(message),
                parse_mode=ParseMode.HTML,
                link_preview_options=_NO_PREVIEW,
            )
        except BadRequest as exc:
            if not says(exc, "message is not modified"):
                raise

    def _replying(self) -> ReplyParameters | None:
        if self._reply_to is None:
            return None
        return ReplyParameters(self._reply_to, allow_sending_without_reply=True)


def _part(answer: Answer, press: Action) -> TelegramMessage:
    """What one message of the digest is to show after a press on it."""
    if press.verb is Verb.EXPAND:
        parts = telegram_html.messages(answer.page, answer.words)
        return parts[min(press.part, len(parts) - 1)]
    messages = telegram_html.messages(answer.page, answer.words, offer=press.number)
    return next((shown for shown in messages if press.number in shown.numbers), messages[0])


def _keyboard(message: TelegramMessage) -> InlineKeyboardMarkup | None:
    if not message.keyboard:
        return None
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(button.label, callback_data=button.token) for button in row]
            for row in message.keyboard
        ]
    )
