"""Stands for a process of `tests.fork_server`: its streams, its signals, its end.

A script on the standard library alone, started as `python -I -S fork_client.py SOCKET ARGUMENT...`.
"""

import json
import os
import signal
import socket
import sys

_PASSED_ON = {signal.SIGINT, signal.SIGTERM}


def main(address: str, arguments: list[str]) -> None:
    """Have the server fork, and end as the fork ends."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
    folder = os.getcwd()  # noqa: PTH109 - pathlib takes as long to import as all the rest
    order = {"cwd": folder, "environment": dict(os.environ), "arguments": arguments}
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        socket.send_fds(server, [b"\n"], [0, 1, 2])
        server.sendall(json.dumps(order).encode() + b"\n")
        answers = server.makefile("rb")
        pid = int(answers.readline())
        for stream in (0, 1, 2):  # who reads them is to see the fork's end of them alone
            os.close(stream)
        for number in _PASSED_ON:
            signal.signal(number, lambda caught, _: os.kill(pid, caught))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
        status = int(answers.readline())
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
