"""Subscriptions that get no digests, and why."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.access import TERMINAL, AllowedChats, Grants
from bot.config import Settings
from bot.deliveries.ledger import Ledger
from bot.doctor.findings import Finding, Severity, Subject
from bot.stores.access import RedisAccess
from bot.stores.ledgers import RedisLedgers
from bot.stores.subscriptions import RedisSubscriptions
from bot.subscriptions import Subscription
from formatters.text import Words

if TYPE_CHECKING:
    from redis.asyncio import Redis

MOST: Final = 30
"""Subscriptions that are told one by one; the others are counted."""

LATE: Final = timedelta(hours=1)
"""How long a digest may be due until it is told: forges' limits end within an hour."""

_EVER: Final = datetime.min.replace(tzinfo=UTC)


async def check(
    redis: Redis, settings: Settings, words: Words, now: Callable[[], datetime]
) -> AsyncGenerator[Finding]:
    """Look at each.

    Raises:
        StoreError: they cannot be read.
    """
    subscriptions, ledgers = RedisSubscriptions(redis), RedisLedgers(redis)
    chosen = AllowedChats.parse(settings.commitcast_allowed_chats).opening("slack")
    allowed = await RedisAccess(redis, chosen, Grants()).chats()
    chats = {
        "slack": settings.slack_bot_token is not None,
        "telegram": settings.telegram_bot_token is not None,
        TERMINAL: True,
    }
    count = failing = 0
    for channel in await subscriptions.channels():
        own = await subscriptions.of_channel(channel)
        stand = await ledgers.of_channel(channel) if own else {}
        for subscription in own:
            count += 1
            ledger = stand.get(subscription.key, Ledger())
            for finding in _obstacle(subscription, ledger, chats, allowed, words):
                failing += 1
                if failing <= MOST:
                    yield finding
    if failing > MOST:
        yield _found(Severity.WARNING, "doctor-subscriptions-more", n=failing - MOST)
    yield _found(Severity.FINE, "doctor-subscriptions", n=count - failing)
    due = await ledgers.next_due(_EVER)
    if due and now() - due > LATE:
        since = words.instant(due, settings.commitcast_timezone)
        yield _found(Severity.WARNING, "doctor-late-digests", since=since)


def _obstacle(
    subscription: Subscription,
    ledger: Ledger,
    chats: dict[str, bool],
    allowed: AllowedChats,
    words: Words,
) -> Iterator[Finding]:
    """What keeps one from its digests: nothing, or the first of several things."""
    about = {"repository": subscription.repository, "channel": subscription.channel}
    platform = subscription.channel.partition(":")[0]
    try:
        ZoneInfo(subscription.zone)
    except (ZoneInfoNotFoundError, ValueError):
        about["zone"] = subscription.zone
        yield _found(Severity.WARNING, "doctor-subscription-zone", **about)
        return
    if stopped := ledger.stopped:
        about["since"] = words.instant(stopped.at, subscription.zone)
        about["reason"] = words(stopped.code, **stopped.details)
        yield _found(Severity.WARNING, "doctor-subscription-stopped", **about)
    elif not chats.get(platform):
        yield _found(Severity.WARNING, "doctor-subscription-chat-off", **about, platform=platform)
    elif not allowed.admit(subscription.channel):
        yield _found(Severity.WARNING, "doctor-subscription-chat-closed", **about)


def _found(severity: Severity, code: str, **details: str | int) -> Finding:
    return Finding(Subject.SUBSCRIPTIONS, severity, code, details)
