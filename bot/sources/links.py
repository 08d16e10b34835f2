"""What people paste to have it analysed: addresses of commits, comparisons and pull requests. Pure
but for looking which folders exist."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from analyzers.errors import InputError
from analyzers.model import Range
from bot.sources.locators import (
    Locator,
    parse_commit,
    parse_repository,
    path_of,
    without_userinfo,
)

_PULL_RANGE = re.compile(
    r"(?P<repo>[^/]+/[^/]+)/pull/\d+/(?:files|changes)/(?P<base>[0-9a-f]{4,64})\.\.(?P<head>[0-9a-f]{4,64})/?"
)
_PULL_COMMIT = re.compile(
    r"(?P<repo>[^/]+/[^/]+)/pull/\d+/(?:files|changes)/(?P<name>[0-9a-f]{4,64})/?"
)
_PULL = re.compile(
    r"(?P<repo>[^/]+/[^/]+)/pull/(?P<number>\d{1,9})(?:\.patch|\.diff|/(?:files|changes|commits|checks))?/?"
)
_API_PATH = re.compile(
    r"(?:api/v3/)?repos/(?P<repo>[^/]+/[^/]+)/(?:git/)?commits/(?P<name>[^/]+)/?"
)
_ADDRESS = re.compile(r"https?://[^\s<>|\"'`()\[\]{}，。；、）】》]+")


@dataclass(frozen=True, slots=True)
class CommitLink:
    """One commit."""

    locator: Locator
    name: str
    """Its SHA, which may be short, or another name of it."""


@dataclass(frozen=True, slots=True)
class RangeLink:
    """What one revision has and another has not."""

    locator: Locator
    range: Range


@dataclass(frozen=True, slots=True)
class PullLink:
    """A pull request."""

    locator: Locator
    number: int


Link = CommitLink | RangeLink | PullLink


def parse_link(text: str, github_pages: str, github_api: str, *, folders: bool = True) -> Link:
    """What an address, or `REPO@NAME`, means.

    Besides what `parse_commit` takes: a comparison, a pull request with its commits and files, and
    the addresses of GitHub's API for a commit.

    Args:
        text: what was pasted.
        github_pages: where the pages of the configured GitHub host are.
        github_api: where its API is.
        folders: as for `parse_repository`.

    Raises:
        InputError: it is none of these.
    """
    text = text.strip().strip("<>")
    if "://" not in text:
        return CommitLink(*parse_commit(text, github_pages, folders=folders))
    address = _split(text)
    path = path_of(address)

    def repository(name: str) -> Locator:
        home = address._replace(path=f"/{name}", query="", fragment="").geturl()
        return parse_repository(home, github_pages, folders=folders)

    if address.hostname == urlsplit(github_api).hostname and (api := _API_PATH.fullmatch(path)):
        return CommitLink(parse_repository(api["repo"], github_pages, folders=False), api["name"])
    if found := _PULL_RANGE.fullmatch(path):
        return RangeLink(repository(found["repo"]), Range(found["base"], found["head"]))
    home, compares, ends = path.partition("/compare/")
    if compares:
        return RangeLink(repository(home.removesuffix("/-")), _compared(ends, text))
    if found := _PULL_COMMIT.fullmatch(path):
        return CommitLink(repository(found["repo"]), found["name"])
    if found := _PULL.fullmatch(path):
        return PullLink(repository(found["repo"]), int(found["number"]))
    return CommitLink(*parse_commit(text, github_pages, folders=folders))


def addresses_in(text: str) -> tuple[str, ...]:
    """Every web address in a text, in order, without the mark that ends a sentence."""
    return tuple(found.rstrip(".,;:!?") for found in _ADDRESS.findall(text))


def _compared(ends: str, text: str) -> Range:
    ends = ends.rstrip("/").removesuffix(".patch").removesuffix(".diff")
    base, dots, head = ends.partition("...")
    if not dots:
        base, dots, head = ends.partition("..")
    if ":" in ends:
        raise InputError("error-compare-fork", value=without_userinfo(text))
    if not (base and head):
        raise InputError("error-compare-base", value=without_userinfo(text))
    return Range(base, head)


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError as exc:
        raise InputError("error-commit-name", value=without_userinfo(text)) from exc
