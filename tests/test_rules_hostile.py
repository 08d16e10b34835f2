"""The rules under commits made to break or stall them: they never raise, and time is bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.model import Commit, Coverage, FileChange, FileStatus, RulesReason
from analyzers.rules import RulesAnalyzer, rules_analysis
from analyzers.rules.languages import LANGUAGES
from tests.digests import HOSTILE_TEXTS
from tests.fakes import wanted
from tests.growth import grows_no_faster_than_its_material, takes_at_most
from tests.rules_cases import SRC, a_change, commit_of

MANIFESTS = (
    *("pyproject.toml", "requirements.txt", "package.json", "Cargo.toml", "go.mod", "Gemfile"),
    *("pom.xml", "build.gradle", "Dockerfile", ".github/workflows/a.yml", "yarn.lock", "uv.lock"),
)
PATHS = [*(f"src/a.{ending}" for ending in LANGUAGES), *MANIFESTS]
FRAGMENTS = (
    *("a", " ", "\t", "(", "[", "<!--", "`", "- ", "#1", "a/", "#", "a-", "x_", '"a": "', "1."),
    *("a::", "const a = ", "func (", "pub ", "public ", "@a ", "template<", '"', "class ", "@@ "),
)
MESSAGE_FRAGMENTS = (
    *("fix ", "#1#", "breaking change ", "bump a from 1 ", "(#1)", "* a\n", "\n", "revert ", "[a"),
    *("lost data ", "a leak ", "- [ ] ", "**", "Fixes ", "修复", "<a>", "https://a/b/c/issues/"),
)
TEXT = st.text(max_size=60) | st.sampled_from(HOSTILE_TEXTS)
LINE = st.tuples(st.sampled_from([" ", "+", "-", "@@ ", "", "\\ "]), TEXT).map("".join)
FILE = st.builds(
    FileChange,
    path=st.sampled_from(PATHS) | TEXT.filter(bool),
    status=st.sampled_from(FileStatus),
    additions=st.integers(0, 2000),
    deletions=st.integers(0, 2000),
    patch=st.none() | st.lists(LINE, max_size=12).map("\n".join),
)


@given(
    message=st.lists(TEXT, max_size=5).map("\n".join),
    files=st.lists(FILE, max_size=5).map(tuple),
    omitted=st.booleans(),
)
def test_no_commit_makes_the_rules_raise_and_twice_they_say_the_same(
    message: str, files: tuple[FileChange, ...], omitted: bool
) -> None:
    commit = replace(commit_of(message, files), files_omitted=omitted)
    analysis = rules_analysis(commit)
    assert analysis == rules_analysis(commit)
    assert analysis.headline.strip()
    assert analysis.coverage.files_read <= analysis.coverage.files_total == len(files)
    assert sum(count for _, count in analysis.facts.roles) == len(files)
    assert len(analysis.facts.components) <= 3
    assert set(analysis.facts.public_removed) <= set(analysis.facts.symbols_removed)


@pytest.mark.parametrize("fragment", MESSAGE_FRAGMENTS)
@pytest.mark.parametrize("start", ["", "fix: crash\n\n"])
def test_time_is_linear_in_a_message_that_repeats_itself(start: str, fragment: str) -> None:
    def message(length: int) -> Commit:
        return commit_of(start + fragment * (length // len(fragment)), SRC)

    assert grows_no_faster_than_its_material(rules_analysis, message, 25_000)


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_time_is_linear_in_hostile_lines(fragment: str) -> None:
    """Ten thousand and more of them, read by every reader."""

    def patched(lines: int) -> Commit:
        line = (fragment * 400)[:390]
        signed = (f"{sign}{line}" for _ in range(lines) for sign in "+- ")
        patch = "\n".join([f"@@ -1,9 +1,9 @@ {line}", *signed])
        return commit_of("Rework", tuple(a_change(path, patch) for path in PATHS))

    assert grows_no_faster_than_its_material(rules_analysis, patched, 20)


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_time_is_linear_in_a_hostile_line(fragment: str) -> None:
    def patched(length: int) -> Commit:
        line = (fragment * length)[:length]
        patch = "\n".join([f"@@ -1,9 +1,9 @@ {line}", *(f"{sign}{line}" for sign in "+- ")])
        return commit_of("Rework", tuple(a_change(path, patch) for path in PATHS))

    assert grows_no_faster_than_its_material(rules_analysis, patched, 2_000)


def test_a_message_of_fifty_megabytes_is_read_in_part() -> None:
    long, endless = (
        commit_of("Fix crash\n\n" + "fix the words of it " * times) for times in (2_500, 2_500_000)
    )
    assert takes_at_most(8, lambda: rules_analysis(endless), lambda: rules_analysis(long))
    analysis = rules_analysis(endless)
    assert analysis.headline == "Fix crash"
    assert sum(map(len, analysis.summary)) <= 2_000


def test_a_commit_of_more_lines_than_are_read_says_so() -> None:
    patch = "@@ -1 +1 @@\n" + "\n".join(f"+x{number} = {number}" for number in range(15_000))
    files = tuple(a_change(f"src/{name}.py", patch) for name in "abc")
    coverage = rules_analysis(commit_of("Add tables", files)).coverage
    assert coverage == Coverage(1, 3, partly=("src/b.py",), unread=("src/c.py",))


async def test_the_analyzer_says_why_no_model_answered() -> None:
    analyzer = RulesAnalyzer(RulesReason.TIMED_OUT)
    analysis = await analyzer.analyze(commit_of("Add rows"), wanted("zh"))
    assert (analysis.analyzer, analysis.language) == ("rules", None)
    assert analysis.rules_reason is RulesReason.TIMED_OUT
    assert not analysis.by_model


def test_the_rules_are_the_same_for_every_language_but_not_for_every_reason() -> None:
    """Invariant 5: an identity stands for one analysis."""
    plain, late = RulesAnalyzer(), RulesAnalyzer(RulesReason.TIMED_OUT)
    assert plain.identity("en") == plain.identity("zh")
    assert plain.identity("en").startswith("rules:")
    assert plain.identity("en") != late.identity("en")


@settings(max_examples=20)
@given(st.sampled_from(PATHS), st.text("+- @\n\"'={}[]:,.1a", max_size=300))
def test_any_patch_is_read(path: str, patch: str) -> None:
    assert rules_analysis(commit_of("Change", (a_change(path, patch),))).coverage.files_read == 1
