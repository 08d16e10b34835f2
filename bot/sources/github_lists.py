"""Lists of commits on GitHub: pages of 100, each commit with its parents and dates."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Container, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Final

from analyzers.errors import RevisionNotFound, SourceError
from analyzers.text import clean_line
from bot.ports import Node, Window
from bot.sources.commits import is_object_name
from bot.sources.github_json import CommitList, Comparison, ListedCommit, parse
from bot.sources.github_repository import RepositoryApi

PAGE: Final = 100
"""Commits on a page, the most that GitHub gives (docs.github.com, "Compare two commits")."""
SKEW: Final = timedelta(days=1)
"""How far the clocks of those who committed may be wrong, see `list_window`."""
FIRST_DATE: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_DATE: Final = datetime(2099, 12, 31, tzinfo=UTC)
"""GitHub takes no other dates (docs.github.com, "List commits")."""

_Commits = dict[str, ListedCommit]


async def list_new(
    repository: RepositoryApi, heads: Sequence[str], known: Sequence[str]
) -> tuple[Node, ...]:
    """As `CommitSource.list_new`, by a comparison of each head with what is known until nothing is
    left of it; a head that is known, or new by another one, costs no request.

    Raises:
        RevisionNotFound: one that was asked about is not there.
        SourceError: GitHub does not list all that it has counted.
    """
    for name in (*heads, *known):
        if not is_object_name(name):
            raise RevisionNotFound("error-revision-not-found", name=clean_line(name))
    found: _Commits = {}
    for number, head in enumerate(heads):
        if head not in known and head not in found:
            bases = dict.fromkeys([*known[number : number + 1], *known])
            found |= await _list_head(repository, head, bases)
    return _newest_first(found.values())


async def list_window(repository: RepositoryApi, window: Window) -> tuple[Node, ...]:
    """The commits of a window, by their own dates.

    `since` is not sent: a walk that ends at the first commit before it is hidden everything by one
    tip with a wrong clock. Newer commits are left out by `until`, which ends no walk, and the list,
    which comes by date, is read until a whole page lies before the window by more than the skew of
    clocks that is usual.
    """
    if window.until <= FIRST_DATE:
        return ()
    head = await repository.fixed(window.head)
    path = f"/commits?sha={head}&per_page={PAGE}"
    if window.until < LAST_DATE:
        # A second more: whether GitHub's `until` counts the instant itself is not said.
        until = window.until + timedelta(seconds=1)
        path += f"&until={until:%Y-%m-%dT%H:%M:%SZ}"
    listed: list[ListedCommit] = []
    async with aclosing(repository.pages(path, head)) as answers:
        async for answer in answers:
            page = parse(CommitList, answer.body).root
            listed += [c for c in page if window.since <= c.committed_at < window.until]
            if all(window.since - commit.committed_at > SKEW for commit in page):
                break
    return _newest_first(listed)


async def _list_head(repository: RepositoryApi, head: str, bases: Iterable[str]) -> _Commits:
    """What a head has and none of the bases has, the newest first."""
    new: _Commits | None = None
    for base in bases:
        try:
            if new is None:
                new = await _compare(repository, base, head)
            else:
                there = await _sought(repository, base, head, new)
                new = {sha: commit for sha, commit in new.items() if sha in there}
        except RevisionNotFound:
            # Says which of them is missing; if none is, they have no common ancestor, which
            # GitHub does not compare.
            await repository.resolve(base)
            await repository.resolve(head)
        if new is not None and not new:
            break
    return await _list_all(repository, head) if new is None else new


async def _compare(repository: RepositoryApi, base: str, head: str) -> _Commits:
    """What a comparison lists: what the head has and the base has not, however they lie to each
    other; of a history that was rewritten, too."""
    listed: _Commits = {}
    total = 0
    async with aclosing(repository.pages(_comparison(base, head), base)) as answers:
        async for answer in answers:
            page = parse(Comparison, answer.body)
            listed |= {commit.sha: commit for commit in page.commits}
            total = page.total_commits
    _require_whole(repository, listed, total)
    # Oldest first, unlike every other list; the order holds among commits of the same second.
    return dict(reversed(listed.items()))


async def _sought(
    repository: RepositoryApi, base: str, head: str, sought: Mapping[str, object]
) -> Container[str]:
    """What a comparison lists, as far as it takes to find these.

    A release branch of last year is behind by thousands of commits, and those that are new since
    yesterday are the last of them: after the first page, which has the number, the last come first.
    """
    listed: set[str] = set()
    total = 0
    async with aclosing(_first_and_backwards(repository, base, head)) as pages:
        async for page in pages:
            listed |= {commit.sha for commit in page.commits}
            total = page.total_commits
            if listed >= sought.keys():
                return listed
    _require_whole(repository, listed, total)
    return listed


async def _first_and_backwards(
    repository: RepositoryApi, base: str, head: str
) -> AsyncGenerator[Comparison]:
    path = _comparison(base, head)
    first = parse(Comparison, (await repository.get_revision(path, base)).body)
    yield first
    last = -(-first.total_commits // PAGE)
    for read, number in enumerate(range(last, 1, -1), 1):
        if read >= repository.max_pages:
            raise repository.too_long()
        answer = await repository.get(f"{path}&page={number}", revision=base)
        yield parse(Comparison, answer.body)


def _comparison(base: str, head: str) -> str:
    return f"/compare/{base}...{head}?per_page={PAGE}"


def _require_whole(repository: RepositoryApi, listed: Iterable[str], total: int) -> None:
    if (count := len({*listed})) < total:
        # An old Enterprise server shows 250 and has no pages; nothing may be lost.
        raise SourceError(
            "error-github-incomplete", host=repository.host, listed=count, total=total
        )


async def _list_all(repository: RepositoryApi, head: str) -> _Commits:
    listed: _Commits = {}
    async with aclosing(repository.pages(f"/commits?sha={head}&per_page={PAGE}", head)) as answers:
        async for answer in answers:
            listed |= {commit.sha: commit for commit in parse(CommitList, answer.body).root}
    return listed


def _newest_first(listed: Iterable[ListedCommit]) -> tuple[Node, ...]:
    nodes = {
        commit.sha: Node(
            commit.sha, tuple(parent.sha for parent in commit.parents), commit.committed_at
        )
        for commit in listed
    }
    return tuple(sorted(nodes.values(), key=lambda node: node.committed_at, reverse=True))
