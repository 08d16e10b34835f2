"""A digest as people read it, before any dialect: titled sections of numbered lines.

Dialects only lay out and escape what stands here, so that every chat and file says the same.
Texts are unescaped; whatever came from a commit in them is untrusted.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzers.model import Digest, Entry, Group
from formatters.text import Words


@dataclass(frozen=True, slots=True)
class Line:
    """One commit in one line."""

    entry: Entry
    """The commit and its analysis."""
    url: str | None
    """Its page on the forge, where there is one."""
    headline: str
    """What changed, on one line, whole."""
    tags: tuple[str, ...]
    """Short words for what it is: breaking, its kind, its component, by rules ..."""


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that are read together."""

    group: Group
    """The group that it shows; `group.is_folded` tells whether one line can stand for all."""
    title: str
    """For example `Needs attention`, `gateway (9)`, `tests (11 alike)`."""
    lines: tuple[Line, ...]
    """Its commits, in order of their numbers."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole digest."""

    repository: str
    """Its name."""
    when: str
    """The day, period or range that it covers, with the weekday: `Tue 6 Jan 2026`."""
    stats: str
    """`45 commits by 22 people · +3,912 −1,204 · main`."""
    overview: tuple[str, ...]
    """At most three sentences on what the day was about; empty on a quiet day."""
    sections: tuple[Section, ...]
    """In the order of reading; empty on a quiet day."""
    completeness: str
    """Counts by code: `45 commits: 43 analysed, 2 by rules (the model did not answer)`."""


def outline(digest: Digest, words: Words) -> Outline:
    """Lay a digest out in sections and lines, in the words of one language."""
    raise NotImplementedError
