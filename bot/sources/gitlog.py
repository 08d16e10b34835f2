"""What git tells of commits, parsed: their own words, and their changes as they stream in."""

from __future__ import annotations

import re
from asyncio import IncompleteReadError, LimitOverrunError, StreamReader
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from analyzers.model import Commit, FileChange, FileStatus, Person
from bot.sources import commits

_STATUS: Final = {
    "A": FileStatus.ADDED,
    "D": FileStatus.REMOVED,
    "R": FileStatus.RENAMED,
    "C": FileStatus.COPIED,
}
NO_FILE: Final = "000000"
"""The mode of a file on the side where it does not exist."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Python knows encodings that are none, and one (punycode) that takes a time square in the length.
_ENCODING: Final = re.compile(
    r"utf-?8|iso-?8859-?\d+|latin-?\d+|(windows|cp)-?\d+|koi8-[rut]|gbk|gb2312|gb18030|big5(-hkscs)?"
    r"|euc-(jp|kr|cn)|shift[-_]?jis|s-?jis|iso-2022-(jp|kr)|us-ascii|ascii",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _RawFile:
    """A file of a commit as the `--raw` part names it."""

    status: FileStatus
    path: bytes
    previous_path: bytes | None
    sections: int
    """Into how many parts git prints its patch: two where its type changes."""

    def change(self, counts: tuple[int, int], patch: str | None) -> FileChange:
        previous = None if self.previous_path is None else _name(self.previous_path)
        return commits.file_change(_name(self.path), self.status, *counts, previous, patch)


class Changes:
    """Parses what `git diff-tree --stdin --always -z --raw --numstat -p` prints, commit by commit.

    Per commit: its name, the raw fields, the counts, an empty field, the patches. Lines of a patch
    never start like the name of the next commit or like `diff --git`, whatever stands in a file:
    every one of them has a sign before it, and odd file names are quoted.
    """

    def __init__(self, reader: StreamReader, shas: Sequence[str]) -> None:
        """Read what was asked for these commits, in this order."""
        self._reader = reader
        self._names = [sha.encode() for sha in shas]
        self._at = 0
        self._name_read = False

    async def next(self) -> tuple[FileChange, ...]:
        """The files of the next commit.

        Raises:
            asyncio.IncompleteReadError: the output ends or is not what was asked for.
        """
        await self._expect_name()
        files: list[_RawFile] = []
        while (field := await self._field(may_end=not files)).startswith(b":"):
            files.append(await self._raw_file(field))
        if not files:
            # A merge, or a commit without changes: what follows is the next one's name already.
            if field != self._following():
                raise IncompleteReadError(field, None)
            self._name_read = True
            return ()
        counts = await self._counts(field)
        patches = await self._patches(files)

        def changes() -> tuple[FileChange, ...]:
            return commits.ordered(
                file.change(counts.get(file.path, (0, 0)), patch)
                for file, patch in zip(files, patches, strict=True)
            )

        return await commits.built(changes, sum(len(patch or "") for patch in patches))

    async def _expect_name(self) -> None:
        if not self._name_read:
            field = await self._field()
            if field != self._following():
                raise IncompleteReadError(field, None)
        self._name_read = False
        self._at += 1

    def _following(self) -> bytes:
        """The name of the commit that comes next; empty after the last."""
        return self._names[self._at] if self._at < len(self._names) else b""

    async def _field(self, *, may_end: bool = False) -> bytes:
        try:
            return (await self._reader.readuntil(b"\0"))[:-1]
        except IncompleteReadError as exc:
            if may_end and not exc.partial:
                return b""
            raise

    async def _raw_file(self, field: bytes) -> _RawFile:
        before, after, _, _, letter = field[1:].decode().split(" ")
        path, previous_path = await self._field(), None
        if letter[0] in "RC":
            path, previous_path = await self._field(), path
        retyped = NO_FILE not in (before, after) and before[:2] != after[:2]
        status = _STATUS.get(letter[0], FileStatus.MODIFIED)
        return _RawFile(status, path, previous_path, 2 if retyped else 1)

    async def _counts(self, field: bytes) -> dict[bytes, tuple[int, int]]:
        """Lines added and removed by path, from this field up to the empty one."""
        counts = {}
        while field:
            added, removed, path = field.split(b"\t", 2)
            if not path:  # of a rename: two more fields
                await self._field()
                path = await self._field()
            counts[path] = (0, 0) if added == b"-" else (int(added), int(removed))
            field = await self._field()
        return counts

    async def _patches(self, files: Sequence[_RawFile]) -> list[str | None]:
        """Every file's hunks; None for those that are too long."""
        left = sum(file.sections for file in files)
        patches: list[str | None] = []
        for file in files:
            parts = []
            for _ in range(file.sections):
                left -= 1
                parts.append(await self._section(last=not left))
            patches.append(None if None in parts else "\n".join(filter(None, parts)))
        return patches

    async def _section(self, *, last: bool) -> str | None:
        """The hunks of one section without a final line end; None for more than are kept."""
        mark = b"\n%s\0" % self._following() if last else b"\ndiff --git "
        too_long = False
        while True:
            try:
                raw = await self._reader.readuntil(mark)
                break
            except LimitOverrunError as exc:
                await self._reader.readexactly(exc.consumed)
                too_long = True
            except IncompleteReadError as exc:
                if not last or self._following():
                    raise
                raw = exc.partial
                break
        self._name_read = last
        _, found, hunks = raw.removesuffix(mark).partition(b"\n@@ ")
        if too_long:
            return None
        return f"@@ {hunks.decode(errors='replace')}" if found else ""


def _name(raw: bytes) -> str:
    return raw.decode(errors="replace")


def parse_commit(
    sha: str, body: bytes, files: tuple[FileChange, ...], *, files_omitted: bool = False
) -> Commit:
    """A commit from the bytes of its object and its files. Bytes that are no text in the encoding
    that it claims become U+FFFD; a line that is not as git writes it counts as empty."""
    head, _, raw_message = body.partition(b"\n\n")
    # A line that starts with a space goes on with a signature.
    lines = [line.partition(b" ")[::2] for line in head.split(b"\n")]
    fields = dict(reversed(lines))
    parents = tuple(value.decode() for name, value in lines if name == b"parent")
    encoding = _encoding(fields.get(b"encoding", b""))
    author, authored_at = _stamp(fields.get(b"author", b""), encoding)
    committer, committed_at = _stamp(fields.get(b"committer", b""), encoding)
    return Commit(
        sha=sha,
        parents=parents,
        author=author,
        committer=committer,
        authored_at=authored_at,
        committed_at=committed_at,
        message=commits.message(_decoded(raw_message, encoding)),
        files=() if len(parents) > 1 else files,
        additions=sum(file.additions for file in files),
        deletions=sum(file.deletions for file in files),
        files_omitted=files_omitted,
    )


def instant(seconds: int) -> datetime:
    """Seconds since 1970 as an instant; what lies beyond the calendar is at its end.

    git reads a clock from before 1970 as a number of 64 bits without a sign; here it is undone.
    """
    if seconds >= 2**63:
        seconds -= 2**64
    try:
        return commits.in_calendar(_EPOCH + timedelta(seconds=seconds))
    except OverflowError:
        return commits.LAST_INSTANT if seconds > 0 else commits.FIRST_INSTANT


def _stamp(line: bytes, encoding: str) -> tuple[Person, datetime]:
    ident, _, clock = line.rpartition(b">")
    name, _, email = ident.partition(b"<")
    # The offset from UTC is left aside, so no absurd one can do harm.
    seconds = re.match(rb"\s*(-?\d{1,20})", clock)
    person = commits.person(_decoded(name, encoding), _decoded(email, encoding))
    return person, instant(int(seconds[1]) if seconds else 0)


def _encoding(claimed: bytes) -> str:
    name = claimed.decode("ascii", "replace").strip()
    return name if _ENCODING.fullmatch(name) else "utf-8"


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        return raw.decode(errors="replace")
