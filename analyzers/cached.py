"""One analysis per commit, whoever asks: a cache and single flight around any analyzer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import final

from analyzers.model import Analysis, Commit
from analyzers.ports import AnalysisCache, Analyzer


@dataclass(slots=True)
class _Flight:
    """An analysis under way and how many wait for it."""

    task: asyncio.Task[Analysis]
    waiting: int = 0


@final
class CachedAnalyzer(Analyzer):
    """Asks the analyzer within only for what is neither kept nor under way."""

    def __init__(self, inner: Analyzer, cache: AnalysisCache) -> None:
        """Put a cache before an analyzer. Both stay the caller's to close."""
        self._inner = inner
        self._cache = cache
        self._flights: dict[tuple[str, str], _Flight] = {}

    def identity(self, language: str) -> str:
        """That of the analyzer within: a cache changes no analysis."""
        return self._inner.identity(language)

    async def analyze(self, commit: Commit, language: str) -> Analysis:
        """The analysis that is kept, under way, or made now; concurrent requests share one call.

        A caller that is cancelled leaves the others their call; the last one takes it along.

        Raises:
            ModelError: to all who wait; a failure is not kept.
        """
        key = (commit.sha, self.identity(language))
        flight = self._flights.get(key)
        if flight is None:
            flight = _Flight(asyncio.create_task(self._fetch(commit, language)))
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

    async def _fetch(self, commit: Commit, language: str) -> Analysis:
        identity = self.identity(language)
        kept = await self._cache.get(commit.sha, identity)
        if kept is not None:
            return kept
        analysis = await self._inner.analyze(commit, language)
        if analysis.by_model:  # what the rules said in a model's place must not stand for it
            await self._cache.put(commit.sha, identity, analysis)
        return analysis
