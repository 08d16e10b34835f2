"""The Telegram server that other tests rely on, driven by the real python-telegram-bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from random import Random

import httpx
import pytest
import pytest_asyncio
from aiohttp import web
from telegram import (
    Bot,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChat,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
    Update,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from tests.servers.telegram import TelegramServer
from tests.servers.telegram_chats import ANONYMOUS, Chat, Kind, Status
from tests.servers.telegram_faults import (
    bad_gateway,
    drop,
    drop_after,
    hang,
    internal_error,
    refuses,
    slow,
    sometimes,
    too_many_requests,
)
from tests.servers.telegram_limits import Limits

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)


@pytest.fixture(autouse=True)
def _durations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the library warns whenever it makes a `RetryAfter`."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest_asyncio.fixture
async def bot(telegram: TelegramServer) -> AsyncIterator[Bot]:
    async with Bot(telegram.token, base_url=f"{telegram.api_url}/bot") as connected:
        yield connected


@contextmanager
def refused(said: str, kind: type[TelegramError] = BadRequest) -> Iterator[None]:
    """Telegram says no in these words, which the library begins with a capital."""
    with pytest.raises(kind) as raised:
        yield
    assert raised.value.message.lower() == said.lower()


def keyboard(*rows: dict[str, str]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(text, callback_data=data) for text, data in r.items()] for r in rows]
    )


async def updates(bot: Bot, offset: int = 0) -> list[Update]:
    return list(await bot.get_updates(offset, timeout=0))


async def messages(bot: Bot) -> list[Message]:
    found = [update.effective_message for update in await updates(bot)]
    return [message for message in found if message]


# ---- tokens and methods


async def test_the_bot_learns_who_it_is(bot: Bot, telegram: TelegramServer) -> None:
    me = await bot.get_me()
    assert (me.id, me.username, me.is_bot) == (telegram.bot.id, "commitcast_bot", True)
    assert me.can_read_all_group_messages is False


@pytest.mark.parametrize(
    ("token", "status", "said"),
    [
        ("7000000001:another-secret", 401, "Unauthorized"),
        ("7000000001", 404, "Not Found"),
        ("secret:7000000001", 404, "Not Found"),
    ],
)
async def test_another_token_is_refused(
    telegram: TelegramServer, token: str, status: int, said: str
) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{telegram.api_url}/bot{token}/getMe")
    assert answer.status_code == status
    assert answer.json() == {"ok": False, "error_code": status, "description": said}
    bot = Bot(token, base_url=f"{telegram.api_url}/bot")
    with pytest.raises(InvalidToken):
        await bot.initialize()
    await bot.shutdown()


async def test_a_method_that_does_not_exist_is_not_found(telegram: TelegramServer) -> None:
    async with httpx.AsyncClient(base_url=f"{telegram.api_url}/bot{telegram.token}") as client:
        answer = await client.get("/sendRichMessage")
        assert answer.json()["description"] == "Not Found: method not found"
        assert (await client.get("/GETME")).json()["ok"] is True


async def test_parameters_come_as_json_form_or_query(telegram: TelegramServer) -> None:
    chat = telegram.private(telegram.person())
    given = {"chat_id": chat.id, "text": "true"}
    async with httpx.AsyncClient(base_url=f"{telegram.api_url}/bot{telegram.token}") as client:
        for how in ("json", "data", "params"):
            answer = await client.request("POST", "/sendMessage", **{how: given})  # type: ignore[arg-type]
            assert answer.json()["result"]["text"] == "true"
        preview = {"is_disabled": True}
        await client.post("/sendMessage", json=given | {"link_preview_options": preview})
    assert [message.shows_preview for message in chat.sent] == [True, True, True, False]


# ---- updates


async def test_updates_are_kept_until_they_are_confirmed(
    bot: Bot, telegram: TelegramServer
) -> None:
    ada = telegram.person("Ada", "zh")
    for text in ("/help", "/usage"):
        await telegram.say(telegram.private(ada), ada, text)
    first, second = await updates(bot)
    assert await updates(bot) == [first, second]
    assert second.update_id == first.update_id + 1
    assert await updates(bot, second.update_id) == [second]
    assert await updates(bot) == [second]
    assert await updates(bot, second.update_id + 1) == []
    message = first.message
    assert message
    assert message.from_user
    assert message.from_user.language_code == "zh"
    assert message.parse_entities() == {message.entities[0]: "/help"}
    assert message.entities[0].type == "bot_command"


async def test_a_question_for_updates_waits_until_something_is_said(
    bot: Bot, telegram: TelegramServer
) -> None:
    ada = telegram.person()
    waiting = asyncio.create_task(bot.get_updates(timeout=20))
    await telegram.until(lambda: telegram.calls("getUpdates"))
    await telegram.say(telegram.private(ada), ada, "/help")
    async with asyncio.timeout(15):  # it would wait for 20
        assert len(await waiting) == 1
    assert await bot.get_updates(10**9, timeout=1) == ()


async def test_of_two_that_ask_for_updates_the_first_is_told_of_the_conflict(
    bot: Bot, telegram: TelegramServer
) -> None:
    async with Bot(telegram.token, base_url=f"{telegram.api_url}/bot") as other:
        first = asyncio.create_task(bot.get_updates(timeout=20))
        await telegram.until(lambda: telegram.calls("getUpdates"))
        second = asyncio.create_task(other.get_updates(timeout=20))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await first
        ada = telegram.person()
        await telegram.say(telegram.private(ada), ada, "/help")
        assert len(await second) == 1


async def test_only_the_kinds_of_updates_that_were_asked_for_come(
    bot: Bot, telegram: TelegramServer
) -> None:
    ada = telegram.person()
    chat = telegram.private(ada)
    await bot.get_updates(allowed_updates=["message"], timeout=0)
    said = await telegram.say(chat, ada, "/help")
    await telegram.correct(said, "/usage")
    await telegram.change(chat, ada, "kicked")
    assert [update.message is not None for update in await updates(bot)] == [True]
    await bot.get_updates(-1, allowed_updates=[], timeout=0)
    await telegram.correct(said, "/help")
    await telegram.change(chat, ada, "member")
    _, edited, member = await updates(bot)
    assert edited.edited_message
    assert edited.edited_message.text == "/help"
    assert edited.edited_message.edit_date
    assert member.my_chat_member
    assert member.my_chat_member.old_chat_member.status == "kicked"


async def test_an_update_can_come_twice(bot: Bot, telegram: TelegramServer) -> None:
    ada = telegram.person()
    await telegram.say(telegram.private(ada), ada, "/help")
    (update,) = await updates(bot)
    await telegram.updates.again(telegram.updates.all[0])
    assert await updates(bot, update.update_id + 1) == [update]
    assert await updates(bot, update.update_id + 1) == []


# ---- the webhook


@pytest_asyncio.fixture
async def brought(telegram: TelegramServer) -> AsyncIterator[list[tuple[str | None, int]]]:
    """The secret and the number of every update that is brought; each is refused once."""
    came: list[tuple[str | None, int]] = []

    async def take(request: web.Request) -> web.Response:
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        came.append((secret, (await request.json())["update_id"]))
        return web.Response(status=200 if came.count(came[-1]) > 1 else 500)

    app = web.Application()
    app.router.add_post("/telegram", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    telegram.updates.proxy = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield came
    await telegram.updates.stop_bringing()
    await runner.cleanup()


async def test_updates_are_brought_to_a_webhook_until_it_takes_them(
    bot: Bot, telegram: TelegramServer, brought: list[tuple[str | None, int]]
) -> None:
    ada = telegram.person()
    await bot.set_webhook(
        "https://bot.example/telegram", secret_token="a-secret", max_connections=5
    )
    for text in ("/help", "/usage"):
        await telegram.say(telegram.private(ada), ada, text)
    await telegram.until(lambda: not telegram.updates.waiting)
    first, second = (update["update_id"] for update in telegram.updates.all)
    assert brought == [("a-secret", number) for number in (first, first, second, second)]
    info = await bot.get_webhook_info()
    assert (info.url, info.max_connections) == ("https://bot.example/telegram", 5)


async def test_a_webhook_that_cannot_be_reached_shows_in_its_info(
    bot: Bot, telegram: TelegramServer
) -> None:
    ada = telegram.person()
    await bot.set_webhook("https://bot.example/telegram")
    await telegram.say(telegram.private(ada), ada, "/help")
    await telegram.until(lambda: telegram.updates.webhook and telegram.updates.webhook.last_error)
    info = await bot.get_webhook_info()
    assert info.pending_update_count == 1
    assert info.last_error_message
    await bot.delete_webhook(drop_pending_updates=True)
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count) == ("", 0)


async def test_updates_are_either_asked_for_or_brought(bot: Bot, telegram: TelegramServer) -> None:
    asking = asyncio.create_task(bot.get_updates(timeout=20))
    await telegram.until(lambda: telegram.calls("getUpdates"))
    await bot.set_webhook("https://bot.example/telegram")
    with pytest.raises(Conflict, match="terminated by setWebhook request"):
        await asking
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
        await updates(bot)
    await bot.delete_webhook()
    assert await updates(bot) == []


@pytest.mark.parametrize(
    ("url", "secret", "said"),
    [
        ("http://bot.example/x", "s", "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            "https://bot.example:8080/x",
            "s",
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ),
        (
            "https://bot.invalid/x",
            "s",
            "bad webhook: Failed to resolve host: Name or service not known",
        ),
        ("https:///x", "s", "invalid webhook URL specified"),
        ("https://bot.example/x", "not a secret", "secret token contains unallowed characters"),
        ("https://bot.example/x", "s" * 257, "secret token is too long"),
    ],
)
async def test_a_webhook_that_cannot_work_is_refused(
    bot: Bot, url: str, secret: str, said: str
) -> None:
    with refused(said):
        await bot.set_webhook(url, secret_token=secret)


# ---- menus


async def test_menus_are_kept_by_scope_and_language(bot: Bot, telegram: TelegramServer) -> None:
    group = telegram.chat("group")
    await bot.set_my_commands([("help", "What I can do")])
    await bot.set_my_commands([("help", "命令")], language_code="zh")
    await bot.set_my_commands([("digest", "Today")], scope=BotCommandScopeAllGroupChats())
    await bot.set_my_commands([("usage", "Cost")], scope=BotCommandScopeChat(group.id))
    assert telegram.menus == {
        ("default", ""): [("help", "What I can do")],
        ("default", "zh"): [("help", "命令")],
        ("all_group_chats", ""): [("digest", "Today")],
        (f"chat:{group.id}", ""): [("usage", "Cost")],
    }
    (command,) = await bot.get_my_commands(language_code="zh")
    assert command.description == "命令"
    await bot.delete_my_commands(language_code="zh")
    assert await bot.get_my_commands(language_code="zh") == ()


@pytest.mark.parametrize(
    ("commands", "language", "said"),
    [
        ([("Help", "x")], "", "BOT_COMMAND_INVALID"),
        ([("", "x")], "", "command must be non-empty"),
        ([("c" * 33, "x")], "", "command length must not exceed 32"),
        ([("help", " ")], "", "command description must be non-empty"),
        ([("help", "x" * 257)], "", "command description length must not exceed 256"),
        ([(f"c{n}", "x") for n in range(101)], "", "BOT_COMMANDS_TOO_MUCH"),
        ([("help", "x")], "zh-CN", "invalid language code specified"),
    ],
)
async def test_a_menu_that_telegram_cannot_show_is_refused(
    bot: Bot, commands: list[tuple[str, str]], language: str, said: str
) -> None:
    with refused(said):
        await bot.set_my_commands(commands, language_code=language)


async def test_the_menu_of_a_chat_needs_the_chat(bot: Bot) -> None:
    with refused("chat not found"):
        await bot.set_my_commands([("help", "x")], scope=BotCommandScopeChat(-5))


# ---- messages


async def test_a_message_shows_as_people_see_it(bot: Bot, telegram: TelegramServer) -> None:
    chat = telegram.private(telegram.person())
    sent = await bot.send_message(
        chat.id,
        'A <b>bold</b> 🎉 <a href="https://forge.example/acme/widget">link</a>, <code>x</code>',
        parse_mode="HTML",
        reply_markup=keyboard({"Expand": "e.d.1.0", "More": "n.d.9.0"}, {"Report": "r.d.0.0"}),
        link_preview_options=LinkPreviewOptions(is_disabled=True),
    )
    (message,) = chat.sent
    assert message.text == sent.text == "A bold 🎉 link, x"
    assert message.links == ["https://forge.example/acme/widget"]
    assert (message.marked("text_link"), message.marked("code")) == (["link"], ["x"])
    assert message.labels == [["Expand", "More"], ["Report"]]
    assert message.token("More") == "n.d.9.0"
    assert not message.shows_preview
    assert sent.from_user
    assert sent.from_user.id == telegram.bot.id
    assert await updates(bot) == []


async def test_a_message_in_bad_form_is_refused(bot: Bot, telegram: TelegramServer) -> None:
    chat = telegram.private(telegram.person())
    with pytest.raises(BadRequest, match=r"^Can't parse entities: "):
        await bot.send_message(chat.id, "<b>never closed", parse_mode="HTML")
    with refused("message is too long"):
        await bot.send_message(chat.id, "x" * 4097)
    with refused("message text is empty"):
        await bot.send_message(chat.id, "<b> </b>", parse_mode="HTML")
    with refused("BUTTON_DATA_INVALID"):
        await bot.send_message(chat.id, "x", reply_markup=keyboard({"Expand": "x" * 65}))
    assert chat.sent == []
    assert [call.status for call in telegram.calls("sendMessage")] == [400] * 4


async def test_an_edit_changes_the_message_or_says_that_it_is_the_same(
    bot: Bot, telegram: TelegramServer
) -> None:
    chat = telegram.private(telegram.person())
    buttons = keyboard({"Expand": "e.d.1.0"})
    sent = await bot.send_message(chat.id, "<b>one</b>", "HTML", reply_markup=buttons)
    message = chat.messages[sent.message_id]
    with refused(NOT_MODIFIED):
        await sent.edit_text("<b>one</b>", "HTML", reply_markup=buttons)
    await sent.edit_text("one", reply_markup=buttons)
    await sent.edit_text("two", reply_markup=buttons)
    assert (message.text, message.versions) == ("two", ["one", "one"])
    assert message.labels == [["Expand"]]
    await sent.edit_text("two")
    assert message.labels == []
    await sent.edit_reply_markup(buttons)
    assert message.labels == [["Expand"]]
    with refused(NOT_MODIFIED):
        await sent.edit_reply_markup(buttons)


async def test_only_messages_of_the_bots_own_that_are_there_can_be_edited(
    bot: Bot, telegram: TelegramServer
) -> None:
    ada = telegram.person()
    chat = telegram.private(ada)
    said = await telegram.say(chat, ada, "/help")
    sent = await bot.send_message(chat.id, "x")
    with refused("message can't be edited"):
        await bot.edit_message_text("y", chat.id, said.id)
    await sent.delete()
    for number in (sent.message_id, 99_999, -1):
        with refused("message to edit not found"):
            await bot.edit_message_text("y", chat.id, number)
    with refused("message to delete not found"):
        await sent.delete()
    assert chat.sent == []


async def test_messages_older_than_two_days_can_be_edited_but_not_deleted(
    bot: Bot, telegram: TelegramServer
) -> None:
    chat = telegram.private(telegram.person())
    sent = await bot.send_message(chat.id, "x")
    chat.messages[sent.message_id].date -= 49 * 3600
    await sent.edit_text("y")
    with refused("message can't be deleted for everyone"):
        await sent.delete()
    said = await telegram.say(chat, telegram.person(), "x")
    with refused("message can't be deleted"):
        await bot.delete_message(chat.id, said.id)


async def test_documents_carry_their_name_bytes_and_caption(
    bot: Bot, telegram: TelegramServer
) -> None:
    chat = telegram.private(telegram.person())
    sent = await bot.send_document(
        chat.id,
        "# 日报\n".encode(),
        filename="report.md",
        caption="<b>1</b> file",
        parse_mode="HTML",
    )
    (message,) = chat.sent
    assert message.document
    assert (message.document.name, message.document.content) == ("report.md", "# 日报\n".encode())
    assert (message.text, message.marked("bold")) == ("1 file", ["1"])
    assert sent.document
    assert sent.document.file_size == len("# 日报\n".encode())
    with refused("message caption is too long"):
        await bot.send_document(chat.id, b"x", caption="x" * 1025)
    with refused("file must be non-empty"):
        await bot.send_document(chat.id, b"", filename="report.md")
    with refused("there is no text in the message to edit"):
        await sent.edit_text("x")


# ---- where the bot may write


async def test_a_chat_that_the_bot_does_not_know_is_not_found(bot: Bot) -> None:
    for chat in (5, -5, "@nobody"):
        with refused("chat not found"):
            await bot.send_message(chat, "x")


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        ("group", "kicked", "Forbidden: bot was kicked from the group chat"),
        ("group", "left", "Forbidden: bot is not a member of the group chat"),
        ("supergroup", "kicked", "Forbidden: bot was kicked from the supergroup chat"),
        ("supergroup", "left", "Forbidden: bot is not a member of the supergroup chat"),
        ("channel", "kicked", "Forbidden: bot was kicked from the channel chat"),
        ("channel", "left", "Forbidden: bot is not a member of the channel chat"),
    ],
)
async def test_who_is_not_in_a_chat_can_neither_send_nor_edit(
    bot: Bot, telegram: TelegramServer, kind: str, status: Status, said: str
) -> None:
    chat = telegram.chat(kind)  # type: ignore[arg-type]
    sent = await bot.send_message(chat.id, "x")
    await telegram.change(chat, telegram.bot, status)
    for request in (bot.send_message(chat.id, "y"), sent.edit_text("y")):
        with refused(said, Forbidden):
            await request
    with suppress(Forbidden):  # a group can still be looked at
        assert (await bot.get_chat(chat.id)).type == "group"
    assert [message.text for message in chat.sent] == ["x"]


async def test_who_blocked_the_bot_gets_no_messages(bot: Bot, telegram: TelegramServer) -> None:
    ada, ben = telegram.person("Ada"), telegram.person("Ben")
    await telegram.change(telegram.private(ada), ada, "kicked")
    with refused("Forbidden: bot was blocked by the user", Forbidden):
        await bot.send_message(ada.id, "x")
    ben.is_deactivated = True
    with refused("Forbidden: user is deactivated", Forbidden):
        await bot.send_message(telegram.private(ben).id, "x")


async def test_rights_are_needed_to_write(bot: Bot, telegram: TelegramServer) -> None:
    group = telegram.chat("supergroup", bot="restricted")
    with refused("not enough rights to send text messages to the chat"):
        await bot.send_message(group.id, "x")
    channel = telegram.chat("channel")
    channel.bot_posts = False
    with refused("need administrator rights in the channel chat"):
        await bot.send_message(channel.id, "x")
    channel.bot_posts = True
    sent = await bot.send_message(channel.id, "x")
    assert sent.from_user is None
    assert sent.sender_chat
    assert sent.sender_chat.id == channel.id


async def test_a_group_that_became_a_supergroup_names_it(
    bot: Bot, telegram: TelegramServer
) -> None:
    group = telegram.chat("group", ada="creator")
    sent = await bot.send_message(group.id, "x")
    after = await telegram.upgrade(group)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(group.id, "y")
    assert moved.value.new_chat_id == after.id
    assert after.id < -(2**31)
    assert telegram.calls("sendMessage")[-1].description == (
        "Bad Request: group chat was upgraded to a supergroup chat"
    )
    with pytest.raises(BadRequest):
        await bot.edit_message_text("y", after.id, sent.message_id)
    to, since = await messages(bot)
    assert (to.chat.id, to.migrate_to_chat_id) == (group.id, after.id)
    assert (since.chat.id, since.migrate_from_chat_id) == (after.id, group.id)
    await bot.send_message(after.id, "y")
    assert telegram.chats[after.id].sent


# ---- topics and replies


async def test_topics_are_threads_that_must_exist(bot: Bot, telegram: TelegramServer) -> None:
    forum = telegram.chat("supergroup", is_forum=True, ada="creator")
    topic = await telegram.topic(forum, "Releases")
    sent = await bot.send_message(forum.id, "x", message_thread_id=topic)
    assert (sent.message_thread_id, sent.is_topic_message) == (topic, True)
    assert forum.sent[0].thread == topic
    for missing in (1, 999):  # 1 is the topic General, which takes no number
        with refused("message thread not found"):
            await bot.send_message(forum.id, "x", message_thread_id=missing)
    forum.topics[topic].is_closed = True
    with refused("TOPIC_CLOSED"):
        await bot.send_message(forum.id, "x", message_thread_id=topic)
    general = await bot.send_message(forum.id, "x")
    assert (general.message_thread_id, general.is_topic_message) == (None, None)


async def test_within_a_topic_every_message_replies_to_its_first(
    bot: Bot, telegram: TelegramServer
) -> None:
    forum = telegram.chat("supergroup", is_forum=True, ada="creator")
    topic = await telegram.topic(forum, "Releases")
    ada = telegram.member(forum, "creator")
    await telegram.say(forum, ada, "/digest", thread=topic)
    await telegram.say(forum, ada, "/digest")
    created, within, general = await messages(bot)
    assert created.forum_topic_created
    assert created.forum_topic_created.name == "Releases"
    assert within.reply_to_message
    assert within.reply_to_message.message_id == topic == within.message_thread_id
    assert general.reply_to_message is None


async def test_outside_of_forums_a_thread_is_a_chain_of_replies(
    bot: Bot, telegram: TelegramServer
) -> None:
    group = telegram.chat("supergroup", ada="creator")
    ada = telegram.member(group, "creator")
    first = await telegram.say(group, ada, "/digest")
    second = await telegram.say(group, ada, "/expand 1", reply_to=first)
    await telegram.say(group, ada, "/expand 2", reply_to=second)
    _, one, two = await messages(bot)
    assert (one.message_thread_id, one.is_topic_message) == (first.id, None)
    assert two.message_thread_id == first.id
    assert two.reply_to_message
    assert two.reply_to_message.message_id == second.id
    await bot.send_message(group.id, "x", message_thread_id=77)  # no topic, no error


async def test_a_reply_needs_its_message_unless_it_may_do_without(
    bot: Bot, telegram: TelegramServer
) -> None:
    ada = telegram.person()
    chat = telegram.private(ada)
    said = await telegram.say(chat, ada, "/help")
    sent = await bot.send_message(chat.id, "x", reply_parameters=ReplyParameters(said.id))
    assert sent.reply_to_message
    assert sent.reply_to_message.message_id == said.id
    said.is_deleted = True
    with refused("message to be replied not found"):
        await bot.send_message(chat.id, "y", reply_parameters=ReplyParameters(said.id))
    leniently = ReplyParameters(said.id, allow_sending_without_reply=True)
    await bot.send_message(chat.id, "z", reply_parameters=leniently)
    assert [message.text for message in chat.sent] == ["x", "z"]


# ---- what bots get of groups and channels


async def test_in_groups_the_bot_gets_only_what_is_for_it(
    bot: Bot, telegram: TelegramServer
) -> None:
    group = telegram.chat("supergroup", ada="creator")
    ada = telegram.member(group, "creator")
    sent = await bot.send_message(group.id, "digest")
    digest = group.messages[sent.message_id]
    for text in ("hello", "/help", "/help@commitcast_bot", "/help@other_bot", "@commitcast_bot hi"):
        await telegram.say(group, ada, text)
    await telegram.say(group, ada, "thanks", reply_to=digest)
    got = [message.text for message in await messages(bot)]
    assert got == ["/help", "/help@commitcast_bot", "@commitcast_bot hi", "thanks"]
    group.members[telegram.bot] = "administrator"
    await telegram.say(group, ada, "/help@other_bot")
    assert (await messages(bot))[-1].text == "/help@other_bot"


async def test_anonymous_administrators_speak_as_the_group(
    bot: Bot, telegram: TelegramServer
) -> None:
    group, channel = telegram.chat("supergroup", ada="creator"), telegram.chat("channel")
    await telegram.say(group, None, "/digest")
    await telegram.say(group, None, "/digest", as_channel=channel)
    await telegram.say(channel, None, "/digest")
    anonymous, as_channel, post = await updates(bot)
    assert anonymous.message
    assert anonymous.message.from_user
    assert anonymous.message.from_user.id == ANONYMOUS.id == 1087968824
    assert anonymous.message.sender_chat
    assert anonymous.message.sender_chat.id == group.id
    assert as_channel.message
    assert as_channel.message.sender_chat
    assert as_channel.message.sender_chat.id == channel.id
    assert post.message is None
    assert post.channel_post
    assert post.channel_post.from_user is None


async def test_a_discussion_group_gets_the_posts_of_its_channel(
    bot: Bot, telegram: TelegramServer
) -> None:
    channel, group = telegram.chat("channel"), telegram.chat("supergroup", ada="creator")
    post = await telegram.say(channel, None, "/digest")
    await telegram.forward_post(post, group)
    copy = (await messages(bot))[-1]
    assert copy.is_automatic_forward
    assert copy.from_user
    assert copy.from_user.id == 777000


async def test_who_is_what_in_a_chat_can_be_asked(bot: Bot, telegram: TelegramServer) -> None:
    group = telegram.chat("supergroup", ada="creator", ben="administrator", eve="restricted")
    stranger = telegram.person()
    for user, status in [*group.members.items(), (stranger, "left")]:
        assert (await bot.get_chat_member(group.id, user.id)).status == status
    leaders = await bot.get_chat_administrators(group.id)
    assert [member.status for member in leaders] == ["creator", "administrator"]
    with refused("PARTICIPANT_ID_INVALID"):
        await bot.get_chat_member(group.id, 5)
    group.hides_members = True
    with refused("member list is inaccessible"):
        await bot.get_chat_member(group.id, stranger.id)
    full = await bot.get_chat(group.id)
    assert (full.type, full.title) == ("supergroup", "Team")


async def test_what_the_bot_is_seen_doing_is_kept(bot: Bot, telegram: TelegramServer) -> None:
    forum = telegram.chat("supergroup", is_forum=True, ada="creator")
    topic = await telegram.topic(forum, "Releases")
    await bot.send_chat_action(forum.id, "typing", message_thread_id=topic)
    assert forum.actions == [("typing", topic)]
    with refused("wrong parameter action in request"):
        await bot.send_chat_action(forum.id, "thinking")


# ---- buttons


async def press(
    bot: Bot, telegram: TelegramServer, button: str = "Expand", *, is_inaccessible: bool = False
) -> CallbackQuery:
    ada = telegram.person()
    chat = telegram.private(ada)
    sent = await bot.send_message(chat.id, "x", reply_markup=keyboard({"Expand": "e.d.1.0"}))
    message = chat.messages[sent.message_id]
    await telegram.press(message, button, ada, is_inaccessible=is_inaccessible)
    query = (await updates(bot))[-1].callback_query
    assert query
    return query


async def test_a_press_brings_its_token_and_its_message(bot: Bot, telegram: TelegramServer) -> None:
    query = await press(bot, telegram)
    assert query.data == "e.d.1.0"
    assert isinstance(query.message, Message)
    assert query.message.text == "x"
    await query.answer("Expanding", show_alert=True)
    answer = telegram.presses[query.id].answer
    assert answer == {"text": "Expanding", "show_alert": True}


async def test_a_press_can_be_forged_and_its_message_lost(
    bot: Bot, telegram: TelegramServer
) -> None:
    query = await press(bot, telegram, "e.somebody-elses.1.0", is_inaccessible=True)
    assert query.data == "e.somebody-elses.1.0"
    assert query.message
    assert not query.message.is_accessible
    assert query.message.chat.type == "private"


async def test_a_press_is_answered_once_and_soon(bot: Bot, telegram: TelegramServer) -> None:
    too_old = "query is too old and response timeout expired or query ID is invalid"
    query = await press(bot, telegram)
    with refused("MESSAGE_TOO_LONG"):
        await query.answer("x" * 201)
    await query.answer()
    with refused(too_old):
        await query.answer()
    late = await press(bot, telegram)
    telegram.press_lives = 0
    with refused(too_old):
        await late.answer()
    with refused(too_old):
        await bot.answer_callback_query("5")


# ---- what goes wrong


async def test_faults_happen_before_or_after_the_effect(bot: Bot, telegram: TelegramServer) -> None:
    chat = telegram.private(telegram.person())
    telegram.inject(drop, drop_after, bad_gateway, internal_error, method="sendMessage")
    for text in ("dropped", "sent but dropped", "bad gateway", "internal"):
        with pytest.raises(NetworkError):
            await bot.send_message(chat.id, text)
    telegram.inject(slow(0.05), method="sendMessage")
    await bot.send_message(chat.id, "late")
    assert [message.text for message in chat.sent] == ["sent but dropped", "late"]


async def test_a_fault_meets_only_its_method_and_as_often_as_it_should(
    bot: Bot, telegram: TelegramServer
) -> None:
    chat = telegram.private(telegram.person())
    telegram.inject(refuses(403, "Forbidden: bot was blocked by the user"), method="sendMessage")
    telegram.inject(too_many_requests(3), times=2, method="sendMessage")
    await bot.get_me()
    with pytest.raises(Forbidden):
        await bot.send_message(chat.id, "x")
    for _ in range(2):
        with pytest.raises(RetryAfter) as asked:
            await bot.send_message(chat.id, "x")
        assert asked.value.retry_after
        assert asked.value.message.startswith("Flood control exceeded")
    await bot.send_message(chat.id, "x")
    telegram.inject(too_many_requests(3), times=99)
    telegram.heal()
    await bot.send_message(chat.id, "x")


async def test_a_hanging_server_answers_nobody(bot: Bot, telegram: TelegramServer) -> None:
    telegram.inject(hang, method="getChat")
    with pytest.raises(TimedOut):
        await bot.get_chat(telegram.private(telegram.person()).id, read_timeout=0.1)


async def test_an_unreachable_server_comes_back_as_it_was(
    bot: Bot, telegram: TelegramServer
) -> None:
    chat: Chat = telegram.private(telegram.person())
    async with telegram.unreachable():
        with pytest.raises(NetworkError):
            await bot.send_message(chat.id, "x")
    await bot.send_message(chat.id, "y")
    assert [message.text for message in chat.sent] == ["y"]


async def test_a_fault_may_come_by_chance(bot: Bot, telegram: TelegramServer) -> None:
    telegram.inject(sometimes(Random(1), 0.5, internal_error), times=40)
    failed = 0
    for _ in range(40):
        try:
            await bot.get_me()
        except NetworkError:
            failed += 1
    assert 10 < failed < 30


async def test_a_condition_that_never_holds_fails_the_test(telegram: TelegramServer) -> None:
    with pytest.raises(TimeoutError):
        await telegram.until(lambda: False, within=0.02)


# ---- limits


@pytest.mark.parametrize(
    ("kind", "chats", "sent", "pause"),
    [("private", 1, 3, 3), ("channel", 1, 3, 3), ("group", 1, 3, 3), ("private", 40, 30, 1)],
)
async def test_a_bot_that_writes_too_fast_is_asked_to_wait(
    bot: Bot, telegram: TelegramServer, kind: Kind, chats: int, sent: int, pause: int
) -> None:
    now = 1_000.0
    limits = telegram.enforce_limits(Limits(clock=lambda: now))
    people = [telegram.private(telegram.person()) for _ in range(chats)]
    places = people if kind == "private" else [telegram.chat(kind)]
    targets = places if chats > 1 else places * (sent + 1)
    for chat in targets[:sent]:
        await bot.send_message(chat.id, "x")
    with pytest.raises(RetryAfter) as told:
        await bot.send_message(targets[sent].id, "x")
    assert told.value.retry_after == timedelta(seconds=pause)
    now += pause
    await bot.send_message(targets[sent].id, "x")
    assert limits.refused == 1


async def test_a_group_takes_no_more_than_twenty_messages_a_minute(
    bot: Bot, telegram: TelegramServer
) -> None:
    """Edits count too; what is refused does not."""
    now = 1_000.0
    telegram.enforce_limits(Limits(clock=lambda: now))
    group, channel = telegram.chat("supergroup"), telegram.chat("channel")
    for number in range(19):
        for chat in (group, channel):
            sent = await bot.send_message(chat.id, f"message {number}")
        now += 1
    await bot.edit_message_text("edited", group.id, group.sent[-1].id)
    for _ in range(2):
        with pytest.raises(RetryAfter) as told:
            await bot.send_message(group.id, "one too many")
        assert told.value.retry_after == timedelta(seconds=41)
    await bot.send_message(channel.id, "one more")
    assert sent.message_id == channel.sent[-2].id
    now += 41
    await bot.send_message(group.id, "the next minute")


# ---- the end of chats


async def test_a_group_that_was_deleted_takes_nothing(bot: Bot, telegram: TelegramServer) -> None:
    group = telegram.chat("group")
    await bot.send_message(group.id, "hello")
    group.is_dissolved = True
    with refused("Forbidden: the group chat was deleted", Forbidden):
        await bot.send_message(group.id, "anybody there?")


async def test_a_deleted_topic_takes_its_messages_along(bot: Bot, telegram: TelegramServer) -> None:
    forum = telegram.chat("supergroup", is_forum=True, ada="creator")
    topic = await telegram.topic(forum, "Releases")
    await bot.send_message(forum.id, "in General")
    sent = await bot.send_message(forum.id, "in the topic", message_thread_id=topic)
    telegram.delete_topic(forum, topic)
    assert [message.text for message in forum.sent] == ["in General"]
    with refused("message thread not found"):
        await bot.send_message(forum.id, "x", message_thread_id=topic)
    with refused("message to edit not found"):
        await sent.edit_text("y")
