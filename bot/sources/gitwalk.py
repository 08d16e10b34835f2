"""Walks through the history of a repository with `git rev-list`."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Final

from bot.ports import Node
from bot.sources.gitcommand import WALK_LIMIT, Git
from bot.sources.gitlog import instant

_EARLY: Final = datetime.min.replace(tzinfo=UTC)
_LATE: Final = datetime.max.replace(tzinfo=UTC)


async def list_new(git: Git, heads: Sequence[str], known: Sequence[str]) -> tuple[Node, ...]:
    """As `CommitSource.list_new`; all of the commits are here. Those of the same second stand as
    git has them, children before their parents.

    One walk that ends where all is known, and one of all that is known where the first may have
    ended too soon: git takes a few commits that are older than what it has listed for a sign that
    the rest is known, and two commits by a clock that was some minutes slow make it wrong. A
    million commits take some seconds.
    """
    if not heads:
        return ()
    listed = await _walk(git, [*heads, *(f"^{sha}" for sha in known)])
    if known and not _stands_on(listed, known):
        here = {node.sha for node in listed}
        old = {node.sha for node in await _walk(git, known, among=here)}
        listed = [node for node in listed if node.sha not in old]
    return _newest_first(listed)


async def list_window(git: Git, head: str, since: datetime, until: datetime) -> tuple[Node, ...]:
    """The commits of a history that were committed from `since` up to, not including, `until`."""
    # All of the branch, and each commit by its own clock: `--since` would stop at the first old
    # commit, and a commit with a wrong clock would hide all that is behind it.
    return _newest_first(await _walk(git, [head], since=since, until=until))


async def committed_at(git: Git, sha: str) -> datetime:
    """When a commit was committed."""
    [node] = await _walk(git, [sha], "--max-count=1")
    return node.committed_at


async def _walk(
    git: Git,
    ends: Sequence[str],
    *args: str,
    among: Collection[str] | None = None,
    since: datetime = _EARLY,
    until: datetime = _LATE,
) -> list[Node]:
    """Commits in the order of `git rev-list`."""
    listed = []
    stdin = "".join(f"{end}\n" for end in ends).encode()
    walking = git.stream("rev-list", "--timestamp", "--parents", "--stdin", *args, stdin=stdin)
    try:
        async with asyncio.timeout(WALK_LIMIT), walking as lines:
            async for line in lines:
                seconds, sha, *parents = line.decode().split()
                if among is None or sha in among:
                    at = instant(int(seconds))
                    if since <= at < until:
                        listed.append(Node(sha, tuple(parents), at))
    except TimeoutError as exc:
        raise git.timed_out(WALK_LIMIT) from exc
    return listed


def _stands_on(listed: Sequence[Node], known: Sequence[str]) -> bool:
    """Whether all of these descend from the only commit that is known: then none is behind it."""
    here = {node.sha for node in listed}
    beneath = {parent for node in listed for parent in node.parents} - here
    return beneath <= {*known} and len({*known}) == 1 and all(node.parents for node in listed)


def _newest_first(nodes: Iterable[Node]) -> tuple[Node, ...]:
    return tuple(sorted(nodes, key=attrgetter("committed_at"), reverse=True))
