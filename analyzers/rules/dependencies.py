"""Which dependencies a commit moves, from its manifests, its lock files or its title."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from analyzers.model import DependencyMove, FileRole
from analyzers.rules.manifests import Place, Reader, lock_reader, reader_for
from analyzers.rules.reading import ReadFile, Reading
from analyzers.rules.words import word_set

MAX_MOVES = 100
"""Moves that are kept; a regenerated lock file has thousands."""

_NAMING = (FileRole.BUILD, FileRole.LOCK, FileRole.CI, FileRole.VENDORED)
_HUNK_CONTEXT = re.compile(r"@@ [^@]{0,60} @@ ?(.*)")
_NAME = r"[`'\"]?(@?[A-Za-z][\w./@:+-]{0,100})[`'\"]?"
_NUMBER = r"[`'\"]?([\^~<>=v]{0,3}\d[\w.+-]{0,40}|[0-9a-f]{7,40})[`'\"]?"
_MOVES = (
    r"(?:bumps?|upgrades?d?|updates?d?|pin|downgrades?)\s+(?:the\s+)?"
    rf"(?:dependency\s+|version of\s+|version\s+)?{_NAME}\s+(?:version\s+|requirement\s+)?"
)
_FROM_TO = re.compile(rf"{_MOVES}from\s+{_NUMBER}\s+to\s+{_NUMBER}", re.IGNORECASE)
_TO = re.compile(rf"{_MOVES}(?:to|@)\s+{_NUMBER}(?:\s|$|[,.;])", re.IGNORECASE)
_CHINESE = re.compile(rf"升级\s?{_NAME}\s?(?:版本)?(?:从\s?{_NUMBER}\s?)?[到至为]\s?{_NUMBER}")
_LISTED = re.compile(
    rf"\s*(?:[-*]\s+)?(?:Bumps|Updates)\s+\[?{_NAME}\]?(?:\([^()\s]{{1,200}}\))?"
    rf"\s+from\s+{_NUMBER}\s+to\s+{_NUMBER}"
)
_NOT_PACKAGES = word_set("version versions the to release submodule copyright")
_MAJOR = re.compile(r"[^\d]{0,6}(\d{1,6})(?:\.(\d{1,6}))?")


def dependency_moves(reading: Reading) -> tuple[DependencyMove, ...]:
    """The moves that manifests show; failing that those of the title, then of lock files."""
    return tuple(
        (
            _moves(reading.of_role(FileRole.SOURCE, FileRole.BUILD, FileRole.CONFIG, FileRole.CI))
            or moves_named(reading)
            or _moves(reading.of_role(FileRole.LOCK), lock_reader)
        )[:MAX_MOVES]
    )


def moves_named(reading: Reading) -> list[DependencyMove]:
    """The moves that the title names (`Bump x from 1 to 2`), or a bot's list below it."""
    text = reading.title.text
    if found := _FROM_TO.search(text) or _CHINESE.search(text):
        moves = [DependencyMove(found.group(1), found.group(2), found.group(3))]
    elif (to := _TO.search(text)) and (not reading.files or reading.of_role(*_NAMING)):
        moves = [DependencyMove(to.group(1), None, to.group(2))]
    else:
        lines = (_LISTED.match(line) for line in reading.body[:8000].split("\n"))
        moves = [DependencyMove(m.group(1), m.group(2), m.group(3)) for m in lines if m]
    return [move for move in moves if move.name.lower() not in _NOT_PACKAGES]


def is_major(move: DependencyMove) -> bool:
    """Whether a move may break by the rules of semantic versions: another major number, or
    another minor one of a version 0."""
    before, after = _MAJOR.match(move.before or ""), _MAJOR.match(move.after or "")
    if not before or not after:
        return False
    if before.group(1) != after.group(1):
        return True
    minors = before.group(2), after.group(2)
    return before.group(1) == "0" and None not in minors and minors[0] != minors[1]


def moves_only(reading: Reading) -> bool:
    """Whether manifests and locks changed in nothing but the versions that they name."""
    if not reading.only(FileRole.LOCK, FileRole.BUILD, FileRole.CONFIG):
        return False
    for file in reading.of_role(FileRole.BUILD, FileRole.CONFIG):
        reader = reader_for(file)
        if not reader or not file.whole:
            return False
        place = Place()
        named = [(line[:1], reader(line[1:], place)) for line in file.lines]
        if any(sign in ("+", "-") and not found for sign, found in named):
            return False
    return True


def _moves(files: Iterable[ReadFile], lock: Reader | None = None) -> list[DependencyMove]:
    moves: dict[DependencyMove, None] = {}
    for file in files:
        if reader := lock or reader_for(file):
            before, after = _named(file, reader)
            for name in dict.fromkeys((*before, *after)):
                if before.get(name) != after.get(name):
                    moves[DependencyMove(name, before.get(name), after.get(name))] = None
    return list(moves)


def _named(file: ReadFile, reader: Reader) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What the removed and what the added lines name. Each side is read with the context lines, so
    that a version finds its name above it."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for sign, named in (("-", before), ("+", after)):
        place = Place()
        for line in file.lines:
            text = line[1:]
            if hunk := _HUNK_CONTEXT.match(line):
                place, text = Place(), hunk.group(1)
            elif line[:1] not in (" ", sign) or text.isspace():
                continue
            found = reader(text, place)
            if found and line[:1] == sign:
                named.setdefault(*found)
    return before, after
