"""One repository's paths of GitHub's REST API: asked under the name that it has by now."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final, final
from urllib.parse import quote

from analyzers.errors import InputError, RevisionNotFound, SourceError
from analyzers.text import clean_line
from bot.ports import Notice, Notify
from bot.sources.commits import is_object_name
from bot.sources.github_api import ATTEMPTS, JSON, SHA, Answer, GitHubApi
from bot.sources.github_json import RepositoryAnswer, parse

MAX_PAGES: Final = 1_000
"""Pages of a list that are read before it is taken for endless: 100,000 commits."""


@final
class RepositoryApi:
    """Asks about one repository."""

    def __init__(self, name: str, api: GitHubApi, notify: Notify, max_pages: int) -> None:
        """No request is made yet.

        Args:
            name: `owner/name`.
            api: who asks.
            notify: is told of a new name.
            max_pages: pages that one list is read to, at most.
        """
        self.name = name
        """As GitHub last called it."""
        self.host: Final = api.host
        self.max_pages: Final = max_pages
        self._api = api
        self._notify = notify

    async def read(self) -> RepositoryAnswer:
        """What GitHub says of it; its name is what it is called from now on."""
        answer = await self.get("")
        found = parse(RepositoryAnswer, answer.body)
        before, self.name = self.name, found.full_name
        if before.casefold() != self.name.casefold():
            self._notify(
                Notice("notice-repository-renamed", {"before": before, "after": self.name})
            )
        return found

    async def get(
        self,
        path: str,
        *,
        revision: str | None = None,
        accept: str = JSON,
        attempts: int = ATTEMPTS,
    ) -> Answer:
        """What stands at a path below the repository's own, or at an address that a page named.

        Raises:
            SourceError: as `GitHubApi.get`.
        """
        return await self._api.get(
            f"/repos/{quote(self.name)}{path}" if path[:1] in ("", "/") else path,
            repository=self.name,
            revision=revision,
            accept=accept,
            attempts=attempts,
        )

    async def get_revision(self, path: str, name: str, *, accept: str = JSON) -> Answer:
        """Ask about a branch or commit.

        Raises:
            RevisionNotFound: there is none of this name, though there is the repository.
        """
        asked = self.name
        try:
            answer = await self.get(path, revision=name, accept=accept)
        except RevisionNotFound:
            # GitHub says as much of a repository that is missing or empty: this one tells.
            await self.get("/commits?per_page=1")
            raise
        if answer.moved and self.name == asked:
            # A redirect names but the repository's number.
            await self.read()
        return answer

    async def pages(self, path: str, revision: str) -> AsyncGenerator[Answer]:
        """The pages of a list, by the addresses that GitHub names.

        Raises:
            InputError: it has more than are read.
        """
        answer = await self.get_revision(path, revision)
        for _ in range(self.max_pages):
            yield answer
            if answer.next_url is None:
                return
            answer = await self.get(answer.next_url)
        raise self.too_long()

    def too_long(self) -> InputError:
        """The error for a list of more pages than are read."""
        return InputError("error-too-many-commits", most=100 * self.max_pages)

    async def resolve(self, name: str) -> str:
        """The full name of the commit that a (short) SHA, branch or tag means: one request, which
        costs nothing when the answer is known and has not changed.

        Raises:
            RevisionNotFound: nothing or more than one thing is called so.
        """
        # GitHub knows `heads/main` and `tags/v1.0` and says nothing of `refs/heads/main`.
        path = f"/commits/{segment(name.removeprefix('refs/'))}"
        answer = await self.get_revision(path, name, accept=SHA)
        sha = answer.body[:65].decode(errors="replace").strip()
        if not is_object_name(sha):
            raise SourceError("error-github-unexpected", problem="no object name")
        return sha

    async def fixed(self, name: str) -> str:
        """The commit that a list starts from: a branch may move from one page to the next."""
        return name if is_object_name(name) else await self.resolve(name)


def segment(name: str) -> str:
    """A name as one part of a path.

    Raises:
        RevisionNotFound: no branch or commit can be called so, and the address would mean another.
    """
    if name in ("", ".", "..") or not name.isprintable():
        raise RevisionNotFound("error-revision-not-found", name=clean_line(name))
    return quote(name, safe="")
