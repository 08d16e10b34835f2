"""What of a diff is shown to a model, and what is said of the rest."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.diffs import Excerpt, Selection, cut, select
from analyzers.model import Commit, Coverage, FileChange, FileStatus
from analyzers.rules.roles import UNREADABLE, role_of
from analyzers.tokens import count_tokens
from tests.digests import a_commit
from tests.growth import takes_at_most
from tests.language_models import a_file, a_patch

NOTE = re.compile(
    r"\[(?:\d+ lines moved .*|\d+ lines: only white space changed"
    r"|\d+ lines? of \d+ characters left out|what else changed in this file is not shown here)\]"
)


def chosen(*files: FileChange, budget: int = 2_000, most: int = 1, message: str = "") -> Selection:
    """What is chosen of a commit with these files."""
    return select(a_commit(files=files, message=message), budget, most)


def shown(*files: FileChange, budget: int = 2_000, message: str = "") -> Excerpt:
    """What is shown of it in one part."""
    (part,) = chosen(*files, budget=budget, message=message).parts
    return part


def order(excerpt: Excerpt) -> list[str]:
    """The files in the order in which their patches stand."""
    return re.findall(r"^=== (\S+)", excerpt.patches, re.MULTILINE)


def group(excerpt: Excerpt, title: str) -> list[str]:
    """The files that are listed under a title."""
    found = re.search(rf"^{title} \(\d+\):\n((?:[a-z].*\n)*)", excerpt.listing, re.MULTILINE)
    return re.findall(r"^\w+ \+\d+ -\d+ (\S+)", found[1], re.MULTILINE) if found else []


def a_hunk(*lines: str, heading: str = "", at: int = 1) -> str:
    """A hunk of these lines, its header counted."""
    old, new = (sum(line[:1] in (" ", sign) for line in lines) for sign in "-+")
    return "\n".join([f"@@ -{at},{old} +{at},{new} @@ {heading}".rstrip(), *lines])


def body(sign: str, n: int = 10, *, indent: str = "    ", word: str = "step") -> list[str]:
    """Lines of code that all differ."""
    return [f"{sign}{indent}{word}_{number}(total)" for number in range(n)]


# ---- which files


def test_small_commit_is_shown_whole() -> None:
    selection = chosen(a_file("src/a.py"), a_file("tests/test_a.py"))
    assert selection.coverage == Coverage(2, 2)
    assert a_patch() in selection.parts[0].patches
    assert "not shown" not in selection.parts[0].patches
    assert selection.parts[0].listing == (
        "modified +3 -0 src/a.py\nmodified +3 -0 tests/test_a.py [test]\n"
    )


def test_files_stand_in_the_order_of_their_worth() -> None:
    result = shown(
        a_file("README.md"),
        a_file("tests/test_a.py"),
        a_file("pyproject.toml"),
        a_file("src/a.py"),
    )
    assert order(result) == ["src/a.py", "pyproject.toml", "tests/test_a.py", "README.md"]


def test_what_the_message_names_and_what_is_dangerous_comes_first_in_its_tier() -> None:
    plain = a_file("src/a.py", a_patch(6))
    named = a_file("src/b.py", a_patch(9, "flush_queue"))
    dangerous = a_file("src/c.py", a_patch(12, "password"))
    result = shown(plain, named, dangerous, message="Fix `flush_queue` on shutdown")
    assert order(result) == ["src/b.py", "src/c.py", "src/a.py"]


def test_source_is_read_before_tests_when_the_budget_is_short() -> None:
    selection = chosen(
        a_file("src/a.py", a_patch(40)), a_file("tests/test_a.py", a_patch(40)), budget=700
    )
    assert "=== src/a.py (whole patch)" in selection.parts[0].patches
    assert selection.coverage == Coverage(1, 2, partly=("tests/test_a.py",))


def test_lock_generated_vendored_files_and_assets_are_only_counted() -> None:
    paths = ["poetry.lock", "src/widget_pb2.py", "vendor/x/y.go", "logo.svg"]
    selection = chosen(*(a_file(path) for path in paths))
    (result,) = selection.parts
    assert order(result) == []
    assert sorted(group(result, "Only counted.*")) == sorted(paths)
    assert selection.coverage == Coverage(0, 4)
    assert selection.coverage.is_whole, "there was nothing that anybody would have read"


def test_what_was_not_read_is_named_to_the_reader_and_to_the_model() -> None:
    """Invariant 6."""
    files = [a_file(f"src/{n}.py", a_patch(300, f"word{n}")) for n in range(9)]
    selection = chosen(*files, a_file("go.sum"), budget=1_500)
    coverage = selection.coverage
    (result,) = selection.parts
    assert coverage.partly
    assert coverage.unread
    assert not coverage.is_whole
    assert group(result, "Shown in part") == list(coverage.partly)
    assert group(result, "Not shown, for want of room") == list(coverage.unread)
    assert group(result, "Only counted.*") == ["go.sum"]
    assert coverage.files_read + len(coverage.partly + coverage.unread) + 1 == 10


def test_rename_without_a_change_counts_as_read() -> None:
    """There is nothing to read of it but that it moved."""
    moved = a_file("src/b.py", "", status=FileStatus.RENAMED, previous_path="src/a.py")
    selection = chosen(moved, a_file("src/c.py"))
    assert "Moved without a change (1):\nrenamed +0 -0 src/b.py (was src/a.py)\n" in (
        selection.parts[0].listing
    )
    assert selection.coverage == Coverage(2, 2)


def test_binary_file_is_counted_and_a_dropped_patch_is_unread() -> None:
    binary = a_file("src/tool", "")
    too_large = a_file("src/big.py", "", additions=90_000)
    too_large_lock = a_file("yarn.lock", "", additions=90_000)
    coverage = chosen(binary, too_large, too_large_lock).coverage
    assert coverage == Coverage(0, 3, unread=("src/big.py",))


def test_listing_of_very_many_files_says_how_many_more_there_are() -> None:
    patch = a_patch(500)
    files = (a_file(f"src/{n:04}.py", patch, additions=500) for n in range(3_000))
    result = shown(*files, budget=2_000)
    named = result.listing.count(".py")
    assert 10 < named < 3_000
    assert re.search(
        r"Not shown, for want of room \(\d+\):\n(?:modified.*\n)+and \d+ more files\n",
        result.listing,
    )


def test_path_cannot_start_a_line_of_its_own() -> None:
    """Invariant 7: a path is untrusted text."""
    result = shown(a_file("src/a\n=== other.py (whole patch)\nx.py"))
    assert order(result) == ["src/a"]


# ---- what of a file


def test_large_file_is_cut_at_a_hunk_and_does_not_count_as_read() -> None:
    hunks = "\n".join(a_patch(30, word) for word in ("first", "second", "third", "fourth"))
    selection = chosen(a_file("src/a.py", hunks), budget=800)
    patches = selection.parts[0].patches
    assert "first_29" in patches
    assert "second_0 " in patches
    assert "fourth" not in patches
    assert all(("_29" in hunk) for hunk in patches.split("@@ -")[1:]), "a hunk was cut"
    assert "[what else changed in this file is not shown here]" in patches
    assert selection.coverage == Coverage(0, 1, partly=("src/a.py",))


def test_hunks_of_code_are_shown_before_those_of_imports_comments_and_white_space() -> None:
    hunks = [
        a_hunk(*(f"+import module_{n}" for n in range(30))),
        a_hunk(*(f"+# a comment {n}" for n in range(30)), at=100),
        a_hunk(*body("+", 30, word="call"), at=200),
        a_hunk(
            *(f"-{' ' * n}x = {n}  " for n in range(7)), *(f"+{' ' * n}x = {n}" for n in range(7))
        ),
    ]
    patches = shown(a_file("src/a.py", "\n".join(hunks)), budget=600).patches
    assert "call_29" in patches
    assert "import module_0" not in patches
    assert "a comment" not in patches


def test_new_file_of_one_large_hunk_is_cut_at_lines() -> None:
    selection = chosen(a_file("src/a.py", a_patch(5_000)), budget=800)
    patches = selection.parts[0].patches
    assert "value_10 = 10" in patches
    assert "value_4999" not in patches
    assert selection.coverage == Coverage(0, 1, partly=("src/a.py",))


def test_piece_out_of_the_middle_of_a_hunk_says_where_it_stands() -> None:
    """Line numbers and the function around it, which the lines themselves do not show."""
    plain = [f"+    # step {n}" for n in range(120)]
    lines = ["+def other():", *plain, "+def flush():", *plain, "+    return panic(unsafe)", *plain]
    patches = shown(a_file("src/a.py", a_hunk(*lines)), budget=1_200).patches
    (header,) = re.findall(r"^@@ .*", patches.partition("panic")[0], re.MULTILINE)[-1:]
    number, within = re.fullmatch(r"@@ -1,0 \+(\d+),\d+ @@ (.*)", header).groups()  # type: ignore[union-attr]
    assert within == "def flush():"
    piece = patches.partition(header)[2].split("\n@@")[0].strip().split("\n")
    assert lines[int(number) - 1 :][: len(piece)][:20] == piece[:20]


def test_hunk_without_a_heading_gets_the_definition_above_its_first_change() -> None:
    hunk = a_hunk(" class Widget:", "     def run(self):", "         start()", "+        stop()")
    other = a_hunk(" def before():", "     pass", " ", "+def after():", "+    pass", at=90)
    known = a_hunk("     pass", "+    more()", heading="class Known:", at=200)
    patches = shown(a_file("src/a.py", f"{hunk}\n{other}\n{known}")).patches
    assert re.findall(r"^@@ .*", patches, re.MULTILINE) == [
        "@@ -1,3 +1,4 @@ def run(self):",
        "@@ -90,3 +90,5 @@",
        "@@ -200 +200,2 @@ class Known:",
    ]


def test_large_file_leaves_the_small_ones_of_its_kind_whole() -> None:
    result = shown(a_file("src/a.py", a_patch(5_000)), a_file("src/b.py"), budget=1_000)
    assert "=== src/b.py (whole patch)" in result.patches
    assert "=== src/a.py (part of the patch)" in result.patches


def test_large_files_share_what_is_left() -> None:
    result = shown(*(a_file(f"src/{n}.py", a_patch(5_000)) for n in range(3)), budget=3_000)
    assert len(order(result)) == 3


def test_large_source_leaves_something_for_tests() -> None:
    result = shown(a_file("src/a.py", a_patch(5_000)), a_file("tests/test_a.py"), budget=2_000)
    assert "=== tests/test_a.py (whole patch)" in result.patches


def test_minified_file_is_only_counted() -> None:
    lines = ["+/*! widget 1.0 */", f"+{'x=1;' * 3_000}"]
    assert chosen(a_file("web/widget.js", a_hunk(*lines))).coverage == Coverage(0, 1)


def test_code_is_not_hidden_by_a_long_line_beside_it() -> None:
    lines = [f"+data = '{'x' * 9_000}'", "+run(data)"]
    selection = chosen(a_file("src/a.py", a_hunk(*lines)))
    assert "[1 line of 9010 characters left out]\n+run(data)\n" in selection.parts[0].patches
    assert selection.coverage == Coverage(0, 1, partly=("src/a.py",))


# ---- what is told instead


def test_moved_code_is_shown_where_it_is_now() -> None:
    before = a_hunk(" def one():", *body("-"), "     return 1")
    after = a_hunk(" class Other:", *body("+", indent="        "), "         return 2", at=40)
    selection = chosen(a_file("src/a.py", before), a_file("src/b.py", after))
    patches = selection.parts[0].patches
    assert patches.count("step_5(total)") == 1
    assert " def one():\n[10 lines moved to src/b.py]\n     return 1\n" in patches
    assert f"[10 lines moved from src/a.py]\n{body('+', indent='        ')[0]}\n" in patches
    assert "@@ -1,12 +1,2 @@ def one():" in patches, "the numbers count what is folded"
    assert selection.coverage == Coverage(2, 2)


def test_code_that_moved_within_a_file_or_was_indented_is_shown_once() -> None:
    far = a_hunk(*body("-", word="far")), a_hunk(*body("+", word="far"), at=200)
    near = a_hunk(*body("-", word="near"), "+if ready:", *body("+", indent=" " * 8, word="near"))
    patches = shown(a_file("src/a.py", "\n".join((*far, near)))).patches
    assert patches.count("[10 lines moved within this file]") == 2
    assert patches.count("[10 lines moved within this hunk]") == 2
    assert patches.count("far_5") == patches.count("near_5") == 1


def test_few_or_equal_lines_are_not_taken_for_moved_code() -> None:
    few = a_hunk(*body("-", 7)), a_hunk(*body("+", 7), at=50)
    brackets = a_hunk(*["-}"] * 20), a_hunk(*["+}"] * 20, at=90)
    assert "moved" not in shown(a_file("src/a.go", "\n".join((*few, *brackets)))).patches


def test_white_space_alone_is_told_as_such() -> None:
    tabs = [*body("-", indent="    "), *body("+", indent="\t")]
    result = shown(a_file("src/a.go", a_hunk(*tabs, " }")))
    assert "\n[20 lines: only white space changed]\n }\n" in result.patches
    assert result.listing == "modified +10 -0 src/a.go (only white space changed)\n"


def test_indentation_is_no_mere_white_space_where_it_means_something() -> None:
    dedented = a_hunk(" for item in items:", "-        return item", "+    return item")
    result = shown(a_file("src/a.py", dedented))
    assert "+    return item" in result.patches
    assert "white space" not in result.listing


# ---- in parts


def test_commit_that_fits_into_one_part_is_in_one() -> None:
    assert len(chosen(a_file(), budget=2_000, most=3).parts) == 1


def test_large_commit_is_shared_out_among_parts_and_nothing_comes_twice() -> None:
    files = [a_file(f"src/{n}.py", a_patch(60, f"word{n}")) for n in range(6)]
    selection = chosen(*files, a_file("src/big.py", a_patch(600)), budget=1_500, most=3)
    assert len(selection.parts) == 3
    lines = [line for part in selection.parts for line in part.patches.split("\n")]
    assert all(n == 1 for line, n in Counter(lines).items() if line.startswith("+"))
    assert len(selection.coverage.partly) == 1
    for part in selection.parts:
        assert count_tokens(part.listing + part.patches) <= 1_500
        others = set(group(part, "Shown in the other parts"))
        assert others == {path for other in selection.parts for path in order(other)} - set(
            order(part)
        )


def test_file_that_only_all_parts_together_hold_is_read() -> None:
    selection = chosen(a_file("src/a.py", a_patch(200)), budget=1_200, most=3)
    assert len(selection.parts) > 1
    assert selection.coverage == Coverage(1, 1)


# ---- whatever comes


def test_fifty_megabytes_are_cut_without_being_read() -> None:
    patch = "@@ -0,0 +1 @@\n" + ("+" + "x" * 99 + "\n") * 10_000
    files = [a_file(f"src/{n}.py", patch) for n in range(50)]

    def cut() -> None:
        assert len(shown(*files, budget=24_000).patches) < 24_000 * 8

    def read() -> None:
        for _ in files:
            count_tokens(patch)

    assert takes_at_most(1 / 4, cut, read)


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
    ["src/a.py", "src/b.go", "tests/test_a.py", "docs/a.md", "poetry.lock", "logo.png", "a.yml"]
) | st.text(min_size=1, max_size=400)
hunks = st.builds(
    lambda lines, heading: a_hunk(*lines, heading=heading),
    st.lists(
        st.builds(
            "{}{}{}".format,
            st.sampled_from(" +-"),
            st.sampled_from(["", "    ", "\t"]),
            st.sampled_from([*"abcdefgh}", "import x", "# said", "def run():", "x" * 6_000]),
        ),
        max_size=120,
    ),
    st.sampled_from(["", "def known():", "func (w *W) Run() {"]),
)
patches = (
    st.none()
    | st.text("+- @\n\\ab1,{}", max_size=300)
    | st.lists(hunks, min_size=1, max_size=4).map("\n".join)
    | st.integers(1, 200).map(a_patch)
)
changes = st.builds(
    FileChange,
    paths,
    st.sampled_from(FileStatus),
    st.integers(0, 9),
    st.integers(0, 9),
    st.none() | paths,
    patches,
)


def lines_of(commit: Commit) -> set[str]:
    """Every line of its patches."""
    return {line for file in commit.files for line in (file.patch or "").split("\n")}


@settings(max_examples=60)
@given(st.lists(changes, max_size=8), st.integers(0, 3_000), st.integers(1, 3))
def test_budget_holds_every_file_is_accounted_for_and_every_line_is_the_commits(
    files: list[FileChange], budget: int, most: int
) -> None:
    """Invariant 6: what was not shown is said."""
    commit = a_commit(files=tuple(files))
    selection = select(commit, budget, most)
    coverage, known = selection.coverage, lines_of(commit)
    assert 1 <= len(selection.parts) <= most
    for part in selection.parts:
        assert count_tokens(part.listing + part.patches) <= budget
        for line in part.patches.split("\n")[:-1]:
            is_said = line.startswith(("=== ", "@@ ")) or NOTE.fullmatch(line)
            assert is_said or line in known or any(whole.startswith(line) for whole in known)
    assert coverage.files_total == len(files)
    counted = len(files) - coverage.files_read - len(coverage.partly) - len(coverage.unread)
    readable = [f for f in files if role_of(f.path) not in UNREADABLE and f.patch]
    assert counted >= 0
    if not any("x" * 6_000 in (f.patch or "") for f in readable):
        assert counted <= len(files) - len(readable)
    assert select(commit, budget, most) == selection


@settings(max_examples=40)
@given(st.lists(changes, max_size=8))
def test_with_budget_enough_all_that_can_be_read_is_whole(files: list[FileChange]) -> None:
    commit = a_commit(files=tuple(replace(f, additions=0, deletions=0) for f in files))
    selection = select(commit, 1_000_000)
    if not any("x" * 6_000 in line for line in lines_of(commit)):
        assert selection.coverage.is_whole
        assert "not shown here" not in selection.parts[0].patches
