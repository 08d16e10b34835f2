"""What can be counted of a digest's commits, once for every dialect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from analyzers.model import Entry, Importance, Kind, Person, RulesReason
from analyzers.text import clean_line


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts; `analysed` and `by_rules` add up to `commits`."""

    commits: int
    """All commits."""
    people: int
    """Different authors that are no bots, told apart by `author_key`."""
    bots: int
    """Different authors that are bots."""
    additions: int
    """Lines added."""
    deletions: int
    """Lines removed."""
    importance: Mapping[Importance, int]
    """Commits of each importance, also of those that none has, the highest first."""
    kinds: Mapping[Kind, int]
    """Commits of each principal kind that one has, the most frequent first."""
    analysed: int
    """Commits that a model analysed."""
    read_in_part: int
    """Those of `analysed` of which something was not read that is worth it."""
    by_rules: Mapping[RulesReason, int]
    """Commits shown with what the rules know, by the reason, the most frequent first."""


def count(entries: tuple[Entry, ...]) -> Counts:
    """Count a digest's commits."""
    analyses = [entry.analysis for entry in entries]
    analysed = [analysis for analysis in analyses if analysis.by_model]
    importances = Counter(analysis.importance for analysis in analyses)
    reasons = Counter(analysis.rules_reason for analysis in analyses)
    authors = [entry.commit.author for entry in entries]
    people = {author_key(author) for author in authors if not author.is_bot}
    bots = {author_key(author) for author in authors if author.is_bot}
    return Counts(
        commits=len(entries),
        people=len(people),
        bots=len(bots - people),
        additions=sum(entry.commit.additions for entry in entries),
        deletions=sum(entry.commit.deletions for entry in entries),
        importance={importance: importances[importance] for importance in Importance},
        kinds=dict(Counter(analysis.kind for analysis in analyses).most_common()),
        analysed=len(analysed),
        read_in_part=sum(not analysis.coverage.is_whole for analysis in analysed),
        by_rules={reason: n for reason, n in reasons.most_common() if reason is not None},
    )


def author_key(author: Person) -> str:
    """What tells authors apart: the name, for one person may use several addresses.

    All who give no name are one, as an address is not for display.
    """
    return clean_line(author.name).casefold()
