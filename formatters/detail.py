"""One commit's full analysis as titled parts, before any dialect. Empty parts are left out."""

from __future__ import annotations

from dataclasses import dataclass

from analyzers.model import Entry, Repository, Risk
from formatters.text import Words


@dataclass(frozen=True, slots=True)
class Part:
    """One titled part of an analysis."""

    key: str
    """What it is, the same in every language: `summary`, `scope`, `architecture`, `performance`,
    `security`, `risks`, `advice`, `facts`, `reasons`."""
    title: str
    """Its title in words."""
    items: tuple[str, ...] = ()
    """Its sentences or points; one item is a paragraph, several are a list."""
    risks: tuple[tuple[str, Risk], ...] = ()
    """For `risks`: each with its severity in words."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One commit, expanded."""

    entry: Entry
    """The commit and its analysis."""
    url: str | None
    """Its page on the forge, where there is one."""
    headline: str
    """What changed, on one line."""
    title: str
    """The commit's own title; equal to the headline when the rules analysed it."""
    byline: str
    """Author, instant in the reader's zone, size: `Ada Example · 6 Jan 2026, 23:28 · 3 files · +120 −4`."""
    badges: tuple[str, ...]
    """Importance and kinds in words, the importance first."""
    parts: tuple[Part, ...]
    """What the analysis says."""
    small_print: tuple[str, ...]
    """Coverage, who analysed it and when, and why not a model."""


def detail(entry: Entry, repository: Repository, zone: str, words: Words) -> Detail:
    """Expand one commit, with instants in the IANA zone `zone`."""
    raise NotImplementedError
