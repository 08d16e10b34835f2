"""Processes that all want the same commit analysed, as `python -m tests.asking` starts them."""

from __future__ import annotations

import asyncio
import os
import sys
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


async def ask(redis_url: str, base_url: str, lease: float) -> None:
    """Say so and ask; print what every request was answered, once if all are the same."""
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
        sys.stdout.write("asks\n")
        sys.stdout.flush()
        asked = (analyzer.analyze(a_read_commit(), wanted()) for _ in range(AT_ONCE))
        answers = {analysis.headline for analysis in await asyncio.gather(*asked)}
        sys.stdout.write(f"{answers}\n")
    await model.aclose()


if __name__ == "__main__":
    processes, redis_url, base_url, lease = sys.argv[1:]
    for _ in range(int(processes) - 1):
        if not os.fork():
            break
    asyncio.run(ask(redis_url, base_url, float(lease)))
