"""The outbox: one subscription's digest, from what is new to a ledger that says it was delivered.

    make the digest ─▶ plan: page and ledger stored ─▶ each message: note it as under way ─▶ post it
    ─▶ note its id ─▶ after the last one cursor, day and record in one write

Whoever stops anywhere, the next one to claim the subscription goes on from what its ledger says. A
message that is noted as under way may be there or not: it is looked up where the platform can tell,
and where it cannot it is sent again with a mark, but not for ever (invariant 2).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar, final

from analyzers.errors import (
    ChatError,
    CommitcastError,
    EmptyRepository,
    OutcomeUnknown,
    TokenRefused,
)
from bot.conversation import platform_of
from bot.deliveries.delivery import Delivered, record_of
from bot.deliveries.ledger import Claimed, Ledger, Outgoing, Stopped
from bot.deliveries.outlet import Outlet, Posting
from bot.deliveries.schedule import believed, due_day, next_due
from bot.monitoring.logs import about
from formatters.pages import quiet_page, stopped_page
from formatters.text import words_for

if TYPE_CHECKING:
    from bot.app import Application
    from bot.deliveries.courier import Timing
    from bot.deliveries.editions import Editions, Made
    from bot.deliveries.pacing import Pacing

FAREWELL: Final = 6.0
"""Seconds that a message which is under way may take when the process stops."""

MOST_LOST: Final = 3
"""Answers to a message that may be lost before it is taken for sent: each of its copies may be
there. The last one waits for `Timing.longest_retreat`, for what loses answers mostly ends by then.
"""

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class ClaimLost(Exception):
    """Somebody else delivers by now, or nobody is to."""


@final
class Delivery:
    """What is done with one claim."""

    def __init__(
        self,
        app: Application,
        editions: Editions,
        pacing: Pacing,
        timing: Timing,
        claimed: Claimed,
    ) -> None:
        """Deliver what is claimed.

        Args:
            app: has the stores.
            editions: makes the digest.
            pacing: keeps to the limits of platforms.
            timing: how long things take.
            claimed: what is to be done.
        """
        self._app = app
        self._editions = editions
        self._pacing = pacing
        self._timing = timing
        self._claim = claimed.claim
        self._subscription = claimed.subscription
        self._words = words_for(claimed.subscription.language)
        self.ledger: Ledger = believed(claimed.ledger, claimed.subscription, app.now())
        """Where the subscription stands, as far as this delivery knows."""

    async def run(self, outlet: Outlet, day: date | None) -> None:
        """Deliver.

        Args:
            outlet: takes the messages.
            day: the local day whose digest is due; None if only what is planned is.

        Raises:
            CommitcastError: it cannot be delivered, or not now.
            ClaimLost: it is somebody else's to do.
        """
        if self.ledger.stopped is None:
            record = None
            if self.ledger.outgoing is None and day is not None:
                record = await self._plan(day)
            if outgoing := self.ledger.outgoing:
                with about(digest=outgoing.digest):
                    await self._send(outlet, outgoing, record)
        await self.close(self._next_due())

    def refused(self) -> datetime:
        """Note that its repository is refused, and since when, in UTC."""
        since = self.ledger.refused_since or self._app.now()
        self.ledger = replace(self.ledger, refused_since=since)
        return since

    async def close(self, due: datetime | None) -> None:
        """Write down where it stands, and come back at an instant.

        Raises:
            ClaimLost: it is somebody else's to say.
        """
        if not await self._app.ledgers.close(self._claim, self.ledger, due):
            raise ClaimLost

    async def stop(self, outlet: Outlet, why: CommitcastError) -> None:
        """Deliver nothing any more, and tell who made the subscription."""
        stopped = Stopped(why.code, why.details, self._app.now())
        self.ledger = replace(self.ledger, stopped=stopped)
        await self.close(None)
        subscription, words = self._subscription, self._words
        page = stopped_page(subscription.repository, words.error(why), words)
        channel = subscription.channel
        _log.warning("%s in %s is stopped: %s", subscription.repository, channel, why)
        if not isinstance(why, ChatError):  # the channel can still be told
            try:
                await outlet.post(Posting(channel, page, words, 0))
            except ChatError as exc:
                _log.info("%s was not told: %s", channel, exc)
            return
        if not subscription.made_by:
            return
        try:
            await outlet.tell(subscription.made_by, channel, page, words)
        except ChatError as exc:
            _log.info("who follows %s was not told: %s", subscription.repository, exc)

    async def _plan(self, day: date) -> Delivered | None:
        """Make the digest of a day, and store it before anything of it is sent; None if there is
        nothing to send."""
        subscription = self._subscription
        try:
            made = await self._editions.make(subscription, self.ledger, day)
        except EmptyRepository:
            self.ledger = replace(self.ledger, since=self._app.now(), date=day, refused_since=None)
            return None
        self.ledger = replace(self.ledger, refused_since=None)
        delivered = replace(self.ledger, heads=made.heads, since=made.since, date=day)
        if not (record := self._record(made)):
            self.ledger = delivered
            return None
        outgoing = Outgoing(record.id, day, made.heads, made.since, self._app.now())
        await self._save(replace(self.ledger, outgoing=outgoing))
        # Not before: what nobody was to be shown could be expanded.
        await self._app.delivered.put(subscription.channel, record, is_planned=True)
        return record

    def _record(self, made: Made) -> Delivered | None:
        """What is to be delivered; None on a quiet day that nobody wants to hear of."""
        subscription, digest = self._subscription, made.digest
        if digest.entries or digest.remarks:
            return record_of(digest, subscription.repository, subscription.zone, made.page)
        if subscription.tells_quiet_days:
            page = quiet_page(digest, self._words)
            return record_of(digest, subscription.repository, subscription.zone, page)
        return None

    async def _send(self, outlet: Outlet, outgoing: Outgoing, record: Delivered | None) -> None:
        """Send what is planned.

        Args:
            outlet: takes the messages.
            outgoing: what of it is sent already.
            record: its page; None if somebody else has stored it.
        """
        if record is None:
            record = await self._app.delivered.planned(outgoing.digest)
        if record is None:
            _log.warning("the digest %s was not stored, and is made anew", outgoing.digest)
            self.ledger = replace(self.ledger, outgoing=None)
            return
        for part in range(len(outgoing.sent), outlet.count(record.page, self._words)):
            outgoing = await self._send_part(outlet, record, outgoing, part)
        await self._app.delivered.put(
            self._subscription.channel, replace(record, messages=outgoing.sent)
        )
        self.ledger = replace(
            self.ledger,
            heads=outgoing.heads,
            since=outgoing.since,
            date=outgoing.date,
            outgoing=None,
        )

    async def _send_part(
        self, outlet: Outlet, record: Delivered, outgoing: Outgoing, part: int
    ) -> Outgoing:
        """Send one message, unless it is there."""
        first = outgoing.sent[0] if outgoing.sent else ""
        posting = Posting(self._subscription.channel, record.page, self._words, part, first or None)
        if outgoing.sending_since is not None:
            message = await look_up(outlet, posting, outgoing.planned_at)
            if message:
                return await self._sent(outgoing, message)
            if message is None and outgoing.lost >= MOST_LOST:
                return await self._given_up(outgoing, posting)
            outgoing = replace(outgoing, lost=0 if message == "" else outgoing.lost)
            posting = replace(posting, may_repeat=message is None)
        await self._pacing.wait(outlet, posting.channel)
        return await _uninterrupted(self._post(outlet, posting, outgoing))

    async def _post(self, outlet: Outlet, posting: Posting, outgoing: Outgoing) -> Outgoing:
        """Send a message between two notes.

        Raises:
            OutcomeUnknown: the first note stands, and how many answers were lost.
            ChatError: it was not sent; what was noted before stands.
        """
        under_way = replace(outgoing, sending_since=self._app.now())
        await self._save(replace(self.ledger, outgoing=under_way))
        try:
            message = await outlet.post(posting)
        except OutcomeUnknown as exc:
            lost = outgoing.lost + 1
            self.ledger = replace(self.ledger, outgoing=replace(under_way, lost=lost))
            if posting.may_repeat and lost == MOST_LOST - 1:
                exc.retry_after = self._timing.longest_retreat
            raise
        except ChatError:
            self.ledger = replace(self.ledger, outgoing=outgoing)
            raise
        return await self._sent(under_way, message)

    async def _given_up(self, outgoing: Outgoing, posting: Posting) -> Outgoing:
        """Take a message for sent, so that what comes after it is."""
        place = (posting.part, outgoing.digest, posting.channel)
        _log.error("part %d of %s in %s: every answer was lost; it is taken for sent", *place)
        self._app.metrics.taken_for_sent(platform_of(posting.channel))
        return await self._sent(outgoing, "")

    async def _sent(self, outgoing: Outgoing, message: str) -> Outgoing:
        sent = replace(outgoing, sent=(*outgoing.sent, message), sending_since=None, lost=0)
        await self._save(replace(self.ledger, outgoing=sent))
        return sent

    async def _save(self, ledger: Ledger) -> None:
        self.ledger = ledger
        if not await self._app.ledgers.save(self._claim, ledger, self._timing.lease):
            raise ClaimLost

    def _next_due(self) -> datetime | None:
        now, latest = self._app.now(), self.ledger.date
        if self.ledger.stopped is not None:
            return None
        if due_day(self._subscription, latest, now) is not None:
            return now
        return next_due(self._subscription, now, latest)


async def look_up(outlet: Outlet, posting: Posting, since: datetime) -> str | None:
    """The id of a message that may have been sent; empty if it was not, None if nobody can tell."""
    if not outlet.can_find:
        return None
    try:
        return await outlet.find(posting, since) or ""
    except TokenRefused:
        raise  # it would not be posted either
    except ChatError as exc:
        if not exc.permanent:
            raise
        _log.warning("%s cannot be searched: %s", posting.channel, exc)
        return None


async def _uninterrupted(work: Coroutine[Any, Any, _T]) -> _T:
    """Let work end that must not stop half-way, also when the process is asked to stop."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=FAREWELL)
        task.cancel()
        raise
