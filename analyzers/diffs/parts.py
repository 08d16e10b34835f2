"""Pieces of files shared out among the requests in which a commit is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from analyzers.diffs.cutting import cost_within
from analyzers.diffs.listing import shown_path
from analyzers.diffs.pieces import Piece, header_of
from analyzers.diffs.ranking import TIERS, File
from analyzers.tokens import count_tokens

_LEAST_SHARE = 200
"""Tokens below which a piece of a file tells nothing."""

_LEFT_OUT = "[what else changed in this file is not shown here]\n"


@dataclass(slots=True)
class Part:
    """What one request shows."""

    room: int
    """Tokens that are left."""
    shown: dict[File, list[Piece]] = field(default_factory=dict)

    def price(self, file: File) -> int:
        """What it costs to name a file."""
        return 0 if file in self.shown else count_tokens(_title(file, "part of the") + _LEFT_OUT)

    def add(self, file: File, pieces: Sequence[Piece]) -> int:
        """Show pieces of a file; what they cost."""
        cost = self.price(file) + sum(piece.cost for piece in pieces)
        self.shown.setdefault(file, []).extend(pieces)
        self.room -= cost
        return cost

    def add_whole(self, file: File) -> bool:
        """Show all of a file that was read, if there is room."""
        cost = cost_within(_section(file, file.pieces), self.room)
        if cost is None:
            return False
        self.shown[file] = list(file.pieces)
        self.room -= cost
        return True

    def patches(self) -> str:
        """The text."""
        return "".join(_section(file, pieces) for file, pieces in self.shown.items())


def fill(files: Sequence[File], parts: Sequence[Part]) -> None:
    """Put what is worth most into the parts: in each tier whole files, then pieces of the others.

    A quarter of what is left goes on to the lower tiers, and what they leave comes back.
    """
    cut: list[File] = []
    for tier in TIERS:
        readable = [file for file in files if file.tier == tier and file.pieces]
        large = [file for file in readable if not _fits_whole(file, parts)]
        _share(large, parts, _room(parts) * 3 // 4)
        cut += large
    for file in cut:
        _deepen(file, parts, _room(parts))


def shown_of(file: File, parts: Sequence[Part]) -> list[Piece]:
    """The pieces of a file that are shown anywhere."""
    return [piece for part in parts for piece in part.shown.get(file, ())]


def _room(parts: Sequence[Part]) -> int:
    return sum(part.room for part in parts)


def _fits_whole(file: File, parts: Sequence[Part]) -> bool:
    return file.is_complete and any(part.add_whole(file) for part in parts)


def _share(files: Sequence[File], parts: Sequence[Part], room: int) -> None:
    """Pieces of files that are too large, each file with an equal share of what is left."""
    for number, file in enumerate(files):
        share = max(room // (len(files) - number), _LEAST_SHARE)
        if share > room:
            return
        room -= _deepen(file, parts, share)


def _deepen(file: File, parts: Sequence[Part], room: int) -> int:
    """Show more of a file, the best pieces first, at most for so many tokens; what it costs."""
    known = {piece.position for piece in shown_of(file, parts)}
    left = [piece for piece in file.pieces if piece.position not in known]
    left.sort(key=lambda piece: (-piece.worth, piece.position))
    spent = 0
    for part in parts:
        free = min(part.room, room - spent) - part.price(file)
        taken = []
        for piece in left:
            if piece.cost <= free:
                taken.append(piece)
                free -= piece.cost
        if taken:
            spent += part.add(file, taken)
            known |= {piece.position for piece in taken}
            left = [piece for piece in left if piece.position not in known]
    return spent or _begin(file, parts, room)


def _begin(file: File, parts: Sequence[Part], room: int) -> int:
    """Show the first lines of the best piece of a file of which no piece fits."""
    if shown_of(file, parts):
        return 0
    best = max(file.pieces, key=lambda piece: (piece.worth, -piece.position))
    part = max(parts, key=lambda part: part.room)
    head = best.head(min(part.room, room) - part.price(file))
    return part.add(file, [head]) if head else 0


def _section(file: File, pieces: Sequence[Piece]) -> str:
    is_whole = file.is_told_by(pieces)
    runs: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.position):
        last = runs[-1][-1] if runs else None
        follows = last and last.hunk is piece.hunk and last.position + 1 == piece.position
        if last and follows and last.is_whole:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    text = "".join(header_of(run) + "".join(piece.text for piece in run) for run in runs)
    title = _title(file, "whole" if is_whole else "part of the")
    return f"{title}{text}{'' if is_whole else _LEFT_OUT}"


def _title(file: File, how: str) -> str:
    return f"=== {shown_path(file.change.path)} ({how} patch)\n"
