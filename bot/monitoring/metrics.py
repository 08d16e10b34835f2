"""What is counted of a process at work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from analyzers.errors import CommitcastError
from analyzers.model import Analysis, Commit
from analyzers.ports import Account, AnalysisCache, AnalysisRequest, Analyzer, Spending, Usage

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Of what `Metrics.exposed` gives."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits to be done."""

    length: int
    age: float
    """Seconds since the time came of what waits longest; 0 where nothing waits."""


class Metrics:
    """Counts nothing: for commands that end with their work; `prometheus` counts for a bot."""

    def delivered(self, platform: str, late: float) -> None:
        """A scheduled digest was delivered, so many seconds after it was due."""

    def not_delivered(self, platform: str, error: CommitcastError) -> None:
        """A scheduled digest was not delivered, for now or for good."""

    def taken_for_sent(self, platform: str) -> None:
        """A message was given up that may never have arrived: all answers to it were lost."""

    def answered(self, platform: str, seconds: float) -> None:
        """A command or press was answered."""

    def not_answered(self, platform: str, error: CommitcastError) -> None:
        """The platform did not take the answer to a command or press."""

    def analysed(self, analysis: Analysis) -> None:
        """A commit has an analysis, made now or before."""

    def looked_up(self, *, found: bool) -> None:
        """An analysis was looked for in the cache."""

    def asked_model(self, model: str, usage: Usage) -> None:
        """A model was asked."""

    def asked_forge(self, status: int | None, left: int | None) -> None:
        """GitHub answered, and allows so many more requests for now where it said so; no status
        where no answer came."""

    def exposed(self, ready: Mapping[str, bool], queues: Mapping[str, Queue]) -> bytes:
        """All counts in Prometheus's text format.

        Args:
            ready: the parts of the bot, and whether each works now.
            queues: by name what waits now; none where nobody knows.
        """
        del ready, queues
        return b""


@final
class MeteredAnalyzer(Analyzer):
    """Counts what an analyzer says."""

    def __init__(self, analyzer: Analyzer, metrics: Metrics) -> None:
        """To stand outermost: what the rules say for a model that failed is counted too."""
        self._analyzer = analyzer
        self._metrics = metrics

    def identity(self, language: str, *, brief: bool = False) -> str:
        """That of the analyzer within."""
        return self._analyzer.identity(language, brief=brief)

    async def known(self, sha: str, language: str, *, in_full: bool = False) -> Analysis | None:
        """What the analyzer within has."""
        return await self._analyzer.known(sha, language, in_full=in_full)

    async def analyze(self, commit: Commit, request: AnalysisRequest) -> Analysis:
        """Analyse one commit."""
        analysis = await self._analyzer.analyze(commit, request)
        self._metrics.analysed(analysis)
        return analysis


@final
class MeteredCache(AnalysisCache):
    """Counts how often a cache has what is looked for."""

    def __init__(self, cache: AnalysisCache, metrics: Metrics) -> None:
        self._cache = cache
        self._metrics = metrics

    async def get(self, sha: str, identity: str) -> Analysis | None:
        """What was kept."""
        analysis = await self._cache.get(sha, identity)
        self._metrics.looked_up(found=analysis is not None)
        return analysis

    async def put(self, sha: str, identity: str, analysis: Analysis) -> None:
        """Keep an analysis."""
        await self._cache.put(sha, identity, analysis)


@final
class MeteredSpending(Spending):
    """Counts the requests to models and what they take."""

    def __init__(self, spending: Spending, metrics: Metrics) -> None:
        self._spending = spending
        self._metrics = metrics

    async def reserve(self, account: Account, tokens: int) -> None:
        """Set tokens aside before a request."""
        await self._spending.reserve(account, tokens)

    async def settle(self, account: Account, model: str, reserved: int, usage: Usage) -> None:
        """Count what a request took."""
        self._metrics.asked_model(model, usage)
        await self._spending.settle(account, model, reserved, usage)
