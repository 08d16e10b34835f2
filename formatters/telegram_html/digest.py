"""A digest as lines: what of it is worth its characters, the important first."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from formatters.digest import GLYPHS
from formatters.model import Commits, Page, Points, Prominence, Prose, Row, Small, Title
from formatters.telegram_html import text as dialect
from formatters.telegram_html.layout import Line, Look, Piece, commit_name, pack, prose
from formatters.text import Words

COMMITS_OF_A_MESSAGE = 50
"""A digest of more than two messages has at least so many commits in each."""

MAX_COMPLETENESS = 850
"""Units that the line on how complete the digest is has at least: what it takes with every reason
there is."""


LEAST_HEADLINE = 20
"""Units that a headline keeps, with an ellipsis: `Reverted by 1234567` is seen in any case."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What the lines of a digest may cost."""

    headline: int
    """Units of a headline, the tags of an important commit included."""
    unfolds: bool
    """Whether a folded group can be opened, to a line for each commit."""
    around: int
    """Units of each text around the commits; the last, which tells how complete the digest is, has
    `MAX_COMPLETENESS` in any case."""


_LEVELS = (
    *(Spending(headline, unfolds=True, around=900) for headline in (160, 120, 96, 80, 64)),
    *(Spending(headline, unfolds=False, around=700) for headline in (96, 80, 64, 52, 44, 36)),
    *(Spending(headline, unfolds=False, around=240) for headline in (30, 24, LEAST_HEADLINE)),
)
"""From the richest on. With the last one two messages hold 100 commits, whatever they are called,
even if each is a group of its own."""

_DECENT = tuple(spending for spending in _LEVELS if spending.headline >= 64)
"""Those at which headlines stay readable: below, a second message is better."""


def digest_messages(page: Page, words: Words) -> list[list[Line]]:
    """The lines of each message: one where headlines stay readable, two for up to 100 commits."""
    most = max(2, math.ceil(len(page.rows) / COMMITS_OF_A_MESSAGE))

    @cache
    def packed(spending: Spending) -> list[list[Line]]:
        return pack(_lines(page, spending, words))

    for wanted, levels in ((1, _DECENT), (most, _LEVELS)):
        # The first level with no more messages than wanted; trying each takes three times as long.
        found = bisect_left(levels, -wanted, key=lambda level: -len(packed(level)))
        if found < len(levels):
            return packed(levels[found])
    return packed(_LEVELS[-1])


def _lines(page: Page, spending: Spending, words: Words) -> Iterator[Line]:
    for block in page.blocks:
        match block:
            case Title(text=text):
                yield Line((Piece(dialect.shorten(_flat(text), spending.around), Look.BOLD),))
            case Small(text=text) | Prose(text=text):
                is_last = block is page.blocks[-1]
                around = max(spending.around, MAX_COMPLETENESS if is_last else 0)
                yield Line(prose(dialect.shorten(text, around)), spaced=is_last)
            case Points(title=title, items=items):
                told = f"{title}: {' · '.join(items)}"
                yield Line(prose(dialect.shorten(told, spending.around)))
            case Commits(prominence=Prominence.FOLDED):
                yield from _folded(block, spending, words)
            case Commits():
                yield from _group(block, spending, words)


def _group(group: Commits, spending: Spending, words: Words) -> Iterator[Line]:
    heading = _heading(group, spending)
    yield heading
    again = replace(
        heading,
        pieces=(*heading.pieces, Piece(f" {words('chat-telegram-continued')}")),
        spaced=False,
    )
    full = group.prominence is Prominence.FULL
    for row in group.rows:
        shown = _full(row, spending) if full else _brief(row, spending)
        yield Line(shown, quoted=not full, numbers=(row.number,), heading=again)


def _folded(group: Commits, spending: Spending, words: Words) -> Iterator[Line]:
    if spending.unfolds:
        yield from _group(group, spending, words)
        return
    gist = dialect.shorten(_flat(group.gist), spending.headline)
    heading = _heading(group, spending)
    numbers = tuple(row.number for row in group.rows)
    told = (Piece(f"  {group.numbers}  "), *prose(gist))
    yield replace(heading, pieces=(*heading.pieces, *told), numbers=numbers)


def _heading(group: Commits, spending: Spending) -> Line:
    title = dialect.shorten(_flat(group.title), spending.headline)
    glyph = Piece(f"{GLYPHS[group.importance]} ")
    return Line((glyph, Piece(title, Look.BOLD)), spaced=True)


def _full(row: Row, spending: Spending) -> tuple[Piece, ...]:
    """Number, short name as a link, headline and tags; tags only where they leave room."""
    name = commit_name(row.sha, row.url)
    tags = f" · {' · '.join(row.tags)}" if row.tags else ""
    most = max(1, min(spending.headline // 2, spending.headline - LEAST_HEADLINE))
    if dialect.shorten(tags, most) != tags:
        tags = ""
    room = spending.headline - dialect.size(dialect.defused(tags))
    headline = dialect.shorten(_flat(row.headline), room)
    return (Piece(f"{row.number}  "), name, Piece("  "), *prose(headline), Piece(tags))


def _brief(row: Row, spending: Spending) -> tuple[Piece, ...]:
    headline = dialect.shorten(_flat(row.headline), spending.headline) or row.short_sha
    return (Piece(f"{row.number}  "), *prose(headline))


def _flat(text: str) -> str:
    return " ".join(text.split())
