"""The shell from end to end: real processes, repositories, servers and an embedded Redis."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.cli import app
from tests.repositories import Repo, git, nasty_repository
from tests.servers.github import GitHubServer
from tests.servers.openai import API_KEY, MODEL, Fault, OpenAIServer
from tests.shell import Ran, Shell, shas_in_html

COMMITS = 24
"""A day of this many commits, for what is told of each."""
REPLIES = 12
"""How many of them a model has answered when it is stopped."""


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder with a short name: sockets have no room for a long one."""
    with tempfile.TemporaryDirectory(prefix="cc") as folder:
        yield Path(folder)


@pytest.fixture
def shell(tmp_path: Path, data: Path) -> Shell:
    return Shell(tmp_path, data, is_forked=True)


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nasty_repository(tmp_path_factory.mktemp("git") / "widget", commits=300)


@pytest.fixture(scope="module")
def simple(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo(tmp_path_factory.mktemp("git") / "widget")
    for number in range(COMMITS):
        repo.commit({"src/app.py": f"value = {number}\n"}, f"Set the value to {number}")
    return repo


@pytest_asyncio.fixture
async def model() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


@pytest.fixture
def here(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """The shell's folder and settings for this process, which saves starting another."""
    for name, value in shell.environment().items():
        monkeypatch.setenv(name, value)
    for name in set(os.environ) - set(shell.environment()):
        monkeypatch.delenv(name)
    monkeypatch.chdir(shell.cwd)
    yield shell
    # Commands put a handler of theirs on the main thread; what it was stays for the next test.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


@pytest.fixture
def call(here: Shell, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs a command in this process and tells what it said and how it ended."""

    def called(*arguments: str | Path) -> Ran:
        with pytest.raises(SystemExit) as ended:
            app([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, said.out, said.err)

    return called


def asking(server: OpenAIServer, **changes: str) -> dict[str, str]:
    """The settings of a model on a server."""
    return {
        "OPENAI_API_KEY": API_KEY,
        "OPENAI_BASE_URL": server.base_url,
        "OPENAI_MODEL": MODEL,
    } | changes


def rev_list(path: Path, *revisions: str) -> list[str]:
    return sorted(git(path, "rev-list", *revisions).split())


def without_times(document: dict[str, Any]) -> dict[str, Any]:
    """A digest without what differs between two runs."""
    return {key: value for key, value in document.items() if key != "generated_at"}


def test_every_commit_of_a_range_is_in_every_format_once(
    call: Callable[..., Ran], nasty: Path
) -> None:
    """Invariant 1."""
    expected = rev_list(nasty, "v1.0..main")
    assert len(expected) > 100
    command = ("digest", nasty, "--range", "v1.0..main")
    document = (call(*command, "--format", "json")).json
    assert sorted(commit["sha"] for commit in document["commits"]) == expected
    assert document["counts"]["commits"] == len(expected)
    report = (call(*command, "--format", "markdown")).out
    for sha in expected:
        assert report.count(sha) >= 1
    page = (call(*command, "--format", "html")).out
    assert sorted(shas_in_html(page)) == expected


async def test_github_and_git_give_the_same_digest(shell: Shell, nasty: Path) -> None:
    """Invariant 1, and the port: what stands between is no difference."""
    async with GitHubServer(nasty) as github:
        settings = {"GITHUB_API_URL": github.api_url, "GITHUB_TOKEN": "a-token"}
        for span in (("--range", "v1.0..main"), ("--date", "2026-01-01")):
            options = (*span, "--format", "json")
            by_git = (await shell.run("digest", nasty, *options)).json
            by_api = (await shell.run("digest", "acme/widget", *options, **settings)).json
            assert by_git["commits"]
            same = by_git | {"generated_at": None, "repository": None}
            urls = [commit.pop("url") for commit in by_api["commits"]]
            assert [commit.pop("url") for commit in same["commits"]] == [None] * len(urls)
            assert all(url.startswith(f"{github.origin}/acme/widget/commit/") for url in urls)
            assert by_api | {"generated_at": None, "repository": None} == same


async def test_a_commit_is_analysed_once_per_model_and_language(
    shell: Shell, simple: Repo, model: OpenAIServer
) -> None:
    """Invariant 5."""
    shell.settings = asking(model)
    first = await shell.run("digest", simple.path, "--format", "json")
    assert len(model.requests) == COMMITS
    again = await shell.run("digest", simple.path, "--format", "json")
    assert len(model.requests) == COMMITS
    assert without_times(first.json) == without_times(again.json)
    await shell.run("digest", simple.path, "--lang", "zh")
    assert len(model.requests) == 2 * COMMITS
    await shell.run("digest", simple.path, OPENAI_MODEL="another-model")
    assert len(model.requests) == 3 * COMMITS


async def test_a_model_that_fails_costs_no_commit_and_is_said(
    shell: Shell, simple: Repo, model: OpenAIServer
) -> None:
    """Invariants 3 and 4."""
    model.fault = Fault.UNAUTHORIZED
    ran = await shell.run("digest", simple.path, "--format", "json", **asking(model))
    assert ran.status == 0
    assert ran.json["counts"]["commits"] == COMMITS
    assert ran.json["counts"]["by_rules"] == {"unauthorized": COMMITS}
    assert len(model.requests) < COMMITS
    assert API_KEY not in ran.out + ran.err
    model.fault = None
    ran = await shell.run("digest", simple.path, "--format", "json", **asking(model))
    assert ran.json["counts"]["analysed"] == COMMITS


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_a_stopped_run_leaves_no_half_file_and_keeps_what_was_analysed(
    shell: Shell, simple: Repo, model: OpenAIServer, stop: signal.Signals
) -> None:
    shell.settings = asking(model, COMMITCAST_LLM_CONCURRENCY="4")
    target = shell.cwd / "out" / "digest.md"
    model.faults.extend([None] * REPLIES)
    model.fault = Fault.HANG
    process = await shell.start("digest", simple.path, "--output", target)
    await model.received(REPLIES + 4)
    process.send_signal(stop)
    async with asyncio.timeout(20):
        _, err = await process.communicate()
    assert process.returncode == 128 + stop
    assert b"Traceback" not in err
    assert not target.parent.exists()
    model.requests.clear()
    model.fault = None
    ran = await shell.run("digest", simple.path, "--output", target)
    assert ran.status == 0
    assert target.exists()
    assert len(model.requests) == COMMITS - REPLIES


def test_several_repositories_go_into_an_archive_and_one_failure_stops_no_other(
    here: Shell, call: Callable[..., Ran], simple: Repo
) -> None:
    other = Repo(here.cwd / "other")
    other.commit({"a": "a"}, "Begin")
    missing = here.cwd / "missing"
    ran = call("digest", simple.path, missing, other.path, "--archive", "reports")
    assert ran.status == 1
    assert "missing: There is no folder" in ran.err
    found = sorted(str(p.relative_to(here.cwd)) for p in here.cwd.glob("reports/*/*/*.md"))
    assert [path.split("/")[2] for path in found] == ["other", "widget"]


def test_a_day_that_cannot_be_archived_stops_no_other(
    here: Shell, call: Callable[..., Ran], simple: Repo
) -> None:
    other = Repo(here.cwd / "other")
    other.commit({"a": "a"}, "Begin")
    (here.cwd / "reports" / "2026").mkdir(parents=True)
    (here.cwd / "reports" / "2026" / "widget").write_text("in the way")
    ran = call("digest", simple.path, other.path, "--archive", "reports")
    assert ran.status == 2
    assert list(here.cwd.glob("reports/2026/other/*.md"))


@pytest.mark.parametrize("written", ["json", "markdown", "html"])
async def test_documents_are_utf_8_whatever_the_terminal_speaks(shell: Shell, written: str) -> None:
    repo = Repo(shell.cwd / "repo")
    repo.commit({"a": "a"}, "修复 café 🎉", author="José Example <jose@example.org>")
    shell.is_forked = False  # a fork's streams are its server's
    ran = await shell.run("digest", repo.path, "--format", written, PYTHONIOENCODING="ascii")
    assert "修复 café 🎉" in ran.out
    assert "José Example" in ran.out


async def test_a_reader_who_leaves_and_a_full_disk_make_no_traceback(
    shell: Shell, simple: Repo
) -> None:
    for target in ("| head -1", "> /dev/full", "2>&-", ">&-"):
        line = f"{sys.executable} -m bot digest {simple.path} {target}"
        process = await asyncio.create_subprocess_shell(
            line, cwd=shell.cwd, env=shell.environment(), stderr=asyncio.subprocess.PIPE
        )
        _, err = await process.communicate()
        assert b"Traceback" not in err, target
        assert b"rror" not in err, target


def test_a_quiet_day_is_a_digest_too(call: Callable[..., Ran], simple: Repo) -> None:
    for written in ("terminal", "markdown", "html", "json"):
        ran = call("digest", simple.path, "--date", "2001-01-01", "--format", written)
        assert ran.status == 0
        assert ran.out.strip()


def test_one_commit_is_analysed_by_any_of_its_names(
    call: Callable[..., Ran], simple: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = simple.git("rev-parse", "HEAD~3")
    monkeypatch.chdir(simple.path)
    for name in (sha, sha[:8], "HEAD~3", f"{simple.path}@{sha[:8]}"):
        ran = call("analyze", name, "--format", "json")
        assert ran.json["commit"]["sha"] == sha
    for written in ("terminal", "markdown", "html"):
        ran = call("analyze", sha, "--format", written)
        assert f"Set the value to {COMMITS - 4}" in ran.out


def test_chinese_is_spoken_throughout(call: Callable[..., Ran], simple: Repo) -> None:
    ran = call("digest", simple.path, "--lang", "zh", "--format", "markdown")
    assert "个提交" in ran.out
    assert "commits" not in ran.out + ran.err.replace("commitcast", "")
    ran = call("digest", simple.path, "--lang", "zh", "--date", "某天")
    assert "不是有效的日期" in ran.err


def test_the_demo_writes_a_page_and_a_report_and_says_what_is_next(
    here: Shell, call: Callable[..., Ran], simple: Repo
) -> None:
    """What is next works as it is written, also for a repository somewhere else."""
    elsewhere = here.cwd / "a clone"
    simple.path.rename(elsewhere)
    ran = call("demo", elsewhere)
    assert ran.status == 0
    assert f"{COMMITS} commits" in ran.out
    assert len(shas_in_html((here.cwd / "digest.html").read_text(encoding="utf-8"))) == COMMITS
    assert "acme" not in (here.cwd / "digest.md").read_text(encoding="utf-8")
    hinted = re.findall(r"^ +\S+ (analyze|digest) (.+)$", ran.out, re.MULTILINE)
    assert len(hinted) == 3
    for command, arguments in hinted:
        assert (call(command, *shlex.split(arguments))).status == 0


def test_the_list_of_commands_cuts_no_sentence(call: Callable[..., Ran]) -> None:
    listed = call("--help").out.partition("Commands:\n")[2]
    assert listed
    assert "..." not in listed


def test_filters_leave_commits_out_and_the_digest_counts_them(
    call: Callable[..., Ran], here: Shell
) -> None:
    """Invariant 3."""
    repo = Repo(here.cwd / "filtered")
    repo.commit({"src/a.py": "1"}, "Fix a crash at the start")
    repo.commit({"docs/a.md": "1"}, "Tell of it")
    repo.branch("release/1.0")
    repo.commit({"src/a.py": "2"}, "Bump a", author="dep[bot] <dep@example.org>")
    filters = ("--branch", "*", "--path", "src/", "--path=-src/b/", "--author", "-bots")
    ran = call("digest", repo.path, *filters, "--min", "high", "--format", "json")
    assert ran.status == 0, ran.err
    made = json.loads(ran.out)
    assert made["branch"] == "main, release/1.0"
    assert [commit["title"] for commit in made["commits"]] == ["Fix a crash at the start"]
    assert made["counts"]["left_out"] == {"bots": 1, "paths": 1}


BAD_REQUESTS = {
    "a folder that is none": (["digest", "./nowhere"], 1),
    "a folder without a repository": (["digest", "{empty}"], 1),
    "a name that is none": (["digest", "widget"], 2),
    "a date that is none": (["digest", "{repo}", "--date", "06.01.2026"], 2),
    "a date beyond all": (["digest", "{repo}", "--date", "9999-12-31"], 2),
    "a period backwards": (["digest", "{repo}", "--since", "today", "--until", "7d"], 2),
    "two spans": (["digest", "{repo}", "--date", "today", "--since", "24h"], 2),
    "an end without a start": (["digest", "{repo}", "--until", "today"], 2),
    "a range and a branch": (["digest", "{repo}", "--range", "HEAD~1..main", "--branch", "x"], 2),
    "a folder's name too long for any": (["digest", "./" + "x" * 300], 1),
    "an output's name too long for any": (["digest", "{repo}", "--output", "x" * 300], 2),
    "a range without dots": (["digest", "{repo}", "--range", "main"], 2),
    "a range to nowhere": (["digest", "{repo}", "--range", "HEAD~2..nowhere"], 1),
    "a range from nowhere": (["digest", "{repo}", "--range", "nowhere..HEAD"], 1),
    "an option in a range": (["digest", "{repo}", "--range", "--all..HEAD"], 2),
    "a branch that is none": (["digest", "{repo}", "--branch", "nowhere"], 1),
    "an option as a branch": (["digest", "{repo}", "--branch=--all"], 2),
    "a pattern of paths that is none": (["digest", "{repo}", "--path", "a//b"], 2),
    "an importance that is none": (["digest", "{repo}", "--min", "urgent"], 2),
    "a pattern that no branch matches": (["digest", "{repo}", "--branch", "release/*"], 1),
    "a zone that is none": (["digest", "{repo}", "--tz", "Mars/Olympus"], 2),
    "a language that is none": (["digest", "{repo}", "--lang", "<b>"], 2),
    "a format that is none": (["digest", "{repo}", "--format", "pdf"], 2),
    "an output that cannot be": (["digest", "{repo}", "--output", "/dev/null/x.md"], 2),
    "an output and an archive": (["digest", "{repo}", "-o", "a.md", "--archive", "b"], 2),
    "an archive of a range": (["digest", "{repo}", "--range", "HEAD~1..", "--archive", "b"], 2),
    "a page of two": (["digest", "{repo}", "{repo}", "--format", "html"], 2),
    "a commit that is none": (["analyze", "{repo}@123456789"], 1),
    "a commit that is a word": (["analyze", "{repo}@nowhere"], 1),
    "a commit that is an option": (["analyze", "{repo}@--all"], 2),
    "no repository at all": (["digest"], 2),
}


@pytest.mark.parametrize(("arguments", "status"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
def test_a_bad_request_gets_one_clear_line(
    here: Shell, call: Callable[..., Ran], arguments: list[str], status: int
) -> None:
    """Invariant 10."""
    repo = Repo(here.cwd / "repo")
    for number in range(3):
        repo.commit({"a": str(number)})
    (here.cwd / "empty").mkdir()
    places = {"repo": repo.path, "empty": here.cwd / "empty"}
    ran = call(*(argument.format(**places) for argument in arguments))
    assert_one_line(ran, status, usage=arguments == ["digest"] or "pdf" in arguments)
    assert not list(here.cwd.glob("**/*.md"))


BAD_SETTINGS = {
    "a zone": ({"COMMITCAST_TIMEZONE": "Berlin"}, 2),
    "an address": ({"OPENAI_BASE_URL": "localhost"}, 2),
    "a Redis that is none": ({"REDIS_URL": "unix:///nowhere/redis.sock"}, 1),
    "a Redis that refuses": ({"REDIS_URL": "redis://:hunter2@127.0.0.1:1/0"}, 1),
    "a data folder that is a file": ({"COMMITCAST_DATA": "/dev/null"}, 1),
}


@pytest.mark.parametrize(("settings", "status"), BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_a_bad_setting_gets_one_clear_line(
    simple: Repo,
    call: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    status: int,
) -> None:
    """Invariant 10."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    ran = call("digest", simple.path)
    assert_one_line(ran, status)
    assert "hunter2" not in ran.out + ran.err


async def test_a_token_that_github_refuses_gets_one_clear_line(shell: Shell, nasty: Path) -> None:
    async with GitHubServer(nasty) as github:
        settings = {"GITHUB_API_URL": github.api_url, "GITHUB_TOKEN": "hunter2-token"}
        ran = await shell.run("digest", "acme/widget", **settings)
        assert_one_line(ran, 1)
        assert "GITHUB_TOKEN" in ran.err
        assert "hunter2" not in ran.err
        ran = await shell.run("digest", "acme/nothing", **settings | {"GITHUB_TOKEN": "a-token"})
        assert_one_line(ran, 1)
        assert "acme/nothing" in ran.err


def assert_one_line(ran: Ran, status: int, *, usage: bool = False) -> None:
    """It failed with this status and said why in one line, no traceback and no digest."""
    assert ran.status == status, ran.err
    assert ran.out == ""
    assert "Traceback" not in ran.err
    lines = ran.err.strip().splitlines()
    assert lines
    if not usage:
        assert len(lines) == 1, ran.err
