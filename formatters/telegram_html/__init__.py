"""Pages as Telegram messages in its HTML: every message within the limits, nothing left out.

Untrusted text passes `text.escape` or `text.code` on its way into a message; links lead to the
commit's own forge alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from formatters.digest import GLYPHS
from formatters.model import Action, Block, Commits, Page, Points, Prose, Small, Title, Verb
from formatters.prose import code_spans
from formatters.telegram_html.digest import digest_messages
from formatters.telegram_html.layout import Line, Look, Piece, commit_name, pack, prose, render
from formatters.telegram_html.text import shorten, split
from formatters.text import Words

BUTTONS_OF_A_ROW = 8
"""Telegram shows no more beside each other (python-telegram-bot, InlineKeyboardMarkupLimit)."""

NUMBERS_AT_ONCE = 24
"""Three rows of numbers: more would hide the digest."""

LONG_PART = 420
"""Units of a part of an analysis from which on it is folded away."""

MAX_HEADING = 200
"""Units of a part's title where a further message begins with it again."""

MAX_PARAGRAPH = 1_800
"""Units of one paragraph of a message; longer ones are cut into several."""


@dataclass(frozen=True, slots=True)
class Button:
    """A button beneath a message."""

    label: str
    token: str
    """What it sends back when it is pressed (`Action.token`)."""


@dataclass(frozen=True, slots=True)
class TelegramMessage:
    """What sendMessage and editMessageText take."""

    text: str
    """HTML, never empty."""
    keyboard: tuple[tuple[Button, ...], ...]
    """Rows of buttons; may be empty."""
    numbers: tuple[int, ...]
    """The commits of a digest that it shows."""


def messages(page: Page, words: Words, *, offer: int = 0) -> tuple[TelegramMessage, ...]:
    """Lay a page out as one message, or as several if it must.

    Args:
        page: what to show. A digest of up to 100 commits takes at most two messages.
        words: the catalogue of its readers.
        offer: the commit that the buttons of the message that shows it begin with.
    """
    if page.digest is not None:
        made = digest_messages(page, words)
    else:
        pairs = zip((None, *page.blocks), page.blocks, strict=False)
        made = pack(line for before, block in pairs for line in _lines(block, before))
    shown = []
    for part, lines in enumerate(made):
        numbers = tuple(sorted({number for line in lines for number in line.numbers}))
        if page.digest is not None:
            is_last = part == len(made) - 1
            keyboard = tuple(_offered(page.digest, numbers, offer, words, is_last=is_last))
        else:
            keyboard = tuple(_turned(page, part, len(made), words))
        shown.append(TelegramMessage(render(lines), keyboard, numbers))
    return tuple(shown)


def _lines(block: Block, before: Block | None) -> Iterator[Line]:
    match block:
        case Title(text=text, importance=importance):
            glyph = (Piece(f"{GLYPHS[importance]} "),) if importance else ()
            for part in _paragraphs("".join(piece for piece, _ in code_spans(text))):
                yield Line((*glyph, Piece(part, Look.BOLD)))
                glyph = ()
        case Prose(text=text):
            for number, part in enumerate(_paragraphs(text)):
                yield Line(prose(part), spaced=not number)
        case Small(text=text, sha=sha, url=url):
            name = (commit_name(sha, url), Piece(" · ")) if sha else ()
            for number, part in enumerate(_paragraphs(text)):
                spaced = not number and isinstance(before, Points)
                yield Line((*name, *prose(part)), spaced=spaced)
                name = ()
        case Points(title=title, items=items):
            yield from _points(title, items)
        case Commits(title=title, rows=rows):
            yield from _points(title, [f"{row.number} {row.headline}" for row in rows])


def _points(title: str, items: Sequence[str]) -> Iterator[Line]:
    bullet = (Piece("• "),) if len(items) > 1 else ()
    heading = Line((Piece(shorten(title, MAX_HEADING), Look.BOLD),), spaced=True)
    lines = []
    for item in items:
        mark = bullet
        for part in _paragraphs(item):
            lines.append(Line((*mark, *prose(part)), heading=heading))
            mark = ()
    quoted = sum(line.units for line in lines) > LONG_PART
    for number, part in enumerate(_paragraphs(title)):
        yield Line((Piece(part, Look.BOLD),), spaced=not number)
    for line in lines:
        yield Line(line.pieces, quoted=quoted, heading=heading)


def _paragraphs(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield from split(line, MAX_PARAGRAPH)


def _offered(
    digest: str, numbers: Sequence[int], offer: int, words: Words, *, is_last: bool
) -> Iterator[tuple[Button, ...]]:
    """Buttons for some of the commits, for the others, and for the report."""
    start = numbers.index(offer) if offer in numbers else 0
    offered = numbers[start : start + NUMBERS_AT_ONCE]
    for row in range(0, len(offered), BUTTONS_OF_A_ROW):
        yield tuple(
            Button(str(number), Action(Verb.EXPAND, digest, number).token)
            for number in offered[row : row + BUTTONS_OF_A_ROW]
        )
    before = numbers[max(0, start - NUMBERS_AT_ONCE) : start]
    after = numbers[start + NUMBERS_AT_ONCE :][:NUMBERS_AT_ONCE]
    others = [
        Button(label, Action(Verb.NUMBERS, digest, some[0]).token)
        for some, label in (
            (before, f"‹ {_span(before)}"),
            (after, f"{_span(after)} ›"),
        )
        if some
    ]
    if others:
        yield tuple(others)
    if is_last and numbers:
        yield (Button(words("control-report"), Action(Verb.REPORT, digest).token),)


def _span(numbers: Sequence[int]) -> str:
    return f"{numbers[0]}–{numbers[-1]}" if numbers else ""


def _turned(page: Page, part: int, parts: int, words: Words) -> Iterator[tuple[Button, ...]]:
    """For a commit in place of its digest: the other parts of its analysis, and the way back."""
    back = page.folds_to
    if back is None:
        return
    pages = [
        Button(label, Action(Verb.EXPAND, back.digest, back.number, other).token)
        for other, label in ((part - 1, "‹"), (part + 1, "›"))
        if 0 <= other < parts
    ]
    if pages:
        yield tuple(pages)
    yield (Button(words("control-back"), back.token),)
