"""Messages on their way to Telegram, whoever sends them."""

from __future__ import annotations

from typing import Final

from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated

from bot.chats.telegram.places import Place
from bot.chats.telegram.requests import patiently, says
from formatters.telegram_html import TelegramMessage

_GONE: Final = ("message to edit not found", "message can't be edited", "message_id_invalid")
"""What Telegram says of a message that cannot be edited, in lower case."""

_NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)


async def send(
    bot: Bot, place: Place, message: TelegramMessage, reply: ReplyParameters | None = None
) -> int:
    """Send a message, and its number.

    Raises:
        TelegramError: as the library does.
    """
    sent = await bot.send_message(
        place.chat_id,
        message.text,
        message_thread_id=place.topic,
        reply_parameters=reply,
        reply_markup=keyboard(message),
        parse_mode=ParseMode.HTML,
        link_preview_options=_NO_PREVIEW,
    )
    return sent.message_id


async def edit(bot: Bot, place: Place, number: int, message: TelegramMessage) -> bool:
    """Show this in a message of ours, with patience; False if there is nothing to edit any more.

    Raises:
        TelegramError: as the library does.
    """
    try:
        await patiently(lambda: edit_at_once(bot, place, number, message))
    except ChatMigrated:  # messages have other numbers there
        return False
    except BadRequest as exc:
        if says(exc, *_GONE):
            return False
        raise
    return True


async def edit_at_once(bot: Bot, place: Place, number: int, message: TelegramMessage) -> None:
    """Show this in a message of ours, now or not at all.

    Raises:
        TelegramError: as the library does.
    """
    try:
        await bot.edit_message_text(
            message.text,
            place.chat_id,
            number,
            reply_markup=keyboard(message),
            parse_mode=ParseMode.HTML,
            link_preview_options=_NO_PREVIEW,
        )
    except BadRequest as exc:
        if not says(exc, "message is not modified"):
            raise


def keyboard(message: TelegramMessage) -> InlineKeyboardMarkup | None:
    """The buttons beneath a message, if it has any."""
    if not message.keyboard:
        return None
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(button.label, callback_data=button.token) for button in row]
            for row in message.keyboard
        ]
    )
