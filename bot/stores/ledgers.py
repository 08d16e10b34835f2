"""Ledgers kept in Redis for good, and the index by which due subscriptions are found.

- `commitcast:1:ledgers:<channel>`: a hash, a ledger as JSON at `Subscription.key`
- `commitcast:1:due`: a sorted set of all subscriptions by the instant to look at them next
- `commitcast:1:claims`: a hash, `<fence>:<until>` for each subscription that was claimed
- `commitcast:1:fence`: the number of the latest claim

Claims last by the server's clock: those of the processes may jump. What the scripts write depends
on the fence alone, so one that redis-py sends again after a lost answer does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Final, cast, final

from pydantic import TypeAdapter

from bot.deliveries.ledger import Claim, Claimed, Ledger, Ledgers
from bot.stores.connection import store_errors
from bot.stores.families import Family, Owner, Shape
from bot.stores.keys import CHANNELS, DUE, followed, ledgers_of, member, read_durable
from bot.stores.subscriptions import subscription_adapter
from bot.subscriptions import Subscription

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import Pipeline
    from redis.commands.core import AsyncScript

_CLAIMS: Final = "commitcast:1:claims"
_FENCE: Final = "commitcast:1:fence"

_CLOCK: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function held(claim)
    return claim and tonumber(string.match(claim, ':(%d+)$')) > now
end
local function is_mine(claim, fence)
    return claim and string.match(claim, '^%d+') == fence
end
"""

_FIND_DUE: Final = """
local found, start = {}, 0
repeat
    local page = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', start, 1000)
    start = start + #page
    local claims = #page > 0 and redis.call('HMGET', KEYS[2], unpack(page)) or {}
    for i, member in ipairs(page) do
        if not held(claims[i]) and #found < tonumber(ARGV[2]) then found[#found + 1] = member end
    end
until #page < 1000 or #found >= tonumber(ARGV[2])
return found
"""

_CLAIM: Final = """
local subscription = redis.call('HGET', KEYS[2], ARGV[2])
if not subscription then
    redis.call('ZREM', KEYS[4], ARGV[1])
    redis.call('HDEL', KEYS[1], ARGV[1])
    return false
end
if held(redis.call('HGET', KEYS[1], ARGV[1])) then return false end
local fence = redis.call('INCR', KEYS[5])
redis.call('HSET', KEYS[1], ARGV[1], fence .. ':' .. (now + ARGV[3]))
local ledger = redis.call('HGET', KEYS[3], ARGV[2])
return {fence, subscription, ledger, redis.call('ZSCORE', KEYS[4], ARGV[1]) or ''}
"""

_RENEW: Final = """
if not is_mine(redis.call('HGET', KEYS[1], ARGV[1]), ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. (now + ARGV[3]))
return 1
"""

_SAVE: Final = """
if not is_mine(redis.call('HGET', KEYS[1], ARGV[1]), ARGV[3]) then return 0 end
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 0 then
    redis.call('ZREM', KEYS[4], ARGV[1])
    redis.call('HDEL', KEYS[1], ARGV[1])
    return 0
end
redis.call('HSET', KEYS[3], ARGV[2], ARGV[4])
if ARGV[6] == '' then
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. ':' .. (now + ARGV[5]))
    return 1
end
redis.call('HDEL', KEYS[1], ARGV[1])
local due = redis.call('ZSCORE', KEYS[4], ARGV[1])
local is_new = due and due ~= ARGV[7]
if is_new and (ARGV[6] == 'never' or tonumber(due) < tonumber(ARGV[6])) then return 1 end
if ARGV[6] == 'never' then redis.call('ZREM', KEYS[4], ARGV[1])
else redis.call('ZADD', KEYS[4], ARGV[6], ARGV[1]) end
return 1
"""


@final
class RedisLedgers(Ledgers):
    """One script for each change: all of it happens, or nothing."""

    def __init__(self, redis: Redis) -> None:
        """Keep ledgers on a connected server."""
        self._redis = redis
        self._find_due = self._script(_FIND_DUE)
        self._claim = self._script(_CLAIM)
        self._renew = self._script(_RENEW)
        self._save = self._script(_SAVE)

    async def due(self, now: datetime, most: int) -> tuple[tuple[str, str], ...]:
        """The longest due first."""
        found = await self._run(self._find_due, (DUE, _CLAIMS), (now.timestamp(), most))
        return tuple(_split(one) for one in cast("list[bytes]", found))

    async def next_due(self, after: datetime) -> datetime | None:
        """By the index."""
        with store_errors(self._redis):
            found = await self._redis.zrangebyscore(
                DUE, f"({after.timestamp()}", "+inf", start=0, num=1, withscores=True
            )
        return datetime.fromtimestamp(float(found[0][1]), UTC) if found else None

    async def waiting(self, now: datetime, most: int) -> tuple[tuple[str, datetime], ...]:
        """By the index."""
        with store_errors(self._redis):
            found = await self._redis.zrangebyscore(
                DUE, "-inf", now.timestamp(), start=0, num=most, withscores=True
            )
        due = cast("list[tuple[bytes, float]]", found)
        return tuple((_split(name)[0], datetime.fromtimestamp(at, UTC)) for name, at in due)

    async def claim(self, channel: str, key: str, seconds: float) -> Claimed | None:
        """A claim that was granted, and whose answer was lost, ends by itself."""
        keys = (_CLAIMS, followed(channel), ledgers_of(channel), DUE, _FENCE)
        claimed = await self._run(
            self._claim, keys, (member(channel, key), key, _milliseconds(seconds))
        )
        if not claimed:
            return None
        fence, subscription, ledger, due = cast("tuple[int, bytes, bytes | None, bytes]", claimed)
        place = f"{followed(channel)} ({key})"
        return Claimed(
            Claim(channel, key, fence, due.decode()),
            read_durable(subscription_adapter(), subscription, place),
            _read(channel, key, ledger) if ledger else Ledger(),
        )

    async def renew(self, claim: Claim, seconds: float) -> bool:
        """By the server's clock."""
        arguments = (member(claim.channel, claim.key), claim.fence, _milliseconds(seconds))
        return bool(await self._run(self._renew, (_CLAIMS,), arguments))

    async def save(self, claim: Claim, ledger: Ledger, seconds: float) -> bool:
        """Written whether the claim has run out or not, as long as nobody has claimed since."""
        return await self._write(claim, ledger, seconds, "")

    async def close(self, claim: Claim, ledger: Ledger, due: datetime | None) -> bool:
        """The cursor, the record and the next time together."""
        return await self._write(claim, ledger, 0, str(due.timestamp()) if due else "never")

    async def release(self, claim: Claim) -> None:
        """The claim runs out now."""
        await self.renew(claim, 0)

    async def open(self, subscription: Subscription, ledger: Ledger, due: datetime | None) -> None:
        """Read and written in one transaction: it may be delivered to meanwhile."""
        channel, key = subscription.channel, subscription.key
        name = ledgers_of(channel)

        async def change(commands: Pipeline) -> None:
            value = cast("bytes | None", await commands.hget(name, key))
            before = _read(channel, key, value) if value else ledger
            commands.multi()  # type: ignore[no-untyped-call]  # redis-py has left it out
            commands.hset(name, key, _dump(before.resumed(ledger)))
            if due is None:
                commands.zrem(DUE, member(channel, key))
            else:
                commands.zadd(DUE, {member(channel, key): due.timestamp()})

        with store_errors(self._redis):
            await self._redis.transaction(change, name)

    async def expect(self, dues: Sequence[tuple[Subscription, datetime]]) -> None:
        """One request."""
        if not dues:
            return
        times = {member(s.channel, s.key): due.timestamp() for s, due in dues}
        with store_errors(self._redis):
            await self._redis.zadd(DUE, times, lt=True)

    async def of_channel(self, channel: str) -> Mapping[str, Ledger]:
        """Those that were ever opened."""
        with store_errors(self._redis):
            values = await self._redis.hgetall(ledgers_of(channel))
        names = {cast("bytes", key).decode(): value for key, value in values.items()}
        return {key: _read(channel, key, cast("bytes", v)) for key, v in names.items()}

    async def move(self, before: str, after: str) -> None:
        """What the new channel has already is newer, and stays."""

        async def change(commands: Pipeline) -> None:
            known = [cast("bytes", name).decode() for name in await commands.smembers(CHANNELS)]
            moves = {
                old: after + old.removeprefix(before)
                for old in known
                if old == before or old.startswith(f"{before}/")
            }
            await commands.watch(CHANNELS, *map(ledgers_of, moves))
            found = {old: await commands.hgetall(ledgers_of(old)) for old in moves}
            scores = {
                name: await commands.zscore(DUE, name)
                for old in moves
                for name in (member(old, cast("bytes", key).decode()) for key in found[old])
            }
            commands.multi()  # type: ignore[no-untyped-call]  # redis-py has left it out
            for old, new in moves.items():
                for raw, value in found[old].items():
                    key = cast("bytes", raw).decode()
                    commands.hsetnx(ledgers_of(new), key, value)
                    if (score := scores[member(old, key)]) is not None:
                        commands.zadd(DUE, {member(new, key): score}, nx=True)
                    commands.zrem(DUE, member(old, key))
                    commands.hdel(_CLAIMS, member(old, key))
                commands.delete(ledgers_of(old))

        if before != after:
            with store_errors(self._redis):
                await self._redis.transaction(change, CHANNELS)

    async def _write(self, claim: Claim, ledger: Ledger, seconds: float, due: str) -> bool:
        channel, key = claim.channel, claim.key
        keys = (_CLAIMS, followed(channel), ledgers_of(channel), DUE)
        arguments = (
            *(member(channel, key), key, claim.fence, _dump(ledger)),
            *(_milliseconds(seconds), due, claim.due),
        )
        return bool(await self._run(self._save, keys, arguments))

    def _script(self, text: str) -> AsyncScript:
        return self._redis.register_script(_CLOCK + text)

    async def _run(
        self, script: AsyncScript, keys: Sequence[str], arguments: Sequence[str | bytes | float]
    ) -> object:
        with store_errors(self._redis):
            return await script(keys=list(keys), args=list(arguments))


def _split(value: bytes) -> tuple[str, str]:
    channel, _, key = value.decode().partition(" ")
    return channel, key


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)


def _read(channel: str, key: str, value: bytes) -> Ledger:
    return read_durable(_adapter(), value, f"{ledgers_of(channel)} ({key})")


def _dump(ledger: Ledger) -> bytes:
    return _adapter().dump_json(ledger)


@cache
def _adapter() -> TypeAdapter[Ledger]:
    return TypeAdapter(Ledger)


FAMILIES: Final = (
    Family("ledgers", Shape.HASH, Owner.NAME, is_split=True, adapter=_adapter),
    Family("due", Shape.SORTED, Owner.FIELD),
    # A claim is a process's right on this server. The latest fence stays for good: without it an
    # old claim could be worth as much as a new one.
    Family("claims", Shape.HASH, Owner.FIELD, is_exported=False),
)
