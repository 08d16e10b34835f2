"""The bot on Telegram for tests: the real adapter and library, connected to a server of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from analyzers.model import Digest
from bot.chats.telegram import TelegramChat, Webhook
from bot.conversation import Answer, Asked, Pressed
from bot.front import Front
from formatters.model import Action, Page, Points, Prose, Title, Verb
from formatters.pages import detail_page, digest_page
from formatters.text import Words, words_for
from tests.digests import WIDGET, a_busy_day
from tests.fakes import RecordingFront
from tests.servers.telegram import TelegramServer
from tests.servers.telegram_messages import Message

DELIVERED = "d1"
"""The id under which tests deliver their digest."""

EN = words_for("en")


@asynccontextmanager
async def connected(
    telegram: TelegramServer, front: RecordingFront | Front, webhook: Webhook | None = None
) -> AsyncIterator[TelegramChat]:
    """The bot, serving; what ends it by itself is raised."""
    asked = front.as_front() if isinstance(front, RecordingFront) else front
    chat = TelegramChat(asked, token=telegram.token, api_url=telegram.api_url, webhook=webhook)
    before = len(telegram.requests)
    running = asyncio.create_task(chat.run())
    try:
        await telegram.until(
            lambda: running.done() or _is_served(telegram, before) or telegram.updates.webhook
        )
        yield chat
    finally:
        if not running.done():
            running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def _is_served(telegram: TelegramServer, before: int) -> bool:
    return any(call.method == "getUpdates" for call in telegram.requests[before:])


@asynccontextmanager
async def served(chat: TelegramChat, telegram: TelegramServer) -> AsyncIterator[str]:
    """The process's web server with the webhook of this chat; its local address."""
    app = web.Application()
    app.router.add_routes(chat.routes())
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        telegram.updates.proxy = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield telegram.updates.proxy
    finally:
        await telegram.updates.stop_bringing()
        await runner.cleanup()


def saying(text: str) -> Answer:
    """An answer of one sentence."""
    return Answer(Page((Prose(text),)), EN)


def digest_answer(commits: int = 45, words: Words = EN) -> Answer:
    """A delivered digest."""
    return Answer(digest_page(a_busy_day(commits), words, DELIVERED), words)


class Reader:
    """What a front answers to who reads one digest: the digest, its commits, pages of numbers."""

    def __init__(self, digest: Digest | None = None, paragraphs: int = 0) -> None:
        """`paragraphs` is how much longer each expanded commit is, in thousands of characters."""
        self.digest = digest or a_busy_day()
        self.paragraphs = paragraphs

    def __call__(self, event: Asked | Pressed) -> Answer:
        page = digest_page(self.digest, EN, DELIVERED)
        if isinstance(event, Asked):
            return Answer(page, EN)
        if event.action.verb is Verb.EXPAND:
            page = self.expanded(event.action.number)
        return Answer(page, EN, in_place=event.action)

    def expanded(self, number: int) -> Page:
        """One commit, with what leads back to the digest."""
        entry = next(entry for entry in self.digest.entries if entry.number == number)
        page = detail_page(entry, WIDGET, "UTC", EN)
        more = tuple(
            Points(f"Part {n} of all", (f"Paragraph {n}: " + "many words " * 90,))
            for n in range(self.paragraphs)
        )
        fold = Action(Verb.FOLD, DELIVERED, number)
        return Page((Title(f"Commit number {number}"), *page.blocks[1:], *more), folds_to=fold)


def offered(message: Message) -> list[Action]:
    """What the buttons beneath a message ask for."""
    tokens = (button["callback_data"] for row in message.keyboard for button in row)
    return [action for token in tokens if (action := Action.parse(token))]
