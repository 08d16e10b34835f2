"""What the analysis needs from outside, and what it offers: the ports of this package."""

from __future__ import annotations

from abc import ABC, abstractmethod

from analyzers.model import Analysis, Commit


class Analyzer(ABC):
    """Turns a commit into an analysis."""

    @abstractmethod
    def identity(self, language: str) -> str:
        """What an analysis depends on besides the commit: analyzer, prompt version, model,
        language. Two analyses of one commit with the same identity may stand for each other."""

    @abstractmethod
    async def analyze(self, commit: Commit, language: str) -> Analysis:
        """Analyse one commit.

        Args:
            commit: with its patches.
            language: what readers speak (BCP 47); rules, who quote the commit, ignore it.

        Raises:
            ModelError: there is no usable analysis. Rules never raise.
        """


class AnalysisCache(ABC):
    """Keeps analyses, by commit and identity, for as long as it sees fit."""

    @abstractmethod
    async def get(self, sha: str, identity: str) -> Analysis | None:
        """What was kept, or None: never kept, dropped since, or no longer readable."""

    @abstractmethod
    async def put(self, sha: str, identity: str, analysis: Analysis) -> None:
        """Keep an analysis."""


class ModelProfiles(ABC):
    """Remembers what a model's server turned out to understand, so that it is asked once."""

    @abstractmethod
    async def load(self, server: str, model: str) -> str | None:
        """What was remembered of a model on a server (its base URL), or None."""

    @abstractmethod
    async def save(self, server: str, model: str, profile: str) -> None:
        """Remember a profile, in whatever words the caller chose."""
