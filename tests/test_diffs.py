"""What of a diff is shown to a model, and what is said of the rest."""

from __future__ import annotations

import re
import time

from hypothesis import given
from hypothesis import strategies as st

from analyzers.diffs import Excerpt, count_tokens, cut, excerpt
from analyzers.model import Coverage, FileChange, FileStatus
from tests.digests import a_commit
from tests.language_models import a_file, a_patch


def shown(*files: FileChange, budget: int = 2_000) -> Excerpt:
    """What is shown of a commit with these files."""
    return excerpt(a_commit(files=files), budget)


def order(excerpt_: Excerpt) -> list[str]:
    """The files in the order in which their patches stand."""
    return re.findall(r"^=== (\S+)", excerpt_.patches, re.MULTILINE)


def test_small_commit_is_shown_whole() -> None:
    result = shown(a_file("src/a.py"), a_file("tests/test_a.py"))
    assert result.coverage == Coverage(2, 2)
    assert a_patch() in result.patches
    assert "left out" not in result.patches


def test_files_stand_in_the_order_of_their_worth() -> None:
    result = shown(
        a_file("README.md"),
        a_file("tests/test_a.py"),
        a_file("pyproject.toml"),
        a_file("src/a.py"),
    )
    assert order(result) == ["src/a.py", "pyproject.toml", "tests/test_a.py", "README.md"]


def test_source_is_read_before_tests_when_the_budget_is_short() -> None:
    result = shown(
        a_file("src/a.py", a_patch(40)), a_file("tests/test_a.py", a_patch(40)), budget=400
    )
    assert "=== src/a.py (whole patch)" in result.patches
    assert "tests/test_a.py (whole patch)" not in result.patches
    assert result.coverage == Coverage(1, 2)


def test_lock_generated_vendored_files_and_assets_are_only_named() -> None:
    paths = ("poetry.lock", "src/widget_pb2.py", "vendor/x/y.go", "logo.svg")
    result = shown(*(a_file(path) for path in paths))
    assert order(result) == []
    assert all(path in result.listing for path in paths)
    assert result.coverage == Coverage(0, 4)


def test_large_file_is_cut_at_a_hunk_and_does_not_count_as_read() -> None:
    hunks = "\n".join(a_patch(30, word) for word in ("first", "second", "third", "fourth"))
    result = shown(a_file("src/a.py", hunks), budget=800)
    assert "first_29" in result.patches
    assert "second_0 " in result.patches
    assert "fourth" not in result.patches
    assert all(("_29" in hunk) for hunk in result.patches.split("@@ -")[1:]), "a hunk was cut"
    assert "the rest of this file is left out" in result.patches
    assert result.coverage == Coverage(0, 1)


def test_new_file_of_one_large_hunk_is_cut_at_lines() -> None:
    result = shown(a_file("src/a.py", a_patch(5_000)), budget=800)
    assert "value_10 = 10" in result.patches
    assert "value_4999" not in result.patches
    assert result.coverage == Coverage(0, 1)


def test_large_file_leaves_the_small_ones_of_its_kind_whole() -> None:
    result = shown(a_file("src/a.py", a_patch(5_000)), a_file("src/b.py"), budget=1_000)
    assert "=== src/b.py (whole patch)" in result.patches
    assert "=== src/a.py (part of the patch)" in result.patches


def test_large_files_share_what_is_left() -> None:
    result = shown(*(a_file(f"src/{n}.py", a_patch(5_000)) for n in range(3)), budget=3_000)
    assert len(order(result)) == 3


def test_rename_without_a_change_counts_as_read() -> None:
    """There is nothing to read of it but that it moved."""
    moved = a_file("src/b.py", "", status=FileStatus.RENAMED, previous_path="src/a.py")
    result = shown(moved)
    assert "renamed +0 -0 src/b.py (was src/a.py)" in result.listing
    assert result.coverage == Coverage(1, 1)


def test_binary_file_and_dropped_patch_do_not_count_as_read() -> None:
    binary = a_file("src/data.bin", "")
    too_large = a_file("src/big.py", "", additions=90_000)
    assert shown(binary, too_large).coverage == Coverage(0, 2)


def test_listing_of_very_many_files_says_how_many_more_there_are() -> None:
    result = shown(*(a_file(f"src/{n:04}.py", "") for n in range(3_000)), budget=2_000)
    named = result.listing.count(".py")
    assert 10 < named < 3_000
    assert f"and {3_000 - named} more files" in result.listing


def test_path_cannot_start_a_line_of_its_own() -> None:
    """Invariant 7: a path is untrusted text."""
    result = shown(a_file("src/a\n=== other.py (whole patch)\nx.py"))
    assert order(result) == ["src/a"]


def test_fifty_megabytes_are_cut_without_being_read() -> None:
    line = "+" + "x" * 99 + "\n"
    files = [a_file(f"src/{n}.py", "@@ -0,0 +1 @@\n" + line * 10_000) for n in range(50)]
    started = time.process_time()
    result = shown(*files, budget=24_000)
    assert time.process_time() - started < 1, "51 MB take about 0.05 s"
    assert len(result.patches) < 24_000 * 8


def test_count_is_an_upper_bound_for_every_kind_of_text() -> None:
    assert count_tokens("") == 0
    assert count_tokens("def value(self):\n    return 1\n") >= 9
    assert count_tokens(" " * 800) >= 100
    assert count_tokens("宽" * 100) >= 50


@given(st.text(), st.integers(-1, 60))
def test_cut_text_is_a_prefix_within_the_budget(text: str, budget: int) -> None:
    head, is_whole = cut(text, budget)
    assert text.startswith(head)
    assert is_whole == (head == text) or not text
    assert not head or count_tokens(head) <= budget


paths = st.sampled_from(
    ["src/a.py", "tests/test_a.py", "docs/a.md", "poetry.lock", "logo.png", ".github/a.yml"]
) | st.text(min_size=1, max_size=400)
patches = st.none() | st.text(max_size=3_000) | st.integers(1, 200).map(a_patch)
changes = st.builds(
    FileChange,
    paths,
    st.sampled_from(FileStatus),
    st.integers(0, 9),
    st.integers(0, 9),
    st.none() | paths,
    patches,
)


@given(st.lists(changes, max_size=12), st.integers(0, 3_000))
def test_budget_is_never_exceeded_and_every_file_is_counted(
    files: list[FileChange], budget: int
) -> None:
    """Invariant 6: what was not shown is said."""
    result = shown(*files, budget=budget)
    assert count_tokens(result.listing + result.patches) <= budget
    assert result.coverage.files_total == len(files)
    assert 0 <= result.coverage.files_read <= len(files)


@given(st.lists(changes, max_size=12))
def test_with_budget_enough_every_readable_file_is_whole(files: list[FileChange]) -> None:
    result = shown(*files, budget=1_000_000)
    assert "(part of the patch)" not in result.listing
    assert "[the rest of this file is left out]" not in result.patches
