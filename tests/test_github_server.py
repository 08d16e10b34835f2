"""The server that stands for GitHub is as strict as GitHub: a source that passes was careful."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.oddities import ADA
from tests.repositories import Importer, Repo, Stamp, git
from tests.servers.github import GitHubServer

DAY = datetime(2026, 1, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 commits, an hour apart; the tip's clock is wrong by years."""
    repo = Repo(tmp_path_factory.mktemp("long"), bare=True)
    with Importer(repo.path) as history:
        parents: list[str] = []
        for number in range(300):
            at = (
                datetime(1999, 1, 1, tzinfo=UTC) if number == 299 else DAY + timedelta(hours=number)
            )
            stamp = Stamp(ADA, at)
            parents = [history.commit("main", f"Change {number}", {}, stamp, stamp, parents)]
    return repo.path


@pytest.fixture
async def server(path: Path) -> AsyncIterator[GitHubServer]:
    async with GitHubServer(path) as server:
        yield server


@pytest.fixture
async def client(server: GitHubServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{server.api_url}/repos/acme/widget") as client:
        yield client


@pytest.mark.parametrize(
    ("url", "headers", "status"),
    [
        ("/commits", {}, 200),
        ("/commits", {"User-Agent": ""}, 403),
        ("/commits", {"X-GitHub-Api-Version": "1999-01-01"}, 400),
        ("/commits", {"Authorization": "Bearer wrong"}, 401),
        ("/commits/", {}, 404),
        ("/commits?since=1969-12-31T00:00:00Z", {}, 422),
        ("/commits?until=2100-01-01T00:00:00Z", {}, 422),
        ("/commits?until=2026-01-06", {}, 422),
        ("/commits/nope", {}, 422),
        ("/branches/nope", {}, 404),
        ("/git/ref/heads/main", {}, 200),
        ("/compare/main...nope", {}, 404),
        ("/elsewhere", {}, 404),
    ],
)
async def test_what_github_refuses_is_refused(
    client: httpx.AsyncClient, url: str, headers: dict[str, str], status: int
) -> None:
    answer = await client.get(url, headers=headers)
    assert answer.status_code == status
    assert "x-ratelimit-remaining" in answer.headers


async def test_lists_have_thirty_entries_unless_more_are_asked_for_and_never_more_than_a_hundred(
    client: httpx.AsyncClient,
) -> None:
    for query, count in (("", 30), ("?per_page=100", 100), ("?per_page=500", 100)):
        assert len((await client.get(f"/commits{query}")).json()) == count


async def test_a_comparison_without_pages_ends_at_the_newest_250(
    client: httpx.AsyncClient, path: Path
) -> None:
    *_, first = git(path, "rev-list", "main").split()
    answer = (await client.get(f"/compare/{first}...main")).json()
    assert (answer["status"], answer["total_commits"], len(answer["commits"])) == (
        "ahead",
        299,
        250,
    )
    assert answer["commits"][-1]["sha"] == git(path, "rev-parse", "main")


async def test_since_stops_at_an_old_tip_as_git_does(
    client: httpx.AsyncClient, server: GitHubServer
) -> None:
    since = "/commits?since=2026-01-06T00:00:00Z"
    assert (await client.get(since)).json() == []
    server.since_stops = False
    assert len((await client.get(since)).json()) == 30


async def test_an_unchanged_answer_costs_only_those_who_have_no_token(
    client: httpx.AsyncClient, server: GitHubServer
) -> None:
    for token, cost in (({}, 1), ({"Authorization": "Bearer a-token"}, 0)):
        etag = (await client.get("/commits", headers=token)).headers["etag"]
        before = server.counted
        again = await client.get("/commits", headers={**token, "If-None-Match": etag})
        assert (again.status_code, again.content, "link" in again.headers) == (304, b"", False)
        assert server.counted - before == cost


async def test_the_primary_limit_refuses_when_it_is_used_up(
    client: httpx.AsyncClient, server: GitHubServer
) -> None:
    server.limit = 2
    assert [(await client.get("/commits")).status_code for _ in range(3)] == [200, 200, 403]
