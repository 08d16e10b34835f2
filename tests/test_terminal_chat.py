"""The bot in a terminal, as a process: all of it works without any token."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import sys
import tempfile
import termios
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
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


class Terminal:
    """A pseudo terminal with a chat in it."""

    def __init__(self, ours: int, theirs: int, process: Process) -> None:
        self._ours, self.theirs = ours, theirs
        self.process = process
        self.shown = b""

    async def until(self, part: str) -> None:
        """Read on until something is shown."""
        async with asyncio.timeout(30):
            while part.encode() not in self.shown:
                with suppress(BlockingIOError):
                    self.shown += os.read(self._ours, 10_000)
                await asyncio.sleep(0.01)

    async def ended(self) -> int:
        """How it ended."""
        async with asyncio.timeout(30):
            return await self.process.wait()

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)


@pytest.fixture
async def terminal(shell: Shell) -> AsyncIterator[Terminal]:
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)

    def as_a_shell_would() -> None:
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "chat"),
        cwd=shell.cwd,
        env=shell.environment() | {"TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=as_a_shell_would,
    )
    yield Terminal(ours, theirs, process)
    if process.returncode is None:
        process.kill()
        await process.wait()
    os.close(theirs)
    os.close(ours)


async def test_a_terminal_shows_what_is_typed_and_no_bar(terminal: Terminal) -> None:
    """A bar that moves while somebody types would erase their line."""
    await terminal.until("› ")
    terminal.type(b"help\n")
    await terminal.until("Commands")
    terminal.type(b"exit\n")
    assert await terminal.ended() == 0
    assert b"\x1b[?25l" not in terminal.shown, "the cursor is hidden"
    assert "━".encode() not in terminal.shown


async def test_a_line_can_be_edited_and_asked_again(terminal: Terminal) -> None:
    await terminal.until("› ")
    terminal.type(b"subscriptoins\x7f\x7f\x7f\x7f\x7ftions\n")
    await terminal.until("is followed here yet")
    terminal.shown = b""
    terminal.type(b"\x1b[A\n")
    await terminal.until("is followed here yet")


async def test_ctrl_c_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    before = termios.tcgetattr(terminal.theirs)
    await terminal.until("› ")
    terminal.type(b"he")
    await terminal.until("he")
    assert termios.tcgetattr(terminal.theirs) != before, "the line is not edited"
    terminal.type(b"\x03")
    assert await terminal.ended() == 130
    assert termios.tcgetattr(terminal.theirs) == before


async def test_bytes_that_are_no_text_end_nothing(shell: Shell) -> None:
    process = await shell.start("chat")
    out, err = await process.communicate(b"caf\xe9\nhelp\n")
    assert process.returncode == 0
    assert b"Commands" in out
    assert b"Traceback" not in err


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
