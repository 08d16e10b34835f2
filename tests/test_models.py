"""Two models, one for when the other fails (invariants 4 and 5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from analyzers.cached import CachedAnalyzer
from analyzers.errors import ModelError
from analyzers.fallback import FirstThatCan
from analyzers.model import RulesReason
from bot.config import Settings
from bot.models import model_analyzer, open_models
from tests.digests import NOON
from tests.fakes import MemoryAnalysisCache, MemorySpending, MemoryTurns, wanted
from tests.language_models import MemoryProfiles, a_read_commit
from tests.servers.openai import API_KEY, MODEL, Fault, OpenAIServer

SECOND = "second-model"


@asynccontextmanager
async def analyzing(spending: MemorySpending | None = None, **given: Any) -> AsyncIterator[Any]:
    """What the settings come to, with a cache."""
    settings = Settings.model_validate({"openai_api_key": API_KEY, "openai_model": MODEL} | given)
    cache = MemoryAnalysisCache()
    async with open_models(settings, MemoryProfiles(), spending or MemorySpending()) as models:
        analyzers = [
            CachedAnalyzer(model_analyzer(model, settings, lambda: NOON), cache, MemoryTurns())
            for model in models
        ]
        yield FirstThatCan(analyzers)


async def test_the_second_model_answers_where_the_first_fails() -> None:
    async with OpenAIServer() as first, OpenAIServer(api_key="second-key") as second:
        first.fault = Fault.UNAUTHORIZED
        async with analyzing(
            openai_base_url=first.base_url,
            openai_fallback_model=SECOND,
            openai_fallback_base_url=second.base_url,
            openai_fallback_api_key="second-key",
        ) as analyzer:
            analyses = [await analyzer.analyze(a_read_commit(n), wanted()) for n in range(3)]
    assert [one.analyzer for one in analyses] == [SECOND] * 3
    assert len(first.requests) == 1  # then it is left alone for a while


async def test_what_the_second_said_stands_when_the_first_is_back() -> None:
    """Invariant 5: what readers have seen does not change by itself."""
    async with OpenAIServer() as server:
        server.faults.append(Fault.REFUSAL)
        async with analyzing(
            openai_base_url=server.base_url, openai_fallback_model=SECOND
        ) as analyzer:
            said = await analyzer.analyze(a_read_commit(), wanted())
            requests = len(server.requests)
            assert await analyzer.analyze(a_read_commit(), wanted()) == said
            assert await analyzer.known(a_read_commit().sha, "en") == said
    assert said.analyzer == SECOND
    assert len(server.requests) == requests


async def test_a_key_is_sent_to_no_other_server_than_its_own() -> None:
    async with OpenAIServer() as first, OpenAIServer(api_key="no-key") as second:
        first.fault = Fault.UNAUTHORIZED
        async with analyzing(
            openai_base_url=first.base_url,
            openai_fallback_model=SECOND,
            openai_fallback_base_url=second.base_url,
        ) as analyzer:
            assert (await analyzer.analyze(a_read_commit(), wanted())).analyzer == SECOND


async def test_when_both_fail_the_first_ones_reason_is_told() -> None:
    async with OpenAIServer() as first, OpenAIServer(api_key=None) as second:
        first.fault, second.fault = Fault.UNAUTHORIZED, Fault.PROSE
        async with analyzing(
            openai_base_url=first.base_url,
            openai_fallback_model=SECOND,
            openai_fallback_base_url=second.base_url,
        ) as analyzer:
            with pytest.raises(ModelError) as failed:
                await analyzer.analyze(a_read_commit(), wanted())
    assert failed.value.reason is RulesReason.UNAUTHORIZED


async def test_a_day_without_tokens_left_asks_neither() -> None:
    spending = MemorySpending()
    spending.left = 10
    async with (
        OpenAIServer() as server,
        analyzing(
            spending, openai_base_url=server.base_url, openai_fallback_model=SECOND
        ) as analyzer,
    ):
        with pytest.raises(ModelError) as failed:
            await analyzer.analyze(a_read_commit(), wanted())
    assert failed.value.reason is RulesReason.DAILY_LIMIT
    assert not server.requests
