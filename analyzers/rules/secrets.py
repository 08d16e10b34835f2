"""Secrets that a commit seems to add, told by what the sources have put in their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from analyzers.model import Commit, FileChange, FileRole, PossibleSecret
from analyzers.redaction import placeholders
from analyzers.rules.roles import role_of

MAX_SECRETS = 50
"""Places that are told of; a commit with more is a list of such things."""

_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d{1,9})(?:,\d+)? @@")
_EXAMPLE = re.compile(
    r"(?:^|[/._-])(?:examples?|samples?|templates?|dist|demo|mocks?|fakes?|dummy)(?:[/._-]|$)",
    re.IGNORECASE,
)
_HARMLESS = (FileRole.TEST, FileRole.DOCS, FileRole.VENDORED)


def secrets_of(commit: Commit) -> tuple[PossibleSecret, ...]:
    """Where a commit's message and added lines had secrets: the message first, then by file and
    line, each kind once for a line."""
    return tuple(islice(dict.fromkeys(_secrets(commit)), MAX_SECRETS))


def is_grave(secret: PossibleSecret) -> bool:
    """Whether it may open something: those of tests, documentation and examples rarely do."""
    path = secret.path
    return path is None or not (role_of(path) in _HARMLESS or _EXAMPLE.search(path))


def told(secret: PossibleSecret) -> str:
    """What it is and where, as people write places: `github-token config/prod.env:12`."""
    place = "" if secret.path is None else f" {secret.path}:{secret.line}"
    return f"{secret.kind}{place}"


def _secrets(commit: Commit) -> Iterator[PossibleSecret]:
    for kind in placeholders(commit.message):
        yield PossibleSecret(kind)
    for file in commit.files:
        yield from _added(file)


def _added(file: FileChange) -> Iterator[PossibleSecret]:
    if not file.patch or next(placeholders(file.patch), None) is None:
        return
    number = 0
    for line in file.patch.split("\n"):
        if found := _HUNK.match(line):
            number = int(found[1])
            continue
        if line.startswith("+"):
            for kind in placeholders(line):
                yield PossibleSecret(kind, file.path, number)
        number += not line.startswith(("-", "\\"))
