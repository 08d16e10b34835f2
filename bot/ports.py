"""The ports that adapters of the process implement."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from analyzers.errors import InputError
from analyzers.model import Commit, Range, Repository
from bot.subscriptions import Defaults, Subscription


@dataclass(frozen=True, slots=True)
class Head:
    """The tip of a branch."""

    branch: str
    """The branch's name."""
    sha: str
    """The commit at its tip."""
    committed_at: datetime
    """When that was committed, in UTC."""


@dataclass(frozen=True, slots=True)
class Window:
    """The commits of a history that were committed from `since` up to, not including, `until`."""

    head: str
    """The full name of the commit that the history ends in, as `Head.sha` gives it."""
    since: datetime
    """The first instant, in UTC."""
    until: datetime
    """The first instant after, in UTC."""


Selection = Window | Range


@dataclass(frozen=True, slots=True)
class Node:
    """A commit's place in the history."""

    sha: str
    """The full object name."""
    parents: tuple[str, ...]
    """The parents' object names, first parent first."""
    committed_at: datetime
    """When it was committed by the committer's clock, in UTC."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person who waits should know, worded by the catalogue."""

    code: str
    """The message in the catalogue, for example `notice-rate-limit-wait`."""
    details: dict[str, str | int]
    """The message's variables."""


Notify = Callable[[Notice], None]


class CommitSource(ABC):
    """Reads the commits of one repository.

    The same commit read through any source is the same `Commit` (tests/contracts/ holds it). Every
    method may raise the branches of `SourceError` and nothing else.
    """

    @property
    @abstractmethod
    def repository(self) -> Repository:
        """The repository as people know it; after a rename its new name, once noticed."""

    @abstractmethod
    async def head(self, branch: str | None) -> Head:
        """The tip of a branch, of the default branch for None.

        Raises:
            EmptyRepository: it has no commit yet.
            RevisionNotFound: it has no such branch.
        """

    @abstractmethod
    async def branches(self) -> tuple[str, ...]:
        """The names of all branches, each as `head` takes it; empty without a commit."""

    @abstractmethod
    async def is_public(self) -> bool:
        """Whether everybody may read it; False where nobody can tell."""

    @abstractmethod
    async def list_nodes(self, selection: Selection) -> tuple[Node, ...]:
        """All selected commits, each once, merges included, newest first by committer date.

        A window is filtered by each commit's own committer date, so that a commit with a skewed
        clock hides no other.

        Raises:
            RevisionNotFound: an end of the range, or the window's head, is not in the repository.
        """

    @abstractmethod
    async def list_new(self, heads: Sequence[str], known: Sequence[str]) -> tuple[Node, ...]:
        """Every commit that is reachable from one of the heads and from nothing that is known,
        each once, merges included, newest first by committer date; what `git rev-list heads --not
        known` lists where all clocks go right.

        Args:
            heads: full names of commits.
            known: full names of commits; with none, the whole histories are listed. A source that
                has to ask about pairs starts with `known[n]` for `heads[n]`.

        Raises:
            RevisionNotFound: one of them is not in the repository; `details["name"]` says which.
        """

    @abstractmethod
    async def resolve(self, name: str) -> str:
        """The full name of the commit that a (short) SHA, branch or tag means.

        Raises:
            RevisionNotFound: nothing or more than one thing is called so.
        """

    async def leads_to(self, name: str, sha: str) -> bool:  # noqa: ARG002 - forges ask
        """Whether a branch, tag or open pull request of it leads to a commit: a forge can show
        those of others under its name.

        Args:
            name: what the commit was called.
            sha: what `resolve` made of that.
        """
        return True

    @abstractmethod
    def read(self, shas: Sequence[str]) -> AsyncGenerator[Commit]:
        """The commits of these full names with their files and patches, each once, in any order.

        A reader that may stop early closes it (`contextlib.aclosing`).
        """

    async def pull_request(self, number: int) -> Range:
        """What a pull request brings in.

        Raises:
            RevisionNotFound: there is none of that number.
            InputError: the repository is reached in a way that knows of none.
        """
        raise InputError("error-pull-request-unsupported", number=number)

    @abstractmethod
    async def aclose(self) -> None:
        """Give back connections and processes. Safe to call twice."""


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A forge's answer, kept until the forge says that it has changed."""

    etag: str
    """The mark by which the forge knows this answer again, as it sent it."""
    link: str
    """The `Link` header: where the next page is. An answer of 304 does not repeat it."""
    body: bytes
    """The body, without its transfer encoding."""


class ResponseCache(ABC):
    """Keeps a forge's answers as far as it can: where the store fails, the source does not.

    Nothing in it may be used without asking the forge again.
    """

    @abstractmethod
    async def get(self, key: str) -> StoredResponse | None:
        """What was kept, or None: never kept, dropped since, or no longer readable."""

    @abstractmethod
    async def put(self, key: str, response: StoredResponse) -> None:
        """Keep an answer."""


class SubscriptionStore(ABC):
    """Keeps for good what channels follow and how they are set. Every method may raise
    `StoreError`, also for a value that is there and cannot be read."""

    @abstractmethod
    async def put(self, subscription: Subscription) -> None:
        """Keep a subscription; another one of the same channel and repository is replaced."""

    @abstractmethod
    async def remove(self, channel: str, repository: str) -> bool:
        """Forget a subscription; whether there was one."""

    @abstractmethod
    async def of_channel(self, channel: str) -> tuple[Subscription, ...]:
        """All subscriptions of a channel, the oldest first."""

    @abstractmethod
    async def channels(self) -> tuple[str, ...]:
        """Every channel that may have a subscription or settings.

        Subscriptions are read channel by channel: one that cannot be read delays no other.
        """

    @abstractmethod
    async def defaults(self, channel: str) -> Defaults:
        """A chat's own settings."""

    @abstractmethod
    async def change_defaults(self, channel: str, given: Defaults) -> None:
        """Set what is given, and leave the rest as it is."""

    @abstractmethod
    async def move(self, before: str, after: str) -> None:
        """Give all that a channel and its topics (`<channel>/<topic>`) have to the channel that it
        has become. What has moved already moves no more."""
