"""The git source on folders: every commit as git itself has it, and nothing but the commit."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from analyzers.errors import (
    AccessRefused,
    EmptyRepository,
    RepositoryNotFound,
    RevisionNotFound,
    SourceError,
)
from analyzers.model import Commit, FileStatus, Range
from analyzers.text import clean
from bot.ports import Window
from bot.sources import commits
from bot.sources.git import GitSource
from tests.git_reading import ALWAYS, list_all, opened, read_all, read_one, shas_of
from tests.oddities import EXECUTABLE, SUBMODULE, SYMLINK, File
from tests.repositories import (
    ISOLATED,
    START,
    Importer,
    Repo,
    Stamp,
    git,
    git_bytes,
    nasty_repository,
)


@pytest.fixture(autouse=True)
def _no_machine_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "widget")


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nasty_repository(tmp_path_factory.mktemp("nasty") / "widget.git", commits=160)


@pytest_asyncio.fixture
async def nasty_commits(nasty: Path) -> list[Commit]:
    async with opened(nasty) as source:
        return await read_all(source, *git(nasty, "rev-list", "main").split())


# What a commit says


def test_every_oddity_is_in_the_nasty_repository(nasty_commits: list[Commit]) -> None:
    files = [file for commit in nasty_commits for file in commit.files]
    assert {file.status for file in files} >= set(FileStatus) - {FileStatus.COPIED}
    assert any(len(commit.parents) > 2 for commit in nasty_commits)
    assert any(not commit.message and not commit.files for commit in nasty_commits)
    assert any(file.additions > 9_000 for file in files)
    assert any(file.patch is None and file.additions for file in files)
    assert any("\ufffd" in file.path for file in files)
    assert any(len(commit.files) > 600 for commit in nasty_commits)


async def test_every_commit_says_what_git_log_says(
    nasty: Path, nasty_commits: list[Commit]
) -> None:
    """Invariant 1: nothing of a commit is lost or made up on the way."""
    fields = "%x00".join(("%H", "%P", "%an", "%ae", "%at", "%cn", "%ce", "%ct", "%B", "")) + "%x01"
    told = git_bytes(nasty, "log", "--encoding=UTF-8", f"--format={fields}", "main")
    expected = {}
    for record in told.decode(errors="replace").split("\x00\x01"):
        if len(parts := record.lstrip("\n").split("\0")) > 8:
            expected[parts[0]] = parts[1:]
    assert len(expected) == len(nasty_commits) == 160
    for commit in nasty_commits:
        parents, an, ae, at, cn, ce, ct, body = expected[commit.sha]
        assert commit.parents == tuple(parents.split())
        assert commit.author == commits.person(an, ae)
        assert commit.committer == commits.person(cn, ce)
        assert commit.authored_at.timestamp() == int(at)
        assert commit.committed_at.timestamp() == int(ct)
        assert commit.message == commits.message(body)


async def test_every_patch_and_count_is_that_of_git_show(
    nasty: Path, nasty_commits: list[Commit]
) -> None:
    """The patches are found in order while they stream; here they are found by their paths."""
    changes = [commit for commit in nasty_commits if not commit.is_merge]
    assert not any(commit.files for commit in nasty_commits if commit.is_merge)
    shown = diffs(nasty, changes, "-p")
    counted = diffs(nasty, changes, "--numstat")
    for commit in changes:
        patches: dict[str, str] = {}
        for part in commits.split_patch(shown.get(commit.sha, "")):
            patches[part.path] = patches.get(part.path, "") + part.hunks
        assert len(commit.files) == len(patches)
        by_path = {commits.path(path): patch for path, patch in patches.items() if path}
        for file in commit.files:
            assert file.patch == commits.patch(by_path[file.path])
        numbers = counted.get(commit.sha, "").splitlines()
        counts = sorted(tuple(line.split("\t")[:2]) for line in numbers if "\t" in line)
        ours = sorted(
            (str(f.additions), str(f.deletions)) for f in commit.files if f.additions + f.deletions
        )
        assert ours == [c for c in counts if c not in (("0", "0"), ("-", "-"))]


def diffs(folder: Path, shown: list[Commit], form: str) -> dict[str, str]:
    """What git says of commits, by their full names; nothing of one without changes."""
    names = "".join(f"{commit.sha}\n" for commit in shown).encode()
    command = ("diff-tree", "--stdin", "-r", "--root", "-M", form)
    told = git_bytes(folder, *command, stdin=names).decode(errors="replace")
    _, *parts = re.split(r"^([0-9a-f]{40})\n", told, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


async def test_statuses_of_every_kind_of_change(repo: Repo) -> None:
    text = "".join(f"line {number}\n" for number in range(20))
    repo.commit({"kept": text, "gone": "x\n", "run": "y\n", "link": "z\n", "sub": "w\n", "a": text})
    moved = text.replace("line 3\n", "line three\n")
    repo.commit(
        {
            "new": "1\n2\n",
            "gone": None,
            "kept": None,
            "moved": moved,
            "run": File(b"y\n", EXECUTABLE),
            "link": File(b"target", SYMLINK),
            "sub": File(b"1" * 40, SUBMODULE),
            "image": b"\x89PNG\0\1",
            "empty": "",
            "a": text + "no end",
        }
    )
    commit = await read_one(repo.path)
    files = {file.path: file for file in commit.files}
    assert list(files) == sorted(files)
    told = {path: (f.status.value, f.additions, f.deletions) for path, f in files.items()}
    assert told == {
        "a": ("modified", 1, 0),
        "empty": ("added", 0, 0),
        "gone": ("removed", 0, 1),
        "image": ("added", 0, 0),
        "link": ("modified", 1, 1),
        "moved": ("renamed", 1, 1),
        "new": ("added", 2, 0),
        "run": ("modified", 0, 0),
        "sub": ("modified", 1, 1),
    }
    assert files["moved"].previous_path == "kept"
    assert files["new"].patch == "@@ -0,0 +1,2 @@\n+1\n+2"
    assert files["a"].patch == (
        "@@ -18,3 +18,4 @@ line 16\n line 17\n line 18\n line 19\n+no end\n"
        "\\ No newline at end of file"
    )
    assert files["link"].patch == (
        "@@ -1 +0,0 @@\n-z\n@@ -0,0 +1 @@\n+target\n\\ No newline at end of file"
    )
    assert files["sub"].patch == f"@@ -1 +0,0 @@\n-w\n@@ -0,0 +1 @@\n+Subproject commit {'1' * 40}"
    assert [files[path].patch for path in ("run", "image", "empty")] == [None] * 3
    assert (commit.additions, commit.deletions) == (6, 4)


async def test_a_small_likeness_is_no_rename(repo: Repo) -> None:
    repo.commit({"old": "".join(f"{n}\n" for n in range(20))})
    repo.commit({"old": None, "new": "".join(f"{n}\n" for n in range(15, 40))})
    commit = await read_one(repo.path)
    assert [file.status.value for file in commit.files] == ["added", "removed"]


async def test_line_ends_of_other_systems_make_no_lines(repo: Repo) -> None:
    """Invariant 7: what a file holds cannot break the layout of its patch."""
    repo.commit({"a": "one\r\ntwo\rtwo\x0ctwo\u2028two\x85\n"})
    commit = await read_one(repo.path)
    assert commit.files[0].patch == "@@ -0,0 +1,2 @@\n+one\n+twotwotwo two"
    assert commit.additions == 2


async def test_a_file_that_reads_like_a_diff_splits_nothing(repo: Repo) -> None:
    first = repo.commit({"x": "x\n"})
    lines = ["diff --git a/x b/x", "@@ -1 +1 @@", "--- a/x", "+++ b/x", first, f"{first}\0", ""]
    repo.commit({"a.diff": "\n".join(["pad" * 3000, *lines]), "b": "b\n"})
    second = repo.commit({"c": "c\n"})
    async with opened(repo.path) as source:
        found = await read_all(source, *await list_all(source))
    assert [[file.path for file in commit.files] for commit in found] == [
        ["c"],
        ["a.diff", "b"],
        ["x"],
    ]
    assert found[0].sha == second


@pytest.mark.parametrize(
    ("raw", "encoding", "expected"),
    [
        ("Réparer".encode("latin-1"), "ISO-8859-1", "Réparer"),
        ("修复".encode("gb18030"), "GB18030", "修复"),
        ("Réparer".encode(), None, "Réparer"),
        ("Réparer".encode("latin-1"), None, "R\ufffdparer"),
        (b"plain", "no-such-encoding", "plain"),
        (b"x-", "punycode", "x-"),
        (b"4142", "hex", "4142"),
        ("é".encode(), "ascii", "é"),
    ],
)
async def test_a_message_is_read_in_the_encoding_it_claims(
    repo: Repo, raw: bytes, encoding: str | None, expected: str
) -> None:
    repo.commit({"a": "a"}, raw, encoding=encoding)
    assert (await read_one(repo.path)).message == expected


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        (b"0 +0000", datetime(1970, 1, 1, tzinfo=UTC)),
        (b"5000000000 -0330", datetime(2128, 6, 11, 8, 53, 20, tzinfo=UTC)),
        (b"1767225600 +9959", datetime(2026, 1, 1, tzinfo=UTC)),
        (b"1767225600 -99999999", datetime(2026, 1, 1, tzinfo=UTC)),
        (b"99999999999999 +0000", datetime(9999, 12, 29, tzinfo=UTC)),
        (b"18446744073709465216 +0000", datetime(1969, 12, 31, tzinfo=UTC)),
        (b"-86400 +0000", datetime(1969, 12, 31, tzinfo=UTC)),
        (b"-99999999999999 +0000", datetime(1, 1, 3, tzinfo=UTC)),
        (b"yesterday", datetime(1970, 1, 1, tzinfo=UTC)),
        (b"", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
async def test_absurd_dates_are_dates(repo: Repo, clock: bytes, expected: datetime) -> None:
    """Invariant 1: a commit with an impossible clock is listed and read like any other."""
    repo.commit({"a": "a"})
    who = b"Ada Example <ada@example.com> "
    sha = repo.raw_commit(b"author " + who + clock + b"\ncommitter " + who + clock + b"\n")
    async with opened(repo.path) as source:
        assert sha in await list_all(source)
        assert (await source.head(None)).sha == sha
        [commit] = await read_all(source, sha)
    assert commit.authored_at == commit.committed_at == expected
    assert commit.committed_at.astimezone().tzinfo


async def test_a_commit_without_the_lines_that_git_writes_is_read(repo: Repo) -> None:
    repo.commit({"a": "a"})
    sha = repo.raw_commit(b"author nobody\ncommitter <<>> 5\ngpgsig -----BEGIN\n encoding x\n")
    commit = await read_one(repo.path, sha)
    assert (commit.author.name, commit.author.email) == ("", "")
    assert commit.message == "Odd"


async def test_a_repository_with_sha_256_names_is_read(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r", object_format="sha256")
    sha = repo.commit({"a": "a\n"}, "One")
    commit = await read_one(repo.path, sha[:8])
    assert (commit.sha, len(sha), commit.additions) == (sha, 64, 1)


# Which commits


@pytest.mark.parametrize(
    "names", ["HEAD~40..main", "v1.0..main", "main~9..main~3", "main..main", "light..release/1.0"]
)
async def test_a_range_is_what_rev_list_says(nasty: Path, names: str) -> None:
    """Invariant 1: every commit of `base..head`, each once."""
    base, _, head = names.partition("..")
    async with opened(nasty) as source:
        listed = shas_of(await source.list_nodes(Range(base, head)))
        assert len(set(listed)) == len(listed)
        assert sorted(listed) == sorted(git(nasty, "rev-list", names).split())


async def test_a_window_takes_every_commit_by_its_own_clock(nasty: Path) -> None:
    """Invariant 1: the tip of this repository is a year old and hides nothing."""
    told = [line.split() for line in git(nasty, "log", "--format=%ct %H", "main").splitlines()]
    tip = git(nasty, "rev-parse", "main")
    async with opened(nasty) as source:
        assert len(await list_all(source)) == 160
        for hours in range(0, 48, 6):
            since = START + timedelta(hours=hours)
            until = since + timedelta(hours=6)
            expected = {s for at, s in told if since.timestamp() <= int(at) < until.timestamp()}
            listed = shas_of(await source.list_nodes(Window(tip, since, until)))
            assert set(listed) == expected
            clocks = {sha: int(at) for at, sha in told}
            assert [clocks[s] for s in listed] == sorted((clocks[s] for s in listed), reverse=True)


async def test_the_limits_of_a_window_are_first_in_and_last_out(repo: Repo) -> None:
    shas = [repo.commit({"a": f"{n}"}, date=START + timedelta(seconds=n)) for n in range(4)]
    async with opened(repo.path) as source:
        window = Window(shas[-1], START + timedelta(seconds=1), START + timedelta(seconds=3))
        assert shas_of(await source.list_nodes(window)) == (shas[2], shas[1])


async def test_commits_of_one_second_stand_before_their_parents(repo: Repo) -> None:
    shas = [repo.commit({"a": f"{n}"}, date=START) for n in range(5)]
    async with opened(repo.path) as source:
        assert await list_all(source) == tuple(reversed(shas))


async def test_a_merge_brings_old_commits_into_the_range(repo: Repo) -> None:
    base = repo.commit({"a": "1"})
    repo.branch("topic")
    old = repo.commit({"b": "1"}, date=START - timedelta(days=8))
    repo.branch("main")
    merge = repo.merge("topic", files={"b": "1"})
    async with opened(repo.path) as source:
        assert shas_of(await source.list_nodes(Range(base, "main"))) == (merge, old)
        found = {commit.sha: commit for commit in await read_all(source, merge, old)}
    assert found[merge].files == ()
    assert found[merge].is_merge


async def test_an_end_of_a_range_that_is_gone_is_an_error(repo: Repo) -> None:
    repo.commit({"a": "1"})
    async with opened(repo.path) as source:
        with pytest.raises(RevisionNotFound):
            await source.list_nodes(Range("1" * 40, "main"))


# Names


async def test_a_commit_is_found_by_every_name_it_has(nasty: Path) -> None:
    async with opened(nasty) as source:
        release = git(nasty, "rev-parse", "v1.0^{commit}")
        for name in (release, release[:8], release.upper()[:10], "v1.0", "light", "tags/v1.0"):
            assert await source.resolve(name) == release
        for name in ("main", "release/1.0", "功能/缓存", "main~2", "HEAD^"):
            assert await source.resolve(name) == git(nasty, "rev-parse", name)


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "nothing", "abc", "1" * 40, "-n", "--all", "--output=x", "main..light", "a\0b"),
        *("main@{1}", ":/Fix", "main^{/Fix}", "HEAD:src", "../main", "\ud800", "x" * 5000, "main "),
    ],
)
async def test_a_name_of_no_commit_is_told_so(nasty: Path, name: str) -> None:
    async with opened(nasty) as source:
        with pytest.raises(RevisionNotFound) as caught:
            await source.resolve(name)
        assert caught.value.code == "error-revision-not-found"
        with pytest.raises(RevisionNotFound) as caught:
            await source.head(name)
        assert caught.value.code == "error-branch-not-found"


async def test_a_short_name_of_several_commits_is_ambiguous(repo: Repo) -> None:
    stamp, mark = Stamp("Ada Example <ada@example.com>", START), ""
    with Importer(repo.path) as history:
        for number in range(1000):
            mark = history.commit("main", f"{number}", {}, stamp, stamp, [mark] * bool(mark))
    beginnings = Counter(sha[:4] for sha in repo.git("rev-list", "main").split())
    [(ambiguous, count)] = beginnings.most_common(1)
    assert count > 1
    async with opened(repo.path) as source:
        with pytest.raises(RevisionNotFound) as caught:
            await source.resolve(ambiguous)
    assert caught.value.code == "error-revision-ambiguous"


async def test_a_blob_is_no_commit(repo: Repo) -> None:
    repo.commit({"a": "1"})
    blob = repo.git("rev-parse", "main:a")
    async with opened(repo.path) as source:
        with pytest.raises(RevisionNotFound) as caught:
            await source.resolve(blob)
        assert caught.value.code == "error-revision-no-commit"
        with pytest.raises(RevisionNotFound):
            await read_all(source, blob)


@pytest.mark.parametrize("sha", ["1" * 40, "main", "HEAD\nHEAD", "", "--stdin"])
async def test_reading_what_is_no_full_name_of_a_commit_is_an_error(nasty: Path, sha: str) -> None:
    async with opened(nasty) as source:
        with pytest.raises(RevisionNotFound):
            await read_all(source, git(nasty, "rev-parse", "main"), sha)


async def test_each_commit_is_read_once_and_none_for_none(nasty: Path) -> None:
    shas = git(nasty, "rev-list", "-3", "main").split()
    async with opened(nasty) as source:
        assert [c.sha for c in await read_all(source, *shas, *shas)] == shas
        assert await read_all(source) == []


async def test_heads_of_branches(repo: Repo) -> None:
    first = repo.commit({"a": "1"})
    repo.branch("topic/x")
    second = repo.commit({"a": "2"})
    repo.git("update-ref", "refs/remotes/origin/next", second)
    async with opened(repo.path) as source:
        default = await source.head(None)
        assert (default.branch, default.sha, default.committed_at) == ("main", first, START)
        assert (await source.head("topic/x")).sha == second
        assert (await source.head("origin/next")).sha == second
        with pytest.raises(RevisionNotFound):
            await source.head("main~0")


async def test_branches_of_remotes_are_branches_of_a_folder_too(repo: Repo) -> None:
    first = repo.commit({"a": "1"})
    repo.git("update-ref", "refs/remotes/origin/next", first)
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/next")
    async with opened(repo.path) as source:
        assert await source.branches() == ("main", "origin/next")
        assert not await source.is_public()


async def test_a_detached_head_is_a_branch_named_by_its_commit(repo: Repo) -> None:
    first = repo.commit({"a": "1"})
    repo.commit({"a": "2"})
    repo.git("update-ref", "--no-deref", "HEAD", first)
    async with opened(repo.path) as source:
        head = await source.head(None)
        assert (head.branch, head.sha) == (first[:7], first)
        assert shas_of(await source.list_nodes(Window(head.sha, *ALWAYS))) == (first,)


async def test_an_empty_repository_says_so_and_an_unborn_branch_too(repo: Repo) -> None:
    async with opened(repo.path) as source:
        with pytest.raises(EmptyRepository):
            await source.head(None)
        repo.commit({"a": "1"})
        repo.git("symbolic-ref", "HEAD", "refs/heads/unborn")
        with pytest.raises(RevisionNotFound) as caught:
            await source.head(None)
    assert caught.value.details == {"name": "unborn"}


# Folders


@pytest.mark.parametrize("place", [".", "src", ".git", "../worktree", "../bare.git"])
async def test_every_folder_of_a_repository_opens_it(repo: Repo, place: str) -> None:
    sha = repo.commit({"src/a": "1"})
    repo.git("worktree", "add", "-q", "--detach", "../worktree")
    repo.git("clone", "-q", "--bare", ".", "../bare.git")
    (repo.path / "src").mkdir()
    async with opened(repo.path / place) as source:
        assert (await source.head(None)).sha == sha
        assert len(await read_all(source, sha)) == 1
        name = {"../worktree": "worktree", "../bare.git": "bare"}.get(place, "widget")
        assert source.repository.name == name
        assert source.repository.web_url is None


@pytest.mark.parametrize(
    "origin",
    ["https://token:x@github.com/acme/widget.git", "git@github.com:acme/widget.git"],
)
async def test_a_clone_of_a_forge_has_its_name_and_page(repo: Repo, origin: str) -> None:
    repo.git("remote", "add", "origin", origin)
    async with opened(repo.path) as source:
        assert source.repository.name == "acme/widget"
        assert source.repository.web_url == "https://github.com/acme/widget"


@pytest.mark.parametrize(
    ("make", "kind", "code"),
    [
        (lambda path: None, RepositoryNotFound, "error-git-no-folder"),
        (lambda path: path.write_text("x"), RepositoryNotFound, "error-git-no-folder"),
        (lambda path: path.mkdir(), RepositoryNotFound, "error-git-no-repository"),
    ],
)
async def test_a_folder_without_a_repository_is_told_so(
    tmp_path: Path, make: Callable[[Path], object], kind: type[SourceError], code: str
) -> None:
    make(tmp_path / "x")
    with pytest.raises(kind) as caught:
        await GitSource.open_folder(tmp_path / "x")
    assert caught.value.code == code
    with pytest.raises(RepositoryNotFound):
        await GitSource.open_folder(tmp_path / "x\0y")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
async def test_a_folder_of_another_user_is_not_trusted(repo: Repo) -> None:
    os.chown(repo.path, 12345, -1)
    os.chown(repo.path / ".git", 12345, -1)
    with pytest.raises(AccessRefused) as caught:
        await GitSource.open_folder(repo.path)
    assert caught.value.code == "error-git-ownership"
    assert caught.value.details["folder"] == str(repo.path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
async def test_a_folder_that_is_not_trusted_is_named_as_git_can_be_told_to_trust_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever in it one stands, and whatever a shell would make of its name."""
    repo = Repo(tmp_path / "a widget")
    (repo.path / "part").mkdir()
    for path in (repo.path, repo.path / ".git"):
        os.chown(path, 12345, -1)
    monkeypatch.chdir(repo.path / "part")
    with pytest.raises(AccessRefused) as caught:
        await GitSource.open_folder(Path())
    assert caught.value.details["folder"] == f"'{repo.path}'"


async def test_a_shallow_clone_says_where_its_history_is_cut(repo: Repo, tmp_path: Path) -> None:
    """Invariant 3: the last commit of a shallow history does not seem to add every file."""
    for number in range(3):
        repo.commit({f"{number}": f"{number}\n"})
    clone = tmp_path / "shallow"
    repo.git("clone", "-q", "--depth=2", f"file://{repo.path}", str(clone))
    async with opened(clone) as source:
        shas = await list_all(source)
        newest, oldest = await read_all(source, *shas)
    assert (len(newest.files), newest.files_omitted) == (1, False)
    assert (oldest.files, oldest.files_omitted, len(oldest.parents)) == ((), True, 1)


async def test_a_partial_clone_is_told_what_it_lacks_and_not_filled(
    repo: Repo, tmp_path: Path
) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.commit({"a": "1\n"})
    sha = repo.commit({"a": "2\n"})
    clone = tmp_path / "partial"
    filters = ("--filter=blob:none", "--no-checkout", f"file://{repo.path}", str(clone))
    repo.git("clone", "-q", *filters)
    async with opened(clone) as source:
        with pytest.raises(SourceError) as caught:
            await read_all(source, sha)
    assert caught.value.code == "error-git-objects"


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


async def test_reading_writes_nothing(repo: Repo) -> None:
    shas = [repo.commit({"a": f"{number}"}) for number in range(3)]
    before = contents(repo.path)
    async with opened(repo.path) as source:
        await source.head(None)
        await list_all(source)
        await read_all(source, *shas)
    assert contents(repo.path) == before


async def test_what_is_read_is_clean(nasty_commits: list[Commit]) -> None:
    """Invariant 7."""
    for commit in nasty_commits:
        texts: Iterator[str] = iter((commit.message, commit.author.name, commit.committer.email))
        assert all(clean(text) == text for text in texts)
        for file in commit.files:
            assert clean(file.path) == file.path
            assert clean(file.patch or "") == (file.patch or "")


def test_a_nasty_repository_is_the_same_for_the_same_seed(nasty: Path, tmp_path: Path) -> None:
    again = nasty_repository(tmp_path / "again", commits=160)
    other = nasty_repository(tmp_path / "other", commits=30, seed=2)
    assert git(again, "rev-parse", "main") == git(nasty, "rev-parse", "main")
    assert git(other, "rev-list", "--count", "main") == "30"
    assert ISOLATED["GIT_CONFIG_GLOBAL"] == os.devnull
