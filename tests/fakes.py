"""Stand-ins that implement a port for real and record what they were asked."""

from __future__ import annotations

import asyncio
from typing import final

from analyzers.model import Analysis, Commit
from analyzers.ports import AnalysisCache, Analyzer


@final
class RecordingAnalyzer(Analyzer):
    """Gives every commit the same answer, once `gate` is open, and counts."""

    def __init__(self, answer: Analysis | Exception, name: str = "fake") -> None:
        self.answer = answer
        self.name = name
        self.gate = asyncio.Event()
        self.gate.set()
        self.calls: list[tuple[str, str]] = []
        """The SHA and the language of every call."""
        self.cancelled = 0
        """How many calls were cancelled before they answered."""

    def identity(self, language: str) -> str:
        return f"{self.name}/{language}"

    async def analyze(self, commit: Commit, language: str) -> Analysis:
        self.calls.append((commit.sha, language))
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@final
class MemoryAnalysisCache(AnalysisCache):
    """Keeps analyses as long as it lives."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Analysis] = {}

    async def get(self, sha: str, identity: str) -> Analysis | None:
        return self.kept.get((sha, identity))

    async def put(self, sha: str, identity: str, analysis: Analysis) -> None:
        self.kept[sha, identity] = analysis
