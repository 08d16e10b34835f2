"""Claims a subscription, has its digest delivered, and notes what becomes of it when that fails."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Container, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, final

from analyzers.errors import (
    AccessRefused,
    ChannelMoved,
    ChatError,
    CommitcastError,
    InputError,
    OutcomeUnknown,
    RateLimited,
    SourceError,
    StoreError,
    TokenRefused,
)
from bot.conversation import platform_of
from bot.deliveries.editions import Editions
from bot.deliveries.ledger import Claim, Claimed, Ledger
from bot.deliveries.outbox import ClaimLost, Delivery
from bot.deliveries.pacing import Pacing
from bot.deliveries.schedule import due_at, due_day
from bot.monitoring.logs import about

if TYPE_CHECKING:
    from bot.app import Application
    from bot.deliveries.outlet import Outlet
    from bot.subscriptions import Subscription

PATIENCE_WITH_SOURCES: Final = timedelta(hours=20)
"""How long a repository is tried again that is refused. A forge that has lost it for an hour is no
reason to stop."""

_OURS: Final = (AccessRefused, OutcomeUnknown, RateLimited, TokenRefused)
"""Errors that have nothing to do with the subscription: a token of ours, a lost answer, a limit."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things take, in seconds."""

    lease: float = 90.0
    """How long a claim lasts without a word from its holder: longer than a message can be under
    way, so that whoever comes next finds it sent or not."""
    retreat: float = 3.0
    """Until what failed for the first time is tried again, each further time twice as long. A
    message whose answer was lost is not looked up before: it may still be on its way."""
    sweep: float = 5.0
    """Between two looks at what is due."""
    longest_retreat: float = 900.0
    """Until anything that failed is tried again, at most, and until a message is sent for the last
    time whose answers are lost."""


@final
class Courier:
    """Serves one subscription at a call; calls run beside each other."""

    def __init__(
        self,
        app: Application,
        outlets: Mapping[str, Outlet],
        pacing: Pacing,
        timing: Timing | None = None,
    ) -> None:
        """Deliver by these outlets.

        Args:
            app: has the stores, and makes digests.
            outlets: one for each platform that is set up, by its name.
            pacing: keeps to the limits of platforms.
            timing: how long things take.
        """
        self._app = app
        self._outlets = outlets
        self._timing = timing or Timing()
        self._editions = Editions(app)
        self._pacing = pacing
        self._failures: Counter[tuple[str, str]] = Counter()

    def serves(self, channel: str) -> bool:
        """Whether there is an outlet for a channel."""
        return platform_of(channel) in self._outlets

    def keep_ready(self, keys: Container[str]) -> None:
        """Keep for a while what is known of the repositories, by `Subscription.key`, that more
        channels wait for than are served now."""
        self._editions.awaited = keys

    async def tidy(self) -> None:
        """Let go of what is kept for longer than it should be."""
        await self._editions.tidy()

    async def serve(
        self, channel: str, key: str, day: date | None = None
    ) -> Ledger | CommitcastError | None:
        """Deliver to one subscription.

        Args:
            channel: who follows; one that `serves` has an outlet for.
            key: what, as `Subscription.key`.
            day: the local day whose digest is wanted; None for what is due. No day has two, and
                none comes after a later one.

        Returns:
            Where it stands now; why it was not delivered; None if it is not ours to do.

        Raises:
            StoreError: what was done could not be noted: whoever comes next goes on.
        """
        async with self._editions.expecting(key):
            return await self._serve(channel, key, day)

    async def _serve(
        self, channel: str, key: str, day: date | None
    ) -> Ledger | CommitcastError | None:
        claimed = await self._app.ledgers.claim(channel, key, self._timing.lease)
        if claimed is None:
            return None
        delivery = Delivery(self._app, self._editions, self._pacing, self._timing, claimed)
        try:
            async with self._kept(claimed.claim):
                return await self._deliver(delivery, claimed, day)
        except ClaimLost:
            _log.info("%s in %s is delivered by somebody else", key, channel)
            return None
        except asyncio.CancelledError:
            outgoing = delivery.ledger.outgoing
            # A message that is under way would not be found by who looked for it at once.
            if outgoing is None or outgoing.sending_since is None:
                with suppress(StoreError):  # then the claim ends by itself
                    await asyncio.shield(self._app.ledgers.release(claimed.claim))
            raise

    async def _deliver(
        self, delivery: Delivery, claimed: Claimed, day: date | None
    ) -> Ledger | CommitcastError:
        channel, subscription = claimed.claim.channel, claimed.subscription
        place = (channel, subscription.key)
        latest = delivery.ledger.date
        due = day or due_day(subscription, latest, self._app.now())
        if due and latest and due <= latest:
            due = None
        outlet = self._outlets[platform_of(channel)]
        try:
            await delivery.run(outlet, due)
        except ChannelMoved as exc:
            await delivery.close(self._app.now())
            await self._app.move(channel, exc.channel)
            return exc
        except (StoreError, ClaimLost):
            raise
        except Exception as exc:  # noqa: BLE001 - a fault in one digest must not end the others
            error = _told(exc, place)
            self._app.metrics.not_delivered(platform_of(channel), error)
        else:
            del self._failures[place]
            if due and subscription.days:
                late = (self._app.now() - due_at(subscription, due)).total_seconds()
                self._app.metrics.delivered(platform_of(channel), late)
            return delivery.ledger
        outgoing = delivery.ledger.outgoing
        with about(digest=outgoing.digest if outgoing else ""):
            if self._is_over(delivery, subscription, error):
                await delivery.stop(outlet, error)
            else:
                await self._retreat(delivery, place, error)
        return error

    def _is_over(
        self, delivery: Delivery, subscription: Subscription, error: CommitcastError
    ) -> bool:
        """Whether nothing will be delivered, however often it is tried."""
        if not error.permanent or isinstance(error, _OURS):
            return False
        if isinstance(error, ChatError):
            return True
        if not subscription.days:  # only posted: who posts it is told, and tries again
            return False
        return self._app.now() - delivery.refused() > PATIENCE_WITH_SOURCES

    async def _retreat(
        self, delivery: Delivery, place: tuple[str, str], error: CommitcastError
    ) -> None:
        """Come back later: each time twice as late, and not before the other side wants it."""
        doubled = self._timing.retreat * 2 ** min(self._failures[place], 20)
        self._failures[place] += 1
        pause = max(min(doubled, self._timing.longest_retreat), error.retry_after or 0)
        _log.warning("%s in %s: %s; next try in %.0f s", place[1], place[0], error, pause)
        await delivery.close(self._app.now() + timedelta(seconds=pause))

    @asynccontextmanager
    async def _kept(self, claim: Claim) -> AsyncIterator[None]:
        """Keep a claim while a digest is made, which may take longer than it lasts."""

        async def renew() -> None:
            kept = True
            while kept:
                await asyncio.sleep(self._timing.lease / 3)
                with suppress(StoreError):  # the next one may come in time
                    kept = await self._app.ledgers.renew(claim, self._timing.lease)

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)


def _told(exc: Exception, place: tuple[str, str]) -> CommitcastError:
    if isinstance(exc, CommitcastError):
        return exc
    if isinstance(exc, TimeoutError):
        return SourceError("error-digest-too-long", permanent=False)
    _log.error("%s in %s failed", place[1], place[0], exc_info=exc)
    return InputError("error-internal", permanent=False)
