"""When digests are due. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.subscriptions import Subscription


def next_due(subscription: Subscription, after: datetime) -> datetime:
    """The first instant after another, in UTC, at which a subscription's digest is due.

    A time of day that the clocks skip is due as much later as they skip; one that they show twice,
    the first time.
    """
    zone = ZoneInfo(subscription.zone)
    today = after.astimezone(zone).date()
    # Eight days: today's may be over on the only day of the week that is chosen.
    for ahead in range(9):
        day = today + timedelta(days=ahead)
        due = datetime.combine(day, subscription.at, zone).astimezone(UTC)
        if day.weekday() in subscription.days and due > after:
            return due
    raise ValueError(subscription.days)
