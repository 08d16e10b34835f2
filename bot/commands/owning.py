"""Who owns the bot, which chats it serves and what they may read: the owner's commands."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final, final

from analyzers.errors import InputError
from analyzers.text import clean_line
from bot.access import TERMINAL, AllowedChats
from bot.commands.grammar import OWNERS, USAGE, Command, Name, parse
from bot.commands.scene import Scene
from bot.conversation import Answer, Asked, Person, named
from bot.sources.locators import GitHubRepository
from formatters.model import Page, Points, Prose
from formatters.text import words_for

if TYPE_CHECKING:
    from bot.app import Application

ATTEMPTS: Final = 5
"""Codes that one person can try within `FORGOTTEN`."""

FORGOTTEN: Final = timedelta(hours=1)
"""After how long they can try again."""

_REPOSITORIES: Final = re.compile(r"[\w.*-]+/[\w.*-]+", re.ASCII)
_CHANNELS: Final = re.compile(r"slack:[\w*]+/[\w*]+|telegram:[\d*-]+(?:/[\d*]+)?", re.ASCII)


@final
class Owning:
    """Answers `/owner`, `/allow`, `/disallow`, `/grant` and `/revoke`."""

    def __init__(self, app: Application) -> None:
        """Keep the owner's word in the application's stores."""
        self._app = app

    async def admits(self, asked: Asked) -> bool:
        """Whether a command is carried out in a chat that is not allowed.

        Raises:
            StoreError: nobody knows.
        """
        try:
            name = parse(asked.text, asked.prefix).name
        except InputError:
            return False
        if name is Name.OWNER:
            return asked.is_private and await self._may_try(asked)
        return name in OWNERS and await self.is_owner(asked.person, asked.channel)

    async def is_owner(self, person: Person, channel: str) -> bool:
        """Whether it is the owner who speaks in a channel, or whoever runs the bot in a terminal.

        Raises:
            StoreError: nobody knows.
        """
        who = named(person, channel)
        return channel == TERMINAL or (bool(who) and await self._app.access.is_owner(who))

    async def turned_away(self, asked: Asked) -> Answer:
        """What a chat is told that is not allowed: what the owner can do."""
        words = words_for(asked.person.language or self._app.settings.commitcast_language)
        said = words(
            "chat-closed",
            chat=_chat_of(asked.channel),
            prefix=asked.prefix,
            is_waited_for="yes" if asked.is_private and await self._may_try(asked) else "no",
        )
        return Answer(Page((Prose(said),)), words, private=True)

    async def answer(self, command: Command, asked: Asked, scene: Scene) -> Answer:
        """What the owner says, done.

        Raises:
            InputError: somebody else says it, or it means nothing.
        """
        if command.name is Name.OWNER:
            return await self._own(command, asked, scene)
        if not await self.is_owner(asked.person, asked.channel):
            raise InputError("error-not-owner")
        answers = {
            Name.ALLOW: self._allow,
            Name.DISALLOW: self._disallow,
            Name.GRANT: self._grant,
            Name.REVOKE: self._revoke,
        }
        return await answers[command.name](command, scene)

    async def _may_try(self, asked: Asked) -> bool:
        """Whether somebody can become the owner by a code."""
        who = named(asked.person, asked.channel)
        return (
            bool(who)
            and await self._app.access.is_inviting()
            and await self._app.rates.has_left("owner", who, ATTEMPTS)
        )

    async def _own(self, command: Command, asked: Asked, scene: Scene) -> Answer:
        who = named(asked.person, asked.channel)
        if not (asked.is_private and who and len(command.words) == 1):
            raise InputError("error-owner-what", command=scene.typed(USAGE[Name.OWNER]))
        if not await self._app.rates.take("owner", who, ATTEMPTS, FORGOTTEN):
            raise InputError("error-owner-attempts", n=ATTEMPTS)
        if not await self._app.access.claim(who, _chat_of(asked.channel), command.words[0]):
            raise InputError("error-owner-code")
        allow, grant = (scene.typed(USAGE[name]) for name in (Name.ALLOW, Name.GRANT))
        return _said("owner-welcome", scene, allow=allow, grant=grant)

    async def _allow(self, command: Command, scene: Scene) -> Answer:
        chat = _chat(command, scene)
        await self._app.access.allow(chat)
        return _said("chat-allowed", scene, chat=chat)

    async def _disallow(self, command: Command, scene: Scene) -> Answer:
        chat = _chat(command, scene)
        await self._app.access.disallow(chat)
        if await self._app.access.admits(chat):
            raise InputError("error-still-allowed", chat=chat)
        return _said("chat-disallowed", scene, chat=chat)

    async def _grant(self, command: Command, scene: Scene) -> Answer:
        if not command.words:
            return await self._listed(scene)
        repository, channel = self._granted(command, scene)
        await self._app.access.grant(channel, repository)
        return _said("granted", scene, repository=repository, channel=channel)

    async def _revoke(self, command: Command, scene: Scene) -> Answer:
        repository, channel = self._granted(command, scene)
        was_granted = await self._app.access.revoke(channel, repository)
        grants = await self._app.access.grants(channel)
        if grants.allow(channel, GitHubRepository(repository)) or not was_granted:
            raise InputError("error-not-revoked", repository=repository, channel=channel)
        return _said("revoked", scene, repository=repository, channel=channel)

    async def _listed(self, scene: Scene) -> Answer:
        """What is allowed and granted, whether by the owner or by the settings."""
        words, access = scene.words, self._app.access
        chats = sorted((await access.chats()).patterns)
        grants = (await access.grants("")).granted
        pairs = sorted({(repository, channel) for repository, to in grants for channel in to})
        allowed = Points(words("chats-title"), tuple(f"`{chat}`" for chat in chats))
        granted = Points(words("grants-title"), tuple(f"`{r}` → `{c}`" for r, c in pairs))
        blocks = tuple(block for block in (allowed, granted) if block.items)
        return Answer(Page(blocks or (Prose(words("grants-none")),)), words, private=True)

    def _granted(self, command: Command, scene: Scene) -> tuple[str, str]:
        """Which repositories are meant, and which channels: by default the one where it is said.

        What git is pointed at, folders and other hosts, only settings can grant: a chat's account
        is more easily lost than the machine.
        """
        if not command.words:
            raise InputError("error-grant-what", command=scene.typed(USAGE[command.name]))
        typed, *more = command.words
        channel = more[0] if more else scene.channel
        is_pattern = "*" in typed and _REPOSITORIES.fullmatch(typed)
        locator = GitHubRepository(typed) if is_pattern else self._app.locate(typed, scene.channel)
        known = isinstance(locator, GitHubRepository) and _CHANNELS.fullmatch(channel)
        if not known or len(more) > 1:
            raise InputError("error-grant-what", command=scene.typed(USAGE[command.name]))
        return locator.address.casefold(), channel


def _said(code: str, scene: Scene, **details: str) -> Answer:
    return Answer(Page((Prose(scene.words(code, **details)),)), scene.words, private=True)


def _chat(command: Command, scene: Scene) -> str:
    """The chat that is meant, or a pattern of chats: by default the one where it is said."""
    chat = command.words[0] if command.words else _chat_of(scene.channel)
    try:
        patterns = AllowedChats.parse(chat).patterns
    except ValueError:
        patterns = frozenset()
    if patterns != {chat} or len(command.words) > 1:
        command_line = scene.typed(USAGE[command.name])
        raise InputError("error-allow-what", value=clean_line(chat), command=command_line)
    return chat


def _chat_of(channel: str) -> str:
    """The chat that a channel is, or is a topic of: on Telegram a chat is allowed as a whole."""
    return channel.partition("/")[0] if channel.startswith("telegram:") else channel
