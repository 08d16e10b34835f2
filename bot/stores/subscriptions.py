"""Subscriptions and chats' settings kept in Redis for good: no key here has a time to live.

- `commitcast:1:subscriptions:<channel>`: a hash, a subscription as JSON at `Subscription.key`
- `commitcast:1:defaults:<channel>`: the chat's own settings as JSON
- `commitcast:1:channels`: the set of all channels that ever had either. Looking for the keys
  themselves would mean to walk over the caches too, which are a thousand times as many.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final, cast, final

from pydantic import TypeAdapter

from bot.ports import SubscriptionStore
from bot.stores.connection import store_errors
from bot.stores.families import Family, Owner, Shape
from bot.stores.keys import CHANNELS, DUE, followed, ledgers_of, member, read_durable
from bot.subscriptions import Defaults, Subscription, key_of

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import Pipeline


@final
class RedisSubscriptions(SubscriptionStore):
    """What changes several keys is one transaction: all of it happens, or nothing."""

    def __init__(self, redis: Redis) -> None:
        """Keep subscriptions on a connected server."""
        self._redis = redis

    async def put(self, subscription: Subscription) -> None:
        """Keep it in place of the channel's earlier one of the same repository."""
        with store_errors(self._redis):
            async with self._redis.pipeline(transaction=True) as commands:
                commands.hset(followed(subscription.channel), subscription.key, _dump(subscription))
                commands.sadd(CHANNELS, subscription.channel)
                await commands.execute()

    async def remove(self, channel: str, repository: str) -> bool:
        """False if there was none."""
        key = key_of(repository)
        with store_errors(self._redis):
            async with self._redis.pipeline(transaction=True) as commands:
                commands.hdel(followed(channel), key)
                commands.hdel(ledgers_of(channel), key)
                commands.zrem(DUE, member(channel, key))
                removed, *_ = await commands.execute()
                return bool(removed)

    async def of_channel(self, channel: str) -> tuple[Subscription, ...]:
        """In the order in which they were made."""
        with store_errors(self._redis):
            return _subscriptions(channel, await self._redis.hgetall(followed(channel)))

    async def channels(self) -> tuple[str, ...]:
        """By name; some may have nothing by now."""
        with store_errors(self._redis):
            return _names(await self._redis.smembers(CHANNELS))

    async def defaults(self, channel: str) -> Defaults:
        """Without any, where the chat has set none."""
        with store_errors(self._redis):
            return _read_defaults(channel, await self._redis.get(_defaults(channel)))

    async def change_defaults(self, channel: str, given: Defaults) -> None:
        """Read and written in one transaction: two people may set different things at once."""
        key = _defaults(channel)

        async def change(commands: Pipeline) -> None:
            changed = _read_defaults(channel, await commands.get(key)).updated(given)
            commands.multi()  # type: ignore[no-untyped-call]  # redis-py has left it out
            commands.set(key, _defaults_adapter().dump_json(changed))
            commands.sadd(CHANNELS, channel)

        with store_errors(self._redis):
            await self._redis.transaction(change, key)

    async def move(self, before: str, after: str) -> None:
        """What the new channel has already is newer, and stays."""

        async def change(commands: Pipeline) -> None:
            known = _names(await commands.smembers(CHANNELS))
            moves = {
                name: after + name.removeprefix(before)
                for name in known
                if name == before or name.startswith(f"{before}/")
            }
            await commands.watch(CHANNELS, *map(followed, moves), *map(_defaults, moves))
            found = [_subscriptions(old, await commands.hgetall(followed(old))) for old in moves]
            settings = [await commands.get(_defaults(old)) for old in moves]
            commands.multi()  # type: ignore[no-untyped-call]  # redis-py has left it out
            for (old, new), subscriptions, value in zip(
                moves.items(), found, settings, strict=True
            ):
                for subscription in subscriptions:
                    moved = replace(subscription, channel=new)
                    commands.hsetnx(followed(new), moved.key, _dump(moved))
                    # Who looked before it came has taken it off: it is looked at anew.
                    commands.zadd(DUE, {member(new, moved.key): 0}, nx=True)
                if value is not None:
                    commands.set(_defaults(new), value, nx=True)
                commands.delete(followed(old), _defaults(old))
                commands.srem(CHANNELS, old)
                commands.sadd(CHANNELS, new)

        if before != after:
            with store_errors(self._redis):
                await self._redis.transaction(change, CHANNELS)


def _defaults(channel: str) -> str:
    return f"commitcast:1:defaults:{channel}"


# redis-py says `bytes | str` of every answer; the client of `open_redis` gives bytes.


def _names(members: Set[bytes | str]) -> tuple[str, ...]:
    return tuple(sorted(cast("bytes", member).decode() for member in members))


def _subscriptions(
    channel: str, values: Mapping[bytes | str, bytes | str]
) -> tuple[Subscription, ...]:
    found = [
        read_durable(
            subscription_adapter(), value, f"{followed(channel)} ({cast('bytes', key).decode()})"
        )
        for key, value in values.items()
    ]
    return tuple(sorted(found, key=lambda subscription: (subscription.made_at, subscription.key)))


def _read_defaults(channel: str, value: bytes | str | None) -> Defaults:
    return (
        Defaults()
        if value is None
        else read_durable(_defaults_adapter(), value, _defaults(channel))
    )


def _dump(subscription: Subscription) -> bytes:
    return subscription_adapter().dump_json(subscription)


@cache
def subscription_adapter() -> TypeAdapter[Subscription]:
    """Reads and writes subscriptions."""
    return TypeAdapter(Subscription)


@cache
def _defaults_adapter() -> TypeAdapter[Defaults]:
    return TypeAdapter(Defaults)


def _is_at_home(channel: str, key: str, subscription: Subscription) -> bool:
    return (subscription.channel, subscription.key) == (channel, key)


FAMILIES: Final = (
    Family("channels", Shape.SET, Owner.FIELD),
    Family(
        "subscriptions",
        Shape.HASH,
        Owner.NAME,
        is_split=True,
        adapter=subscription_adapter,
        fits=_is_at_home,
    ),
    Family("defaults", Shape.VALUE, Owner.NAME, is_split=True, adapter=_defaults_adapter),
)
