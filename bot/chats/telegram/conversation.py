"""Answers on Telegram: replies to a command, and messages of a digest edited in place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar, final

from telegram import Bot, ReplyParameters
from telegram.constants import ChatAction, ParseMode
from telegram.error import ChatMigrated, RetryAfter, TelegramError

from bot.chats.telegram.places import Place
from bot.chats.telegram.requests import patiently, translated
from bot.chats.telegram.sending import edit, edit_at_once, keyboard, send
from bot.conversation import Answer, Conversation, Document
from formatters import telegram_html
from formatters.model import Action, Page, Prose, Verb
from formatters.telegram_html import TelegramMessage
from formatters.text import words_for

if TYPE_CHECKING:
    from bot.front import Front

MAX_CAPTION: Final = 1024
"""UTF-16 units of the text beside a file (Bot API, sendDocument); with its tags, to be safe."""

_T = TypeVar("_T")


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
                    await edit_at_once(self._bot, self._place, self._note, message)
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
        return await send(self._bot, self._place, message, self._replying())

    async def _send_document(self, document: Document, caption: TelegramMessage | None) -> int:
        async def send_file() -> int:
            sent = await self._bot.send_document(
                self._place.chat_id,
                document.content,
                filename=document.name,
                caption=caption.text if caption else None,
                message_thread_id=self._place.topic,
                reply_parameters=self._replying(),
                reply_markup=keyboard(caption) if caption else None,
                parse_mode=ParseMode.HTML,
            )
            return sent.message_id

        return await self._here(send_file)

    async def _here(self, request: Callable[[], Awaitable[_T]]) -> _T:
        """Send; to the group that this one has become, if it has."""
        try:
            return await patiently(request)
        except ChatMigrated as exc:
            before, self._place = self._place, Place(exc.new_chat_id)
            self._reply_to = None  # messages have other numbers there
            await self._front.moved(before.channel, self._place.channel)
        return await patiently(request)

    async def _edit(self, number: int, message: TelegramMessage) -> bool:
        return await edit(self._bot, self._place, number, message)

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
