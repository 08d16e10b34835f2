"""What was delivered to a channel: the only commits that can be expanded there."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime

from analyzers.model import LeftOut, Span
from formatters.model import Page


@dataclass(frozen=True, slots=True)
class Delivered:
    """A digest that a channel got."""

    id: str
    """Stands in its buttons; cannot be guessed."""
    repository: str
    """Where its commits are, as `bot.sources.locators.parse_repository` reads it."""
    branch: str
    """What the digest called its branch."""
    head: str
    """The commit that the branch ended in."""
    span: Span
    """What it covers."""
    zone: str
    """The IANA zone that its readers' instants are in."""
    language: str
    """The language of its analyses (BCP 47)."""
    left_out: tuple[tuple[LeftOut, int], ...]
    """What the filters kept from it."""
    page: Page
    """What was shown: a message that was expanded folds back to it."""
    at: datetime
    """When it was made, in UTC."""
    messages: tuple[str, ...] = ()
    """The ids of the messages that show it, once they are sent."""

    @property
    def shas(self) -> tuple[str, ...]:
        """The full names of its commits; number 1 is the first."""
        return tuple(row.sha for row in self.page.rows)

    @property
    def branches(self) -> dict[str, str]:
        """The branch of each commit, by its full name; empty where there is only one."""
        return {row.sha: row.branch for row in self.page.rows}


def new_id() -> str:
    """An id for a digest: 72 bits of chance in 12 characters."""
    return secrets.token_urlsafe(9)


class DeliveredDigests(ABC):
    """Remembers delivered digests, for about a year. Every method may raise `StoreError`."""

    @abstractmethod
    async def put(self, channel: str, digest: Delivered) -> None:
        """Remember a digest of a channel, or what has changed of it."""

    @abstractmethod
    async def get(self, channel: str, digest_id: str) -> Delivered | None:
        """The digest of that id, if this channel got it."""

    @abstractmethod
    def newest(self, channel: str) -> AsyncGenerator[Delivered]:
        """The digests of a channel, the newest first; as many as a year of one repository has.

        A reader that may stop early closes it (`contextlib.aclosing`).
        """

    @abstractmethod
    async def drop(self, channel: str, digest_id: str) -> None:
        """Forget a digest: nobody was shown it."""

    @abstractmethod
    async def move(self, before: str, after: str) -> None:
        """Give a channel's digests to the channel that it has become, where its messages have
        other ids."""
