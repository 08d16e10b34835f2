"""How much is asked about a commit, and what is asked when somebody wants to know all of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from analyzers.cached import CachedAnalyzer
from analyzers.errors import ModelError
from analyzers.instructions import BRIEF_INSTRUCTIONS, FULL_INSTRUCTIONS
from analyzers.model import Commit, Importance, RulesReason
from analyzers.rules import rules_analysis
from analyzers.worth import Depth, depth_of
from tests.digests import a_commit
from tests.fakes import MemoryAnalysisCache, MemoryTurns, wanted
from tests.language_models import a_file, a_patch, an_analyzer
from tests.servers.openai import Fault, OpenAIServer

BUMP = '@@ -1,3 +1,3 @@\n [dependencies]\n-serde = "1.0.1"\n+serde = "1.0.2"\n log = "0.4"'


def changing(message: str, *paths: str, patch: str | None = None) -> Commit:
    """A commit of these files."""
    files = tuple(a_file(path, patch or a_patch()) for path in paths)
    return a_commit(message=message, files=files)


LOCK = replace(changing("Update the lock file", "Cargo.lock"), sha="a" * 40)
MINOR_BUMP = changing("Bump serde from 1.0.1 to 1.0.2", "Cargo.toml", "Cargo.lock", patch=BUMP)
MERGE = replace(a_commit(message="Merge branch 'x'", files=()), parents=("1" * 40, "2" * 40))
DOCS = changing("docs: explain retries", "docs/retries.md")
FIX = changing("Fix a crash when the queue is empty", "src/queue.py")
LARGE = a_commit(
    message="Fix data loss in the log\n\nBREAKING CHANGE: x",
    files=tuple(a_file(f"src/part_{n}.py", a_patch(300, f"part{n}")) for n in range(40)),
)
CVE = changing("Bump openssl to 3.0.9 (CVE-2026-1234)", "Cargo.lock")


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


@pytest.mark.parametrize(
    ("commit", "depth"),
    [
        (LOCK, Depth.NONE),
        (MINOR_BUMP, Depth.NONE),
        (MERGE, Depth.NONE),
        (DOCS, Depth.BRIEF),
        (FIX, Depth.FULL),
        (CVE, Depth.FULL),
    ],
    ids=["lock", "bump", "merge", "docs", "fix", "cve"],
)
def test_the_more_a_commit_matters_the_more_is_asked(commit: Commit, depth: Depth) -> None:
    assert depth_of(commit, rules_analysis(commit)) is depth


async def test_a_commit_that_speaks_for_itself_costs_nothing(server: OpenAIServer) -> None:
    async with an_analyzer(server, always_in_full=False) as analyzer:
        analysis = await analyzer.analyze(LOCK, wanted())
    assert not server.requests
    assert analysis.rules_reason is RulesReason.NOT_NEEDED
    assert not analysis.is_provisional


async def test_of_a_low_commit_the_main_points_are_asked(server: OpenAIServer) -> None:
    async with an_analyzer(server, always_in_full=False) as analyzer:
        analysis = await analyzer.analyze(DOCS, wanted())
    [request] = server.requests
    assert request["messages"][0]["content"] == BRIEF_INSTRUCTIONS
    assert analysis.is_brief
    assert analysis.headline
    assert not analysis.risks


async def test_who_wants_all_of_a_commit_gets_it_once(server: OpenAIServer) -> None:
    """Invariant 5: it is deepened when it is expanded first, and never asked about again."""
    async with an_analyzer(server, always_in_full=False) as model:
        analyzer = CachedAnalyzer(model, MemoryAnalysisCache(), MemoryTurns())
        for commit in (DOCS, LOCK):
            assert not (await analyzer.analyze(commit, wanted())).risks
            expanded = await analyzer.analyze(commit, wanted(in_full=True))
            assert expanded.by_model
            assert not expanded.is_brief
            assert await analyzer.analyze(commit, wanted(in_full=True)) == expanded
            assert await analyzer.analyze(commit, wanted()) == expanded
    assert [body["messages"][0]["content"] for body in server.requests] == [
        BRIEF_INSTRUCTIONS,
        FULL_INSTRUCTIONS,
        FULL_INSTRUCTIONS,
    ]


async def test_what_turns_out_to_be_high_is_asked_in_full(server: OpenAIServer) -> None:
    """The rules took it for less than it is, and leave room for more."""
    commit = changing("Tidy the queue", "src/queue.py", patch=a_patch(1))
    by_rules = rules_analysis(commit)
    assert (by_rules.importance, by_rules.verdict.ceiling) == (Importance.LOW, Importance.HIGH)
    server.reply = {"importance": "high"}
    async with an_analyzer(server, always_in_full=False) as analyzer:
        analysis = await analyzer.analyze(commit, wanted())
    assert len(server.requests) == 2
    assert not analysis.is_brief
    assert analysis.importance is Importance.HIGH


async def test_all_can_be_asked_of_every_commit(server: OpenAIServer) -> None:
    async with an_analyzer(server, always_in_full=True) as analyzer:
        for commit in (LOCK, DOCS):
            assert not (await analyzer.analyze(commit, wanted())).is_brief
    assert {body["messages"][0]["content"] for body in server.requests} == {FULL_INSTRUCTIONS}


async def test_the_main_points_of_before_do_not_stand_for_all_that_is_asked_now(
    server: OpenAIServer,
) -> None:
    cache = MemoryAnalysisCache()
    for always_in_full in (False, True):
        async with an_analyzer(server, always_in_full=always_in_full) as model:
            cached = CachedAnalyzer(model, cache, MemoryTurns())
            analysis = await cached.analyze(DOCS, wanted())
        assert analysis.is_brief is not always_in_full


async def test_a_large_commit_that_matters_is_read_in_parts(server: OpenAIServer) -> None:
    """At most three requests to read it and one that joins what they say."""
    async with an_analyzer(server, always_in_full=False, tokens=24_000) as analyzer:
        analysis = await analyzer.analyze(LARGE, wanted())
    *parts, merging = (body["messages"][1]["content"] for body in server.requests)
    assert len(parts) == 3
    assert all(f"part {n} of 3" in part for n, part in zip((1, 2, 3), sorted(parts), strict=True))
    assert "ANALYSIS OF PART 3" in merging
    assert analysis.coverage.files_total == 40
    assert analysis.coverage.files_read + len(analysis.coverage.partly) > 3


async def test_where_one_part_fails_the_others_are_given_up(server: OpenAIServer) -> None:
    """No reply is waited and paid for that nobody will read."""
    server.faults.extend((Fault.HANG, Fault.REFUSAL, Fault.HANG))
    async with an_analyzer(server, always_in_full=False, tokens=24_000) as analyzer:
        with pytest.raises(ModelError) as failed:
            await analyzer.analyze(LARGE, wanted())
        assert failed.value.reason is RulesReason.REFUSED
        async with asyncio.timeout(30):
            while server.in_flight:
                await asyncio.sleep(0.01)
