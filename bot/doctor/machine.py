"""What the bot needs of this machine: zone data, the disk, git."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import zoneinfo
from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Final

from bot.config import Settings
from bot.doctor.findings import Finding, Severity, Subject
from bot.sources.gitcommand import Git, check_version, users_environment

OLD: Final = 2
"""Years after which zone data are told to be old: governments change clocks every year."""

LITTLE, SCARCE = 1_000_000_000, 100_000_000
"""Bytes of free space below which mirrors soon have none, and below which nothing is safe."""


async def check_zones(now: Callable[[], datetime]) -> AsyncGenerator[Finding]:
    """How old the zone data are that digests are scheduled by."""
    version = await asyncio.to_thread(_zone_data)
    year = re.match(r"\d{4}", version)
    if year is None:
        yield Finding(Subject.ZONES, Severity.NOTE, "doctor-zones-unknown")
    elif now().year - int(year[0]) >= OLD:
        yield Finding(Subject.ZONES, Severity.WARNING, "doctor-zones-old", {"version": version})
    else:
        yield Finding(Subject.ZONES, Severity.FINE, "doctor-zones", {"version": version})


def _zone_data() -> str:
    """The version of the zone data that `zoneinfo` reads, for example `2026a`;
    empty where they do not tell."""
    for folder in map(Path, zoneinfo.TZPATH):
        if (folder / "UTC").exists():  # it has the data, so the package's are not read
            for name in ("tzdata.zi", "+VERSION"):
                if (folder / name).is_file():
                    with (folder / name).open(encoding="utf-8") as file:
                        return file.readline().removeprefix("# version").strip()
            return ""
    return metadata.version("tzdata")


async def check_disk(settings: Settings) -> AsyncGenerator[Finding]:
    """Whether data can be written, and how much."""
    data = settings.commitcast_data.expanduser().absolute()
    place = next(folder for folder in (data, *data.parents) if folder.exists())
    told: dict[str, str | int] = {"folder": str(data)}
    if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
        yield Finding(Subject.DISK, Severity.BROKEN, "doctor-disk-closed", told)
        return
    free = (await asyncio.to_thread(shutil.disk_usage, place)).free
    told["megabytes"] = free // 1_000_000
    if free < SCARCE:
        yield Finding(Subject.DISK, Severity.BROKEN, "doctor-disk-full", told)
    elif free < LITTLE:
        yield Finding(Subject.DISK, Severity.WARNING, "doctor-disk-full", told)
    else:
        yield Finding(Subject.DISK, Severity.FINE, "doctor-disk", told)


async def check_git() -> AsyncGenerator[Finding]:
    """Whether git is there and new enough.

    Raises:
        SourceError: it is not.
    """
    git = Git(users_environment(), "git")
    await check_version(git)
    version = (await git.run("version")).decode(errors="replace").split()
    yield Finding(Subject.GIT, Severity.FINE, "doctor-git", {"version": version[2]})
