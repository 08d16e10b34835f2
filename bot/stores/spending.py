"""What models cost, in tokens: counted for good by channel, repository and model, and for a day
against what may be spent."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast, final

from pydantic import TypeAdapter

from analyzers.errors import ModelError, StoreError
from analyzers.model import RulesReason
from analyzers.ports import Account, Spending, Usage
from bot.stores.connection import store_errors
from bot.stores.families import Family, Owner, Shape
from bot.stores.keys import usage_of

if TYPE_CHECKING:
    from redis.asyncio import Redis

KEPT: Final = timedelta(days=92)
"""How long it is known on which day a channel spent what: a quarter of a year."""

_SPENT_FOR: Final = 3 * 86_400
"""Seconds after which a day's sums go: nobody spends on a day that is over."""

_ALL: Final = "*"
"""Stands for all channels together."""

_RESERVE: Final = """
local all, channel, tokens = ARGV[1], ARGV[2], tonumber(ARGV[3])
local function exceeds(field, cap)
  local spent = tonumber(redis.call('HGET', KEYS[1], field) or 0)
  return cap > 0 and spent + tokens > cap
end
if exceeds(all, tonumber(ARGV[4])) or exceeds(channel, tonumber(ARGV[5])) then return 0 end
redis.call('HINCRBY', KEYS[1], all, tokens)
redis.call('HINCRBY', KEYS[1], channel, tokens)
redis.call('EXPIRE', KEYS[1], ARGV[6])
return 1
"""

FAMILIES: Final = (
    Family("usage", Shape.HASH, Owner.NAME, is_split=True, adapter=lambda: TypeAdapter(int)),
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caps:
    """What may be spent in a day of UTC; None for any number of tokens."""

    in_all: int | None = None
    of_a_channel: int | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent on one thing."""

    day: date
    """The day, in UTC."""
    repository: str
    """The repository's address."""
    model: str
    usage: Usage
    requests: int


@final
class RedisSpending(Spending):
    """Counts on a server. Where it fails nothing is counted and nothing refused: an analysis is
    worth more than its count, and the log is told once."""

    def __init__(self, redis: Redis, now: Callable[[], datetime], caps: Caps) -> None:
        """Count on a connected server.

        Args:
            redis: the server.
            now: the time of day, in UTC.
            caps: what may be spent.
        """
        self._redis = redis
        self._now = now
        self.caps = caps
        self._script = redis.register_script(_RESERVE)
        self._failing = False

    async def reserve(self, account: Account, tokens: int) -> None:
        """Set tokens aside before a request.

        Raises:
            ModelError: for `RulesReason.DAILY_LIMIT`; nothing is set aside.
        """
        caps = self.caps
        limits = (caps.in_all or 0, caps.of_a_channel or 0)
        arguments = (_ALL, account.channel, tokens, *limits, _SPENT_FOR)
        allowed = await self._attempt(lambda: self._script(keys=[self._day()], args=arguments))
        if allowed == 0:
            raise ModelError(RulesReason.DAILY_LIMIT)

    async def settle(self, account: Account, model: str, reserved: int, usage: Usage) -> None:
        """Count what a request took, in place of what was set aside for it."""
        day, difference = self._day(), usage.sent + usage.received - reserved
        fields = {"requests": 1, "sent": usage.sent, "received": usage.received, "kept": usage.kept}

        async def count() -> None:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hincrby(day, _ALL, difference)
                pipe.hincrby(day, account.channel, difference)
                pipe.expire(day, _SPENT_FOR)
                for what, n in fields.items():
                    if n and usage.sent:
                        field = _field(self._now().date(), account.repository, model, what)
                        pipe.hincrby(usage_of(account.channel), field, n)
                await pipe.execute()

        await self._attempt(count)

    async def left(self, channel: str) -> Mapping[str, int | None]:
        """What may still be spent today: `in_all` and `of_a_channel`; None for any number.

        Raises:
            StoreError: nobody knows.
        """
        with store_errors(self._redis):
            spent = await self._redis.hmget(self._day(), [_ALL, channel])
        caps = (self.caps.in_all, self.caps.of_a_channel)
        return {
            name: None if cap is None else max(cap - int(n or 0), 0)
            for name, cap, n in zip(("in_all", "of_a_channel"), caps, spent, strict=True)
        }

    async def of_channel(self, channel: str) -> list[Spent]:
        """What a channel has spent, for as long as it is kept.

        Raises:
            StoreError: nobody knows.
        """
        with store_errors(self._redis):
            found = cast("dict[bytes, bytes]", await self._redis.hgetall(usage_of(channel)))
            since = self._now().date() - KEPT
            if past := [field for field in found if _told(field)[0] < since]:
                await self._redis.hdel(usage_of(channel), *past)
        return _sums({field: int(n) for field, n in found.items() if field not in set(past)})

    async def of_all(self) -> list[Spent]:
        """What all channels together have spent.

        Raises:
            StoreError: nobody knows.
        """
        start = usage_of("")
        with store_errors(self._redis):
            keys = [key async for key in self._redis.scan_iter(f"{start}*", count=1000)]
        return [
            spent
            for key in keys
            for spent in await self.of_channel(key.decode().removeprefix(start))
        ]

    def _day(self) -> str:
        return f"commitcast:1:spent:{self._now().date().isoformat()}"

    async def _attempt(self, command: Callable[[], Any]) -> Any:
        try:
            with store_errors(self._redis):
                result = await command()
        except StoreError as exc:
            if not self._failing:
                self._failing = True
                _log.warning("tokens are not counted: %s", exc)
            return None
        self._failing = False
        return result


def _field(day: date, repository: str, model: str, what: str) -> str:
    return json.dumps([day.isoformat(), repository, model, what], ensure_ascii=False)


def _told(field: bytes) -> tuple[date, str, str, str]:
    day, repository, model, what = json.loads(field)
    return date.fromisoformat(day), repository, model, what


def _sums(found: Mapping[bytes, int]) -> list[Spent]:
    sums: defaultdict[tuple[date, str, str], dict[str, int]] = defaultdict(dict)
    for field, n in found.items():
        day, repository, model, what = _told(field)
        sums[day, repository, model][what] = n
    return [
        Spent(
            *of,
            Usage(n.get("sent", 0), n.get("received", 0), n.get("kept", 0)),
            n.get("requests", 0),
        )
        for of, n in sorted(sums.items())
    ]
