"""Digests on Telegram. What was sent there cannot be looked up: a bot sees no history."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Final, final

from telegram import Bot

from analyzers.errors import ChatError
from bot.chats.telegram.places import Place
from bot.chats.telegram.requests import (
    ANSWERED_WITHIN,
    DiscreetRequest,
    patiently,
    translated,
)
from bot.chats.telegram.sending import edit, send
from bot.deliveries.outlet import Outlet, Pace, Posting
from formatters import telegram_html
from formatters.model import Page
from formatters.telegram_html import TelegramMessage
from formatters.telegram_html.text import escape
from formatters.text import Words

PACE: Final = Pace(per_second=20, per_channel=20 / 60, topics_share=True)
"""Telegram takes about 30 messages a second in all, of which commands keep a third, one a second in
a chat and 20 a minute in a group (core.telegram.org/bots/faq). Which chats are groups is not asked:
their pace is everybody's."""

_TYPED: Final = re.compile(
    r"telegram:(?P<chat>-?[0-9]{1,16}|@\w{1,32})(?:/(?P<topic>[0-9]{1,10}))?", re.ASCII
)


@final
class TelegramOutlet(Outlet):
    """One bot, whether it serves commands in this process too or not."""

    def __init__(
        self, token: str, api_url: str, *, answered_within: float = ANSWERED_WITHIN
    ) -> None:
        """Prepare; nothing is asked of Telegram yet.

        Args:
            token: as @BotFather gave it.
            api_url: the Bot API's server, without a trailing slash.
            answered_within: seconds that Telegram may take to answer.
        """
        self._request = DiscreetRequest(token, answered_within)
        # Not initialised, for that asks who the bot is, which sending needs not.
        self._bot = Bot(
            token,
            base_url=f"{api_url}/bot",
            request=self._request,
            get_updates_request=self._request,  # none is made: this spares a second client
        )

    @property
    def platform(self) -> str:
        """What the keys of its channels begin with."""
        return "telegram"

    @property
    def pace(self) -> Pace:
        """How fast it takes messages."""
        return PACE

    @property
    def can_find(self) -> bool:
        """Telegram shows a bot no history."""
        return False

    async def channel_key(self, typed: str) -> str:
        """The whole key of a chat that a person has typed by its number or its name, with a topic
        or without; whether there is such a topic, Telegram does not tell."""
        found = _TYPED.fullmatch(typed.strip())
        if found is None:
            raise ChatError("error-telegram-chat")
        with translated(harmless=True):
            chat = await patiently(lambda: self._bot.get_chat(found["chat"]))
        return Place(chat.id, int(found["topic"] or 0) or None).channel

    def count(self, page: Page, words: Words) -> int:
        """How many messages a page takes."""
        return len(_laid_out(page, words))

    async def post(self, posting: Posting) -> str:
        """Send a message."""
        return await self._send(Place.named(posting.channel), message_of(posting))

    async def find(
        self,
        posting: Posting,  # noqa: ARG002 - nobody can tell, whatever it is
        since: datetime,  # noqa: ARG002 - as above
    ) -> str | None:
        """Raises `ChatError`: nobody can tell."""
        raise ChatError("error-telegram-history")

    async def edit(self, posting: Posting, message: str) -> None:
        """Show this in a message that was sent."""
        place = Place.named(posting.channel)
        with translated(harmless=True):
            await edit(self._bot, place, int(message), message_of(posting))

    async def tell(
        self,
        person: str,
        channel: str,  # noqa: ARG002 - nobody reads it there
        page: Page,
        words: Words,
    ) -> None:
        """Say something in the private chat with a person, if they have ever started the bot."""
        if not person:  # who posts in a channel is not told
            raise ChatError("error-telegram-chat")
        for message in _laid_out(page, words):
            await self._send(Place(int(person)), message)

    async def aclose(self) -> None:
        """Give back connections."""
        await self._request.shutdown()

    async def _send(self, place: Place, message: TelegramMessage) -> str:
        with translated():
            return str(await patiently(lambda: send(self._bot, place, message)))


def message_of(posting: Posting) -> TelegramMessage:
    """What a posting shows. The layout leaves Telegram's limit 96 units: enough for a line."""
    message = _laid_out(posting.page, posting.words)[posting.part]
    if not posting.may_repeat:
        return message
    line = escape(posting.words("control-may-repeat"))
    return replace(message, text=f"{message.text}\n\n{line}")


@lru_cache(maxsize=32)  # a digest is asked for as often as it has messages, and once more
def _laid_out(page: Page, words: Words) -> tuple[TelegramMessage, ...]:
    return telegram_html.messages(page, words)
