"""What the tests of the git source do again and again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from analyzers.model import Commit
from bot.ports import CommitSource, Node, Window
from bot.sources.git import GitSource

ALWAYS: Final = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""The limits of a window that every commit is in."""


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[GitSource]:
    """The source of a folder, closed at the end."""
    source = await GitSource.open_folder(path)
    try:
        yield source
    finally:
        await source.aclose()


async def list_all(source: CommitSource) -> tuple[str, ...]:
    """All commits of the default branch."""
    return shas_of(await source.list_nodes(Window((await source.head(None)).sha, *ALWAYS)))


async def read_all(source: CommitSource, *shas: str) -> list[Commit]:
    """Commits in the order in which they come."""
    return [commit async for commit in source.read(shas)]


async def read_one(path: Path, name: str = "HEAD") -> Commit:
    """One commit of a folder."""
    async with opened(path) as source:
        [commit] = await read_all(source, await source.resolve(name))
        return commit


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="looks at processes the way Linux shows them"
)


def processes(parent: int | None = None) -> list[str]:
    """The command lines of all processes, or of one's children, zombies left out."""
    lines = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            above = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended meanwhile
        if line and parent in (None, above):
            lines.append(line)
    return lines


def shas_of(nodes: Iterable[Node]) -> tuple[str, ...]:
    """The full names of listed commits."""
    return tuple(node.sha for node in nodes)
