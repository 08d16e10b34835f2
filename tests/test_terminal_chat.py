"""The bot in a terminal, as a process: all of it works without any token."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from bot.access import TERMINAL
from bot.app import open_application
from bot.config import Settings
from tests.deliveries import a_subscription, subscribe
from tests.repositories import Repo
from tests.shell import Shell

CONVERSATION = """\
help
/subscribe {repo} days:weekdays
/subscriptions
/digest
/expand 2
expand {sha}
{sha}
/report
/unsubscribe {repo}
/digest
quit
/never read
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with tempfile.TemporaryDirectory(prefix="cc") as data:
        yield Shell(tmp_path, Path(data), is_forked=True)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "widget")
    for number in range(3):
        repo.commit({f"src/part{number}.py": "x = 1\n"}, f"Add part {number}")
    return repo


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            [
                "Commands",
                "now follows widget",
                "on weekdays",
                "Followed here (1)",
                "3 commits",
                "Add part 1",
                "Full report",
                "no longer",
                "Nothing is followed here yet",
            ],
        ),
        (
            "zh",
            [
                "命令",
                "已关注 widget",
                "工作日",
                "已关注（1）",
                "3 个提交",
                "Add part 1",
                "完整报告",
                "已取消关注",
                "还没有关注仓库",
            ],
        ),
    ],
)
async def test_a_channel_can_be_followed_read_and_left(
    language: str, said: list[str], shell: Shell, repo: Repo
) -> None:
    sha = repo.git("rev-parse", "main~1")
    typed = CONVERSATION.format(repo=repo.path, sha=sha[:8])
    ran = await shell.run("chat", "--lang", language, typed=typed)
    assert ran.status == 0
    place = 0
    for text in said:
        assert text in ran.out[place:], text
        place = ran.out.index(text, place)
    (report,) = shell.cwd.glob("widget-*.md")
    assert sha in report.read_text("utf-8")
    assert "Traceback" not in ran.err
    assert "never" not in ran.out


async def test_what_is_followed_outlives_the_process(shell: Shell, repo: Repo) -> None:
    await shell.run("chat", typed=f"/subscribe {repo.path}\n/digest\n")
    ran = await shell.run("chat", typed="/subscriptions\nexpand 1\nreport\nreport\n")
    assert "Followed here (1)" in ran.out
    assert "Add part" in ran.out
    assert len(list(shell.cwd.glob("widget-*.md"))) == 2


async def test_the_folder_is_asked_when_a_sha_stands_alone(shell: Shell, repo: Repo) -> None:
    shell.cwd = repo.path
    ran = await shell.run("chat", typed=f"{repo.git('rev-parse', 'main')}\n0123456\n")
    assert "Add part 2" in ran.out
    assert "No commit “0123456”" in ran.out


async def test_what_the_command_line_names_wins(shell: Shell, repo: Repo) -> None:
    await shell.run("chat", typed="/settings lang:zh\n")
    ran = await shell.run("chat", "--lang", "en", typed="help\n")
    assert "Commands" in ran.out


async def test_a_terminal_shows_what_is_typed_and_no_bar(shell: Shell) -> None:
    """On a pseudo terminal: a bar that moves while somebody types would erase their line."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "chat"),
        cwd=shell.cwd,
        env=shell.environment() | {"TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while "› ".encode() not in shown:
        shown += await asyncio.to_thread(os.read, ours, 10_000)
    await asyncio.sleep(1)
    os.write(ours, b"help\nexit\n")
    with suppress(OSError):  # the other end is closed
        while data := await asyncio.to_thread(os.read, ours, 10_000):
            shown += data
    assert await process.wait() == 0
    os.close(ours)
    assert b"Commands" in shown
    assert b"\x1b[?25l" not in shown, "the cursor is hidden"
    assert "━".encode() not in shown


async def test_a_digest_that_is_due_is_shown_while_somebody_talks(shell: Shell, repo: Repo) -> None:
    """Invariant 1: it came due while nobody was there, and comes late."""
    settings = Settings.model_validate({"commitcast_data": shell.data})
    async with open_application(settings, lambda _: None) as app:
        due = (app.now() - timedelta(minutes=2)).time().replace(second=0, microsecond=0)
        made = app.now() - timedelta(days=3)
        followed = a_subscription(TERMINAL, str(repo.path), at=due, made_at=made)
        await subscribe(app, followed)
    repo.commit({"src/new.py": "y = 2\n"}, "Add what nobody has seen yet")
    process = await shell.start("chat")
    assert process.stdin
    assert process.stdout
    async with asyncio.timeout(30):
        while "Add what nobody has seen yet" not in (await process.stdout.readline()).decode():
            pass
        process.stdin.close()
        await process.communicate()
    assert process.returncode == 0
