"""Code that a commit moves: it is shown where it is now, and told where it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from analyzers.diffs.hunks import LEAST_FOLDED, LONGEST_LINE, Fold, Hunk

_LEAST_DIFFERENT = 4
"""Different lines that a run must have: closing brackets in a row are alike everywhere."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Lines in a row that all came or all went, without the blank ones."""

    path: str
    hunk: Hunk
    keys: list[int]
    """What each line says; equal lines have equal numbers."""
    indexes: list[int]
    """Where each line stands in the hunk."""


def fold_moves(files: Iterable[tuple[str, list[Hunk]]]) -> None:
    """Find the runs of lines that went in one place and came in another.

    Args:
        files: the path of each file, as it is to be told, with its hunks.
    """
    numbers: dict[str, int] = {}
    went: list[_Run] = []
    came: list[_Run] = []
    for path, hunks in files:
        for hunk in hunks:
            for sign, run in _runs(path, hunk, numbers):
                (came if sign == "+" else went).append(run)
    if went and came:
        places = _index(came)
        for run in went:
            _fold(run, places)


def _runs(path: str, hunk: Hunk, numbers: dict[str, int]) -> Iterator[tuple[str, _Run]]:
    for start, end in hunk.changes():
        if start in hunk.folds:
            continue
        lines = enumerate(hunk.lines[start:end], start)
        for sign, group in groupby(lines, lambda numbered: _sort(numbered[1])):
            run = _Run(path, hunk, [], [])
            for index, line in group:
                # What is indented otherwise is still the same code.
                if text := line[1:].lstrip():
                    run.keys.append(numbers.setdefault(text, len(numbers)))
                    run.indexes.append(index)
            if sign and len(run.keys) >= LEAST_FOLDED:
                yield sign, run


def _sort(line: str) -> str:
    return line[0] if line[0] in "+-" and len(line) <= LONGEST_LINE else ""


_Places = dict[tuple[int, ...], tuple[_Run, int]]


def _index(runs: list[_Run]) -> _Places:
    """Where each few lines in a row stand first."""
    places: _Places = {}
    for run in runs:
        for at in range(len(run.keys) - LEAST_FOLDED + 1):
            places.setdefault(tuple(run.keys[at : at + LEAST_FOLDED]), (run, at))
    return places


def _fold(run: _Run, places: _Places) -> None:
    at = 0
    while at + LEAST_FOLDED <= len(run.keys):
        window = tuple(run.keys[at : at + LEAST_FOLDED])
        place = places.get(window)
        if place is None or len(set(window)) < _LEAST_DIFFERENT:
            at += 1
            continue
        target, to = place
        n = _equal(run.keys, at, target.keys, to)
        _tell(run, at, target, to, n)
        at += n


def _equal(keys: list[int], at: int, others: list[int], to: int) -> int:
    """How many lines from there on are equal."""
    most = min(len(keys) - at, len(others) - to)
    return next((n for n in range(most) if keys[at + n] != others[to + n]), most)


def _tell(run: _Run, at: int, target: _Run, to: int, n: int) -> None:
    first, last = run.indexes[at], run.indexes[at + n - 1]
    if run.hunk is target.hunk:
        where = from_where = "within this hunk"
    elif run.path == target.path:
        where = from_where = "within this file"
    else:
        where, from_where = f"to {target.path}", f"from {run.path}"
    run.hunk.folds[first] = Fold(last + 1, f"[{n} lines moved {where}]")
    start = target.indexes[to]
    target.hunk.folds.setdefault(start, Fold(start, f"[{n} lines moved {from_where}]"))
