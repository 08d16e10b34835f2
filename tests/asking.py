"""Processes that all want the same commit analysed, as `asking` starts them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path

from analyzers.cached import CachedAnalyzer
from analyzers.language_model import LanguageModel
from analyzers.llm import LanguageModelAnalyzer
from bot.stores.analyses import RedisAnalysisCache
from bot.stores.connection import open_redis
from bot.stores.turns import RedisTurns
from tests.digests import NOON
from tests.fakes import MemorySpending, wanted
from tests.language_models import MemoryProfiles, a_read_commit
from tests.servers.openai import API_KEY, MODEL

AT_ONCE = 10
"""Requests of each process."""


@asynccontextmanager
async def asking(
    processes: int, redis_url: str, base_url: str, lease: float
) -> AsyncIterator[Process]:
    """So many processes, forked from one that has everything imported. They share its streams: for
    each byte of input one of them asks."""
    arguments = (str(processes), redis_url, base_url, str(lease))
    first = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, *arguments),
        stdin=PIPE,
        stdout=PIPE,
        start_new_session=True,
    )
    try:
        yield first
    finally:
        with suppress(ProcessLookupError):  # all have ended
            os.killpg(first.pid, signal.SIGKILL)
        await first.communicate()


async def ask(redis_url: str, base_url: str, lease: float) -> None:
    """Tell one's process id and ask; tell what every request was answered, once if all are the
    same."""
    model = LanguageModel(
        name=MODEL,
        base_url=base_url,
        api_key=API_KEY,
        concurrency=16,
        profiles=MemoryProfiles(),
        spending=MemorySpending(),
        max_retries=0,
    )
    async with open_redis(redis_url, Path.cwd()) as redis:
        analyzer = CachedAnalyzer(
            LanguageModelAnalyzer(model, now=lambda: NOON, always_in_full=True),
            RedisAnalysisCache(redis),
            RedisTurns(redis, lease),
        )
        os.write(1, b"%d\n" % os.getpid())
        asked = (analyzer.analyze(a_read_commit(), wanted()) for _ in range(AT_ONCE))
        answers = {analysis.headline for analysis in await asyncio.gather(*asked)}
        os.write(1, f"{answers}\n".encode())
    await model.aclose()


if __name__ == "__main__":
    count, redis_url, base_url, lease = sys.argv[1:]
    for name in ("openai.resources.chat", "redis.asyncio"):
        import_module(name)
    for _ in range(int(count) - 1):
        if not os.fork():
            break
    if os.read(0, 1):
        asyncio.run(ask(redis_url, base_url, float(lease)))
