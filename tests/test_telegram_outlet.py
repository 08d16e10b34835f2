"""Digests on Telegram that nobody has asked for; through the real library.

What every outlet does alike is in `tests/contracts/test_outlets.py`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.errors import ChannelMoved, ChatError, OutcomeUnknown, TokenRefused
from bot.chats.telegram import TelegramOutlet, requests
from bot.chats.telegram.outlet import message_of
from bot.deliveries.outlet import Posting
from formatters import telegram_html
from formatters.model import Action, Page, Points, Prose, Verb
from formatters.pages import digest_page
from formatters.telegram_html.layout import MAX_UNITS
from formatters.telegram_html.text import size
from formatters.text import LANGUAGES, Words, words_for
from tests.digests import a_busy_day
from tests.pages import digest_pages, pages
from tests.servers.telegram import TOKEN, TelegramServer
from tests.servers.telegram_chats import Chat, Kind, Status
from tests.servers.telegram_faults import (
    Fault,
    bad_gateway,
    drop,
    drop_after,
    hang,
    hang_after,
    internal_error,
    refuses,
    sends,
    too_many_requests,
)
from tests.telegram_bot import DELIVERED, EN, offered
from tests.telegram_rules import MAX_TEXT, check

HELLO = Page((Prose("Hello"),))


@pytest_asyncio.fixture
async def outlet(telegram: TelegramServer) -> AsyncIterator[TelegramOutlet]:
    outlet = TelegramOutlet(telegram.token, telegram.api_url, answered_within=0.3)
    yield outlet
    await outlet.aclose()


@pytest.fixture
def group(telegram: TelegramServer) -> Chat:
    """A group with a creator, in which the bot is a member."""
    return telegram.chat("supergroup", ada="creator")


def into(chat: Chat, page: Page = HELLO, *, topic: int | None = None, part: int = 0) -> Posting:
    """A message for a chat."""
    return Posting(f"telegram:{chat.id}" + (f"/{topic}" if topic else ""), page, EN, part)


def digest(commits: int) -> Page:
    return digest_page(a_busy_day(commits), EN, DELIVERED)


async def refused(outlet: TelegramOutlet, posting: Posting) -> ChatError:
    """Why a message was not taken; every language can tell of it (invariant 10)."""
    with pytest.raises(ChatError) as told:
        await outlet.post(posting)
    for language in LANGUAGES:
        assert words_for(language).error(told.value)
    return told.value


# ---- messages


async def test_a_digest_has_its_buttons_and_shows_no_strangers_page(
    outlet: TelegramOutlet, telegram: TelegramServer, group: Chat
) -> None:
    posting = into(group, digest(45))
    assert outlet.count(posting.page, EN) == 1
    number = await outlet.post(posting)
    (message,) = group.sent
    assert str(message.id) == number
    assert message.marked("bold")
    assert not message.shows_preview
    assert Action(Verb.EXPAND, DELIVERED, 1) in offered(message)
    assert [call.method for call in telegram.requests] == ["sendMessage"]


async def test_every_message_of_a_long_digest_is_taken(outlet: TelegramOutlet, group: Chat) -> None:
    """Invariant 9; none replies to another."""
    page = digest(500)
    laid_out = telegram_html.messages(page, EN)
    assert outlet.count(page, EN) == len(laid_out) > 4
    for part in range(len(laid_out)):
        await outlet.post(replace(into(group, page, part=part), first="2" if part else None))
    assert [message.text for message in group.sent] == [
        check({"text": message.text, "parse_mode": "HTML"}).text for message in laid_out
    ]
    assert {number for message in laid_out for number in message.numbers} == set(range(1, 501))
    assert not [message for message in group.sent if message.reply_to]


async def test_a_digest_for_a_topic_stands_in_it(
    outlet: TelegramOutlet, telegram: TelegramServer
) -> None:
    forum = telegram.chat("supergroup", is_forum=True, ada="creator")
    topic = await telegram.topic(forum, "Releases")
    await outlet.post(into(forum, topic=topic))
    await outlet.post(into(forum))
    assert [message.thread for message in forum.sent] == [topic, None]


@settings(max_examples=12)  # each asks Telegram's own library twice
@given(st.one_of(digest_pages(60), pages()), st.sampled_from(LANGUAGES).map(words_for), st.data())
def test_a_message_that_may_be_there_twice_fits_with_what_it_says_of_it(
    page: Page, words: Words, data: st.DataObject
) -> None:
    """Invariant 9."""
    part = data.draw(st.integers(0, len(telegram_html.messages(page, words)) - 1))
    posting = Posting("telegram:1", page, words, part)
    plain, marked = (
        check({"text": message_of(one).text, "parse_mode": "HTML"})
        for one in (posting, replace(posting, may_repeat=True))
    )
    assert marked.text == f"{plain.text}\n\n{words('control-may-repeat')}"
    assert marked.entities == plain.entities


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_message_has_room_for_one_more_line(language: str) -> None:
    """Invariant 9: layouts fill a message up to `MAX_UNITS`."""
    words = words_for(language)
    page = Page((Points("T", tuple("x" * n for n in (1_700, 1_700, 584))), Prose("y")))
    posting = Posting("telegram:1", page, words, 0, may_repeat=True)
    plain = message_of(replace(posting, may_repeat=False))
    units = check({"text": plain.text, "parse_mode": "HTML"}).units
    assert MAX_UNITS - 5 <= units <= MAX_UNITS
    assert MAX_UNITS + size(f"\n\n{words('control-may-repeat')}") <= MAX_TEXT
    check({"text": message_of(posting).text, "parse_mode": "HTML"})


# ---- refusals


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("group", "kicked", "error-telegram-forbidden"),
        ("supergroup", "kicked", "error-telegram-forbidden"),
        ("supergroup", "left", "error-telegram-forbidden"),
        ("supergroup", "restricted", "error-telegram-rights"),
        ("channel", "kicked", "error-telegram-forbidden"),
        ("channel", "member", "error-telegram-rights"),
    ],
)
async def test_a_chat_that_lets_the_bot_write_no_more_is_closed_for_good(
    outlet: TelegramOutlet, telegram: TelegramServer, kind: Kind, status: Status, code: str
) -> None:
    chat = telegram.chat(kind, ada="creator")
    await outlet.post(into(chat))
    await telegram.change(chat, telegram.bot, status)
    error = await refused(outlet, into(chat))
    assert (error.code, error.permanent) == (code, True)


async def test_whoever_blocks_the_bot_is_written_to_no_more(
    outlet: TelegramOutlet, telegram: TelegramServer
) -> None:
    ada = telegram.person()
    chat = telegram.private(ada)
    await outlet.post(into(chat))
    await telegram.change(chat, ada, "kicked")
    error = await refused(outlet, into(chat))
    assert (error.code, error.permanent) == ("error-telegram-forbidden", True)


async def test_a_group_that_is_deleted_is_closed_for_good(
    outlet: TelegramOutlet, telegram: TelegramServer
) -> None:
    chat = telegram.chat("group")
    await outlet.post(into(chat))
    chat.is_dissolved = True
    error = await refused(outlet, into(chat))
    assert (error.code, error.permanent) == ("error-telegram-forbidden", True)


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_a_topic_that_is_closed_or_deleted_is_closed_for_good_and_no_other(
    outlet: TelegramOutlet, telegram: TelegramServer, is_deleted: bool
) -> None:
    forum = telegram.chat("supergroup", is_forum=True, ada="creator")
    topic, other = [await telegram.topic(forum, name) for name in ("Releases", "Talk")]
    await outlet.post(into(forum, topic=topic))
    if is_deleted:
        telegram.delete_topic(forum, topic)
    else:
        forum.topics[topic].is_closed = True
    error = await refused(outlet, into(forum, topic=topic))
    assert (error.code, error.permanent) == ("error-telegram-topic", True)
    await outlet.post(into(forum, topic=other))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Bad Request: chat not found", "error-telegram-chat"),
        ("Bad Request: PEER_ID_INVALID", "error-telegram-chat"),
        ("Bad Request: CHANNEL_PRIVATE", "error-telegram-forbidden"),
        ("Bad Request: CHAT_RESTRICTED", "error-telegram-rights"),
        ("Bad Request: CHAT_WRITE_FORBIDDEN", "error-telegram-rights"),
        ("Bad Request: CHAT_SEND_PLAIN_FORBIDDEN", "error-telegram-rights"),
        ("Bad Request: USER_BANNED_IN_CHANNEL", "error-telegram-rights"),
        ("Bad Request: have no rights to send a message", "error-telegram-rights"),
        ("Bad Request: CHAT_ADMIN_REQUIRED", "error-telegram-members"),
        ("Bad Request: TOPIC_DELETED", "error-telegram-topic"),
    ],
)
async def test_what_telegram_calls_a_closed_chat_is_understood(
    outlet: TelegramOutlet, telegram: TelegramServer, group: Chat, said: str, code: str
) -> None:
    telegram.inject(refuses(400, said))
    error = await refused(outlet, into(group))
    assert (error.code, error.permanent) == (code, True)


@pytest.mark.parametrize(
    "fault",
    [
        refuses(400, "Bad Request: message is too long"),
        refuses(400, "Bad Request: SOMETHING_NEW"),
        refuses(409, "Conflict: terminated by other getUpdates request"),
        sends("<html>403 Forbidden: this is a firewall</html>", 403),
        sends("<html>400 Bad Request: not enough rights</html>", 400),
    ],
    ids=["ours", "new", "conflict", "firewall", "proxy"],
)
async def test_what_says_nothing_of_the_chat_does_not_close_it(
    outlet: TelegramOutlet, telegram: TelegramServer, group: Chat, fault: Fault
) -> None:
    """Invariant 1: a digest that is refused for another reason comes later."""
    telegram.inject(fault)
    error = await refused(outlet, into(group))
    assert not error.permanent
    assert not isinstance(error, OutcomeUnknown)
    assert len(telegram.requests) == 1
    await outlet.post(into(group))


async def test_a_refused_token_is_nobodys_end(
    outlet: TelegramOutlet, telegram: TelegramServer, group: Chat
) -> None:
    telegram.token = "7000000001:AAthe-token-that-was-made-instead"
    assert isinstance(await refused(outlet, into(group)), TokenRefused)
    telegram.token = TOKEN
    telegram.inject(sends("<html>404 Not Found</html>", 404))
    assert isinstance(await refused(outlet, into(group)), TokenRefused)
    await outlet.post(into(group))


async def test_a_group_that_has_become_another_one_says_which(
    outlet: TelegramOutlet, telegram: TelegramServer
) -> None:
    before = telegram.chat("group", ada="creator")
    sent = await outlet.post(into(before))
    after = await telegram.upgrade(before)
    error = await refused(outlet, into(before))
    assert isinstance(error, ChannelMoved)
    assert error.channel == f"telegram:{after.id}"
    assert not after.sent
    await outlet.edit(into(before, digest(3)), sent)  # the old message stays as it is
    assert [message.text for message in before.sent] == ["Hello"]
    await outlet.post(replace(into(before), channel=error.channel))
    assert len(after.sent) == 1


# ---- limits


async def test_a_pause_of_a_minute_is_kept_and_a_longer_one_is_told(
    outlet: TelegramOutlet,
    telegram: TelegramServer,
    group: Chat,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert requests.LONGEST_PAUSE == 60
    monkeypatch.setattr(requests, "LONGEST_PAUSE", 0.3)
    telegram.inject(too_many_requests(0.2))
    before = time.monotonic()
    await outlet.post(into(group))
    assert time.monotonic() - before >= 0.2
    telegram.inject(too_many_requests(0.4))
    error = await refused(outlet, into(group))
    assert (error.code, error.permanent, error.retry_after) == ("error-telegram-busy", False, 0.4)
    assert len(telegram.requests) == 3


async def test_a_second_pause_is_told_at_once(
    outlet: TelegramOutlet, telegram: TelegramServer, group: Chat
) -> None:
    """The pace comes before the message: it is not held for long."""
    telegram.inject(too_many_requests(0.05), too_many_requests(30))
    error = await refused(outlet, into(group))
    assert (error.permanent, error.retry_after) == (False, 30)
    assert (len(telegram.requests), len(group.sent)) == (2, 0)


async def test_one_chat_that_has_to_wait_holds_up_no_other(
    outlet: TelegramOutlet, telegram: TelegramServer, group: Chat
) -> None:
    """Invariant 4."""
    other = telegram.chat("channel")
    telegram.inject(too_many_requests(50))
    waiting = asyncio.create_task(outlet.post(into(group)))
    await telegram.until(lambda: telegram.requests)
    await outlet.post(into(other))
    assert other.sent
    assert not group.sent
    waiting.cancel()
    await asyncio.wait({waiting})


async def test_its_pace_is_that_of_groups(outlet: TelegramOutlet) -> None:
    assert outlet.pace.per_channel * 60 <= 20
    assert outlet.pace.per_second <= 20


# ---- what Telegram leaves open


@pytest.mark.parametrize(
    "fault", [drop, drop_after, hang, hang_after, internal_error, bad_gateway, sends("{}")]
)
async def test_a_message_that_may_have_arrived_is_asked_for_once(
    outlet: TelegramOutlet, telegram: TelegramServer, group: Chat, fault: Fault
) -> None:
    """Invariant 2."""
    telegram.inject(fault)
    error = await refused(outlet, into(group))
    assert isinstance(error, OutcomeUnknown)
    assert len(telegram.requests) == 1
    assert len(group.sent) == (fault in (drop_after, hang_after))
    await outlet.post(replace(into(group), may_repeat=True))
    assert group.sent[-1].text == f"Hello\n\n{EN('control-may-repeat')}"


async def test_a_message_that_found_no_connection_is_sent_once_it_finds_one(
    outlet: TelegramOutlet,
    telegram: TelegramServer,
    group: Chat,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(requests, "PAUSE_UNSENT", 0.15)
    async with telegram.unreachable():
        sending = asyncio.create_task(outlet.post(into(group)))
        await asyncio.sleep(0.05)
    await sending
    assert len(telegram.requests) == len(group.sent) == 1
    async with telegram.unreachable():
        error = await refused(outlet, into(group))
    assert (error.code, error.permanent) == ("error-telegram-unreachable", False)
    assert not isinstance(error, OutcomeUnknown)


async def test_a_proxy_that_makes_no_connection_leaves_nothing_open(
    telegram: TelegramServer, group: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands at its address takes no CONNECT."""
    monkeypatch.setenv("HTTPS_PROXY", telegram.api_url)
    monkeypatch.setattr(requests, "PAUSE_UNSENT", 0.01)
    outlet = TelegramOutlet(telegram.token, "https://telegram.example")
    error = await refused(outlet, into(group))
    await outlet.aclose()
    assert (error.code, error.permanent) == ("error-telegram-unreachable", False)


async def test_nobody_can_tell_whether_a_message_is_there(
    outlet: TelegramOutlet, group: Chat
) -> None:
    assert not outlet.can_find
    with pytest.raises(ChatError) as told:
        await outlet.find(into(group), datetime.now(UTC))
    assert told.value.permanent
    assert EN.error(told.value)


# ---- edits


async def test_a_digest_is_edited_as_often_as_one_likes(
    outlet: TelegramOutlet, group: Chat
) -> None:
    """Invariant 2."""
    sent = await outlet.post(into(group))
    for _ in range(2):
        await outlet.edit(into(group, digest(12)), sent)
    (message,) = group.sent
    assert message.versions == ["Hello"]
    assert Action(Verb.EXPAND, DELIVERED, 12) in offered(message)


async def test_the_warning_that_a_message_is_there_twice_goes_with_its_edit(
    outlet: TelegramOutlet, group: Chat
) -> None:
    sent = await outlet.post(replace(into(group), may_repeat=True))
    await outlet.edit(into(group), sent)
    assert [message.text for message in group.sent] == ["Hello"]


@pytest.mark.parametrize(
    "fault",
    [
        refuses(400, "Bad Request: message to edit not found"),
        refuses(400, "Bad Request: message can't be edited"),
        refuses(400, "Bad Request: MESSAGE_ID_INVALID"),
        refuses(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-100_123),
    ],
    ids=["deleted", "locked", "unknown", "moved"],
)
async def test_a_message_that_can_no_longer_be_edited_stays_as_it_is(
    outlet: TelegramOutlet, telegram: TelegramServer, group: Chat, fault: Fault
) -> None:
    sent = await outlet.post(into(group))
    telegram.inject(fault, method="editMessageText")
    await outlet.edit(into(group, digest(3)), sent)
    assert [message.text for message in group.sent] == ["Hello"]


@pytest.mark.parametrize("fault", [drop, drop_after, hang, internal_error, bad_gateway])
async def test_an_edit_whose_answer_is_lost_can_be_done_again(
    outlet: TelegramOutlet, telegram: TelegramServer, group: Chat, fault: Fault
) -> None:
    sent = await outlet.post(into(group))
    telegram.inject(fault, method="editMessageText")
    with pytest.raises(ChatError) as told:
        await outlet.edit(into(group, digest(3)), sent)
    assert not told.value.permanent
    assert not isinstance(told.value, OutcomeUnknown)
    await outlet.edit(into(group, digest(3)), sent)
    assert group.sent[0].text != "Hello"


async def test_an_edit_in_a_chat_without_the_bot_is_an_error(
    outlet: TelegramOutlet, telegram: TelegramServer, group: Chat
) -> None:
    sent = await outlet.post(into(group))
    await telegram.change(group, telegram.bot, "kicked")
    with pytest.raises(ChatError) as told:
        await outlet.edit(into(group, digest(3)), sent)
    assert told.value.permanent


# ---- people


async def test_whoever_has_started_the_bot_is_told_alone(
    outlet: TelegramOutlet, telegram: TelegramServer, group: Chat
) -> None:
    ada = telegram.person()
    chat = telegram.private(ada)
    await outlet.tell(str(ada.id), f"telegram:{group.id}", HELLO, EN)
    assert [message.text for message in chat.sent] == ["Hello"]
    assert not group.sent


async def test_whoever_cannot_be_told_is_an_error(
    outlet: TelegramOutlet, telegram: TelegramServer, group: Chat
) -> None:
    never_started, blocking = telegram.person(), telegram.person()
    await telegram.change(telegram.private(blocking), blocking, "kicked")
    for person in ("", str(never_started.id), str(blocking.id)):
        with pytest.raises(ChatError) as told:
            await outlet.tell(person, f"telegram:{group.id}", HELLO, EN)
        assert EN.error(told.value)


# ---- channels as people type them


async def test_a_chat_is_known_by_its_number_or_its_name(
    outlet: TelegramOutlet, telegram: TelegramServer
) -> None:
    channel = telegram.chat("channel")
    channel.username = "widget_news"
    ada = telegram.private(telegram.person())
    for typed, key in (
        (f"telegram:{channel.id}", f"telegram:{channel.id}"),
        ("telegram:@widget_news", f"telegram:{channel.id}"),
        (f" telegram:{channel.id}/7 ", f"telegram:{channel.id}/7"),
        (f"telegram:{channel.id}/0", f"telegram:{channel.id}"),
        (f"telegram:{ada.id}", f"telegram:{ada.id}"),
    ):
        assert await outlet.channel_key(typed) == key


@pytest.mark.parametrize(
    "typed",
    [
        *("", "telegram:", "telegram:-", "telegram:@", "telegram:-100", "telegram:@nobody_there"),
        *("-1002000000001", "slack:C1", "telegram:widget_news", "telegram:-1/x", "telegram:１２"),
    ],
)
async def test_what_is_no_chat_is_an_error_that_says_so(outlet: TelegramOutlet, typed: str) -> None:
    with pytest.raises(ChatError) as told:
        await outlet.channel_key(typed)
    assert told.value.code == "error-telegram-chat"


async def test_an_unanswered_question_for_a_chat_may_be_asked_again(
    outlet: TelegramOutlet, telegram: TelegramServer, group: Chat
) -> None:
    telegram.inject(drop)
    with pytest.raises(ChatError) as told:
        await outlet.channel_key(f"telegram:{group.id}")
    assert (told.value.code, told.value.permanent) == ("error-telegram-unreachable", False)


# ---- the token


async def test_the_token_is_in_no_log_and_no_error(
    telegram: TelegramServer, group: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where nobody has connected the chat before, as in a job of cron."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "telegram", "telegram.Bot"):
        caplog.set_level(logging.DEBUG, name)
    outlet = TelegramOutlet(telegram.token, telegram.api_url)
    sent = await outlet.post(into(group))
    told: list[str] = []
    calls: tuple[Callable[[], object], ...] = (
        lambda: outlet.post(into(group)),
        lambda: outlet.edit(into(group, digest(3)), sent),
        lambda: outlet.channel_key(f"telegram:{group.id}"),
    )
    for status in (200, 400, 403, 404, 502):
        for call in calls:
            telegram.inject(sends("<html>no answer from {path}</html>", status))
            with pytest.raises(ChatError) as failed:
                await call()  # type: ignore[misc]
            told.append(f"{failed.value!r} {failed.value.details}")
    await outlet.aclose()
    formatter = logging.Formatter()
    told += [f"{formatter.format(record)} {record.__dict__}" for record in caplog.records]
    assert not [line for line in told if TOKEN.partition(":")[2] in line]
