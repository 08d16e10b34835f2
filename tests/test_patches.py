"""Patches and paths, from a forge's or git's bytes to the domain's (invariants 7 and 9: text of a
commit makes no lines, no marks and no pages that git did not see)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.model import MAX_PATCH_BYTES, FileStatus
from analyzers.text import clean
from bot.sources import commits
from bot.sources.commits import FilePatch, split_patch

LINE = st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=20)
SIGNED = st.tuples(st.sampled_from(" +-"), LINE | st.just("diff --git a/x b/x")).map("".join)
HUNKS = st.lists(SIGNED, min_size=1, max_size=6).map(
    lambda lines: "".join(f"{line}\n" for line in ["@@ -1 +1 @@", *lines])
)
NAME = st.from_regex(r"[a-z]([a-z /.]{0,8}[a-z])?", fullmatch=True)


@given(st.lists(st.tuples(NAME, HUNKS), max_size=4))
def test_a_diff_is_split_where_files_begin_whatever_their_lines_say(
    files: list[tuple[str, str]],
) -> None:
    diff = "".join(
        f"diff --git a/{name} b/{name}\nindex 1..2 100644\n--- a/{name}\n+++ b/{name}\n{hunks}"
        for name, hunks in files
    )
    assert split_patch(diff) == [FilePatch(*file) for file in files]


@pytest.mark.parametrize(
    ("header", "path"),
    [
        ("diff --git a/x y b/x y\nold mode 100644\nnew mode 100755\n", "x y"),
        ("diff --git a/a b/b\nsimilarity index 100%\nrename from a\nrename to b\n", "b"),
        ("diff --git a/x b/x\nindex 1..2\nBinary files a/x and b/x differ\n", "x"),
        (
            'diff --git "a/\\346\\226\\207\\t.txt" "b/\\346\\226\\207\\t.txt"\n',
            "文\t.txt",
        ),
        ('diff --git "a/\\"q\\\\" "b/\\"q\\\\"\n--- /dev/null\n+++ "b/\\"q\\\\"\n', '"q\\'),
        ("diff --git a/gone b/gone\ndeleted file\n--- a/gone\n+++ /dev/null\n", "gone"),
        ("diff --git a/x y b/x y\n--- a/x y\t\n+++ b/x y\t\n", "x y"),
        ("diff --git a/one b/other\n", ""),
    ],
)
def test_a_part_of_a_diff_tells_its_path(header: str, path: str) -> None:
    assert split_patch(f"{header}@@ -1 +1 @@\n-a\n+b\n")[0].path == path


def test_what_stands_before_the_first_file_is_left_out() -> None:
    assert split_patch("commit 1\n\n    diff --git a/x b/x\n\n") == []
    assert split_patch("") == []


@given(HUNKS)
def test_a_line_of_a_file_is_a_line_of_its_patch_for_every_reader(hunks: str) -> None:
    patch = commits.patch(hunks)
    assert patch is not None
    expected = hunks.removesuffix("\n").split("\n")
    assert len(patch.split("\n")) == len(patch.splitlines()) == len(expected)
    assert [line[0] for line in patch.split("\n")] == [line[0] for line in expected]


@given(HUNKS)
def test_a_patch_is_clean(hunks: str) -> None:
    patch = commits.patch(hunks)
    assert patch is not None
    assert clean(patch) == patch


@pytest.mark.parametrize("nothing", [None, "", "\n"])
def test_no_hunks_are_no_patch(nothing: str | None) -> None:
    assert commits.patch(nothing) is None


@pytest.mark.parametrize("letter", ["x", "é", "行"])
def test_a_patch_is_kept_up_to_the_limit_in_bytes_and_dropped_beyond(letter: str) -> None:
    width = len(letter.encode())
    whole = "+" + letter * ((MAX_PATCH_BYTES - 1) // width)
    padded = whole + "x" * (MAX_PATCH_BYTES - len(whole.encode()))
    assert commits.patch(padded + "\n") == padded
    assert commits.patch(padded + "x\n") is None


@given(st.text(min_size=1))
def test_a_path_is_one_clean_line_and_never_empty(raw: str) -> None:
    path = commits.path(raw)
    assert path
    assert len(path.splitlines()) == 1
    assert clean(path) == path


def test_the_spaces_of_a_path_stay_as_they_are() -> None:
    assert commits.path(" a  b\tc\nd ") == " a  b c d "


def test_a_name_of_control_characters_alone_is_a_mark() -> None:
    assert commits.path("\x07\u200b") == "\ufffd"


def test_files_stand_in_byte_order_of_their_paths() -> None:
    paths = ["a/b", "a.b", "é", "z", "A", "\U0001f600", "\uffee"]
    files = [commits.file_change(p, FileStatus.ADDED, 1, 0, None, None) for p in paths]
    ordered = [file.path for file in commits.ordered(files)]
    assert ordered == sorted(paths, key=lambda path: path.encode())


def test_a_person_is_on_one_line_and_a_message_has_no_space_around_it() -> None:
    person = commits.person(" Ada\n\u202eExample ", "<ada@example.com>\x00")
    assert (person.name, person.email) == ("Ada Example", "<ada@example.com>")
    assert commits.message("\n\n  Title\r\n\r\nBody\x1b[31m \n\n") == "Title\n\nBody[31m"
