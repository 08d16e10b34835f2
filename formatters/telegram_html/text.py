"""Untrusted text on Telegram: the one place where it is escaped, measured, shortened and split.

Telegram turns what looks like a mention, a hashtag, a command, an address, an e-mail address or a
number to call into a link by itself, in HTML as elsewhere, and takes bare file names such as
`README.md` for addresses of strangers' sites. A word joiner, which is not seen, keeps each apart;
within code and links nothing is looked for.
"""

from __future__ import annotations

import re
from html import escape as escape_html

from analyzers.text import shorten as shorten_characters

JOINER = "\u2060"
"""The word joiner. `analyzers.text.clean` takes it out of untrusted text, so all are ours."""

_LONG_NUMBER = re.compile(r"\d[ -]?(?:\d[ -]?){6,}")
_FOUR_DIGITS = re.compile(r"(?:\d[ -]?){4}")
# What follows `@` and `#`: Telegram knows letters that Python's Unicode has not yet.
_LIVE = re.compile(
    r"""
    [@\#$/:.+]  # first, so that what stands between is passed over at once
    (?: (?<=[@\#]) (?=[\w\u00b7-\U0010ffff])  # mentions, e-mail addresses, hashtags
      | (?<=\$) (?=\w)                            # cashtags
      | (?<=/) (?<![A-Za-z0-9_]/) (?=\w)          # commands
      | (?<=:) (?=//)                             # addresses
      | (?<=\S\.) (?=[^\W\d])                     # bare domains and file names
      | (?<=\d\.) (?=\d+\.\d+\.\d)                # addresses of machines: a.b.c stays whole
      | (?<=\+) (?=\d[\d\u2060 -]{6})             # telephone numbers
    )
    """,
    re.VERBOSE,
)

_BREAKS = ("\n", "。", ". ", "；", "; ", "，", ", ", " ")
"""Where a long text is best cut, the best first."""


def defused(text: str) -> str:
    """The text with nothing in it that Telegram would make a link of."""
    # Numbers first: behind a joiner `/1` of `20260106/1` would be a command.
    apart = _LONG_NUMBER.sub(
        lambda number: _FOUR_DIGITS.sub(lambda four: four[0] + JOINER, number[0]), text
    )
    return _LIVE.sub(lambda found: found[0] + JOINER, apart)


def escape(text: str) -> str:
    """The text as HTML that shows it and does nothing else."""
    return escape_html(defused(text), quote=False)


def code(text: str) -> str:
    """The text as HTML for within `<code>`."""
    return escape_html(text, quote=False)


def attribute(text: str) -> str:
    """The text as the value of an attribute between double quotes."""
    return escape_html(text, quote=True)


def size(text: str) -> int:
    """The length of a shown text in UTF-16 code units, in which Telegram counts entities; whether
    it counts a message's length in them too is not told, so the larger measure holds."""
    return len(text.encode("utf-16-le")) // 2


def shorten(text: str, limit: int) -> str:
    """The text, or its beginning and an ellipsis, so that it takes at most `limit` units when
    defused; at least 1."""
    text = text[: limit + 1]  # a character takes a unit at least
    room = limit
    cut = shorten_characters(text, room)
    while (excess := size(defused(cut)) - limit) > 0 and room > 1:
        room = max(1, min(room, len(cut)) - max(1, excess // 2))
        cut = shorten_characters(text, room)
    return cut


def split(text: str, limit: int) -> list[str]:
    """The text in parts of at most `limit` units when defused, cut after a line, a sentence or a
    word where there is one. Nothing but white space is lost."""
    parts = []
    rest = text.strip()
    while size(defused(rest)) > limit:
        cut = _place_to_cut(rest, _fitting(rest, limit))
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [part for part in (*parts, rest) if part]


def _fitting(text: str, limit: int) -> int:
    """How many characters from the beginning on fit."""
    low, high = 1, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        if size(defused(text[:middle])) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def _place_to_cut(text: str, most: int) -> int:
    for mark in _BREAKS:
        if (found := text.rfind(mark, most // 2, most)) > 0:
            return found + len(mark)
    return most
