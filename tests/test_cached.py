"""One commit is analysed once (invariant 5), whoever asks and whoever gives up."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from analyzers.cached import CachedAnalyzer
from analyzers.errors import ModelError
from analyzers.model import RulesReason
from bot.stores.analyses import RedisAnalysisCache
from tests.digests import a_commit, model_analysis, rules_analysis
from tests.fakes import MemoryAnalysisCache, MemoryTurns, RecordingAnalyzer, wanted

COMMIT = a_commit(1)
ANALYSIS = model_analysis()


async def until_called(analyzer: RecordingAnalyzer, times: int = 1) -> None:
    while len(analyzer.calls) < times:
        await asyncio.sleep(0)


async def test_a_second_run_makes_no_call(redis: Redis) -> None:
    """Invariant 5, across restarts."""
    for _ in range(2):
        inner = RecordingAnalyzer(ANALYSIS)
        cached = CachedAnalyzer(inner, RedisAnalysisCache(redis), MemoryTurns())
        assert await cached.analyze(COMMIT, wanted()) == ANALYSIS
    assert inner.calls == []


async def test_another_commit_language_or_model_makes_its_own_call(redis: Redis) -> None:
    inner = RecordingAnalyzer(ANALYSIS)
    cached = CachedAnalyzer(inner, RedisAnalysisCache(redis), MemoryTurns())
    other = RecordingAnalyzer(ANALYSIS, name="other")
    await cached.analyze(COMMIT, wanted())
    await cached.analyze(COMMIT, wanted("zh"))
    await cached.analyze(a_commit(2), wanted())
    await CachedAnalyzer(other, RedisAnalysisCache(redis), MemoryTurns()).analyze(COMMIT, wanted())
    assert len(inner.calls) == 3
    assert len(other.calls) == 1


async def test_its_identity_is_that_of_the_analyzer_within() -> None:
    inner = RecordingAnalyzer(ANALYSIS)
    assert CachedAnalyzer(inner, MemoryAnalysisCache(), MemoryTurns()).identity(
        "zh"
    ) == inner.identity("zh")


async def test_a_hundred_requests_at_once_share_one_call(redis: Redis) -> None:
    """Invariant 5, across concurrent requests."""
    inner = RecordingAnalyzer(ANALYSIS)
    cached = CachedAnalyzer(inner, RedisAnalysisCache(redis), MemoryTurns())
    answers = await asyncio.gather(*(cached.analyze(COMMIT, wanted()) for _ in range(100)))
    assert answers == [ANALYSIS] * 100
    assert len(inner.calls) == 1


async def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    """Invariant 4: a failure is no analysis."""
    inner = RecordingAnalyzer(ModelError(RulesReason.SERVER_ERROR))
    cache = MemoryAnalysisCache()
    cached = CachedAnalyzer(inner, cache, MemoryTurns())
    failures = await asyncio.gather(
        *(cached.analyze(COMMIT, wanted()) for _ in range(3)), return_exceptions=True
    )
    assert [type(failure) for failure in failures] == [ModelError] * 3
    assert len(inner.calls) == 1
    assert cache.kept == {}
    inner.answer = ANALYSIS
    assert await cached.analyze(COMMIT, wanted()) == ANALYSIS


async def test_what_the_rules_say_in_a_models_place_is_not_kept() -> None:
    """Invariant 4: the model is asked again."""
    inner = RecordingAnalyzer(rules_analysis(reason=RulesReason.TIMED_OUT))
    cached = CachedAnalyzer(inner, MemoryAnalysisCache(), MemoryTurns())
    await cached.analyze(COMMIT, wanted())
    await cached.analyze(COMMIT, wanted())
    assert len(inner.calls) == 2


@pytest.mark.parametrize("leaver", [0, 1])
async def test_who_gives_up_does_not_take_the_call_from_the_others(leaver: int) -> None:
    inner = RecordingAnalyzer(ANALYSIS)
    inner.gate.clear()
    cached = CachedAnalyzer(inner, MemoryAnalysisCache(), MemoryTurns())
    callers = [asyncio.create_task(cached.analyze(COMMIT, wanted())) for _ in range(2)]
    await until_called(inner)
    callers[leaver].cancel()
    await asyncio.wait({callers[leaver]})
    inner.gate.set()
    assert await callers[1 - leaver] == ANALYSIS
    assert callers[leaver].cancelled()
    assert (len(inner.calls), inner.cancelled) == (1, 0)


async def test_the_last_who_gives_up_takes_the_call_along() -> None:
    inner = RecordingAnalyzer(ANALYSIS)
    inner.gate.clear()
    cached = CachedAnalyzer(inner, MemoryAnalysisCache(), MemoryTurns())
    callers = [asyncio.create_task(cached.analyze(COMMIT, wanted())) for _ in range(2)]
    await until_called(inner)
    for caller in callers:
        caller.cancel()
    await asyncio.wait(callers)
    assert inner.cancelled == 1, "the call has ended before the last caller has"


async def test_who_comes_while_a_call_is_given_up_gets_a_call_of_their_own() -> None:
    inner = RecordingAnalyzer(ANALYSIS)
    inner.gate.clear()
    cached = CachedAnalyzer(inner, MemoryAnalysisCache(), MemoryTurns())
    first = asyncio.create_task(cached.analyze(COMMIT, wanted()))
    await until_called(inner)
    first.cancel()
    second = asyncio.create_task(cached.analyze(COMMIT, wanted()))
    await until_called(inner, times=2)
    third = asyncio.create_task(cached.analyze(COMMIT, wanted()))
    await asyncio.sleep(0)
    inner.gate.set()
    assert (await second, await third) == (ANALYSIS, ANALYSIS)
    assert first.cancelled()
    assert (len(inner.calls), inner.cancelled) == (2, 1)


async def test_who_wants_all_waits_for_who_may_be_getting_all() -> None:
    """Invariant 5: an expansion while the digest is made."""
    inner = RecordingAnalyzer(ANALYSIS)
    inner.gate.clear()
    cached = CachedAnalyzer(inner, MemoryAnalysisCache(), MemoryTurns())
    callers = [
        asyncio.create_task(cached.analyze(COMMIT, wanted(in_full=in_full)))
        for in_full in (False, True)
    ]
    await until_called(inner)
    for _ in range(20):
        await asyncio.sleep(0)
    inner.gate.set()
    assert await asyncio.gather(*callers) == [ANALYSIS] * 2
    assert len(inner.calls) == 1
