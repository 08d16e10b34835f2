"""The bot on Telegram: who asks what where, and how it is answered; through the real library."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from analyzers.errors import ChatError
from bot.conversation import Document
from formatters.model import Action, Page, Points, Verb
from formatters.text import words_for
from tests.digests import a_busy_day
from tests.fakes import RecordingFront
from tests.servers.telegram import TelegramServer
from tests.servers.telegram_chats import Chat, Kind, Status, User
from tests.servers.telegram_messages import Message
from tests.telegram_bot import (
    DELIVERED,
    Reader,
    connected,
    digest_answer,
    offered,
    saying,
)

URL = "https://forge.example/acme/widget/commit/1234567"


@pytest_asyncio.fixture
async def front(telegram: TelegramServer) -> AsyncIterator[RecordingFront]:
    """What the bot hands in; it is connected."""
    recording = RecordingFront()
    async with connected(telegram, recording):
        yield recording
        recording.gate.set()


@pytest.fixture
def ada(telegram: TelegramServer) -> User:
    """Somebody with a private chat."""
    return telegram.person("Ada")


@pytest.fixture
def chat(telegram: TelegramServer, ada: User) -> Chat:
    """Ada's private chat with the bot."""
    return telegram.private(ada)


async def a_digest_in(chat: Chat, telegram: TelegramServer, front: RecordingFront) -> Message:
    """Ask for a digest; the message that offers its commits."""
    shown = len(front.shown)
    await telegram.say(chat, telegram.member(chat, "member"), "/digest acme/widget")
    await telegram.until(lambda: len(front.shown) > shown)
    return next(chat.messages[int(n)] for n in front.shown[-1] if chat.messages[int(n)].keyboard)


async def press(
    telegram: TelegramServer, front: RecordingFront, message: Message, action: Action, user: User
) -> None:
    """Press the button for this, which must be there, and wait for the answer."""
    assert action in offered(message)
    shown = len(front.shown)
    await telegram.press(message, action.token, user)
    await telegram.until(lambda: len(front.shown) > shown)


# ---- commands


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("/digest", "digest"),
        ("/Digest@Commitcast_Bot acme/widget  yesterday ", "digest acme/widget  yesterday"),
        ("/digest\nacme/widget", "digest acme/widget"),
        ("/start", "help"),
        ("/start from-a-link", "help"),
        ("/frobnicate", "frobnicate"),
        (URL, f"analyze {URL}"),
        (f"Look at {URL}, please", f"analyze {URL}"),
        ("digest acme/widget", "digest acme/widget"),
    ],
)
async def test_a_private_chat_takes_commands_and_addresses(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User, said: str, asked: str
) -> None:
    await telegram.say(chat, ada, said)
    await telegram.until(lambda: front.asked)
    assert [one.text for one in front.asked] == [asked]
    assert front.asked[0].channel == f"telegram:{ada.id}"


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("/digest acme/widget", "digest acme/widget"),
        ("/digest@commitcast_bot acme/widget", "digest acme/widget"),
        ("/frobnicate@commitcast_bot", "frobnicate"),
        (f"@commitcast_bot {URL}", f"analyze {URL}"),
        (f"@commitcast_bot: what about {URL}?", f"analyze {URL}"),
        ("@commitcast_bot digest acme/widget", "digest acme/widget"),
        ("@commitcast_bot", "help"),
    ],
)
async def test_a_group_takes_what_is_meant_for_the_bot(
    telegram: TelegramServer, front: RecordingFront, said: str, asked: str
) -> None:
    group = telegram.chat("group")
    await telegram.say(group, telegram.member(group, "member"), said)
    await telegram.until(lambda: front.asked)
    assert [one.text for one in front.asked] == [asked]
    assert front.asked[0].channel == f"telegram:{group.id}"


async def test_what_is_meant_for_others_is_ignored(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    group = telegram.chat("supergroup", bot="administrator")  # and so it gets everything
    user = telegram.member(group, "member")
    robot = telegram.person("Robot")
    robot.is_bot = True
    group.members[robot] = "member"
    for text in ("/digest@other_bot", "/frobnicate", "/digest2", "hello", URL, "x@commitcast_bot"):
        await telegram.say(group, user, text)
    await telegram.say(group, robot, "/digest")
    channel = telegram.chat("channel")
    post = await telegram.say(channel, None, "an ordinary post")
    post.text = "/digest"
    await telegram.forward_post(post, group)
    await telegram.say(group, user, "/help")
    await telegram.until(lambda: front.asked)
    assert [one.text for one in front.asked] == ["help"]
    assert group.sent == []


async def test_a_corrected_command_does_not_run_again(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    channel = telegram.chat("channel")
    said = await telegram.say(chat, ada, "/digest acme/widgte")
    post = await telegram.say(channel, None, "/digest acme/widgte")
    await telegram.correct(said, "/digest acme/widget")
    await telegram.correct(post, "/digest acme/widget")
    await telegram.say(chat, ada, "/help")
    await telegram.until(lambda: len(front.asked) == 3)
    texts = sorted(one.text for one in front.asked)
    assert texts == ["digest acme/widgte", "digest acme/widgte", "help"]


async def test_fifty_commands_are_taken_while_none_is_answered(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    """Invariant 10."""
    front.gate.clear()
    for number in range(50):
        await telegram.say(chat, ada, f"/expand {number}")
    await telegram.until(lambda: len(front.asked) == 50, within=5)
    assert chat.sent == []


async def test_menus_are_there_in_every_language(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    await telegram.until(lambda: len(telegram.menus) == 2)
    assert telegram.menus == {
        ("default", ""): list(front.menu("en")),
        ("default", "zh"): list(front.menu("zh")),
    }


# ---- channels, topics and who asks


async def test_each_topic_is_a_channel_of_its_own(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    front.respond = lambda _: saying("Here")
    forum = telegram.chat("supergroup", is_forum=True, ada="creator")
    topic = await telegram.topic(forum, "Releases")
    user = telegram.member(forum, "creator")
    said = await telegram.say(forum, user, "/digest", thread=topic)
    await telegram.until(lambda: forum.sent)
    await telegram.say(forum, user, "/digest")
    await telegram.until(lambda: len(forum.sent) == 2)
    channels = [asked.channel for asked in front.asked]
    assert channels == [f"telegram:{forum.id}/{topic}", f"telegram:{forum.id}"]
    assert [message.thread for message in forum.sent] == [topic, None]
    assert forum.sent[0].reply_to is said
    assert [asked.thread for asked in front.asked] == [None, None]


async def test_a_reply_tells_which_message_it_is_about(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    front.respond = lambda _: saying("Here")
    group = telegram.chat("supergroup")
    user = telegram.member(group, "member")
    await telegram.say(group, user, "/digest")
    await telegram.until(lambda: group.sent)
    await telegram.say(group, user, "/expand 2", reply_to=group.sent[0])
    await telegram.until(lambda: len(group.sent) == 2)
    about = front.asked[1]
    assert (about.thread, about.channel) == (str(group.sent[0].id), f"telegram:{group.id}")


async def test_a_channel_takes_commands_as_posts(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    front.respond = lambda _: saying("Here")
    channel = telegram.chat("channel")
    post = await telegram.say(channel, None, "/subscribe acme/widget")
    await telegram.until(lambda: channel.sent)
    (asked,) = front.asked
    assert (asked.channel, asked.text) == (f"telegram:{channel.id}", "subscribe acme/widget")
    assert (asked.person.id, await asked.person.may_manage()) == ("", True)
    assert channel.sent[0].reply_to is post


@pytest.mark.parametrize(
    ("kind", "status", "may"),
    [
        ("group", "creator", True),
        ("supergroup", "creator", True),
        ("supergroup", "administrator", True),
        ("supergroup", "member", False),
        ("supergroup", "restricted", False),
        ("private", "member", True),
    ],
)
async def test_who_may_manage_a_group_are_its_administrators(
    telegram: TelegramServer, front: RecordingFront, kind: Kind, status: Status, may: bool
) -> None:
    user = telegram.person("Ada", "zh-hans")
    chat = telegram.private(user) if kind == "private" else telegram.chat(kind)
    chat.members[user] = status
    await telegram.say(chat, user, "/subscribe acme/widget")
    await telegram.until(lambda: front.asked)
    person = front.asked[0].person
    assert (person.id, await person.may_manage()) == (str(user.id), may)
    assert person.language == ("zh-hans" if kind == "private" else None)


async def test_speaking_as_the_group_takes_an_administrator_as_a_channel_anybody(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    group, channel = telegram.chat("supergroup"), telegram.chat("channel")
    await telegram.say(group, None, "/subscribe acme/widget")
    await telegram.say(group, None, "/unsubscribe acme/widget", as_channel=channel)
    await telegram.until(lambda: len(front.asked) == 2)
    may = {asked.text: await asked.person.may_manage() for asked in front.asked}
    assert may == {"subscribe acme/widget": True, "unsubscribe acme/widget": False}
    assert not telegram.calls("getChatMember")


async def test_a_group_that_hides_its_members_is_told_to_make_the_bot_an_administrator(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    group = telegram.chat("supergroup")
    group.hides_members = True
    await telegram.say(group, telegram.member(group, "creator"), "/subscribe acme/widget")
    await telegram.until(lambda: front.asked)
    with pytest.raises(ChatError) as told:
        await front.asked[0].person.may_manage()
    assert told.value.code == "error-telegram-members"


# ---- answers


async def test_an_answer_replies_to_its_command(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.respond = lambda _: saying("Mind <b>&amp; README.md @everyone")
    said = await telegram.say(chat, ada, "/help")
    await telegram.until(lambda: front.shown)
    (message,) = chat.sent
    assert message.reply_to is said
    assert "<b>" in message.text
    assert message.marked("bold") == []
    assert not message.shows_preview
    assert front.shown == [(str(message.id),)]


async def test_a_command_that_was_deleted_is_answered_all_the_same(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.gate.clear()
    front.respond = lambda _: saying("Here")
    said = await telegram.say(chat, ada, "/help")
    await telegram.until(lambda: front.asked)
    said.is_deleted = True
    front.gate.set()
    await telegram.until(lambda: front.shown)
    assert chat.sent[0].reply_to is None


async def test_what_belongs_to_a_digest_replies_to_the_digest(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.respond = Reader()
    digest = await a_digest_in(chat, telegram, front)
    front.respond = lambda _: replace(saying("Commit 12"), beneath=(str(digest.id),))
    await telegram.say(chat, ada, "/expand 12")
    await telegram.until(lambda: len(front.shown) == 2)
    assert chat.sent[-1].reply_to is digest


async def test_a_long_answer_takes_several_messages_in_order(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    """Invariant 9."""
    parts = tuple(Points(f"Part {n}", (f"Item {n}: " + "word " * 300,)) for n in range(12))
    front.respond = lambda _: replace(saying(""), page=Page(parts))
    await telegram.say(chat, ada, "/help")
    await telegram.until(lambda: front.shown)
    assert len(chat.sent) >= 4
    assert front.shown == [tuple(str(message.id) for message in chat.sent)]
    whole = " ".join(message.text for message in chat.sent)
    places = [whole.index(f"Item {n}:") for n in range(12)]
    assert places == sorted(places)


async def test_progress_is_one_message_that_becomes_the_answer(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.progress, front.respond = ("Reading", "Analysing", "Analysing"), Reader()
    front.gate.clear()
    said = await telegram.say(chat, ada, "/digest")
    await telegram.until(lambda: len(telegram.calls("editMessageText")) == 2)
    (note,) = chat.sent
    assert (note.text, note.versions, note.reply_to) == ("Analysing", ["Reading"], said)
    front.gate.set()
    await telegram.until(lambda: front.shown)
    assert front.shown[0][0] == str(note.id)
    assert "acme/widget" in note.text
    assert len(chat.sent) == len(front.shown[0])


async def test_a_progress_message_that_is_gone_does_not_take_the_answer_along(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.progress, front.respond = ("Reading",), lambda _: saying("Here")
    front.gate.clear()
    await telegram.say(chat, ada, "/digest")
    await telegram.until(lambda: chat.sent)
    chat.sent[0].is_deleted = True
    front.gate.set()
    await telegram.until(lambda: front.shown)
    assert [message.text for message in chat.sent] == ["Here"]


@pytest.mark.parametrize("is_long", [False, True])
async def test_a_file_comes_with_what_is_said_beside_it(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User, is_long: bool
) -> None:
    file = Document("acme-widget.md", "# 日报\n".encode())
    said = "The report" + " of the day" * (200 if is_long else 1)
    front.progress = ("Reading",)
    front.respond = lambda _: replace(saying(said), document=file)
    command = await telegram.say(chat, ada, "/report")
    await telegram.until(lambda: front.shown)
    *before, message = chat.sent
    assert message.document
    assert (message.document.name, message.document.content) == (file.name, file.content)
    if is_long:
        (text,) = before
        assert (text.text.split(), text.reply_to) == (said.split(), command)
        assert message.text == ""
    else:
        assert (before, message.text, message.reply_to) == ([], said, command)


async def test_a_chinese_answer_arrives_as_it_is(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.respond = lambda _: digest_answer(3, words_for("zh"))
    await telegram.say(chat, ada, "/digest")
    await telegram.until(lambda: front.shown)
    assert "2026年1月6日" in chat.sent[0].text


# ---- what is pressed


async def test_a_press_is_acknowledged_while_its_answer_takes_time(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    """Invariant 10."""
    front.respond = Reader()
    digest = await a_digest_in(chat, telegram, front)
    before = digest.text
    front.gate.clear()
    front.progress = ("Analysing",)
    pressed = await telegram.press(digest, Action(Verb.EXPAND, DELIVERED, 2).token, ada)
    await telegram.until(lambda: pressed.answer is not None and chat.actions)
    assert not any((pressed.answer or {}).values())
    assert chat.actions == [("typing", None)]
    assert digest.text == before
    assert front.pressed[0].action == Action(Verb.EXPAND, DELIVERED, 2)
    assert front.pressed[0].channel == f"telegram:{ada.id}"
    assert front.pressed[0].person.id == str(ada.id)
    front.gate.set()
    await telegram.until(lambda: len(front.shown) == 2)
    assert digest.text != before


async def test_a_commit_expands_in_place_and_folds_back(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.respond = Reader(a_busy_day(100))  # two messages, each with its own numbers
    await a_digest_in(chat, telegram, front)
    texts = [message.text for message in chat.sent]
    for message in tuple(chat.sent):
        expand = next(one for one in offered(message) if one.verb is Verb.EXPAND)
        await press(telegram, front, message, expand, ada)
        assert f"Commit number {expand.number}" in message.text
        fold = Action(Verb.FOLD, DELIVERED, expand.number)
        await press(telegram, front, message, fold, ada)
        assert expand in offered(message)
        assert front.shown[-2:] == [(str(message.id),)] * 2
    assert [message.text for message in chat.sent] == texts
    assert front.errors == []


async def test_a_long_commit_is_read_part_by_part(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    """Invariant 9: no part is lost, and each is one press away."""
    front.respond = Reader(paragraphs=12)
    digest = await a_digest_in(chat, telegram, front)
    messages = len(chat.sent)
    await press(telegram, front, digest, Action(Verb.EXPAND, DELIVERED, 1), ada)
    seen, part = [digest.text], 0
    while Action(Verb.EXPAND, DELIVERED, 1, part + 1) in offered(digest):
        part += 1
        await press(telegram, front, digest, Action(Verb.EXPAND, DELIVERED, 1, part), ada)
        seen.append(digest.text)
    assert part >= 2
    whole = " ".join(seen)
    assert all(f"Paragraph {n}:" in whole for n in range(12))
    await press(telegram, front, digest, Action(Verb.EXPAND, DELIVERED, 1, part - 1), ada)
    assert digest.text == seen[-2]
    await press(telegram, front, digest, Action(Verb.FOLD, DELIVERED, 1), ada)
    assert len(chat.sent) == messages


@pytest.mark.parametrize("commits", [1, 45, 100])
async def test_every_number_of_a_digest_can_be_reached(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User, commits: int
) -> None:
    front.respond = Reader(a_busy_day(commits))
    await a_digest_in(chat, telegram, front)
    assert len(chat.sent) <= 2
    reached: set[int] = set()
    for message in chat.sent:
        text, todo, done = message.text, offered(message), set[Action]()
        while todo:
            action = todo.pop()
            if action.verb is Verb.EXPAND:
                reached.add(action.number)
            elif action.verb is Verb.NUMBERS and action not in done:
                done.add(action)
                shown = len(front.shown)
                await telegram.press(message, action.token, ada)
                await telegram.until(lambda n=shown: len(front.shown) > n)  # type: ignore[misc]
                assert message.text == text
                todo += offered(message)
    assert reached == set(range(1, commits + 1))
    assert front.errors == []


async def test_a_button_pressed_twice_shows_the_same_without_an_error(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.respond = Reader()
    digest = await a_digest_in(chat, telegram, front)
    eve = telegram.person("Eve")
    token = Action(Verb.EXPAND, DELIVERED, 4).token
    for user in (ada, eve, ada):
        await telegram.press(digest, token, user)
    await telegram.until(lambda: len(front.shown) == 4)
    assert "Commit number 4" in digest.text
    assert front.errors == []
    refused = [call.description for call in telegram.calls("editMessageText") if call.status == 400]
    assert len(refused) == 2
    assert all("message is not modified" in description for description in refused)


async def test_a_forged_button_is_told_so_and_does_nothing(
    telegram: TelegramServer, front: RecordingFront, chat: Chat
) -> None:
    """Invariant 8."""
    front.respond = Reader()
    digest = await a_digest_in(chat, telegram, front)
    wei = telegram.person("Wei", "zh-hans")
    for token in ("", "x", "e.d1.1", "E.d1.1.0", "e.d1.1.0\n", "e.d1.99999999.0"):
        pressed = await telegram.press(digest, token, wei)
        await telegram.until(lambda p=pressed: p.answer is not None)  # type: ignore[misc]
        assert pressed.answer
        assert "按钮" in pressed.answer["text"]
        assert pressed.answer["show_alert"]
    assert front.pressed == []


async def test_a_digest_that_the_bot_may_no_longer_see_still_opens(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.respond = Reader()
    digest = await a_digest_in(chat, telegram, front)
    token = Action(Verb.EXPAND, DELIVERED, 5).token
    await telegram.press(digest, token, ada, is_inaccessible=True)
    await telegram.until(lambda: len(front.shown) == 2)
    assert "Commit number 5" in digest.text


async def test_a_digest_that_was_deleted_is_answered_with_a_new_message(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.respond = Reader()
    digest = await a_digest_in(chat, telegram, front)
    digest.is_deleted = True
    await telegram.press(digest, Action(Verb.EXPAND, DELIVERED, 6).token, ada)
    await telegram.until(lambda: len(front.shown) == 2)
    assert "Commit number 6" in chat.sent[-1].text
    assert front.errors == []


async def test_a_press_within_a_topic_belongs_to_the_topic(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    front.respond = Reader()
    forum = telegram.chat("supergroup", is_forum=True, ada="creator")
    topic = await telegram.topic(forum, "Releases")
    user = telegram.member(forum, "creator")
    await telegram.say(forum, user, "/digest", thread=topic)
    await telegram.until(lambda: front.shown)
    front.progress = ("Analysing",)
    await telegram.press(forum.sent[-1], Action(Verb.EXPAND, DELIVERED, 1).token, user)
    await telegram.until(lambda: len(front.shown) == 2)
    assert front.pressed[0].channel == f"telegram:{forum.id}/{topic}"
    assert forum.actions == [("typing", topic)]
    assert await front.pressed[0].person.may_manage()


async def test_a_press_that_was_acknowledged_too_late_is_answered_all_the_same(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.respond = Reader()
    digest = await a_digest_in(chat, telegram, front)
    telegram.press_lives = 0
    await telegram.press(digest, Action(Verb.EXPAND, DELIVERED, 7).token, ada)
    await telegram.until(lambda: len(front.shown) == 2)
    assert "Commit number 7" in digest.text


async def test_what_a_press_brings_besides_is_a_reply_to_its_message(
    telegram: TelegramServer, front: RecordingFront, chat: Chat, ada: User
) -> None:
    front.respond = Reader()
    digest = await a_digest_in(chat, telegram, front)
    file = Document("acme-widget.md", b"# Report\n")
    front.respond = lambda _: replace(saying("The report"), document=file)
    await telegram.press(digest, Action(Verb.REPORT, DELIVERED).token, ada)
    await telegram.until(lambda: len(front.shown) == 2)
    assert chat.sent[-1].document
    assert chat.sent[-1].reply_to is digest
    front.respond = lambda _: replace(saying("No such digest"), private=True)
    text = digest.text
    await telegram.press(digest, Action(Verb.EXPAND, DELIVERED, 1).token, ada)
    await telegram.until(lambda: len(front.shown) == 3)
    assert (digest.text, chat.sent[-1].text) == (text, "No such digest")


# ---- groups that become other groups


async def test_what_a_group_has_moves_with_it(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    front.respond = lambda _: saying("Here")
    group = telegram.chat("group", ada="creator")
    after = await telegram.upgrade(group)
    await telegram.say(after, telegram.member(after, "creator"), "/digest")
    await telegram.until(lambda: after.sent)
    assert front.moves == [(f"telegram:{group.id}", f"telegram:{after.id}")]
    assert front.asked[0].channel == f"telegram:{after.id}"


async def test_an_answer_follows_a_group_that_has_become_another(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    front.respond = lambda _: saying("Here")
    front.gate.clear()
    group = telegram.chat("group", ada="creator")
    await telegram.say(group, telegram.member(group, "creator"), "/digest")
    await telegram.until(lambda: front.asked)
    after = await telegram.upgrade(group, is_told=False)
    front.gate.set()
    await telegram.until(lambda: front.shown)
    (message,) = after.sent
    assert (message.text, message.reply_to) == ("Here", None)
    assert front.shown == [(str(message.id),)]
    assert front.moves == [(f"telegram:{group.id}", f"telegram:{after.id}")]


async def test_an_address_in_a_sentence_ends_where_the_sentence_goes_on(
    telegram: TelegramServer, front: RecordingFront
) -> None:
    ada = telegram.person()
    await telegram.say(telegram.private(ada), ada, f"看看 {URL}，谢谢。")
    await telegram.until(lambda: front.asked)
    assert front.asked[0].text == f"analyze {URL}"
