"""One scheduled digest, and out: for teams that let cron or a CI job do the scheduling.

The cursor, the ledger and the outbox are those of every subscription, so that it loses nothing and
repeats nothing, whenever and from wherever it is called next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import date, time
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from analyzers.errors import ChatError, CommitcastError, InputError, OutcomeUnknown, StoreError
from analyzers.model import Edition
from bot.deliveries.courier import Courier, Timing
from bot.deliveries.delivery import Delivered
from bot.deliveries.ledger import Ledger
from bot.deliveries.outlet import Outlet
from bot.deliveries.pacing import Pacing
from bot.deliveries.repair import Repairs
from bot.deliveries.schedule import is_ahead
from bot.sources.locators import Locator
from bot.subscriptions import Filters, Subscription

if TYPE_CHECKING:
    from bot.app import Application

PATIENCE: Final = 600.0
"""Seconds that what passes by itself is waited for."""


@dataclass(frozen=True, slots=True)
class PostRequest:
    """What is to be posted where."""

    locator: Locator
    """The repository. Naming it here grants it to the channel."""
    to: str
    """The channel, `slack:C123` or `telegram:-100123`, as a person types it."""
    filters: Filters
    zone: str
    """The IANA zone whose day it is."""
    language: str
    """What readers speak (BCP 47)."""
    tells_quiet_days: bool = False
    """Whether to post a line where there is nothing new."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of it."""

    channel: str
    """The key of the channel."""
    record: Delivered | None
    """What was posted; None where there was nothing new, or this day's has come before."""
    is_repeated: bool
    """Whether this day's digest had come before."""


async def post(
    app: Application,
    outlets: Mapping[str, Outlet],
    request: PostRequest,
    timing: Timing | None = None,
) -> Posted:
    """Post what is new since the last time, at most once a day.

    Raises:
        InputError: there is no such chat or channel, or the bot delivers there by itself.
        CommitcastError: it was not posted, or not all of it: the next call goes on.
    """
    channel = await _channel(outlets, request.to)
    app = replace(app, access=app.access.granting(channel, request.locator))
    subscription = await _subscribed(app, channel, request)
    key = subscription.key
    day = app.now().astimezone(ZoneInfo(request.zone)).date()
    pacing, timing = Pacing(), timing or Timing()
    before = (await app.ledgers.of_channel(channel)).get(key, Ledger())
    is_repeated = _has(before, day) and not before.outgoing and not is_ahead(before.date, app.now())
    if not is_repeated:
        await app.ledgers.open(subscription, Ledger(), None)
        await _deliver(Courier(app, outlets, pacing, timing), channel, key, day, timing)
    with suppress(StoreError):  # it was posted
        await Repairs(app, outlets, pacing).look()  # where no bot runs, nobody else would
    record = None if is_repeated else await _record(app, subscription, day)
    return Posted(channel, record, is_repeated)


def _has(ledger: Ledger, day: date) -> bool:
    """Whether no digest of a day is to come; it may be yesterday by the zone of this call."""
    return ledger.date is not None and ledger.date >= day


async def _deliver(courier: Courier, channel: str, key: str, day: date, timing: Timing) -> None:
    """Deliver, and wait for what passes by itself."""
    clock = asyncio.get_running_loop().time
    failure: CommitcastError = ChatError("error-post-claimed", permanent=False)
    deadline = clock() + PATIENCE
    while True:
        outcome = await courier.serve(channel, key, day)
        if isinstance(outcome, Ledger) and _has(outcome, day):
            return
        pause = timing.retreat
        if isinstance(outcome, CommitcastError):
            failure, pause = outcome, max(pause, outcome.retry_after or 0)
            if outcome.permanent and not isinstance(outcome, OutcomeUnknown):
                raise outcome
        if clock() + pause > deadline:
            raise failure
        await asyncio.sleep(pause)


async def _record(app: Application, subscription: Subscription, day: date) -> Delivered | None:
    """What was posted of a repository on a day, if anything was."""
    async with aclosing(app.delivered.newest(subscription.channel)) as records:
        async for record in records:
            span = record.span
            if record.repository == subscription.repository and isinstance(span, Edition):
                return record if span.date == day else None
    return None


async def _channel(outlets: Mapping[str, Outlet], typed: str) -> str:
    platform, colon, _ = typed.partition(":")
    if not colon or platform not in ("slack", "telegram"):
        raise InputError("error-post-to", value=typed)
    if platform not in outlets:
        raise InputError("error-post-chat-off", platform=platform)
    return await outlets[platform].channel_key(typed)


async def _subscribed(app: Application, channel: str, request: PostRequest) -> Subscription:
    """What is posted, kept as a subscription without days."""
    subscription = Subscription(
        channel=channel,
        repository=request.locator.address,
        filters=request.filters,
        at=time(),
        zone=request.zone,
        days=(),
        language=request.language,
        made_by="",
        made_at=app.now(),
        tells_quiet_days=request.tells_quiet_days,
    )
    for existing in await app.subscriptions.of_channel(channel):
        if existing.key == subscription.key and existing.days:
            raise InputError("error-post-followed", repository=subscription.repository)
    await app.subscriptions.put(subscription)
    return subscription
