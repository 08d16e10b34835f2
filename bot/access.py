"""Which chats are served, and which repositories a channel may read (invariant 8).

A chat's words come from many people, but are carried out with the rights of whoever runs the bot:
a token, git's credentials, the disk. So a channel reads what everybody may read, and what was
granted to it. On Telegram anybody finds a bot and can write to it, so a chat there is served only
if somebody has allowed it.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from analyzers.errors import RepositoryNotFound, RevisionNotFound, SourceError
from analyzers.text import clean_line
from bot.ports import CommitSource
from bot.sources.locators import Folder, GitHubRepository, GitUrl, Locator, without_userinfo

TERMINAL: Final = "terminal"
"""The channel of whoever runs the bot: it may read all that they may."""

HIDDEN: Final = {
    "error-github-repository-not-found",
    "error-github-forbidden",
    "error-github-sso",
    "error-github-legal",
}
"""Answers of GitHub that tell of a repository whether it exists."""

MOST_COMMITS: Final = 500
"""Commits of a digest that a chat can ask for: more would be no digest, fill the channel, and use
up the forge's limits and the model's tokens for everybody."""

_log = logging.getLogger(__name__)

_CHAT: Final = re.compile(r"\*|slack:[\w*]+(?:/[\w*]+)?|telegram:[\d*-]+(?:/[\d*]+)?", re.ASCII)

_GRANT: Final = re.compile(r"\s*([^\s=;]+)\s*=\s*([^\s=;]+(?:\s*,\s*[^\s=;,]+)*)\s*")


@dataclass(frozen=True, slots=True)
class AllowedChats:
    """Patterns of the chats that are served. Who allows a chat allows its topics, who allows a
    workspace its channels."""

    patterns: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> AllowedChats:
        """`telegram:-100123, slack:T012/C*`, with commas or spaces between, `*` for every chat, or
        nothing.

        Raises:
            ValueError: it is something else.
        """
        found = frozenset(filter(None, re.split(r"[\s,]+", text)))
        for pattern in found:
            if not _CHAT.fullmatch(pattern):
                raise ValueError(pattern)
        return cls(found)

    def admit(self, channel: str) -> bool:
        """Whether a channel is served."""
        if channel == TERMINAL or "*" in self.patterns:
            return True
        chat = channel.partition("/")[0]
        if channel in self.patterns or chat in self.patterns:
            return True
        return any(
            _matches(name, pattern)
            for pattern in self.patterns
            if "*" in pattern
            for name in (channel, chat)
        )

    def opening(self, platform: str) -> AllowedChats:
        """These, and all chats of a platform of which these name none."""
        if any(pattern.startswith(f"{platform}:") for pattern in self.patterns):
            return self
        return AllowedChats(self.patterns | {f"{platform}:*"})


@dataclass(frozen=True, slots=True)
class Grants:
    """Private repositories that channels may read."""

    granted: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Patterns of repositories, each with patterns of channels."""

    @classmethod
    def parse(cls, text: str) -> Grants:
        """`acme/*=slack:T012/C345,telegram:-100123; other/repo=slack:*/*`, or nothing.

        Raises:
            ValueError: it is something else.
        """
        if clean_line(text) != " ".join(text.split()):
            raise ValueError(text)  # copied with characters that are not seen
        granted = []
        for part in filter(str.strip, text.split(";")):
            if not (found := _GRANT.fullmatch(part)):
                raise ValueError(part)
            channels = tuple(channel.strip() for channel in found[2].split(","))
            granted.append((found[1], channels))
        return cls(tuple(granted))

    def granting(self, channel: str, locator: Locator) -> Grants:
        """These, and one more: whoever runs the bot names both."""
        place = _place(locator)
        return self if place is None else self.and_also(Grants(((place, (channel,)),)))

    def and_also(self, others: Grants) -> Grants:
        """These and others."""
        return Grants((*self.granted, *others.granted))

    def allow(self, channel: str, locator: Locator) -> bool:
        """Whether a channel was granted a repository."""
        place = _place(locator)
        return place is not None and any(
            _matches(place, _folded(repository, locator))
            and any(_matches(channel, pattern) for pattern in channels)
            for repository, channels in self.granted
        )

    def require_askable(self, channel: str, locator: Locator) -> None:
        """Refuse what a channel may not even make us look for: folders of this machine, and
        addresses that git would be sent to.

        Raises:
            RepositoryNotFound: it is no repository of the GitHub host, and was not granted.
        """
        if channel == TERMINAL or isinstance(locator, GitHubRepository):
            return
        if not self.allow(channel, locator):
            raise refusal(channel, locator)

    async def require_readable(self, channel: str, locator: Locator, source: CommitSource) -> None:
        """Refuse a private repository that was not granted.

        Raises:
            RepositoryNotFound: in the words that a repository that does not exist is refused in,
                so that nobody learns which private ones there are.
        """
        if channel == TERMINAL or self.allow(channel, locator):
            return
        try:
            is_public = await source.is_public()
        except SourceError as exc:
            if exc.code not in HIDDEN:
                raise
            _log.info("%s is refused to %s: %s", locator.origin, channel, exc)
            raise refusal(channel, locator) from exc
        if not is_public:
            raise refusal(channel, locator)

    async def require_own(
        self, channel: str, locator: Locator, source: CommitSource, name: str
    ) -> None:
        """Refuse a commit that is shown under a public repository's name and belongs to another
        one, which may be private.

        Args:
            channel: who asks.
            locator: the repository.
            source: the same, opened; it is readable.
            name: what the commit was called.

        Raises:
            RevisionNotFound: it has no such commit, or none of its own.
        """
        if channel == TERMINAL or self.allow(channel, locator):
            return
        sha = await source.resolve(name)
        if not await source.leads_to(name, sha):
            told = clean_line(name)
            raise RevisionNotFound("error-commit-elsewhere", name=told, repository=locator.origin)


def _place(locator: Locator) -> str | None:
    """Where a repository really is; None where its name may lead elsewhere."""
    match locator:
        case Folder(path):
            return str(path.resolve())
        case GitHubRepository(owner_name):
            place = owner_name
        case GitUrl():
            place = without_userinfo(locator.address)
    plain = unquote(unquote(unquote(place)))
    if any(part in (".", "..") for part in re.split(r"[/\\:]", plain)):
        return None
    return _folded(place, locator)


def _folded(place: str, locator: Locator) -> str:
    """A name or pattern in lower case as far as case means nothing there."""
    match locator:
        case Folder():
            return place.rstrip("/")
        case GitHubRepository():
            return place.casefold()
        case GitUrl():
            host = re.match(r"(?:[\w+.-]+://)?[^/:]*", place)
            end = host.end() if host else 0
            return place[:end].casefold() + place[end:]


def _matches(name: str, pattern: str) -> bool:
    """Whether a pattern stands for a name; `*` for anything without a slash or colon."""
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", "[^/:]*"), name))


def refusal(channel: str, locator: Locator) -> RepositoryNotFound:
    """What a channel is told of a repository that it may not see, or that is not there."""
    return RepositoryNotFound("error-not-granted", repository=locator.origin, channel=channel)


def most_commits(channel: str) -> int | None:
    """How many commits a digest that is asked for in a channel may have; None for any number."""
    return None if channel == TERMINAL else MOST_COMMITS
