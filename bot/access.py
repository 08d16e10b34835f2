"""Which repositories a channel may read (invariant 8).

A chat's words come from many people, but are carried out with the rights of whoever runs the bot:
a token, git's credentials, the disk. So a channel reads what everybody may read, and what was
granted to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from analyzers.errors import RepositoryNotFound
from bot.ports import CommitSource
from bot.sources.locators import GitHubRepository, Locator

TERMINAL: Final = "terminal"
"""The channel of whoever runs the bot: it may read all that they may."""

MOST_COMMITS: Final = 500
"""Commits of a digest that a chat can ask for: more would be no digest, fill the channel, and use
up the forge's limits and the model's tokens for everybody."""

_GRANT: Final = re.compile(r"\s*([^\s=;]+)\s*=\s*([^\s=;]+(?:\s*,\s*[^\s=;,]+)*)\s*")


@dataclass(frozen=True, slots=True)
class Grants:
    """Private repositories that channels may read."""

    granted: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Patterns of repositories, each with patterns of channels."""

    @classmethod
    def parse(cls, text: str) -> Grants:
        """`acme/*=slack:T012/C345,telegram:-100123; other/repo=slack:*`, or nothing.

        Raises:
            ValueError: it is something else.
        """
        granted = []
        for part in filter(str.strip, text.split(";")):
            if not (found := _GRANT.fullmatch(part)):
                raise ValueError(part)
            channels = tuple(channel.strip() for channel in found[2].split(","))
            granted.append((found[1], channels))
        return cls(tuple(granted))

    def allow(self, channel: str, locator: Locator) -> bool:
        """Whether a channel was granted a repository."""
        place = locator.origin.casefold()
        return any(
            fnmatchcase(place, repository.casefold())
            and any(fnmatchcase(channel, pattern) for pattern in channels)
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
        except RepositoryNotFound as exc:
            raise refusal(channel, locator) from exc
        if not is_public:
            raise refusal(channel, locator)


def refusal(channel: str, locator: Locator) -> RepositoryNotFound:
    """What a channel is told of a repository that it may not see, or that is not there."""
    return RepositoryNotFound("error-not-granted", repository=locator.origin, channel=channel)


def most_commits(channel: str) -> int | None:
    """How many commits a digest that is asked for in a channel may have; None for any number."""
    return None if channel == TERMINAL else MOST_COMMITS
