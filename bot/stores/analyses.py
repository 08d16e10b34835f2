"""Analyses kept in Redis."""

from __future__ import annotations

import hashlib
import random
import zlib
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final, final

from pydantic import TypeAdapter, ValidationError

from analyzers.model import Analysis
from analyzers.ports import AnalysisCache
from bot.stores.cache import RedisCache

if TYPE_CHECKING:
    from redis.asyncio import Redis

TTL: Final = timedelta(days=30)
"""How long an analysis is kept: long enough to expand a commit of last week's digest."""


@final
class RedisAnalysisCache(AnalysisCache):
    """Keeps each analysis as compressed JSON, at `analysis:<hash of the identity>:<sha>`."""

    def __init__(self, redis: Redis, chance: Callable[[], float] = random.random) -> None:
        """Keep analyses on a connected server, for `TTL` give or take what chance says."""
        self._cache = RedisCache(redis, "analysis", TTL, chance)

    async def get(self, sha: str, identity: str) -> Analysis | None:
        """What was kept, or None; also when Redis fails."""
        key = _key(sha, identity)
        value = await self._cache.get(key)
        if value is None:
            return None
        analysis = _unpack(value)
        if analysis is None:
            await self._cache.drop(key)
        return analysis

    async def put(self, sha: str, identity: str, analysis: Analysis) -> None:
        """Keep an analysis, if Redis takes it."""
        await self._cache.put(_key(sha, identity), _pack(analysis))


def _key(sha: str, identity: str) -> str:
    # An identity holds names that people chose, of any length and with any character.
    return f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}:{sha}"


def _pack(analysis: Analysis) -> bytes:
    return zlib.compress(_adapter().dump_json(analysis))


def _unpack(value: bytes) -> Analysis | None:
    """The analysis; None if it was packed by a version that had another idea of one."""
    try:
        return _adapter().validate_json(zlib.decompress(value))
    except (zlib.error, ValidationError):
        return None


@cache
def _adapter() -> TypeAdapter[Analysis]:
    return TypeAdapter(Analysis)
