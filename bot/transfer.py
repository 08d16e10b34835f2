"""All that stays of a store, as lines of JSON: to move it to another server, and to keep a copy.

The first line names the format, the last one counts those between. Each of them is one entry of
`bot.stores.families`, its value in the words of the store it is of. The format's number is that of
the store's schema: whoever adds a migration decides how an older export is read.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError
from pydantic_core import to_json

from analyzers.errors import InputError, StoreError
from bot.stores.connection import store_errors
from bot.stores.durable import FAMILIES, clear, entries_of, is_empty, put_new
from bot.stores.families import Entry, Shape
from bot.stores.migrations import IMPORTING, alone, bring_up_to_date

if TYPE_CHECKING:
    from redis.asyncio import Redis

FORMAT: Final = "commitcast.export/1"

MOST: Final = 64 * 2**20
"""Bytes of a line, so that no file can fill the memory; a digest of 60 commits has 18 kB."""

AT_ONCE: Final = 100
"""Entries that are put in together."""

Counts = Counter[str]
"""How many entries there are of each kind."""


class Into(StrEnum):
    """What an import does with what is there."""

    EMPTY = "empty"
    """There is nothing, or only what an import has left that did not come to its end."""
    MERGE = "merge"
    """It stays, and what it lacks is added."""
    REPLACE = "replace"
    """It goes."""


class _Head(BaseModel):
    format: str


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: str
    name: str = ""
    field: str = ""
    value: JsonValue = None
    expires: AwareDatetime | None = None


class _End(BaseModel):
    model_config = ConfigDict(extra="forbid")

    entries: int


_LINE: Final[TypeAdapter[_Line | _End]] = TypeAdapter(_Line | _End)
_EXPORTED: Final = {family.kind: family for family in FAMILIES if family.is_exported}


async def export_lines(redis: Redis, counts: Counts) -> AsyncGenerator[bytes]:
    """An export, some lines at a time.

    Args:
        redis: a store; who changes it meanwhile makes it one of no single moment.
        counts: is added to.

    Raises:
        StoreError: a value cannot be read.
    """
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    yield _json({"format": FORMAT, "made_at": made_at, "version": version("commitcast")})
    for family in _EXPORTED.values():
        async with aclosing(entries_of(redis, family)) as pages:
            async for entries in pages:
                counts[family.kind] += len(entries)
                yield b"".join(map(line_of, entries))
    yield _json({"entries": counts.total()})


def line_of(entry: Entry) -> bytes:
    """An entry as a line."""
    head = {"kind": entry.family.kind, "name": entry.name, "field": entry.field}
    if entry.expires:
        head["expires"] = entry.expires.isoformat(timespec="milliseconds")
    line = _json({name: value for name, value in head.items() if value})
    # As the store has written it: to read megabytes only to write them again would take a while.
    return b'%s,"value":%s}\n' % (line[:-2], entry.value) if entry.value else line


def _json(value: dict[str, str | int]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read_export(stream: BinaryIO, spool: BinaryIO) -> Counts:
    """Read an export to its end, check it, and keep what it has.

    Args:
        stream: the export.
        spool: a file that is kept, for `import_entries`; what is in it needs no second check.

    Raises:
        InputError: it is none, has come only in part, or has a value that no store would have
            written.
    """
    counts: Counts = Counter()
    lines = enumerate(_lines(stream), start=1)
    _require_known(next(lines, (1, b""))[1])
    for number, line in lines:
        read = _read(line, number)
        if isinstance(read, _End):
            if read.entries != counts.total() or next(lines, None):
                break
            return counts
        entry = _entry(read, number)
        counts[entry.family.kind] += 1
        spool.write(line_of(entry))
    raise InputError("error-import-cut")


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(MOST):
        yield line


def _require_known(line: bytes) -> None:
    try:
        head = _Head.model_validate_json(line)
    except ValidationError as exc:
        raise InputError("error-import-format", known=FORMAT) from exc
    if head.format != FORMAT:
        raise InputError("error-import-version", found=head.format, known=FORMAT)


def _read(line: bytes, number: int) -> _Line | _End:
    if not line.endswith(b"\n"):
        if len(line) < MOST:
            raise InputError("error-import-cut")
        raise InputError("error-import-line", line=number, reason=f"more than {MOST} bytes")
    try:
        return _LINE.validate_json(line)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        raise InputError("error-import-line", line=number, reason=first["msg"]) from exc


def _entry(line: _Line, number: int) -> Entry:
    if line.kind not in _EXPORTED:
        raise InputError("error-import-kind", line=number, kind=line.kind)
    try:
        return _unchecked(line).checked()
    except StoreError as exc:
        place, reason = exc.details["key"], exc.details["reason"]
        raise InputError("error-import-value", line=number, key=place, reason=reason) from exc


async def import_entries(redis: Redis, spool: BinaryIO, into: Into) -> None:
    """Put in what `read_export` has kept. Until all of it is there, nobody can use the store; a
    second try puts in what is lacking.

    Raises:
        InputError: the store has something already, and nobody said what is to become of it.
        StoreError: it cannot be used, or a later version has used it.
    """
    await bring_up_to_date(redis)
    async with alone(redis):
        await _begin(redis, into)
        for lines in _batched(spool):
            await put_new(redis, await asyncio.to_thread(_entries, lines))
        with store_errors(redis):
            await redis.delete(IMPORTING)


async def _begin(redis: Redis, into: Into) -> None:
    """Note that an import begins, and make room for it."""
    with store_errors(redis):
        unfinished = cast("bytes | None", await redis.get(IMPORTING))
    is_leftover = unfinished == Into.EMPTY.encode()
    if into is Into.EMPTY and not is_leftover and not await is_empty(redis):
        raise InputError("error-import-occupied")
    if into is Into.MERGE and is_leftover:
        raise InputError("error-import-unfinished")
    # All that is there comes from this import, or else is there to stay.
    noted = Into.MERGE if into is Into.MERGE else Into.EMPTY
    with store_errors(redis):
        await redis.set(IMPORTING, noted)
    if into is not Into.MERGE:
        await clear(redis)


def _batched(spool: BinaryIO) -> Iterator[list[bytes]]:
    spool.seek(0)
    while lines := list(islice(spool, AT_ONCE)):
        yield lines


def _entries(lines: Iterable[bytes]) -> list[Entry]:
    return [_unchecked(_Line.model_validate_json(line)) for line in lines]


def _unchecked(line: _Line) -> Entry:
    family = _EXPORTED[line.kind]
    is_bare = family.shape is Shape.SET and line.value is None
    value = b"" if is_bare else to_json(line.value)
    return Entry(family, line.name, line.field, value, line.expires)
