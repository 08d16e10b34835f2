"""Starts commitcast quickly: processes forked from one that has everything imported.

What is started is a process like any other, with streams, signals and an end of its own; it only
need not import anything, which takes a second or two. Run as a module this is the server;
`tests/fork_client.py` is what a test starts in place of `python -m bot`.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from datetime import date
from functools import cache
from importlib import import_module
from pathlib import Path

from formatters.text import LANGUAGES, words_for

EVERYTHING = (
    *(
        "bot.cli",
        "bot.shell.commands",
        "bot.shell.data",
        "bot.run",
        "bot.deliveries.post",
        "bot.deliveries.news",
    ),
    *("bot.sources.git", "bot.sources.github", "bot.chats.slack", "bot.chats.telegram"),
    "bot.chats.terminal",
    *(
        "analyzers.language_model",
        "analyzers.llm",
        "openai.resources.chat",
        "redis.asyncio",
        "aiohttp.web",
    ),
    *("formatters.html", "formatters.markdown", "formatters.json_document", "formatters.terminal"),
    *("formatters.blockkit", "formatters.telegram_html", "formatters.text", "rich.console"),
)
"""What commitcast imports when it needs it first."""


@cache
def forking() -> tuple[str, ...]:
    """The command that stands for `python -m bot`; the server is started when it is first asked
    for, and ends with this process."""
    folder = tempfile.TemporaryDirectory(prefix="cc")
    address = str(Path(folder.name) / "forks.sock")
    server = subprocess.Popen(
        [sys.executable, "-m", __name__, address],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert server.stdout
    server.stdout.readline()  # it listens

    def end() -> None:
        server.communicate()
        folder.cleanup()

    atexit.register(end)
    client = Path(__file__).with_name("fork_client.py")
    return sys.executable, "-I", "-S", str(client), address


def main(address: str) -> None:
    """Fork for everybody who asks, until standard input ends."""
    from bot.__main__ import main as commitcast

    for name in EVERYTHING:
        import_module(name)
    for language in LANGUAGES:
        words_for(language).date(date.min)
    gc.collect()
    gc.freeze()  # or every fork would copy everything at its first collection
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        os.write(1, b"ready\n")
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
        # What a shell starts in the background ignores Ctrl-C, and so would every fork.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        while listening.fileno() in select.select([listening.fileno(), 0], [], [])[0]:
            asked, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                break
            asked.close()
        else:
            return
    with asked:
        _, streams, _, _ = socket.recv_fds(asked, 1, 3)
        order = json.loads(asked.makefile("rb").readline())
        pid = os.fork()
        if pid:
            for stream in streams:
                os.close(stream)
            _watch(asked, pid)
            os._exit(0)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # Made anew, for what a stream knows of itself is of the server's.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - open to the end
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as above
    sys.stderr = open(2, "w", 1, encoding="utf-8", closefd=False)  # noqa: SIM115 - as above
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = [str(Path(__file__).parents[1] / "bot" / "__main__.py"), *order["arguments"]]
    commitcast()


def _watch(asked: socket.socket, pid: int) -> None:
    """Tell who asked which process it is and how it ends; end it when nobody listens any more."""
    asked.sendall(b"%d\n" % pid)

    def kill_when_left() -> None:
        asked.recv(1)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    threading.Thread(target=kill_when_left, daemon=True).start()
    _, status = os.waitpid(pid, 0)
    asked.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv[1])
