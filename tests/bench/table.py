"""The table that is printed."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence


def show(what: str, seconds: float, note: str = "") -> None:
    """Print one line of the table."""
    line(what, shown(seconds), note)


def line(what: str, figure: str, note: str = "") -> None:
    """Print one line of the table whose figure is no time."""
    sys.stdout.write(f"| {what} | {figure} | {note} |\n")
    sys.stdout.flush()


def shown(seconds: float) -> str:
    """A time as people read it."""
    if seconds < 0.01:
        return f"{seconds * 1000:,.1f} ms"
    return f"{seconds * 1000:,.0f} ms" if seconds < 1 else f"{seconds:,.2f} s"


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many of a hundred do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
