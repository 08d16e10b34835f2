"""Mirrors of remote repositories, over a real HTTP server that can fail in every way."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio

from analyzers.errors import (
    AccessRefused,
    EmptyRepository,
    RepositoryNotFound,
    RevisionNotFound,
    SourceError,
)
from bot.ports import Notice
from bot.sources.git import GitSource
from bot.sources.mirror import Limits
from tests.git_reading import list_all, needs_proc, opened, processes, read_all
from tests.repositories import Repo, git, nasty_repository
from tests.servers.git_http import Fault, GitHttpServer

PASSWORD = "s3cret-t0ken"


@pytest.fixture(autouse=True)
def _no_machine_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest_asyncio.fixture
async def server() -> AsyncIterator[GitHttpServer]:
    async with GitHttpServer() as running:
        yield running


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "upstream", bare=True)
    repo.commit({"a": "1\n"}, "First")
    return repo


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


class Mirrors:
    """Opens mirrors in one data folder and keeps what people are told."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.notices: list[Notice] = []

    @asynccontextmanager
    async def open(self, url: str, limits: Limits | None = None) -> AsyncIterator[GitSource]:
        source = await GitSource.open_mirror(url, self.data, self.notices.append, limits)
        try:
            yield source
        finally:
            await source.aclose()

    async def error(self, url: str, limits: Limits | None = None) -> SourceError:
        with pytest.raises(SourceError) as caught:
            async with self.open(url, limits):
                pass
        assert PASSWORD not in f"{caught.value} {caught.value.details} {caught.value.__cause__}"
        return caught.value

    def folders(self) -> list[Path]:
        return sorted(path for path in (self.data / "mirrors").iterdir() if path.is_dir())


@pytest.fixture
def mirrors(data: Path) -> Mirrors:
    return Mirrors(data)


@asynccontextmanager
async def hanging_clone(server: GitHttpServer, mirrors: Mirrors, url: str) -> AsyncIterator[None]:
    """A clone that waits for an answer, and is cancelled at the end."""
    server.fault = "hang"
    task = asyncio.create_task(mirrors.error(url))
    async with asyncio.timeout(10):
        while not server.requests:
            await asyncio.sleep(0.01)
    yield
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_mirror_is_cloned_once_and_then_fetched(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors
) -> None:
    url = server.publish(repo.path)
    async with mirrors.open(url) as source:
        first = (await source.head(None)).sha
    [folder] = mirrors.folders()
    (folder / "still-here").touch()
    second = repo.commit({"a": "2\n"}, "Second")
    repo.branch("topic")
    repo.commit({"b": "3\n"})
    async with mirrors.open(url) as source:
        assert (await source.head(None)).sha == second
        assert (await source.head("topic")).branch == "topic"
        assert await list_all(source) == (second, first)
        assert source.repository.name == "acme/widget"
    assert (folder / "still-here").exists()
    assert mirrors.folders() == [folder]
    assert [notice.code for notice in mirrors.notices] == ["notice-git-clone", "notice-git-fetch"]
    assert mirrors.notices[0].details == {"place": url}


async def test_a_mirror_follows_whatever_happens_to_branches(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors
) -> None:
    """Invariant 1: a rewritten branch is read as it is now; what it was stays readable."""
    repo.branch("a")
    old = repo.commit({"a": "old\n"})
    url = server.publish(repo.path)
    async with mirrors.open(url) as source:
        assert (await source.head("a")).sha == old
    repo.git("update-ref", "refs/heads/a", repo.git("rev-parse", "main"))
    new = repo.commit({"a": "new\n"})
    repo.git("branch", "-m", "a", "a/b")
    repo.git("symbolic-ref", "HEAD", "refs/heads/a/b")
    async with mirrors.open(url) as source:
        head = await source.head(None)
        assert (head.branch, head.sha) == ("a/b", new)
        with pytest.raises(RevisionNotFound):
            await source.head("a")
        assert await source.resolve(old) == old


@pytest.mark.parametrize("filters", [True, False])
async def test_reading_60_commits_costs_a_handful_of_requests(
    server: GitHttpServer, tmp_path: Path, mirrors: Mirrors, filters: bool
) -> None:
    nasty = nasty_repository(tmp_path / "nasty", 100)
    url = server.publish(nasty, filters=filters)
    shas = git(nasty, "rev-list", "-60", "main").split()
    async with mirrors.open(url) as source, opened(nasty) as original:
        assert len(server.requests) <= 5
        server.requests.clear()
        found = await read_all(source, *shas)
        assert len(server.requests) == (2 if filters else 0)
        server.requests.clear()
        assert await read_all(source, *shas) == found
        assert not server.requests
        assert found == await read_all(original, *shas)
        assert (await source.head(None)).sha == (await original.head(None)).sha


async def test_contents_are_left_out_until_they_are_read(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors
) -> None:
    big = os.urandom(300_000).hex() + "\n"
    repo.commit({"big": big})
    last = repo.commit({"b": "2\n"})
    async with mirrors.open(server.publish(repo.path)) as source:
        await read_all(source, last)
    [folder] = mirrors.folders()
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 100_000


async def test_a_collected_mirror_reads_as_before(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.publish(repo.path)
    for number in range(6):
        shas = [repo.commit({"a": f"{number}\n"}), repo.commit({"b": f"{number}\n"})]
        if number == 4:
            config = mirrors.data / "config"
            config.write_text("[gc]\n\tautoPackLimit = 2\n")
            monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
        async with mirrors.open(url) as source:
            assert len(await read_all(source, *shas)) == 2
    [folder] = mirrors.folders()
    assert len(list((folder / "objects/pack").glob("*.pack"))) < 6


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("missing", RepositoryNotFound, "error-git-not-found"),
        ("forbidden", AccessRefused, "error-git-access"),
        ("broken", SourceError, "error-git-unreachable"),
        ("drop", SourceError, "error-git-unreachable"),
        ("hang", SourceError, "error-git-timeout"),
    ],
)
async def test_a_failure_of_the_server_leaves_no_half_mirror(
    server: GitHttpServer,
    repo: Repo,
    mirrors: Mirrors,
    fault: Fault,
    kind: type[SourceError],
    code: str,
) -> None:
    url = server.publish(repo.path)
    server.fault = fault
    error = await mirrors.error(url, Limits(clone=1, fetch=1))
    assert (type(error), error.code) == (kind, code)
    assert error.permanent is (kind is not SourceError)
    assert error.details["place"] == url
    assert mirrors.folders() == []
    server.fault = None
    async with mirrors.open(url) as source:
        assert (await source.head(None)).branch == "main"


@pytest.mark.parametrize("fault", ["drop", "broken", "hang"])
async def test_a_failed_fetch_leaves_the_mirror_as_it_was(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors, fault: Fault
) -> None:
    url = server.publish(repo.path)
    async with mirrors.open(url) as source:
        first = (await source.head(None)).sha
    [folder] = mirrors.folders()
    last = repo.commit({"a": os.urandom(5000).hex()})
    server.fault = fault
    assert not (await mirrors.error(url, Limits(fetch=1))).permanent
    assert git(folder, "rev-parse", "main") == first
    server.fault = None
    async with mirrors.open(url) as source:
        assert (await source.head(None)).sha == last


async def test_a_server_that_stays_silent_in_the_middle_is_given_up(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors
) -> None:
    url = server.publish(repo.path)
    server.fault = "hang"
    error = await mirrors.error(url, Limits(stall=1))
    assert error.code == "error-git-unreachable"


async def test_contents_that_cannot_be_fetched_are_an_error(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors
) -> None:
    """Invariant 1: a commit is read whole or not at all."""
    async with mirrors.open(server.publish(repo.path)) as source:
        server.fault = "broken"
        with pytest.raises(SourceError) as caught:
            await read_all(source, (await source.head(None)).sha)
        assert caught.value.code == "error-git-unreachable"


async def test_nobody_listens(repo: Repo, mirrors: Mirrors) -> None:
    async with GitHttpServer() as gone:
        url = gone.publish(repo.path)
    error = await mirrors.error(url)
    assert (error.code, error.permanent) == ("error-git-unreachable", False)


async def test_a_cancelled_clone_leaves_nothing(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors
) -> None:
    url = server.publish(repo.path)
    async with hanging_clone(server, mirrors, url):
        pass
    assert mirrors.folders() == []


async def test_credentials_of_an_address_reach_the_server_and_nothing_else(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors
) -> None:
    """Invariant 7: a secret is in no name, file, notice or error."""
    server.login = ("ada", PASSWORD)
    plain = server.publish(repo.path)
    assert (await mirrors.error(plain)).code == "error-git-access"
    wrong = plain.replace("//", f"//ada:{PASSWORD}x@")
    assert (await mirrors.error(wrong)).code == "error-git-access"
    async with mirrors.open(plain.replace("//", f"//ada:{PASSWORD}@")) as source:
        head = await source.head(None)
        await read_all(source, head.sha)
        assert source.repository.name == "acme/widget"
    assert all(PASSWORD not in str(notice) for notice in mirrors.notices)
    for path in mirrors.data.rglob("*"):
        assert PASSWORD not in str(path)
        assert path.is_dir() or PASSWORD.encode() not in path.read_bytes()
    # Who has no credentials gets nothing from the mirror that others have filled (invariant 8).
    assert (await mirrors.error(plain)).code == "error-git-access"
    assert len(mirrors.folders()) == 1


@pytest.mark.parametrize(
    ("userinfo", "login"),
    [
        (PASSWORD, (PASSWORD, "")),
        ("a%40b:%25s%5Cn%27%22%24%60x%60%20%C3%A9", ("a@b", "%s\\n'\"$`x` é")),
    ],
)
async def test_credentials_arrive_as_they_are(
    server: GitHttpServer,
    repo: Repo,
    mirrors: Mirrors,
    userinfo: str,
    login: tuple[str, str],
) -> None:
    server.login = login
    async with mirrors.open(server.publish(repo.path).replace("//", f"//{userinfo}@")) as source:
        assert (await source.head(None)).branch == "main"


async def test_credentials_of_an_address_are_not_left_with_the_users_helpers(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 7: git tells every helper of a login that has worked."""
    server.login = ("ada", PASSWORD)
    url = server.publish(repo.path)
    folder = mirrors.data.parent
    helper = f"store --file={folder}/kept"
    (folder / "config").write_text(
        f'[credential]\n\thelper = {helper}\n[credential "{url}"]\n\thelper = {helper}\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(folder / "config"))
    async with mirrors.open(url.replace("//", f"//ada:{PASSWORD}@")):
        pass
    assert not (folder / "kept").exists()
    # An address without credentials is the user's helpers' affair.
    (folder / "kept").write_text(url.replace("//", f"//ada:{PASSWORD}@") + "\n")
    async with mirrors.open(url) as source:
        assert (await source.head(None)).branch == "main"


@pytest.mark.parametrize("login", [None, ("ada", PASSWORD)], ids=["open", "asks"])
@pytest.mark.parametrize("when", ["at once", "after login"])
async def test_credentials_of_an_address_are_for_its_host_alone(
    server: GitHttpServer,
    repo: Repo,
    mirrors: Mirrors,
    when: Literal["at once", "after login"],
    login: tuple[str, str] | None,
) -> None:
    """Invariant 7: whoever a server sends us on to learns no password, even if it asks for one."""
    url = server.publish(repo.path).replace("//", f"//ada:{PASSWORD}@")
    server.login = ("ada", PASSWORD)
    async with GitHttpServer() as other:
        other.login = login
        server.redirect = other.publish(repo.path).removesuffix("/acme/widget.git"), when
        with suppress(SourceError):  # whether git follows is its own affair
            async with mirrors.open(url):
                pass
        assert other.requests
        assert set(other.authorizations) == {None}


@needs_proc
async def test_credentials_stay_out_of_the_arguments(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors
) -> None:
    url = server.publish(repo.path).replace("//", f"//ada:{PASSWORD}@")
    server.login = ("ada", PASSWORD)
    async with hanging_clone(server, mirrors, url):
        shown = processes()
    assert any("remote-http" in line for line in shown)
    assert not any(PASSWORD in line for line in shown)


async def test_several_users_of_one_folder_clone_once(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors
) -> None:
    url = server.publish(repo.path)

    async def head() -> str:
        async with mirrors.open(url) as source:
            head = await source.head(None)
            return (await read_all(source, head.sha))[0].message

    assert await asyncio.gather(*(head() for _ in range(4))) == ["First"] * 4
    codes = sorted(notice.code for notice in mirrors.notices)
    assert codes == ["notice-git-clone", *["notice-git-fetch"] * 3]


async def test_a_lock_that_is_never_released_is_told(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors
) -> None:
    url = server.publish(repo.path)
    async with hanging_clone(server, mirrors, url):
        assert (await mirrors.error(url, Limits(clone=0.2))).code == "error-git-locked"


async def test_what_a_killed_git_left_locked_is_free_again(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors
) -> None:
    url = server.publish(repo.path)
    async with mirrors.open(url):
        pass
    [folder] = mirrors.folders()
    for name in ("packed-refs.lock", "HEAD.lock", "refs/heads/main.lock"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    unfinished = folder.with_suffix(".new")
    unfinished.mkdir()
    last = repo.commit({"a": "2\n"})
    async with mirrors.open(url) as source:
        assert (await source.head(None)).sha == last
    shutil.rmtree(folder)
    async with mirrors.open(url) as source:
        assert (await source.head(None)).sha == last
    assert mirrors.folders() == [folder]


async def test_an_empty_repository_is_mirrored_before_its_first_commit(
    server: GitHttpServer, tmp_path: Path, mirrors: Mirrors
) -> None:
    repo = Repo(tmp_path / "empty", bare=True)
    url = server.publish(repo.path)
    async with mirrors.open(url) as source:
        with pytest.raises(EmptyRepository):
            await source.head(None)
    sha = repo.commit({"a": "1\n"})
    async with mirrors.open(url) as source:
        assert (await source.head(None)).sha == sha


async def test_a_detached_head_of_the_server_is_the_default(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors
) -> None:
    first = repo.git("rev-parse", "main")
    repo.commit({"a": "2\n"})
    repo.git("update-ref", "--no-deref", "HEAD", first)
    url = server.publish(repo.path)
    for _ in range(2):
        async with mirrors.open(url) as source:
            assert (await source.head(None)).sha == first


async def test_a_repository_with_sha_256_names_is_mirrored(
    server: GitHttpServer, tmp_path: Path, mirrors: Mirrors
) -> None:
    repo = Repo(tmp_path / "long", bare=True, object_format="sha256")
    sha = repo.commit({"a": "1\n"})
    async with mirrors.open(server.publish(repo.path)) as source:
        assert [commit.sha for commit in await read_all(source, sha)] == [sha]


async def test_a_commit_on_no_branch_is_asked_for_by_its_full_name(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors
) -> None:
    repo.branch("pull")
    hidden = repo.commit({"b": "1\n"}, "Hidden")
    repo.git("update-ref", "refs/pull/1/head", hidden)
    repo.git("update-ref", "-d", "refs/heads/pull")
    async with mirrors.open(server.publish(repo.path)) as source:
        with pytest.raises(RevisionNotFound):
            await source.resolve(hidden[:10])
        assert await source.resolve(hidden) == hidden
        assert [commit.message for commit in await read_all(source, hidden)] == ["Hidden"]
        with pytest.raises(RevisionNotFound):
            await source.resolve("1" * 40)
        server.fault = "broken"
        with pytest.raises(SourceError) as caught:
            await source.resolve("2" * 40)
        assert caught.value.code == "error-git-unreachable"


async def test_a_known_commit_that_no_branch_has_any_more_is_asked_for(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors
) -> None:
    """Invariant 1: what was delivered before a branch was rewritten ends what is new after it."""
    old = repo.commit({"a": "old\n"})
    repo.git("update-ref", "refs/pull/1/head", old)
    repo.git("update-ref", "refs/heads/main", f"{old}^")
    new = repo.commit({"a": "new\n"})
    async with mirrors.open(server.publish(repo.path)) as source:
        assert [node.sha for node in await source.list_new([new], [old])] == [new]
        assert [node.sha for node in await source.list_new([old], [new])] == [old]
        with pytest.raises(RevisionNotFound) as caught:
            await source.list_new([new], [old, "1" * 40])
        assert caught.value.details["name"] == "1" * 40


async def test_a_data_folder_that_cannot_be_written_is_told(
    server: GitHttpServer, repo: Repo, mirrors: Mirrors
) -> None:
    mirrors.data.write_text("in the way")
    assert (await mirrors.error(server.publish(repo.path))).code == "error-git-data"


@pytest.mark.parametrize(
    ("complaint", "code"),
    [
        ("Host key verification failed.", "error-git-host-key"),
        ("git@host: Permission denied (publickey).", "error-git-access"),
        ("ssh: Could not resolve hostname host: nothing", "error-git-unreachable"),
        ("ssh: connect to host h port 22: Connection timed out", "error-git-unreachable"),
        ("ERROR: Repository not found.", "error-git-not-found"),
    ],
)
async def test_ssh_asks_nothing_and_its_complaints_are_understood(
    tmp_path: Path,
    mirrors: Mirrors,
    monkeypatch: pytest.MonkeyPatch,
    complaint: str,
    code: str,
) -> None:
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/args"\necho "{complaint}" >&2\nexit 255\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    error = await mirrors.error("git@example.com:acme/widget.git")
    assert error.code == code
    assert "-oBatchMode=yes" in (tmp_path / "args").read_text()


async def test_the_users_own_ssh_command_is_used(
    tmp_path: Path, mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own-ssh"
    own.write_text("#!/bin/sh\necho 'Host key verification failed.' >&2\nexit 255\n")
    own.chmod(0o755)
    (tmp_path / "config").write_text(f"[core]\n\tsshCommand = {own}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    assert (await mirrors.error("ssh://git@example.com/a/b")).code == "error-git-host-key"
