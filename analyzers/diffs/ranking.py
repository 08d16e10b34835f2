"""Which files of a commit are worth reading, and which of them first."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum, auto

from analyzers.diffs.hunks import LONGEST_LINE
from analyzers.diffs.pieces import Piece, alarms
from analyzers.model import Commit, FileChange, FileRole, FileStatus
from analyzers.rules.reading import extension_of, is_comment, is_pure_move
from analyzers.rules.roles import UNREADABLE, role_of

_TIERS = {
    FileRole.SOURCE: 0,
    FileRole.CONFIG: 1,
    FileRole.BUILD: 1,
    FileRole.CI: 1,
    FileRole.TEST: 2,
    FileRole.DOCS: 3,
}
TIERS = range(4)

_GLANCE = 2_000
"""Characters of a patch that are looked at before it is known whether it is read."""
_MOST_LINES = 1_000
"""Lines that a minified file has at the most: what has more is not hidden without a look."""
_NAMES_IN_MESSAGE = 2_000
"""Characters of a message in which names are looked for."""
_MOST_NAMES = 40
_URGENCY = 4
"""How many times smaller a file may count as that seems to be what the commit is about."""

_NAME = re.compile(
    r"`([\w.:/-]{3,60})`|\b(\w+_\w+|[a-z]+[A-Z]\w*|[A-Z][a-z0-9]+[A-Z]\w*)\b|\b(\w{3,})\("
)


class Fate(Enum):
    """What becomes of a file."""

    READABLE = auto()
    """It is shown if there is room."""
    MOVED = auto()
    """It only got another path, which is said."""
    COUNTED = auto()
    """Nobody reads it, or there is nothing to read."""


@dataclass(slots=True, eq=False)
class File:
    """A file on its way into a prompt."""

    change: FileChange
    tier: int
    """The worth of files of its sort: 0 for source, 3 for documents, 4 for what nobody reads."""
    fate: Fate
    pieces: list[Piece] = field(default_factory=list)
    """What was read of it, in its order."""
    is_complete: bool = False
    """Whether its pieces are all of it."""
    is_blank: bool = False
    """Whether only white space changed."""

    def is_told_by(self, pieces: Collection[Piece]) -> bool:
        """Whether these pieces of it are all that there is to say."""
        is_all = self.is_complete and len(pieces) == len(self.pieces)
        return is_all and all(piece.is_whole for piece in pieces)


def rank(commit: Commit) -> list[File]:
    """The files of a commit, the most worth reading first.

    Within a tier what is there comes before what is gone, and small before large; what the message
    names, and what touches dangerous things, counts as smaller than it is.
    """
    names = names_in(commit.message)
    files = [(_rank(file, names), file) for file in map(_file, commit.files)]
    return [file for _, file in sorted(files, key=lambda pair: pair[0])]


def names_in(message: str) -> frozenset[str]:
    """The names of the code that a message speaks of, as far as one sees that they are names."""
    found: dict[str, None] = {}
    for match in _NAME.finditer(message[:_NAMES_IN_MESSAGE]):
        found[next(filter(None, match.groups()))] = None
        if len(found) >= _MOST_NAMES:
            break
    return frozenset(found)


def _file(change: FileChange) -> File:
    role = role_of(change.path)
    tier = _TIERS.get(role, len(TIERS))
    has_moved = is_pure_move(change) or _is_plain_copy(change)
    if has_moved and not change.patch:
        return File(change, tier, Fate.MOVED)
    is_empty = not (change.patch or change.additions or change.deletions)
    if role in UNREADABLE or is_empty or _is_minified(change):
        return File(change, len(TIERS), Fate.COUNTED)
    return File(change, tier, Fate.READABLE)


def _is_plain_copy(change: FileChange) -> bool:
    return change.status is FileStatus.COPIED and not change.additions + change.deletions


def _is_minified(change: FileChange) -> bool:
    """Whether what changed stands in lines that nobody could read. Code of ordinary lines is not
    hidden by one long line beside it."""
    if len(change.patch or "") <= LONGEST_LINE:
        return False
    if (change.patch or "").count("\n") > _MOST_LINES:
        return False
    extension, has_long = extension_of(change.path), False
    for line in (change.patch or "").split("\n"):
        is_long = len(line) > LONGEST_LINE
        has_long = has_long or is_long
        if line[:1] in ("+", "-") and not is_long and not is_comment(line[1:], extension):
            return False
    return has_long


def _rank(file: File, names: frozenset[str]) -> tuple[int, bool, int, str]:
    change = file.change
    size = len(change.patch or "")
    if file.fate is Fate.READABLE:
        glance = (change.patch or "")[:_GLANCE]
        stem = change.path.rpartition("/")[2].partition(".")[0]
        is_named = stem in names or change.path in names or any(name in glance for name in names)
        size //= _URGENCY if is_named or alarms(glance) else 1
    return file.tier, change.status is FileStatus.REMOVED, size, change.path
