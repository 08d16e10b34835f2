"""From a forge's or git's words to the domain's: commits are built alike by every source.

What a commit says is cleaned (`analyzers.text.clean`) and freed of secrets
(`analyzers.redaction.redact`) here, once: whatever is made of it later holds none.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeVar

from analyzers.model import MAX_PATCH_BYTES, FileChange, FileStatus, Person
from analyzers.redaction import redact
from analyzers.text import clean, clean_line

# Formatters show dates in any zone, which must not leave the years that Python knows.
FIRST_INSTANT: Final = datetime(1, 1, 3, tzinfo=UTC)
LAST_INSTANT: Final = datetime(9999, 12, 29, tzinfo=UTC)

ON_THE_LOOP: Final = 200_000
"""Characters of patches that are read at once; a megabyte takes some 60 ms."""

_T = TypeVar("_T")

_OBJECT_NAME: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ONE_LINE: Final = str.maketrans("\n\t\u2028\u2029", "    ")
# What Python and some readers take for a line end and diffs do not.
_FALSE_LINE_ENDS: Final = str.maketrans({"\r": None, "\u2028": " ", "\u2029": " "})


async def built(build: Callable[[], _T], size: int) -> _T:
    """What is built of patches with so many characters: of many in a thread, so that nothing else
    waits."""
    return build() if size <= ON_THE_LOOP else await asyncio.to_thread(build)


def is_object_name(text: str) -> bool:
    """Whether it is the full name of an object, by SHA-1 or SHA-256."""
    return _OBJECT_NAME.fullmatch(text) is not None


def in_calendar(instant: datetime) -> datetime:
    """An instant in UTC; what can be shown in no zone is moved to `FIRST_INSTANT` or
    `LAST_INSTANT`."""
    return min(max(instant, FIRST_INSTANT), LAST_INSTANT).astimezone(UTC)


def person(name: str, email: str) -> Person:
    """An author or committer from the raw name and address."""
    return Person(redact(clean_line(name)), redact(clean_line(email)))


def message(raw: str) -> str:
    """A whole message as `Commit.message` holds it."""
    return redact(clean(raw).strip())


def path(raw: str) -> str:
    """A path as `FileChange.path` holds it: on one line, never empty.

    Spaces stay as they are. A name of nothing but control characters becomes U+FFFD.
    """
    return redact(clean(raw).translate(_ONE_LINE)) or "\ufffd"


def patch(raw: str | None) -> str | None:
    """A file's hunks as `FileChange.patch` holds them, or None where there are none to show.

    Only `\\n` ends a line, before and after: carriage returns go, Unicode's line separators become
    spaces, so that a line of the file is a line of the patch for `splitlines` too. A patch that is
    longer than `MAX_PATCH_BYTES` in UTF-8, without its final line end and before cleaning, is
    dropped.
    """
    hunks = (raw or "").removesuffix("\n")
    if not hunks or _exceeds_limit(hunks):
        return None
    # Whole rather than line by line: no character composes with a line feed, so this is the same.
    return redact(clean(hunks.translate(_FALSE_LINE_ENDS)))


def _exceeds_limit(hunks: str) -> bool:
    if len(hunks) * 4 <= MAX_PATCH_BYTES:
        return False
    return len(hunks.encode("utf-8", "surrogatepass")) > MAX_PATCH_BYTES


def file_change(
    raw_path: str,
    status: FileStatus,
    additions: int,
    deletions: int,
    previous_path: str | None,
    raw_patch: str | None,
) -> FileChange:
    """One file of a commit from raw values; `raw_patch` starts at the first `@@`."""
    return FileChange(
        path=path(raw_path),
        status=status,
        additions=additions,
        deletions=deletions,
        previous_path=None if previous_path is None else path(previous_path),
        patch=patch(raw_patch),
    )


def ordered(files: Iterable[FileChange]) -> tuple[FileChange, ...]:
    """Files in byte order of their paths in UTF-8, as `Commit.files` holds them."""
    return tuple(sorted(files, key=lambda file: file.path.encode()))


class FilePatch(NamedTuple):
    """One file's part of a diff."""

    path: str
    """The path after the change (before it, for a removed file), unquoted but not cleaned; empty
    where the diff does not tell, which only a binary or mode change at an odd path does."""
    hunks: str
    """From the first `@@` on, with the final line end; empty where there are no hunks."""


_SECTION: Final = re.compile(r"^(?=diff --git )", re.MULTILINE)
_NEW_PATH: Final = re.compile(
    r"^(?:\+\+\+ (?P<after>.+?)\t?|(?:rename|copy) to (?P<to>.+))$", re.MULTILINE
)
_OLD_PATH: Final = re.compile(r"^--- (?P<before>.+?)\t?$", re.MULTILINE)


def split_patch(diff: str) -> list[FilePatch]:
    """The files of a diff as git and forges print it, in its order.

    Every line of a hunk starts with a space, a sign or a backslash, so a file that holds a line
    `diff --git a/x b/x` splits nothing. A type change is two parts: one removed, one added.
    """
    # re.MULTILINE knows no line end but \n, unlike str.splitlines.
    sections = _SECTION.split(diff)
    return [_file_patch(part) for part in sections if part.startswith("diff --git ")]


def _file_patch(section: str) -> FilePatch:
    header, found, body = section.partition("\n@@ ")
    return FilePatch(_patched_path(header), f"@@ {body}" if found else "")


def _patched_path(header: str) -> str:
    if (found := _NEW_PATH.search(header)) and found["after"] != "/dev/null":
        named = _unquoted(found["after"] or found["to"])
        return named.removeprefix("b/") if found["after"] else named
    if (found := _OLD_PATH.search(header)) and found["before"] != "/dev/null":
        return _unquoted(found["before"]).removeprefix("a/")
    # Nothing but `diff --git a/PATH b/PATH`: no rename, so both halves are equally long.
    first = header.partition("\n")[0].removeprefix("diff --git ")
    before, after = first[: len(first) // 2], first[len(first) // 2 + 1 :]
    before, after = _unquoted(before), _unquoted(after)
    return after.removeprefix("b/") if before[2:] == after[2:] else ""


_ESCAPE: Final = re.compile(rb'\\([abtnvfr"\\]|[0-3][0-7]{2})')
_ESCAPED: Final = dict(zip(b'abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True))


def _unquoted(name: str) -> str:
    """A name that git has put in quotes for its odd bytes, as it is."""
    if not (len(name) > 1 and name[0] == name[-1] == '"'):
        return name

    def byte(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes([int(code, 8) if len(code) > 1 else _ESCAPED[code[0]]])

    raw = name[1:-1].encode("utf-8", "surrogatepass")
    return _ESCAPE.sub(byte, raw).decode(errors="replace")
