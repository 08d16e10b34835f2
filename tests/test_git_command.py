"""git as a child process: what it may not see or do, and how it ends (invariants 1, 4 and 7)."""

from __future__ import annotations

import asyncio
import os
import shutil
import tracemalloc
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from analyzers.errors import SourceError
from bot.ports import Window
from bot.sources.git import GitSource
from tests.git_reading import (
    ALWAYS,
    list_all,
    needs_proc,
    opened,
    processes,
    read_all,
    read_one,
    shas_of,
)
from tests.oddities import SUBMODULE, File
from tests.repositories import Repo


@pytest.fixture(autouse=True)
def _no_machine_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "widget")


def spoiled(repo: Repo, ran: Path) -> None:
    """Everything by which a repository could change what its commits look like, or run programs."""
    for name in ("external", "gpg", "monitor"):
        script = repo.path / f"{name}.sh"
        script.write_text(f"#!/bin/sh\necho {name} >> '{ran}'\n")
        script.chmod(0o755)
    for setting in (
        *("diff.noprefix=true", "diff.mnemonicPrefix=true", "diff.context=0", "color.ui=always"),
        *("diff.renames=copies", "diff.renameLimit=1", "diff.algorithm=patience", "core.bigFile=1"),
        *("diff.suppressBlankEmpty=true", "diff.orderFile=order", "diff.submodule=log"),
        *("diff.ignoreSubmodules=all", "diff.interHunkContext=99", "core.bigFileThreshold=1"),
        *("core.quotePath=false", "i18n.logOutputEncoding=latin1", "log.showSignature=true"),
        *(
            "core.attributesFile=attributes",
            "diff.spoiled.textconv=tac",
            "diff.spoiled.binary=true",
        ),
        f"diff.external={repo.path}/external.sh",
        f"diff.spoiled.command={repo.path}/external.sh",
        f"gpg.program={repo.path}/gpg.sh",
        f"core.fsmonitor={repo.path}/monitor.sh",
    ):
        repo.git("config", *setting.split("=", 1))
    attributes = "* diff=spoiled\n*.txt -diff\n* text eol=crlf\n"
    for place in (".gitattributes", ".git/info/attributes", "attributes"):
        (repo.path / place).parent.mkdir(exist_ok=True)
        (repo.path / place).write_text(attributes)
    (repo.path / "order").write_text("z*\n")


async def test_no_configuration_changes_what_a_commit_looks_like(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 7: a repository brings no program that we run and no setting that we follow."""
    text = "".join(f"line {number}\n\n" for number in range(12))
    plain, spoilt = Repo(tmp_path / "plain"), Repo(tmp_path / "spoilt")
    for repo in (plain, spoilt):
        repo.commit({"a.txt": text, "b": text + "b\n", "é": "1\n", ".gitattributes": "* -diff\n"})
        edited = text.replace("line 2\n", "two\n").replace("line 9\n", "nine\n")
        files: dict[str | bytes, str | bytes | File | None] = {
            "a.txt": None,
            "z.txt": edited,
            "b": None,
            "c": text,
            "é": "2\n",
        }
        files["sub"] = File(b"2" * 40, SUBMODULE)
        head = repo.commit(files)
    ran = tmp_path / "ran"
    spoiled(spoilt, ran)
    other = spoilt.git("rev-parse", f"{head}~1")
    spoilt.git("replace", head, other)
    (spoilt.path / ".git/info/grafts").write_text(f"{head}\n")
    (tmp_path / ".gitconfig").write_text("[core]\n\tbigFileThreshold = 1\n")
    for name, value in {
        "HOME": str(tmp_path),
        "GIT_CONFIG_GLOBAL": str(tmp_path / ".gitconfig"),
        "GIT_DIR": "/nowhere",
        "GIT_INDEX_FILE": "/nowhere",
        "GIT_EXTERNAL_DIFF": "false",
        "GIT_DIFF_OPTS": "-U9",
        "GIT_CONFIG_PARAMETERS": "'diff.noprefix=true'",
    }.items():
        monkeypatch.setenv(name, value)
    commit = await read_one(spoilt.path, head)
    assert commit == await read_one(plain.path, head)
    assert {file.path for file in commit.files if file.patch} == {"sub", "z.txt", "é"}
    assert not ran.exists()


# Resources


async def test_reading_holds_one_commit_at_a_time_and_no_patch_over_the_limit(
    tmp_path: Path,
) -> None:
    repo = Repo(tmp_path / "r")
    for number in range(30):
        repo.commit({"a": f"{number:>9}\n" * 40_000})
    repo.commit({"huge": b"0123456789abcde\n" * (20_000_000 // 16), "line": b"x" * 3_000_000})
    async with opened(repo.path) as source:
        shas = await list_all(source)
        tracemalloc.start()
        try:
            sizes = {}
            async for commit in source.read(shas):
                sizes[commit.sha] = [(f.additions, f.patch is None) for f in commit.files]
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert sizes[shas[0]] == [(1_250_000, True), (1, True)]
    assert all(sizes[sha] == [(40_000, False)] for sha in shas[1:])
    assert peak < 16_000_000


@needs_proc
async def test_leaving_early_ends_the_processes_however_much_is_unread(repo: Repo) -> None:
    for number in range(8):
        repo.commit({"a": f"{number} {'x' * 80}\n" * 10_000})
    async with opened(repo.path) as source:
        shas = await list_all(source)
        reading = source.read(shas)
        async with aclosing(reading):
            async for _ in reading:
                assert [line for line in processes(os.getpid()) if line.startswith("git")]
                break
    assert not [line for line in processes(os.getpid()) if line.startswith("git")]


@pytest.fixture
def fake_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a shell script before git on PATH."""

    def install(script: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    return install


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


@needs_proc
async def test_a_cancelled_command_dies_with_all_that_it_started(
    tmp_path: Path, fake_git: Callable[[str], None]
) -> None:
    told = tmp_path / "pid"
    fake_git(f"trap '' TERM; sleep 600 & echo $! > '{told}.new'; mv '{told}.new' '{told}'; wait")
    task = asyncio.create_task(GitSource.open_folder(tmp_path))
    await until(told.exists)
    process = Path("/proc") / told.read_text().strip() / "status"
    assert not is_gone(process)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: is_gone(process))


def is_gone(process: Path) -> bool:
    try:
        return "zombie" in process.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


async def test_without_git_the_error_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError) as caught:
        await GitSource.open_folder(tmp_path)
    assert caught.value.code == "error-git-missing"


@pytest.mark.parametrize("version", ["git version 2.31.8", "git version 1.9", "not git"])
async def test_an_old_git_is_named_with_what_is_needed(
    tmp_path: Path, fake_git: Callable[[str], None], version: str
) -> None:
    fake_git(f"echo '{version}'")
    with pytest.raises(SourceError) as caught:
        await GitSource.open_folder(tmp_path)
    assert caught.value.code == "error-git-old"
    assert caught.value.details == {"found": version, "needed": "2.32"}


@pytest.mark.parametrize(
    ("command", "code"), [("diff-tree", 0), ("diff-tree", 3), ("cat-file", 0), ("rev-list", 3)]
)
async def test_a_git_that_dies_while_it_is_read_is_an_error_and_no_shorter_list(
    repo: Repo, fake_git: Callable[[str], None], command: str, code: int
) -> None:
    """Invariant 1: a broken process ends in an error, never in fewer commits."""
    shas = [repo.commit({"a": f"{n}"}) for n in range(3)]
    real = shutil.which("git")
    fake_git(
        f'case "$*" in "{command} --stdin"*|"{command} --batch --"*|"{command} --timestamp"*)\n'
        f'{real} "$@" | head -c 156; exit {code};; esac; exec {real} "$@"'
    )
    async with opened(repo.path) as source:
        with pytest.raises(SourceError) as caught:
            await read_all(
                source, *shas_of(await source.list_nodes(Window(shas[-1], *ALWAYS))), *shas
            )
    assert caught.value.code == "error-git-failed"
