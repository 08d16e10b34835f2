"""No commit goes without an analysis: where the model fails, the rules answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import final

from analyzers.errors import ModelError
from analyzers.model import Analysis, Commit, RulesReason
from analyzers.ports import AnalysisRequest, Analyzer
from analyzers.rules import rules_analysis

_log = logging.getLogger(__name__)


@final
class FirstThatCan(Analyzer):
    """Several analyzers, each for when those before it fail."""

    def __init__(self, analyzers: Sequence[Analyzer]) -> None:
        """`analyzers` in the order in which they are asked; at least one."""
        self._analyzers = analyzers

    def identity(self, language: str, *, brief: bool = False) -> str:
        """That of the first."""
        return self._analyzers[0].identity(language, brief=brief)

    async def known(self, sha: str, language: str, *, in_full: bool = False) -> Analysis | None:
        """What the first has that has something."""
        for analyzer in self._analyzers:
            if kept := await analyzer.known(sha, language, in_full=in_full):
                return kept
        return None

    async def analyze(self, commit: Commit, request: AnalysisRequest) -> Analysis:
        """Analyse one commit, unless one of them did so before.

        Raises:
            ModelError: that of the first, when all have failed.
        """
        if len(self._analyzers) > 1:
            kept = await self.known(commit.sha, request.language, in_full=request.in_full)
            if kept is not None:
                return kept
        failure: ModelError | None = None
        for analyzer in self._analyzers:
            try:
                return await analyzer.analyze(commit, request)
            except ModelError as exc:
                failure = failure or exc
                if exc.reason is RulesReason.DAILY_LIMIT:  # what others cost is counted alike
                    break
        raise failure or ModelError(RulesReason.NOT_CONFIGURED)


@final
class WithRules(Analyzer):
    """An analyzer that does not fail: in place of an error comes what the rules know, marked with
    the reason. To stand outermost, so that such a stopgap is never cached."""

    def __init__(self, analyzer: Analyzer) -> None:
        """`analyzer` is the one to ask first."""
        self._analyzer = analyzer
        self._told: set[RulesReason] = set()

    def identity(self, language: str, *, brief: bool = False) -> str:
        """That of the analyzer that is asked first."""
        return self._analyzer.identity(language, brief=brief)

    async def known(self, sha: str, language: str, *, in_full: bool = False) -> Analysis | None:
        """What the analyzer that is asked first has."""
        return await self._analyzer.known(sha, language, in_full=in_full)

    async def analyze(self, commit: Commit, request: AnalysisRequest) -> Analysis:
        """Analyse one commit, by the rules if need be."""
        try:
            return await self._analyzer.analyze(commit, request)
        except ModelError as exc:
            self._tell(commit, exc)
            reason = exc.reason
        except Exception:  # noqa: BLE001 - a fault of ours must not cost the digest; it is logged
            _log.exception("%s by rules", commit.short_sha)
            reason = RulesReason.INTERNAL_ERROR
        return await asyncio.to_thread(rules_analysis, commit, reason)

    def _tell(self, commit: Commit, error: ModelError) -> None:
        """Once per reason aloud: a day of a dead server is one line and not a thousand."""
        level = logging.DEBUG if error.reason in self._told else logging.WARNING
        self._told.add(error.reason)
        _log.log(level, "%s by rules: %s: %s", commit.short_sha, error.reason.value, error.detail)
