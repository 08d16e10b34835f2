"""What of a commit's diff is shown to a model: read, ranked, shared out, and told to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzers.diffs.hunks import Hunk, fold_long_lines, fold_white_space, read_hunks
from analyzers.diffs.listing import list_files, room_for_listing, shown_path, title_of
from analyzers.diffs.moves import fold_moves
from analyzers.diffs.parts import Part, fill, shown_of
from analyzers.diffs.pieces import pieces_of
from analyzers.diffs.ranking import TIERS, Fate, File, names_in, rank
from analyzers.model import Commit, Coverage
from analyzers.rules.reading import extension_of
from analyzers.tokens import CHARACTERS_PER_TOKEN

_READ = 500_000
"""Characters of patches that are read in each tier of files, or as many as could be shown if that
is more; 12,000 lines, about 0.1 s."""
_LEAST_READ = 6_000
"""Characters of one file that are read while there are any left."""
_SHORTEST = 8
"""Characters that a line counts for at least: reading goes by lines."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The part of a commit's diff that a model is shown in one request."""

    listing: str
    """A line for each file, the most worth reading first, under what is shown of it."""
    patches: str
    """The patches, each under a line that names its file and says whether it is whole."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a model is shown of a commit, in one request or several."""

    parts: tuple[Excerpt, ...]
    """One for each request; at least one."""
    coverage: Coverage
    """What is in them all together."""


def select(commit: Commit, budget: int, most: int = 1) -> Selection:
    """Choose what to show of a commit.

    Files are taken by worth: source, then configuration and build, then tests, then docs, small
    ones first. Of what does not fit whole the best hunks are shown, or the first lines of the best.
    Generated, vendored, locked, minified and binary files are only counted. A quarter of the
    budget at most goes to the names.

    Args:
        commit: with its patches.
        budget: tokens of each part.
        most: parts at the most; what fits into one is in one.
    """
    files = rank(commit)
    _read(files, commit.message, budget * most)
    room = room_for_listing(files, budget // 4)
    for number in dict.fromkeys((1, most)):
        parts = [Part(budget - room) for _ in range(number)]
        fill(files, parts)
        coverage = _coverage(files, parts)
        if coverage.is_whole:
            break
    used = [part for part in parts if part.shown] or parts[:1]
    return Selection(tuple(_excerpt(files, part, used, room) for part in used), coverage)


def _excerpt(files: Sequence[File], part: Part, parts: Sequence[Part], room: int) -> Excerpt:
    def sort(file: File) -> str:
        return title_of(file, part.shown.get(file, ()), shown_of(file, parts))

    return Excerpt(list_files(files, room, sort), part.patches())


def _coverage(files: Sequence[File], parts: Sequence[Part]) -> Coverage:
    read = 0
    partly: list[str] = []
    unread: list[str] = []
    for file in files:
        shown = shown_of(file, parts)
        if file.fate is Fate.MOVED or file.is_told_by(shown):
            read += 1
        elif file.fate is Fate.READABLE:
            (partly if shown else unread).append(file.change.path)
    return Coverage(read, len(files), tuple(partly), tuple(unread))


def _read(files: Sequence[File], message: str, budget: int) -> None:
    """Take the patches apart, as much of them as could be of use."""
    names = names_in(message)
    most = max(_READ, budget * CHARACTERS_PER_TOKEN)
    patches: dict[File, list[Hunk]] = {}
    for tier in TIERS:
        readable = [f for f in files if f.fate is Fate.READABLE and f.tier == tier]
        patches |= _read_tier(readable, most)
    for file, hunks in patches.items():
        extension = extension_of(file.change.path)
        for hunk in hunks:
            fold_long_lines(hunk)
        is_blank = [fold_white_space(hunk, extension) for hunk in hunks]
        file.is_blank = file.is_complete and all(is_blank)
    fold_moves((shown_path(file.change.path), hunks) for file, hunks in patches.items())
    for file, hunks in patches.items():
        file.pieces = pieces_of(hunks, extension_of(file.change.path), names)


def _read_tier(files: Sequence[File], left: int) -> dict[File, list[Hunk]]:
    """Small files whole, and of the large ones the beginnings, of each as much as of the others."""
    patches = {}
    for number, file in enumerate(files):
        patch = file.change.patch or ""
        share = min(max(left // (len(files) - number), _LEAST_READ), left)
        text = _beginning(patch, share)
        file.is_complete = 0 < len(text) == len(patch)
        left -= max(len(text), text.count("\n") * _SHORTEST)
        if text:
            patches[file] = read_hunks(text)
    return patches


def _beginning(patch: str, share: int) -> str:
    """As many whole lines as may be read."""
    most = share // _SHORTEST
    if len(patch) <= share and patch.count("\n") <= most:
        return patch
    return "\n".join(patch[:share].split("\n", most)[:-1])
