"""How tokens are counted without a vocabulary, and what the server's own count changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.model import Commit
from analyzers.tokens import count_tokens
from tests.digests import a_commit
from tests.fakes import MemorySpending, wanted
from tests.language_models import a_file, a_patch, a_read_commit, an_analyzer
from tests.servers.openai import OpenAIServer

LARGE = a_commit(files=tuple(a_file(f"src/{n}.py", a_patch(100, f"word{n}")) for n in range(20)))


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


def counted(body: dict[str, Any]) -> int:
    """What we count in a request."""
    return sum(count_tokens(message["content"]) for message in body["messages"])


async def sizes(server: OpenAIServer, first: Commit, times: int = 8) -> tuple[int, int]:
    """The characters that are sent of a large commit before and after some others."""

    async def size() -> int:
        server.requests.clear()
        await analyzer.analyze(LARGE, wanted())
        return sum(len(body["messages"][1]["content"]) for body in server.requests)

    async with an_analyzer(server, tokens=8_000) as analyzer:
        before = await size()
        for _ in range(times):
            await analyzer.analyze(first, wanted())
        return before, await size()


async def test_a_server_that_counts_more_tokens_gets_less_text(server: OpenAIServer) -> None:
    server.usage = lambda body: {"prompt_tokens": round(counted(body) * 1.5)}
    before, after = await sizes(server, a_read_commit())
    assert after < before * 0.85


async def test_a_server_that_counts_fewer_tokens_gets_more_text(server: OpenAIServer) -> None:
    server.usage = lambda body: {"prompt_tokens": round(counted(body) * 0.7)}
    before, after = await sizes(server, a_read_commit())
    assert after > before * 1.15


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        "many",
        {"prompt_tokens": None},
        {"prompt_tokens": "many"},
        {"prompt_tokens": 0},
        {"prompt_tokens": -9_000},
        {"prompt_tokens": 7},
        {"prompt_tokens": 10**15, "completion_tokens": 1},
        {"prompt_tokens": 5_000, "completion_tokens": -1},
    ],
    ids=str,
)
async def test_a_count_that_cannot_be_true_changes_nothing(
    server: OpenAIServer, usage: object
) -> None:
    server.usage = lambda _: usage
    spending = MemorySpending()
    async with an_analyzer(server, spending=spending) as analyzer:
        for _ in range(2):
            assert (await analyzer.analyze(a_read_commit(), wanted())).by_model
    first, second = server.prompts
    assert first == second
    ours = counted(server.requests[0])
    assert [told.sent for _, _, told in spending.spent] == [ours, ours]
    assert all(told.received > 0 for _, _, told in spending.spent)


@given(st.text(), st.text())
def test_the_count_of_a_whole_is_at_most_that_of_its_parts(a: str, b: str) -> None:
    """What is put together of pieces that fit, fits."""
    assert count_tokens(a + b) <= count_tokens(a) + count_tokens(b)
