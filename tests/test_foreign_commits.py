"""What belongs to another repository is not shown under the name of a public one: invariant 8.

A forge keeps a repository and its forks in one store. Here a commit that no branch leads to stands
for one of a private fork: GitHub shows it under the public name to who knows how its SHA begins.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.conversations import Speaker, text_of
from tests.repositories import Repo
from tests.servers.github import GitHubServer
from tests.servers.openai import OpenAIServer
from tests.whole_bot import Opened, github, opened, repo

__all__ = ["github", "opened", "repo"]

TITLE = "Raise the secret price"


@pytest.fixture
async def model() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer(api_key=None) as server:
        yield server


@pytest.fixture
def foreign(repo: Repo) -> str:
    """A commit of a private fork, whose parent is public."""
    tree = repo.git("rev-parse", "main~1^{tree}")
    return repo.git("commit-tree", tree, "-p", "main", "-m", TITLE)


async def test_a_commit_of_a_private_fork_is_not_shown_through_the_public_one(
    opened: Opened, repo: Repo, github: GitHubServer, model: OpenAIServer, foreign: str
) -> None:
    """Not by any name that the forge knows it by, and not where its analysis is cached, which was
    made where it may be read."""
    page = f"{github.origin}/acme/widget"
    asking: dict[str, object] = {"openai_base_url": model.base_url, "openai_model": "test-model"}
    granted = asking | {"commitcast_private_grants": "acme/widget=slack:T1/C9"}
    async with opened(**granted) as front:
        team = Speaker(front, "slack:T1/C9")
        assert TITLE in text_of((await team.says(f"acme/widget@{foreign}")).page)
        asked = len(model.requests)
        stranger = Speaker(front)
        await stranger.says("/subscribe acme/widget")
        for command in (
            f"/analyze acme/widget@{foreign}",
            f"/analyze acme/widget@{foreign[:7]}",
            f"/analyze {page}/commit/{foreign}",
            f"/analyze {page}/commit/{foreign[:7]}.patch",
            f"/analyze {foreign[:9]}",
            f"/analyze {page}/compare/main...{foreign}",
            f"/digest acme/widget main..{foreign}",
            f"/report acme/widget main..{foreign[:8]}",
        ):
            answer = await stranger.says(command)
            said = text_of(answer.page)
            assert answer.document is None, command
            assert TITLE not in said, command
            assert "has the commit" in said or "No commit" in said, (command, said)
        assert await front.preview(f"{page}/commit/{foreign}", "slack:T1/C1") is None
        assert len(model.requests) == asked


@pytest.mark.parametrize(
    "make",
    [
        ("update-ref", "refs/heads/main", "{}"),
        ("update-ref", "refs/heads/release/1.0", "{}"),
        ("update-ref", "refs/tags/v1.0", "{}"),
        ("update-ref", "refs/pull/7/head", "{}"),
        ("update-ref", "refs/heads/later", "{later}"),
    ],
    ids=lambda command: command[1],
)
async def test_what_a_repository_leads_to_is_its_own(
    make: tuple[str, ...], opened: Opened, repo: Repo, foreign: str
) -> None:
    later = repo.git("commit-tree", f"{foreign}^{{tree}}", "-p", foreign, "-m", "Go on")
    repo.git(*(word.format(foreign, later=later) for word in make))
    async with opened() as front:
        ada = Speaker(front)
        for command in (f"acme/widget@{foreign[:8]}", f"/analyze acme/widget@{foreign}"):
            assert TITLE in text_of((await ada.says(command)).page)
        base = repo.git("rev-parse", f"{foreign}~1")
        assert (await ada.says(f"/digest acme/widget {base}..{foreign}")).page.rows


@pytest.mark.parametrize("name", ["v0.9", "topic/one", "refs/heads/topic/one"])
async def test_a_branch_or_tag_is_known_by_its_name(
    name: str, opened: Opened, repo: Repo, github: GitHubServer, foreign: str
) -> None:
    """Also where there are too many of them to be looked through."""
    repo.git("update-ref", "refs/tags/v0.9" if "v0.9" in name else "refs/heads/topic/one", foreign)

    async def are_many(_: web.Request) -> web.Response:
        return web.json_response([])

    github.inject(are_many, path="/tags?")
    github.inject(are_many, path="/branches?")
    async with opened() as front:
        address = f"{github.origin}/acme/widget/commit/{name}"
        assert TITLE in text_of((await Speaker(front).says(f"/analyze {address}")).page)


async def test_what_reads_like_a_sha_is_no_name(
    opened: Opened, repo: Repo, github: GitHubServer, foreign: str
) -> None:
    """A branch that is called like the beginning of a SHA is found by where it leads."""
    repo.git("update-ref", f"refs/heads/{foreign[:8]}", "main~1")
    async with opened() as front:
        said = text_of((await Speaker(front).says(f"acme/widget@{foreign[:8]}")).page)
        assert "crash in add()" in said
        assert TITLE not in said
        said = text_of((await Speaker(front).says(f"acme/widget@{foreign[:7]}")).page)
        assert TITLE not in said
