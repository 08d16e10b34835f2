"""Private keys in blocks of base64, also in a diff, in source text, and on one line.

What is left of a block has as many lines as before, and each line its first column: a hunk stays
one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from analyzers.redaction.cuts import Cut

KIND: Final = "private-key"
_BEGIN: Final = b"-----BEGIN "
_NAME: Final = rb"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_HEAD: Final = re.compile(_BEGIN + _NAME)
_FOOT_MARK: Final = b"-----END "
_FOOT: Final = re.compile(_FOOT_MARK + _NAME)

_SAME_LINE: Final = re.compile(rb"(?:[A-Za-z0-9+/=:,. \t]|\\+[nrt]|-(?!----))*+")
_RUN_LENGTH: Final = 32
"""A line of a key has 64 characters or more; words and names have fewer without a break."""
_RUN: Final = re.compile(rb"[A-Za-z0-9+/=]{%d,}" % _RUN_LENGTH)

# A line of a diff, of a comment, of a list of strings in source text, or of a header of the block.
_INDENT: Final = rb"\n[ +-]?[ \t]*+(?:(?:#|//|\*|>|\|)[ \t]++)?[\"'`]?"
_ENDING: Final = rb"(?:\\+[nr])*+[\"'`]?[ \t]*+[+.,;\\)]*+[ \t\r]*+(?=\n|\Z)"
_TO_END: Final = re.compile(_ENDING)
_LINE: Final = re.compile(
    _INDENT + rb"(?:(?P<key>[A-Za-z0-9+/=]++)|[A-Z][A-Za-z-]{3,20}: [^\n]{1,80})?" + _ENDING
)
_LAST: Final = re.compile(_INDENT + b"(?P<foot>" + _FOOT.pattern + b")")
_HEADERS: Final = 10
"""Headers and empty lines of a block."""
_MOST_LINES: Final = 1_000
"""Lines of a block that are looked at: a key of 16,384 bits has 200, a ring of PGP keys more."""


def private_keys(data: bytes) -> Iterator[Cut]:
    """The parts of a text that are private keys."""
    done = 0
    at = data.find(_BEGIN)
    while at >= 0:
        after = at + len(_BEGIN)
        if head := _HEAD.match(data, at):
            yield from _before_a_foot(data, done, at)
            cuts, after = _block(data, head)
            yield from cuts
            done = after
        at = data.find(_BEGIN, after)
    yield from _before_a_foot(data, done, len(data))


def _block(data: bytes, head: re.Match[bytes]) -> tuple[list[Cut], int]:
    """What goes of the block that starts here, and where to go on."""
    start, at = head.span()
    same_line = _SAME_LINE.match(data, at)
    end = same_line.end() if same_line else at
    foot = _FOOT.match(data, end)
    runs = list(_RUN.finditer(data, at, end))
    if runs or foot:
        end_of_key = foot.end() if foot else runs[-1].end()
        return ([Cut(start, end_of_key, KIND)] if runs else []), max(end, end_of_key)
    cuts = [Cut(start, at, KIND)]
    line, without = _TO_END.match(data, at), 0
    while line and without < _HEADERS and len(cuts) < _MOST_LINES:
        at = line.end()
        if last := _LAST.match(data, at):
            cuts.append(Cut(*last.span("foot"), ""))
            at = last.end()
            break
        line = _LINE.match(data, at)
        if line and line["key"]:
            cuts.append(Cut(*line.span("key"), ""))
        else:
            without += 1
    return (cuts if _holds_key(cuts[1:]) else []), at


def _holds_key(cuts: list[Cut]) -> bool:
    return any(cut.end - cut.start >= _RUN_LENGTH for cut in cuts if not cut.kind)


def _before_a_foot(data: bytes, start: int, end: int) -> Iterator[Cut]:
    """What goes before each end of a block whose beginning a hunk does not show."""
    at = data.find(_FOOT_MARK, start, end)
    while at >= 0:
        if foot := _FOOT.match(data, at):
            cuts = list(_lines_above(data, start, at))
            if _holds_key(cuts):
                yield from cuts
                yield Cut(*foot.span(), KIND)
            start = foot.end()
        at = data.find(_FOOT_MARK, at + len(_FOOT_MARK), end)


def _lines_above(data: bytes, start: int, at: int) -> Iterator[Cut]:
    line = data.rfind(b"\n", start, at)
    while line > start:
        above = data.rfind(b"\n", start, line)
        found = _LINE.match(data, above) if above >= 0 else None
        if not (found and found["key"] and found.end() == line):
            return
        yield Cut(*found.span("key"), "")
        line = above
