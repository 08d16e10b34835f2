"""What of a commit's diff is worth a token: rank, cut at hunks, say what was left out. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from analyzers.model import Commit, Coverage, FileChange, FileRole, FileStatus
from analyzers.rules.roles import role_of
from analyzers.text import clean_line, shorten
from analyzers.tokens import CHARACTERS_PER_TOKEN, count_tokens

_HUNK = re.compile(r"^(?=@@ )", re.MULTILINE)
_LEFT_OUT = "[the rest of this file is left out]\n"
_LEAST_SHARE = 200
"""Tokens below which a piece of a file tells nothing."""
_LONGEST_PATH = 300

_TIERS: tuple[frozenset[FileRole], ...] = (
    frozenset({FileRole.SOURCE}),
    frozenset({FileRole.CONFIG, FileRole.BUILD, FileRole.CI}),
    frozenset({FileRole.TEST}),
    frozenset({FileRole.DOCS}),
)
"""Roles by the worth of reading them; the roles in none of the tiers are only named."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The part of a commit's diff that a model is shown."""

    listing: str
    """A line for each file, the most worth reading first, and how many more there are."""
    patches: str
    """The patches, each under a line that names its file and says whether it is whole."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a model is shown of a commit, in one request or several."""

    parts: tuple[Excerpt, ...]
    """One for each request; at least one."""
    coverage: Coverage
    """What is in them all together."""


def cut(text: str, budget: int) -> tuple[str, bool]:
    """The leading lines of a text that fit into `budget` tokens, and whether that is all of it.

    A first line that does not fit by itself is cut inside.
    """
    if _cost(text, budget) is not None:
        return text, True
    head = _as_much_as_could_fit(text, budget)
    kept = "".join(_while_they_fit(head.splitlines(keepends=True), budget))
    # No token is shorter than a character, so that this many always fit.
    return kept or head[: int(max(budget - 1, 0) / 1.1)], False


def select(commit: Commit, budget: int, most: int = 1) -> Selection:
    """Choose what to show of a commit in at most `budget` tokens.

    Files are taken by worth: source, then configuration and build, then tests, then docs, small
    ones first. What does not fit whole is cut at hunks. Generated, vendored and locked files and
    assets are only named. A quarter of the budget at most goes to the names.
    """
    ranked = sorted(commit.files, key=_rank)
    listing = _list_files(ranked, budget // 4)
    left = budget - count_tokens(listing)
    sections: list[str] = []
    # A rename without a change has nothing to read but its line in the listing.
    read = sum(1 for file in ranked if _only_moved(file))
    for _, group in groupby((f for f in ranked if f.patch and _tier(f) < len(_TIERS)), key=_tier):
        large: list[FileChange] = []
        for file in group:
            section = _section(file, file.patch or "")
            cost = _cost(section, left)
            if cost is None:
                large.append(file)
                continue
            sections.append(section)
            left -= cost
            read += 1
        for section in _cut_sections(large, left):
            sections.append(section)
            left -= count_tokens(section)
    excerpt = Excerpt(listing, "".join(sections))
    return Selection((excerpt,), Coverage(read, len(commit.files)))


def _tier(file: FileChange) -> int:
    role = role_of(file.path)
    return next((n for n, roles in enumerate(_TIERS) if role in roles), len(_TIERS))


def _rank(file: FileChange) -> tuple[int, bool, int, str]:
    """Within a tier what is there comes before what is gone, and small before large."""
    gone = file.status is FileStatus.REMOVED
    return _tier(file), gone, len(file.patch or ""), file.path


def _only_moved(file: FileChange) -> bool:
    moved = file.status in (FileStatus.RENAMED, FileStatus.COPIED)
    return moved and not (file.patch or file.additions or file.deletions)


def _cost(text: str, budget: int) -> int | None:
    """The tokens of a text, or None if it has more than `budget`; a long one is not even read."""
    if len(text) > budget * CHARACTERS_PER_TOKEN:
        return None
    tokens = count_tokens(text)
    return tokens if tokens <= budget else None


def _as_much_as_could_fit(text: str, budget: int) -> str:
    """A prefix that is one character too long, so that the line cut at its end never fits."""
    return text[: max(budget, 0) * CHARACTERS_PER_TOKEN + 1]


def _while_they_fit(pieces: Iterable[str], budget: int) -> Iterator[str]:
    for piece in pieces:
        cost = _cost(piece, budget)
        if cost is None:
            return
        yield piece
        budget -= cost


def _list_files(files: list[FileChange], budget: int) -> str:
    more = "and {} more files\n"
    room = budget - count_tokens(more.format(len(files)))
    lines = list(_while_they_fit(map(_line, files), room))
    if len(lines) < len(files) and room >= 0:
        lines.append(more.format(len(files) - len(lines)))
    return "".join(lines)


def _line(file: FileChange) -> str:
    before = f" (was {_path(file.previous_path)})" if file.previous_path else ""
    counts = f"+{file.additions} -{file.deletions}"
    return f"{file.status.value} {counts} {_path(file.path)}{before}\n"


def _path(path: str) -> str:
    return shorten(clean_line(path), _LONGEST_PATH)


def _section(file: FileChange, patch: str, *, whole: bool = True) -> str:
    how = "whole patch" if whole else "part of the patch"
    rest = "" if whole else _LEFT_OUT
    return f"=== {_path(file.path)} ({how})\n{patch.rstrip()}\n{rest}"


def _cut_sections(files: list[FileChange], budget: int) -> Iterator[str]:
    """Pieces of files that are too large, each with an equal share of what is left."""
    for position, file in enumerate(files):
        share = max(budget // (len(files) - position), _LEAST_SHARE)
        if share > budget:
            return
        section = _cut_section(file, share)
        if section:
            budget -= count_tokens(section)
            yield section


def _cut_section(file: FileChange, budget: int) -> str:
    """The leading hunks of a patch that fit, or else the leading lines of its first hunk."""
    room = budget - count_tokens(_section(file, "-", whole=False))
    patch = _as_much_as_could_fit(file.patch or "", room)
    hunks = [hunk for hunk in _HUNK.split(patch) if hunk]
    kept = "".join(_while_they_fit(hunks, room)) or cut(patch, room)[0]
    shows_a_line = any(not line.startswith("@@") for line in kept.splitlines())
    return _section(file, kept, whole=False) if shows_a_line else ""
