"""Hunks in pieces that are shown or left out as a whole, each with its worth and its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from analyzers.diffs.cutting import cut
from analyzers.diffs.hunks import Fold, Hunk
from analyzers.rules.languages import LANGUAGES
from analyzers.rules.reading import MAX_LINE, is_comment
from analyzers.rules.scopes import Scopes
from analyzers.text import shorten
from analyzers.tokens import count_tokens

_USUAL, _MOST = 24, 36
"""Lines after which a piece ends where something new begins, and after which it ends anyway."""
_LARGEST = 2_000
"""Characters after which it ends: some 500 tokens."""
_HEADING = 100
"""Characters of the line that a piece stands under."""

_IMPORT = re.compile(
    r"\s*(?:import\b|from\s+\S{1,80}\s+import\b|#\s*include\b|use\s+[\w:]+|using\s+[\w.]+;"
    r"|package\s+\w|require\b|export\s+\*|(?:const|let|var)\s.{1,80}=\s*require\()"
)
_ALARMS = (
    *("unsafe", "panic", "deadlock", "mutex", "race condition", "overflow", "inject", "passw"),
    *("secret", "credential", "permission", "privilege", "authori", "authent", "eval(", "exec("),
    *("pickle", "deprecat", "migrat", "public ", "export ", "pub fn"),
)
"""In small letters; a search for each is many times faster than one pattern for all."""

_WHITE_SPACE, _COMMENT, _CODE, _NOTABLE = range(4)
"""The worth of a changed line; that of a piece is that of its best line."""


def alarms(text: str) -> bool:
    """Whether a piece of a patch touches what others use, or what is dangerous to get wrong."""
    lowered = text.lower()
    return any(word in lowered for word in _ALARMS)


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines of one hunk."""

    position: int
    """Its place among the pieces of its file."""
    hunk: Hunk
    old: int
    """The number of its first line before the commit."""
    new: int
    """The number of its first line after the commit."""
    removed: int
    """Lines that it has before the commit."""
    added: int
    """Lines that it has after the commit."""
    within: str
    """The first line of the function, class or section that it stands in; may be empty."""
    text: str
    """Its lines as they are shown, each with its line feed."""
    worth: int
    is_whole: bool
    """Whether all that it says is told."""
    cost: int = 0
    """Its tokens, those of its header included."""

    def head(self, budget: int) -> Piece | None:
        """As many of its leading lines as fit, or None if none does."""
        header = header_of([self])
        text, _ = cut(self.text, budget - count_tokens(header))
        if not text:
            return None
        text = f"{text.rstrip()}\n"
        cost = count_tokens(header) + count_tokens(text)
        return replace(self, text=text, is_whole=False, cost=cost)


def header_of(pieces: Sequence[Piece]) -> str:
    """The header of pieces in a row, with its line feed; empty where the patch has none."""
    first = pieces[0]
    if not first.hunk.header:
        return ""
    old, new = (f"{n}" for n in (first.old, first.new))
    removed, added = sum(p.removed for p in pieces), sum(p.added for p in pieces)
    lines = f"-{old}{_count(removed)} +{new}{_count(added)}"
    return f"@@ {lines} @@ {first.within}".rstrip() + "\n"


def _count(lines: int) -> str:
    return "" if lines == 1 else f",{lines}"


def pieces_of(hunks: Iterable[Hunk], extension: str, names: Iterable[str]) -> list[Piece]:
    """The pieces of a file.

    Args:
        hunks: what was read of it.
        extension: its ending, which tells its language.
        names: what the commit's message speaks of; a piece that has one is worth more.
    """
    pieces: list[Piece] = []
    for hunk in hunks:
        for draft in _drafts(hunk, extension):
            pieces.append(draft.piece(len(pieces), names))
    return pieces


@dataclass(slots=True)
class _Draft:
    """A piece that is being read."""

    hunk: Hunk
    old: int
    new: int
    within: str
    removed: int = 0
    added: int = 0
    worth: int = _WHITE_SPACE
    is_whole: bool = True
    size: int = 0
    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Take a line, which is shown."""
        self.lines.append(line)
        self.size += len(line)
        self.count(line)

    def count(self, line: str) -> None:
        """Take a line, which is not."""
        self.removed += line[:1] in ("-", " ", "")
        self.added += line[:1] in ("+", " ", "")

    def fold(self, fold: Fold, lines: Sequence[str]) -> None:
        """Take a note in place of lines."""
        self.lines.append(fold.note)
        self.worth = max(self.worth, _COMMENT)
        self.is_whole = self.is_whole and not fold.is_loss
        for line in lines:
            self.count(line)

    def is_full(self, *, something_starts: bool) -> bool:
        """Whether it ends here."""
        most = _USUAL if something_starts else _MOST
        return len(self.lines) >= most or self.size > _LARGEST

    def piece(self, position: int, names: Iterable[str]) -> Piece:
        """The finished piece."""
        text = "".join(f"{line}\n" for line in self.lines)
        is_named = self.worth >= _CODE and any(name in text for name in names)
        piece = Piece(
            position=position,
            hunk=self.hunk,
            old=self.old,
            new=self.new,
            removed=self.removed,
            added=self.added,
            within=shorten(self.within.strip(), _HEADING),
            text=text,
            worth=self.worth + is_named,
            is_whole=self.is_whole,
        )
        return replace(piece, cost=count_tokens(header_of([piece])) + count_tokens(text))


def _drafts(hunk: Hunk, extension: str) -> Iterator[_Draft]:
    """Read a hunk line by line; a long one has several pieces."""
    places = _Places(hunk, extension)
    draft = _Draft(hunk, hunk.old, hunk.new, hunk.heading)
    has_changed, at = bool(hunk.heading), 0
    while at < len(hunk.lines):
        if fold := hunk.folds.get(at):
            draft.fold(fold, hunk.lines[at : fold.end])
            if fold.end > at:
                draft.within = draft.within if has_changed else places.around()
                has_changed, at = True, fold.end
                continue
        line = hunk.lines[at]
        at += 1
        text = line[1 : MAX_LINE + 1]
        says_nothing = is_comment(text, extension)
        defines, within = places.read(text, says_nothing)
        if draft.is_full(something_starts=defines or not text.strip()):
            yield draft
            old, new = draft.old + draft.removed, draft.new + draft.added
            draft = _Draft(hunk, old, new, within)
        draft.add(line)
        if line[:1] in ("+", "-"):
            draft.within = draft.within if has_changed else within
            has_changed = True
            draft.worth = max(draft.worth, _worth(line, says_nothing, defines))
    yield draft


class _Places:
    """Where in its file each line of a hunk stands."""

    def __init__(self, hunk: Hunk, extension: str) -> None:
        language = LANGUAGES.get(extension)
        self._scopes = Scopes(language) if language else None
        defines = self._scopes.enter(hunk.heading) if self._scopes else None
        self._unless_known = "" if defines else hunk.heading

    def read(self, text: str, says_nothing: bool) -> tuple[bool, str]:
        """Whether the next line defines something, and the line of the definition around it."""
        if not self._scopes:
            return False, self._unless_known
        defines = self._scopes.read(text, is_comment=says_nothing) is not None
        return defines, self.around(without_last=defines)

    def around(self, *, without_last: bool = False) -> str:
        """The line of the definition around the line that was read last."""
        scopes = self._scopes.around if self._scopes else []
        scopes = scopes[:-1] if without_last else scopes
        return scopes[-1].line if scopes else self._unless_known


def _worth(line: str, says_nothing: bool, defines: bool) -> int:
    if says_nothing:
        return _COMMENT if line[1:].strip() else _WHITE_SPACE
    if defines or alarms(line[:MAX_LINE]):
        return _NOTABLE
    return _COMMENT if _IMPORT.match(line, 1) else _CODE
