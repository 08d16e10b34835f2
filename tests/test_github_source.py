"""The GitHub source against a server that speaks GitHub's API from a real repository.

That its commits equal those of the git source is held by tests/contracts/test_sources.py.
"""

from __future__ import annotations

import asyncio
import json
import logging
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import stamina
from aiohttp import web
from redis.asyncio import Redis

from analyzers.errors import (
    AccessRefused,
    EmptyRepository,
    InputError,
    RateLimited,
    RepositoryNotFound,
    RevisionNotFound,
    SourceError,
)
from analyzers.model import MAX_PATCH_BYTES, Commit, Range
from bot.ports import Notice, Window
from bot.sources.github import GitHubSource
from bot.sources.github_api import CONCURRENCY, REAL_TIME, Pace
from bot.sources.github_repository import MAX_PAGES
from bot.sources.locators import web_address
from bot.stores.responses import RedisResponseCache
from tests.git_reading import shas_of
from tests.oddities import ADA
from tests.repositories import Importer, Repo, Stamp, git
from tests.servers.github import Fault, GitHubServer
from tests.servers.github_faults import (
    drip,
    drop,
    hang,
    primary_limit,
    says,
    secondary_limit,
    sends,
)

DAY = datetime(2026, 1, 6, tzinfo=UTC)
LARGE = "".join(f"row {number}\n" for number in range(20_000))

Opened = Callable[..., GitHubSource]


@pytest.fixture(autouse=True)
def retries_at_once() -> Iterator[None]:
    """As many retries as ever, without the pauses."""
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some commits of every shape: branches, a merge, a tag, a large patch, a wrong clock."""
    repo = Repo(tmp_path_factory.mktemp("small"))
    repo.now = DAY
    repo.commit({"a.py": "a = 1\n"}, "Start")
    repo.commit({"a.py": "a = 2\n", "image.png": b"\0\1"}, "Second")
    repo.git("tag", "-a", "v1.0", "-m", "One")
    repo.branch("feature/cache")
    repo.commit({"cache.py": "c = 1\n"}, "On a branch")
    repo.branch("main")
    repo.merge("feature/cache", files={"cache.py": "c = 1\n"})
    repo.commit({"table.csv": LARGE, "a.py": "a = 3\n"}, "A large table")
    repo.branch("skewed", "main")
    repo.commit({"b.py": "b = 1\n"}, "By a clock of 1999", date=datetime(1999, 1, 1, tzinfo=UTC))
    return repo.path


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of 620 commits, four hours apart."""
    repo = Repo(tmp_path_factory.mktemp("long"), bare=True)
    with Importer(repo.path) as history:
        parents: list[str] = []
        for number in range(620):
            stamp = Stamp(ADA, DAY + timedelta(hours=4 * number))
            parents = [history.commit("main", f"Change {number}", {}, stamp, stamp, parents)]
    return repo.path


@pytest.fixture
def notices() -> list[Notice]:
    return []


@pytest.fixture
async def opened(redis: Redis, notices: list[Notice]) -> AsyncIterator[Opened]:
    """Opens sources on the real cache and closes them."""
    sources: list[GitHubSource] = []

    def open_source(
        server: GitHubServer,
        *,
        name: str = "acme/widget",
        token: str | None = "a-token",
        pace: Pace = REAL_TIME,
        max_wait: float = 3600.0,
        max_pages: int = MAX_PAGES,
    ) -> GitHubSource:
        source = GitHubSource(
            name,
            api_url=server.api_url,
            token=token,
            cache=RedisResponseCache(redis),
            notify=notices.append,
            max_wait=max_wait,
            max_pages=max_pages,
            _pace=pace,
        )
        sources.append(source)
        return source

    yield open_source
    for source in sources:
        await source.aclose()
        await source.aclose()


def tip(path: Path, branch: str) -> str:
    return git(path, "rev-parse", branch)


async def commits(source: GitHubSource, *shas: str) -> list[Commit]:
    return [commit async for commit in source.read(shas)]


def names(path: Path, *args: str) -> list[str]:
    return git(path, "rev-list", *args).split()


# Listing


@pytest.mark.parametrize("count", [0, 1, 100, 101, 251, 619])
async def test_a_range_of_any_length_is_listed_whole(
    long: Path, opened: Opened, count: int
) -> None:
    """Invariant 1."""
    base = names(long, "main")[count]
    async with GitHubServer(long) as server:
        listed = shas_of(await opened(server).list_nodes(Range(base, "main")))
    assert list(listed) == names(long, f"{base}..main")


async def test_pages_are_reached_by_the_links_that_github_names(long: Path, opened: Opened) -> None:
    *_, first = names(long, "main")
    async with GitHubServer(long) as server:
        await opened(server).list_nodes(Range(first, "main"))
        pages = [seen.target for seen in server.seen if "/compare/" in seen.target]
    assert len(pages) == 7
    assert all("/repositories/1/" in page for page in pages[1:])


async def test_a_rewritten_history_lists_what_the_head_has_and_the_base_has_not(
    small: Path, opened: Opened
) -> None:
    """Invariant 1: diverged, behind, and the same."""
    main, side, early = (git(small, "rev-parse", n) for n in ("main", "feature/cache", "main~2"))
    async with GitHubServer(small) as server:
        source = opened(server)
        for base, head in ((main, "skewed"), ("skewed", main), (early, side), (side, early)):
            listed = shas_of(await source.list_nodes(Range(base, head)))
            assert list(listed) == names(small, "--date-order", f"{base}..{head}")
        assert await source.list_nodes(Range(main, main)) == ()


async def test_histories_without_a_common_ancestor_list_the_whole_head(
    tmp_path: Path, opened: Opened
) -> None:
    """Invariant 1: GitHub refuses to compare them."""
    repo = Repo(tmp_path / "two")
    old = repo.commit({"a": "1"})
    repo.git("checkout", "-q", "--orphan", "new")
    repo.branch("new", old)
    repo.git("update-ref", "-d", "refs/heads/new")
    new = [repo.commit({"b": str(number)}) for number in range(3)]
    async with GitHubServer(repo.path) as server:
        assert list(shas_of(await opened(server).list_nodes(Range(old, new[-1])))) == new[::-1]


async def test_a_list_that_lacks_commits_is_an_error(small: Path, opened: Opened) -> None:
    """Invariant 1: old Enterprise servers stop at 250 without a word."""
    async with GitHubServer(small) as server:
        server.inject(sends(b'{"total_commits": 300, "commits": []}'), path="/compare/")
        with pytest.raises(SourceError) as caught:
            await opened(server).list_nodes(Range("a" * 40, "b" * 40))
    assert (caught.value.code, caught.value.details["total"]) == ("error-github-incomplete", 300)


async def test_an_endless_list_ends(small: Path, opened: Opened) -> None:
    async with GitHubServer(small) as server:
        link = f'<{server.api_url}/repositories/1/compare/again>; rel="next"'
        answer = sends(b'{"total_commits": 1, "commits": []}', Link=link)
        server.inject(answer, times=100, path="/compare/")
        with pytest.raises(InputError, match="too-many-commits"):
            await opened(server, max_pages=5).list_nodes(Range("a" * 40, "b" * 40))


async def test_what_is_new_is_asked_for_until_nothing_is_left_of_it(
    long: Path, opened: Opened
) -> None:
    main = names(long, "main")
    async with GitHubServer(long) as server:
        source = opened(server)
        assert await source.list_new([main[0], main[9]], [main[9], main[0]]) == ()
        assert server.seen == []  # both are known
        new = await source.list_new([main[3], main[5]], [main[8], main[8]])
        assert [node.sha for node in new] == main[3:8]
        assert len(server.seen) == 1  # the second head is new with the first
        assert await source.list_new([main[3]], [main[1], main[8], main[9]]) == ()
        assert len(server.seen) == 2


async def test_what_a_distant_commit_lacks_is_looked_for_from_its_end(
    long: Path, opened: Opened
) -> None:
    """Invariant 1: a release of last year lacks thousands, and the new ones are the last."""
    main = names(long, "main")
    async with GitHubServer(long) as server:
        new = await opened(server).list_new([main[0]], [main[110], main[-1]])
        assert [node.sha for node in new] == main[:110]
        pages = [seen.target.partition("page=100")[2] for seen in server.seen]
    assert pages == ["", "&page=2", "", "&page=7", "&page=6"]


async def test_a_comparison_that_lacks_what_is_looked_for_is_an_error(
    long: Path, opened: Opened
) -> None:
    """Invariant 1: what is not found in it would be taken for known."""
    main = names(long, "main")
    async with GitHubServer(long) as server:
        some = sends(b'{"total_commits": 100, "commits": []}')
        server.inject(some, path=f"/compare/{main[-1]}")
        with pytest.raises(SourceError, match="github-incomplete"):
            await opened(server).list_new([main[0]], [main[9], main[-1]])


@pytest.mark.parametrize("missing", ["base", "head"])
async def test_the_end_of_a_range_that_is_missing_is_named(
    small: Path, opened: Opened, missing: str
) -> None:
    ends = {"base": "main", "head": "main"} | {missing: "d" * 40}
    async with GitHubServer(small) as server:
        with pytest.raises(RevisionNotFound) as caught:
            await opened(server).list_nodes(Range(ends["base"], ends["head"]))
    assert caught.value.details["name"] == "d" * 40


async def test_a_window_ends_where_it_says(long: Path, opened: Opened) -> None:
    since, until = DAY + timedelta(hours=400), DAY + timedelta(hours=440)
    async with GitHubServer(long) as server:
        listed = shas_of(await opened(server).list_nodes(Window(tip(long, "main"), since, until)))
    assert list(listed) == names(long, "main")[-110:-100]


async def test_a_window_reads_no_more_pages_than_it_needs(long: Path, opened: Opened) -> None:
    newest = DAY + timedelta(hours=4 * 620)
    async with GitHubServer(long) as server:
        window = Window(tip(long, "main"), newest - timedelta(days=1), newest)
        await opened(server).list_nodes(window)
        assert all("/commits?" in seen.target for seen in server.seen)
        assert len(server.seen) <= 2


async def test_a_tip_with_a_wrong_clock_hides_nothing(small: Path, opened: Opened) -> None:
    """Invariant 1: a list with `since` would be empty."""
    window = Window(tip(small, "skewed"), DAY, DAY + timedelta(days=1))
    async with GitHubServer(small) as server:
        listed = shas_of(await opened(server).list_nodes(window))
    assert set(listed) == set(names(small, "main"))


async def test_a_window_asks_for_no_date_that_github_refuses(small: Path, opened: Opened) -> None:
    ever = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    before = datetime(1969, 1, 1, tzinfo=UTC)
    async with GitHubServer(small) as server:
        source = opened(server)
        window = Window(tip(small, "main"), before, before + timedelta(days=9))
        assert await source.list_nodes(window) == ()
        assert server.seen == []
        assert len(await source.list_nodes(Window(tip(small, "skewed"), before, ever))) == 6


# Heads and names


async def test_a_branch_with_a_slash_is_one_part_of_the_path(small: Path, opened: Opened) -> None:
    async with GitHubServer(small) as server:
        head = await opened(server).head("feature/cache")
        assert server.seen[0].target.endswith("/branches/feature%2Fcache")
    assert head.sha == git(small, "rev-parse", "feature/cache")


async def test_no_branch_means_the_default_branch(small: Path, opened: Opened) -> None:
    async with GitHubServer(small) as server:
        assert (await opened(server).head(None)).branch == "main"


async def test_a_repository_is_public_unless_github_says_that_it_is_private(
    small: Path, opened: Opened
) -> None:
    """Invariant 8."""
    async with GitHubServer(small) as server:
        assert await opened(server, token=None).is_public()
    async with GitHubServer(small, private=True) as server:
        assert not await opened(server).is_public()
        stranger = opened(server, token=None)
        for ask in (stranger.is_public, stranger.branches):
            with pytest.raises(RepositoryNotFound):
                await ask()


@pytest.mark.parametrize("name", ["nope", "", ".", "..", "a..b", "main~1", "main^{tree}", "a b"])
async def test_what_is_no_branch_or_commit_is_not_found(
    small: Path, opened: Opened, name: str
) -> None:
    async with GitHubServer(small) as server:
        source = opened(server)
        for ask in (source.head, source.resolve):
            with pytest.raises(RevisionNotFound) as caught:
                await ask(name)
            assert caught.value.details["name"] == name


@pytest.mark.parametrize("name", ["v1.0", "main", "feature/cache", "refs/heads/main", "HEAD"])
async def test_a_name_resolves_to_its_commit(small: Path, opened: Opened, name: str) -> None:
    async with GitHubServer(small) as server:
        sha = git(small, "rev-parse", f"{name}^{{commit}}")
        source = opened(server)
        assert await source.resolve(name) == sha
        assert await source.resolve(sha[:7]) == sha


async def test_an_empty_repository_is_told_from_a_missing_one(
    tmp_path: Path, opened: Opened
) -> None:
    async with GitHubServer(Repo(tmp_path / "empty").path) as server:
        source, other = opened(server), opened(server, name="acme/other")
        for branch in (None, "main"):
            with pytest.raises(EmptyRepository):
                await source.head(branch)
            with pytest.raises(RepositoryNotFound):
                await other.head(branch)
        with pytest.raises(EmptyRepository):
            await source.resolve("main")
        with pytest.raises(EmptyRepository):
            await source.list_nodes(Range("a" * 40, "b" * 40))


# Reading


async def test_a_merge_has_no_files_and_costs_one_request(small: Path, opened: Opened) -> None:
    async with GitHubServer(small) as server:
        (merge,) = await commits(opened(server), git(small, "rev-parse", "main~1"))
        assert len(server.seen) == 1
    assert (merge.files, merge.additions, merge.is_merge) == ((), 0, True)


async def test_a_patch_that_github_leaves_out_is_taken_from_the_whole_diff(
    small: Path, opened: Opened
) -> None:
    async with GitHubServer(small) as server:
        (commit,) = await commits(opened(server), git(small, "rev-parse", "main"))
        assert len(server.seen) == 2
    small_file, table = commit.files
    assert small_file.patch == "@@ -1 +1 @@\n-a = 2\n+a = 3"
    assert table.patch is not None
    assert table.patch.splitlines()[1:] == [f"+{row}" for row in LARGE.splitlines()]


@pytest.mark.parametrize("status", [406, 422, 500, 503])
async def test_a_diff_that_github_does_not_make_leaves_the_patch_out(
    small: Path, opened: Opened, status: int
) -> None:
    async with GitHubServer(small) as server:
        server.inject(says(status), times=9, accept="diff")
        (commit,) = await commits(opened(server), git(small, "rev-parse", "main"))
    assert [file.patch is None for file in commit.files] == [False, True]
    assert commit.additions == 20_001


async def test_a_connection_that_is_lost_costs_no_patch_in_silence(
    small: Path, opened: Opened
) -> None:
    async with GitHubServer(small) as server:
        server.inject(drop, times=9, accept="diff")
        with pytest.raises(SourceError, match="error-github-unreachable"):
            await commits(opened(server), git(small, "rev-parse", "main"))


async def test_a_patch_over_the_limit_of_every_source_is_dropped(
    tmp_path: Path, opened: Opened
) -> None:
    repo = Repo(tmp_path / "large")
    sha = repo.commit({"large.txt": "x" * MAX_PATCH_BYTES, "other.txt": "y\n"})
    async with GitHubServer(repo.path) as server:
        (commit,) = await commits(opened(server), sha)
    assert [file.patch is None for file in commit.files] == [True, False]


async def test_files_beyond_github_s_limit_are_said_to_be_left_out(
    tmp_path: Path, opened: Opened
) -> None:
    """Invariant 3."""
    repo = Repo(tmp_path / "many")
    sha = repo.commit({f"{number:04}.txt": "x\n" for number in range(3_010)})
    async with GitHubServer(repo.path) as server:
        (commit,) = await commits(opened(server), sha)
        assert len(server.seen) == 10
    assert (len(commit.files), commit.additions) == (3_000, 3_010)
    assert commit.files_omitted


async def test_commits_are_read_once_each_and_a_few_at_a_time(long: Path, opened: Opened) -> None:
    shas = names(long, "main")[:40]
    async with GitHubServer(long) as server:
        read = await commits(opened(server), *shas, *shas)
        assert server.most_at_once <= CONCURRENCY
    assert sorted(commit.sha for commit in read) == sorted(shas)


async def test_leaving_early_ends_the_requests(long: Path, opened: Opened) -> None:
    async with GitHubServer(long) as server:
        async for _ in (reading := opened(server).read(names(long, "main")[:40])):
            break
        assert isinstance(reading, AsyncGenerator)
        await reading.aclose()
        assert len(server.seen) <= CONCURRENCY + 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_error_in_one_commit_is_told_and_ends_the_others(
    long: Path, opened: Opened
) -> None:
    async with GitHubServer(long) as server:
        server.inject(says(451), times=2)
        with pytest.raises(SourceError, match="error-github-legal"):
            await commits(opened(server), *names(long, "main")[:40])
    assert asyncio.all_tasks() == {asyncio.current_task()}


# ETags


async def digest(source: GitHubSource, base: str) -> tuple[Commit, ...]:
    """All that a digest asks for."""
    head = await source.head(None)
    shas = shas_of(await source.list_nodes(Range(base, head.sha)))
    read = {commit.sha: commit for commit in await commits(source, *shas)}
    return tuple(read[sha] for sha in shas)


async def test_a_repeated_digest_costs_no_rate_limit(long: Path, opened: Opened) -> None:
    """Every answer is asked for again: being in the cache is no permission (invariant 8)."""
    base = names(long, "main")[60]
    async with GitHubServer(long) as server:
        first = await digest(opened(server), base)
        cost, asked = server.counted, len(server.seen)
        again = await digest(opened(server), base)
        assert (cost, asked) == (63, 63)
        assert server.counted == cost
        assert [seen.status for seen in server.seen[asked:]] == [304] * asked
    assert again == first


async def test_an_answer_is_never_served_to_another_token(small: Path, opened: Opened) -> None:
    """Invariant 8."""
    async with GitHubServer(small, tokens=("a-token", "another"), private=True) as server:
        await opened(server).head("main")
        await opened(server, token="another").head("main")
        with pytest.raises(RepositoryNotFound):
            await opened(server, token=None).head("main")
        assert not any("if-none-match" in seen.headers for seen in server.seen)
        server.tokens = ()
        with pytest.raises(SourceError, match="error-github-token"):
            await opened(server).head("main")


async def test_stored_answers_end_some_day_and_bad_ones_are_dropped(
    small: Path, opened: Opened, redis: Redis
) -> None:
    async with GitHubServer(small) as server:
        before = await opened(server).head("main")
        (key,) = await redis.keys("*")
        assert 12 * 86_400 < await redis.ttl(key) < 16 * 86_400
        kept = await redis.get(key)
        assert isinstance(key, bytes)
        assert isinstance(kept, bytes)
        assert b"a-token" not in key + zlib.decompress(kept)
        for value in (b"no zlib", zlib.compress(b"no json"), zlib.compress(b"[1]\nbody")):
            await redis.set(key, value)
            assert await opened(server).head("main") == before
            assert server.seen[-1].status == 200


async def test_an_answer_that_changed_is_taken_anew(tmp_path: Path, opened: Opened) -> None:
    repo = Repo(tmp_path / "growing")
    async with GitHubServer(repo.path) as server:
        for number in range(3):
            sha = repo.commit({"a": f"{number}"})
            assert (await opened(server).head("main")).sha == sha


# Limits


class Time:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)

    @property
    def pace(self) -> Pace:
        return Pace(clock=lambda: self.now, sleep=self.sleep)


async def test_a_named_wait_is_kept(small: Path, opened: Opened, notices: list[Notice]) -> None:
    time = Time()
    async with GitHubServer(small) as server:
        server.inject(secondary_limit(Retry_After="30"))
        await opened(server, pace=time.pace).head("main")
    assert time.waits == [30]
    (notice,) = notices
    assert notice.code == "notice-github-rate-limit"
    assert (notice.details["seconds"], notice.details["token_helps"]) == (30, "no")
    assert notice.details["until"] in {
        f"{time.now + timedelta(seconds=n):%H:%M:%S}" for n in (0, 1)
    }


@pytest.mark.parametrize(("token", "helps"), [(None, "yes"), ("a-token", "no")])
async def test_the_primary_limit_is_waited_for_until_its_reset(
    small: Path, opened: Opened, notices: list[Notice], token: str | None, helps: str
) -> None:
    time = Time()
    async with GitHubServer(small) as server:
        server.inject(primary_limit(600))
        await opened(server, token=token, pace=time.pace).head("main")
    (waited,) = time.waits
    assert 599 <= waited <= 602
    assert notices[0].details["token_helps"] == helps


async def test_a_secondary_limit_without_a_time_is_waited_for_longer_and_longer(
    small: Path, opened: Opened
) -> None:
    time = Time()
    async with GitHubServer(small) as server:
        server.inject(secondary_limit(), times=6)
        source = opened(server, pace=time.pace)
        await source.head("main")
        assert time.waits == [60, 120, 240, 480, 900, 900]
        server.inject(secondary_limit())
        await source.head("main")
    assert time.waits[6:] == [60]


async def test_a_wait_that_is_too_long_is_told_and_not_begun(small: Path, opened: Opened) -> None:
    time = Time()
    async with GitHubServer(small) as server:
        server.inject(primary_limit(4000))
        with pytest.raises(RateLimited) as caught:
            await opened(server, pace=time.pace).head("main")
    assert time.waits == []
    assert caught.value.retry_after == pytest.approx(4001, abs=2)
    assert not caught.value.permanent


async def test_short_waits_do_not_add_up_to_one_that_is_too_long(
    small: Path, opened: Opened
) -> None:
    time = Time()
    async with GitHubServer(small) as server:
        server.inject(secondary_limit(Retry_After="0"), times=10_000)
        with pytest.raises(RateLimited):
            await opened(server, pace=time.pace, max_wait=300).head("main")
        assert len(server.seen) <= 10
    assert sum(time.waits) <= 300


async def test_one_refusal_stops_all_requests(
    long: Path, opened: Opened, notices: list[Notice]
) -> None:
    """On a real clock: nothing is asked before the second is over, and people are told once."""
    shas = names(long, "main")[:30]
    together = asyncio.Barrier(CONCURRENCY)

    async def refuse_together(request: web.Request) -> web.StreamResponse:
        await together.wait()
        return await secondary_limit(Retry_After="1")(request)

    async with GitHubServer(long) as server:
        server.inject(refuse_together, times=CONCURRENCY)
        read = await commits(opened(server), *shas)
        refused = [seen.at for seen in server.seen if seen.status == 403]
        later = [seen.at for seen in server.seen if seen.at > max(refused)]
    assert len(read) == 30
    assert len(notices) == 1
    assert min(later) - min(refused) >= 0.95


async def test_a_missing_right_is_not_waited_for(small: Path, opened: Opened) -> None:
    time = Time()
    async with GitHubServer(small) as server:
        said = "Resource not accessible by personal access token"
        server.inject(says(403, said, X_Accepted_GitHub_Permissions="contents=read"))
        with pytest.raises(AccessRefused) as caught:
            await opened(server, pace=time.pace).head("main")
    assert time.waits == []
    assert caught.value.details["permissions"] == "contents=read"


# Redirects


async def test_a_rename_is_followed_learned_and_told_once(
    small: Path, opened: Opened, notices: list[Notice]
) -> None:
    async with GitHubServer(small, old_names=("acme/gadget",)) as server:
        source = opened(server, name="acme/gadget")
        sha = (await source.head("main")).sha
        assert source.repository.name == "acme/widget"
        assert source.repository.web_url == f"{server.origin}/acme/widget"
        before = len(server.seen)
        await commits(source, sha)
        assert not any("gadget" in seen.target for seen in server.seen[before:])
    (notice,) = notices
    assert notice.code == "notice-repository-renamed"
    assert notice.details == {"before": "acme/gadget", "after": "acme/widget"}


async def test_a_rename_is_noticed_by_requests_that_run_together(
    long: Path, opened: Opened, notices: list[Notice]
) -> None:
    async with GitHubServer(long, old_names=("acme/gadget",)) as server:
        read = await commits(opened(server, name="acme/gadget"), *names(long, "main")[:20])
    assert len(read) == 20
    assert len(notices) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_nothing_is_sent_to_another_host(small: Path, opened: Opened, status: int) -> None:
    """Neither the token nor a question, whoever says that the answer is there."""
    async with GitHubServer(small) as server, GitHubServer(small) as foreign:
        for target in (
            f"{foreign.api_url}/repos/acme/widget/branches/main",
            f"http://localhost:{server.api_url.rpartition(':')[2]}",
            server.api_url.replace("http://", "https://"),
            server.api_url.replace("http://", "http://ada@"),
            "http://[",
        ):
            server.inject(says(status, Location=target))
            with pytest.raises(SourceError) as caught:
                await opened(server).head("main")
            assert caught.value.code in ("error-github-foreign-redirect", "error-github-unexpected")
        answer = sends(
            b'{"total_commits": 1, "commits": []}', Link=f'<{foreign.api_url}>; rel="next"'
        )
        server.inject(answer)
        with pytest.raises(SourceError, match="foreign-redirect"):
            await opened(server).list_nodes(Range("a" * 40, "b" * 40))
        assert foreign.seen == []
        assert len(server.seen) == 6


async def test_redirects_in_a_circle_end(small: Path, opened: Opened) -> None:
    async with GitHubServer(small) as server:
        server.inject(says(302, Location=f"{server.api_url}/repos/acme/widget"), times=100)
        with pytest.raises(SourceError, match="error-github-redirects"):
            await opened(server).head("main")
        assert len(server.seen) == 6


# Errors


@pytest.mark.parametrize(
    ("fault", "code", "permanent"),
    [
        (says(400, "Version 1 is not supported"), "error-github-rejected", True),
        (says(401, "Bad credentials"), "error-github-token", True),
        (says(403, X_GitHub_SSO="required; url=x"), "error-github-sso", True),
        (says(403, "No"), "error-github-forbidden", True),
        (says(409, "Git Repository is empty."), "error-repository-empty", True),
        (says(410, "Gone"), "error-github-rejected", True),
        (says(451, "Repository access blocked"), "error-github-legal", True),
        (says(500, "Server Error"), "error-github-server", False),
        (sends(b"<html>", "text/html", 503), "error-github-server", False),
        (says(304), "error-github-rejected", True),
        (sends(b"<html>Log in</html>", "text/html"), "error-github-not-json", True),
        (sends(b"<html>", "application/json"), "error-github-unexpected", True),
        (sends(b'{"name": "ma'), "error-github-unexpected", True),
        (sends(b"[" * 100_000), "error-github-unexpected", True),
        (sends(b"[]"), "error-github-unexpected", True),
        (sends(b"null"), "error-github-unexpected", True),
        (sends(b""), "error-github-unexpected", True),
        (sends(b"no gzip", Content_Encoding="gzip"), "error-github-unreachable", False),
        (drop, "error-github-unreachable", False),
        (hang, "error-github-timeout", False),
        (drip, "error-github-timeout", False),
    ],
)
async def test_every_bad_answer_has_an_error_of_its_own(
    small: Path,
    opened: Opened,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    code: str,
    permanent: bool,
) -> None:
    """Invariant 10."""
    async with GitHubServer(small) as server:
        server.inject(fault, times=10)
        # Short only where the time is to run out: a busy machine answers late.
        runs_out = fault in (hang, drip)
        patience = 0.1 if runs_out else 30.0
        with pytest.raises(SourceError) as caught:
            await opened(server, pace=Pace(timeout=patience)).head("main")
        assert (caught.value.code, caught.value.permanent) == (code, permanent)
        tries = 1 if permanent else 4
        assert caplog.text.count("stamina.retry_scheduled") == tries - 1
        assert len(server.seen) == tries or (runs_out and len(server.seen) < tries)
        assert "a-token" not in repr(caught.value) + repr(caught.value.__cause__)


@pytest.mark.parametrize("fault", [drop, says(500), says(502), says(503)])
async def test_what_fails_in_passing_is_tried_again(
    small: Path, opened: Opened, fault: Fault
) -> None:
    async with GitHubServer(small) as server:
        server.inject(fault, times=2)
        assert (await opened(server).head("main")).branch == "main"


@pytest.mark.parametrize("token", [None, "a-token"])
async def test_a_repository_that_may_be_private_is_told_with_the_advice_that_helps(
    small: Path, opened: Opened, token: str | None
) -> None:
    async with GitHubServer(small, private=True) as server:
        with pytest.raises(RepositoryNotFound) as caught:
            await opened(server, name="acme/other", token=token).head(None)
    assert caught.value.details["token"] == ("yes" if token else "no")


async def test_an_answer_that_is_too_large_is_not_read_to_its_end(
    small: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sources.github_api.MAX_BODY_BYTES", 1000)
    async with GitHubServer(small) as server:
        server.inject(sends(b" " * 1_000_000))
        with pytest.raises(SourceError, match="error-github-too-large"):
            await opened(server).head("main")


async def test_nobody_listening_is_told(small: Path, opened: Opened) -> None:
    async with GitHubServer(small) as server:
        source = opened(server)
    with pytest.raises(SourceError, match="error-github-unreachable"):
        await source.head("main")


async def test_a_server_without_tls_is_told(small: Path, redis: Redis) -> None:
    async with GitHubServer(small) as server:
        source = GitHubSource(
            "acme/widget",
            api_url=server.api_url.replace("http://", "https://"),
            token="a-token",
            cache=RedisResponseCache(redis),
            notify=lambda notice: None,
        )
        with pytest.raises(SourceError, match="error-github-tls"):
            await source.head("main")
        await source.aclose()


async def test_another_commit_than_asked_for_is_refused(small: Path, opened: Opened) -> None:
    asked, other = names(small, "main")[:2]
    async with GitHubServer(small) as server:
        data = json.dumps((await server.data.commits([other]))[0]).encode()
        server.inject(sends(data))
        with pytest.raises(SourceError, match="another commit"):
            await commits(opened(server), asked)


# The token


async def test_the_token_is_in_no_log(
    small: Path, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    """Invariant 7."""
    caplog.set_level(logging.DEBUG)
    async with GitHubServer(small) as server:
        server.inject(says(500), drop, path="/commits/")
        await digest(opened(server), names(small, "main")[-1])
        assert all(seen.headers["authorization"] == "Bearer a-token" for seen in server.seen)
    assert caplog.records
    assert "a-token" not in "".join(str(vars(record)) for record in caplog.records)


@pytest.mark.parametrize("token", ["new\nline", "two words", "ключ", "nul\0"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(
    token: str, opened: Opened
) -> None:
    with pytest.raises(AccessRefused) as caught:
        opened(GitHubServer(Path()), token=token)
    assert token not in repr(caught.value)


@pytest.mark.parametrize(
    ("api_url", "web_url"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://github.example.com/api/v3", "https://github.example.com"),
        ("https://github.example.com:8443/api/v3/", "https://github.example.com:8443"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com"),
        ("http://127.0.0.1:8080/api/v3", "http://127.0.0.1:8080"),
    ],
)
def test_pages_are_on_the_host_that_people_visit(api_url: str, web_url: str) -> None:
    assert web_address(api_url) == web_url


async def test_a_pull_request_is_the_range_that_it_brings_in(
    tmp_path: Path, opened: Opened
) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit({"a.py": "1"})
    repo.branch("topic")
    head = repo.commit({"a.py": "2"})
    repo.git("update-ref", "refs/pull/7/head", head)
    async with GitHubServer(repo.path) as server:
        source = opened(server)
        assert await source.pull_request(7) == Range(base, head)
        with pytest.raises(RevisionNotFound) as caught:
            await source.pull_request(8)
    assert caught.value.code == "error-pull-request-not-found"
