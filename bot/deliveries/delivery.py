"""What was delivered to a channel: the only commits that can be expanded there."""

from __future__ import annotations

import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from analyzers.grouping import placed
from analyzers.model import Digest, LeftOut, Placed, Remark, Span
from formatters.model import Page
from formatters.pages import digest_page
from formatters.text import words_for

_OBJECT_NAME: Final = re.compile(r"[0-9a-f]{7,64}")


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
    """The ids of the messages that show it, once they are sent; empty for one whose id nobody
    knows."""
    is_growing: bool = False
    """Whether one more message is under way that its page has grown into: until its id is noted,
    nobody knows whether it has arrived."""
    groups: tuple[Placed, ...] = ()
    """Which commits stand together: numbers stay when a digest is laid out anew."""
    remarks: tuple[Remark, ...] = ()
    """What it said of the history itself."""
    unfinished: tuple[str, ...] = ()
    """The full names of the commits that the rules analysed because the model failed."""
    reverts: tuple[tuple[str, str], ...] = ()
    """Names of commits, maybe short, that commits of this digest revert, each with the full name
    of the one that does; until they are marked where they were posted."""
    reverted: tuple[tuple[str, str], ...] = ()
    """The full names of its commits that were reverted later, each with the commit that did."""

    @property
    def needs_repair(self) -> bool:
        """Whether something that is shown is to be said better, here or in an earlier digest."""
        return bool(self.messages and (self.unfinished or self.reverts))

    @property
    def known_messages(self) -> tuple[str, ...]:
        """The ids that are known."""
        return tuple(filter(None, self.messages))

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


def record_of(digest: Digest, repository: str, zone: str, page: Page | None = None) -> Delivered:
    """The record of a digest that is about to be delivered.

    Args:
        digest: what was made.
        repository: where its commits are, as for `Delivered.repository`.
        zone: the IANA zone that its readers' instants are in.
        page: what to show; None is the digest's usual page.
    """
    digest_id = new_id()
    page = page or digest_page(digest, words_for(digest.language))
    return Delivered(
        id=digest_id,
        repository=repository,
        branch=digest.branch,
        head=digest.head,
        span=digest.span,
        zone=zone,
        language=digest.language,
        left_out=digest.left_out,
        page=replace(page, digest=digest_id),
        at=digest.generated_at,
        groups=placed(digest.groups),
        remarks=digest.remarks,
        reverts=tuple(_reverts(digest)),
        unfinished=tuple(
            entry.commit.sha for entry in digest.entries if entry.analysis.is_provisional
        ),
    )


def _reverts(digest: Digest) -> Iterator[tuple[str, str]]:
    for entry in digest.entries:
        reverted = entry.analysis.facts.reverts or ""
        if _OBJECT_NAME.fullmatch(reverted):  # it may also be a title
            yield reverted, entry.commit.sha


class DeliveredDigests(ABC):
    """Remembers delivered digests, for about a year. Every method may raise `StoreError`."""

    @abstractmethod
    async def put(self, channel: str, digest: Delivered, *, is_planned: bool = False) -> None:
        """Remember a digest of a channel, or what has changed of it.

        Args:
            channel: who is shown it.
            digest: what is shown.
            is_planned: whether it is still to be sent: until it has messages, no store forgets it,
                however full.
        """

    @abstractmethod
    async def get(self, channel: str, digest_id: str) -> Delivered | None:
        """The digest of that id, if this channel got it."""

    @abstractmethod
    async def planned(self, digest_id: str) -> Delivered | None:
        """The digest of that id, for who has planned it."""

    @abstractmethod
    def newest(self, channel: str) -> AsyncGenerator[Delivered]:
        """The digests of a channel, the newest first; as many as a year of one repository has.

        A reader that may stop early closes it (`contextlib.aclosing`).
        """

    @abstractmethod
    async def take_repairs(
        self, now: datetime, until: datetime, most: int
    ) -> tuple[tuple[str, str], ...]:
        """The channel and id of digests that are shown and need repair by now. Nobody else is given
        them until another instant."""

    @abstractmethod
    async def repairs_due(self, now: datetime) -> tuple[int, datetime | None]:
        """How many digests need repair by now, and since when the first has been due."""

    @abstractmethod
    async def repair_at(self, channel: str, digest_id: str, at: datetime | None) -> None:
        """Put a repair off; None is for good."""

    @abstractmethod
    async def drop(self, channel: str, digest_id: str) -> None:
        """Forget a digest: nobody was shown it."""

    @abstractmethod
    async def move(self, before: str, after: str) -> None:
        """Give a channel's digests to the channel that it has become, where its messages have
        other ids."""
