"""One analysis per commit, whoever asks: a cache and single flight around any analyzer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import final

from analyzers.model import Analysis, Commit
from analyzers.ports import AnalysisCache, AnalysisRequest, Analyzer, Turns


@dataclass(slots=True)
class _Flight:
    """An analysis under way and how many wait for it."""

    task: asyncio.Task[Analysis]
    waiting: int = 0


@final
class CachedAnalyzer(Analyzer):
    """Asks the analyzer within only for what is neither kept nor under way."""

    def __init__(self, inner: Analyzer, cache: AnalysisCache, turns: Turns) -> None:
        """Put a cache before an analyzer, and have processes that share the cache ask one after
        the other. All stay the caller's to close."""
        self._inner = inner
        self._cache = cache
        self._turns = turns
        self._flights: dict[tuple[str, str], _Flight] = {}

    def identity(self, language: str, *, brief: bool = False) -> str:
        """That of the analyzer within: a cache changes no analysis."""
        return self._inner.identity(language, brief=brief)

    async def known(self, sha: str, language: str, *, in_full: bool = False) -> Analysis | None:
        """What is kept of a commit: the whole analysis if there is one, or else its main points
        unless all is wanted."""
        kept = await self._cache.get(sha, self.identity(language))
        if kept is None and not in_full:
            kept = await self._cache.get(sha, self.identity(language, brief=True))
        return kept

    async def analyze(self, commit: Commit, request: AnalysisRequest) -> Analysis:
        """The analysis that is kept, under way, or made now; concurrent requests share one call.

        A caller that is cancelled leaves the others their call; the last one takes it along.

        Raises:
            ModelError: to all who wait; a failure is not kept.
        """
        key = (commit.sha, self.identity(request.language, brief=not request.in_full))
        flight = self._flights.get(key)
        if flight is None:
            flight = _Flight(asyncio.create_task(self._fetch(commit, request)))
            self._flights[key] = flight
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                await self._land(key, flight)

    async def _land(self, key: tuple[str, str], flight: _Flight) -> None:
        """End a flight that nobody waits for; whoever comes from now on starts another."""
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.task.done():
            flight.task.cancel()
            await asyncio.wait({flight.task})

    async def _fetch(self, commit: Commit, request: AnalysisRequest) -> Analysis:
        kept = await self.known(commit.sha, request.language, in_full=request.in_full)
        if kept is not None:
            return kept
        # Not `key`: what is asked in brief may turn out to be worth a whole analysis.
        async with self._turns.turn(f"{commit.sha}/{self.identity(request.language)}"):
            kept = await self.known(commit.sha, request.language, in_full=request.in_full)
            if kept is not None:  # by another process, meanwhile
                return kept
            analysis = await self._inner.analyze(commit, request)
            if analysis.by_model:  # what the rules said in a model's place must not stand for it
                identity = self.identity(request.language, brief=analysis.is_brief)
                await self._cache.put(commit.sha, identity, analysis)
            return analysis
