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
from typing import TYPE_CHECKING, Final, TypeVar, cast, final

from pydantic import TypeAdapter, ValidationError

from analyzers.errors import StoreError
from bot.ports import SubscriptionStore
from bot.stores.connection import store_errors
from bot.subscriptions import Defaults, Subscription, key_of

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import Pipeline

_CHANNELS: Final = "commitcast:1:channels"

_T = TypeVar("_T")


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
                commands.hset(
                    _followed(subscription.channel), subscription.key, _dump(subscription)
                )
                commands.sadd(_CHANNELS, subscription.channel)
                await commands.execute()

    async def remove(self, channel: str, repository: str) -> bool:
        """False if there was none."""
        with store_errors(self._redis):
            return await self._redis.hdel(_followed(channel), key_of(repository)) > 0

    async def of_channel(self, channel: str) -> tuple[Subscription, ...]:
        """In the order in which they were made."""
        with store_errors(self._redis):
            return _subscriptions(channel, await self._redis.hgetall(_followed(channel)))

    async def channels(self) -> tuple[str, ...]:
        """By name; some may have nothing by now."""
        with store_errors(self._redis):
            return _names(await self._redis.smembers(_CHANNELS))

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
            commands.sadd(_CHANNELS, channel)

        with store_errors(self._redis):
            await self._redis.transaction(change, key)

    async def move(self, before: str, after: str) -> None:
        """What the new channel has already is newer, and stays."""

        async def change(commands: Pipeline) -> None:
            known = _names(await commands.smembers(_CHANNELS))
            moves = {
                name: after + name.removeprefix(before)
                for name in known
                if name == before or name.startswith(f"{before}/")
            }
            await commands.watch(_CHANNELS, *map(_followed, moves), *map(_defaults, moves))
            found = [_subscriptions(old, await commands.hgetall(_followed(old))) for old in moves]
            settings = [await commands.get(_defaults(old)) for old in moves]
            commands.multi()  # type: ignore[no-untyped-call]  # redis-py has left it out
            for (old, new), subscriptions, value in zip(
                moves.items(), found, settings, strict=True
            ):
                for subscription in subscriptions:
                    moved = replace(subscription, channel=new)
                    commands.hsetnx(_followed(new), moved.key, _dump(moved))
                if value is not None:
                    commands.set(_defaults(new), value, nx=True)
                commands.delete(_followed(old), _defaults(old))
                commands.srem(_CHANNELS, old)
                commands.sadd(_CHANNELS, new)

        if before != after:
            with store_errors(self._redis):
                await self._redis.transaction(change, _CHANNELS)


def _followed(channel: str) -> str:
    return f"commitcast:1:subscriptions:{channel}"


def _defaults(channel: str) -> str:
    return f"commitcast:1:defaults:{channel}"


# redis-py says `bytes | str` of every answer; the client of `open_redis` gives bytes.


def _names(members: Set[bytes | str]) -> tuple[str, ...]:
    return tuple(sorted(cast("bytes", member).decode() for member in members))


def _subscriptions(
    channel: str, values: Mapping[bytes | str, bytes | str]
) -> tuple[Subscription, ...]:
    found = [
        _read(_adapter(), value, f"{_followed(channel)} ({cast('bytes', key).decode()})")
        for key, value in values.items()
    ]
    return tuple(sorted(found, key=lambda subscription: (subscription.made_at, subscription.key)))


def _read_defaults(channel: str, value: bytes | str | None) -> Defaults:
    return Defaults() if value is None else _read(_defaults_adapter(), value, _defaults(channel))


def _dump(subscription: Subscription) -> bytes:
    return _adapter().dump_json(subscription)


def _read(adapter: TypeAdapter[_T], value: bytes | str, key: str) -> _T:
    """The value at a key.

    Raises:
        StoreError: it was written by a version that had another idea of one, or is damaged. Unlike
            a cache's it is not dropped: nobody else has it.
    """
    try:
        return adapter.validate_json(value)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        raise StoreError("error-store-value", key=key, reason=first["msg"]) from exc


@cache
def _adapter() -> TypeAdapter[Subscription]:
    return TypeAdapter(Subscription)


@cache
def _defaults_adapter() -> TypeAdapter[Defaults]:
    return TypeAdapter(Defaults)
