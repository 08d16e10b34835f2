"""The bot on Telegram when updates are brought to it: what it takes, from whom, and how often."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from analyzers.errors import ChatError
from bot.chats.telegram import TelegramChat, Webhook
from formatters.model import Action, Verb
from tests.fakes import RecordingFront
from tests.servers.telegram import TelegramServer
from tests.servers.telegram_chats import Json
from tests.telegram_bot import DELIVERED, Reader, connected, served

SECRET = "a-secret_of-this-webhook"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
WEBHOOK = Webhook("https://bot.example", SECRET)


@pytest.fixture
def front() -> RecordingFront:
    recording = RecordingFront()
    recording.respond = Reader()
    return recording


@pytest_asyncio.fixture
async def address(telegram: TelegramServer, front: RecordingFront) -> AsyncIterator[str]:
    """Where updates are taken; the bot is connected."""
    async with connected(telegram, front, WEBHOOK) as bot, served(bot, telegram) as origin:
        yield f"{origin}/telegram"


def a_command(text: str = "/digest", update_id: int = 17) -> Json:
    user = {"id": 5, "is_bot": False, "first_name": "Ada"}
    chat = {"id": 5, "type": "private", "first_name": "Ada"}
    message = {"message_id": 9, "date": 1767700000, "from": user, "chat": chat, "text": text}
    return {"update_id": update_id, "message": message}


@pytest.mark.usefixtures("address")
async def test_commands_and_presses_are_brought(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    assert telegram.updates.webhook
    assert telegram.updates.webhook.url == "https://bot.example/telegram"
    assert telegram.updates.webhook.secret == SECRET
    ada = telegram.person("Ada")
    chat = telegram.private(ada)
    await telegram.say(chat, ada, "/digest acme/widget")
    await telegram.until(lambda: front.shown)
    await telegram.press(chat.sent[-1], Action(Verb.EXPAND, DELIVERED, 2).token, ada)
    await telegram.until(lambda: len(front.shown) == 2)
    assert "Commit number 2" in chat.sent[-1].text
    assert not telegram.calls("getUpdates")
    assert telegram.menus


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({HEADER: ""}, 403),
        ({HEADER: SECRET[:-1]}, 403),
        ({HEADER: f"{SECRET}x"}, 403),
        ({HEADER: SECRET.upper()}, 403),
        ({HEADER: "密".encode().decode("latin-1")}, 403),
    ],
)
async def test_nobody_but_telegram_brings_updates(
    front: RecordingFront, address: str, headers: dict[str, str], status: int
) -> None:
    """Invariant 8."""
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    async with httpx.AsyncClient() as client:
        answer = await client.post(address, json=a_command(), headers=raw)
        assert answer.status_code == status
        assert SECRET not in answer.text
        right = await client.post(address, json=a_command("/help"), headers={HEADER: SECRET})
        assert right.status_code == 200
    assert [asked.text for asked in front.asked] in ([], ["help"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"17",
        b'"update"',
        b"{}",
        b'{"update_id": "17x", "message": 5}',
        b'{"update_id": 17, "message": {"text": "/digest"}}',
        b'{"update_id": 17, "callback_query": {"id": 5}}',
        b'{"update_id": 17, "message": {"message_id": 1, "date": 1e999, "chat": []}}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"update_id": 17, "x": "' + b"x" * 2_000_000 + b'"}',
    ],
)
async def test_what_is_no_update_does_no_harm(
    telegram: TelegramServer, front: RecordingFront, address: str, body: bytes
) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(address, content=body, headers={HEADER: SECRET})
        assert answer.status_code in (200, 400, 413)
        answer = await client.post(address, json=a_command("/help"), headers={HEADER: SECRET})
        assert answer.status_code == 200
    await telegram.until(lambda: front.asked)
    assert [asked.text for asked in front.asked] == ["help"]


async def test_an_update_that_is_brought_twice_is_handled_once(
    telegram: TelegramServer, front: RecordingFront, address: str
) -> None:
    """Invariant 2."""
    async with httpx.AsyncClient() as client:
        for text in ("/digest", "/digest", "/help"):
            update = a_command(text, update_id=18 if text == "/help" else 17)
            answer = await client.post(address, json=update, headers={HEADER: SECRET})
            assert answer.status_code == 200
    await telegram.until(lambda: len(front.asked) == 2)
    assert sorted(asked.text for asked in front.asked) == ["digest", "help"]
    assert len(front.events) == 3
    assert len(set(front.events)) == 2


async def test_updates_wait_at_telegram_while_the_bot_is_not_connected(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    ada = telegram.person("Ada")
    bot = TelegramChat(
        front.as_front(), token=telegram.token, api_url=telegram.api_url, webhook=WEBHOOK
    )
    async with served(bot, telegram) as origin:
        await telegram.updates.bring("https://bot.example/telegram", SECRET, 40)
        await telegram.say(telegram.private(ada), ada, "/digest")
        webhook = telegram.updates.webhook
        await telegram.until(lambda: webhook and "503" in webhook.last_error)
        async with httpx.AsyncClient() as client:
            assert (await client.post(f"{origin}/telegram")).status_code == 401
    assert front.asked == []


async def test_an_address_that_telegram_does_not_take_is_named(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    for url in ("http://bot.example", "https://bot.example:8080", "https://bot.invalid"):
        bot = TelegramChat(
            front.as_front(),
            token=telegram.token,
            api_url=telegram.api_url,
            webhook=Webhook(url, SECRET),
        )
        with pytest.raises(ChatError) as told:
            await bot.run()
        assert (told.value.code, told.value.permanent) == ("error-telegram-webhook", True)
        assert str(told.value.details["url"]).startswith(url)
        assert SECRET not in str(told.value)


async def test_a_bot_that_asks_for_updates_takes_the_webhook_away(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    await telegram.updates.bring("https://bot.example/telegram", SECRET, 40)
    ada = telegram.person("Ada")
    await telegram.say(telegram.private(ada), ada, "/digest")
    async with connected(telegram, front) as bot:
        await telegram.until(lambda: front.shown)
        assert bot.routes() == []
    assert telegram.updates.webhook is None
