"""Which commits of a rewritten history make changes that its old commits made."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

from analyzers.errors import SourceError
from analyzers.patch_ids import patch_id
from bot.ports import CommitSource

MOST_DROPPED: Final = 500
"""Old commits that are compared with the new ones: each of them is read."""


async def same_changes(
    source: CommitSource, dropped: Sequence[str], new: Sequence[str]
) -> frozenset[str]:
    """The new commits that make the same change as one that was dropped; each dropped one stands
    for one of them.

    Args:
        source: the repository.
        dropped: full names, the newest first; those after `MOST_DROPPED` are left aside.
        new: full names, the newest first.
    """
    if not dropped or not new:
        return frozenset()
    try:
        left = Counter((await _patch_ids(source, dropped[:MOST_DROPPED])).values())
    except SourceError as exc:
        if not exc.permanent:
            raise
        # What no branch reaches any more nobody has to keep: better told again than never.
        return frozenset()
    same = set()
    patch_ids = await _patch_ids(source, new)
    for sha in new:
        if left[change := patch_ids.get(sha, "")] > 0:
            left[change] -= 1
            same.add(sha)
    return frozenset(same)


async def _patch_ids(source: CommitSource, shas: Sequence[str]) -> dict[str, str]:
    found = {}
    async with aclosing(source.read(shas)) as commits:
        async for commit in commits:
            found[commit.sha] = await asyncio.to_thread(patch_id, commit)
    return found
