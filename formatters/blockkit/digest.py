"""A digest as Slack messages: what of it is worth its characters, the important first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from analyzers.text import shorten
from formatters.blockkit import mrkdwn
from formatters.blockkit.blocks import (
    ACTIONS,
    MAX_BLOCKS,
    MAX_MESSAGE,
    button,
    context,
    heading,
    joined,
    laid_out,
    pack,
    plain,
    section,
    weight,
)
from formatters.model import (
    Action,
    Block,
    Commits,
    Page,
    Points,
    Prominence,
    Prose,
    Row,
    Small,
    Title,
    Verb,
)
from formatters.prose import code_spans
from formatters.text import Words

MAX_LINES = 100
"""Lines of commits in one message."""

_SHARES: dict[type[Block], tuple[int, int]] = {
    Title: (400, 150),
    Small: (800, 400),
    Prose: (1_500, 1_100),
    Points: (0, 0),
}
"""What a block around the commits may weigh, and the characters of it that are shown if it weighs
more; it stands whole in the thread then."""

MAX_AROUND = 3_500
"""What all blocks around the commits may weigh: the rest holds `MAX_LINES` lines at their shortest,
even if each is a group of its own."""

MAX_LABEL = 68
"""Characters of a headline in the menu: an option has at most 75, with its number."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What the lines of a message may cost."""

    headline: int
    """Characters of a headline."""
    buttons: int = 0
    """Commits that need attention with a section, a link and a button of their own."""
    links: int = 0
    """Further ones of those that have a link."""
    options: int = 0
    """Commits in the menu: those without a button."""
    label: int = 0
    """Characters of a headline in the menu, which has the numbers alone without any."""


_LEAST = Spending(headline=24)
_MOST = Spending(headline=160, buttons=30, links=MAX_LINES, options=100, label=MAX_LABEL)
_ORDER = (
    ("headline", (48, 36)),
    ("buttons", (8, 4)),
    ("options", (_MOST.options, 75, 50, 25, 10)),
    ("headline", (80, 64)),
    ("buttons", (_MOST.buttons, 20, 15, 11)),
    ("links", (_MOST.links, 25, 10)),
    ("headline", (_MOST.headline, 120, 96)),
    ("label", (_MOST.label, 40, 20)),
)
"""What a message spends its room on: in this order, each as far as it goes. The steps are coarse
because every try lays the whole message out."""


@dataclass(frozen=True, slots=True)
class _Message:
    """What a message of a digest shows, before it is known what it can spend."""

    head: list[dict[str, Any]]
    groups: Sequence[Commits]
    tail: list[dict[str, Any]]
    controls: list[dict[str, Any]]
    """Buttons beneath, besides the menu."""
    digest: str
    words: Words
    shorten: Callable[[str, int], str] = field(default_factory=lambda: cache(mrkdwn.shorten))
    """The same texts are tried again and again while it is being fitted."""

    def fitted(self) -> list[dict[str, Any]]:
        """Its blocks, as rich as fits."""
        if _fits(blocks := self.blocks(_MOST)):
            return blocks
        spending = _LEAST
        for name, values in _ORDER:
            for value in values:
                richer = replace(spending, **{name: value})
                if value > getattr(spending, name) and _fits(self.blocks(richer)):
                    spending = richer
                    break
        return self.blocks(spending)

    def blocks(self, spending: Spending) -> list[dict[str, Any]]:
        """Its blocks at this expense."""
        blocks, lines = list(self.head), list[str]()
        buttons, links = spending.buttons, spending.links
        unreached: list[Row] = []
        for group in self.groups:
            lines.append(("\n" if lines else "") + self._heading(group, spending))
            if group.prominence is Prominence.FOLDED:
                unreached.extend(group.rows)
                continue
            for row in group.rows:
                is_full = group.prominence is Prominence.FULL
                if is_full and buttons:
                    buttons -= 1
                    blocks.extend(map(section, joined(lines)))
                    lines = []
                    blocks.append(self._expandable(row, spending))
                    continue
                linked = is_full and links > 0
                links -= linked
                lines.append(self._line(row, spending, is_full=is_full, linked=linked))
                unreached.append(row)
        blocks.extend(map(section, joined(lines)))
        blocks.extend(self.tail)
        if len(unreached) > spending.options:
            hint = self.words("chat-slack-expand", number=unreached[-1].number)
            blocks.append(context(mrkdwn.escape(hint)))
        elements = [*self._menu(unreached[: spending.options], spending), *self.controls]
        return [*blocks, {"type": "actions", "elements": elements}] if elements else blocks

    def _heading(self, group: Commits, spending: Spending) -> str:
        title = self.shorten(" ".join(group.title.split()), spending.headline)
        if group.prominence is not Prominence.FOLDED:
            return heading(title, group)
        first, last = group.rows[0].number, group.rows[-1].number
        numbers = str(first) if first == last else f"{first}–{last}"
        # As long as a headline at the least, and longer the more there is to spend.
        gist = self.shorten(group.gist, 2 * spending.headline - _LEAST.headline)
        return f"{heading(title, group)}  {numbers}  {gist}"

    def _line(self, row: Row, spending: Spending, *, is_full: bool, linked: bool) -> str:
        headline = self.shorten(row.headline, spending.headline) or row.sha[:7]
        if not is_full:
            return f"{row.number} {headline}"
        link = mrkdwn.link(row.url, row.sha[:7]) if linked else ""
        line = "  ".join(filter(None, (str(row.number), link, headline)))
        room = spending.headline - _LEAST.headline
        return f"{line} · {self.shorten(' · '.join(row.tags), room)}" if row.tags and room else line

    def _expandable(self, row: Row, spending: Spending) -> dict[str, Any]:
        text = self._line(row, spending, is_full=True, linked=True)
        action = Action(Verb.EXPAND, self.digest, row.number)
        expand = button(self.words("control-expand"), str(row.number), action)
        return {**section(text), "accessory": expand}

    def _menu(self, rows: Sequence[Row], spending: Spending) -> Iterator[dict[str, Any]]:
        options = [
            {
                "text": plain(_label(row, spending.label)),
                "value": Action(Verb.EXPAND, self.digest, row.number).token,
            }
            for row in rows
        ]
        if options:
            yield {
                "type": "static_select",
                "action_id": f"{ACTIONS}menu",
                "placeholder": plain(self.words("control-expand-commit")),
                "options": options,
            }


def digest_messages(page: Page, digest: str, words: Words) -> list[list[dict[str, Any]]]:
    """The blocks of each message of a digest delivered as `digest`; the first has the controls.

    Every commit is in one of them by its number, the first `MAX_LINES` lines in the first message.
    """
    groups = [block for block in page.blocks if isinstance(block, Commits)]
    start = page.blocks.index(groups[0]) if groups else len(page.blocks)
    around = [block for block in page.blocks if not isinstance(block, Commits)]
    head, tail, whole = _around(around, start)
    first, *others = _portions(groups)
    if more := sum(len(group.rows) for portion in others for group in portion):
        tail.append(context(mrkdwn.escape(words("chat-slack-more", n=more))))
    report = button(words("control-report"), "report", Action(Verb.REPORT, digest))
    made = [_Message(head, first, tail, [report] if groups else [], digest, words).fitted()]
    made += [_Message([], portion, [], [], digest, words).fitted() for portion in others]
    if whole:
        made += pack(laid_out(whole))
    return [blocks or pack([])[0] for blocks in made]


def _fits(blocks: list[dict[str, Any]]) -> bool:
    return len(blocks) <= MAX_BLOCKS and weight(blocks) <= MAX_MESSAGE


def _portions(groups: Iterable[Commits]) -> list[list[Commits]]:
    """The groups by messages; one that goes on in the next message has its title there again."""
    portions: list[list[Commits]] = [[]]
    room = MAX_LINES
    for group in groups:
        rows = group.rows
        while rows:
            if not room:
                portions.append([])
                room = MAX_LINES
            folded = group.prominence is Prominence.FOLDED
            taken = rows if folded else rows[:room]
            portions[-1].append(replace(group, rows=taken))
            room -= 1 if folded else len(taken)
            rows = rows[len(taken) :]
    return portions


def _around(
    blocks: Iterable[Block], start: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[Block]]:
    """What stands before and after the commits, and the blocks of it that are not shown whole."""
    head: list[dict[str, Any]] = []
    tail: list[dict[str, Any]] = []
    whole: list[Block] = []
    room = MAX_AROUND
    for position, block in enumerate(blocks):
        share, limit = _SHARES[type(block)]
        made = laid_out([block])
        if weight(made) > min(share, room):
            whole.append(block)
            made = list(_shortened(block, limit))
        if weight(made) <= room:
            room -= weight(made)
            (head if position < start else tail).extend(made)
    return head, tail, whole


def _shortened(block: Block, limit: int) -> Iterator[dict[str, Any]]:
    if isinstance(block, Title):
        yield section(heading(mrkdwn.shorten(" ".join(block.text.split()), limit), block))
    elif isinstance(block, Small):
        yield context(mrkdwn.shorten(block.text, limit))
    elif isinstance(block, Prose):
        yield section(mrkdwn.shorten(block.text, limit))


def _label(row: Row, limit: int) -> str:
    if limit < 8:
        return str(row.number)
    text = " ".join("".join(piece for piece, _ in code_spans(row.headline)).split())
    label = shorten(text, limit)
    if mrkdwn.size(label) > limit:  # of characters that count twice
        label = shorten(text, limit // 2)
    return f"{row.number} {label}"
