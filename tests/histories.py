"""Histories that are pushed to, merged late, rebased, reset, deleted and made again: each commit
known here with its parents, so that what a branch reaches can be told without git."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha1
from pathlib import Path
from typing import Final

from analyzers.model import Commit, FileChange, FileStatus, Person
from tests.fakes import MemorySource
from tests.repositories import START, git

ADA: Final = Person("Ada Example", "ada@example.com")
SKEWS: Final = (
    *(timedelta(),) * 8,
    *(timedelta(minutes=-40), timedelta(days=-400), timedelta(days=-2), timedelta(days=3)),
)


@dataclass(frozen=True)
class Change:
    """What a commit changes, whatever it stands on: one file of one line."""

    file: str
    line: str
    written_at: datetime


class History:
    """Commits and branches, in memory and, with a folder, in a bare repository as well."""

    def __init__(self, path: Path | None = None) -> None:
        """Start an empty one."""
        self.path = path
        self.commits: dict[str, Commit] = {}
        self.branches: dict[str, str] = {}
        """The tips; the first is the default branch's."""
        self.changes: dict[str, Change] = {}
        """What each commit changes; of merges nothing."""
        self.now = START
        self._trees: dict[str, dict[str, str]] = {}
        self._blobs: dict[str, bytes] = {}
        if path:
            path.mkdir(parents=True)
            git(path, "init", "-q", "--bare", "-b", "main")

    def commit(
        self, parents: Iterable[str], change: Change | None, skew: timedelta = timedelta()
    ) -> str:
        """Add a commit; without a change it is a merge, or empty."""
        self.now += timedelta(minutes=1)
        above = tuple(parents)
        tree = dict(self._trees[above[0]]) if above else {}
        before = tree.get(change.file) if change else None
        for parent in above[1:]:
            tree |= self._trees[parent]
        files: tuple[FileChange, ...] = ()
        if change:
            tree[change.file] = change.line
            if before != change.line:
                files = (_file_change(change, before),)
        written_at = change.written_at if change else self.now
        committed_at = self.now + skew
        message = f"Add {change.file}" if change else f"Merge {len(self.commits)}"
        sha = self._store("commit", self._body(tree, above, written_at, committed_at, message))
        self.commits[sha] = Commit(
            sha, above, ADA, ADA, written_at, committed_at, message, files, 0, 0
        )
        self._trees[sha] = tree
        if change:
            self.changes[sha] = change
        return sha

    def reach(self, shas: Iterable[str]) -> set[str]:
        """These commits and all before them."""
        left, reached = list(shas), set[str]()
        while left:
            if (sha := left.pop()) not in reached:
                reached.add(sha)
                left += self.commits[sha].parents
        return reached

    def line(self, branch: str) -> list[str]:
        """A branch's commits by first parents, the newest first."""
        found = [self.branches[branch]]
        while parents := self.commits[found[-1]].parents:
            found.append(parents[0])
        return found

    def source(self) -> MemorySource:
        """All of it, in memory."""
        branches = {}
        for name, tip in self.branches.items():
            rest = sorted(
                (self.commits[sha] for sha in self.reach([tip]) - {tip}),
                key=lambda commit: commit.committed_at,
                reverse=True,
            )
            branches[name] = [self.commits[tip], *rest]
        return MemorySource([*reversed(self.commits.values())], branches=branches)

    def publish(self) -> None:
        """Bring the repository's branches to where they are here."""
        assert self.path
        there = git(self.path, "for-each-ref", "--format=%(refname:lstrip=2)").split()
        lines = [f"delete refs/heads/{name}" for name in there if name not in self.branches]
        lines += [f"update refs/heads/{name} {sha}" for name, sha in self.branches.items()]
        git(self.path, "update-ref", "--stdin", stdin="".join(f"{x}\n" for x in lines).encode())
        git(self.path, "symbolic-ref", "HEAD", f"refs/heads/{next(iter(self.branches))}")

    def _body(
        self,
        tree: Mapping[str, str],
        parents: Iterable[str],
        written_at: datetime,
        committed_at: datetime,
        message: str,
    ) -> bytes:
        entries = (b"100644 %s\0" % name.encode() + self._blob(tree[name]) for name in sorted(tree))
        who = f"{ADA.name} <{ADA.email}>"
        lines = [
            f"tree {self._store('tree', b''.join(entries))}",
            *(f"parent {parent}" for parent in parents),
            f"author {who} {int(written_at.timestamp())} +0000",
            f"committer {who} {int(committed_at.timestamp())} +0000",
        ]
        return "\n".join([*lines, "", message, ""]).encode()

    def _blob(self, line: str) -> bytes:
        if line not in self._blobs:
            self._blobs[line] = bytes.fromhex(self._store("blob", f"{line}\n".encode()))
        return self._blobs[line]

    def _store(self, kind: str, data: bytes) -> str:
        whole = f"{kind} {len(data)}\0".encode() + data
        name = sha1(whole, usedforsecurity=False).hexdigest()
        if self.path:
            file = self.path / "objects" / name[:2] / name[2:]
            if not file.exists():
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(zlib.compress(whole, 1))
        return name


def _file_change(change: Change, before: str | None) -> FileChange:
    if before is None:
        patch = f"@@ -0,0 +1 @@\n+{change.line}"
        return FileChange(change.file, FileStatus.ADDED, 1, 0, patch=patch)
    patch = f"@@ -1 +1 @@\n-{before}\n+{change.line}"
    return FileChange(change.file, FileStatus.MODIFIED, 1, 1, patch=patch)


class Team:
    """People who push to a history whatever comes into their heads, the same for the same seed."""

    def __init__(self, history: History, seed: int) -> None:
        """Start with some commits on `main`."""
        self.history = history
        self._rng = random.Random(seed)
        self._tips: list[tuple[str, str]] = []
        """Every branch and tip that there has been."""
        self._made = 0
        for _ in range(4):
            self._grow("main")

    def push(self) -> None:
        """Do something to a branch or two, and note where all are."""
        for _ in range(self._rng.choice((1, 1, 2, 3))):
            kinds = (self._commit, self._commit, self._commit, self._merge, self._merge)
            odd = (self._rebase, self._reset, self._put_back, self._delete, self._create)
            self._rng.choice((*kinds, *odd))()
        self._tips += self.history.branches.items()
        self.history.now += timedelta(hours=self._rng.randint(1, 30))
        if self.history.path:
            self.history.publish()

    def _any(self) -> str:
        return self._rng.choice([*self.history.branches])

    def _change(self) -> Change:
        self._made += 1
        return Change(f"file-{self._made}", f"line {self._made}", self.history.now)

    def _grow(self, branch: str) -> None:
        parents = [sha] if (sha := self.history.branches.get(branch)) else []
        skew = self._rng.choice(SKEWS)
        self.history.branches[branch] = self.history.commit(parents, self._change(), skew)

    def _commit(self) -> None:
        branch = self._any()
        for _ in range(self._rng.choice((1, 2, 5))):
            self._grow(branch)

    def _merge(self) -> None:
        branches, into = self.history.branches, self._any()
        sides = {branches[self._any()] for _ in range(self._rng.choice((1, 1, 2)))}
        if sides := sides - self.history.reach([branches[into]]):
            branches[into] = self.history.commit([branches[into], *sorted(sides)], None)

    def _rebase(self) -> None:
        """The last commits of a branch once more, on another one; some amended, some left out."""
        branch, onto = self._any(), self._any()
        moved = self.history.line(branch)[: self._rng.randint(1, 4)]
        tip = self.history.branches[onto]
        for sha in reversed(moved):
            if (change := self.history.changes.get(sha)) and self._rng.random() < 0.9:
                if self._rng.random() < 0.2:
                    change = Change(change.file, f"{change.line} amended", change.written_at)
                tip = self.history.commit([tip], change)
        self.history.branches[branch] = tip

    def _reset(self) -> None:
        branch = self._any()
        line = self.history.line(branch)
        self.history.branches[branch] = line[min(self._rng.randint(1, 6), len(line) - 1)]

    def _put_back(self) -> None:
        if self._tips:
            branch, tip = self._rng.choice(self._tips)
            self.history.branches[branch] = tip

    def _delete(self) -> None:
        if len(self.history.branches) > 1:
            del self.history.branches[self._any()]

    def _create(self) -> None:
        names = ("main", "dev", "side/1", "side/2", "hidden/1", "hidden/2")
        absent = [name for name in names if name not in self.history.branches]
        if absent and self._rng.random() < 0.1:
            self._grow(absent[0])  # of nothing
        elif absent:
            old = self._rng.choice([*self.history.commits])
            self.history.branches[self._rng.choice(absent)] = old
