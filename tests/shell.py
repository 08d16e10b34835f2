"""`commitcast` as people start it: a process of its own, with an environment of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.config import Settings
from tests.fork_server import forking


@dataclass(frozen=True)
class Ran:
    """What a process said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


@dataclass
class Shell:
    """Starts commitcast in a folder, on data of its own."""

    cwd: Path
    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    """Settings by name, on top of none at all."""
    is_forked: bool = False
    """Whether its processes are forks of one that has everything imported."""

    def environment(self) -> dict[str, str]:
        """The machine's environment without anything that could change a test."""
        ours = {name.upper() for name in Settings.model_fields}
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        isolated = {
            "HOME": str(self.data),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "COMMITCAST_DATA": str(self.data),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        return kept | isolated | self.settings

    def command(self) -> tuple[str, ...]:
        """What starts it."""
        return forking() if self.is_forked else (sys.executable, "-m", "bot")

    async def start(self, *args: str | Path) -> asyncio.subprocess.Process:
        """Start it and go on."""
        return await asyncio.create_subprocess_exec(
            *self.command(),
            *map(str, args),
            cwd=self.cwd,
            env=self.environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *args: str | Path, typed: str = "", **settings: str) -> Ran:
        """Run it to its end, with further settings, on what is typed."""
        process = await replace(self, settings=self.settings | settings).start(*args)
        async with asyncio.timeout(60):
            out, err = await process.communicate(typed.encode())
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())


def shas_in_html(page: str) -> list[str]:
    """The commits of a page, by the elements' ids."""
    return re.findall(r'\bid="([0-9a-f]{40})"', page)
