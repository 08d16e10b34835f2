"""Lines packed into messages within Telegram's limits.

A message has at most `MAX_UNITS` units of text and `MAX_ENTITIES` entities; Telegram drops further
entities without a word. Structure (bold titles, quotes) has the first claim on them, then links in
their order, then code; what finds none left is plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby, pairwise

from formatters.prose import code_spans
from formatters.telegram_html import text as dialect

MAX_UNITS = 4_000
"""Telegram refuses a text of more than 4,096 (core.telegram.org/bots/api#sendmessage)."""

MAX_ENTITIES = 96
"""Telegram ignores those beyond the 100th (python-telegram-bot, MessageLimit)."""


_URL = re.compile(r"https?://[^\s<>\"]+")


class Look(IntEnum):
    """How a piece of text is shown, in the order in which the looks claim entities."""

    PLAIN = 0
    BOLD = 1
    LINK = 2
    CODE = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a line."""

    text: str
    look: Look = Look.PLAIN
    url: str = ""
    """Where a link leads: to the commit's own forge."""

    @property
    def html(self) -> str:
        """As HTML."""
        match self.look:
            case Look.PLAIN:
                return dialect.escape(self.text)
            case Look.BOLD:
                return f"<b>{dialect.escape(self.text)}</b>"
            case Look.LINK:
                href = dialect.attribute(self.url)
                return f'<a href="{href}">{dialect.code(self.text)}</a>'
            case Look.CODE:
                return f"<code>{dialect.code(self.text)}</code>"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, or paragraph, of a message."""

    pieces: tuple[Piece, ...]
    quoted: bool = False
    """Whether it stands in a quote that opens when it is tapped, with those beside it."""
    spaced: bool = False
    """Whether an empty line stands before it."""
    numbers: tuple[int, ...] = ()
    """The commits that it shows."""
    heading: Line | None = None
    """What is repeated above it when a message begins with it."""

    @property
    def units(self) -> int:
        """What it takes of a message, its line feeds included."""
        shown = sum(dialect.size(dialect.defused(piece.text)) for piece in self.pieces)
        return shown + 1 + self.spaced


def prose(text: str) -> tuple[Piece, ...]:
    """Text in which what stands between backticks is code."""
    return tuple(
        Piece(piece, Look.CODE if is_code and piece.strip() else Look.PLAIN)
        for piece, is_code in code_spans(text)
    )


def commit_name(sha: str, url: str | None) -> Piece:
    """A commit's short name: a link to its page, or code where it has none that can be linked."""
    if url and _URL.fullmatch(url):
        return Piece(sha[:7], Look.LINK, url)
    return Piece(sha[:7], Look.CODE)


def pack(lines: Iterable[Line], most: int = MAX_UNITS) -> list[list[Line]]:
    """The lines as messages. Each line must fit into one, with its heading."""
    messages: list[list[Line]] = [[]]
    room = most
    weighed = [(line, line.units) for line in lines]
    for (line, units), (following, more) in pairwise([*weighed, (Line(()), 0)]):
        # A heading is no good alone at a message's end.
        is_heading = line.heading is None and following.heading is not None
        if units + (more if is_heading else 0) > room and messages[-1]:
            messages.append([])
            room = most
            if line.heading:
                messages[-1].append(line.heading)
                room -= line.heading.units
        messages[-1].append(line)
        room -= units
    return messages


def render(lines: Sequence[Line]) -> str:
    """A message's lines as HTML; a dash where they say nothing: Telegram takes no empty text."""
    if not any(piece.text.strip() for line in lines for piece in line.pieces):
        return "—"
    wanted = [
        (piece.look, place, number)
        for place, line in enumerate(lines)
        for number, piece in enumerate(line.pieces)
        if piece.look is not Look.PLAIN
    ]
    runs = [(quoted, list(run)) for quoted, run in groupby(lines, lambda line: line.quoted)]
    quotes = sum(quoted for quoted, _ in runs)
    has_quotes = quotes + sum(look is Look.BOLD for look, _, _ in wanted) <= MAX_ENTITIES
    left = MAX_ENTITIES - quotes * has_quotes
    granted = {(place, number) for _, place, number in sorted(wanted)[:left]}
    place = 0
    html: list[str] = []
    for quoted, run in runs:
        shown = "".join(_lines(run, place, granted, is_first=not html))
        place += len(run)
        if quoted and has_quotes:
            # The line feed before a quote stands outside it, or the quote would begin empty.
            body = shown.lstrip("\n")
            shown = f"{shown[: len(shown) - len(body)]}<blockquote expandable>{body}</blockquote>"
        html.append(shown)
    return "".join(html)


def _lines(
    run: Iterable[Line], start: int, granted: set[tuple[int, int]], *, is_first: bool
) -> Iterator[str]:
    for place, line in enumerate(run, start):
        feeds = "" if is_first else "\n" * (1 + line.spaced)
        is_first = False
        pieces = [
            piece if (place, number) in granted else Piece(piece.text)
            for number, piece in enumerate(line.pieces)
        ]
        yield feeds + "".join(piece.html for piece in _joined(pieces))


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Plain pieces that follow each other as one: together they may look like an address."""
    for look, run in groupby(pieces, lambda piece: piece.look):
        if look is Look.PLAIN:
            yield Piece("".join(piece.text for piece in run))
        else:
            yield from run
