"""A patch as hunks, and what of them is told instead of shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from analyzers.rules.reading import BRACED
from analyzers.rules.scopes import HUNK

LONGEST_LINE = 5_000
"""Characters beyond which a line is data or minified code. Prose that nobody wraps has fewer."""

LEAST_FOLDED = 8
"""Lines from which on it is shorter, and says enough, to tell what happened to them."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Lines in whose place a note stands."""

    end: int
    """The index behind the last of them; that of the first where a note only comes before it."""
    note: str
    is_loss: bool = False
    """Whether they are neither shown elsewhere nor told in full."""


@dataclass(slots=True)
class Hunk:
    """A run of changed lines with what stands around them."""

    header: str = ""
    """Its first line as it stands in the patch; empty if there is none."""
    old: int = 0
    """The number of its first line before the commit."""
    new: int = 0
    """The number of its first line after the commit."""
    heading: str = ""
    """The line that git takes for the one that starts the section around it; may be empty."""
    lines: list[str] = field(default_factory=list)
    """Its lines, each with its sign."""
    folds: dict[int, Fold] = field(default_factory=dict)
    """What is told instead, by the index of the first line."""

    def changes(self) -> Iterator[tuple[int, int]]:
        """Where runs of changed lines start and end."""
        start = None
        for index, line in enumerate(self.lines):
            if line[:1] in ("+", "-", "\\"):
                start = index if start is None else start
            elif start is not None:
                yield start, index
                start = None
        if start is not None:
            yield start, len(self.lines)


def read_hunks(patch: str) -> list[Hunk]:
    """The hunks of a patch."""
    hunks: list[Hunk] = []
    for line in patch.split("\n"):
        if match := HUNK.match(line):
            hunks.append(Hunk(line, int(match[1]), int(match[2]), match[3].strip()))
        else:
            if not hunks:
                hunks.append(Hunk())
            hunks[-1].lines.append(line)
    return hunks


def fold_long_lines(hunk: Hunk) -> None:
    """Say how long lines are that nobody could read."""
    start = 0
    while start < len(hunk.lines):
        end = start
        while end < len(hunk.lines) and len(hunk.lines[end]) > LONGEST_LINE:
            end += 1
        if end > start:
            size = sum(map(len, hunk.lines[start:end]))
            lines = "1 line" if end == start + 1 else f"{end - start} lines"
            hunk.folds[start] = Fold(end, f"[{lines} of {size} characters left out]", is_loss=True)
        start = end + 1


def fold_white_space(hunk: Hunk, extension: str) -> bool:
    """Say where white space alone changed; whether nothing else did.

    Where blocks are told by indentation, and in all that is no known language, only the ends of
    lines and blank lines count as white space.
    """
    is_braced = extension in BRACED
    is_alone = True
    for start, end in hunk.changes():
        before, after = (
            [
                key
                for line in hunk.lines[start:end]
                if line[0] == sign and (key := _key(line, is_braced))
            ]
            for sign in "-+"
        )
        if before != after:
            is_alone = False
        elif end - start >= LEAST_FOLDED:
            hunk.folds[start] = Fold(end, f"[{end - start} lines: only white space changed]")
    return is_alone


def _key(line: str, is_braced: bool) -> str:
    """A line without what does not count of it."""
    return " ".join(line[1:].split()) if is_braced else line[1:].rstrip()
