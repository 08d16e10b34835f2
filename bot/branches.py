"""The branches that patterns select, as the repository has them now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from analyzers.errors import RevisionNotFound
from analyzers.text import clean_line
from bot.globs import is_glob, selected_branches, split_signs
from bot.ports import CommitSource, Head

MAX_BRANCHES: Final = 50
"""Branches of one digest: each costs a forge two requests, and a reader the overview."""

_MAX_NAMED: Final = 10
"""Branches that an error names."""


async def tips_of(source: CommitSource, patterns: Sequence[str]) -> tuple[Head, ...]:
    """The tips of the selected branches in the order of the patterns, at least one.

    A pattern beside others may match nothing by now: branches come and go.

    Args:
        source: the repository.
        patterns: as `Filters.branches` holds them; none at all is the default branch.

    Raises:
        RevisionNotFound: there is no such branch, or none that the patterns match.
    """
    if not patterns:
        return (await source.head(None),)
    names = await _names(source, patterns)
    return tuple([await source.head(name) for name in names])


async def branches_of(source: CommitSource, patterns: Sequence[str]) -> tuple[str, ...]:
    """The names of the selected branches, for somebody who has just typed the patterns.

    Raises:
        RevisionNotFound: one of the patterns matches nothing.
    """
    if not patterns:
        return ((await source.head(None)).branch,)
    names = await _names(source, patterns, each_matches=True)
    for name in names:
        if name in patterns:  # not from a list: it may not be there
            await source.head(name)
    return names


async def _names(
    source: CommitSource, patterns: Sequence[str], *, each_matches: bool = False
) -> tuple[str, ...]:
    wanted, _ = split_signs(patterns)
    plain = [pattern for pattern in wanted if not is_glob(pattern)]
    # Names alone need no list, which may be pages long.
    there = () if wanted and len(plain) == len(wanted) else await source.branches()
    known = {*there, *plain}
    names = selected_branches(patterns, known)
    each = [[pattern] for pattern in wanted] if each_matches else []
    for alone in [list(patterns), *each]:
        if not selected_branches(alone, known):
            await source.head(None)  # an empty repository is told as such
            raise _no_match(source, alone, there or plain)
    if len(names) > MAX_BRANCHES:
        raise RevisionNotFound(
            "error-branches-many",
            repository=source.repository.name,
            patterns=", ".join(patterns),
            n=len(names),
            most=MAX_BRANCHES,
        )
    return names


def _no_match(
    source: CommitSource, patterns: Sequence[str], there: Sequence[str]
) -> RevisionNotFound:
    named = [clean_line(name) for name in there[:_MAX_NAMED]]
    return RevisionNotFound(
        "error-branches-none",
        repository=source.repository.name,
        patterns=", ".join(patterns),
        branches=", ".join(named),
        more=len(there) - len(named),
    )
