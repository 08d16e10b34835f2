"""Analyses the largest commits that there are, and prints what each took: a process of its own,
so that its memory is that of nothing else.

    python -m tests.huge_commits
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from analyzers.model import MAX_PATCH_BYTES, Commit, FileChange, FileStatus
from analyzers.tokens import count_tokens
from tests.digests import a_commit
from tests.fakes import wanted
from tests.language_models import an_analyzer
from tests.servers.openai import OpenAIServer

_CODE = "+    return self.window.of(worker, 12) or deadlock({})\n"


@dataclass(frozen=True, slots=True)
class Took:
    """What the analysis of one commit took."""

    name: str
    characters: int
    """Of all patches."""
    tokens: int
    """Sent in all requests, what is the same for every commit included."""
    requests: int
    seconds: float
    """Of the processor."""
    megabytes: float
    """That the process had at most until then."""
    read: int
    partly: int
    unread: int
    files: int


def _of(*patches: str, message: str = "Fix a deadlock between workers") -> Commit:
    files = tuple(
        FileChange(f"src/part{n}/worker.py", FileStatus.ADDED, p.count("\n"), 0, patch=p)
        for n, p in enumerate(patches)
    )
    return a_commit(message=message, files=files, additions=sum(f.additions for f in files))


def fifty_megabytes() -> Commit:
    """As many of the largest patches as make 50 MB."""
    lines = MAX_PATCH_BYTES // len(_CODE) - 1
    patches = ("@@ -0,0 +1 @@\n" + _CODE.format(n) * lines for n in range(51))
    return _of(*patches)


def three_thousand_files() -> Commit:
    """As many files as a forge lists."""
    return _of(*("@@ -0,0 +1,40 @@\n" + _CODE.format(n) * 40 for n in range(3_000)))


def one_line() -> Commit:
    """The largest line that is not dropped by the sources."""
    return _of("@@ -0,0 +1 @@\n+" + "x = {};" * 128_000)


HUGE: tuple[Callable[[], Commit], ...] = (one_line, three_thousand_files, fifty_megabytes)


async def _measure(make: Callable[[], Commit]) -> Took:
    commit = make()
    async with OpenAIServer() as server, an_analyzer(server, always_in_full=False) as analyzer:
        before = time.process_time()
        analysis = await analyzer.analyze(commit, wanted())
        seconds = time.process_time() - before
        tokens = sum(map(count_tokens, server.prompts))
        coverage = analysis.coverage
        return Took(
            name=make.__name__,
            characters=sum(len(file.patch or "") for file in commit.files),
            tokens=tokens,
            requests=len(server.requests),
            seconds=seconds,
            megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
            read=coverage.files_read,
            partly=len(coverage.partly),
            unread=len(coverage.unread),
            files=coverage.files_total,
        )


async def _main() -> None:
    for make in HUGE:
        sys.stdout.write(json.dumps(asdict(await _measure(make))) + "\n")


async def measured() -> list[Took]:
    """What each takes, one after the other, in a fresh process."""
    command = (sys.executable, "-m", __name__)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0
    return [Took(**json.loads(line)) for line in out.splitlines()]


if __name__ == "__main__":
    asyncio.run(_main())
