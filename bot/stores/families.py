"""Families of keys that stay for good, or for about a year: what is exported, imported, forgotten.

Each store declares its own beside the code that writes them; `bot.stores.durable` has them all.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto
from functools import cache
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter

from analyzers.errors import StoreError
from bot.stores.keys import read_durable

PREFIX: Final = "commitcast:1:"
"""What all keys begin with, caches' included."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Shape(Enum):
    """How Redis keeps a key of a family, and so what its entries are."""

    VALUE = auto()
    """A string: one value."""
    HASH = auto()
    """A value at each field."""
    SET = auto()
    """Fields alone."""
    SORTED = auto()
    """A number at each field."""


class Owner(Enum):
    """What tells whose an entry is."""

    NAME = auto()
    """There is a key for each channel, of its name."""
    FIELD = auto()
    """The field is the channel, or the channel and a space and something else."""


@dataclass(frozen=True, slots=True)
class Family:
    """Keys of one kind: `commitcast:1:<kind>`, or many of them, `commitcast:1:<kind>:<name>`.

    A name is one word. So is the first word of a field, for `Owner.FIELD`.
    """

    kind: str
    """Its name in keys and exports."""
    shape: Shape
    owner: Owner | Family | None
    """Whose the entries are; those of a family are named by what that one has at the channel. None
    for what is nobody's."""
    is_split: bool = False
    """Whether there are many keys."""
    adapter: Callable[[], TypeAdapter[Any]] | None = None
    """Reads and writes the values of a `VALUE` or a `HASH`."""
    is_packed: bool = False
    """Whether values are compressed."""
    passes: bool = False
    """Whether its keys have a time to live. Who reads it takes a value that cannot be read for one
    that is gone; an export leaves it out."""
    may_stay: bool = False
    """Whether a key that passes may have no time to live yet."""
    is_exported: bool = True
    """Whether it means something on another server."""
    fits: Callable[[str, str, Any], bool] = lambda *_: True
    """Whether a value can stand at this name and field."""

    def key(self, name: str) -> str:
        """Where it is kept; the name is empty unless there are many."""
        return f"{PREFIX}{self.kind}:{name}" if self.is_split else f"{PREFIX}{self.kind}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a family, on its way out of a store or into one."""

    family: Family
    name: str
    """The key's, empty where there is only one."""
    field: str
    """Empty for `Shape.VALUE`."""
    value: bytes
    """As JSON; empty for `Shape.SET`."""
    expires: datetime | None = None
    """When its key goes by itself, in UTC."""

    @property
    def place(self) -> str:
        """What people are told of where it is."""
        key = self.family.key(self.name)
        return f"{key} ({self.field})" if self.field else key

    @property
    def stored(self) -> bytes:
        """The value as Redis keeps it."""
        return zlib.compress(self.value) if self.family.is_packed else self.value

    def checked(self) -> Entry:
        """The same, its value written as its store writes it.

        Raises:
            StoreError: no store has written this.
        """
        family, adapter = self.family, _adapter_of(self.family)
        if not self._is_whole():
            raise _wrong(self.place)
        if adapter is None:
            return self
        value = read_durable(adapter, self.value, self.place)
        if not family.fits(self.name, self.field, value):
            raise _wrong(self.place)
        return replace(self, value=adapter.dump_json(value))

    def _may_end(self) -> bool:
        """Whether its key may go when it does, or stay."""
        if self.expires is None:
            return self.family.may_stay or not self.family.passes
        return self.family.passes and self.expires > _EPOCH

    def _is_whole(self) -> bool:
        """Whether all is there that the family has, and nothing else."""
        family = self.family
        owner = self.field.partition(" ")[0] if family.owner is Owner.FIELD else "-"
        return (
            (_is_word(self.name) if family.is_split else not self.name)
            and _is_word(owner)
            and bool(self.field) == (family.shape is not Shape.VALUE)
            and bool(self.value) == (family.shape is not Shape.SET)
            and self._may_end()
        )


def read_entry(
    family: Family, name: str, field: bytes, stored: bytes, expires: datetime | None
) -> Entry:
    """What is in a store.

    Raises:
        StoreError: nobody can read it.
    """
    place = f"{family.key(name)} ({field!r})" if field else family.key(name)
    try:
        value = zlib.decompress(stored) if family.is_packed else stored
        entry = Entry(family, name, field.decode(), value, expires)
    except (zlib.error, UnicodeDecodeError) as exc:
        raise StoreError("error-store-value", key=place, reason=str(exc)) from exc
    return entry.checked()


def _wrong(place: str) -> StoreError:
    return StoreError("error-store-value", key=place, reason="it does not belong there")


def _is_word(text: str) -> bool:
    return bool(text) and text.isprintable() and " " not in text


def _adapter_of(family: Family) -> TypeAdapter[Any] | None:
    if family.shape is Shape.SORTED:
        return _number()
    return family.adapter() if family.adapter else None


@cache
def _number() -> TypeAdapter[float]:
    return TypeAdapter(Annotated[float, Field(allow_inf_nan=False)])
