"""The methods of the Bot API that Commitcast may use, as strict as the real ones."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import Any, Final

from tests.servers.telegram_chats import (
    Access,
    Chat,
    Json,
    RefusedError,
    User,
    bad_request,
)
from tests.servers.telegram_limits import Limits
from tests.servers.telegram_menus import language_of, menu_of, scope_name
from tests.servers.telegram_messages import Document, Message
from tests.servers.telegram_people import People
from tests.telegram_rules import Checked, check

MAX_FILE: Final = 50_000_000
"""Bytes of a file that a bot may send."""

MAX_PRESS_ANSWER: Final = 200
"""Characters of what is said to somebody who pressed a button."""

DELETABLE: Final = 48 * 3600
"""Seconds for which a bot can delete what it has sent."""

_ACTIONS: Final = {
    *("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice"),
    *("upload_document", "choose_sticker", "find_location", "record_video_note"),
    "upload_video_note",
}


@dataclass
class Call:
    """A request that came in."""

    method: str
    """Its name, as it was written."""
    params: Json
    """What it was given; what is JSON has been read."""
    files: dict[str, Document] = field(default_factory=dict)
    status: int = 0
    """How it was answered; 0 if it was not."""
    description: str = ""
    """Why it was refused."""

    def number(self, name: str, default: int = 0) -> int:
        """A whole number; the default for what is none."""
        try:
            return int(self.params.get(name, default))
        except (TypeError, ValueError):
            return default

    def text(self, name: str) -> str:
        """A string, empty if it is not given."""
        return str(self.params.get(name, ""))


class BotApi(People):
    """Every public coroutine that takes a `Call` and is in `METHODS` is a method of the API."""

    press_lives: float = 15.0
    """Seconds until a button that was pressed can no longer be answered."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        super().__init__()
        self.menus: dict[tuple[str, str], list[tuple[str, str]]] = {}
        """The commands with their descriptions, by scope and language: `default`, `chat:-100123`;
        `zh`, or an empty string for all languages."""
        self.limits: Limits | None = None
        """How fast the bot may write, where a test has set it."""

    def enforce_limits(self, limits: Limits | None = None) -> Limits:
        """Hold the bot to Telegram's pace from now on, or to these limits."""
        self.limits = limits or Limits()
        return self.limits

    async def get_me(self, call: Call) -> Json:
        more = ("supports_inline_queries", "can_connect_to_business", "has_main_web_app")
        rights = {
            "can_read_all_group_messages": self.reads_everything,
            "can_join_groups": self.joins_groups,
        }
        return self.bot.json() | dict.fromkeys(more, False) | rights

    async def get_updates(self, call: Call) -> list[Json]:
        self.updates.choose(call.params.get("allowed_updates"))
        limit = min(max(call.number("limit", 100), 1), 100)
        timeout = min(max(call.number("timeout"), 0), 50)
        return await self.updates.get(call.number("offset"), limit, timeout)

    async def set_webhook(self, call: Call) -> bool:
        if not call.text("url"):
            return await self.delete_webhook(call)
        self.updates.choose(call.params.get("allowed_updates"))
        most = call.number("max_connections", 40)
        await self.updates.bring(call.text("url"), call.text("secret_token"), most)
        self._drop_updates(call)
        return True

    async def delete_webhook(self, call: Call) -> bool:
        await self.updates.stop_bringing()
        self._drop_updates(call)
        return True

    async def get_webhook_info(self, call: Call) -> Json:
        told: Json = {"url": "", "has_custom_certificate": False}
        if webhook := self.updates.webhook:
            told |= {"url": webhook.url, "max_connections": webhook.max_connections}
            if webhook.last_error:
                told |= {"last_error_date": int(time.time())}
                told |= {"last_error_message": webhook.last_error}
        return told | {"pending_update_count": self.updates.waiting}

    def _drop_updates(self, call: Call) -> None:
        if call.params.get("drop_pending_updates"):
            self.updates.drop()

    async def set_my_commands(self, call: Call) -> bool:
        where = self._menu(call)
        self.menus[where] = menu_of(call.params.get("commands", []))
        return True

    async def delete_my_commands(self, call: Call) -> bool:
        self.menus.pop(self._menu(call), None)
        return True

    async def get_my_commands(self, call: Call) -> list[Json]:
        menu = self.menus.get(self._menu(call), [])
        return [{"command": name, "description": description} for name, description in menu]

    def _menu(self, call: Call) -> tuple[str, str]:
        scope = call.params.get("scope") or {"type": "default"}
        if "chat_id" in scope:
            self._chat(Call(call.method, scope), "members")
        return scope_name(scope), language_of(call.text("language_code"))

    async def send_message(self, call: Call) -> Json:
        checked = check(call.params)
        return self._post(call, checked, "text messages").json()

    async def send_document(self, call: Call) -> Json:
        document = call.files.get("document")
        if document is None:
            raise bad_request("there is no document in the request")
        if not document.content:
            raise bad_request("file must be non-empty")
        if len(document.content) > MAX_FILE:
            raise RefusedError(413, "Request Entity Too Large")
        message = self._post(call, check(call.params), "documents")
        message.document = document
        return message.json()

    def _post(self, call: Call, checked: Checked, what: str) -> Message:
        chat = self._chat(call, "write")
        thread = self._thread(call, chat)
        reply_to = self._replied(call, chat)
        if reply_to and thread is None:
            outside = None if chat.is_forum else reply_to.id
            thread = (reply_to.thread or outside) if chat.kind == "supergroup" else None
        chat.admit_message(self.bot, what, thread if chat.is_forum else None)
        self._pace(chat)
        message = self.put(chat, thread=thread, reply_to=reply_to, is_ours=True)
        if chat.kind == "channel":
            message.sender_chat = chat
        else:
            message.user = self.bot
        _write(message, call, checked)
        return message

    async def edit_message_text(self, call: Call) -> Json:
        checked = check(call.params)
        message = self._own(call)
        if message.document:
            raise bad_request("there is no text in the message to edit")
        before = (message.text, message.entities, message.keyboard)
        if before == (checked.text, checked.entities, checked.keyboard):
            raise _not_modified()
        self._pace(message.chat)
        message.versions.append(message.text)
        _write(message, call, checked)
        message.edited_at = int(time.time())
        return message.json()

    async def edit_message_reply_markup(self, call: Call) -> Json:
        checked = check(call.params)
        message = self._own(call)
        if message.keyboard == checked.keyboard:
            raise _not_modified()
        message.keyboard = checked.keyboard
        return message.json()

    async def delete_message(self, call: Call) -> bool:
        chat = self._chat(call, "write")
        message = self._message(chat, call.number("message_id"), "message to delete")
        if not (message.is_ours or chat.is_led_by(self.bot)):
            raise bad_request("message can't be deleted")
        if message.is_ours and time.time() - message.date > DELETABLE:
            raise bad_request("message can't be deleted for everyone")
        message.is_deleted = True
        return True

    async def answer_callback_query(self, call: Call) -> bool:
        press = self.presses.get(call.text("callback_query_id"))
        is_late = press and time.monotonic() - press.at > self.press_lives
        # A second answer may pass on the real one; nobody would see it.
        if press is None or is_late or press.answer is not None:
            raise bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        if len(call.text("text")) > MAX_PRESS_ANSWER:
            raise bad_request("MESSAGE_TOO_LONG")
        told = ("text", "show_alert")
        press.answer = {name: call.params[name] for name in told if name in call.params}
        return True

    async def send_chat_action(self, call: Call) -> bool:
        if call.text("action") not in _ACTIONS:
            raise bad_request("wrong parameter action in request")
        chat = self._chat(call, "write")
        chat.actions.append((call.text("action"), self._thread(call, chat)))
        return True

    async def get_chat(self, call: Call) -> Json:
        return self._chat(call, "read").full_json()

    async def get_chat_member(self, call: Call) -> Json:
        user = self.users.get(call.number("user_id"))
        chat = self._chat(call, "read" if user is self.bot else "members")
        is_hidden = chat.kind == "channel" or chat.hides_members
        if is_hidden and user is not self.bot and not chat.is_led_by(self.bot):
            raise bad_request("member list is inaccessible")
        if user is None:
            raise bad_request("PARTICIPANT_ID_INVALID")
        return chat.member_json(user)

    async def get_chat_administrators(self, call: Call) -> list[Json]:
        chat = self._chat(call, "members")
        if chat.kind == "private":
            raise bad_request("there are no administrators in the private chat")
        people: list[User] = [user for user in chat.members if chat.is_led_by(user)]
        return [chat.member_json(user) for user in people]

    def _chat(self, call: Call, access: Access) -> Chat:
        given = call.text("chat_id")
        if not given:
            raise bad_request("chat_id is empty")
        if given.startswith("@"):
            names = {f"@{chat.username}": chat for chat in self.chats.values() if chat.username}
            chat = names.get(given)
        else:
            chat = self.chats.get(call.number("chat_id"))
        if chat is None:
            raise bad_request("chat not found")
        chat.admit(self.bot, access)
        return chat

    def _pace(self, chat: Chat) -> None:
        if self.limits and (seconds := self.limits.seconds_asked(chat)):
            raise RefusedError(
                429, f"Too Many Requests: retry after {seconds}", retry_after=seconds
            )

    def _thread(self, call: Call, chat: Chat) -> int | None:
        """The topic that is named; only forums have any, private chats look for theirs."""
        thread = call.number("message_thread_id")
        if thread <= 0 or not (chat.is_forum or chat.kind == "private"):
            return None
        if thread not in chat.topics:
            raise bad_request("message thread not found")
        return thread

    def _replied(self, call: Call, chat: Chat) -> Message | None:
        given = call.params.get("reply_parameters") or {}
        number = given.get("message_id", 0)
        if not isinstance(number, int) or (given and "message_id" not in given):
            raise bad_request('field "message_id" must be of type Number')
        if number <= 0:
            return None
        try:
            return self._message(chat, number, "message to be replied")
        except RefusedError:
            if given.get("allow_sending_without_reply"):
                return None
            raise

    def _message(self, chat: Chat, number: int, what: str) -> Message:
        message = chat.messages.get(number)
        if message is None or message.is_deleted:
            raise bad_request(f"{what} not found")
        return message

    def _own(self, call: Call) -> Message:
        chat = self._chat(call, "edit")
        message = self._message(chat, call.number("message_id"), "message to edit")
        if not message.is_ours or chat.upgraded_to:
            raise bad_request("message can't be edited")
        return message


METHODS: Final[dict[str, Callable[[BotApi, Call], Awaitable[Any]]]] = {
    name.replace("_", ""): method
    for name, method in vars(BotApi).items()
    if not name.startswith("_") and iscoroutinefunction(method)
}
"""By their names in lower case: the real one does not mind capitals either."""


def _write(message: Message, call: Call, checked: Checked) -> None:
    message.text, message.entities = checked.text, checked.entities
    message.keyboard = checked.keyboard
    preview = call.params.get("link_preview_options") or {}
    message.shows_preview = not preview.get("is_disabled")


def _not_modified() -> RefusedError:
    return bad_request(
        "message is not modified: specified new message content and reply markup are exactly the"
        " same as a current content and reply markup of the message"
    )
