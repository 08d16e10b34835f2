"""Commits by GitHub's REST API, from github.com or an Enterprise server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, final
from urllib.parse import quote

from analyzers.errors import InputError, RevisionNotFound, SourceError
from analyzers.model import Commit, Range, Repository
from analyzers.text import clean_line
from bot.ports import CommitSource, Head, Node, Notice, Notify, ResponseCache, Selection, Window
from bot.sources.commits import is_object_name
from bot.sources.github_api import CONCURRENCY, DIFF, JSON, REAL_TIME, SHA, Answer, GitHubApi, Pace
from bot.sources.github_json import (
    BranchAnswer,
    BranchList,
    CommitAnswer,
    CommitList,
    Comparison,
    FileEntry,
    ListedCommit,
    PullAnswer,
    RepositoryAnswer,
    parse,
    to_commit,
    with_patches,
)
from bot.sources.locators import web_address

MAX_FILES: Final = 3_000
"""GitHub lists no more files of a commit (docs.github.com, "Get a commit")."""
MAX_PAGES: Final = 1_000
"""Pages of a list that are read before it is taken for endless: 100,000 commits."""
DIFF_ATTEMPTS: Final = 2
"""Tries to get a whole diff. GitHub gives up large ones after 10 s, again and again."""
NO_DIFF: Final = {
    "error-github-rejected",  # 406 or 422: too many files or lines
    "error-github-server",  # too much work
    "error-github-timeout",
    "error-github-too-large",
}
"""Errors after which a commit goes without the patches that only its whole diff has."""
SKEW: Final = timedelta(days=1)
"""How far the clocks of those who committed may be wrong, see `_list_window`."""
FIRST_DATE: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_DATE: Final = datetime(2099, 12, 31, tzinfo=UTC)
"""GitHub takes no other dates (docs.github.com, "List commits")."""


@final
class GitHubSource(CommitSource):
    """One repository on GitHub."""

    def __init__(
        self,
        owner_name: str,
        *,
        api_url: str,
        token: str | None,
        cache: ResponseCache,
        notify: Notify,
        max_wait: float = 3600.0,
        max_pages: int = MAX_PAGES,
        _pace: Pace = REAL_TIME,
    ) -> None:
        """No request is made yet.

        Args:
            owner_name: `owner/name`.
            api_url: `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise server.
            token: None asks anonymously, 60 requests an hour.
            cache: keeps GitHub's answers, so that asking again costs nothing.
            notify: is told of waits and of a new name.
            max_wait: seconds that one request waits for GitHub's limits, at most.
            max_pages: pages of 100 commits that one list is read to, at most.

        Raises:
            AccessRefused: the token cannot be one.
        """
        self._name = owner_name
        self._notify = notify
        self._max_pages = max_pages
        self._web = web_address(api_url)
        self._api = GitHubApi(
            api_url, token=token, cache=cache, notify=notify, max_wait=max_wait, pace=_pace
        )

    @property
    def repository(self) -> Repository:
        """The name that GitHub last used, and its page."""
        return Repository(self._name, f"{self._web}/{self._name}")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()

    async def head(self, branch: str | None) -> Head:
        """One request; one more for the default branch."""
        if branch is None:
            branch = (await self._read_repository()).default_branch
        try:
            answer = await self._get_revision(f"/branches/{_segment(branch)}", branch)
        except RevisionNotFound as exc:
            raise RevisionNotFound("error-branch-not-found", name=clean_line(branch)) from exc
        found = parse(BranchAnswer, answer.body)
        return Head(found.name, found.commit.sha, found.commit.committed_at)

    async def branches(self) -> tuple[str, ...]:
        """Pages of 100 names."""
        names: list[str] = []
        async for answer in self._pages("/branches?per_page=100", "branches"):
            names += [branch.name for branch in parse(BranchList, answer.body).root]
        return tuple(names)

    async def pull_request(self, number: int) -> Range:
        """One request."""
        try:
            answer = await self._get_revision(f"/pulls/{number}", f"#{number}")
        except RevisionNotFound as exc:
            raise RevisionNotFound("error-pull-request-not-found", number=number) from exc
        found = parse(PullAnswer, answer.body)
        return Range(found.base.sha, found.head.sha)

    async def is_public(self) -> bool:
        """One request."""
        return not (await self._read_repository()).private

    async def resolve(self, name: str) -> str:
        """One request, which costs nothing when the answer is known and has not changed."""
        # GitHub knows `heads/main` and `tags/v1.0` and says nothing of `refs/heads/main`.
        path = f"/commits/{_segment(name.removeprefix('refs/'))}"
        answer = await self._get_revision(path, name, accept=SHA)
        sha = answer.body[:65].decode(errors="replace").strip()
        if not is_object_name(sha):
            raise SourceError("error-github-unexpected", problem="no object name")
        return sha

    async def list_shas(self, selection: Selection) -> tuple[str, ...]:
        """Pages of 100 commits."""
        if isinstance(selection, Window):
            listed = await self._list_window(selection)
        else:
            listed = await self._list_range(selection)
        dates = {commit.sha: commit.committed_at for commit in listed}
        return tuple(sorted(dates, key=dates.__getitem__, reverse=True))

    async def list_new(self, heads: Sequence[str], known: Sequence[str]) -> tuple[Node, ...]:
        """A comparison of each head with what is known, until nothing of it is new."""
        found: dict[str, ListedCommit] = {}
        for head in heads:
            if head in known:
                continue
            new: dict[str, ListedCommit] | None = None
            for base in known:
                listed = {c.sha: c for c in await self._list_range(Range(base, head))}
                new = listed if new is None else {s: c for s, c in new.items() if s in listed}
                if not new:
                    break
            found |= {c.sha: c for c in await self._list_all(head)} if new is None else new
        nodes = [
            Node(c.sha, tuple(p.sha for p in c.parents), c.committed_at) for c in found.values()
        ]
        return tuple(sorted(nodes, key=lambda node: node.committed_at, reverse=True))

    async def read(self, shas: Sequence[str]) -> AsyncGenerator[Commit]:
        """A request for each commit, more for one of many files; a few under way at once."""
        tasks: set[asyncio.Task[Commit]] = set()
        left = iter(dict.fromkeys(shas))
        try:
            while True:
                for sha in left:
                    tasks.add(asyncio.create_task(self._read_commit(sha)))
                    if len(tasks) >= CONCURRENCY:
                        break
                if not tasks:
                    return
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    commit = task.result()
                    tasks.remove(task)
                    yield commit
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _fixed(self, name: str) -> str:
        """The commit that a list starts from: a branch may move from one page to the next."""
        return name if is_object_name(name) else await self.resolve(name)

    async def _list_range(self, span: Range) -> list[ListedCommit]:
        """What a comparison lists: what the head has and the base has not, however they lie to
        each other; of a history that was rewritten, too."""
        base, head = await self._fixed(span.base), await self._fixed(span.head)
        listed: list[ListedCommit] = []
        total = 0
        try:
            async for answer in self._pages(f"/compare/{base}...{head}?per_page=100", base):
                page = parse(Comparison, answer.body)
                listed += page.commits
                total = page.total_commits
        except RevisionNotFound:
            # Says which of them is missing; if none is, they have no common ancestor, which
            # GitHub does not compare.
            await self.resolve(base)
            await self.resolve(head)
            return await self._list_all(head)
        if len({commit.sha for commit in listed}) < total:
            # An old Enterprise server shows 250 and has no pages; nothing may be lost.
            raise SourceError(
                "error-github-incomplete", host=self._api.host, listed=len(listed), total=total
            )
        # Oldest first, unlike every other list; the order holds among commits of the same second.
        return listed[::-1]

    async def _list_all(self, head: str) -> list[ListedCommit]:
        listed: list[ListedCommit] = []
        async for answer in self._pages(f"/commits?sha={head}&per_page=100", head):
            listed += parse(CommitList, answer.body).root
        return listed

    async def _list_window(self, window: Window) -> list[ListedCommit]:
        """The commits of a window, by their own dates.

        `since` is not sent: a walk that ends at the first commit before it is hidden everything by
        one tip with a wrong clock. Newer commits are left out by `until`, which ends no walk, and
        the list, which comes by date, is read until a whole page lies before the window by more
        than the skew of clocks that is usual.
        """
        if window.until <= FIRST_DATE:
            return []
        head = await self._fixed(window.head)
        path = f"/commits?sha={head}&per_page=100"
        if window.until < LAST_DATE:
            # A second more: whether GitHub's `until` counts the instant itself is not said.
            until = window.until + timedelta(seconds=1)
            path += f"&until={until:%Y-%m-%dT%H:%M:%SZ}"
        listed: list[ListedCommit] = []
        async for answer in self._pages(path, head):
            page = parse(CommitList, answer.body).root
            listed += [c for c in page if window.since <= c.committed_at < window.until]
            if all(window.since - commit.committed_at > SKEW for commit in page):
                break
        return listed

    async def _pages(self, path: str, revision: str) -> AsyncIterator[Answer]:
        """The pages of a list, by the addresses that GitHub names."""
        answer = await self._get_revision(path, revision)
        for _ in range(self._max_pages):
            yield answer
            if answer.next_url is None:
                return
            answer = await self._api.get(answer.next_url, repository=self._name)
        raise InputError("error-too-many-commits", most=100 * self._max_pages)

    async def _read_commit(self, sha: str) -> Commit:
        if not is_object_name(sha):
            raise RevisionNotFound("error-revision-not-found", name=clean_line(sha))
        answer = await self._get_revision(f"/commits/{sha}", sha)
        first = parse(CommitAnswer, answer.body)
        if first.sha != sha:
            raise SourceError("error-github-unexpected", problem="another commit than asked for")
        if len(first.parents) > 1:
            return to_commit(first, ())
        files: list[FileEntry] = list(first.files or ())
        while answer.next_url is not None and len(files) < MAX_FILES:
            answer = await self._api.get(answer.next_url, repository=self._name, revision=sha)
            page = parse(CommitAnswer, answer.body).files
            if not page:
                break
            files += page
        if any(file.lacks_patch for file in files):
            files = with_patches(files, await self._read_diff(sha))
        return to_commit(first, files)

    async def _read_diff(self, sha: str) -> str:
        """A commit's whole diff, empty where GitHub does not make it."""
        try:
            answer = await self._api.get(
                self._path(f"/commits/{sha}"),
                repository=self._name,
                accept=DIFF,
                attempts=DIFF_ATTEMPTS,
            )
        except SourceError as exc:
            if exc.code not in NO_DIFF:
                raise
            return ""
        return answer.body.decode(errors="replace")

    async def _get_revision(self, path: str, name: str, *, accept: str = JSON) -> Answer:
        """Ask about a branch or commit."""
        asked = self._name
        try:
            answer = await self._api.get(
                self._path(path), repository=asked, revision=name, accept=accept
            )
        except RevisionNotFound:
            # GitHub says as much of a repository that is missing or empty: this one tells.
            await self._api.get(self._path("/commits?per_page=1"), repository=asked)
            raise
        if answer.moved and self._name == asked:
            await self._read_repository()
        return answer

    async def _read_repository(self) -> RepositoryAnswer:
        """Read what the repository is called now: a redirect names but its number."""
        answer = await self._api.get(self._path(""), repository=self._name)
        found = parse(RepositoryAnswer, answer.body)
        before, self._name = self._name, found.full_name
        if before.casefold() != self._name.casefold():
            self._notify(
                Notice("notice-repository-renamed", {"before": before, "after": self._name})
            )
        return found

    def _path(self, path: str) -> str:
        return f"/repos/{quote(self._name)}{path}"


def _segment(name: str) -> str:
    """A name as one part of a path.

    Raises:
        RevisionNotFound: no branch or commit can be called so, and the address would mean another.
    """
    if name in ("", ".", "..") or not name.isprintable():
        raise RevisionNotFound("error-revision-not-found", name=clean_line(name))
    return quote(name, safe="")
