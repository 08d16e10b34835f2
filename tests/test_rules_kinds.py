"""Kinds and importance by rules (invariant 6: the floor and the ceiling of an importance)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.model import FileStatus, Importance, Kind, ReasonCode
from analyzers.rules import rules_analysis
from tests.digests import sha_of
from tests.rules_cases import CASES, CI, DOCS, SRC, TESTS, Case, a_change, cases, commit_of


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.commit.title[:50])
def test_a_careful_reader_agrees_on_kind_and_importance(case: Case) -> None:
    analysis = rules_analysis(case.commit)
    assert analysis.kind is case.kind, analysis.kinds
    assert case.at_least.rank <= analysis.importance.rank <= case.at_most.rank, analysis.verdict


def test_the_labelled_commits_are_many_and_differ() -> None:
    assert len({(message, files) for message, files, _, _ in CASES}) >= 120


@pytest.mark.parametrize(
    "message",
    ["fix: crash on start", "Fix CVE-2026-1234", 'Revert "Add rows"', "feat!: rows", "死锁修复"],
)
def test_grave_commits_have_a_floor_with_words_of_the_commit_as_evidence(message: str) -> None:
    analysis = rules_analysis(commit_of(message))
    verdict = analysis.verdict
    assert verdict.floor.rank >= Importance.MEDIUM.rank
    assert verdict.reasons[0].evidence.casefold() in message.casefold()
    assert verdict.reasons[0].evidence


@pytest.mark.parametrize("files", [DOCS, TESTS, CI, f"{DOCS} {TESTS}", "api/user_pb2.py+900-0"])
@pytest.mark.parametrize("message", ["Fix crash", "feat!: rows", "Fix data loss", "Rework"])
def test_what_ships_nothing_is_never_high(files: str, message: str) -> None:
    verdict = rules_analysis(commit_of(message, files)).verdict
    assert verdict.ceiling is Importance.MEDIUM
    assert verdict.importance is not Importance.HIGH


def test_reformatted_source_is_style_and_never_high() -> None:
    patch = "@@ -1,2 +1,3 @@\n-call(one, 'two')\n+call(\n+    one, \"two\",\n+)"
    verdict = rules_analysis(commit_of("Wrap lines", (a_change("a.py", patch),))).verdict
    assert verdict.reasons[0].code is ReasonCode.STYLE_ONLY
    assert (verdict.importance, verdict.ceiling) == (Importance.LOW, Importance.MEDIUM)


def test_changed_comments_are_documentation() -> None:
    patch = "@@ -1,2 +1,2 @@\n-# Avoids a crash.\n+# Avoids a deadlock.\n x = 1"
    analysis = rules_analysis(commit_of("Fix wording of a comment", (a_change("a.py", patch),)))
    assert analysis.kinds == (Kind.DOCS,)
    assert analysis.importance is Importance.LOW


def test_an_indent_that_a_fix_changes_is_no_style() -> None:
    patch = "@@ -1,2 +1,2 @@\n if ready:\n-run()\n+    run()"
    analysis = rules_analysis(commit_of("Fix runs before ready", (a_change("a.py", patch),)))
    assert analysis.verdict.ceiling is Importance.HIGH


def test_a_merge_is_low_whatever_its_message_says() -> None:
    merge = replace(
        commit_of("Merge branch 'fix-crash' into main\n\nFix CVE-2026-1234", ()),
        parents=(sha_of(1), sha_of(2)),
    )
    analysis = rules_analysis(merge)
    assert analysis.kinds == (Kind.MERGE,)
    assert analysis.importance is Importance.LOW


def test_a_squashed_pull_request_is_judged_by_its_own_title() -> None:
    message = "Merge pull request #12 from acme/rows\n\nFix crash on empty rows"
    analysis = rules_analysis(commit_of(message))
    assert (analysis.kind, analysis.headline) == (Kind.FIX, "Fix crash on empty rows")
    assert analysis.importance is Importance.HIGH


def test_an_empty_commit_says_so_and_is_low() -> None:
    verdict = rules_analysis(commit_of("Trigger CI", ())).verdict
    assert [reason.code for reason in verdict.reasons] == [ReasonCode.NO_FILES]
    assert verdict.importance is Importance.LOW


def test_files_that_a_forge_left_out_forbid_to_say_only() -> None:
    commit = replace(commit_of("Fix crash", DOCS), files_omitted=True)
    analysis = rules_analysis(commit)
    assert (analysis.kind, analysis.importance) == (Kind.FIX, Importance.HIGH)


def test_a_removed_public_name_is_at_least_medium() -> None:
    patch = "@@ -1,5 +1,2 @@\n import os\n-def connect(url):\n-    return os.open(url, 0)\n x = 1"
    analysis = rules_analysis(commit_of("Tidy", (a_change("widget/db.py", patch),)))
    assert analysis.verdict.reasons[0].code is ReasonCode.PUBLIC_REMOVED
    assert analysis.verdict.reasons[0].evidence == "connect"
    assert analysis.verdict.floor is Importance.MEDIUM


def test_a_major_version_of_a_dependency_is_medium_and_quoted() -> None:
    patch = '@@ -1,3 +1,3 @@ dependencies = [\n-  "httpkit>=1.9,<2",\n+  "httpkit>=2.0,<3",\n ]'
    analysis = rules_analysis(commit_of("Take new httpkit", (a_change("pyproject.toml", patch),)))
    assert analysis.kind is Kind.DEPENDENCIES
    assert analysis.verdict.reasons[0].code is ReasonCode.MAJOR_DEPENDENCY
    assert "httpkit" in analysis.verdict.reasons[0].evidence


def test_a_changed_schema_is_medium() -> None:
    files = "migrations/0007_rows.sql+3-0"
    verdict = rules_analysis(commit_of("Tidy columns", files)).verdict
    assert verdict.reasons[0].code is ReasonCode.SCHEMA_CHANGE
    assert verdict.importance is Importance.MEDIUM


def test_a_pure_rename_is_low() -> None:
    moved = replace(
        a_change("lib/pool.py", "", FileStatus.RENAMED), previous_path="src/pool.py", patch=None
    )
    assert rules_analysis(commit_of("Move pool", (moved,))).importance is Importance.LOW


WORDS = "fix feat ! : (a) [b] crash deadlock CVE-2026-1234 docs revert BREAKING CHANGE: Merge 修复"


@given(
    message=st.lists(
        st.sampled_from([*WORDS.split(), "\n", "bump a from 1.0 to 2.0"]), max_size=12
    ).map(" ".join),
    files=st.lists(st.sampled_from([SRC, DOCS, TESTS, CI, "uv.lock+3-3"]), max_size=3),
)
def test_importance_stays_between_floor_and_ceiling(message: str, files: list[str]) -> None:
    """Invariant 6, and the shape of every verdict."""
    analysis = rules_analysis(commit_of(message, " ".join(dict.fromkeys(files))))
    verdict = analysis.verdict
    assert verdict.floor.rank <= verdict.importance.rank <= verdict.ceiling.rank
    assert analysis.importance is verdict.importance
    assert verdict.reasons
    assert 1 <= len(analysis.kinds) <= 3
    assert len(set(analysis.kinds)) == len(analysis.kinds)
    if Kind.SECURITY in analysis.kinds and SRC in files:
        assert verdict.floor is not Importance.LOW
