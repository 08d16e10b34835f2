"""`commitcast` and `python -m bot`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the shell's commands; errors end in one line and a status, never in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows only ASCII still gets the digest, its other characters escaped.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    from bot.cli import app

    app()


if __name__ == "__main__":
    main()
