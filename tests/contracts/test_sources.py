"""What every source of commits does alike, on one repository that has every oddity in it.

A new source is one more opener. What is expected is computed by git here, but for the commits
themselves: those are compared with what the git source reads, which shares no code with the server
that speaks for GitHub.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from analyzers.errors import EmptyRepository, RevisionNotFound
from analyzers.model import Commit, Range
from bot.ports import CommitSource, ResponseCache, StoredResponse, Window
from bot.sources.git import GitSource
from bot.sources.github import GitHubSource
from tests.git_reading import shas_of
from tests.oddities import ADA
from tests.repositories import START, Importer, Repo, Stamp, git, nasty_repository
from tests.servers.github import GitHubServer


class Forgetful(ResponseCache):
    """Keeps nothing."""

    async def get(self, key: str) -> StoredResponse | None:
        return None

    async def put(self, key: str, response: StoredResponse) -> None:
        pass


@asynccontextmanager
async def closing_twice(source: CommitSource) -> AsyncIterator[CommitSource]:
    try:
        yield source
    finally:
        await source.aclose()
        await source.aclose()


@asynccontextmanager
async def by_git(path: Path) -> AsyncIterator[CommitSource]:
    async with closing_twice(await GitSource.open_folder(path)) as source:
        yield source


@asynccontextmanager
async def by_github(path: Path) -> AsyncIterator[CommitSource]:
    async with GitHubServer(path) as server, closing_twice(on_github(server)) as source:
        yield source


def on_github(server: GitHubServer) -> GitHubSource:
    return GitHubSource(
        "acme/widget",
        api_url=server.api_url,
        token="a-token",
        cache=Forgetful(),
        notify=lambda notice: None,
    )


Opener = Callable[[Path], AbstractAsyncContextManager[CommitSource]]
OPENERS: dict[str, Opener] = {"git": by_git, "github": by_github}


@pytest.fixture(params=list(OPENERS.values()), ids=list(OPENERS))
def opener(request: pytest.FixtureRequest) -> Opener:
    """Every source that there is."""
    found: Opener = request.param
    return found


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nasty_repository(tmp_path_factory.mktemp("nasty") / "repository", 200, 1)


def listed(path: Path, *args: str) -> list[tuple[datetime, str]]:
    """Commits with their committer dates, the newest first, children before their parents."""
    lines = (line.split() for line in git(path, "rev-list", "--timestamp", *args).splitlines())
    dated = [(datetime.fromtimestamp(int(seconds), UTC), sha) for seconds, sha in lines]
    return sorted(dated, key=lambda commit: commit[0], reverse=True)


async def read(source: CommitSource, *shas: str) -> dict[str, Commit]:
    return {commit.sha: commit async for commit in source.read(shas)}


async def test_every_commit_is_the_same(opener: Opener, nasty: Path) -> None:
    shas = git(nasty, "rev-list", "--all").split()
    async with by_git(nasty) as source:
        expected = await read(source, *shas)
    async with opener(nasty) as source:
        found = await read(source, *shas)
    for sha in shas:
        assert found[sha] == expected[sha]
    assert found.keys() == expected.keys()


async def test_a_range_is_what_git_lists(opener: Opener, nasty: Path) -> None:
    """Invariant 1: forward, backward, across branches, empty."""
    names = [
        "main",
        "v1.0",
        "release/1.0",
        "功能/缓存",
        *git(nasty, "rev-list", "main").split()[::60],
    ]
    async with opener(nasty) as source:
        for base in names:
            for head in (names[0], names[-1], names[2]):
                expected = tuple(sha for _, sha in listed(nasty, f"{base}..{head}"))
                assert shas_of(await source.list_nodes(Range(base, head))) == expected


async def test_a_window_is_filtered_by_every_commit_s_own_clock(
    opener: Opener, nasty: Path
) -> None:
    """Invariant 1: the tip's clock is a year behind, others are years ahead."""
    everything = listed(nasty, "main")
    tip = git(nasty, "rev-parse", "main")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    hours = (0, 6, 12, 24, 31, 48, 72)
    windows = [(start + timedelta(hours=a), start + timedelta(hours=b)) for a, b in pairwise(hours)]
    windows.append((datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)))
    # Limits that fall on a commit: the first instant is in, the last is not.
    middle = [date for date, _ in everything if date >= start][40:60]
    windows.append((middle[-1], middle[0]))
    async with opener(nasty) as source:
        for since, until in windows:
            expected = tuple(sha for date, sha in everything if since <= date < until)
            assert shas_of(await source.list_nodes(Window(tip, since, until))) == expected


@dataclass(frozen=True)
class Tangle:
    """A repository in which histories lie to each other in every way."""

    path: Path
    commits: dict[str, str]
    """Full names by what they are called here."""

    def reach(self, names: Iterable[str]) -> set[str]:
        """What these reach, by the parents alone: git's own difference of two histories is wrong
        where clocks are."""
        lines = git(self.path, "rev-list", "--all", "--parents").splitlines()
        parents = {sha: more for sha, *more in map(str.split, lines)}
        left, reached = [self.commits[name] for name in names], set[str]()
        while left:
            if (sha := left.pop()) not in reached:
                reached.add(sha)
                left += parents[sha]
        return reached


@pytest.fixture(scope="module")
def tangle(tmp_path_factory: pytest.TempPathFactory) -> Tangle:
    repo = Repo(tmp_path_factory.mktemp("tangle") / "repository")
    made = {}
    for number in range(9):
        made[f"main {number}"] = repo.commit({"main": f"{number}\n"})
    repo.branch("shared", made["main 8"])
    made["shared"] = repo.commit({"shared": "0\n"})
    for number in (1, 2, 3):  # by a clock that is some minutes slow
        slow = repo.now - timedelta(minutes=30)
        made["slow"] = repo.commit({"shared": f"{number}\n"}, date=slow)
    repo.branch("late", made["main 2"])
    made["late"] = repo.commit({"late": "1\n"}, date=START - timedelta(days=40))
    repo.branch("other", made["shared"])
    made["other"] = repo.commit({"other": "1\n"})
    repo.branch("main")
    made["delivered"] = repo.merge("shared")
    made["merged late"] = repo.merge("late", "other")
    made["ahead"] = repo.commit({"main": "10\n"}, date=repo.now + timedelta(days=400))
    made["tip"] = repo.commit({"main": "11\n"})
    repo.branch("rewritten", made["main 5"])
    made["rewritten"] = repo.commit({"main": "new\n"})
    with Importer(repo.path) as history:
        stamp = Stamp(ADA, repo.now)
        made["unrelated"] = history.sha(history.commit("unrelated", "Start", {}, stamp, stamp))
    repo.branch("joined", made["tip"])
    made["joined"] = repo.merge("unrelated")
    return Tangle(repo.path, made)


@pytest.mark.parametrize(
    ("heads", "known"),
    [
        ("other", "delivered"),  # a slow clock hides from git that what it stands on is known
        ("tip", "delivered"),
        ("tip", "main 8"),
        ("tip", "tip"),
        ("main 5", "tip"),
        ("rewritten", "tip"),
        ("tip", "rewritten"),
        ("tip", "rewritten|delivered|late"),
        ("tip|rewritten|unrelated", "delivered|main 2"),
        ("rewritten|tip|main 8", "tip|main 5"),
        ("unrelated", "tip"),
        ("joined", "unrelated"),
        ("joined|late", "delivered|unrelated"),
        ("tip|unrelated", ""),
        ("", "tip"),
    ],
)
async def test_what_is_new_is_what_is_reached_and_not_known(
    opener: Opener, tangle: Tangle, heads: str, known: str
) -> None:
    """Invariants 1 and 2, whatever the clocks say."""
    starts, ends = ([name for name in names.split("|") if name] for names in (heads, known))
    async with opener(tangle.path) as source:
        nodes = await source.list_new(
            [tangle.commits[name] for name in starts], [tangle.commits[name] for name in ends]
        )
    shas = [node.sha for node in nodes]
    assert sorted(shas) == sorted(tangle.reach(starts) - tangle.reach(ends))
    told = git(tangle.path, "log", "--no-walk", "--format=%H %ct %P", *shas) if shas else ""
    places = {sha: (int(at), tuple(more)) for sha, at, *more in map(str.split, told.splitlines())}
    for node in nodes:
        assert (node.committed_at.timestamp(), node.parents) == places[node.sha]
        assert node.committed_at.tzinfo is UTC
    dates = [node.committed_at for node in nodes]
    assert dates == sorted(dates, reverse=True)


async def test_commits_of_one_second_are_new_before_their_parents(
    opener: Opener, tmp_path: Path
) -> None:
    repo = Repo(tmp_path / "second")
    shas = [repo.commit({"a": f"{number}\n"}, date=START) for number in range(5)]
    async with opener(repo.path) as source:
        nodes = await source.list_new([shas[-1]], [shas[0]])
    assert [node.sha for node in nodes] == shas[:0:-1]


async def test_a_window_tells_the_places_of_its_commits(opener: Opener, nasty: Path) -> None:
    window = Window(git(nasty, "rev-parse", "main"), START, START + timedelta(hours=7))
    async with opener(nasty) as source:
        nodes = await source.list_nodes(window)
        commits = await read(source, *(node.sha for node in nodes))
    assert any(node.parents[1:] for node in nodes)
    for node in nodes:
        commit = commits[node.sha]
        assert (node.parents, node.committed_at) == (commit.parents, commit.committed_at)


@pytest.mark.parametrize("missing", ["head", "known"])
async def test_a_commit_that_has_vanished_is_named(
    opener: Opener, tangle: Tangle, missing: str
) -> None:
    ends = {"head": tangle.commits["tip"], "known": tangle.commits["delivered"]}
    for name in ("d" * 40, "main"):
        heads, known = ([(ends | {missing: name})[end]] for end in ("head", "known"))
        async with opener(tangle.path) as source:
            with pytest.raises(RevisionNotFound) as caught:
                await source.list_new(heads, [*known, tangle.commits["main 2"]])
        assert caught.value.details["name"] == name


async def test_a_push_after_the_tip_was_looked_up_adds_nothing_to_a_window(
    opener: Opener, tmp_path: Path
) -> None:
    """Invariant 1: a digest holds what its head has, neither more nor less."""
    repo = Repo(tmp_path / "pushed")
    first = repo.commit({"a": "1\n"})
    since, until = START - timedelta(days=1), START + timedelta(days=9)
    async with opener(repo.path) as source:
        head = await source.head(None)
        repo.commit({"a": "2\n"})
        assert shas_of(await source.list_nodes(Window(head.sha, since, until))) == (first,)


async def test_a_window_on_no_commit_is_an_error(opener: Opener, nasty: Path) -> None:
    since, until = START, START + timedelta(days=1)
    async with opener(nasty) as source:
        for missing in ("d" * 40, "--all", ""):
            with pytest.raises(RevisionNotFound):
                await source.list_nodes(Window(missing, since, until))


async def test_the_tip_of_a_branch_is_known_by_its_name(opener: Opener, nasty: Path) -> None:
    async with opener(nasty) as source:
        for branch in ("main", "release/1.0", "功能/缓存"):
            head = await source.head(branch)
            [(date, sha)] = listed(nasty, "--max-count=1", branch)
            assert (head.branch, head.sha, head.committed_at) == (branch, sha, date)
            assert head.committed_at.tzinfo is UTC
        assert await source.head(None) == await source.head("main")
        for missing in ("nope", "v1.0", "refs", ""):
            with pytest.raises(RevisionNotFound):
                await source.head(missing)


async def test_the_branches_are_all_that_git_has(opener: Opener, tmp_path: Path) -> None:
    """More than a page of a forge's list, and every one of them has a tip."""
    repo = Repo(tmp_path / "many")
    sha = repo.commit({"a": "1\n"})
    names = ["main", "功能/缓存", "release/1.0", *(f"topic/{number:03}" for number in range(120))]
    created = "".join(f"update refs/heads/{name} {sha}\n" for name in names).encode()
    git(repo.path, "update-ref", "--stdin", stdin=created)
    repo.git("tag", "v1.0")
    async with opener(repo.path) as source:
        found = await source.branches()
        assert sorted(found) == sorted(names)
        for name in names[:3]:
            assert (await source.head(name)).sha == sha


async def test_an_empty_repository_has_no_branches(opener: Opener, tmp_path: Path) -> None:
    async with opener(Repo(tmp_path / "empty").path) as source:
        assert await source.branches() == ()


async def test_a_name_means_what_it_means_to_git(opener: Opener, nasty: Path) -> None:
    sha = git(nasty, "rev-parse", "main~70")
    names = (sha, sha[:7], sha[:12], "main", "v1.0", "light", "release/1.0", "功能/缓存", "HEAD")
    async with opener(nasty) as source:
        for name in names:
            assert await source.resolve(name) == git(nasty, "rev-parse", f"{name}^{{commit}}")


@pytest.mark.parametrize(
    "name",
    [
        "nope",
        "",
        "-h",
        "--all",
        "..",
        "main..v1.0",
        "0" * 40,
        "d" * 7,
        "abc",
        "main:readme.txt",
        "a\nb",
    ],
)
async def test_what_means_no_commit_is_not_found(opener: Opener, nasty: Path, name: str) -> None:
    async with opener(nasty) as source:
        with pytest.raises(RevisionNotFound):
            await source.resolve(name)
        for span in (Range(name, "main"), Range("main", name)):
            with pytest.raises(RevisionNotFound):
                await source.list_nodes(span)


async def test_a_short_sha_that_two_commits_have_is_not_guessed(
    opener: Opener, tmp_path: Path
) -> None:
    repo = Repo(tmp_path / "alike")
    with Importer(repo.path) as history:
        parents: list[str] = []
        for number in range(700):
            stamp = Stamp(ADA, START + timedelta(minutes=number))
            parents = [history.commit("main", "Go on", {}, stamp, stamp, parents)]
    short, count = Counter(sha[:4] for _, sha in listed(repo.path, "main")).most_common(1)[0]
    assert count > 1
    async with opener(repo.path) as source:
        with pytest.raises(RevisionNotFound):
            await source.resolve(short)


async def test_an_empty_repository_is_said_to_be_empty(opener: Opener, tmp_path: Path) -> None:
    async with opener(Repo(tmp_path / "empty").path) as source:
        for branch in (None, "main"):
            with pytest.raises(EmptyRepository):
                await source.head(branch)


async def test_every_commit_comes_once(opener: Opener, nasty: Path) -> None:
    shas = git(nasty, "rev-list", "--max-count=5", "main").split()
    async with opener(nasty) as source:
        found = [commit.sha async for commit in source.read([*shas, *shas])]
        assert sorted(found) == sorted(shas)
        assert [commit async for commit in source.read([])] == []


@pytest.mark.parametrize("name", ["d" * 40, "main", ""])
async def test_reading_what_is_no_commit_is_an_error(
    opener: Opener, nasty: Path, name: str
) -> None:
    async with opener(nasty) as source:
        with pytest.raises(RevisionNotFound):
            await read(source, name)


async def test_reading_may_end_early(opener: Opener, nasty: Path) -> None:
    shas = git(nasty, "rev-list", "main").split()
    async with opener(nasty) as source:
        async with aclosing(source.read(shas)) as reading:
            first = await anext(aiter(reading))
        assert first.sha in shas
        assert await read(source, *shas[:2])
