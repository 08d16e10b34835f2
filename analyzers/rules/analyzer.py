"""The analysis that needs no model: what a commit says and shows, and nothing else."""

from __future__ import annotations

import asyncio
from typing import final

from analyzers.model import Analysis, Commit, Coverage, Facts, FileRole, Kind, RulesReason, Verdict
from analyzers.ports import AnalysisRequest, Analyzer
from analyzers.rules.bodies import summarize
from analyzers.rules.components import components_of
from analyzers.rules.dependencies import dependency_moves
from analyzers.rules.evidence import evidence_of
from analyzers.rules.importance import judge
from analyzers.rules.kinds import kinds_of
from analyzers.rules.marks import breaking_marks, followed, references, reverted
from analyzers.rules.reading import Reading, is_pure_move, read
from analyzers.rules.roles import UNREADABLE
from analyzers.rules.secrets import secrets_of
from analyzers.rules.symbols import symbols_of
from analyzers.text import clean_line, shorten

RULES_VERSION = 4
"""Raised with every change of the rules that changes an analysis."""

_HEADLINE = 300
"""Characters of a headline."""

_TESTABLE_LINES = 5
"""New lines of code below which nobody asks for a test."""

_TESTED_KINDS = (Kind.FIX, Kind.FEATURE, Kind.PERFORMANCE, Kind.SECURITY)
_INLINE_TESTS = ("#[test]", "#[tokio::test]", "#[cfg(test)]", "mod tests")


@final
class RulesAnalyzer(Analyzer):
    """Analyses by rules. It never fails, asks nobody and gives the same answer every time."""

    def __init__(self, reason: RulesReason = RulesReason.NOT_CONFIGURED) -> None:
        """Args:
        reason: why no model is asked; every analysis says it.
        """
        self._reason = reason

    def identity(self, language: str, *, brief: bool = False) -> str:  # noqa: ARG002 - always alike
        return f"rules:{RULES_VERSION}:{self._reason}"

    async def analyze(self, commit: Commit, request: AnalysisRequest) -> Analysis:  # noqa: ARG002 - as above
        # A hostile commit keeps the rules busy for a good part of a second.
        return await asyncio.to_thread(rules_analysis, commit, self._reason)


def rules_analysis(commit: Commit, reason: RulesReason = RulesReason.NOT_CONFIGURED) -> Analysis:
    """What the rules know of a commit, in its own words.

    Time and memory are bounded whatever the commit holds: `analyzers.rules.reading` cuts the
    message, the lines and their lengths.
    """
    reading = read(commit)
    kinds, verdict, facts = _assess(reading)
    headline = _headline(reading)
    return Analysis(
        kinds=kinds,
        verdict=verdict,
        importance=verdict.importance,
        headline=headline,
        facts=facts,
        coverage=_coverage(reading),
        analyzer="rules",
        language=None,
        summary=_summary(reading, kinds, headline),
        rules_reason=reason,
    )


def _assess(reading: Reading) -> tuple[tuple[Kind, ...], Verdict, Facts]:
    symbols = symbols_of(reading)
    evidence = evidence_of(reading)
    kinds = kinds_of(reading, symbols, evidence)
    foreign = _quotes_release_notes(reading, kinds)
    facts = Facts(
        roles=reading.roles,
        components=components_of(reading),
        symbols_added=symbols.added,
        symbols_removed=symbols.removed,
        symbols_changed=symbols.changed,
        public_removed=symbols.public_removed,
        dependencies=dependency_moves(reading),
        breaking=breaking_marks(reading, kinds, foreign_body=foreign),
        references=references(reading, foreign_body=foreign),
        reverts=reverted(reading) if Kind.REVERT in kinds else None,
        follows=() if foreign else followed(reading),
        secrets=secrets_of(reading.commit),
        tests_missing=_misses_tests(reading, kinds),
    )
    return kinds, judge(reading, kinds, facts, evidence), facts


def _coverage(reading: Reading) -> Coverage:
    """What was read, whatever it is for; without a patch there is something to read if there are
    lines that it would have, in a file that anybody reads."""
    unread = (
        f.change.path
        for f in reading.files
        if not f.lines and (f.change.patch or (f.size and f.role not in UNREADABLE))
    )
    return Coverage(
        files_read=sum(file.whole for file in reading.files),
        files_total=len(reading.files),
        partly=tuple(f.change.path for f in reading.files if f.lines and not f.whole),
        unread=tuple(unread),
    )


def _headline(reading: Reading) -> str:
    """The title's words; without any, what the commit touches."""
    words = reading.title.text or clean_line(reading.raw_title)
    if words:
        return shorten(words, _HEADLINE)
    paths = [clean_line(file.change.path) for file in reading.files[:3]]
    more = len(reading.files) - len(paths)
    listed = ", ".join(filter(None, paths)) + (f" (+{more})" if more else "")
    return shorten(listed, _HEADLINE) or reading.commit.short_sha


def _summary(reading: Reading, kinds: tuple[Kind, ...], headline: str) -> tuple[str, ...]:
    if _quotes_release_notes(reading, kinds):
        return ()
    return summarize(reading.body, headline)


def _quotes_release_notes(reading: Reading, kinds: tuple[Kind, ...]) -> bool:
    """Whether the body is a dependency bot's, which quotes the words of other projects."""
    by_bot = reading.commit.author.is_bot
    return Kind.DEPENDENCIES in kinds and (by_bot or "<details>" in reading.body)


def _misses_tests(reading: Reading, kinds: tuple[Kind, ...]) -> bool:
    """Whether code that does something was added, or more than a little changed, and no test."""
    if kinds[0] not in _TESTED_KINDS or reading.of_role(FileRole.TEST):
        return False
    if reading.commit.files_omitted:
        return False
    new_lines = 0
    for file in reading.of_role(FileRole.SOURCE):
        if any(mark in line for line in file.lines for mark in _INLINE_TESTS):
            return False
        if not is_pure_move(file.change):
            new_lines += sum(s == "+" and not file.is_comment(t) for s, t in file.changed())
    return new_lines >= _TESTABLE_LINES
