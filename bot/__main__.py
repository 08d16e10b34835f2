"""`commitcast` and `python -m bot`."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from pathlib import Path


def main() -> None:
    """Run the shell's commands; errors end in one line and a status, never in a traceback."""
    # A stream that was closed before the start is None; what would go there goes nowhere.
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - open to the end
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115 - open to the end
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that knows only ASCII still gets the digest, other characters escaped.
            stream.reconfigure(errors="backslashreplace")
    from bot.cli import app

    app()


if __name__ == "__main__":
    main()
