"""Stand-ins that implement a port for real and record what they were asked."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Container,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast, final

from analyzers.errors import ChatError, ModelError, RevisionNotFound, SourceError
from analyzers.model import Analysis, Commit, Repository, RulesReason
from analyzers.ports import (
    Account,
    AnalysisCache,
    AnalysisRequest,
    Analyzer,
    OverviewCache,
    Spending,
    Turns,
    Usage,
)
from bot.conversation import Answer, Asked, Conversation, Pressed
from bot.ports import CommitSource, Head, Node, Selection, Window
from formatters.model import Page

if TYPE_CHECKING:
    from bot.front import Front


NOBODY = Account("terminal", "acme/widget")
"""Whom tokens are counted for where it does not matter."""


def wanted(language: str = "en", *, in_full: bool = False) -> AnalysisRequest:
    """What an analyzer is asked for."""
    return AnalysisRequest(language, NOBODY, in_full)


@final
class MemorySpending(Spending):
    """Notes what was spent; `left` is how many tokens there are for today."""

    def __init__(self) -> None:
        self.left = 1_000_000_000
        self.reserved = 0
        self.spent: list[tuple[Account, str, Usage]] = []

    async def reserve(self, account: Account, tokens: int) -> None:
        if self.left < self.reserved + tokens:
            raise ModelError(RulesReason.DAILY_LIMIT)
        self.reserved += tokens

    async def settle(self, account: Account, model: str, reserved: int, usage: Usage) -> None:
        self.reserved -= reserved
        self.left -= usage.sent + usage.received
        self.spent.append((account, model, usage))


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

    def identity(self, language: str, *, brief: bool = False) -> str:
        return f"{self.name}/{language}" + "/brief" * brief

    async def analyze(self, commit: Commit, request: AnalysisRequest) -> Analysis:
        self.calls.append((commit.sha, request.language))
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


@final
class MemoryTurns(Turns):
    """Turns within this process."""

    def __init__(self) -> None:
        self.locks: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        async with self.locks.setdefault(key, asyncio.Lock()):
            yield


@final
class MemoryOverviewCache(OverviewCache):
    """Keeps overviews for as long as it lives."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, ...]] = {}

    async def get(self, key: str) -> tuple[str, ...] | None:
        return self.kept.get(key)

    async def put(self, key: str, overview: tuple[str, ...]) -> None:
        self.kept[key] = overview


@final
class MemorySource(CommitSource):
    """A history in memory, those in `lost` not given out. A range is every commit of a branch."""

    def __init__(
        self,
        commits: Sequence[Commit],
        lost: Container[str] = (),
        branches: Mapping[str, Sequence[Commit]] | None = None,
    ) -> None:
        self.commits = {commit.sha: commit for commit in commits}
        self.lost = lost
        self.histories = branches or {"main": commits}
        """The commits of each branch, newest first; the first branch is the default."""
        self.public: bool | SourceError = False
        """What its forge says to whether everybody may read it."""
        self.given = 0
        """How many commits were given out."""
        self.is_closed = False
        """Whether the last reading was ended in order."""

    @property
    def repository(self) -> Repository:
        return Repository("acme/widget")

    async def head(self, branch: str | None) -> Head:
        if branch is None:
            branch = next(iter(self.histories))
        if branch not in self.histories:
            raise RevisionNotFound("error-branch-not-found", name=branch)
        tip = self.histories[branch][0]
        return Head(branch, tip.sha, tip.committed_at)

    async def branches(self) -> tuple[str, ...]:
        return tuple(self.histories)

    async def is_public(self) -> bool:
        if isinstance(self.public, SourceError):
            raise self.public
        return self.public

    async def list_nodes(self, selection: Selection) -> tuple[Node, ...]:
        nodes = map(_node, self._history(selection.head))
        if isinstance(selection, Window):
            return tuple(n for n in nodes if selection.since <= n.committed_at < selection.until)
        return tuple(nodes)

    async def list_new(self, heads: Sequence[str], known: Sequence[str]) -> tuple[Node, ...]:
        new = self._reachable(heads) - self._reachable(known)
        listed = [commit for sha, commit in self.commits.items() if sha in new]
        listed.sort(key=lambda commit: commit.committed_at, reverse=True)
        return tuple(_node(commit) for commit in listed)

    def _history(self, tip: str) -> Sequence[Commit]:
        return next(h for h in self.histories.values() if h and h[0].sha == tip)

    def _reachable(self, shas: Iterable[str]) -> set[str]:
        left, found = list(shas), set[str]()
        for sha in left:
            if sha not in self.commits:
                raise RevisionNotFound("error-revision-not-found", name=sha)
        while left:
            if (sha := left.pop()) not in found:
                found.add(sha)
                left += [name for name in self.commits[sha].parents if name in self.commits]
        return found

    async def resolve(self, name: str) -> str:
        return next(sha for sha in self.commits if sha.startswith(name))

    async def read(self, shas: Sequence[str]) -> AsyncGenerator[Commit]:
        try:
            for sha in shas:
                if sha not in self.lost:
                    self.given += 1
                    yield self.commits[sha]
        finally:
            self.is_closed = True

    async def aclose(self) -> None:
        pass


def _node(commit: Commit) -> Node:
    return Node(commit.sha, commit.parents, commit.committed_at)


@final
class RecordingFront:
    """Does what `bot.front.Front` does for an adapter: notes what it is handed, and answers."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.pressed: list[Pressed] = []
        self.moves: list[tuple[str, str]] = []
        """From which channel to which."""
        self.events: list[str] = []
        """Every event that was asked for, whether it was new or not."""
        self.respond: Callable[[Asked | Pressed], Answer | None] = lambda _: None
        """The answer to each; without one nothing is said."""
        self.progress: tuple[str, ...] = ()
        """What is told of the progress before an answer."""
        self.previews: dict[str, Page] = {}
        """The analyses that are there already, by their commits' addresses."""
        self.gate = asyncio.Event()
        """Open; while it is closed, no answer is ready."""
        self.gate.set()
        self.shown: list[tuple[str, ...]] = []
        """The messages of each answer that the chat took."""
        self.errors: list[ChatError] = []
        """Why the chat took no answer or progress."""

    def as_front(self) -> Front:
        """For the adapter."""
        return cast("Front", self)

    async def ask(self, asked: Asked, conversation: Conversation) -> None:
        self.asked.append(asked)
        await self._answer(asked, conversation)

    async def press(self, pressed: Pressed, conversation: Conversation) -> None:
        self.pressed.append(pressed)
        await self._answer(pressed, conversation)

    async def is_new(self, event: str) -> bool:
        self.events.append(event)
        return self.events.count(event) == 1

    async def moved(self, before: str, after: str) -> None:
        self.moves.append((before, after))

    async def preview(self, url: str, channel: str) -> Page | None:
        return self.previews.get(url)

    def menu(self, language: str) -> tuple[tuple[str, str], ...]:
        names = ("subscribe", "unsubscribe", "digest", "expand", "report", "help")
        description = {"en": "What /{} does", "zh": "/{} 的用途"}[language]
        return tuple((name, description.format(name)) for name in names)

    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.menu("en"))

    async def _answer(self, event: Asked | Pressed, conversation: Conversation) -> None:
        try:
            for text in self.progress:
                await conversation.progress(text)
            await self.gate.wait()
            if answer := self.respond(event):
                self.shown.append(await conversation.answer(answer))
        except ChatError as exc:
            self.errors.append(exc)
