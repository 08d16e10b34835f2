"""The people on Telegram: what they say and press, and what becomes of their chats."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from tests.servers.telegram_chats import (
    ANONYMOUS,
    IN_CHANNELS_NAME,
    Chat,
    Json,
    Kind,
    Status,
    Topic,
    User,
)
from tests.servers.telegram_messages import Message, Press, entities_of
from tests.servers.telegram_updates import Updates

ROLES: dict[Kind, Status] = {
    "private": "member",
    "group": "member",
    "supergroup": "member",
    "channel": "administrator",
}
"""What a bot is in a chat where nothing else was settled."""


class People:
    """Everybody and everything there is; what a bot may know of it goes to `updates`."""

    def __init__(self) -> None:
        """Nobody but the bot."""
        self.updates = Updates()
        self.bot = User(7_000_000_001, "Commitcast", username="commitcast_bot", is_bot=True)
        self.reads_everything = False
        """Whether the bot's privacy mode is off: it gets everything that is said in groups."""
        self.joins_groups = True
        """Whether it can be added to groups."""
        self.users = {user.id: user for user in (self.bot, ANONYMOUS, IN_CHANNELS_NAME)}
        self.chats: dict[int, Chat] = {}
        self.presses: dict[str, Press] = {}
        self._numbers = count(1)
        self._message_ids = count(101)
        self._own_message_ids: dict[int, count[int]] = {}

    def person(self, first_name: str = "Ada", language: str = "en") -> User:
        """Somebody new. Ids take more than 32 bits."""
        user = User(7_100_000_000 + next(self._numbers), first_name, language)
        self.users[user.id] = user
        return user

    def private(self, user: User) -> Chat:
        """The chat of this person and the bot, which they have started."""
        if user.id not in self.chats:
            members: dict[User, Status] = {user: "member", self.bot: "member"}
            self.chats[user.id] = Chat(user.id, "private", user.first_name, members=members)
        return self.chats[user.id]

    def chat(
        self,
        kind: Kind,
        title: str = "Team",
        *,
        bot: Status | None = None,
        is_forum: bool = False,
        **members: Status,
    ) -> Chat:
        """A new group, supergroup or channel with the bot in it.

        Args:
            bot: what the bot is in it: a member, in a channel an administrator.
            members: new people by their first names; `member` finds them.
        """
        number = next(self._numbers)
        number = -4_000_000_000 - number if kind == "group" else -1_002_000_000_000 - number
        chat = Chat(number, kind, title, is_forum=is_forum)
        chat.members = {self.person(name.title()): status for name, status in members.items()}
        chat.members[self.bot] = bot or ROLES[kind]
        self.chats[chat.id] = chat
        return chat

    def member(self, chat: Chat, status: Status) -> User:
        """Somebody who is this in a chat, a new person if need be."""
        for user, theirs in chat.members.items():
            if theirs == status and not user.is_bot:
                return user
        user = self.person(status.title())
        chat.members[user] = status
        return user

    def put(self, chat: Chat, **values: Any) -> Message:
        """A new message in a chat, of which nobody is told."""
        numbers = self._message_ids  # private chats and groups share one row of numbers
        if chat.kind in ("supergroup", "channel"):
            numbers = self._own_message_ids.setdefault(chat.id, count(2))
        message = Message(next(numbers), chat, **values)
        chat.messages[message.id] = message
        return message

    async def say(
        self,
        chat: Chat,
        user: User | None,
        text: str,
        *,
        thread: int | None = None,
        reply_to: Message | None = None,
        as_channel: Chat | None = None,
    ) -> Message:
        """Let somebody say something.

        Args:
            user: None for a post of a channel, and for an administrator who speaks as the group.
            as_channel: a channel of theirs in whose name they speak in a group.
        """
        sender_chat = as_channel or (chat if user is None else None)
        if sender_chat and chat.kind != "channel":
            user = IN_CHANNELS_NAME if as_channel else ANONYMOUS
        if reply_to and thread is None:
            outside = None if chat.is_forum else reply_to.id
            thread = (reply_to.thread or outside) if chat.kind == "supergroup" else None
        said = self.put(chat, text=text, user=user, thread=thread, reply_to=reply_to)
        said.sender_chat, said.entities = sender_chat, entities_of(text)
        await self._tell("channel_post" if chat.kind == "channel" else "message", said)
        return said

    async def correct(self, message: Message, text: str) -> None:
        """Let whoever said something change it."""
        message.versions.append(message.text)
        message.text, message.entities = text, entities_of(text)
        message.edited_at = int(time.time())
        is_post = message.chat.kind == "channel"
        await self._tell("edited_channel_post" if is_post else "edited_message", message)

    async def forward_post(self, post: Message, group: Chat) -> Message:
        """Repeat a channel's post in the group where it is discussed, as Telegram itself does."""
        telegram = self.users.setdefault(777000, User(777000, "Telegram"))
        copy = self.put(group, text=post.text, entities=post.entities, user=telegram)
        copy.sender_chat = post.chat
        origin: Json = {"type": "channel", "chat": post.chat.json()}
        origin |= {"message_id": post.id, "date": post.date}
        told = {"is_automatic_forward": True, "forward_origin": origin}
        await self.updates.add("message", copy.json() | told)
        return copy

    async def press(
        self, message: Message, button: str, user: User, *, is_inaccessible: bool = False
    ) -> Press:
        """Press a button.

        Args:
            button: its label; anything else is sent as a forged token.
            is_inaccessible: whether the bot is told no more of the message than its number.
        """
        buttons = (one for row in message.keyboard for one in row)
        labels = {one["text"]: one["callback_data"] for one in reversed(list(buttons))}
        pressed = Press(
            str(4_000_000_000_000_000_000 + next(self._numbers)),
            user,
            message,
            labels.get(button, button),
        )
        self.presses[pressed.id] = pressed
        await self.updates.add("callback_query", pressed.json(is_inaccessible=is_inaccessible))
        return pressed

    async def topic(self, forum: Chat, name: str) -> int:
        """A new topic; its number."""
        creator = self.member(forum, "creator")
        service = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        opened = self.put(forum, user=creator, service=service)
        opened.thread = opened.id
        forum.topics[opened.id] = Topic(name)
        await self._tell("message", opened)
        return opened.id

    def delete_topic(self, forum: Chat, topic: int) -> None:
        """Let an administrator delete a topic, with everything that was said in it."""
        del forum.topics[topic]
        for message in forum.messages.values():
            message.is_deleted |= message.thread == topic

    async def upgrade(self, group: Chat, *, is_told: bool = True) -> Chat:
        """Make a supergroup of a group: another chat, in which messages have other numbers.

        Args:
            is_told: whether the bot gets the two messages that tell of it.
        """
        after = self.chat("supergroup", group.title)
        after.members = dict(group.members)
        group.upgraded_to = after
        user = self.member(after, "creator")
        services = (
            (group, {"migrate_to_chat_id": after.id}),
            (after, {"migrate_from_chat_id": group.id}),
        )
        for chat, service in services:
            message = self.put(chat, user=user, service=service)
            if is_told:
                await self.updates.add("message", message.json())
        return after

    async def change(self, chat: Chat, user: User, status: Status, by: User | None = None) -> None:
        """Let somebody become another kind of member; `kicked` in a private chat blocks the bot."""
        if chat.kind == "private":  # a bot is told of its own membership
            user, by, about = self.bot, user, user
        else:
            about = user
        before = chat.member_json(about) | {"user": user.json()}
        chat.members[about] = status
        after = chat.member_json(about) | {"user": user.json()}
        by = by or self.member(chat, "creator")
        told: Json = {"chat": chat.json(), "from": by.json(), "date": int(time.time())}
        told |= {"old_chat_member": before, "new_chat_member": after}
        await self.updates.add("my_chat_member" if user is self.bot else "chat_member", told)

    async def until(self, holds: Callable[[], object], *, within: float = 20) -> None:
        """Wait for something to become true, of this server or of anything else."""
        async with asyncio.timeout(within):
            while not holds():
                await asyncio.sleep(0.005)

    async def _tell(self, kind: str, message: Message) -> None:
        if self._reaches(message):
            await self.updates.add(kind, message.json())

    def _reaches(self, message: Message) -> bool:
        """Whether the bot gets what somebody said."""
        chat, bot = message.chat, self.bot
        if not chat.has(bot) or chat.upgraded_to:
            return False
        if chat.kind in ("private", "channel") or message.service:
            return True
        if chat.is_led_by(bot) or self.reads_everything:
            return True
        to_bot = message.reply_to is not None and message.reply_to.is_ours
        others = [command.partition("@")[2] for command in message.marked("bot_command")]
        mentions = (mention[1:] for mention in message.marked("mention"))
        called = [*others, *mentions]
        return to_bot or any(name.lower() in ("", bot.username) for name in called)
