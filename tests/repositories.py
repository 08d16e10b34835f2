"""Real git repositories for tests: readable small ones, and large ones with everything odd in them.

Commits go through `git fast-import`: no work tree, thousands a second, any bytes as names and
messages. Nothing of the machine's git configuration or identity has a say, so the same calls give
the same object names everywhere.
"""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final, NamedTuple, Self

from tests import oddities
from tests.oddities import ADA, Changes, File, as_bytes, as_file

START: Final = datetime(2026, 1, 1, 9, tzinfo=UTC)
"""When the first commit of a repository is made, unless a test says otherwise."""

ISOLATED: Final = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
    "GIT_AUTHOR_NAME": "Ada Example",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada Example",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "LC_ALL": "C",
    "TZ": "UTC",
}
"""An environment in which git sees neither the machine's configuration nor its identity."""


def git(folder: Path, *args: str, stdin: bytes = b"") -> str:
    """What a git command prints, without the final line end."""
    return git_bytes(folder, *args, stdin=stdin).decode(errors="replace").removesuffix("\n")


def git_bytes(folder: Path, *args: str, stdin: bytes = b"") -> bytes:
    """What a git command prints, byte for byte."""
    done = subprocess.run(
        ["git", "-C", str(folder), *args],
        input=stdin,
        env=ISOLATED,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


class Stamp(NamedTuple):
    """Who and when, as a line of a commit has it."""

    person: str | bytes
    """`Name <address>`."""
    at: datetime
    """The instant; its offset from UTC is kept."""

    def line(self) -> bytes:
        """The line without its keyword."""
        return b"%s %d %s" % (
            as_bytes(self.person),
            int(self.at.timestamp()),
            self.at.strftime("%z").encode(),
        )


class Importer:
    """One running `git fast-import`: commits go in, their names come out."""

    def __init__(self, folder: Path) -> None:
        """Start it in a repository."""
        self._process = subprocess.Popen(
            ["git", "-C", str(folder), "fast-import", "--quiet", "--date-format=raw-permissive"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=ISOLATED,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._in: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout
        self._marks = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._in.close()
        self._out.close()
        code = self._process.wait()
        assert code == 0 or failure[0], "git fast-import failed"

    def commit(
        self,
        branch: str,
        message: str | bytes,
        changes: Changes,
        author: Stamp,
        committer: Stamp,
        parents: Iterable[str] = (),
        encoding: str | None = None,
    ) -> str:
        """Add a commit to a branch and give its mark, which stands for its name here."""
        self._marks += 1
        text = as_bytes(message)
        lines = [
            b"commit refs/heads/" + branch.encode(),
            b"mark :%d" % self._marks,
            b"author " + author.line(),
            b"committer " + committer.line(),
            *([b"encoding " + encoding.encode()] if encoding else []),
            b"data %d\n%s" % (len(text), text),
        ]
        for number, parent in enumerate(parents):
            lines.append((b"merge " if number else b"from ") + parent.encode())
        # Removals first: a file may give way to a folder of its name.
        for name, file in sorted(changes.items(), key=lambda change: change[1] is not None):
            lines += _change(name, file)
        self._in.write(b"\n".join(lines) + b"\n\n")
        return f":{self._marks}"

    def sha(self, mark: str) -> str:
        """The full name of the commit with this mark."""
        self._in.write(f"get-mark {mark}\n".encode())
        self._in.flush()
        return self._out.readline().decode().strip()

    def tag(self, name: str, mark: str, message: str | None, tagger: Stamp) -> None:
        """Tag a commit; without a message the tag is lightweight."""
        if message is None:
            self._in.write(f"reset refs/tags/{name}\nfrom {mark}\n\n".encode())
            return
        head = f"tag {name}\nfrom {mark}\n".encode()
        text = message.encode()
        self._in.write(b"%stagger %s\ndata %d\n%s\n" % (head, tagger.line(), len(text), text))


def _change(name: bytes, file: File | None) -> list[bytes]:
    path = b'"%s"' % b"".join(
        b"\\%03o" % byte if byte < 0x20 or byte >= 0x7F or byte in b'"\\' else bytes([byte])
        for byte in name
    )
    if file is None:
        return [b"D " + path]
    if file.mode == oddities.SUBMODULE:
        return [b"M 160000 %s %s" % (file.data, path)]
    return [
        b"M %s inline %s" % (file.mode.encode(), path),
        b"data %d\n%s" % (len(file.data), file.data),
    ]


class Repo:
    """A small repository, written commit by commit."""

    def __init__(self, path: Path, *, bare: bool = False, object_format: str = "sha1") -> None:
        """Create it, with an unborn branch `main`."""
        self.path = path
        self.now = START
        """When the next commit is made; every commit moves it on by a minute."""
        self._branch = "main"
        path.mkdir(parents=True, exist_ok=True)
        kind = ["--bare"] if bare else []
        git(path, "init", "-q", "-b", "main", f"--object-format={object_format}", *kind)

    def commit(
        self,
        files: Mapping[str | bytes, str | bytes | File | None] | None = None,
        message: str | bytes = "Change something",
        author: str | bytes = ADA,
        date: datetime | None = None,
        *,
        committer: str | bytes = ADA,
        authored: datetime | None = None,
        encoding: str | None = None,
        merging: Iterable[str] = (),
    ) -> str:
        """Add a commit to the current branch and give its full name.

        Args:
            files: contents by path; None removes a file.
            date: the committer's clock, by default `now`.
            authored: the author's clock, by default the committer's.
            encoding: what the commit's header claims for bytes that are not UTF-8.
            merging: branches or names that become further parents.
        """
        at = date or self.now
        self.now += timedelta(minutes=1)
        changes = {as_bytes(name): as_file(file) for name, file in (files or {}).items()}
        tip = git(self.path, "for-each-ref", "--format=%(objectname)", self._ref)
        parents = [tip] * bool(tip) + [git(self.path, "rev-parse", name) for name in merging]
        with Importer(self.path) as history:
            stamps = Stamp(author, authored or at), Stamp(committer, at)
            mark = history.commit(self._branch, message, changes, *stamps, parents, encoding)
            return history.sha(mark)

    def merge(
        self,
        *names: str,
        files: Mapping[str | bytes, str | bytes | File | None] | None = None,
        message: str = "Merge",
        date: datetime | None = None,
    ) -> str:
        """Merge branches into the current one; the tree is that of the branch with `files`."""
        return self.commit(files, message, date=date, merging=names)

    def branch(self, name: str, at: str | None = None) -> None:
        """Go on with a branch, made at a commit (by default here) unless it exists."""
        if not git(self.path, "for-each-ref", f"refs/heads/{name}"):
            git(self.path, "branch", name, at or self._branch)
        self._branch = name

    def raw_commit(self, head: bytes, message: bytes = b"Odd\n") -> str:
        """Put a commit object on the current branch whose `author`, `committer` ... lines git would
        not write; tree and parent are those of the branch's tip."""
        tree = git(self.path, "rev-parse", f"{self._ref}^{{tree}}")
        parent = git(self.path, "rev-parse", self._ref)
        body = f"tree {tree}\nparent {parent}\n".encode() + head + b"\n" + message
        write = ["hash-object", "-t", "commit", "-w", "--stdin", "--literally"]
        sha = git(self.path, *write, stdin=body)
        git(self.path, "update-ref", self._ref, sha)
        return sha

    def git(self, *args: str) -> str:
        """What a git command prints here."""
        return git(self.path, *args)

    @property
    def _ref(self) -> str:
        return f"refs/heads/{self._branch}"


def nasty_repository(path: Path, commits: int = 200, seed: int = 1) -> Path:
    """A bare repository with everything in it that has ever broken a reader of histories.

    Exactly `commits` commits are reachable from `main`, from 2026-01-01 on, some minutes apart, in
    many zones; from about 80 on every oddity of `tests.oddities` occurs at least once. Committer
    dates are skewed here and there, and the tip's is a year old. There are merges of up to
    four parents, the tags `v1.0` (annotated) and `light`, and the branches `release/1.0` and
    `功能/缓存`. The same arguments give the same object names.
    """
    path.mkdir(parents=True, exist_ok=True)
    git(path, "init", "-q", "--bare", "-b", "main")
    with Importer(path) as history:
        _Writer(history, commits, seed).write()
    return path


class _Line(NamedTuple):
    """A line of development: its tip and what its tree holds."""

    tip: str
    tree: dict[bytes, File]


class _Writer:
    def __init__(self, history: Importer, commits: int, seed: int) -> None:
        self._history = history
        self._left = commits
        self._rng = random.Random(seed)
        self._now = START
        self._oddities = oddities.sequence(self._rng)
        self._main = _Line("", {})

    def write(self) -> None:
        total = self._left
        while self._left:
            # The root, some commits to branch from, and the tip are plain.
            if self._left > 8 and self._left < total - 3 and self._rng.random() < 0.12:
                self._merge(self._rng.choice((1, 1, 1, 2, 3)))
            else:
                self._main = self._commit("main", self._main)
            if self._left == total // 2:
                self._mark_release()

    def _mark_release(self) -> None:
        tip = self._main.tip
        tagger = Stamp(ADA, self._now)
        self._history.tag("v1.0", tip, "Version 1.0", tagger)
        self._history.tag("light", tip, None, tagger)
        for name in ("release/1.0", "功能/缓存"):
            parents, stamps = [tip], (tagger, tagger)
            self._history.commit(name, f"Open {name}", {}, *stamps, parents)

    def _commit(self, branch: str, line: _Line) -> _Line:
        odd = next(self._oddities)(self._rng, line.tree)
        message = odd.message
        if odd.reverts and line.tip:
            message = b"%s\n\nThis reverts commit %s.\n" % (
                as_bytes(message),
                self._history.sha(line.tip).encode(),
            )
        author, committer = self._stamps(odd.author)
        mark = self._history.commit(
            branch,
            message,
            odd.changes,
            author,
            committer,
            [line.tip] * bool(line.tip),
            odd.encoding,
        )
        self._left -= 1
        return _Line(mark, _applied(line.tree, odd.changes))

    def _merge(self, width: int) -> None:
        sides = []
        for number in range(width):
            side = self._main
            for _ in range(self._rng.choice((1, 1, 2))):
                side = self._commit(f"topic-{number}", side)
            sides.append(side)
        base, tree = self._main.tree, dict(self._main.tree)
        for side in sides:
            changed = {n: f for n, f in side.tree.items() if base.get(n) != f}
            gone = dict.fromkeys(base.keys() - side.tree.keys())
            tree = _applied(tree, {**gone, **changed})
        changes: dict[bytes, File | None] = {n: f for n, f in tree.items() if base.get(n) != f}
        changes |= dict.fromkeys(base.keys() - tree.keys())
        author, committer = self._stamps(ADA)
        title = "Merge branches" if width > 1 else "Merge pull request #7 from acme/topic-0"
        parents = [self._main.tip, *(side.tip for side in sides)]
        mark = self._history.commit("main", title, changes, author, committer, parents)
        self._left -= 1
        self._main = _Line(mark, tree)

    def _stamps(self, author: str | bytes) -> tuple[Stamp, Stamp]:
        rng = self._rng
        self._now += timedelta(seconds=rng.randint(0, 1200))
        at = self._now
        if self._left == 1:
            at -= timedelta(days=366)
        elif rng.random() < 0.04:
            at += timedelta(days=rng.choice((-16_000, -400, -2, 2, 300, 20_000)))
        at = at.astimezone(rng.choice(oddities.ZONES))
        written = at - timedelta(hours=rng.choice((0, 0, 0, 1, 90)))
        return Stamp(author, written), Stamp(ADA if rng.random() < 0.5 else author, at)


def _applied(tree: Mapping[bytes, File], changes: Changes) -> dict[bytes, File]:
    after = dict(tree)
    for name, file in changes.items():
        if file is None:
            after.pop(name, None)
        else:
            after[name] = file
    return after
