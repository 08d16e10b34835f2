"""Untrusted text in Slack's mrkdwn: the one place where it is escaped, shortened and split.

Slack decodes `&amp;`, `&lt;` and `&gt;` and has no other escape. A word that could format anything
is therefore shown as code, in which nothing formats, as is what stood between backticks. Text
objects must be sent with `verbatim`, so that Slack makes no links of bare addresses and names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from formatters.prose import code_spans

MAX_PIECE = 100
"""Characters of a text that are kept together; a longer run of them may be cut anywhere."""

_WORD = re.compile(r"[!-~]+|\s+|[^\s!-~。！？；，、]+[。！？；，、]*|[。！？；，、]+")

_MARK = re.compile(
    r"""
    ^ >                                         # a quote, escaped or not
    | [*~`]
    | (?<![A-Za-z0-9]) _ | _ (?![A-Za-z0-9])    # within a word it means nothing
    | : (?!\d{1,2}:) [a-z0-9_+'-]+ :            # an emoji, unless it may be a time
    """,
    re.VERBOSE,
)

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_WIDTHS = {"&": 5, "<": 4, ">": 4}
_SENTENCE_END = tuple(".!?。！？")
_BEFORE_CODE = frozenset(" \n\t([{\"'")
_AFTER_CODE = frozenset(" \n\t)]}\"',.:;!?")
_URL = re.compile(r"https?://[^\s<>|`]+")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a text that is not cut if that can be avoided."""

    raw: str
    is_code: bool
    gap: str
    """The space that code needs towards a letter beside it to be seen as code."""

    @property
    def shown(self) -> str:
        escaped = self.raw.translate(_ENTITIES)
        return f"`{escaped}`" if self.is_code else escaped

    def cut(self, room: int) -> str:
        """As much of it as has at most `room` characters when shown; may be empty."""
        room -= 2 if self.is_code else 0
        for position, character in enumerate(self.raw):
            room -= _WIDTHS.get(character, size(character))
            if room < 0:
                head = _Piece(self.raw[:position].rstrip(), self.is_code, "")
                return head.shown if head.raw else ""
        return self.shown


def size(text: str) -> int:
    """How long Slack may take a text to be. Its unit is nowhere told: here UTF-16 units, the
    larger of the two likely ones."""
    return len(text.encode("utf-16-le")) // 2


def escape(text: str) -> str:
    """A text as mrkdwn that shows it: it pings nobody, links nowhere and formats nothing."""
    return "".join(piece.gap + piece.shown for piece in _pieces(text))


def shorten(text: str, limit: int) -> str:
    """The text escaped in at most `limit` characters, if need be its beginning and an ellipsis."""
    room = limit - 2  # for the ellipsis, and a space between it and code
    shown, kept, over = "", "", None
    for piece in _pieces(text):
        longer = shown + piece.gap + piece.shown
        if over is None and size(longer) > room:
            kept, over = shown, piece
        if size(longer) > limit:
            break
        shown = longer
    else:
        return shown
    if over and size(kept) < limit // 2:
        kept += over.gap + over.cut(room - size(kept) - len(over.gap))
    kept = kept.rstrip()
    return f"{kept} …" if kept.endswith("`") else f"{kept}…"


def split(text: str, limit: int) -> list[str]:
    """The text escaped, as parts of at most `limit` characters, of which 600 are the least.

    It is cut after a line or a sentence where that leaves no part small, else between words.
    Nothing but white space is lost.
    """
    parts, shown, end = [], "", 0  # `end`: where the last line or sentence ended
    for piece in _pieces(text):
        while size(shown) + size(piece.gap + piece.shown) > limit:
            cut = end if end > limit // 3 else len(shown)
            parts.append(shown[:cut].strip())
            shown, end = shown[cut:].lstrip(), 0
        shown += piece.gap + piece.shown
        if "\n" in piece.raw or (not piece.is_code and piece.raw.endswith(_SENTENCE_END)):
            end = len(shown)
    return [part for part in (*parts, shown.strip()) if part]


def link(url: str | None, label: str) -> str:
    """A link to an http(s) address; code without one, and for an address that could break out."""
    if url is None or not _URL.fullmatch(url):
        return _Piece(label.replace("`", "'"), True, "").shown if label else ""
    return f"<{url.replace('&', '&amp;')}|{label.replace('|', ' ').translate(_ENTITIES)}>"


def _pieces(text: str) -> Iterator[_Piece]:
    """The text cut into words, code and white space."""
    before, before_is_code = " ", False
    for raw, is_code in _words(text):
        apart = (is_code and (before_is_code or before not in _BEFORE_CODE)) or (
            before_is_code and raw[0] not in _AFTER_CODE
        )
        yield _Piece(raw, is_code, " " if apart else "")
        before, before_is_code = raw[-1], is_code


def _words(text: str) -> Iterator[tuple[str, bool]]:
    for span, is_code in code_spans(text):
        if is_code:
            yield from ((part.strip(), True) for part in _short(" ".join(span.split())))
            continue
        for word in _WORD.findall(span):
            # A long run may be cut before any of its characters, so none may open a quote.
            if _MARK.search(word) or (len(word) > MAX_PIECE and ">" in word):
                yield from ((part, True) for part in _short(word.replace("`", "'")))
            else:
                yield from ((part, False) for part in _short(word))


def _short(run: str) -> Iterator[str]:
    return (run[start : start + MAX_PIECE] for start in range(0, len(run), MAX_PIECE))
