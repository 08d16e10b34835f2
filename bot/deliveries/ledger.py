"""Where a subscription stands: what was delivered, and what is on its way.

A ledger changes only as a whole, by whoever has claimed its subscription last, so that the cursor
moves with the record of the delivery or not at all (invariants 1 and 2).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from bot.subscriptions import Subscription

Date = date  # a field of that name hides the class from who resolves annotations later


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A digest that is planned and not yet sent as a whole."""

    digest: str
    """The id of the delivered digest, which has its page."""
    date: Date
    """The local day that it was due on."""
    heads: Mapping[str, str]
    """The cursor once all of it is sent."""
    since: datetime
    """When these heads were looked up, in UTC."""
    planned_at: datetime
    """When it was made, in UTC."""
    sent: tuple[str, ...] = ()
    """The ids of its messages that are sent, in order; empty for one that is taken for sent because
    all answers to it were lost."""
    sending_since: datetime | None = None
    """Since when the next one is under way, in UTC: until its outcome is noted, nobody knows
    whether it has arrived."""
    lost: int = 0
    """How many answers to it were lost since somebody last knew that it had not arrived."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why nothing is delivered any more, until somebody subscribes again."""

    code: str
    """The message in the catalogue."""
    details: Mapping[str, str | int]
    """Its variables."""
    at: datetime
    """Since when, in UTC."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where one subscription stands."""

    heads: Mapping[str, str] = field(default_factory=dict)
    """The cursor: up to which commit each branch is delivered. Branches that are gone stay, for
    they may come back."""
    since: datetime | None = None
    """When these heads were looked up, in UTC."""
    date: Date | None = None
    """The local day of the latest digest that was delivered, or that had nothing to tell; None
    before the first."""
    outgoing: Outgoing | None = None
    stopped: Stopped | None = None
    refused_since: datetime | None = None
    """Since when the repository has been refused at every try, in UTC; None if it was not the last
    time."""

    def resumed(self, now: Ledger) -> Ledger:
        """The same for who subscribes again: nothing stops it, and branches that are new to it
        begin where they are now."""
        return replace(self, heads={**now.heads, **self.heads}, stopped=None, refused_since=None)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to deliver to a subscription. It ends by itself after a while, and each is worth
    more than all before it."""

    channel: str
    key: str
    """The subscription's, as `Subscription.key`."""
    fence: int
    """Greater than that of every earlier claim: with a smaller one nothing can be written."""
    due: str = ""
    """When it was due, as the store has noted it."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim gives."""

    claim: Claim
    subscription: Subscription
    ledger: Ledger


class Ledgers(ABC):
    """Keeps for good where subscriptions stand, and when each is due. Every method may raise
    `StoreError`."""

    @abstractmethod
    async def due(self, now: datetime, most: int) -> tuple[tuple[str, str], ...]:
        """The channel and key of subscriptions whose time has come and that nobody has claimed, in
        the order of their times."""

    @abstractmethod
    async def next_due(self, after: datetime) -> datetime | None:
        """The first instant after another at which a subscription is due, None if none is."""

    @abstractmethod
    async def waiting(self, now: datetime, most: int) -> tuple[tuple[str, datetime], ...]:
        """The channels of subscriptions whose time has come, claimed or not, with that time each,
        the longest due first."""

    @abstractmethod
    async def claim(self, channel: str, key: str, seconds: float) -> Claimed | None:
        """Be the one who delivers, for so long; None if somebody else is, or it is followed no
        longer."""

    @abstractmethod
    async def renew(self, claim: Claim, seconds: float) -> bool:
        """Keep a claim from now on for so long; False if somebody else has it."""

    @abstractmethod
    async def save(self, claim: Claim, ledger: Ledger, seconds: float) -> bool:
        """Write a ledger, and keep the claim from now on for so long.

        Returns:
            False if nothing was written: somebody else has claimed it since, or it is followed no
            longer.
        """

    @abstractmethod
    async def close(self, claim: Claim, ledger: Ledger, due: datetime | None) -> bool:
        """Write a ledger, note when to look at it next, and give the claim back, in one step.

        Args:
            due: an instant in UTC; None is never. Who has subscribed anew since the claim is not
                put off: what was noted for them stays if it is earlier.

        Returns:
            False if nothing was written, as for `save`.
        """

    @abstractmethod
    async def release(self, claim: Claim) -> None:
        """Let others claim it at once."""

    @abstractmethod
    async def open(self, subscription: Subscription, ledger: Ledger, due: datetime | None) -> None:
        """Note when a subscription that was made or changed is due; one that stood somewhere
        already goes on from there, and is no longer stopped."""

    @abstractmethod
    async def expect(self, dues: Sequence[tuple[Subscription, datetime]]) -> None:
        """Note when subscriptions are due, unless that is noted for an earlier time."""

    @abstractmethod
    async def of_channel(self, channel: str) -> Mapping[str, Ledger]:
        """Where the subscriptions of a channel stand, by their keys."""

    @abstractmethod
    async def move(self, before: str, after: str) -> None:
        """Give what a channel and its topics have to the channel that it has become, and take what
        was on its way as not claimed by anybody. To be called before `SubscriptionStore.move`."""
