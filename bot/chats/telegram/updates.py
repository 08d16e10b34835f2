"""What Telegram sends, made into questions to the front."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final, final

from telegram import Bot, CallbackQuery, Message, Update, User
from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import TelegramError
from telegram.ext import BaseHandler, CallbackQueryHandler, MessageHandler
from telegram.ext.filters import TEXT, StatusUpdate, UpdateType

from bot.chats.tasks import Tasks
from bot.chats.telegram.conversation import TelegramConversation
from bot.chats.telegram.places import Place
from bot.chats.telegram.requests import patiently, translated
from bot.conversation import Asked, Person, Pressed
from bot.sources.links import addresses_in
from formatters.model import Action
from formatters.text import words_for

if TYPE_CHECKING:
    from bot.front import Front

KINDS: Final = (Update.MESSAGE, Update.CHANNEL_POST, Update.CALLBACK_QUERY)
"""The updates to ask Telegram for. Not edited ones: a command that is corrected ran already."""

_COMMAND: Final = re.compile(
    r"/(?P<name>\w{1,32})(?:@(?P<bot>\w+))?(?:\s+(?P<arguments>.*))?", re.DOTALL
)

_log = logging.getLogger(__name__)


@final
class Updates:
    """Takes updates and starts a task for each, so that none waits for another."""

    def __init__(self, front: Front, bot: Bot, tasks: Tasks) -> None:
        """Ask this front; `bot` is initialised."""
        self._front = front
        self._bot = bot
        self._tasks = tasks
        self._commands = front.names()

    def handlers(self) -> tuple[BaseHandler[Update, Any, Any], ...]:
        """What the application calls; each returns at once."""
        said = (UpdateType.MESSAGE | UpdateType.CHANNEL_POST) & TEXT
        return (
            MessageHandler(said, self._on_message),
            MessageHandler(StatusUpdate.MIGRATE, self._on_move),
            CallbackQueryHandler(self._on_press),
        )

    async def _on_message(self, update: Update, _: object) -> None:
        message = update.effective_message
        if message is None or _is_echo(message):
            return
        text = command_of(message, self._bot.username, self._commands)
        if text is None:
            return
        place = Place.of(message)
        asked = Asked(
            place.channel,
            _author(message, self._bot),
            text,
            _answered(message),
            is_private=message.chat.type == ChatType.PRIVATE,
        )
        conversation = TelegramConversation(
            self._bot, self._front, place, reply_to=message.message_id
        )
        self._tasks.start(self._front.ask(asked, conversation))

    async def _on_move(self, update: Update, _: object) -> None:
        """A group became a supergroup: both get a message of it, the first alone counts."""
        message = update.effective_message
        if message and message.migrate_to_chat_id:
            after = Place(message.migrate_to_chat_id)
            self._tasks.start(self._front.moved(Place.of(message).channel, after.channel))

    async def _on_press(self, update: Update, _: object) -> None:
        query = update.callback_query
        if query is None:
            return
        action = Action.parse(query.data or "")
        self._tasks.start(_acknowledge(query, is_ours=action is not None))
        message = query.message
        if action is None or message is None:
            return
        place = Place.of(message)
        person = _member(query.from_user, message.chat.id, message.chat.type, self._bot)
        conversation = TelegramConversation(
            self._bot, self._front, place, reply_to=message.message_id, pressed=True
        )
        self._tasks.start(self._front.press(Pressed(place.channel, person, action), conversation))


def command_of(message: Message, bot: str, commands: Collection[str]) -> str | None:
    """The command that a message gives, without its slash; None if it is not for the bot.

    An address, in a private chat or after a mention of the bot, is to be analysed.

    Args:
        message: with a text.
        bot: the bot's user name.
        commands: the names that it answers to where other bots may be meant.
    """
    text, is_private = (message.text or "").strip(), message.chat.type == ChatType.PRIVATE
    if found := _COMMAND.fullmatch(text):
        to, name = found["bot"], found["name"].lower()
        if to and to.lower() != bot.lower():
            return None
        if not to and not is_private and name not in commands:
            return None
        if name == "start":  # what a link to the bot brings along means nothing here
            return "help"
        return f"{name} {found['arguments'] or ''}".strip()
    if mention := re.search(rf"(?<!\w)@{re.escape(bot)}\b", text, re.IGNORECASE):
        text = text[mention.end() :].strip()
    elif not is_private:
        return None
    first = text.split(maxsplit=1)[0].lower() if text else "help"
    if first not in commands and (addresses := addresses_in(text)):
        return f"analyze {addresses[0]}"
    return text or first


def _is_echo(message: Message) -> bool:
    """Whether it is another bot's, or a channel's post repeated in the group that discusses it."""
    by_bot = message.from_user is not None and message.from_user.is_bot
    return bool(message.is_automatic_forward) or (by_bot and message.sender_chat is None)


def _answered(message: Message) -> str | None:
    """The message that it replies to; within a topic every message replies to the topic's first."""
    to = message.reply_to_message
    if to is None or (message.is_topic_message and to.message_id == message.message_thread_id):
        return None
    return str(to.message_id)


def _author(message: Message, bot: Bot) -> Person:
    chat = message.chat
    # Only administrators post in a channel, or in a group under the group's own name.
    in_its_name = message.sender_chat is not None and message.sender_chat.id == chat.id
    if in_its_name or chat.type == ChatType.CHANNEL:
        return Person("", _yes)
    if message.sender_chat is not None or message.from_user is None:
        return Person("", _no)  # a stranger's channel
    return _member(message.from_user, chat.id, chat.type, bot)


def _member(user: User, chat_id: int, chat_type: str, bot: Bot) -> Person:
    if chat_type == ChatType.PRIVATE:
        return Person(str(user.id), _yes, user.language_code)

    async def is_administrator() -> bool:
        with translated(harmless=True):
            member = await patiently(lambda: bot.get_chat_member(chat_id, user.id))
        return member.status in (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)

    return Person(str(user.id), is_administrator)


async def _yes() -> bool:
    return True


async def _no() -> bool:
    return False


async def _acknowledge(query: CallbackQuery, *, is_ours: bool) -> None:
    """End the button's waiting."""
    words = words_for(query.from_user.language_code or "en")
    try:
        await query.answer(
            None if is_ours else words("chat-telegram-button"), show_alert=not is_ours
        )
    except TelegramError as exc:  # too late, or Telegram is slow: the answer itself matters more
        _log.info("a press was not acknowledged: %s", exc)
