"""A digest and one commit's analysis in a terminal, with rich.

Untrusted text only ever becomes `Text`, which knows no markup, and has lost its control characters
before (`formatters.digest`, `formatters.detail`), so it cannot colour, link or move the cursor.
On a terminal lines are cut or wrapped to its width; elsewhere they are whole, for files and pipes.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.text import Text

from analyzers.model import Digest, Entry, Importance, Repository
from formatters.detail import Part, detail
from formatters.digest import GLYPHS, Line, Section, outline
from formatters.prose import code_spans
from formatters.text import Words

COLOURS = {Importance.HIGH: "red", Importance.MEDIUM: "yellow", Importance.LOW: "green"}

MIN_ROOM = 10
"""Cells that text is wrapped to at least, however narrow the terminal says it is."""

MIN_HEADLINE = 32
"""Cells that a headline keeps; tags that would leave it less are left out."""


def render(digest: Digest, words: Words, console: Console) -> None:
    """Write a digest: title, overview, sections with one line a commit, and how complete it is."""
    page = outline(digest, words)
    _wrapped(console, Text(page.title, "bold"))
    _wrapped(console, Text(page.stats, "dim"))
    for sentence in page.overview:
        _wrapped(console, Text(sentence))
    numbers = len(str(max((entry.number for entry in digest.entries), default=0)))
    folded = False
    for section in page.sections:
        if not (folded and section.group.is_folded):
            console.print()
        _section(console, section, numbers)
        folded = section.group.is_folded
    console.print()
    _wrapped(console, Text(page.completeness, "dim"))


def render_detail(
    entry: Entry, repository: Repository, zone: str, words: Words, console: Console
) -> None:
    """Write the full analysis of one commit, with instants in the IANA zone `zone`."""
    page = detail(entry, repository, zone, words)
    importance = entry.analysis.importance
    _wrapped(console, Text(page.headline, "bold"))
    badges = Text(f"{GLYPHS[importance]} ").append(page.badges[0], COLOURS[importance])
    _wrapped(console, badges.append("".join(f" · {badge}" for badge in page.badges[1:])))
    _wrapped(console, Text(page.byline, "dim"))
    _whole(console, Text(entry.commit.sha, _style("dim", page.url)))
    if page.url:
        _whole(console, Text(page.url, _style("dim", page.url)))
    if page.title and page.title != page.headline:
        _wrapped(console, Text(words("label-commit-title", title=page.title), "dim"))
    for part in page.parts:
        console.print()
        _part(console, part, words)
    console.print()
    _wrapped(console, Text(" · ".join(page.small_print), "dim"))


def _section(console: Console, section: Section, numbers: int) -> None:
    importance = section.group.importance
    title = Text(f"{GLYPHS[importance]} ").append(section.title, f"bold {COLOURS[importance]}")
    if section.group.is_folded:
        gist = Text(f"  {section.numbers}  ", "dim").append(section.gist, "not dim")
        _cut(console, title.append_text(gist))
        return
    _cut(console, title)
    for line in section.lines:
        _cut(console, _line(console, line, numbers))


def _line(console: Console, line: Line, numbers: int) -> Text:
    """Number, short name, headline and tags; tags only where they leave the headline its room."""
    text = Text(f"{line.entry.number:>{numbers + 2}}  ", "dim")
    text.append(line.entry.commit.short_sha, _style("not dim cyan", line.url)).append("  ")
    tags = f"  {' · '.join(line.tags)}"
    headline = Text(line.headline, "not dim")
    if console.is_terminal:
        room = console.width - text.cell_len
        if room - cell_len(tags) >= MIN_HEADLINE:
            room -= cell_len(tags)
        else:
            tags = ""
        headline.truncate(room, overflow="ellipsis")
    return text.append_text(headline).append(tags)


def _part(console: Console, part: Part, words: Words) -> None:
    _wrapped(console, Text(part.title, "bold"))
    bullet = "• " if len(part.items) > 1 else ""
    for item in part.items:
        _wrapped(console, _prose(item), first=f"  {bullet}", rest=" " * (2 + len(bullet)))
    for severity, risk in part.risks:
        text = Text().append(severity, COLOURS[Importance(risk.severity.value)]).append(" — ")
        text.append_text(_prose(risk.text))
        if risk.path:
            text.append(f" ({words('label-path', path=risk.path)})", "dim")
        _wrapped(console, text, first="  • ", rest="    ")


def _prose(text: str) -> Text:
    """Text of an analysis, what stands between backticks highlighted as code."""
    prose = Text()
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
