"""A repository in memory whose people do whatever git lets them do to a history."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha1
from typing import Final, final

from analyzers.errors import RevisionNotFound
from analyzers.model import Commit, FileChange, FileStatus, Person, Range, Repository
from bot.ports import CommitSource, Head, Node, Selection

MAIN: Final = "main"
PEOPLE: Final = (
    Person("Ada Example", "ada@example.org"),
    Person("Bo Example", "bo@example.org"),
    Person("widget[bot]", "widget[bot]@example.org"),
)
TITLES: Final = ("Fix the parser", "Add a widget", "Document the gateway", "Bump a library to 2.0")
SKEWS: Final = (
    timedelta(days=-4000),
    timedelta(days=-40),
    timedelta(hours=-20),
    timedelta(days=900),
)
"""How far a committer's clock may be off."""


@final
class LivingRepository(CommitSource):
    """A repository that forgets no commit, whatever becomes of its branches."""

    def __init__(self, name: str, seed: int, now: datetime) -> None:
        """With some commits on its default branch.

        Args:
            name: `owner/name`.
            seed: what happens later.
            now: when this is; to be moved on.
        """
        self.name = name
        self.now = now
        self.commits: dict[str, Commit] = {}
        self.changes: dict[str, int] = {}
        """What each commit does: those of the same number make the same change."""
        self.tips: dict[str, str] = {MAIN: ""}
        """The branches; the first is the default."""
        self.failure: Exception | None = None
        """What whoever asks is told."""
        self.delay = 0.0
        """Seconds until it says where its branches are."""
        self.reads = 0
        """How many commits were read."""
        self._rng = random.Random(seed)
        self._deleted: dict[str, str] = {}
        for _ in range(3):
            self.commit_on(MAIN)

    # What happens

    def live(self) -> None:
        """Something happens."""
        deeds: dict[Callable[[], None], int] = {
            self._work_on_main: 12,
            self._work_aside: 8,
            self._merge: 4,
            self._rebase: 2,
            self._force_push: 1,
            self._delete: 1,
            self._revive: 2,
        }
        self._rng.choices([*deeds], [*deeds.values()])[0]()

    def commit_on(self, branch: str) -> None:
        """A commit lands on a branch."""
        tip = self.tips[branch]
        self.tips[branch] = self._commit((tip,) if tip else ())

    def reachable(self, tips: Iterable[str]) -> set[str]:
        """What these commits stand on, and they themselves."""
        left, found = list(tips), set[str]()
        while left:
            if (sha := left.pop()) not in found:
                found.add(sha)
                left += self.commits[sha].parents
        return found

    def _work_on_main(self) -> None:
        self.commit_on(MAIN)

    def _work_aside(self) -> None:
        """On a branch that began some time ago: what is merged late is dated early."""
        topics = self._topics()
        if topics and self._rng.random() < 0.7:
            branch = self._rng.choice(topics)
        else:
            branch = f"{self._rng.choice(('topic', 'release'))}/{len(self.commits)}"
            self.tips[branch] = self._ancestor(self.tips[MAIN], self._rng.randint(0, 6))
        for _ in range(self._rng.randint(1, 3)):
            self.commit_on(branch)

    def _merge(self) -> None:
        if topics := self._topics():
            branch = self._rng.choice(topics)
            if self.tips[branch] not in self.reachable([self.tips[MAIN]]):
                self.tips[MAIN] = self._commit((self.tips[MAIN], self.tips[branch]))
            if self._rng.random() < 0.5:
                self._deleted[branch] = self.tips.pop(branch)

    def _rebase(self) -> None:
        if topics := self._topics():
            branch = self._rng.choice(topics)
            self.tips[branch] = self._copied(self.tips[branch], self.tips[MAIN])

    def _force_push(self) -> None:
        """The last commits of the default branch are made anew after another one, but for one."""
        base = self._ancestor(self.tips[MAIN], self._rng.randint(1, 3))
        dropped = self._own(self.tips[MAIN], base)
        self.tips[MAIN] = self._commit((base,))
        for sha in dropped[1:]:
            self.tips[MAIN] = self._copy(sha, self.tips[MAIN])

    def _delete(self) -> None:
        if topics := self._topics():
            branch = self._rng.choice(topics)
            self._deleted[branch] = self.tips.pop(branch)

    def _revive(self) -> None:
        """A branch is there again: as it was, or rebased."""
        if self._deleted:
            branch = self._rng.choice([*self._deleted])
            tip = self._deleted.pop(branch)
            rebased = self._rng.random() < 0.5
            self.tips[branch] = self._copied(tip, self.tips[MAIN]) if rebased else tip

    def _topics(self) -> list[str]:
        return [branch for branch in self.tips if branch != MAIN]

    def _ancestor(self, sha: str, generations: int) -> str:
        for _ in range(generations):
            sha = next(iter(self.commits[sha].parents), sha)
        return sha

    def _own(self, tip: str, base: str) -> list[str]:
        """What a tip has and a base has not, by first parents, the oldest first."""
        known, own = self.reachable([base]), []
        while tip not in known:
            own.append(tip)
            tip = self.commits[tip].parents[0]
        return own[::-1]

    def _copied(self, tip: str, base: str) -> str:
        for sha in self._own(tip, base):
            base = self._copy(sha, base)
        return base

    def _copy(self, sha: str, parent: str) -> str:
        """The same change under another name; a merge still brings in what it did."""
        old = self.commits[sha]
        return self._commit((parent, *old.parents[1:]), old)

    def _commit(self, parents: tuple[str, ...], like: Commit | None = None) -> str:
        number = len(self.commits)
        sha = sha1(f"{self.name} {number}".encode()).hexdigest()
        skew = self._rng.choice(SKEWS) if self._rng.random() < 0.05 else timedelta()
        at = self.now + skew + timedelta(seconds=number % 60)
        self.changes[sha] = self.changes[like.sha] if like else number
        made = like or self._change(number, at, is_merge=len(parents) > 1)
        self.commits[sha] = replace(made, sha=sha, parents=parents, committed_at=at)
        return sha

    def _change(self, number: int, at: datetime, *, is_merge: bool) -> Commit:
        patch = f"@@ -1 +1,2 @@\n line\n+value = {number}"
        file = FileChange(f"part{number % 7}/it.py", FileStatus.MODIFIED, 1, 0, patch=patch)
        author = PEOPLE[number % len(PEOPLE)]
        return Commit(
            sha="",
            parents=(),
            author=author,
            committer=author,
            authored_at=at,
            committed_at=at,
            message=f"{'Merge' if is_merge else TITLES[number % len(TITLES)]} ({number})",
            files=() if is_merge else (file,),
            additions=0 if is_merge else 1,
            deletions=0,
        )

    # How it is read

    @property
    def repository(self) -> Repository:
        return Repository(self.name)

    async def head(self, branch: str | None) -> Head:
        branch = branch or MAIN
        await asyncio.sleep(self.delay)
        if self.failure:
            raise self.failure
        if branch not in self.tips:
            raise RevisionNotFound("error-branch-not-found", repository=self.name, name=branch)
        tip = self.commits[self.tips[branch]]
        return Head(branch, tip.sha, tip.committed_at)

    async def branches(self) -> tuple[str, ...]:
        return tuple(self.tips)

    async def is_public(self) -> bool:
        return True

    async def list_nodes(self, selection: Selection) -> tuple[Node, ...]:
        if isinstance(selection, Range):
            return await self.list_new([selection.head], [selection.base])
        nodes = self._nodes(self.reachable([selection.head]))
        return tuple(n for n in nodes if selection.since <= n.committed_at < selection.until)

    async def list_new(self, heads: Sequence[str], known: Sequence[str]) -> tuple[Node, ...]:
        for sha in (*heads, *known):
            self._require(sha)
        return self._nodes(self.reachable(heads) - self.reachable(known))

    async def resolve(self, name: str) -> str:
        self._require(name)
        return name

    async def read(self, shas: Sequence[str]) -> AsyncGenerator[Commit]:
        for sha in shas:
            self._require(sha)
            self.reads += 1
            yield self.commits[sha]

    async def aclose(self) -> None:
        await asyncio.sleep(0)  # a real one closes connections, or removes files, beside the loop

    def _require(self, sha: str) -> None:
        if sha not in self.commits:
            raise RevisionNotFound("error-revision-not-found", repository=self.name, name=sha)

    def _nodes(self, shas: Collection[str]) -> tuple[Node, ...]:
        found = (self.commits[sha] for sha in shas)
        ordered = sorted(found, key=lambda c: (c.committed_at, c.sha), reverse=True)
        return tuple(Node(c.sha, c.parents, c.committed_at) for c in ordered)
