"""What GitHub would say of a git repository, computed by git's own commands.

Nothing of the product is used here: where both sides read a commit alike, they do so independently.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.repositories import ISOLATED

Json = dict[str, Any]

DIFF: Final = (
    *("diff-tree", "-r", "-M", "--no-commit-id", "--no-ext-diff", "--no-textconv", "--full-index"),
    *("--submodule=short", "--ignore-submodules=none", "--src-prefix=a/", "--dst-prefix=b/"),
)
STATUSES: Final = {"A": "added", "M": "modified", "D": "removed", "R": "renamed", "T": "changed"}
FIELDS: Final = "%H%n%P%n%an%n%ae%n%at%n%cn%n%ce%n%ct%n%B"


def text(raw: bytes) -> str:
    """Bytes as JSON can carry them."""
    return raw.decode(errors="replace")


class GitData:
    """One repository, read by git and remembered: its objects never change."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._commits: dict[str, Json] = {}
        self._files: dict[str, list[Json]] = {}

    async def git(self, *args: str, stdin: bytes = b"") -> bytes | None:
        """What a command prints, None if it fails."""
        process = await asyncio.create_subprocess_exec(
            *("git", "-C", str(self.path), *args),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=ISOLATED,
        )
        out, _ = await process.communicate(stdin)
        return None if process.returncode else out

    async def lines(self, *args: str) -> list[str]:
        """The lines that a command prints."""
        out = await self.git(*args)
        assert out is not None, args
        return text(out).splitlines()

    async def only_in(self, head: str, base: str) -> list[str]:
        """What a head has and a base has not; git itself is wrong where clocks are."""
        found = await self.lines("rev-list", f"{base}..{head}")
        old = set(await self.lines("rev-list", base)) if found else set[str]()
        return [sha for sha in found if sha not in old]

    async def is_empty(self) -> bool:
        return not self._commits and not await self.lines("for-each-ref", "--count=1")

    async def default_branch(self) -> str:
        return (await self.lines("symbolic-ref", "--short", "HEAD"))[0]

    async def ref(self, name: str) -> str | None:
        """The commit of a full ref name, which is not taken for an expression."""
        if await self.git("show-ref", "--verify", "--quiet", name) is None:
            return None
        return await self._peeled(name)

    async def resolve(self, name: str) -> str | None:
        """The commit of a branch, a tag, or a unique (short) SHA."""
        if name in self._commits:
            return name
        if name == "HEAD":
            return await self._peeled("HEAD")
        if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", name):
            return await self._peeled(name)
        for prefix in ("refs/heads/", "refs/tags/", "refs/"):
            if sha := await self.ref(prefix + name):
                return sha
        return await self._peeled(name) if re.fullmatch(r"[0-9a-fA-F]{4,64}", name) else None

    async def _peeled(self, name: str) -> str | None:
        out = await self.git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        return out.decode().strip() if out else None

    async def commits(self, shas: Sequence[str]) -> list[Json]:
        """Commits as every list shows them."""
        if missing := [sha for sha in shas if sha not in self._commits]:
            out = await self.git(
                *("log", "--no-walk=unsorted", "--stdin", "-z", "--encoding=UTF-8"),
                f"--format={FIELDS}",
                stdin="\n".join(missing).encode(),
            )
            assert out is not None
            for record in out.split(b"\0"):
                if record:
                    commit = _commit(record)
                    self._commits[commit["sha"]] = commit
        return [self._commits[sha] for sha in shas]

    async def files(self, sha: str) -> list[Json]:
        """All files of a commit against its first parent, with their whole patches."""
        if sha not in self._files:
            (commit,) = await self.commits([sha])
            parents = [parent["sha"] for parent in commit["parents"]]
            self._files[sha] = await self._diff(
                *([parents[0], sha] if parents else ["--root", sha])
            )
        return self._files[sha]

    async def diff(self, sha: str, *, style: str = "-p") -> bytes:
        """The whole diff of a commit as git prints it."""
        out = await self.git(*DIFF, style, *await self._ends(sha))
        assert out is not None
        return out

    async def _ends(self, sha: str) -> tuple[str, str]:
        (commit,) = await self.commits([sha])
        return (commit["parents"][0]["sha"] if commit["parents"] else "--root", sha)

    async def files_between(self, base: str, head: str) -> list[Json]:
        return await self._diff(base, head)

    async def _diff(self, *ends: str) -> list[Json]:
        told, patch = await asyncio.gather(
            self.git(*DIFF, "--raw", "--numstat", "-z", *ends), self.git(*DIFF, "-p", *ends)
        )
        assert told is not None
        assert patch is not None
        sections = re.split(rb"(?m)^(?=diff --git )", patch)[1:]
        fields = iter(told.split(b"\0"))
        changes, field = _raw(fields)
        numbers = _numstat(field, fields)
        files = []
        for status, blob, before, after in changes:
            # Git prints a changed type as a removal and an addition.
            parts = [sections.pop(0) for _ in range(2 if status == "T" else 1)]
            files.append(_file(status, blob, before, after, numbers[after], parts))
        assert not sections
        return files


def _commit(record: bytes) -> Json:
    sha, parents, *people, message = record.split(b"\n", 8)
    author, committer = _signature(*people[:3]), _signature(*people[3:])
    return {
        "sha": sha.decode(),
        "node_id": "C_kwDO",
        "commit": {
            "author": author,
            "committer": committer,
            "message": text(message),
            "comment_count": 0,
            "verification": {"verified": False, "reason": "unsigned", "payload": None},
        },
        # Only addresses that belong to an account have one.
        "author": {"login": "ada"} if author["email"] == "ada@example.com" else None,
        "committer": None,
        "parents": [{"sha": parent} for parent in parents.decode().split()],
    }


def _signature(name: bytes, email: bytes, seconds: bytes) -> Json:
    date = datetime.fromtimestamp(int(seconds or 0), UTC)
    return {"name": text(name), "email": text(email), "date": f"{date:%Y-%m-%dT%H:%M:%SZ}"}


def _raw(fields: Iterator[bytes]) -> tuple[list[tuple[str, str, bytes, bytes]], bytes]:
    """Status, blob and paths of every file, and the field that comes after them."""
    found: list[tuple[str, str, bytes, bytes]] = []
    for meta in fields:
        if not meta.startswith(b":"):
            return found, meta
        _, _, old, new, status = meta.decode().removeprefix(":").split()
        before = next(fields)
        after = next(fields) if status[0] == "R" else before
        found.append((status[0], old if status[0] == "D" else new, before, after))
    return found, b""


def _numstat(field: bytes, fields: Iterator[bytes]) -> dict[bytes, tuple[int, int]]:
    """Lines added and removed by path, from this field on."""
    found = {}
    while field:
        added, removed, path = field.split(b"\t", 2)
        if not path:
            next(fields)
            path = next(fields)
        found[path] = (0, 0) if added == b"-" else (int(added), int(removed))
        field = next(fields, b"")
    return found


def _file(
    status: str,
    blob: str,
    before: bytes,
    after: bytes,
    numbers: tuple[int, int],
    sections: list[bytes],
) -> Json:
    additions, deletions = numbers
    hunks = b""
    for section in sections:
        _, at, body = section.partition(b"\n@@ ")
        hunks += b"@@ " + body if at else b""
    file: Json = {
        "sha": blob,
        "filename": text(after),
        "status": STATUSES[status],
        "additions": additions,
        "deletions": deletions,
        "changes": additions + deletions,
    }
    if status == "R":
        file["previous_filename"] = text(before)
    if hunks:
        file["patch"] = text(hunks).removesuffix("\n")
    return file
