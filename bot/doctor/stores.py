"""Redis, or the embedded server: whether what is kept there stays."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from analyzers.errors import StoreError
from analyzers.text import clean_line, shorten
from bot.config import Settings
from bot.doctor import subscriptions
from bot.doctor.findings import Finding, Severity, Subject, bounded
from bot.stores.connection import masked, open_redis, store_errors
from bot.stores.migrations import require_usable
from formatters.text import Words

if TYPE_CHECKING:
    from redis.asyncio import Redis

OLDEST: Final = 7
"""The first version of Redis that has all that is used; Valkey calls itself 7.2."""

NEARLY_FULL: Final = 0.9
"""The share of `maxmemory` from which on it is told."""

PROBE: Final = "commitcast:doctor"
"""A key that is written to see whether that is possible; it goes within seconds."""


async def check(
    settings: Settings, words: Words, now: Callable[[], datetime], limit: float
) -> AsyncGenerator[Finding]:
    """Look at the server, at what it does with data, and at the subscriptions in it.

    Raises:
        StoreError: it cannot be used.
    """
    url = settings.redis_url.get_secret_value() if settings.redis_url else None
    async with open_redis(url, settings.commitcast_data) as redis:
        place = masked(url) if url else str(settings.commitcast_data)
        async for finding in _server(redis, place, is_embedded=url is None):
            yield finding
        await require_usable(redis)
        look = subscriptions.check(redis, settings, words, now)
        for finding in await bounded(Subject.SUBSCRIPTIONS, look, limit):
            yield finding


async def _server(redis: Redis, place: str, *, is_embedded: bool) -> AsyncGenerator[Finding]:
    with store_errors(redis):
        # A server that is full, a replica, or one that could not save refuses this.
        await redis.set(PROBE, "1", px=timedelta(seconds=5))
        await redis.delete(PROBE)
    try:
        with store_errors(redis):
            told = await redis.info()
            save = await _configured(redis, "save")
    except StoreError as exc:
        reason = shorten(clean_line(str(exc.details.get("reason", exc.code))), 200)
        yield _found(Severity.NOTE, "doctor-store-closed", reason=reason)
        return
    version = str(told.get("valkey_version") or told.get("redis_version") or "?")
    name = "Valkey" if "valkey_version" in told else "Redis"
    kind = "embedded" if is_embedded else "server"
    yield _found(Severity.FINE, "doctor-store", kind=kind, place=place, name=name, version=version)
    major = str(told.get("redis_version", "")).partition(".")[0]
    if major.isdecimal() and int(major) < OLDEST:
        yield _found(Severity.BROKEN, "doctor-store-old", version=version, oldest=OLDEST)
    for finding in (*_memory(told), *_persistence(told, save)):
        yield finding


async def _configured(redis: Redis, name: str) -> str | None:
    """A directive of the server's configuration; None where it does not tell."""
    from redis.exceptions import ResponseError

    try:
        told = await redis.config_get(name)
    except ResponseError:  # hosted servers have no CONFIG
        return None
    return str(told[name]) if name in told else None


def _memory(told: Mapping[str, Any]) -> Iterator[Finding]:
    """What becomes of data when memory is full."""
    policy, most = str(told.get("maxmemory_policy", "?")), int(told.get("maxmemory", 0))
    used = int(told.get("used_memory", 0))
    if policy.startswith("allkeys"):
        severity = Severity.BROKEN if most else Severity.WARNING
        yield _found(severity, "doctor-store-evicts", policy=policy)
    elif policy.startswith("volatile"):
        severity = Severity.WARNING if most else Severity.NOTE
        yield _found(severity, "doctor-store-evicts-some", policy=policy)
    else:
        yield _found(Severity.FINE, "doctor-store-policy", policy=policy)
    if most and used > NEARLY_FULL * most:
        share = round(100 * used / most)
        yield _found(Severity.WARNING, "doctor-store-full", share=share, most=most // 1_000_000)


def _persistence(told: Mapping[str, Any], save: str | None) -> Iterator[Finding]:
    """What is left after a restart."""
    failed = [
        name
        for name in ("aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status")
        if told.get(name, "ok") != "ok"
    ]
    if failed:
        yield _found(Severity.BROKEN, "doctor-store-unsaved", what=", ".join(failed))
    if told.get("aof_enabled"):
        yield _found(Severity.FINE, "doctor-store-aof")
    elif save == "":
        yield _found(Severity.BROKEN, "doctor-store-forgets")
    elif save is None:
        yield _found(Severity.NOTE, "doctor-store-saves-unknown")
    else:
        yield _found(Severity.WARNING, "doctor-store-snapshots", save=save)


def _found(severity: Severity, code: str, **details: str | int) -> Finding:
    return Finding(Subject.STORE, severity, code, details)
