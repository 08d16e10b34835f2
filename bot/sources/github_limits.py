"""When GitHub asks to wait: how long, and everybody at once.

The order of the signs and the sixty seconds are GitHub's own (docs.github.com, "Rate limits for
the REST API" and "Best practices for using the REST API").
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import ceil

from analyzers.errors import RateLimited
from bot.ports import Notice, Notify

FIRST_SECONDARY_WAIT = 60.0
"""Seconds to wait at least when GitHub speaks of a secondary limit and names no time."""
LONGEST_SECONDARY_WAIT = 900.0
"""Seconds beyond which that wait, doubled with every refusal, does not grow."""
MARGIN = 1.0
"""Seconds added to a reset, which GitHub tells in whole seconds."""
A_WEEK = 7 * 86_400.0
"""Seconds beyond which no named time is believed; GitHub's longest window is an hour."""

Clock = Callable[[], datetime]
Sleep = Callable[[float], Awaitable[None]]


def utc_now() -> datetime:
    """The time by this machine's clock."""
    return datetime.now(UTC)


def asked_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that a refusal's headers ask to wait, None when they name none.

    A reset is an instant by GitHub's clock, so it is compared with the `Date` of the same answer:
    this machine's clock may be wrong.
    """
    try:
        told_at = parsedate_to_datetime(headers["date"]) if "date" in headers else now
        if retry_after := headers.get("retry-after"):
            if retry_after.isdecimal():
                return float(retry_after)
            return max(0.0, (parsedate_to_datetime(retry_after) - told_at).total_seconds())
        if _is_primary(headers):
            reset = datetime.fromtimestamp(int(headers["x-ratelimit-reset"]), UTC)
            return max(0.0, (reset - told_at).total_seconds()) + MARGIN
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        # Headers that cannot be read name no time. TypeError: a date without a zone.
        return None
    return None


def is_limit(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a refusal is about too many requests: a 403 may as well be a missing right."""
    if status == 429:
        return True
    said = body[:2_000].lower()
    return status == 403 and (
        "retry-after" in headers
        or _is_primary(headers)
        or b"secondary rate limit" in said
        or b"abuse detection" in said
    )


class Gate:
    """What all requests of a source pass through, and what one refusal closes for all of them."""

    def __init__(
        self,
        notify: Notify,
        *,
        is_anonymous: bool,
        max_wait: float,
        clock: Clock = utc_now,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """An open gate.

        Args:
            notify: is told of every wait.
            is_anonymous: whether requests go without a token, which would raise the limit.
            max_wait: seconds that one request waits in all, at most.
            clock: what time it is.
            sleep: waits so many seconds.
        """
        self._notify = notify
        self._is_anonymous = is_anonymous
        self._max_wait = max_wait
        self._clock = clock
        self._sleep = sleep
        self._opens_at = clock()
        self._closings = 0
        self._refusals = 0

    async def passed(self) -> int:
        """Wait until the gate is open. Gives the ticket that a refusal has to show."""
        while (left := (self._opens_at - self._clock()).total_seconds()) > 0:
            await self._sleep(left)
        return self._closings

    def accepted(self) -> None:
        """A request went through: the next secondary limit starts with a short wait again."""
        self._refusals = 0

    def refused(self, ticket: int, headers: Mapping[str, str], waited: float) -> float:
        """Close the gate for everybody.

        Args:
            ticket: what `passed` gave. Of the requests that were under way together only the first
                refusal makes a wait without a named time grow.
            headers: of the refusal.
            waited: seconds that this request has waited already.

        Returns:
            The seconds that the gate is closed.

        Raises:
            RateLimited: that is more than one request may wait.
        """
        now = self._clock()
        named = asked_wait(headers, now)
        if ticket != self._closings and named is None:
            return max(0.0, (self._opens_at - now).total_seconds())
        if ticket == self._closings:
            self._refusals += 1
        growth = 2.0 ** min(max(self._refusals - 1, 0), 20)
        if named is None:
            wait = min(FIRST_SECONDARY_WAIT * growth, LONGEST_SECONDARY_WAIT)
        else:
            # A time that has passed already is not believed twice.
            wait = max(min(named, A_WEEK), min(MARGIN * growth, LONGEST_SECONDARY_WAIT))
        opens_at = now + timedelta(seconds=wait)
        details: dict[str, str | int] = {
            "until": f"{opens_at + timedelta(seconds=0.999):%H:%M:%S}",
            "seconds": ceil(wait),
            "token_helps": "yes" if self._is_anonymous and _is_primary(headers) else "no",
        }
        if waited + wait > self._max_wait:
            raise RateLimited(
                "error-github-rate-limit", permanent=False, retry_after=wait, **details
            )
        # Requests under way together are refused together: people are told once.
        if opens_at > self._opens_at + timedelta(seconds=MARGIN):
            self._notify(Notice("notice-github-rate-limit", details))
        self._opens_at = max(opens_at, self._opens_at)
        if ticket == self._closings:
            self._closings += 1
        return wait


def _is_primary(headers: Mapping[str, str]) -> bool:
    return headers.get("x-ratelimit-remaining") == "0"
