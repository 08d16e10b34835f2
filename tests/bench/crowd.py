"""Many subscriptions that are due at the same minute."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.app import Application
from bot.deliveries.ledger import Ledger
from tests.deliveries import a_subscription

_AT_ONCE = 20


def next_minute(now: datetime, at_least: timedelta) -> datetime:
    """The first whole minute that is so far away: digests are due at none other."""
    return (now + at_least).replace(second=0, microsecond=0) + timedelta(minutes=1)


async def follow(
    app: Application, channels: Sequence[str], heads: Sequence[tuple[str, str]], due: datetime
) -> None:
    """Let each channel follow one of the repositories, evenly, since yesterday.

    Args:
        app: has the stores.
        channels: their keys.
        heads: the repositories, each with the commit that was delivered last.
        due: when the next digests are due, in UTC.
    """
    before = due - timedelta(days=1)
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int, channel: str) -> None:
        repository, head = heads[number % len(heads)]
        made_at = before - timedelta(days=7)
        at = due.astimezone(UTC).time().replace(tzinfo=None)
        subscription = a_subscription(channel, repository, at=at, made_at=made_at)
        ledger = Ledger(heads={"main": head}, since=before, date=before.date())
        async with room:
            await app.subscriptions.put(subscription)
            await app.ledgers.open(subscription, ledger, due)

    await asyncio.gather(*(one(number, channel) for number, channel in enumerate(channels)))
