"""What is new to those who follow branches: what their tips reach and nothing delivered does.

The cursor says up to which commit each branch was delivered. What was delivered and no branch
reaches any more, because it was deleted or rewritten, stays in the cursor: whoever puts it back
tells nothing new. Dates have a say only where a delivered commit has vanished from the repository,
and in a first edition.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from analyzers.errors import RevisionNotFound
from analyzers.model import LeftOut, Remark, RemarkCode
from bot.branches import tips_of
from bot.deliveries.cursor import Cursor
from bot.deliveries.rewritten import MOST_DROPPED, same_changes
from bot.globs import is_glob, split_signs
from bot.ports import CommitSource, Head, Node, Window
from bot.subscriptions import Filters

SKEW: Final = timedelta(days=1)
"""How far behind the clocks of those who committed may be, where dates have a say."""
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)

Reported = Callable[[], Awaitable[Collection[str]]]
"""Gives the full names of the commits that were shown before."""
_Found = dict[str, tuple[Node, str]]
"""Commits by their full names, each with the first branch that has it."""


@dataclass(frozen=True, slots=True)
class News:
    """What a scheduled digest has to tell. What is shown and what is left out are together all
    commits that are new, each once."""

    tips: tuple[Head, ...]
    """The followed branches as they were when they were looked up; at least one."""
    found_on: Mapping[str, str]
    """The full names of the commits to show, the newest first, each with the first branch that has
    it."""
    left_out: Mapping[str, LeftOut]
    """The full names of the commits that are only counted, and why."""
    heads: Mapping[str, str]
    """The cursor once all this is delivered, see `bot.deliveries.cursor`."""
    remarks: tuple[Remark, ...]
    """What happened to the history."""


async def gather(
    source: CommitSource,
    filters: Filters,
    heads: Mapping[str, str],
    since: datetime | None,
    *,
    window_since: datetime | None,
    now: datetime,
    most: int,
    reported: Reported,
) -> News:
    """Look up the tips of the followed branches, once, and tell what is new from there.

    - New is what the tips reach and nothing in the cursor does, whichever branch brought it there.
    - A branch that does not reach any more what was delivered of it was rewritten. That is said,
      and a new commit that makes the same change as one that fell out is left out as known.
    - What was delivered of a branch may have vanished from the repository altogether. That is said,
      and of this branch those commits are new that have a date since the last digest and that
      nobody was shown.
    - A branch that is followed by its name and is gone is said to be gone, once.

    Args:
        source: the repository.
        filters: which branches, and whether only what landed on them itself is shown.
        heads: the cursor, as the `News` before had it.
        since: when the tips in the cursor were looked up, in UTC; None if nobody knows.
        window_since: the first instant, in UTC, of the time until now that a first edition covers
            beside what is new; with an empty cursor it covers nothing else. None for every later
            one, to which an empty cursor makes the whole history new.
        now: when this is, in UTC.
        most: commits to show; the oldest of more are only counted.
        reported: asked where dates have a say.

    Raises:
        RevisionNotFound: none of the followed branches exists.
        SourceError: the repository did not give what was asked for.
    """
    tips, gone = await _tips(source, filters.branches)
    cursor, listed = await _listed(source, tips, heads, whole=window_since is None)
    start = window_since if since is None else since - SKEW
    found = await _found(source, tips, cursor, listed, start or _EARLIEST, reported)
    if window_since is not None:
        for tip in tips:
            _add(found, await source.list_nodes(Window(tip.sha, window_since, now)), tip.branch)
    reached = {tip.sha for tip in tips}.union(*(node.parents for node in listed))
    fallen = await _fallen(source, tips, cursor, reached)
    dropped = {tip.branch: fallen[tip.branch] for tip in tips if tip.branch in fallen}
    newest = _newest_first(node for node, _ in found.values())
    left_out = await _left_out(source, tips, newest, dropped.values(), filters, most)
    return News(
        tips=tips,
        found_on={node.sha: found[node.sha][1] for node in newest if node.sha not in left_out},
        left_out=left_out,
        heads=cursor.moved(tips, reached, fallen),
        remarks=(
            *(Remark(RemarkCode.CURSOR_LOST, t.branch) for t in tips if t.branch in cursor.lost),
            *(Remark(RemarkCode.REWRITTEN, name, len(nodes)) for name, nodes in dropped.items()),
            *(Remark(RemarkCode.BRANCH_GONE, name) for name in gone if name in heads),
        ),
    )


async def _tips(
    source: CommitSource, patterns: Sequence[str]
) -> tuple[tuple[Head, ...], Sequence[str]]:
    """The tips, and the branches that are followed by their names and are gone."""
    try:
        return await tips_of(source, patterns), ()
    except RevisionNotFound:
        wanted, _ = split_signs(patterns)
        gone = [name for name in wanted if not is_glob(name) and not await _exists(source, name)]
        if not gone or len(gone) == len(wanted):
            raise
    return await tips_of(source, [name for name in patterns if name not in gone]), gone


async def _exists(source: CommitSource, branch: str) -> bool:
    try:
        await source.head(branch)
    except RevisionNotFound:
        return False
    return True


async def _listed(
    source: CommitSource, tips: Sequence[Head], heads: Mapping[str, str], *, whole: bool
) -> tuple[Cursor, tuple[Node, ...]]:
    """The cursor as far as it is in the repository, and what the tips reach and nothing in it does;
    with nothing left in it, nothing, unless it was empty and the whole history is wanted."""
    vanished: set[str] = set()
    while True:
        cursor = Cursor.of(heads, vanished)
        if cursor.is_empty and (heads or not whole):
            return cursor, ()
        known = cursor.known(tips)
        try:
            return cursor, await source.list_new([tip.sha for tip in tips], known)
        except RevisionNotFound as exc:
            if (name := str(exc.details.get("name"))) not in known:
                raise
            vanished.add(name)


async def _found(
    source: CommitSource,
    tips: Sequence[Head],
    cursor: Cursor,
    listed: Sequence[Node],
    start: datetime,
    reported: Reported,
) -> _Found:
    """What is new on each branch by the cursor or, where that is lost, by dates from `start` on."""
    nodes = {node.sha: node for node in listed}
    shown = await reported() if cursor.lost else ()
    found: _Found = {}
    for tip in tips:
        new: Iterable[Node]
        if tip.branch in cursor.lost or (cursor.lost and cursor.is_empty):
            window = await source.list_nodes(Window(tip.sha, start, _LATEST))
            new = [node for node in window if cursor.is_empty or node.sha in nodes]
        else:
            reached = _reached(nodes, tip.sha)
            new = [node for node in listed if node.sha in reached]
        _add(found, (node for node in new if node.sha not in shown), tip.branch)
    return found


def _add(found: _Found, nodes: Iterable[Node], branch: str) -> None:
    for node in nodes:
        found.setdefault(node.sha, (node, branch))


def _reached(nodes: Mapping[str, Node], tip: str) -> set[str]:
    left, reached = [tip], set[str]()
    while left:
        if (sha := left.pop()) in nodes and sha not in reached:
            reached.add(sha)
            left += nodes[sha].parents
    return reached


async def _fallen(
    source: CommitSource, tips: Sequence[Head], cursor: Cursor, reached: Collection[str]
) -> dict[str, Sequence[Node]]:
    """By branch, what was delivered of it and is not reached any more; `reached` is what is seen
    to be."""
    own = {tip.branch: tip.sha for tip in tips}
    fallen: dict[str, Sequence[Node]] = {}
    for branch in dict.fromkeys([*cursor.ends, *own]):
        end = cursor.end(branch)
        if end is None or end in reached:
            continue
        try:
            nodes = await source.list_new([end], [own.get(branch, tips[0].sha), *own.values()])
        except RevisionNotFound as exc:
            if exc.details.get("name") != end:
                raise
            continue  # a forge may notice only now that it has vanished
        if nodes:
            fallen[branch] = nodes
    return fallen


async def _left_out(
    source: CommitSource,
    tips: Sequence[Head],
    newest: Sequence[Node],
    fallen: Iterable[Sequence[Node]],
    filters: Filters,
    most: int,
) -> dict[str, LeftOut]:
    """Which of the new commits are not shown, and why."""
    left_out: dict[str, LeftOut] = {}
    if filters.first_parent:
        landed = landed_on((tip.sha for tip in tips), newest)
        left_out |= {n.sha: LeftOut.BROUGHT_IN for n in newest if n.sha not in landed}
    shown = [node.sha for node in newest if node.sha not in left_out]
    rest: list[str] = []
    if dropped := dict.fromkeys(n.sha for n in _newest_first(n for nodes in fallen for n in nodes)):
        # Enough of them that `most` are left. Where more fell out than are compared, the new ones
        # that are older than as many others are most likely nothing new.
        enough = most + len(dropped) if len(dropped) <= MOST_DROPPED else MOST_DROPPED
        shown, rest = shown[:enough], shown[enough:]
        same = await same_changes(source, [*dropped], shown)
        left_out |= dict.fromkeys(same, LeftOut.KNOWN)
        shown = [sha for sha in shown if sha not in same]
    return left_out | dict.fromkeys([*shown[most:], *rest], LeftOut.TOO_MANY)


def landed_on(tips: Iterable[str], newest: Sequence[Node]) -> set[str]:
    """What the branches reach by first parents alone. A window has gaps where a clock was wrong:
    what nothing in it stands on has landed, as far as can be seen."""
    nodes = {node.sha: node for node in newest}
    stood_on = {parent for node in newest for parent in node.parents}
    landed: set[str] = set()
    for start in [*tips, *(sha for sha in nodes if sha not in stood_on)]:
        node = nodes.get(start)
        while node is not None and node.sha not in landed:
            landed.add(node.sha)
            node = nodes.get(node.parents[0]) if node.parents else None
    return landed


def _newest_first(nodes: Iterable[Node]) -> list[Node]:
    return sorted(nodes, key=lambda node: node.committed_at, reverse=True)
