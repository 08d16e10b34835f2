"""What a chat offers to who speaks without being asked: digests, and edits of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from formatters.model import Page
from formatters.text import Words


@dataclass(frozen=True, slots=True)
class Posting:
    """One message of a digest, as it is sent or edited."""

    channel: str
    """Where to, as in `bot.conversation.Asked.channel`."""
    page: Page
    """The whole digest; `page.digest` is its id."""
    words: Words
    """The catalogue that it is written in."""
    part: int
    """Which of its messages, from 0."""
    first: str | None = None
    """The id of the digest's first message, for every other one; None also where it is unknown."""
    may_repeat: bool = False
    """Whether it may be there already and nobody can tell: readers are told so beneath it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a platform takes messages that nobody waits for; commands keep the rest."""

    per_second: float
    """Messages to all channels together."""
    per_channel: float
    """Messages to one channel in a second."""
    topics_share: bool = False
    """Whether all topics of a group, `<group>/<topic>`, count as one channel."""


class Outlet(ABC):
    """One platform. Messages are laid out anew each time: the same page is the same messages.

    Every method that asks the platform may raise `ChatError` and its branches, and waits at most
    once, for a minute, for a limit: a permanent one means that this channel takes no more messages,
    and `OutcomeUnknown` that nobody knows whether it has taken this one.
    """

    @property
    @abstractmethod
    def platform(self) -> str:
        """What the keys of its channels begin with: `slack`, `telegram`."""

    @property
    @abstractmethod
    def pace(self) -> Pace:
        """How fast it takes messages."""

    @property
    @abstractmethod
    def can_find(self) -> bool:
        """Whether a message whose answer was lost can be looked up."""

    @abstractmethod
    async def channel_key(self, typed: str) -> str:
        """The whole key of a channel that a person has typed, `slack:C123`.

        Raises:
            ChatError: there is no such channel, or nobody can tell.
        """

    @abstractmethod
    def count(self, page: Page, words: Words) -> int:
        """How many messages a page takes; at least one."""

    @abstractmethod
    async def post(self, posting: Posting) -> str:
        """Send a message, and its id. Never repeats a request that may have had its effect.

        Raises:
            OutcomeUnknown: it may be there.
            ChannelMoved: the channel has become another one.
        """

    @abstractmethod
    async def find(self, posting: Posting, since: datetime) -> str | None:
        """The id of a message that may have been sent at or after an instant, None if it was not;
        only where `can_find`. A `ChatError` says that nobody can tell."""

    @abstractmethod
    async def edit(self, posting: Posting, message: str) -> None:
        """Show this in a message that was sent. Harmless to do twice. One that was deleted, or
        that can no longer be edited, stays as it is, without an error."""

    @abstractmethod
    async def tell(self, person: str, channel: str, page: Page, words: Words) -> None:
        """Say something to one person alone, wherever the platform lets us.

        Args:
            person: their id, as `Person.id`.
            channel: what it is about: a channel that may take no messages.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Give back connections. Safe to call twice."""
