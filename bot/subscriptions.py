"""What a channel follows, and how: plain data. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

from analyzers.model import Importance


@dataclass(frozen=True, slots=True)
class Filters:
    """Which commits of a repository are wanted.

    A pattern that starts with `-` excludes. Without one that takes in, all are taken in that none
    excludes.
    """

    branches: tuple[str, ...] = ()
    """Patterns of branches, see `bot.globs.branch_glob`; none at all is the default branch."""
    paths: tuple[str, ...] = ()
    """Patterns of paths, see `bot.globs.path_glob`: one file that is selected is enough."""
    authors: tuple[str, ...] = ()
    """Patterns of authors' names or addresses, see `bot.filters`; `bots` is all automation."""
    minimum: Importance = Importance.LOW
    """Commits of less importance are not shown."""
    first_parent: bool = False
    """Show what landed on the branches themselves: what a merge brings in is only counted."""


BOTS: Final = "bots"
"""The pattern of authors that stands for all automation."""

EVERYTHING: Final = Filters()
"""Every commit of the default branch."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A repository that a channel follows. A channel follows one only once."""

    channel: str
    """Who follows it, as `bot.conversation.Asked.channel` names it."""
    repository: str
    """What is followed, as `bot.sources.locators.parse_repository` reads it."""
    filters: Filters
    """Which of its commits are wanted."""
    at: time
    """When a digest is due, by the clocks of `zone`; to the minute."""
    zone: str
    """The IANA zone of `at`, and of the digest's days."""
    days: tuple[int, ...]
    """On which days of the week, in order; 0 is Monday. None at all for one that is only posted by
    `commitcast post`."""
    language: str
    """The language of its digests (BCP 47)."""
    made_by: str
    """The id of the person who made it; empty where the platform does not tell."""
    made_at: datetime
    """When it was made, in UTC."""
    tells_quiet_days: bool = False
    """Whether a line is posted on a day without news."""

    @property
    def key(self) -> str:
        """What tells the subscriptions of a channel apart: forges ignore the case of names."""
        return key_of(self.repository)


def key_of(repository: str) -> str:
    """`Subscription.key` of a repository."""
    return repository.casefold()


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What holds in a chat where a command says nothing else."""

    at: time
    """When digests are due."""
    zone: str
    """The IANA zone that days and times are told in."""
    days: tuple[int, ...]
    """On which days of the week digests are due; 0 is Monday."""
    language: str
    """What the chat is written to in (BCP 47)."""
    minimum: Importance
    """The least importance that is shown."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """A chat's own settings; where one is None, the process's holds."""

    at: time | None = None
    """When digests are due."""
    zone: str | None = None
    """The IANA zone that days and times are told in."""
    days: tuple[int, ...] | None = None
    """On which days of the week digests are due; 0 is Monday."""
    language: str | None = None
    """What the chat is written to in (BCP 47)."""
    minimum: Importance | None = None
    """The least importance that is shown."""

    def over(self, process: ChatSettings) -> ChatSettings:
        """These where they say something, otherwise the process's."""
        return ChatSettings(
            at=process.at if self.at is None else self.at,
            zone=self.zone or process.zone,
            days=self.days or process.days,
            language=self.language or process.language,
            minimum=self.minimum or process.minimum,
        )

    def updated(self, later: Defaults) -> Defaults:
        """These, but for what `later` says."""
        return Defaults(
            at=self.at if later.at is None else later.at,
            zone=self.zone if later.zone is None else later.zone,
            days=self.days if later.days is None else later.days,
            language=self.language if later.language is None else later.language,
            minimum=self.minimum if later.minimum is None else later.minimum,
        )
