"""What a process has used, as Linux tells it."""

from __future__ import annotations

import os
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")


def megabytes(process: int, what: str = "VmRSS") -> float:
    """Its resident memory now, or at most (`VmHWM`), in MB of 1,000,000 bytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:")) * 1024 / 1e6


def cpu(process: int) -> float:
    """Seconds of processors that it has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK


def load() -> str:
    """How busy the machine is."""
    return f"load {os.getloadavg()[0]:.1f}"
