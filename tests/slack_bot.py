"""The bot on Slack for tests: the real adapter and SDKs, connected to a server of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from bot.chats.slack import SlackChat
from bot.chats.slack_manifest import EVENTS_PATH
from bot.conversation import Answer, Asked, Pressed
from formatters.model import Page, Points, Prose
from formatters.pages import digest_page
from formatters.text import Words, words_for
from tests.digests import a_busy_day
from tests.fakes import RecordingFront
from tests.servers.slack import SlackServer
from tests.servers.slack_workspace import Message

DELIVERED = "d1"
"""The id under which tests deliver their digest."""

EN = words_for("en")


def the_bot(
    slack: SlackServer, front: RecordingFront, *, http: bool = False, language: str = "en"
) -> SlackChat:
    """The bot with the right tokens, not yet running."""
    return SlackChat(
        front.as_front(),
        bot_token=slack.app.bot_token,
        app_token=None if http else slack.app.app_token,
        signing_secret=slack.app.signing_secret if http else None,
        api_url=slack.api_url,
        language=language,
    )


@asynccontextmanager
async def running(slack: SlackServer, chat: SlackChat) -> AsyncIterator[asyncio.Task[None]]:
    """The bot in Socket Mode, connected; what ends it by itself is raised."""
    task = asyncio.create_task(chat.run())
    try:
        await slack.until(lambda: task.done() or slack.link.connected)
        yield task
    finally:
        if not task.done():
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def served(slack: SlackServer, chat: SlackChat) -> AsyncIterator[None]:
    """The process's web server with the routes of this bot, where Slack sends everything."""
    app = web.Application()
    app.router.add_routes(chat.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack.request_url.url = f"http://127.0.0.1:{runner.addresses[0][1]}{EVENTS_PATH}"
        yield
    finally:
        await runner.cleanup()


def saying(text: str) -> Answer:
    """An answer of one sentence."""
    return Answer(Page((Prose(text),)), EN)


def long_answer(parts: int = 12) -> Answer:
    """An answer that takes several messages."""
    blocks = tuple(Points(f"Part {n}", (f"Item {n}: " + "word " * 500,)) for n in range(parts))
    return Answer(Page(blocks), EN)


def digest_answer(commits: int = 45, words: Words = EN) -> Answer:
    """A delivered digest."""
    return Answer(digest_page(a_busy_day(commits), words, DELIVERED), words)


async def a_digest(slack: SlackServer, front: RecordingFront, channel: str = "C1") -> Message:
    """Ask for a digest; the message that shows it."""
    before = len(front.shown)
    front.respond = lambda event: digest_answer() if isinstance(event, Asked) else None
    await slack.command("/digest", "acme/widget", channel=channel)
    await slack.until(lambda: len(front.shown) > before)
    message = slack.workspace.find(channel, front.shown[-1][0])
    assert message
    return message


async def answered(slack: SlackServer, front: RecordingFront, count: int = 1) -> None:
    """Wait until so many answers were shown, or failed."""
    await slack.until(lambda: len(front.shown) + len(front.errors) >= count)


def values(message: Message) -> list[str]:
    """What the controls of a message bring back."""
    found: list[str] = []
    for _, element in message.controls:
        found += [option["value"] for option in element.get("options", ())]
        found += [
            option["value"]
            for group in element.get("option_groups", ())
            for option in group["options"]
        ]
        found += [element["value"]] if "value" in element else []
    return found


def texts(events: list[Asked] | list[Pressed]) -> list[str]:
    """What was asked, or pressed."""
    return [e.text if isinstance(e, Asked) else e.action.token for e in events]
