"""GitHub: whether it can be reached, what the token may do, and how long."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, final

from bot.config import Settings
from bot.doctor.findings import Finding, Severity, Subject
from bot.monitoring.metrics import Metrics
from bot.ports import Notice, ResponseCache, StoredResponse
from bot.sources.github_api import GitHubApi
from bot.sources.github_errors import Asked, refusal
from bot.sources.github_limits import is_limit

SOON: Final = timedelta(days=14)
"""How long before its end a token is told to end."""

FEW: Final = 0.1
"""The share of an hour's requests from which down it is told."""

SKEW, WORST_SKEW = timedelta(seconds=60), timedelta(seconds=300)
"""How far this machine's clock may be from GitHub's: beyond the first digests come at odd times,
and beyond the second Slack's and our own checks of signatures refuse all."""

_READING: Final = {"repo", "public_repo", "read:org", "repo:status", "repo_deployment"}
"""Scopes of a classic token that reading may need; there are none narrower than `repo`."""


async def check(settings: Settings, now: Callable[[], datetime]) -> AsyncGenerator[Finding]:
    """Ask GitHub what is left for us, which costs none of it.

    Raises:
        SourceError: it cannot be reached, or refuses the token.
    """
    token = settings.github_token.get_secret_value() if settings.github_token else None
    api = GitHubApi(
        settings.github_api_url,
        token=token,
        cache=_NoCache(),
        notify=_nobody,
        max_wait=0,
        metrics=Metrics(),
    )
    try:
        response = await api.look("/rate_limit")
    finally:
        await api.aclose()
    headers = response.headers
    limited = is_limit(response.status, headers, response.body)
    # An Enterprise server without limits has none to tell of.
    if response.status not in (200, 404) and not limited:
        raise refusal(response, Asked(api.host, "", has_token=bool(token)))
    yield _found(Severity.FINE, "doctor-github", host=api.host)
    for finding in (*_rate(headers, api.host, now()), *_clock(headers, api.host, now())):
        yield finding
    if token is None:
        yield _found(Severity.NOTE, "doctor-github-anonymous")
    else:
        for finding in (*_scopes(headers), *_expiry(headers, now())):
            yield finding


def _rate(headers: Mapping[str, str], host: str, now: datetime) -> Iterator[Finding]:
    left, most = (headers.get(f"x-ratelimit-{n}", "") for n in ("remaining", "limit"))
    if not (left.isdecimal() and most.isdecimal()):
        yield _found(Severity.FINE, "doctor-github-unlimited", host=host)
        return
    reset = headers.get("x-ratelimit-reset", "")
    seconds = int(reset) - now.timestamp() if reset.isdecimal() else 0
    minutes = max(0, round(seconds / 60))
    is_low = int(left) < FEW * int(most)
    severity = Severity.WARNING if is_low else Severity.FINE
    code = "doctor-github-rate-low" if is_low else "doctor-github-rate"
    yield _found(severity, code, left=int(left), most=int(most), minutes=minutes)


def _clock(headers: Mapping[str, str], host: str, now: datetime) -> Iterator[Finding]:
    try:
        ahead = now - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError):  # none, or one without a zone
        return
    told: dict[str, str | int] = {"host": host, "seconds": round(abs(ahead).total_seconds())}
    told["side"] = "ahead" if ahead > timedelta() else "behind"
    if abs(ahead) > WORST_SKEW:
        yield Finding(Subject.CLOCK, Severity.BROKEN, "doctor-clock-wrong", told)
    elif abs(ahead) > SKEW:
        yield Finding(Subject.CLOCK, Severity.WARNING, "doctor-clock-wrong", told)
    else:
        yield Finding(Subject.CLOCK, Severity.FINE, "doctor-clock", {"host": host})


def _scopes(headers: Mapping[str, str]) -> Iterator[Finding]:
    told = headers.get("x-oauth-scopes")
    if told is None:  # only classic tokens have scopes
        yield _found(Severity.FINE, "doctor-github-token")
        return
    scopes = {scope.strip() for scope in told.split(",")} - {""}
    code = "doctor-github-classic" if "repo" in scopes else "doctor-github-public"
    listed = ", ".join(sorted(scopes)) or "-"
    yield _found(Severity.FINE if "repo" in scopes else Severity.NOTE, code, scopes=listed)
    if wide := scopes - _READING:
        yield _found(Severity.NOTE, "doctor-github-wide", scopes=", ".join(sorted(wide)))


def _expiry(headers: Mapping[str, str], now: datetime) -> Iterator[Finding]:
    ends = _instant(headers.get("github-authentication-token-expiration", ""))
    if ends is None:
        return
    left = ends - now
    severity = Severity.WARNING if left < SOON else Severity.FINE
    days = max(0, left.days)
    yield _found(severity, "doctor-github-expires", date=f"{ends:%Y-%m-%d}", days=days)


def _instant(told: str) -> datetime | None:
    """`2026-12-01 10:00:00 UTC`, or with `+0200` at its end."""
    text = re.sub(r"\s*UTC$", "+00:00", told.strip())
    try:
        return datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d{4}$)", "", text)).astimezone(UTC)
    except ValueError:
        return None


def _found(severity: Severity, code: str, **details: str | int) -> Finding:
    return Finding(Subject.GITHUB, severity, code, details)


def _nobody(_: Notice) -> None:
    """Nobody waits."""


@final
class _NoCache(ResponseCache):
    """Keeps nothing."""

    async def get(self, key: str) -> StoredResponse | None:
        """Nothing."""

    async def put(self, key: str, response: StoredResponse) -> None:
        """Nowhere."""
