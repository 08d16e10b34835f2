"""All that stays, whichever store it is of: to walk through it, to put it in, to remove it."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from analyzers.errors import StoreError
from bot.stores import access, delivered, ledgers, spending, subscriptions
from bot.stores.connection import store_errors
from bot.stores.families import Entry, Family, Owner, Shape, read_entry

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import Pipeline

FAMILIES: Final[tuple[Family, ...]] = (
    *access.FAMILIES,
    *subscriptions.FAMILIES,
    *ledgers.FAMILIES,
    *delivered.FAMILIES,
    *spending.FAMILIES,
)
"""All that stays. A kind of keys that is neither here nor in `PASSING` fails a test."""

PASSING: Final = ("cache", "code", "event", "fence", "rate", "spent", "turn")
"""Kinds of keys that are not missed elsewhere: what can be made again, what is over within a day,
and the number of this server's latest claim."""

AT_ONCE: Final = 50
"""Keys that are read together: delivered digests have up to some megabytes each, mostly 4 kB."""

_log = logging.getLogger(__name__)


async def entries_of(redis: Redis, family: Family) -> AsyncGenerator[list[Entry]]:
    """All that a family has, some at a time; what changes meanwhile may come twice or not at all.

    Raises:
        StoreError: a value that stays for good cannot be read.
    """
    async with aclosing(_names(redis, family)) as pages:
        async for names in pages:
            async with redis.pipeline(transaction=True) as commands:
                commands.time()
                for name in names:
                    _ask(commands, family, name)
                    commands.pttl(family.key(name))
                with store_errors(redis):
                    clock, *answers = await commands.execute()
            now = datetime.fromtimestamp(clock[0], UTC) + timedelta(microseconds=clock[1])
            yield await asyncio.to_thread(_entries, family, names, answers, now)


def _entries(
    family: Family, names: Sequence[str], answers: Sequence[Any], now: datetime
) -> list[Entry]:
    found = []
    for name, answer, left in zip(names, answers[::2], answers[1::2], strict=True):
        expires = now + timedelta(milliseconds=left) if left >= 0 else None
        for field, value in _contents(family, answer).items():
            try:
                found.append(read_entry(family, name, field, value, expires))
            except StoreError as exc:
                if not family.passes:
                    raise
                _log.warning("left out: %s", exc)
    return found


def _ask(commands: Pipeline, family: Family, name: str) -> None:
    key = family.key(name)
    match family.shape:
        case Shape.VALUE:
            commands.get(key)
        case Shape.HASH:
            commands.hgetall(key)
        case Shape.SET:
            commands.smembers(key)
        case Shape.SORTED:
            commands.zrange(key, 0, -1, withscores=True)


def _contents(family: Family, answer: Any) -> Mapping[bytes, bytes]:
    """Values by fields, whatever the shape: nothing for a key that is not there."""
    match family.shape:
        case Shape.VALUE:
            return {} if answer is None else {b"": answer}
        case Shape.HASH:
            return cast("dict[bytes, bytes]", answer)
        case Shape.SET:
            return dict.fromkeys(answer, b"")
        case Shape.SORTED:
            return {field: repr(score).encode() for field, score in answer}


async def put_new(redis: Redis, entries: Sequence[Entry]) -> None:
    """Put in what is not there, in one transaction. Of a key that goes by itself, the later end
    holds."""
    async with redis.pipeline(transaction=True) as commands:
        for entry in entries:
            key = entry.family.key(entry.name)
            match entry.family.shape:
                case Shape.VALUE:
                    commands.set(key, entry.stored, nx=True, pxat=entry.expires)
                case Shape.HASH:
                    commands.hsetnx(key, entry.field, entry.stored)
                case Shape.SET:
                    commands.sadd(key, entry.field)
                case Shape.SORTED:
                    commands.zadd(key, {entry.field: float(entry.value)}, nx=True)
            if entry.expires and entry.family.shape is not Shape.VALUE:
                commands.pexpireat(key, entry.expires, nx=True)
                commands.pexpireat(key, entry.expires, gt=True)
        with store_errors(redis):
            await commands.execute()


async def is_empty(redis: Redis) -> bool:
    """Whether nothing of all that is there."""
    for family in FAMILIES:
        async with aclosing(_names(redis, family)) as pages:
            async for names in pages:
                with store_errors(redis):
                    if await redis.exists(*map(family.key, names)):
                        return False
    return True


async def clear(redis: Redis) -> None:
    """Remove all of it."""
    for family in FAMILIES:
        async with aclosing(_names(redis, family)) as pages:
            async for names in pages:
                with store_errors(redis):
                    await redis.unlink(*map(family.key, names))


@dataclass(frozen=True, slots=True)
class Belongings:
    """What one key has of a channel."""

    channel: str
    family: Family
    name: str
    """The key's."""
    fields: tuple[bytes, ...]
    """Which of it, a single empty one for `Shape.VALUE`."""


async def belongings(redis: Redis, channel: str) -> list[Belongings]:
    """All that there is of a channel and of its topics, `<channel>/<topic>`."""
    found = []
    for family in FAMILIES:
        match family.owner:
            case Owner.NAME:
                for name, fields in (await _fields(redis, family, channel)).items():
                    found.append(Belongings(name, family, name, fields))
            case Owner.FIELD:
                for name, fields in (await _fields(redis, family)).items():
                    found += _sorted_by_owner(family, name, fields, channel)
            case Family() as listing:
                for owner, names in (await _fields(redis, listing, channel)).items():
                    found += [Belongings(owner, family, n.decode(), (b"",)) for n in names]
    return found


def _sorted_by_owner(
    family: Family, name: str, fields: Sequence[bytes], channel: str
) -> list[Belongings]:
    owners: dict[str, list[bytes]] = {}
    for field in fields:
        owner = field.decode(errors="replace").partition(" ")[0]
        if _is_of(owner, channel):
            owners.setdefault(owner, []).append(field)
    return [Belongings(owner, family, name, tuple(own)) for owner, own in owners.items()]


async def remove(redis: Redis, found: Sequence[Belongings]) -> None:
    """Remove it, in one transaction."""
    async with redis.pipeline(transaction=True) as commands:
        for one in found:
            key = one.family.key(one.name)
            if one.family.owner is not Owner.FIELD:
                commands.unlink(key)
            elif one.family.shape is Shape.HASH:
                commands.hdel(key, *one.fields)
            elif one.family.shape is Shape.SET:
                commands.srem(key, *one.fields)
            else:
                commands.zrem(key, *one.fields)
        with store_errors(redis):
            await commands.execute()


async def _fields(
    redis: Redis, family: Family, channel: str | None = None
) -> dict[str, tuple[bytes, ...]]:
    """The fields of each key; of a channel's and its topics' alone."""
    found = {}
    async with aclosing(_names(redis, family, channel or "")) as pages:
        async for names in pages:
            own = [name for name in names if channel is None or _is_of(name, channel)]
            async with redis.pipeline(transaction=False) as commands:
                for name in own:
                    _ask(commands, family, name)
                with store_errors(redis):
                    answers = await commands.execute()
            for name, answer in zip(own, answers, strict=True):
                if contents := _contents(family, answer):
                    found[name] = tuple(contents)
    return found


async def _names(redis: Redis, family: Family, start: str = "") -> AsyncGenerator[Sequence[str]]:
    """The names of a family's keys, some at a time, maybe some twice; those that start so.

    Raises:
        StoreError: a key's name is no text.
    """
    if not family.is_split:
        yield ("",)
        return
    pattern = re.sub(r"([*?\[\]\\^])", r"\\\1", family.key(start)) + "*"
    cursor = 0
    while True:
        with store_errors(redis):
            cursor, keys = await redis.scan(cursor, match=pattern, count=1000)
        names = [_name(family, key) for key in cast("list[bytes]", keys)]
        for first in range(0, len(names), AT_ONCE):
            yield names[first : first + AT_ONCE]
        if not cursor:
            return


def _name(family: Family, key: bytes) -> str:
    try:
        return key.decode().removeprefix(family.key(""))
    except UnicodeDecodeError as exc:
        raise StoreError("error-store-value", key=repr(key), reason=str(exc)) from exc


def _is_of(owner: str, channel: str) -> bool:
    return owner == channel or owner.startswith(f"{channel}/")
