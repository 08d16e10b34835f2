"""The embedded server with real processes: who starts it, who shares it, who takes it down."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from analyzers.errors import StoreError
from bot.stores import embedded
from bot.stores.embedded import embedded_server

USER = """
import asyncio, sys
from pathlib import Path
from bot.stores.embedded import embedded_server

async def main():
    async with embedded_server(Path(sys.argv[1])) as socket:
        print(socket, flush=True)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(main())
"""


class User:
    """A process that uses the server of a folder until it is told to leave."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def socket(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        _, errors = self.process.communicate("\n", timeout=30)
        assert (self.process.returncode, errors) == (0, "")

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def start_user(tmp_path: Path) -> Iterator[Callable[[], User]]:
    with ExitStack() as stack:

        def start() -> User:
            user = User(tmp_path)
            stack.callback(user.kill)
            return user

        yield start


@contextmanager
def client(socket: str | Path) -> Iterator[Any]:
    with redis.Redis(unix_socket_path=str(socket), decode_responses=True) as connected:
        yield connected


def server_pid(socket: str | Path) -> int:
    with client(socket) as connected:
        return int(connected.info("server")["process_id"])


def ps(pid: int, field: str) -> str:
    command = ["ps", "-o", f"{field}=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def supervisor_of(pid: int) -> int:
    return int(ps(pid, "ppid"))


def is_running(pid: int) -> bool:
    return ps(pid, "stat")[:1] not in ("", "Z")


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def is_stopping(data: Path) -> bool:
    with (data / "redis" / "users.lock").open("rb") as lock:
        return not embedded._lock(lock.fileno(), fcntl.LOCK_SH)


def is_open(file: Path, pid: int) -> bool:
    return any(opened.resolve() == file for opened in Path(f"/proc/{pid}/fd").iterdir())


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


def append_only_file(data: Path) -> Path:
    (path,) = (data / "redis" / "appendonlydir").glob("*.incr.aof")
    return path


async def test_it_listens_on_a_private_socket_alone_and_writes_every_command(
    tmp_path: Path,
) -> None:
    async with embedded_server(tmp_path) as socket:
        with client(socket) as connected:
            settings = connected.config_get("*")
    assert (settings["port"], settings["unixsocketperm"]) == ("0", "700")
    assert (settings["appendonly"], settings["appendfsync"]) == ("yes", "everysec")
    assert settings["maxmemory-policy"] == "noeviction"
    assert stat.S_IMODE((tmp_path / "redis").stat().st_mode) == 0o700


async def test_a_folder_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir(mode=0o755)
    async with embedded_server(tmp_path):
        assert stat.S_IMODE((tmp_path / "redis").stat().st_mode) == 0o700


async def test_the_server_and_its_data_are_settled_when_the_last_context_closes(
    tmp_path: Path,
) -> None:
    async with embedded_server(tmp_path) as socket:
        pid = server_pid(socket)
        async with embedded_server(tmp_path) as same:
            assert server_pid(same) == pid
        assert is_running(pid)
        with client(socket) as connected:
            connected.set("kept", "yes")
    assert not is_running(pid)
    assert b"kept" in append_only_file(tmp_path).read_bytes()


def test_ten_processes_that_start_at_once_share_one_server(
    start_user: Callable[[], User],
) -> None:
    users = [start_user() for _ in range(10)]
    pids = {server_pid(user.socket()) for user in users}
    assert len(pids) == 1
    for user in users[1:]:
        user.leave()
    assert is_running(*pids)
    users[0].leave()
    assert not is_running(*pids)


def test_killed_users_leave_no_server_behind(start_user: Callable[[], User]) -> None:
    first, second = start_user(), start_user()
    socket = first.socket()
    pid = server_pid(socket)
    supervisor = supervisor_of(pid)
    assert second.socket() == socket
    first.kill()
    assert server_pid(socket) == pid
    second.kill()
    wait_until(lambda: not is_running(pid) and not is_running(supervisor))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child to its parent's life")
def test_a_killed_supervisor_takes_its_server_along_and_is_replaced(
    start_user: Callable[[], User],
) -> None:
    user = start_user()
    pid = server_pid(user.socket())
    os.kill(supervisor_of(pid), signal.SIGKILL)
    newcomer = start_user()
    other = server_pid(newcomer.socket())
    assert other != pid
    assert not is_running(pid)


def test_a_supervisor_ends_with_its_server(start_user: Callable[[], User]) -> None:
    pid = server_pid(start_user().socket())
    supervisor = supervisor_of(pid)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_running(supervisor))


def test_data_survive_when_everything_is_killed(start_user: Callable[[], User]) -> None:
    """Invariant 5: what was analysed stays analysed, across crashes."""
    user = start_user()
    socket = user.socket()
    pid = server_pid(socket)
    with client(socket) as connected:
        connected.set("kept", "yes")
    for process in (supervisor_of(pid), pid):
        os.kill(process, signal.SIGKILL)
    user.kill()
    assert Path(socket).exists(), "a killed server leaves its socket behind"
    with client(start_user().socket()) as connected:
        assert connected.get("kept") == "yes"


def test_who_comes_while_the_server_stops_waits_and_gets_a_new_one(
    start_user: Callable[[], User], tmp_path: Path
) -> None:
    user = start_user()
    socket = user.socket()
    pid = server_pid(socket)
    with client(socket) as connected:
        connected.set("kept", "yes")
    os.kill(pid, signal.SIGSTOP)
    user.kill()
    wait_until(lambda: is_stopping(tmp_path))
    newcomer = start_user()
    wait_until(lambda: is_open(tmp_path / "redis" / "users.lock", newcomer.process.pid))
    assert is_running(pid), "the old server is still there"
    os.kill(pid, signal.SIGCONT)
    socket = newcomer.socket()
    assert server_pid(socket) != pid
    assert not is_running(pid)
    with client(socket) as connected:
        assert connected.get("kept") == "yes"


def test_an_interrupt_from_the_terminal_does_not_reach_the_server(
    start_user: Callable[[], User],
) -> None:
    interrupted, other = start_user(), start_user()
    pid = server_pid(interrupted.socket())
    assert server_pid(other.socket()) == pid
    os.killpg(interrupted.process.pid, signal.SIGINT)
    interrupted.process.communicate(timeout=20)
    assert is_running(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_the_server_gets_none_of_our_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 7: secrets are where they are needed and nowhere else."""
    monkeypatch.setenv("GITHUB_TOKEN", "hunter2")
    async with embedded_server(tmp_path) as socket:
        pid = server_pid(socket)
        for process in (pid, supervisor_of(pid)):
            assert b"hunter2" not in environment_of(process)


async def test_a_path_too_long_for_a_socket_is_reached_by_a_shorter_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / ("long" * 50)
    with tempfile.TemporaryDirectory(dir="/tmp") as temporary:
        monkeypatch.setattr(tempfile, "tempdir", temporary)
        async with embedded_server(data) as socket, embedded_server(data) as other:
            assert max(len(str(socket)), len(str(other))) <= 100
            assert server_pid(socket) == server_pid(other)
        assert is_empty(Path(temporary))


async def test_a_linked_folder_and_its_target_share_one_server(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    async with embedded_server(tmp_path / "data") as one, embedded_server(tmp_path / "link") as two:
        assert server_pid(one) == server_pid(two)


async def test_a_temporary_folder_with_a_long_path_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_MAX_SOCKET_PATH", 10)
    with pytest.raises(StoreError) as caught:
        await embedded_server(tmp_path).__aenter__()
    assert caught.value.code == "error-store-folder"
    assert caught.value.details["reason"] == os.strerror(errno.ENAMETOOLONG)


@pytest.mark.parametrize("name", ["file/data", "/proc/commitcast"])
async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError) as caught:
        await embedded_server(tmp_path / name).__aenter__()
    assert caught.value.code == "error-store-folder"
    assert caught.value.details["folder"] == str(tmp_path / name)
    assert caught.value.details["reason"]


async def test_a_file_system_without_locks_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, kind: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    # No file system without locks can be mounted by a test.
    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StoreError) as caught:
        await embedded_server(tmp_path).__aenter__()
    assert caught.value.code == "error-store-locks"


async def test_a_folder_held_by_a_server_out_of_reach_is_told_and_gets_no_second_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "START_TIMEOUT", 0.3)
    (tmp_path / "redis").mkdir()
    with (tmp_path / "redis" / "server.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreError) as caught:
            await embedded_server(tmp_path).__aenter__()
    assert caught.value.code == "error-store-silent"
    assert not caught.value.permanent
    assert not (tmp_path / "redis" / "server.log").exists()


async def test_an_append_only_file_cut_short_by_a_crash_is_loaded(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as socket:
        with client(socket) as connected:
            connected.set("kept", "yes")
            connected.set("cut", "x" * 1000)
    path = append_only_file(tmp_path)
    os.truncate(path, path.stat().st_size - 500)
    async with embedded_server(tmp_path) as socket:
        with client(socket) as connected:
            assert connected.mget("kept", "cut") == ["yes", None]


async def test_damaged_data_are_told_in_the_servers_own_words_and_kept(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as socket:
        with client(socket) as connected:
            connected.set("kept", "yes")
    garbage = b"this is no command\n" * 10
    append_only_file(tmp_path).write_bytes(garbage)
    for _ in range(2):
        with pytest.raises(StoreError) as caught:
            await embedded_server(tmp_path).__aenter__()
        assert caught.value.code == "error-store-start"
        assert caught.value.details["folder"] == str(tmp_path / "redis")
        assert "Bad file format" in str(caught.value.details["reason"])
    assert append_only_file(tmp_path).read_bytes() == garbage


async def test_a_start_that_is_cancelled_leaves_nothing_behind(tmp_path: Path) -> None:
    async def use() -> None:
        async with embedded_server(tmp_path):
            await asyncio.Event().wait()

    for delay in (0, 0.005, 0.01, 0.02, 0.04, 0.08):
        using = asyncio.create_task(use())
        await asyncio.sleep(delay)
        using.cancel()
        await asyncio.wait({using})
        assert using.cancelled()
    with (tmp_path / "redis" / "server.lock").open("wb") as lock:
        async with asyncio.timeout(20):
            await embedded._wait_for(lock.fileno(), fcntl.LOCK_EX)
