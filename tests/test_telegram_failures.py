"""The bot on Telegram when something goes wrong: the platform, the network, another process."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from analyzers.errors import ChatError, OutcomeUnknown, TokenRefused
from bot.chats.telegram import TelegramChat, Webhook
from bot.conversation import Document
from formatters.model import Action, Verb
from formatters.text import LANGUAGES, words_for
from tests.fakes import RecordingFront
from tests.servers.telegram import TOKEN, TelegramServer
from tests.servers.telegram_chats import Chat, Kind, Status, User
from tests.servers.telegram_faults import (
    Fault,
    bad_gateway,
    drop,
    drop_after,
    hang,
    internal_error,
    refuses,
    sends,
    slow,
    too_many_requests,
)
from tests.telegram_bot import DELIVERED, Reader, connected, saying


@pytest.fixture
def front() -> RecordingFront:
    """Says `Here` to everything."""
    recording = RecordingFront()
    recording.respond = lambda _: saying("Here")
    return recording


@pytest_asyncio.fixture
async def bot(telegram: TelegramServer, front: RecordingFront) -> AsyncIterator[TelegramChat]:
    async with connected(telegram, front) as chat:
        yield chat
        front.gate.set()


@pytest.fixture
def ada(telegram: TelegramServer) -> User:
    return telegram.person("Ada")


@pytest.fixture
def chat(telegram: TelegramServer, ada: User) -> Chat:
    return telegram.private(ada)


def assert_readable(error: ChatError) -> None:
    """Every language can tell of it (invariant 10)."""
    for language in LANGUAGES:
        assert words_for(language).error(error)


async def refused(telegram: TelegramServer, front: RecordingFront) -> ChatError:
    """Why an answer was not taken."""
    await telegram.until(lambda: front.errors)
    (error,) = front.errors
    assert_readable(error)
    return error


# ---- chats that take no message


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("group", "kicked", "error-telegram-forbidden"),
        ("group", "left", "error-telegram-forbidden"),
        ("supergroup", "kicked", "error-telegram-forbidden"),
        ("supergroup", "restricted", "error-telegram-rights"),
        ("channel", "kicked", "error-telegram-forbidden"),
        ("channel", "member", "error-telegram-rights"),
    ],
)
async def test_a_chat_that_takes_no_message_is_a_permanent_error_and_costs_no_other_chat(
    telegram: TelegramServer,
    front: RecordingFront,
    chat: Chat,
    ada: User,
    kind: Kind,
    status: Status,
    code: str,
) -> None:
    """Invariant 4."""
    front.gate.clear()
    group = telegram.chat(kind)
    user = None if kind == "channel" else telegram.member(group, "member")
    await telegram.say(group, user, "/digest")
    await telegram.until(lambda: front.asked)
    group.members[telegram.bot] = status
    front.gate.set()
    error = await refused(telegram, front)
    assert (error.code, error.permanent) == (code, True)
    assert len(telegram.calls("sendMessage")) == 1
    await telegram.say(chat, ada, "/digest")
    await telegram.until(lambda: chat.sent)


@pytest.mark.usefixtures("bot")
async def test_who_blocks_the_bot_gets_no_answer(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.gate.clear()
    await telegram.say(chat, ada, "/digest")
    await telegram.until(lambda: front.asked)
    await telegram.change(chat, ada, "kicked")
    front.gate.set()
    error = await refused(telegram, front)
    assert (error.code, error.permanent) == ("error-telegram-forbidden", True)


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("is_deleted", [False, True])
async def test_a_topic_that_is_closed_or_deleted_is_a_permanent_error(
    telegram: TelegramServer, front: RecordingFront, is_deleted: bool
) -> None:
    front.gate.clear()
    forum = telegram.chat("supergroup", is_forum=True, ada="creator")
    topic = await telegram.topic(forum, "Releases")
    await telegram.say(forum, telegram.member(forum, "creator"), "/digest", thread=topic)
    await telegram.until(lambda: front.asked)
    forum.topics[topic].is_closed = True
    if is_deleted:
        del forum.topics[topic]
    front.gate.set()
    error = await refused(telegram, front)
    assert (error.code, error.permanent) == ("error-telegram-topic", True)


# ---- too many requests


@pytest.mark.usefixtures("bot")
async def test_a_pause_that_telegram_asks_for_is_kept(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    telegram.inject(too_many_requests(1), method="sendMessage")
    before = time.monotonic()
    await telegram.say(chat, ada, "/digest")
    await telegram.until(lambda: front.shown)
    assert time.monotonic() - before >= 0.9
    assert [message.text for message in chat.sent] == ["Here"]


@pytest.mark.usefixtures("bot")
async def test_a_pause_of_an_hour_is_an_error_that_says_so(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    telegram.inject(too_many_requests(3600), method="sendMessage")
    await telegram.say(chat, ada, "/digest")
    error = await refused(telegram, front)
    assert (error.code, error.permanent) == ("error-telegram-busy", False)
    assert error.retry_after == 3600
    assert len(telegram.calls("sendMessage")) == 1


@pytest.mark.usefixtures("bot")
async def test_progress_waits_for_no_pause(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.progress = ("Reading", "Analysing", "Writing")
    telegram.inject(too_many_requests(30), method="editMessageText")
    front.gate.clear()
    await telegram.say(chat, ada, "/digest")
    await telegram.until(lambda: chat.sent and chat.sent[0].text == "Writing", within=5)
    front.gate.set()
    await telegram.until(lambda: front.shown)
    assert [message.text for message in chat.sent] == ["Here"]
    assert front.errors == []


# ---- what Telegram leaves open


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("fault", [drop_after, drop, bad_gateway, internal_error])
async def test_a_message_that_may_have_arrived_is_not_sent_again(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User, fault: Fault
) -> None:
    """Invariant 2."""
    telegram.inject(fault, method="sendMessage")
    await telegram.say(chat, ada, "/digest")
    error = await refused(telegram, front)
    assert isinstance(error, OutcomeUnknown)
    assert (error.code, error.permanent) == ("error-telegram-outcome", True)
    assert len(telegram.calls("sendMessage")) == 1
    assert len(chat.sent) == (fault is drop_after)


@pytest.mark.usefixtures("bot")
async def test_a_file_that_may_have_arrived_is_not_sent_again(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    """Invariant 2."""
    file = Document("report.md", b"# Report\n")
    front.respond = lambda _: replace(saying("The report"), document=file)
    telegram.inject(drop_after, method="sendDocument")
    await telegram.say(chat, ada, "/report")
    error = await refused(telegram, front)
    assert isinstance(error, OutcomeUnknown)
    assert len(chat.sent) == 1


@pytest.mark.usefixtures("bot")
async def test_a_message_that_found_no_connection_is_sent_again(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.gate.clear()
    await telegram.say(chat, ada, "/digest")
    await telegram.until(lambda: front.asked)
    async with telegram.unreachable():
        front.gate.set()
        await asyncio.sleep(0.3)  # the first try finds nobody, the second comes a second after it
        assert not front.shown
    await telegram.until(lambda: front.shown)
    assert [message.text for message in chat.sent] == ["Here"]


@pytest.mark.usefixtures("bot")
async def test_an_unreachable_telegram_is_an_error_that_may_pass(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.gate.clear()
    await telegram.say(chat, ada, "/digest")
    await telegram.until(lambda: front.asked)
    async with telegram.unreachable():
        front.gate.set()
        error = await refused(telegram, front)
    assert (error.code, error.permanent) == ("error-telegram-unreachable", False)
    await telegram.say(chat, ada, "/digest")
    await telegram.until(lambda: chat.sent)


@pytest.mark.usefixtures("bot")
async def test_a_press_is_answered_before_its_acknowledgement_has_arrived(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.respond = Reader()
    await telegram.say(chat, ada, "/digest")
    await telegram.until(lambda: front.shown)
    telegram.inject(slow(1), method="answerCallbackQuery")
    await telegram.press(chat.sent[-1], Action(Verb.EXPAND, DELIVERED, 2).token, ada)
    await telegram.until(lambda: len(front.shown) == 2)
    assert "Commit number 2" in chat.sent[-1].text
    assert telegram.calls("answerCallbackQuery")[0].status == 0


# ---- asking for updates


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("fault", [bad_gateway, internal_error, drop, sends("{"), sends("[]")])
async def test_the_bot_goes_on_after_its_updates_failed(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User, fault: Fault
) -> None:
    telegram.inject(fault, method="getUpdates")
    await telegram.say(chat, ada, "/help")  # ends the question that is open
    await telegram.say(chat, ada, "/digest")
    await telegram.until(lambda: len(front.shown) == 2)
    assert len(chat.sent) == 2


@pytest.mark.usefixtures("bot")
async def test_another_process_with_the_same_bot_is_told_of_in_the_log(
    telegram: TelegramServer,
    front: RecordingFront,
    chat: Chat,
    ada: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    conflict = "Conflict: terminated by other getUpdates request; make sure that only one bot"
    telegram.inject(refuses(409, f"{conflict} instance is running"), method="getUpdates")
    await telegram.say(chat, ada, "/help")
    await telegram.until(lambda: "another process" in caplog.text)
    await telegram.say(chat, ada, "/digest")
    await telegram.until(lambda: len(front.shown) == 2)


@pytest.mark.usefixtures("bot")
async def test_an_update_that_comes_twice_is_handled_once(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    """Invariant 2."""
    front.respond = Reader()
    await telegram.say(chat, ada, "/digest")
    await telegram.until(lambda: front.shown)
    await telegram.press(chat.sent[-1], Action(Verb.EXPAND, DELIVERED, 2).token, ada)
    await telegram.until(lambda: len(front.shown) == 2)
    for update in telegram.updates.all[:2]:
        await telegram.updates.again(update)
    await telegram.say(chat, ada, "/help")
    await telegram.until(lambda: len(front.asked) >= 2 and front.asked[-1].text == "help")
    assert [asked.text for asked in front.asked] == ["digest", "help"]
    assert len(front.pressed) == 1


async def test_a_restart_neither_loses_nor_repeats_a_command(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    """Invariant 2."""
    async with connected(telegram, front):
        await telegram.say(chat, ada, "/digest")
        await telegram.until(lambda: front.shown)
    assert telegram.updates.waiting == 0
    await telegram.say(chat, ada, "/help")
    async with connected(telegram, front):
        await telegram.until(lambda: len(front.shown) == 2)
    assert [asked.text for asked in front.asked] == ["digest", "help"]


async def test_what_was_taken_is_confirmed_when_the_bot_stops(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    """Invariant 2."""
    async with connected(telegram, front):
        telegram.inject(hang, method="getUpdates")  # the question that would confirm it
        await telegram.say(chat, ada, "/digest")
        await telegram.until(lambda: front.shown)
        assert telegram.updates.waiting == 1
    assert telegram.updates.waiting == 0


async def test_what_runs_when_the_bot_stops_is_answered_before(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    async with connected(telegram, front):
        front.gate.clear()
        await telegram.say(chat, ada, "/digest")
        await telegram.until(lambda: front.asked)
        asyncio.get_running_loop().call_later(0.2, front.gate.set)
    assert [message.text for message in chat.sent] == ["Here"]


# ---- connecting


async def test_a_wrong_token_ends_the_chat_for_good(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    for token in ("7000000001:AAanother-secret-token", "7000000001"):
        chat = TelegramChat(front.as_front(), token=token, api_url=telegram.api_url)
        with pytest.raises(TokenRefused) as told:
            await chat.run()
        assert (told.value.code, told.value.permanent) == ("error-telegram-token", True)
        assert_readable(told.value)


async def test_a_token_that_is_revoked_ends_the_chat_for_good(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    bot = TelegramChat(front.as_front(), token=telegram.token, api_url=telegram.api_url)
    running = asyncio.create_task(bot.run())
    await telegram.until(lambda: telegram.calls("getUpdates"))
    telegram.token = "7000000001:AAthe-token-that-was-made-instead"
    await telegram.say(chat, ada, "/help")  # ends the question that is open
    with pytest.raises(TokenRefused) as told:
        await asyncio.wait_for(running, 10)
    assert (told.value.code, told.value.permanent) == ("error-telegram-token", True)


@pytest.mark.parametrize("fault", [bad_gateway, internal_error, drop, too_many_requests(1)])
async def test_a_telegram_that_fails_at_the_start_may_be_tried_again(
    telegram: TelegramServer, front: RecordingFront, fault: Fault
) -> None:
    chat = TelegramChat(front.as_front(), token=telegram.token, api_url=telegram.api_url)
    telegram.inject(fault)
    with pytest.raises(ChatError) as told:
        await chat.run()
    assert (told.value.code, told.value.permanent) == ("error-telegram-unreachable", False)
    assert_readable(told.value)
    async with telegram.unreachable():
        with pytest.raises(ChatError) as told:
            await chat.run()
    assert (told.value.code, told.value.permanent) == ("error-telegram-unreachable", False)


@pytest.mark.usefixtures("bot")
async def test_commands_work_without_a_menu(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    telegram.inject(bad_gateway, method="setMyCommands", times=9)
    await telegram.say(chat, ada, "/digest")
    await telegram.until(lambda: front.shown)


# ---- the token


async def test_the_token_is_in_no_log_and_no_error(
    telegram: TelegramServer,
    front: RecordingFront,
    chat: Chat,
    ada: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever goes wrong, at the level of every logger that tells the most."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "telegram", "telegram.ext", "aiohttp", "asyncio"):
        caplog.set_level(logging.DEBUG, name)
    echo = sends("<html><body>502 Bad Gateway for {path}</body></html>", 502)
    front.respond = Reader()
    failures = []
    async with connected(telegram, front):
        await telegram.say(chat, ada, "/digest")
        await telegram.until(lambda: front.shown)
        telegram.inject(echo, method="getUpdates")
        telegram.inject(sends("not JSON, from {path}"), echo, drop, method="editMessageText")
        for number in range(2, 5):
            await telegram.press(chat.sent[-1], Action(Verb.EXPAND, DELIVERED, number).token, ada)
        await telegram.until(lambda: len(front.errors) == 3)
        failures += front.errors
    webhook = Webhook("https://bot.example", "a-webhook-secret")
    async with connected(telegram, front, webhook):
        pass
    unconnected = TelegramChat(front.as_front(), token=telegram.token, api_url=telegram.api_url)
    telegram.inject(echo)
    with pytest.raises(ChatError) as failed:
        await unconnected.run()
    failures.append(failed.value)
    telegram.token = "7000000001:AAthe-token-that-was-made-instead"
    with pytest.raises(ChatError) as failed:
        await unconnected.run()
    failures.append(failed.value)
    assert len(caplog.records) > 20
    formatter = logging.Formatter()
    told = [f"{formatter.format(record)} {record.__dict__}" for record in caplog.records]
    told += [f"{error!r} {error.details}" for error in failures]
    for secret in (TOKEN.partition(":")[2], webhook.secret):
        assert not [line for line in told if secret in line]


async def test_an_update_that_the_library_cannot_read_holds_up_no_other(
    telegram: TelegramServer,
    bot: TelegramChat,
    front: RecordingFront,
    chat: Chat,
    ada: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await telegram.updates.add("message", {"message_id": 1, "chat": "not a chat", "date": "never"})
    await telegram.say(chat, ada, "/help")
    await telegram.until(lambda: front.asked)
    assert "an update cannot be read" in caplog.text
    await telegram.until(lambda: not telegram.updates.waiting)


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("fault", [sends("[]"), sends("{}"), sends('{"ok": true, "result": 7}')])
async def test_an_answer_that_makes_no_sense_leaves_open_whether_the_message_arrived(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User, fault: Fault
) -> None:
    """Invariant 2."""
    telegram.inject(fault, method="sendMessage")
    await telegram.say(chat, ada, "/digest")
    assert isinstance(await refused(telegram, front), OutcomeUnknown)
    assert len(telegram.calls("sendMessage")) == 1
