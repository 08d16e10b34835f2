"""What Commitcast costs in time and memory on this machine: `make bench`.

Prints a Markdown table; docs/benchmarks.md keeps one. Whole commands are run as people run them,
against the servers of the tests, so that neither a network nor a model's mood is measured. One part
alone: `python -m tests.bench deliveries`.
"""

from __future__ import annotations

import asyncio
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from analyzers.model import Commit, RulesReason
from analyzers.rules import rules_analysis
from bot.output import DigestReport, Format, text_of
from bot.sources.git import GitSource
from formatters.text import words_for
from tests.bench.answers import answers
from tests.bench.budget import analyses
from tests.bench.chats import chats
from tests.bench.idle import idle
from tests.bench.many import many
from tests.bench.rush import rush
from tests.bench.table import show
from tests.digests import a_busy_day
from tests.repositories import Repo, git, nasty_repository
from tests.servers.openai import API_KEY, MODEL, OpenAIServer
from tests.shell import Shell

RUNS = 5
HISTORY = 3_000
DAY = 60
CONCURRENCY = 16
LARGE = 500


async def command(shell: Shell, *args: str | Path) -> float:
    """The seconds that a command takes as a whole process."""
    start = time.perf_counter()
    ran = await shell.run(*args)
    assert ran.status == 0, ran.err
    return time.perf_counter() - start


async def median(shell: Shell, *args: str | Path) -> float:
    """The median of several runs of a command, after one that does not count."""
    await command(shell, *args)
    return statistics.median([await command(shell, *args) for _ in range(RUNS)])


async def start_up(shell: Shell) -> None:
    show("`commitcast --help`", await median(shell, "--help"), f"median of {RUNS} processes")


async def history(folder: Path) -> None:
    """The path of every commit without a model: git, then the rules."""
    path = nasty_repository(folder / "history", commits=HISTORY)
    source = await GitSource.open_folder(path)
    shas = git(path, "rev-list", "main").split()
    start = time.perf_counter()
    commits: list[Commit] = [commit async for commit in source.read(shas)]
    took = time.perf_counter() - start
    show(f"read {HISTORY:,} commits with patches", took, f"{HISTORY / took:,.0f} commits/s")
    start = time.perf_counter()
    for commit in commits:
        rules_analysis(commit, RulesReason.NOT_CONFIGURED)
    took = time.perf_counter() - start
    show(f"judge {HISTORY:,} commits by rules", took, f"{HISTORY / took:,.0f} commits/s")
    await source.aclose()


async def rules_alone(shell: Shell, path: Path) -> None:
    show(
        f"digest of {DAY} commits by rules, whole process",
        await median(shell, "digest", path, "--output", "day.html"),
        f"median of {RUNS}; embedded server started and stopped",
    )


async def by_model(shell: Shell, path: Path) -> None:
    """A day with a model that takes a second for each reply, then the same from the cache."""
    async with OpenAIServer(delay=1.0) as server:
        shell.settings = {
            "OPENAI_API_KEY": API_KEY,
            "OPENAI_BASE_URL": server.base_url,
            "OPENAI_MODEL": MODEL,
            "COMMITCAST_LLM_CONCURRENCY": str(CONCURRENCY),
        }
        process = await shell.start("digest", path)
        await server.received(1)
        start = time.perf_counter()
        await process.communicate()
        took = time.perf_counter() - start
        ideal = -(-DAY // CONCURRENCY)
        show(
            f"{DAY} commits at 1 s a reply, {CONCURRENCY} at once, from the first request on",
            took,
            f"ideal {ideal} s, {took / ideal:.2f} × that; {len(server.requests)} calls",
        )
        before = len(server.requests)
        took = await median(shell, "digest", path)
        show("the same from the cache", took, f"{len(server.requests) - before} calls")


def formats() -> None:
    digest = a_busy_day(LARGE)
    report = DigestReport(digest, words_for("en"))
    for written in Format:
        text_of(DigestReport(a_busy_day(1), words_for("en")), written)
        start = time.perf_counter()
        size = len(text_of(report, written).encode())
        took = time.perf_counter() - start
        show(f"write {LARGE} commits as {written}", took, f"{size / 1000:,.0f} kB")


async def reports(folder: Path) -> None:
    """What people wait for at a command line."""
    shell = Shell(folder, folder / "data")
    repo = Repo(folder / "day")
    for number in range(DAY):
        repo.commit({"src/app.py": f"value = {number}\n"}, f"Set the value to {number}")
    await start_up(shell)
    await history(folder)
    await rules_alone(shell, repo.path)
    await by_model(shell, repo.path)
    formats()


async def bots(folder: Path) -> None:
    """What people wait for in a chat, and what a bot needs."""
    await chats(folder)
    await answers(folder)
    await idle(folder)


async def deliveries(folder: Path) -> None:
    """Thousands of scheduled digests at one minute."""
    await many(folder)
    await rush(folder)


PARTS = {part.__name__: part for part in (reports, bots, deliveries, analyses)}


async def main(names: Sequence[str]) -> None:
    """Run the parts that are named, or all.

    Raises:
        KeyError: there is no part of that name.
    """
    python = platform.python_version()
    sys.stdout.write(f"{platform.system()} {platform.machine()}, Python {python}\n\n")
    sys.stdout.write("| what | figure | note |\n| --- | ---: | --- |\n")
    for name in names or PARTS:
        with tempfile.TemporaryDirectory(prefix="cc") as folder:
            await PARTS[name](Path(folder))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
