"""Pages in a terminal, with rich.

Untrusted text only ever becomes `Text`, which knows no markup, and has lost its control characters
before (`formatters.model`), so it cannot colour, link or move the cursor.
On a terminal lines are cut or wrapped to its width; elsewhere they are whole, for files and pipes.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.text import Text

from analyzers.model import Importance
from formatters.digest import GLYPHS
from formatters.model import Block, Commits, Page, Points, Prominence, Prose, Row, Small, Title
from formatters.prose import code_spans

COLOURS = {Importance.HIGH: "red", Importance.MEDIUM: "yellow", Importance.LOW: "green"}

MIN_ROOM = 10
"""Cells that text is wrapped to at least, however narrow the terminal says it is."""

MIN_HEADLINE = 32
"""Cells that a headline keeps; tags that would leave it less are left out."""


def render(page: Page, console: Console) -> None:
    """Write a page: lines of commits cut to the terminal's width, all else wrapped."""
    numbers = len(str(max((row.number for row in page.rows), default=0)))
    before: Block | None = None
    for block in page.blocks:
        if before is not None and not _stand_together(before, block):
            console.print()
        match block:
            case Title(text, importance):
                glyph = f"{GLYPHS[importance]} " if importance else ""
                _wrapped(console, Text(glyph).append(text, "bold"))
            case Prose(text):
                for line in text.splitlines():
                    _wrapped(console, _prose(line))
            case Small(text, sha, url):
                _wrapped(console, _prose(text, "dim"))
                for address in filter(None, (sha, url)):
                    _whole(console, Text(address, _style("dim", url)))
            case Points(title, items):
                _points(console, title, items)
            case Commits():
                _commits(console, block, numbers)
        before = block


def _stand_together(before: Block, after: Block) -> bool:
    """Whether there is no empty line between two blocks."""
    if isinstance(before, Commits) and isinstance(after, Commits):
        return before.prominence is after.prominence is Prominence.FOLDED
    return isinstance(before, Title | Prose | Small) and isinstance(after, Prose | Small)


def _commits(console: Console, group: Commits, numbers: int) -> None:
    title = Text(f"{GLYPHS[group.importance]} ")
    title.append(group.title, f"bold {COLOURS[group.importance]}")
    if group.prominence is Prominence.FOLDED:
        gist = Text(f"  {group.numbers}  ", "dim").append(group.gist, "not dim")
        _cut(console, title.append_text(gist))
        return
    _cut(console, title)
    for row in group.rows:
        _cut(console, _row(console, row, numbers))


def _row(console: Console, row: Row, numbers: int) -> Text:
    """Number, short name, headline and tags; tags only where they leave the headline its room."""
    text = Text(f"{row.number:>{numbers + 2}}  ", "dim")
    text.append(row.short_sha, _style("not dim cyan", row.url)).append("  ")
    tags = f"  {' · '.join(row.tags)}"
    headline = Text(row.headline, "not dim")
    if console.is_terminal:
        room = console.width - text.cell_len
        if room - cell_len(tags) >= MIN_HEADLINE:
            room -= cell_len(tags)
        else:
            tags = ""
        headline.truncate(room, overflow="ellipsis")
    return text.append_text(headline).append(tags)


def _points(console: Console, title: str, items: tuple[str, ...]) -> None:
    _wrapped(console, Text(title, "bold"))
    bullet = "• " if len(items) > 1 else ""
    for item in items:
        _wrapped(console, _prose(item), first=f"  {bullet}", rest=" " * (2 + len(bullet)))


def _prose(text: str, style: str = "") -> Text:
    """Text in which what stands between backticks is highlighted as code."""
    prose = Text(style=style)
    for piece, is_code in code_spans(text):
        prose.append(f"`{piece}`" if is_code else piece, "cyan" if is_code else None)
    return prose


def _style(style: str, url: str | None) -> Style:
    """A style that links to a page of the commit's own forge, where there is one."""
    return Style.parse(style) + Style(link=url)


def _whole(console: Console, text: Text) -> None:
    """Write a line as it is; a terminal wraps it where it ends."""
    console.print(text, soft_wrap=True)


def _cut(console: Console, text: Text) -> None:
    """Write a line, cut to the width of a terminal, whole elsewhere."""
    if console.is_terminal:
        text.truncate(console.width, overflow="ellipsis")
    console.print(text, soft_wrap=True)


def _wrapped(console: Console, text: Text, *, first: str = "", rest: str = "") -> None:
    """Write a text over as many lines as it needs, cut between words, indented."""
    room = max(console.width - len(rest), MIN_ROOM)
    indent = first
    for line in text.wrap(console, room) if console.is_terminal else text.split():
        line.rstrip()
        console.print(Text(indent).append_text(line), soft_wrap=True)
        indent = rest
