"""The list of a commit's files that stands above its patches."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analyzers.diffs.cutting import cost_within, while_they_fit
from analyzers.diffs.pieces import Piece
from analyzers.diffs.ranking import Fate, File
from analyzers.model import FileRole
from analyzers.rules.roles import role_of
from analyzers.text import clean_line, shorten
from analyzers.tokens import count_tokens

_LONGEST_PATH = 300
_MOST_COUNTED = 20
"""Files of which only the number matters that are named."""

_WHOLE = "Shown whole"
_PARTLY = "Shown in part"
_ELSEWHERE = "Shown in the other parts"
_MOVED = "Moved without a change"
_UNREAD = "Not shown, for want of room"
_COUNTED = "Only counted: generated, vendored, locked, minified, binary or empty"
_ORDER = (_WHOLE, _PARTLY, _ELSEWHERE, _MOVED, _UNREAD, _COUNTED)
_BY_NEED = (_UNREAD, _MOVED, _PARTLY, _WHOLE, _COUNTED, _ELSEWHERE)
"""What is named first while there is room; the patches name again what is shown."""

_TITLE, _MORE = "{} ({}):\n", "and {} more files\n"
_ROOM_FOR_TITLES = sum(
    count_tokens(_TITLE.format(title, 99_999)) + count_tokens(_MORE.format(99_999))
    for title in _ORDER
)


def shown_path(path: str) -> str:
    """A path as a model is told of it, on one line."""
    return shorten(clean_line(path), _LONGEST_PATH)


def room_for_listing(files: Sequence[File], most: int) -> int:
    """The tokens that a listing takes, whatever will be shown, or else `most`."""
    taken = sum(map(count_tokens, while_they_fit(map(_line, files), most)))
    return min(taken + _ROOM_FOR_TITLES, most)


def list_files(files: Sequence[File], room: int, sort: Callable[[File], str]) -> str:
    """A line for each file, as many as there is room for, under what becomes of them.

    Args:
        files: all of them, in the order of their worth.
        room: tokens.
        sort: the title that a file stands under, one of those that `title_of` gives.
    """
    groups: dict[str, list[File]] = {title: [] for title in _ORDER}
    for file in files:
        groups[sort(file)].append(file)
    texts = {}
    for title in _BY_NEED:
        if groups[title]:
            needs_title = len(groups[title]) < len(files) or title != _WHOLE
            texts[title] = _group(title if needs_title else "", groups[title], room)
            room -= count_tokens(texts[title])
    return "".join(texts.get(title, "") for title in _ORDER)


def title_of(file: File, here: Sequence[Piece], in_all: Sequence[Piece]) -> str:
    """What becomes of a file.

    Args:
        file: the file.
        here: its pieces that this part shows.
        in_all: its pieces that any part shows.
    """
    if file.fate is not Fate.READABLE:
        return _MOVED if file.fate is Fate.MOVED else _COUNTED
    if here:
        return _WHOLE if file.is_told_by(here) else _PARTLY
    return _ELSEWHERE if in_all else _UNREAD


def _group(title: str, files: Sequence[File], room: int) -> str:
    head = _TITLE.format(title, len(files)) if title else ""
    lines = list(map(_line, files[:_MOST_COUNTED] if title == _COUNTED else files))
    whole = head + "".join(lines)
    if len(lines) == len(files) and cost_within(whole, room) is not None:
        return whole
    left = room - count_tokens(head) - count_tokens(_MORE.format(len(files)))
    if left < 0:
        return ""
    kept = list(while_they_fit(lines, left))
    return head + "".join(kept) + _MORE.format(len(files) - len(kept))


def _line(file: File) -> str:
    change = file.change
    before = f" (was {shown_path(change.previous_path)})" if change.previous_path else ""
    blank = " (only white space changed)" if file.is_blank else ""
    counts = f"+{change.additions} -{change.deletions}"
    role = role_of(change.path)
    purpose = "" if role is FileRole.SOURCE else f" [{role.value}]"
    return f"{change.status.value} {counts} {shown_path(change.path)}{before}{purpose}{blank}\n"
