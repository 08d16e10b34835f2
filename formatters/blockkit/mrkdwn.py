"""Untrusted text in Slack's mrkdwn: the one place where it is escaped, shortened and split.

Slack decodes `&amp;`, `&lt;` and `&gt;` and has no other escape. A word that could format anything
is therefore shown as code, in which nothing formats, as is what stood between backticks. Text
objects must be sent with `verbatim`, so that Slack makes no links of bare addresses and names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from formatters.prose import code_spans

MAX_PIECE = 100
"""Characters of a text that are kept together; a longer run of them may be cut anywhere."""

_WORD = re.compile(r"[!-~]+|\s+|[^\s!-~。！？；，、]+[。！？；，、]*|[。！？；，、]+")

_MARK = re.compile(
    r"""
    [>*~`_:]  # first, so that what stands between is passed over at once
    (?: (?<=^>)                                             # a quote, escaped or not
      | (?<=[*~`])
      | (?<=_) (?: (?<![A-Za-z0-9]_) | (?![A-Za-z0-9]) )    # within a word it means nothing
      | (?<=:) (?!\d{1,2}:) [a-z0-9_+'-]+ :                 # an emoji, unless it may be a time
    )
    """,
    re.VERBOSE,
)

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_WIDTHS = {"&": 5, "<": 4, ">": 4}
_SENTENCE_END = tuple(".!?。！？")
_BEFORE_CODE = frozenset(" \n\t([{\"'")
_AFTER_CODE = frozenset(" \n\t)]}\"',.:;!?")
_URL = re.compile(r"https?://[^\s<>|`]+")


class _Piece(NamedTuple):
    """A part of a text that is not cut if that can be avoided."""

    raw: str
    is_code: bool
    gap: str
    """The space that code needs towards a letter beside it to be seen as code."""

    @property
    def shown(self) -> str:
        escaped = self.raw.translate(_ENTITIES)
        return f"{self.gap}`{escaped}`" if self.is_code else self.gap + escaped

    def cut(self, room: int) -> str:
        """As much of it as has at most `room` characters when shown; may be empty."""
        room -= len(self.gap) + (2 if self.is_code else 0)
        for position, character in enumerate(self.raw):
            room -= _WIDTHS.get(character, size(character))
            if room < 0:
                head = self._replace(raw=self.raw[:position].rstrip())
                return head.shown if head.raw else ""
        return self.shown


def size(text: str) -> int:
    """How long Slack may take a text to be. Its unit is nowhere told: here UTF-16 units, the
    larger of the two likely ones."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def escape(text: str) -> str:
    """A text as mrkdwn that shows it: it pings nobody, links nowhere and formats nothing."""
    return "".join(piece.shown for piece in _pieces(text))


def shorten(text: str, limit: int) -> str:
    """The text escaped in at most `limit` characters, if need be its beginning and an ellipsis."""
    room = limit - 2  # for the ellipsis, and a space between it and code
    shown, kept, over = [], 0, None  # `kept`: how many pieces leave that room, before `over`
    length = kept_length = 0
    for piece in _pieces(text):
        shown.append(piece.shown)
        length += size(shown[-1])
        if over is None and length > room:
            kept, over = len(shown) - 1, piece
        if length > limit:
            break
        if over is None:
            kept_length = length
    else:
        return "".join(shown)
    beginning = "".join(shown[:kept])
    if over and kept_length < limit // 2:
        beginning += over.cut(room - kept_length)
    beginning = beginning.rstrip()
    return f"{beginning} …" if beginning.endswith("`") else f"{beginning}…"


def split(text: str, limit: int) -> list[str]:
    """The text escaped, as parts of at most `limit` characters, of which 600 are the least.

    It is cut after a line or a sentence where that leaves no part small, else between words.
    Nothing but white space is lost.
    """
    parts, shown = [], ""
    length = end = 0  # of `shown`, and of it where the last line or sentence ended
    for piece in _pieces(text):
        added = piece.shown
        while length + size(added) > limit:
            cut = end if end > limit // 3 else len(shown)
            parts.append(shown[:cut].strip())
            shown = shown[cut:].lstrip()
            length, end = size(shown), 0
        shown += added
        length += size(added)
        if "\n" in piece.raw or (not piece.is_code and piece.raw.endswith(_SENTENCE_END)):
            end = len(shown)
    return [part for part in (*parts, shown.strip()) if part]


def link(url: str | None, label: str) -> str:
    """A link to an http(s) address; code without one, and for an address that could break out."""
    if url is None or not _URL.fullmatch(url):
        return _Piece(label.replace("`", "'"), is_code=True, gap="").shown if label else ""
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
            is_marked = bool(_MARK.search(word)) or (len(word) > MAX_PIECE and ">" in word)
            for part in _short(word.replace("`", "'")):
                yield part, is_marked


def _short(run: str) -> Sequence[str]:
    if len(run) <= MAX_PIECE:
        return (run,)
    return [run[start : start + MAX_PIECE] for start in range(0, len(run), MAX_PIECE)]
