"""The objects of a repository, read where nothing but the objects can have a say."""

from __future__ import annotations

import asyncio
import tempfile
from asyncio import StreamReader
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Final

from analyzers.errors import RevisionNotFound
from analyzers.model import Commit
from bot.sources.gitcommand import WALK_LIMIT, Git, isolated_environment
from bot.sources.gitlog import NO_FILE, Changes, parse_commit

RENAME_LIMIT: Final = 1000
"""Files on either side among which renames with edits are looked for, git's own default: the work
grows with the square. Files that moved unchanged are always found."""

_DIFF: Final = (
    *("diff-tree", "--stdin", "--always", "-r", "--root", "-z", "--raw", "--numstat", "-p"),
    *("--no-abbrev", "--find-renames=50%", f"-l{RENAME_LIMIT}", "-U3", "--no-color"),
    *("--no-ext-diff", "--no-textconv", "--ignore-submodules=none", "--submodule=short"),
)
_SUBMODULE: Final = "160000"


class GitObjects:
    """An empty repository that borrows the objects of another.

    So the user's and the repository's configuration, attributes, grafts, replacements and hooks
    change nothing in what a commit looks like, and nothing goes over the network: an object that
    is not there is missing. It lives in a temporary folder until it is closed.
    """

    def __init__(self, objects: Path, object_format: str, shallow: Path, place: str) -> None:
        """Prepare it.

        Args:
            objects: the folder of objects.
            object_format: `sha1` or `sha256`.
            shallow: the file that names the commits at which a shallow history ends, if it exists.
            place: the other repository, as errors name it.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="commitcast-git-")
        self._shallow = shallow
        root = Path(self._folder.name)
        (root / "refs").mkdir()
        (root / "HEAD").write_text("ref: refs/heads/none\n")
        (root / "config").write_text(
            "[core]\n\trepositoryformatversion = 1\n\tbare = true\n"
            f"[extensions]\n\tobjectformat = {object_format}\n"
        )
        environment = isolated_environment(root) | {
            "GIT_OBJECT_DIRECTORY": str(objects),
            "GIT_SHALLOW_FILE": str(shallow),
        }
        self.git = Git(environment, place)

    def _ends(self) -> frozenset[str]:
        """The commits whose parents are cut off because the history is shallow."""
        try:
            return frozenset(self._shallow.read_text().split())
        except FileNotFoundError:
            return frozenset()

    async def missing(self, shas: Sequence[str]) -> list[str]:
        """The files' contents that these commits' changes need and that are not here."""
        raw = await self.git.run(
            *("diff-tree", "--stdin", "-r", "--root", "-z", "--raw", "--no-abbrev"),
            *("--no-renames", "--ignore-submodules=none"),
            stdin=_lines(shas),
        )
        wanted: set[str] = set()
        for field in raw.split(b"\0"):
            if field.startswith(b":"):
                before, after, *names = field[1:].decode().split(" ")[:4]
                wanted |= {
                    name
                    for mode, name in zip((before, after), names, strict=True)
                    if mode not in (NO_FILE, _SUBMODULE)
                }
        checked = await self.git.run(
            "cat-file", "--batch-check", "--buffer", stdin=_lines(sorted(wanted))
        )
        told = (line.split(" ") for line in checked.decode().splitlines())
        return [name for name, state, *_ in told if state == "missing"]

    async def read(self, shas: Sequence[str]) -> AsyncGenerator[Commit]:
        """These commits in this order, each parsed as it comes.

        Raises:
            RevisionNotFound: a name means no commit.
            SourceError: git failed, or was silent for too long.
        """
        for sha in await self.no_commits(shas):
            raise RevisionNotFound("error-revision-not-found", name=sha)
        ends = self._ends()
        diffed = [sha for sha in shas if sha not in ends]
        try:
            async with (
                self.git.stream("cat-file", "--batch", "--buffer", stdin=_lines(shas)) as objects,
                self.git.stream(*_DIFF, stdin=_lines(diffed)) as diffs,
            ):
                changes = Changes(diffs, diffed)
                for sha in shas:
                    # Not around the yield: whoever reads may take its time.
                    async with asyncio.timeout(WALK_LIMIT):
                        body = await _object(objects)
                        files = () if sha in ends else await changes.next()
                    yield parse_commit(sha, body, files, files_omitted=sha in ends)
        except TimeoutError as exc:
            raise self.git.timed_out(WALK_LIMIT) from exc
        except asyncio.IncompleteReadError as exc:
            raise self.git.failure("fatal: less output than was asked for") from exc

    async def no_commits(self, names: Sequence[str]) -> list[str]:
        """Those that name no commit that is here."""
        form = "--batch-check=%(objectname) %(objecttype)"
        told = await self.git.run("cat-file", form, "--buffer", stdin=_lines(names))
        lines = (line.partition(" ") for line in told.decode().splitlines())
        return [name for name, _, kind in lines if kind != "commit"]

    def close(self) -> None:
        """Remove the temporary folder."""
        self._folder.cleanup()


def _lines(names: Sequence[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()


async def _object(reader: StreamReader) -> bytes:
    _, _, size = (await reader.readuntil(b"\n")).split()
    return (await reader.readexactly(int(size) + 1))[:-1]
