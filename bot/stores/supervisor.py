"""Runs the embedded server for as long as a process uses its folder, and not a moment longer.

A script of its own, on the standard library alone: `bot.stores.embedded` starts it in the data
folder as `python -I -S supervisor.py SERVER ARGUMENT...`, in a session of its own, so that Ctrl-C
in a terminal does not reach the server. It inherits the locked `server.lock` and hands it on.

Every user of the folder holds a shared lock on `users.lock`. The kernel drops it however the user
ends, so an exclusive lock on it is the proof that nobody is left; while it is held, new users wait.
"""

import fcntl
import os
import signal
import sys
import threading
import time

STOP_SECONDS = 10.0
"""How long the server may take to write out its data before it is killed."""

_PR_SET_PDEATHSIG = 1


def main(command: list[str]) -> None:
    """Leave a supervisor behind and return, so that whoever started this need not reap it later."""
    if os.fork():
        return
    users = os.open("users.lock", os.O_RDWR)
    server = _spawn(command)
    threading.Thread(target=_stop_when_unused, args=(users, server), daemon=True).start()
    os.waitpid(server, 0)
    os._exit(0)


def _spawn(command: list[str]) -> int:
    supervisor = os.getpid()
    pid = os.fork()
    if pid == 0:
        _die_with(supervisor)
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    return pid


def _die_with(parent: int) -> None:
    """Have the kernel stop this process when its parent is killed; only Linux offers that."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it was killed before the kernel knew
        os._exit(1)


def _stop_when_unused(users: int, server: int) -> None:
    fcntl.flock(users, fcntl.LOCK_EX)
    os.kill(server, signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.kill(server, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
