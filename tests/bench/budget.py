"""What analyses cost in tokens, against sending every diff as it is."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from analyzers.diffs.hunks import LONGEST_LINE
from analyzers.instructions import FULL_INSTRUCTIONS
from analyzers.llm import TOKENS, LanguageModelAnalyzer
from analyzers.model import Analysis, Commit, FileRole, Importance
from analyzers.prompts import Subject, build_prompts
from analyzers.rules import rules_analysis
from analyzers.rules.roles import role_of
from analyzers.tokens import count_tokens
from tests.bench.table import line
from tests.commit_shapes import commits_of_real_shape
from tests.fakes import wanted
from tests.huge_commits import measured
from tests.language_models import an_analyzer
from tests.servers.openai import OpenAIServer

MOST = 0.5
"""The part of the full diffs' tokens that may be asked in all."""

LARGEST_PROCESS = 300
"""MB that a process may have that analyses the largest commits."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one commit cost."""

    commit: Commit
    analysis: Analysis
    requests: int
    asked: int
    """Tokens of all requests about it."""
    full: int
    """Tokens of its whole diff with the instructions for a full analysis."""
    own: int
    """Those of `asked` that are not the same for every commit."""
    shown: frozenset[str]
    """The files of which a patch was shown."""

    def unaccounted(self) -> list[str]:
        """Changed source files that were neither read nor named as not read; a minified one is
        only counted."""
        named = {*self.analysis.coverage.partly, *self.analysis.coverage.unread, *self.shown}
        return [
            file.path
            for file in self.commit.files
            if role_of(file.path) is FileRole.SOURCE
            and file.path not in named
            and file.patch
            and max(map(len, file.patch.split("\n"))) <= LONGEST_LINE
        ]


async def costs(commits: Iterable[Commit]) -> list[Cost]:
    """Have each commit analysed by a model that counts tokens as we do."""
    async with OpenAIServer() as server, an_analyzer(server, always_in_full=False) as analyzer:
        server.usage = lambda body: {
            "prompt_tokens": sum(count_tokens(message["content"]) for message in body["messages"])
        }
        return [await _cost(commit, analyzer, server) for commit in commits]


async def _cost(commit: Commit, analyzer: LanguageModelAnalyzer, server: OpenAIServer) -> Cost:
    server.requests.clear()
    analysis = await analyzer.analyze(commit, wanted())
    frame = _frame(commit)
    system, user = (
        [count_tokens(body["messages"][at]["content"]) for body in server.requests] for at in (0, 1)
    )
    patches = sum(count_tokens(file.patch or "") for file in commit.files)
    return Cost(
        commit,
        analysis,
        requests=len(user),
        asked=sum(system + user),
        full=count_tokens(FULL_INSTRUCTIONS) + frame + count_tokens(commit.message) + patches,
        own=sum(user) - frame * len(user),
        shown=frozenset(re.findall(r"^=== (\S+) \(", "\n".join(server.prompts), re.MULTILINE)),
    )


def _frame(commit: Commit) -> int:
    """The tokens of a prompt about a commit that holds nothing."""
    empty = replace(commit, message="", files=(), additions=0, deletions=0)
    by_rules = rules_analysis(empty)
    subject = Subject(empty, by_rules.kinds, by_rules.facts, "en")
    return count_tokens(build_prompts(subject, TOKENS).parts[0])


def check(told: list[Cost]) -> None:
    """What must hold of each commit.

    Raises:
        AssertionError: a commit was sent more than its budget, or a source file of one that
            matters was passed over in silence.
    """
    for cost in told:
        assert cost.own <= TOKENS, (cost.commit.title, cost.own)
        passed_over = cost.unaccounted()
        assert cost.analysis.importance is Importance.LOW or not passed_over, passed_over


async def analyses(_folder: Path) -> None:
    """What analyses ask of a model, and what the largest commits ask of us."""
    await _budget()
    for took in await measured():
        line(
            f"the largest: {took.name.replace('_', ' ')}, {took.characters / 1e6:,.1f} MB",
            f"{took.seconds:,.2f} s",
            f"{took.tokens:,} tokens in {took.requests} requests; the process had at most "
            f"{took.megabytes:,.0f} MB, target {LARGEST_PROCESS} MB",
        )
        assert took.megabytes <= LARGEST_PROCESS


async def _budget() -> None:
    """Analyse commits of real shape, and show what that took."""
    told = await costs(commits_of_real_shape())
    check(told)
    lines = [cost.commit.additions + cost.commit.deletions for cost in told]
    asked, full = sum(cost.asked for cost in told), sum(cost.full for cost in told)
    assert asked <= full * MOST
    line(
        f"tokens asked of {len(told)} commits of 1 to {max(lines):,} lines, against full diffs",
        f"{asked / full:.1%}",
        f"{asked:,} of {full:,}; target {MOST:.0%}; {sum(not c.requests for c in told)} commits "
        f"need no request, {sum(c.requests > 1 for c in told)} several",
    )
    for title, least, most in (("200", 1, 200), ("2,000", 201, 2_000), ("", 2_001, 10**9)):
        some = [cost for cost, n in zip(told, lines, strict=True) if least <= max(n, 1) <= most]
        size = f"up to {title} lines" if title else "larger"
        line(
            f"the same, {size}: {len(some)} commits",
            f"{sum(c.asked for c in some) / sum(c.full for c in some):.1%}",
            f"median {statistics.median(c.asked for c in some):,.0f} tokens a commit",
        )
    line(
        "most tokens of one commit's own",
        f"{max(cost.own for cost in told):,}",
        f"budget {TOKENS:,}; no source file of a medium or high commit unread and unnamed",
    )
