"""Patterns of paths and branches, as git's own ignore rules and forges read them. Pure.

`*` and `?` stand for characters of one folder, `**` for any number of folders, `[ab]` for one of
some characters. Matching takes time in proportion to pattern and name, whatever they are: paths
come from commits that anybody may write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

from analyzers.text import clean_line


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern, ready to match names whose parts stand between slashes."""

    segments: tuple[re.Pattern[str] | None, ...]
    """What each part has to look like; None is any number of parts, none included."""
    takes_beneath: bool
    """Whether a name matches also when a folder that it lies in does."""

    def matches(self, name: str) -> bool:
        """Whether the pattern stands for this name."""
        end = len(self.segments)
        reached = self._with_skipped([0])  # segments, from the first on, that what was read fits
        for part in name.split("/"):
            if self.takes_beneath and end in reached:
                return True
            following = []
            for place in reached:
                if place < end:
                    segment = self.segments[place]
                    if segment is None:
                        following.append(place)
                    elif segment.match(part):
                        following.append(place + 1)
            if not following:
                return False
            reached = self._with_skipped(following)
        return end in reached

    def _with_skipped(self, places: list[int]) -> set[int]:
        reached = set(places)
        for place in places:
            ahead = place
            while ahead < len(self.segments) and self.segments[ahead] is None:
                ahead += 1
                reached.add(ahead)
        return reached


def is_glob(pattern: str) -> bool:
    """Whether a pattern may stand for another name than itself."""
    return any(character in pattern for character in "*?[")


@lru_cache(maxsize=1024)
def path_glob(pattern: str) -> Glob:
    """A pattern of paths: `src/**`, `docs/`, `*.py`, `/setup.cfg`.

    One with a slash before its end starts at the repository's root, any other matches at every
    depth. What matches a folder matches all that is in it.
    """
    anchored = "/" in pattern.rstrip("/")
    parts = pattern.strip("/").split("/")
    if pattern.endswith("/"):
        # A folder: the file of that name is not meant, and `a/**/` is the folders in `a`.
        parts = [*parts[:-1], "*" if parts[-1] == "**" else parts[-1], "**"]
    return _glob(parts if anchored else ["**", *parts], takes_beneath=True)


@lru_cache(maxsize=1024)
def branch_glob(pattern: str) -> Glob:
    """A pattern of whole names of branches: `release/*`, `feature/**`; `*` alone is all of them."""
    return _glob(["**"] if pattern == "*" else pattern.split("/"), takes_beneath=False)


def _glob(parts: Sequence[str], *, takes_beneath: bool) -> Glob:
    *before, last = parts
    if last == "**":
        # All that is in a folder, and not the folder itself.
        last, takes_beneath = "*", True
    return Glob(
        tuple(None if part == "**" else re.compile(translate(part)) for part in (*before, last)),
        takes_beneath,
    )


def split_signs(patterns: Iterable[str]) -> tuple[list[str], list[str]]:
    """The patterns that take in, and those that exclude, which start with `-`, without it."""
    patterns = list(patterns)
    return (
        [pattern for pattern in patterns if not pattern.startswith("-")],
        [pattern[1:] for pattern in patterns if pattern.startswith("-")],
    )


def selected_branches(patterns: Sequence[str], names: Iterable[str]) -> tuple[str, ...]:
    """The branches that the patterns select: in the order of the patterns, then by name."""
    wanted, unwanted = split_signs(patterns)
    excluded = [branch_glob(pattern) for pattern in unwanted]
    ordered = sorted(names)
    found = {
        name: None
        for pattern in wanted or ["**"]
        for name in ordered
        if name == pattern or branch_glob(pattern).matches(clean_line(name))
    }
    return tuple(
        name for name in found if not any(glob.matches(clean_line(name)) for glob in excluded)
    )
