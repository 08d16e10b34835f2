"""Cutting secrets out of texts."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator
from typing import Final

from analyzers.redaction.assignments import assigned_secrets
from analyzers.redaction.cuts import Cut, cut_out
from analyzers.redaction.formats import PHRASES, SHAPES, WORDS, Format
from analyzers.redaction.headers import sent_secrets
from analyzers.redaction.private_keys import private_keys
from analyzers.redaction.randomness import is_random, is_stand_in

_SHAPE: Final = bytes(
    ord("w") if chr(code) in string.ascii_letters + string.digits + "_.:/-" else ord(" ")
    for code in range(256)
)
_LONG: Final = b"w" * 20
"""The shortest token with a mark of its own: AWS has keys of 20 characters."""
_MARKED: Final = tuple((mark, form) for form in WORDS for mark in form.marks)
_ROUNDS: Final = 3
"""Of two secrets without anything between them, one is only seen when the other is gone."""
_PLACEHOLDER: Final = re.compile(r"\[secret:([a-z][a-z-]{1,30})\]")


def redact(text: str) -> str:
    """A text with `[secret:kind]` in the place of every secret that is recognised in it.

    Lines stay lines, and a line of a diff keeps its first column. Doing it twice does no more.
    """
    data = text.encode("utf-8", "surrogatepass")
    left = redact_bytes(data)
    return text if left is data else left.decode("utf-8", "surrogatepass")


def redact_bytes(data: bytes) -> bytes:
    """The same for text in UTF-8; the same object if it holds no secret."""
    for _ in range(_ROUNDS):
        cuts = list(_secrets(data))
        if not cuts:
            break
        data = cut_out(data, cuts)
    return data


def placeholders(text: str) -> Iterator[str]:
    """The kinds of the secrets that were cut out of a text, in order."""
    return (found[1] for found in _PLACEHOLDER.finditer(text))


def _secrets(data: bytes) -> Iterator[Cut]:
    folded = data.lower()
    yield from _formatted(data)
    yield from private_keys(data)
    yield from sent_secrets(data, folded)
    yield from assigned_secrets(data, folded)


def _formatted(data: bytes) -> Iterator[Cut]:
    if words := _long_words(data):
        for mark, form in _MARKED:
            if mark in words:
                yield from _accepted(form, _starting(data, form, mark))
        for form in SHAPES:
            for value in {found[0] for found in form.pattern.finditer(words)}:
                yield from _accepted(form, re.finditer(re.escape(value), data))
    for form in PHRASES:
        for mark in form.marks:
            yield from _accepted(form, _starting(data, form, mark))


def _long_words(data: bytes) -> bytes:
    """The long runs of letters, digits and `_.:/-`, each once: a twentieth of most diffs, which is
    searched for the marks in its stead."""
    shape = data.translate(_SHAPE)
    words = set()  # long names come again and again
    at = shape.find(_LONG)
    while at >= 0:
        end = shape.find(b" ", at)
        end = len(data) if end < 0 else end
        words.add(data[at:end])
        at = shape.find(_LONG, end)
    return b" ".join(words)


def _starting(data: bytes, form: Format, mark: bytes) -> Iterator[re.Match[bytes]]:
    """Where a format is found that starts with this mark."""
    at = data.find(mark)
    while at >= 0:
        found = form.pattern.match(data, at)
        if found:
            yield found
        at = data.find(mark, found.end() if found else at + len(mark))


def _accepted(form: Format, matches: Iterable[re.Match[bytes]]) -> Iterator[Cut]:
    for found in matches:
        span = found.span(found.lastindex or 0)
        value = found[found.lastindex or 0]
        if not is_stand_in(value) and (not form.is_doubtful or is_random(value)):
            yield Cut(*span, form.kind)
