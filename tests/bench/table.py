"""The table that is printed."""

from __future__ import annotations

import sys


def show(what: str, seconds: float, note: str = "") -> None:
    """Print one line of the table."""
    told = f"{seconds * 1000:,.0f} ms" if seconds < 1 else f"{seconds:,.2f} s"
    sys.stdout.write(f"| {what} | {told} | {note} |\n")
    sys.stdout.flush()
