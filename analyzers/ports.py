"""What the analysis needs from outside, and what it offers: the ports of this package."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from analyzers.model import Analysis, Commit, Digest


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the tokens of a model's work are counted for."""

    channel: str
    """Who asked, as the bot names channels; the first of all who asked for the same."""
    repository: str
    """The address of the repository that it is about."""


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """What is wanted of an analysis."""

    language: str
    """What readers speak (BCP 47); rules, who quote the commit, ignore it."""
    account: Account
    """Who pays."""
    in_full: bool = False
    """Whether everything is to be said even of a commit that is worth little."""


class Analyzer(ABC):
    """Turns a commit into an analysis."""

    @abstractmethod
    def identity(self, language: str, *, brief: bool = False) -> str:
        """What an analysis depends on besides the commit: analyzer, prompt version, model,
        language, and whether only the main points are asked for. Two analyses of one commit with
        the same identity may stand for each other."""

    async def known(self, sha: str, language: str, *, in_full: bool = False) -> Analysis | None:
        """What is at hand of a commit without any work: the whole analysis if there is one, or
        else its main points unless all is wanted. Nothing, for who keeps nothing."""
        del sha, language, in_full
        return None

    @abstractmethod
    async def analyze(self, commit: Commit, request: AnalysisRequest) -> Analysis:
        """Analyse one commit.

        Args:
            commit: with its patches.
            request: what is wanted.

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


class Overviewer(ABC):
    """Says what a digest was about as a whole."""

    @abstractmethod
    async def overview(self, digest: Digest, account: Account) -> tuple[str, ...]:
        """At most three sentences in the digest's language, for `Digest.overview`; none where it
        cannot say any. It never raises for its own part."""


class OverviewCache(ABC):
    """Keeps overviews, for as long as it sees fit."""

    @abstractmethod
    async def get(self, key: str) -> tuple[str, ...] | None:
        """What was kept, or None."""

    @abstractmethod
    async def put(self, key: str, overview: tuple[str, ...]) -> None:
        """Keep an overview."""


class ModelProfiles(ABC):
    """Remembers what a model's server turned out to understand, so that it is asked once."""

    @abstractmethod
    async def load(self, server: str, model: str) -> str | None:
        """What was remembered of a model on a server (its base URL), or None."""

    @abstractmethod
    async def save(self, server: str, model: str, profile: str) -> None:
        """Remember a profile, in whatever words the caller chose."""


class Turns(ABC):
    """Lets one process after the other work on the same thing."""

    @abstractmethod
    def turn(self, key: str) -> AbstractAsyncContextManager[None]:
        """Wait until nobody else works on `key`, and have others wait meanwhile.

        One who dies is waited for no longer than a deadline; where nothing can be known of the
        others there is no waiting at all. It never raises for its own part.
        """


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one request to a model."""

    sent: int
    """Tokens of the prompt, those that the server had kept included."""
    received: int = 0
    """Tokens of the reply, thoughts included."""
    kept: int = 0
    """Those of `sent` that the server had kept from an earlier request."""
    seconds: float = 0.0
    """How long it took."""

    def __add__(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(self.sent + other.sent, self.received + other.received, self.kept + other.kept)


class Spending(ABC):
    """Counts the tokens that models cost, and says when it is enough for a day."""

    @abstractmethod
    async def reserve(self, account: Account, tokens: int) -> None:
        """Set tokens aside before a request.

        Raises:
            ModelError: for `RulesReason.DAILY_LIMIT`; nothing is set aside.
        """

    @abstractmethod
    async def settle(self, account: Account, model: str, reserved: int, usage: Usage) -> None:
        """Count what a request took, in place of what was set aside for it."""
