"""Which commits of a digest's span its readers want to see. Pure.

What is left out is counted by its reason, and a digest tells the counts (invariant 3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import translate
from functools import lru_cache
from typing import Final

from analyzers.model import Commit, Importance, LeftOut, Person
from bot.globs import path_glob, split_signs
from bot.subscriptions import BOTS, Filters

_BELOW: Final = {Importance.MEDIUM: LeftOut.BELOW_MEDIUM, Importance.HIGH: LeftOut.BELOW_HIGH}
# GitHub's private addresses: 123+login@users.noreply.github.com.
_NUMBER: Final = re.compile(r"\d+\+")


def left_out_unread(commit: Commit, filters: Filters) -> LeftOut | None:
    """Why a commit is left out before anybody analyses it, None if it is not."""
    author = commit.author
    if not _selects(filters.authors, lambda pattern: is_author(author, pattern)):
        is_unwanted_bot = author.is_bot and f"-{BOTS}" in filters.authors
        return LeftOut.BOTS if is_unwanted_bot else LeftOut.AUTHORS
    return None if _touches(commit, filters.paths) else LeftOut.PATHS


def left_out_read(importance: Importance, filters: Filters) -> LeftOut | None:
    """Why a commit is left out after it was analysed, None if it is not."""
    return _BELOW[filters.minimum] if importance.rank < filters.minimum.rank else None


def is_author(author: Person, pattern: str) -> bool:
    """Whether a pattern means this author.

    It is compared, without regard to case, with the whole name, the whole address, and the
    address's part before the `@`; `*` stands for any characters. `bots` is all automation.
    """
    if pattern == BOTS and author.is_bot:
        return True
    local = _NUMBER.sub("", author.email.partition("@")[0], count=1)
    names = (author.name, author.email, local)
    return any(_compiled(pattern).match(name.casefold()) for name in names if name)


def _touches(commit: Commit, patterns: tuple[str, ...]) -> bool:
    """Whether one of a commit's files, by its path before or after, is selected.

    A commit without files, as every merge is, touches nothing that is asked for, and nothing that
    is excluded. One whose files the forge did not all list may have touched anything.
    """
    if not patterns or commit.files_omitted:
        return True
    if not commit.files:
        wanted, _ = split_signs(patterns)
        return not wanted

    def is_selected(path: str) -> bool:
        return _selects(patterns, lambda pattern: path_glob(pattern).matches(path))

    paths = (path for file in commit.files for path in (file.path, file.previous_path))
    return any(is_selected(path) for path in paths if path)


def _selects(patterns: Iterable[str], matches: Callable[[str], bool]) -> bool:
    """Whether one of the patterns that take in matches, or there is none, and none that excludes
    does."""
    wanted, unwanted = split_signs(patterns)
    return (not wanted or any(map(matches, wanted))) and not any(map(matches, unwanted))


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Of a file's patterns only the star: `dependabot[bot]` is a name.
    literal = re.sub(r"[\[?]", r"[\g<0>]", pattern.casefold())
    return re.compile(translate(literal))
