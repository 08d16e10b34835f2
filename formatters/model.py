"""What a chat is shown, before any dialect: a page made of blocks, and what can be pressed on it.

Texts are unescaped and without control characters (`analyzers.text`); whatever came from a commit,
a model or a person in them is untrusted. Names of code stand between backticks
(`formatters.prose`), which is the only markup. Dialects lay a page out as one or more messages,
escape it and keep to the limits of their platform.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from analyzers.model import Importance


class Verb(StrEnum):
    """What pressing does. The letters are kept in messages for years: never use one anew."""

    EXPAND = "e"
    """Show a commit's full analysis."""
    FOLD = "f"
    """Show the digest again in the message that has been expanded."""
    NUMBERS = "n"
    """Offer the commits from a number on."""
    REPORT = "r"
    """Send the full report as a file."""


_TOKEN = re.compile(
    r"(?P<verb>[efnr])\.(?P<digest>[\w-]{1,24})\.(?P<number>\d{1,6})\.(?P<part>\d{1,3})", re.ASCII
)

MAX_TOKEN = 64
"""Bytes of a token: what Telegram takes as `callback_data`."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a reader can ask for by pressing, about a digest that was delivered."""

    verb: Verb
    """What is to be done."""
    digest: str
    """The id of the delivered digest: letters, digits, `-` and `_`, at most 24."""
    number: int = 0
    """The number of a commit in it; 0 where the verb needs none."""
    part: int = 0
    """Which part of a text that takes several messages, from 0."""

    @property
    def token(self) -> str:
        """How a chat carries it: at most `MAX_TOKEN` bytes. It can be forged: check every use."""
        return f"{self.verb.value}.{self.digest}.{self.number}.{self.part}"

    @classmethod
    def parse(cls, token: str) -> Action | None:
        """The action of a token, None for what is none."""
        if not (found := _TOKEN.fullmatch(token)):
            return None
        return cls(Verb(found["verb"]), found["digest"], int(found["number"]), int(found["part"]))


@dataclass(frozen=True, slots=True)
class Title:
    """What the message is about, on one line."""

    text: str
    importance: Importance | None = None
    """Shown by its glyph before the text."""
    block: Literal["title"] = "title"


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph; it may have several lines."""

    text: str
    block: Literal["prose"] = "prose"


@dataclass(frozen=True, slots=True)
class Small:
    """Small print: counts, bylines, what was read."""

    text: str
    sha: str = ""
    """The commit that it is about, shown short before the text as code or link; may be empty."""
    url: str | None = None
    """That commit's page on its own forge; the only address that a page may link to."""
    block: Literal["small"] = "small"


@dataclass(frozen=True, slots=True)
class Points:
    """A titled part: one item is a paragraph, several are a list. Each may have several lines."""

    title: str
    items: tuple[str, ...]
    block: Literal["points"] = "points"


@dataclass(frozen=True, slots=True)
class Row:
    """One commit of a digest in one line."""

    number: int
    """Its number in the digest, from 1."""
    sha: str
    """Its full object name."""
    url: str | None
    """Its page on its own forge, where there is one."""
    headline: str
    """What changed, on one line, whole; a dialect shortens it to what fits."""
    tags: tuple[str, ...] = ()
    """Short words for what it is."""
    branch: str = ""
    """The branch that it was found on, where the digest covers several."""
    reverted: str = ""
    """The full name of the commit that reverted it later; its headline says so. Empty if none."""

    @property
    def short_sha(self) -> str:
        """The first seven digits, as people write them."""
        return self.sha[:7]


class Prominence(StrEnum):
    """How much room a group of commits deserves."""

    FULL = "full"
    """A line each with link, tags and a control to expand it: what needs attention."""
    BRIEF = "brief"
    """A short line each; Telegram folds them away."""
    FOLDED = "folded"
    """One line that stands for all; Telegram lets it open to a short line each."""


@dataclass(frozen=True, slots=True)
class Commits:
    """Commits of a digest that are read together."""

    title: str
    """For example `Needs attention (9)`, `gateway (9)`, `tests (11 alike)`."""
    importance: Importance
    """Shown by its glyph before the title."""
    prominence: Prominence
    """How much room they deserve."""
    rows: tuple[Row, ...]
    """At least one, in order of their numbers."""
    gist: str
    """What one line says in place of all."""

    @property
    def numbers(self) -> str:
        """The numbers of its commits: `34–44`, or `34` alone."""
        first, last = self.rows[0].number, self.rows[-1].number
        return str(first) if first == last else f"{first}–{last}"

    block: Literal["commits"] = "commits"


Block = Title | Prose | Small | Points | Commits


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that is said at once. A chat shows it as one message, or as several if it must."""

    blocks: tuple[Block, ...]
    """In the order of reading; at least one."""
    digest: str | None = None
    """The id under which this digest is delivered: its rows can be expanded and its full report
    asked for. None for every other page."""
    folds_to: Action | None = None
    """For a commit that was expanded in place of its digest: what leads back."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every commit of it, in order of their numbers."""
        rows = [row for b in self.blocks if isinstance(b, Commits) for row in b.rows]
        return tuple(sorted(rows, key=lambda row: row.number))
