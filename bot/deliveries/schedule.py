"""When digests are due. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.deliveries.ledger import Ledger
from bot.subscriptions import Subscription

BELIEVED: Final = timedelta(days=2)
"""How far ahead the day of a digest may lie that has come. Who moves to another zone may be two
dates behind it; further ahead was a clock that is right by now."""


def is_ahead(day: date | None, now: datetime) -> bool:
    """Whether a day is noted that cannot have come: it would keep all others away until it does."""
    return day is not None and day > now.date() + BELIEVED


def believed(ledger: Ledger, subscription: Subscription, now: datetime) -> Ledger:
    """Where a subscription stands, but for what a clock has noted that ran ahead: that is taken to
    have been today, which has had its digest then. The next one tells all that is new."""
    outgoing = ledger.outgoing
    if not (is_ahead(ledger.date, now) or (outgoing and is_ahead(outgoing.date, now))):
        return ledger
    today = now.astimezone(ZoneInfo(subscription.zone)).date()
    return replace(
        ledger,
        date=min(ledger.date or today, today),
        since=min(ledger.since or now, now),
        outgoing=outgoing and replace(outgoing, date=today, since=min(outgoing.since, now)),
    )


def due_day(subscription: Subscription, latest: date | None, now: datetime) -> date | None:
    """The local day whose digest should have come by now, None if there is nothing to come.

    Of several days that were missed it is the last one: its digest covers them all.

    Args:
        subscription: what is followed, and when.
        latest: the day of the latest digest, None before the first.
        now: this instant, in UTC.
    """
    if not subscription.days:
        return None
    today = now.astimezone(ZoneInfo(subscription.zone)).date()
    days = (today - timedelta(days=back) for back in range(9))
    last = next(
        day
        for day in days
        if day.weekday() in subscription.days and due_at(subscription, day) <= now
    )
    if latest is None:
        made_at = subscription.made_at
        is_new = due_at(subscription, last) > made_at or is_ahead(made_at.date(), now)
        return last if is_new else None
    return last if last > latest else None


def next_due(
    subscription: Subscription, after: datetime, latest: date | None = None
) -> datetime | None:
    """The first instant after another, in UTC, at which a subscription's digest is due; None for
    one that has no days.

    A time of day that the clocks skip is due as much later as they skip; one that they show twice,
    the first time.

    Args:
        subscription: what is followed, and when.
        after: an instant in UTC.
        latest: the day of the latest digest, None before the first: no day has two.
    """
    if not subscription.days:
        return None
    first = after.astimezone(ZoneInfo(subscription.zone)).date()
    if latest is not None:
        first = max(first, latest + timedelta(days=1))
    # Nine days: today's may be over on the only day of the week that is chosen.
    days = (first + timedelta(days=ahead) for ahead in range(9))
    return next(
        due
        for day in days
        if day.weekday() in subscription.days and (due := due_at(subscription, day)) > after
    )


def day_before(subscription: Subscription, day: date) -> datetime:
    """A day of the clock before the digest of a day is due, in UTC: where a first one begins."""
    return due_at(subscription, day - timedelta(days=1))


def due_at(subscription: Subscription, day: date) -> datetime:
    """When the digest of a local day is due, in UTC."""
    zone = ZoneInfo(subscription.zone)
    return datetime.combine(day, subscription.at, zone).astimezone(UTC)
