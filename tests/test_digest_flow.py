"""The flow from a source to a digest."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from analyzers.errors import SourceError
from analyzers.model import Day, Digest, FileChange, FileStatus, LeftOut, Range
from analyzers.ports import Analyzer
from analyzers.rules import RulesAnalyzer
from bot.analysing import analyse_commit
from bot.digest import DigestRequest, make_digest
from bot.sources.git import GitSource
from bot.subscriptions import Filters
from tests.digests import NOON, a_commit, rules_analysis
from tests.fakes import NOBODY, MemorySource, RecordingAnalyzer, wanted
from tests.repositories import Repo

LATEST = DigestRequest(span=None, zone="Asia/Shanghai", language="en")
FILES = (FileChange("src/widget.py", FileStatus.MODIFIED, 1, 0, patch="@@ -0,0 +1 @@\n+x"),)
COMMITS = [a_commit(number, f"Change {number}", files=FILES) for number in range(1, 41)]


async def digest_of(
    source: MemorySource, analyzer: Analyzer, told: list[tuple[int, int]]
) -> Digest:
    return await make_digest(
        source,
        analyzer,
        LATEST,
        account=NOBODY,
        workers=4,
        now=NOON,
        progress=lambda done, total: told.append((done, total)),
    )


async def test_every_listed_commit_is_in_the_digest_once_and_without_its_patches() -> None:
    """Invariants 1 and 5."""
    source, analyzer = MemorySource(COMMITS), RecordingAnalyzer(rules_analysis())
    told: list[tuple[int, int]] = []
    digest = await digest_of(source, analyzer, told)
    assert sorted(e.commit.sha for e in digest.entries) == sorted(c.sha for c in COMMITS)
    assert len(analyzer.calls) == len(COMMITS)
    assert all(file.patch is None for e in digest.entries for file in e.commit.files)
    assert told == [(done, len(COMMITS)) for done in range(1, len(COMMITS) + 1)]


async def test_the_latest_day_is_the_tips_in_the_readers_zone() -> None:
    tip = a_commit(1, committed_at=NOON.replace(hour=20))
    digest = await digest_of(MemorySource([tip]), RecordingAnalyzer(rules_analysis()), [])
    assert digest.span == Day(NOON.replace(day=7).date(), "Asia/Shanghai")


async def test_a_commit_that_a_source_loses_is_an_error_and_not_a_shorter_digest() -> None:
    """Invariant 1."""
    source = MemorySource(COMMITS, lost={COMMITS[3].sha, COMMITS[7].sha})
    with pytest.raises(SourceError) as caught:
        await digest_of(source, RecordingAnalyzer(rules_analysis()), [])
    assert caught.value.details == {"missing": 2, "total": len(COMMITS)}


async def test_no_more_is_read_than_the_workers_need() -> None:
    source, analyzer = MemorySource(COMMITS), RecordingAnalyzer(rules_analysis())
    analyzer.gate.clear()
    making = asyncio.create_task(digest_of(source, analyzer, []))
    for _ in range(100):  # as often as anything is left to do
        await asyncio.sleep(0)
    assert len(analyzer.calls) == 4
    assert source.given <= 4 + 4 + 1
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert source.is_closed
    assert analyzer.cancelled == 4


async def test_one_commit_is_found_by_its_short_name() -> None:
    source, one = MemorySource(COMMITS), COMMITS[5]
    entry = await analyse_commit(source, RecordingAnalyzer(rules_analysis()), one.sha[:9], wanted())
    assert entry.commit.sha == one.sha
    assert source.is_closed


async def test_what_a_merge_brings_in_is_counted_where_only_what_landed_is_asked_for(
    tmp_path: Path,
) -> None:
    """Invariant 3."""
    repo = Repo(tmp_path / "widget")
    first = repo.commit({"a": "1"})
    repo.branch("topic")
    for number in range(3):
        repo.commit({"b": str(number)})
    repo.branch("main")
    landed = repo.commit({"a": "2"})
    merge = repo.merge("topic")
    filters = Filters(first_parent=True)
    request = DigestRequest(Range(first, "main"), "UTC", "en", filters)
    source = await GitSource.open_folder(repo.path)
    try:
        digest = await make_digest(
            source,
            RulesAnalyzer(),
            request,
            account=NOBODY,
            workers=2,
            now=NOON,
            progress=lambda *_: None,
        )
    finally:
        await source.aclose()
    assert {entry.commit.sha for entry in digest.entries} == {landed, merge}
    assert digest.left_out == ((LeftOut.BROUGHT_IN, 3),)
