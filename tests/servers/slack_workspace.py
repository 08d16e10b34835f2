"""A Slack workspace with one app in it: people, channels, messages, and what the app may do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bot.chats.slack_manifest import SCOPES, UNFURL_SCOPES
from tests.slack_rules import texts_of

Json = dict[str, Any]

TEAM = "T012ACME"
ORGANISATION = "E012ACME"
DOMAIN = "acme"
APP = "A012CAST"
BOT = "B012CAST"
BOT_USER = "U012CAST"
BOT_NAME = "commitcast"

TRIGGER_LIVES = 3.0
"""Seconds in which a `trigger_id` opens a view."""


@dataclass
class App:
    """The app as its owner sees it; a test may change anything at any time."""

    bot_token: str = "xoxb-012-345-a-bot-token"
    app_token: str = "xapp-1-A012CAST-012-an-app-token"
    signing_secret: str = "8f742231b10e8888abcd99yyyzzz85a5"
    scopes: set[str] = field(default_factory=lambda: {*SCOPES, *UNFURL_SCOPES})
    """What the bot's token may do: by default what the manifest asks for."""
    is_org_wide: bool = False
    """Whether a whole organisation installed the app, and not one workspace."""
    dead: str = ""
    """The error that every token gets, for example `token_revoked`; empty while they live."""


@dataclass
class User:
    """Somebody in the workspace."""

    id: str
    name: str
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_bot: bool = False
    is_stranger: bool = False
    """Whether they belong to another workspace, seen through a shared channel."""
    deleted: bool = False
    locale: str = "en-US"

    @property
    def team(self) -> str:
        return "T034OTHER" if self.is_stranger else TEAM

    def json(self) -> Json:
        names = "is_admin is_owner is_restricted is_ultra_restricted is_bot is_stranger deleted"
        return {
            "id": self.id,
            "team_id": self.team,
            "name": self.name,
            "real_name": f"{self.name.title()} Example",
            "tz": "Europe/Amsterdam",
            "profile": {"real_name": f"{self.name.title()} Example", "display_name": self.name},
            "is_primary_owner": False,
            "is_app_user": False,
            **{name: getattr(self, name) for name in names.split()},
        }


@dataclass
class Channel:
    """A channel, or the direct messages of one person and the bot."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    """The ids of those in it, the bot's among them where it was invited."""
    is_private: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_im: bool = False
    is_mpim: bool = False

    @property
    def family(self) -> str:
        """What the scopes for it start with."""
        if self.is_im or self.is_mpim:
            return "im" if self.is_im else "mpim"
        return "groups" if self.is_private else "channels"

    @property
    def shown_name(self) -> str:
        """Its name as slash commands tell it."""
        private = "privategroup" if self.is_private else self.name
        return "directmessage" if self.is_im else private

    def json(self) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "is_channel": self.family == "channels",
            "is_group": self.family == "groups",
            "is_im": self.is_im,
            "is_mpim": self.is_mpim,
            "is_private": self.family != "channels",
            "is_archived": self.is_archived,
            "is_ext_shared": self.is_ext_shared,
            "is_pending_ext_shared": False,
            "is_member": BOT_USER in self.members,
            "context_team_id": TEAM,
        }


@dataclass
class File:
    """A file, from the moment that an upload was announced."""

    id: str
    name: str
    length: int
    title: str = ""
    content: bytes | None = None
    """None until it was uploaded."""
    is_complete: bool = False


@dataclass
class Message:
    """A message, or something that only one person was shown."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    """The parent whose thread it is in; None for a message of the channel itself."""
    bot_id: str | None = None
    subtype: str | None = None
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    files: list[File] = field(default_factory=list)
    unfurls: dict[str, Json] = field(default_factory=dict)
    """What was added to its links, by address."""
    only_for: str | None = None
    """The one person who sees it; None when all members do."""
    arguments: Json = field(default_factory=dict)
    """What it was posted with, as it came."""
    versions: list[tuple[str, list[Json]]] = field(default_factory=list)
    """Text and blocks before each edit, the first version first."""
    edited_at: str | None = None
    is_deleted: bool = False

    @property
    def texts(self) -> list[str]:
        """Everything that a reader sees or hears of it."""
        return [self.text, *texts_of(self.blocks)]

    @property
    def controls(self) -> list[tuple[Json, Json]]:
        """Every button and menu, each with the block that it stands in."""
        found = []
        for block in self.blocks:
            elements = [*block.get("elements", ()), block.get("accessory") or {}]
            found += [(block, element) for element in elements if "action_id" in element]
        return found

    def json(self, replies: Iterable[Message] = (), *, with_metadata: bool = False) -> Json:
        """How Slack tells of it."""
        found: Json = {"type": "message", "user": self.user, "ts": self.ts, "text": self.text}
        found |= {"team": TEAM, "blocks": self.blocks}
        if self.bot_id:
            found |= {"bot_id": self.bot_id, "app_id": APP}
        optional = {
            "subtype": self.subtype,
            "thread_ts": self.thread_ts,
            "attachments": self.attachments,
            "files": [{"id": f.id, "name": f.name, "title": f.title} for f in self.files],
            "edited": self.edited_at and {"user": self.user, "ts": self.edited_at},
            "metadata": self.metadata if with_metadata else None,
        }
        found |= {name: value for name, value in optional.items() if value}
        if replies := list(replies):
            found |= {"thread_ts": self.ts, "reply_count": len(replies)}
            found |= {"latest_reply": replies[-1].ts}
        return found


@dataclass
class Link:
    """Links that somebody posted, or is about to post, and that the app was told of."""

    channel: str
    ts: str
    urls: list[str]
    source: str
    acked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the app has acknowledged that it was told."""
    unfurls: dict[str, Json] = field(default_factory=dict)
    """What the app added, by address."""


class Workspace:
    """Everything there is in it. From the start Ada (U1) and Bob (U2) share #general (C1) with the
    bot."""

    def __init__(self) -> None:
        """As new."""
        self.app = App()
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: list[Message] = []
        """All messages ever, also what one person alone was shown, in the order of their coming."""
        self.files: dict[str, File] = {}
        self.views: list[Json] = []
        """The modal views that were opened."""
        self.triggers: dict[str, float] = {}
        """When each unused `trigger_id` was given out."""
        self.links: dict[str, Link] = {}
        """By `unfurl_id`."""
        self.numbers = count(1)
        self._ahead = 0.0
        self._last_ts = 0.0
        self.add_user(BOT_USER, BOT_NAME, is_bot=True)
        self.add_user("U1", "ada")
        self.add_user("U2", "bob")
        self.add_channel("C1", "general")

    def now(self) -> float:
        """The time in the workspace, in seconds since 1970."""
        return time.time() + self._ahead

    def pass_time(self, *, minutes: float) -> None:
        """Let the workspace be so much later at once."""
        self._ahead += minutes * 60

    def new_ts(self) -> str:
        """The id of a message that comes now: later than any other's."""
        self._last_ts = max(self.now(), self._last_ts + 0.000_1)
        return f"{self._last_ts:.6f}"

    def new_trigger(self) -> str:
        """A `trigger_id`."""
        trigger = f"{next(self.numbers)}.{TEAM.lower()}.0123456789abcdef"
        self.triggers[trigger] = self.now()
        return trigger

    def add_user(self, user: str, name: str, **traits: Any) -> User:
        """Somebody new."""
        self.users[user] = User(user, name, **traits)
        return self.users[user]

    def add_channel(
        self, channel: str, name: str, *, members: Iterable[str] | None = None, **traits: bool
    ) -> Channel:
        """A new channel, with everybody in it unless `members` says otherwise."""
        everybody = self.users if members is None else members
        self.channels[channel] = Channel(channel, name, set(everybody), **traits)
        return self.channels[channel]

    def direct_messages(self, user: str) -> Channel:
        """Those of a person with the bot."""
        channel = f"D{user}"
        if channel not in self.channels:
            self.add_channel(channel, "", members={user, BOT_USER}, is_im=True)
        return self.channels[channel]

    def say(self, channel: str, user: str, text: str, thread: str | None = None) -> Message:
        """Let somebody post a text, as Slack keeps it (escaped, addresses between < and >)."""
        message = Message(channel, self.new_ts(), user, text, thread_ts=thread)
        self.messages.append(message)
        return message

    def find(self, channel: str, ts: str | None) -> Message | None:
        """A message that members see."""
        return next((m for m in self.visible(channel) if m.ts == ts), None)

    def visible(self, channel: str) -> list[Message]:
        """What members see in a channel and its threads, in the order of posting."""
        return [
            m
            for m in self.messages
            if m.channel == channel and m.only_for is None and not m.is_deleted
        ]

    def posted(self, channel: str) -> list[Message]:
        """What the bot has to show for itself in a channel and its threads."""
        return [m for m in self.visible(channel) if m.bot_id == BOT]

    def replies(self, message: Message) -> list[Message]:
        """The thread of a message, without the message."""
        return [m for m in self.visible(message.channel) if m.thread_ts == message.ts]

    def ephemerals(self, user: str, channel: str | None = None) -> list[Message]:
        """What this person alone was shown and has not lost since."""
        return [
            m
            for m in self.messages
            if m.only_for == user and channel in (None, m.channel) and not m.is_deleted
        ]

    def shares(self) -> Iterator[tuple[Message, File]]:
        """The files that members see, each with its message."""
        for message in self.messages:
            if not message.is_deleted:
                yield from ((message, file) for file in message.files)
