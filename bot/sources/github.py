"""Commits by GitHub's REST API, from github.com or an Enterprise server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final, final

from analyzers.errors import RevisionNotFound, SourceError
from analyzers.model import Commit, Range, Repository
from analyzers.text import clean_line
from bot.monitoring.metrics import Metrics
from bot.ports import CommitSource, Head, Node, Notify, ResponseCache, Selection, Window
from bot.sources import commits, github_lists
from bot.sources.commits import is_object_name
from bot.sources.github_api import CONCURRENCY, DIFF, REAL_TIME, GitHubApi, Pace
from bot.sources.github_json import (
    BranchAnswer,
    BranchList,
    CommitAnswer,
    FileEntry,
    PullAnswer,
    parse,
    to_commit,
    with_patches,
)
from bot.sources.github_reach import leads_to
from bot.sources.github_repository import MAX_PAGES, RepositoryApi, segment
from bot.sources.locators import web_address

MAX_FILES: Final = 3_000
"""GitHub lists no more files of a commit (docs.github.com, "Get a commit")."""
DIFF_ATTEMPTS: Final = 2
"""Tries to get a whole diff. GitHub gives up large ones after 10 s, again and again."""
NO_DIFF: Final = {
    "error-github-rejected",  # 406 or 422: too many files or lines
    "error-github-server",  # too much work
    "error-github-timeout",
    "error-github-too-large",
}
"""Errors after which a commit goes without the patches that only its whole diff has."""


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
        metrics: Metrics | None = None,
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
            metrics: counts GitHub's answers.

        Raises:
            AccessRefused: the token cannot be one.
        """
        self._web = web_address(api_url)
        self._api = GitHubApi(
            api_url,
            token=token,
            cache=cache,
            notify=notify,
            max_wait=max_wait,
            metrics=metrics or Metrics(),
            pace=_pace,
        )
        self._asked = RepositoryApi(owner_name, self._api, notify, max_pages)

    @property
    def repository(self) -> Repository:
        """The name that GitHub last used, and its page."""
        return Repository(self._asked.name, f"{self._web}/{self._asked.name}")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()

    async def head(self, branch: str | None) -> Head:
        """One request; one more for the default branch."""
        if branch is None:
            branch = (await self._asked.read()).default_branch
        try:
            answer = await self._asked.get_revision(f"/branches/{segment(branch)}", branch)
        except RevisionNotFound as exc:
            raise RevisionNotFound("error-branch-not-found", name=clean_line(branch)) from exc
        found = parse(BranchAnswer, answer.body)
        return Head(found.name, found.commit.sha, found.commit.committed_at)

    async def branches(self) -> tuple[str, ...]:
        """Pages of 100 names."""
        names: list[str] = []
        async for answer in self._asked.pages("/branches?per_page=100", "branches"):
            names += [branch.name for branch in parse(BranchList, answer.body).root]
        return tuple(names)

    async def pull_request(self, number: int) -> Range:
        """One request."""
        try:
            answer = await self._asked.get_revision(f"/pulls/{number}", f"#{number}")
        except RevisionNotFound as exc:
            raise RevisionNotFound("error-pull-request-not-found", number=number) from exc
        found = parse(PullAnswer, answer.body)
        return Range(found.base.sha, found.head.sha)

    async def is_public(self) -> bool:
        """One request."""
        return not (await self._asked.read()).private

    async def resolve(self, name: str) -> str:
        """One request, which costs nothing when the answer is known and has not changed."""
        return await self._asked.resolve(name)

    async def leads_to(self, name: str, sha: str) -> bool:
        """Two requests for a commit of the default branch, some dozen for one that is nowhere."""
        return await leads_to(self._asked, name, sha)

    async def list_nodes(self, selection: Selection) -> tuple[Node, ...]:
        """Pages of 100 commits."""
        match selection:
            case Range(base, head):
                known = await self._asked.fixed(base)
                return await self.list_new([await self._asked.fixed(head)], [known])
            case Window():
                return await github_lists.list_window(self._asked, selection)

    async def list_new(self, heads: Sequence[str], known: Sequence[str]) -> tuple[Node, ...]:
        """Pages of 100 commits for each head that is not known, and some for each further commit
        that is. What is known and need not be asked about is not missed."""
        return await github_lists.list_new(self._asked, heads, known)

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

    async def _read_commit(self, sha: str) -> Commit:
        if not is_object_name(sha):
            raise RevisionNotFound("error-revision-not-found", name=clean_line(sha))
        answer = await self._asked.get_revision(f"/commits/{sha}", sha)
        first = parse(CommitAnswer, answer.body)
        if first.sha != sha:
            raise SourceError("error-github-unexpected", problem="another commit than asked for")
        if len(first.parents) > 1:
            return to_commit(first, ())
        files: list[FileEntry] = list(first.files or ())
        while answer.next_url is not None and len(files) < MAX_FILES:
            answer = await self._asked.get(answer.next_url, revision=sha)
            page = parse(CommitAnswer, answer.body).files
            if not page:
                break
            files += page
        if any(file.lacks_patch for file in files):
            files = with_patches(files, await self._read_diff(sha))
        size = sum(len(file.patch or "") for file in files)
        return await commits.built(lambda: to_commit(first, files), size)

    async def _read_diff(self, sha: str) -> str:
        """A commit's whole diff, empty where GitHub does not make it."""
        try:
            answer = await self._asked.get(f"/commits/{sha}", accept=DIFF, attempts=DIFF_ATTEMPTS)
        except SourceError as exc:
            if exc.code not in NO_DIFF:
                raise
            return ""
        return answer.body.decode(errors="replace")
