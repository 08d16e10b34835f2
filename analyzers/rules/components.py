"""Which parts of a repository a commit touches."""

from __future__ import annotations

import re
from collections import Counter

from analyzers.model import FileRole
from analyzers.rules.reading import ReadFile, Reading
from analyzers.rules.words import word_set
from analyzers.text import shorten

MAX_COMPONENTS = 3
"""More parts than this are the whole repository."""

_NAME = 40
"""Characters of a component's name."""

_GENERIC = word_set(
    "src source sources lib libs python py rust go java kotlin scala cpp csrc js ts main app apps "
    "packages package pkg pkgs crates crate modules module projects internal _internal include "
    "includes inc common core shared base impl details detail utils util helpers helper misc "
    "private public cmd bin com org net io github www static assets resources res types v1 v2 v3 "
    "test tests srt contrib"
)
_BY_ROLE = {
    FileRole.TEST: "tests",
    FileRole.DOCS: "docs",
    FileRole.CI: "ci",
    FileRole.BUILD: "build",
    FileRole.LOCK: "dependencies",
    FileRole.VENDORED: "vendored",
    FileRole.GENERATED: "generated",
}
_SHIPPED = (FileRole.SOURCE, FileRole.CONFIG, FileRole.ASSET)


def components_of(reading: Reading) -> tuple[str, ...]:
    """The scopes that the title names or, without any, the folders with the most changed lines.

    Of a path the deepest folder that is more than a convention counts: `managers` of
    `python/acme/managers/pool.py`, `parser` of `crates/parser/src/lib.rs`.
    """
    if reading.title.scopes:
        return tuple(shorten(scope, _NAME) for scope in reading.title.scopes[:MAX_COMPONENTS])
    weights: Counter[str] = Counter()
    for file in reading.of_role(FileRole.SOURCE) or reading.of_role(*_SHIPPED) or reading.files:
        if name := _component(file):
            weights[name] += 1 + file.size
    ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    return tuple(name for name, _ in ranked[:MAX_COMPONENTS])


def _component(file: ReadFile) -> str:
    if file.role in _BY_ROLE:
        return _BY_ROLE[file.role]
    folders = file.change.path.split("/")[:-1]
    names = [folder.strip("_.") for folder in folders]
    telling = [n for n in names if n and n.lower() not in _GENERIC and not re.match(r"v?\d", n)]
    return shorten(telling[-1], _NAME) if telling else ""
