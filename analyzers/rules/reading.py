"""A commit as the rules read it: bounded, its patches cut into lines, each file with its role."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from analyzers.model import Commit, FileChange, FileRole, FileStatus
from analyzers.rules.roles import role_of
from analyzers.rules.titles import Title, parse_title
from analyzers.rules.words import word_set

MAX_MESSAGE = 64_000
"""Characters of a message that are read: the longest squash messages seen had about 30,000."""

MAX_LINES = 20_000
"""Patch lines that are read in one commit, source files first; about 0.2 s at worst."""

MAX_LINE = 400
"""Characters of a patch line that are read; longer ones are data or minified code."""

_READING_ORDER = (
    FileRole.SOURCE,
    FileRole.BUILD,
    FileRole.CONFIG,
    FileRole.CI,
    FileRole.TEST,
    FileRole.DOCS,
    FileRole.LOCK,
    FileRole.ASSET,
    FileRole.VENDORED,
    FileRole.GENERATED,
)
_HASH_COMMENTS = word_set("py pyi pyx rb sh bash zsh pl r jl ex exs yml yaml toml nim cfg ini mk")
BRACED = word_set(
    "js jsx mjs cjs ts tsx go rs java kt kts scala groovy cs c h cc cpp cxx hpp hh cu cuh m mm "
    "swift php dart zig sol vue svelte proto css scss less v sv"
)
"""Endings of languages that comment with slashes, and in which white space at the start and the end
of a line means nothing."""
_PULL_REQUEST = re.compile(r"Merge (?:pull request|PR|MR|merge request) [#!]\d+\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """One file of a commit with what was read of it."""

    change: FileChange
    """The file."""
    role: FileRole
    """What it is for."""
    lines: tuple[str, ...]
    """Its patch, line by line with the prefix (` `, `+`, `-`, `@`), each cut at `MAX_LINE`."""
    whole: bool
    """Whether there was a patch and all its lines were read."""
    extension: str
    """The path's ending in lower case without its dot; the whole name if it has none."""

    @property
    def size(self) -> int:
        """Lines added and removed."""
        return self.change.additions + self.change.deletions

    def changed(self) -> Iterator[tuple[str, str]]:
        """The sign and the text of each added or removed line."""
        return ((line[0], line[1:]) for line in self.lines if line[:1] in ("+", "-"))

    def is_comment(self, text: str) -> bool:
        """Whether a line says nothing to a machine: blank, or a whole-line comment."""
        return is_comment(text, self.extension)


@dataclass(frozen=True, slots=True)
class Reading:
    """A commit, read once for all rules."""

    commit: Commit
    """The commit."""
    title: Title
    """Its title, taken apart; of a forge's merge message, the title of what was merged."""
    raw_title: str
    """The title as it stands, bounded."""
    body: str
    """What follows the title, bounded."""
    files: tuple[ReadFile, ...]
    """Its files in the order of the commit."""

    def of_role(self, *roles: FileRole) -> list[ReadFile]:
        """The files of these roles."""
        return [file for file in self.files if file.role in roles]

    def only(self, *roles: FileRole) -> bool:
        """Whether there are files, all are known, and all have one of these roles."""
        complete = bool(self.files) and not self.commit.files_omitted
        return complete and all(file.role in roles for file in self.files)

    @property
    def roles(self) -> tuple[tuple[FileRole, int], ...]:
        """How many files of each role, the most first."""
        counts = Counter(file.role for file in self.files)
        order = list(FileRole)
        return tuple(sorted(counts.items(), key=lambda item: (-item[1], order.index(item[0]))))

    @property
    def source_lines(self) -> int:
        """Lines added and removed in source files."""
        return sum(file.size for file in self.of_role(FileRole.SOURCE))

    @property
    def shipped_lines(self) -> int:
        """Those of configuration and build files too, which are all that some repositories have."""
        return self.source_lines + sum(
            file.size for file in self.of_role(FileRole.CONFIG, FileRole.BUILD)
        )


def read(commit: Commit) -> Reading:
    """Read a commit, as much of it as the limits of this module allow."""
    message = commit.message[:MAX_MESSAGE]
    first, _, body = message.partition("\n")
    raw, body = _whole_title(first.strip(), body.strip())
    return Reading(commit, parse_title(raw), raw, body, _read_files(commit.files))


def _whole_title(first: str, body: str) -> tuple[str, str]:
    """The title with what a forge moved out of it: GitHub cuts long titles with an ellipsis and
    goes on in the body; merge messages carry the title of the pull request there."""
    cut = re.match(r"(.*?)(?:…|\.\.\.)(\s*\([#!]\d+\))?$", first)
    if cut and body.startswith(("…", "...")):
        rest, _, body = body.lstrip("….").partition("\n")
        return f"{cut.group(1)}{rest.strip()}", body.strip()
    if _PULL_REQUEST.match(first) and body:
        title, _, below = body.partition("\n")
        return title.strip(), below.strip()
    return first, body


def _read_files(changes: tuple[FileChange, ...]) -> tuple[ReadFile, ...]:
    roles = [role_of(change.path) for change in changes]
    order = sorted(range(len(changes)), key=lambda i: _READING_ORDER.index(roles[i]))
    files: list[ReadFile | None] = [None] * len(changes)
    left = MAX_LINES
    for index in order:
        change = changes[index]
        extension = extension_of(change.path)
        if change.patch is None or not left:
            files[index] = ReadFile(change, roles[index], (), False, extension)
            continue
        lines = change.patch.split("\n", left)
        whole = len(lines) <= left
        read_lines = tuple(line[:MAX_LINE] for line in lines[:left])
        left -= len(read_lines)
        files[index] = ReadFile(change, roles[index], read_lines, whole, extension)
    return tuple(file for file in files if file is not None)


def extension_of(path: str) -> str:
    """A path's ending in lower case without its dot; the whole name if it has none."""
    return path.rpartition("/")[2].lower().rpartition(".")[2]


def is_comment(text: str, extension: str) -> bool:
    """Whether a line of a file with that ending is blank or a whole-line comment."""
    text = text.strip()
    if not text:
        return True
    if extension in _HASH_COMMENTS:
        return text.startswith("#") and not text.startswith("#!")
    if extension in BRACED:
        return text.startswith(("//", "/*", "*/", "* ")) or text == "*"
    return False


def is_pure_move(change: FileChange) -> bool:
    """Whether a file only got another path."""
    return change.status is FileStatus.RENAMED and not change.additions + change.deletions
