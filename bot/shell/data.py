"""What the commands of the shell do that are about stored data as a whole."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Coroutine
from contextlib import ExitStack, aclosing, nullcontext
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO, Final

import typer

from analyzers.errors import InputError
from bot.config import Settings
from bot.output import replacing
from bot.shell.options import Destination
from bot.shell.session import DONE, Outcome, Session, run_command, standard_output
from bot.stores.connection import open_redis
from bot.stores.durable import Belongings, belongings, remove
from bot.stores.migrations import open_store
from bot.transfer import Counts, Into, export_lines, import_entries, read_export
from formatters.text import Words

if TYPE_CHECKING:
    from redis.asyncio import Redis

NAMED: Final = ("subscriptions", "defaults", "delivered")
"""The kinds that people know; the others are told as one number."""


def run_export(file: Path | None) -> int:
    """`commitcast export`."""

    async def command(session: Session) -> Outcome:
        counts: Counts = Counter()
        # It holds the names of private repositories: nobody else is to read it.
        target = replacing(file, 0o600) if file else standard_output()
        async with open_store(*_place(session.settings)) as redis:
            with target as out:
                async with aclosing(export_lines(redis, counts)) as chunks:
                    async for chunk in chunks:
                        await asyncio.to_thread(out.write, chunk)
        session.reporter.say(session.words("export-done", entries=_told(counts, session.words)))
        return Outcome()

    return run_command(command, Destination(), None, None, is_live=False)


def run_import(file: Path | None, *, merge: bool, replace: bool) -> int:
    """`commitcast import`."""

    def command(session: Session) -> Coroutine[None, None, Outcome]:
        if merge and replace:
            raise InputError("error-import-merge-and-replace")
        into = Into.MERGE if merge else Into.REPLACE if replace else Into.EMPTY
        # Before the event loop runs, so that Ctrl-C ends it as it ends every reader of a pipe.
        with ExitStack() as files:
            spool = files.enter_context(TemporaryFile())
            counts = _read(file, spool)
            return _import(session, files.pop_all(), spool, into, counts)

    return run_command(command, Destination(), None, None, is_live=False)


async def _import(
    session: Session, files: ExitStack, spool: BinaryIO, into: Into, counts: Counts
) -> Outcome:
    with files:
        async with open_redis(*_place(session.settings)) as redis:
            await import_entries(redis, spool, into)
    return Outcome(closing=session.words("import-done", entries=_told(counts, session.words)))


def _read(file: Path | None, spool: BinaryIO) -> Counts:
    if file is None and sys.stdin.isatty():
        raise InputError("error-import-terminal")
    try:
        with file.open("rb") if file else nullcontext(sys.stdin.buffer) as stream:
            return read_export(stream, spool)
    except OSError as exc:
        reason = exc.strerror or str(exc)
        raise InputError("error-import-input", path=str(file or "stdin"), reason=reason) from exc


def run_forget(channel: str, *, is_sure: bool) -> int:
    """`commitcast forget`."""
    asked = ""

    async def look(session: Session) -> Outcome:
        nonlocal asked
        async with open_store(*_place(session.settings)) as redis:
            found = await _found(redis, channel)
        asked = session.words("forget-ask", **_summary(found, session.words))
        return Outcome()

    async def forget(session: Session) -> Outcome:
        async with open_store(*_place(session.settings)) as redis:
            found = await _found(redis, channel)
            await remove(redis, found)
        return Outcome(closing=session.words("forget-done", **_summary(found, session.words)))

    def refuse(_: Session) -> Coroutine[None, None, Outcome]:
        raise InputError("error-forget-unsure", option="--yes")

    if is_sure:
        return run_command(forget, Destination(), None, None, is_live=False)
    if not sys.stdin.isatty():
        return run_command(refuse, Destination(), None, None, is_live=False)
    if status := run_command(look, Destination(), None, None, is_live=False):
        return status
    return run_forget(channel, is_sure=True) if typer.confirm(asked, err=True) else DONE


async def _found(redis: Redis, channel: str) -> list[Belongings]:
    if found := await belongings(redis, channel):
        return found
    raise InputError("error-forget-unknown", channel=channel)


def _summary(found: list[Belongings], words: Words) -> dict[str, str]:
    counts: Counts = Counter()
    for one in found:
        counts[one.family.kind] += len(one.fields)
    channels = sorted({one.channel for one in found})
    return {"channels": words.listed(channels), "entries": _told(counts, words)}


def _told(counts: Counts, words: Words) -> str:
    others = counts.total() - sum(counts[kind] for kind in NAMED)
    numbers = {kind: counts[kind] for kind in NAMED} | {"others": others}
    told = [words("data-entries", kind=kind, n=n) for kind, n in numbers.items() if n]
    return words.listed(told) or words("data-nothing")


def _place(settings: Settings) -> tuple[str | None, Path]:
    url = settings.redis_url
    return url.get_secret_value() if url else None, settings.commitcast_data
