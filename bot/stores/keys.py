"""The durable keys that several stores write together, and how their values are read."""

from __future__ import annotations

from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from analyzers.errors import StoreError

CHANNELS: Final = "commitcast:1:channels"
"""The set of all channels that ever had a subscription or settings."""

DUE: Final = "commitcast:1:due"
"""When each subscription is to be looked at: a sorted set of `member` by seconds since 1970."""

_T = TypeVar("_T")


def followed(channel: str) -> str:
    """The hash of a channel's subscriptions, by `Subscription.key`."""
    return f"commitcast:1:subscriptions:{channel}"


def ledgers_of(channel: str) -> str:
    """The hash of the ledgers of a channel's subscriptions, by `Subscription.key`."""
    return f"commitcast:1:ledgers:{channel}"


def usage_of(channel: str) -> str:
    """The hash of what a channel has spent on models."""
    return f"commitcast:1:usage:{channel}"


def member(channel: str, key: str) -> str:
    """One subscription of all; a channel has no space in it."""
    return f"{channel} {key}"


def read_durable(adapter: TypeAdapter[_T], value: bytes | str, key: str) -> _T:
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
