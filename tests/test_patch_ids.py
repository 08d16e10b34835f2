"""The same change has one name, wherever it stands; another change has another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.model import Commit, FileChange, FileStatus, Person
from analyzers.patch_ids import patch_id
from tests.git_reading import opened
from tests.oddities import File
from tests.repositories import START, Repo

ADA = Person("Ada Example", "ada@example.com")
PATCH = "@@ -1,3 +1,3 @@ def run():\n start\n-old\n+new\n\\ No newline at end of file"


def commit(*files: FileChange, message: str = "Change", seconds: int = 0) -> Commit:
    at = START + timedelta(seconds=seconds)
    return Commit("a" * 40, ("b" * 40,), ADA, ADA, at, at, message, files, 1, 1)


def change(patch: str | None = PATCH, path: str = "run.py") -> FileChange:
    return FileChange(path, FileStatus.MODIFIED, 1, 1, patch=patch)


async def read(path: Path, *shas: str) -> list[Commit]:
    async with opened(path) as source:
        return [found async for found in source.read(shas)]


def numbered(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


BEFORE = tuple(f"line {number}" for number in range(40))


async def test_a_commit_that_was_rebased_keeps_its_name(tmp_path: Path) -> None:
    """Other parents, another time and committer, another message, other lines far above."""
    repo = Repo(tmp_path / "r")
    base = repo.commit({"a.txt": numbered(*BEFORE)})
    changed = (*BEFORE[:30], "inserted", *BEFORE[31:])
    repo.branch("topic", base)
    first = repo.commit({"a.txt": numbered(*changed), "b.bin": b"\0\1"})
    repo.branch("main")
    above = numbered("one", "two", *BEFORE)
    repo.commit({"a.txt": above})
    second = repo.commit(
        {"a.txt": numbered("one", "two", *changed), "b.bin": b"\0\1"},
        "Reworded",
        authored=START + timedelta(minutes=1),
        committer="Grace Example <grace@example.com>",
    )
    before, after = await read(repo.path, first, second)
    assert before.files[0].patch != after.files[0].patch
    assert patch_id(before) == patch_id(after)


async def test_a_commit_whose_content_was_amended_has_another_name(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit({"a.txt": numbered(*BEFORE)})
    when = repo.now
    shas = [repo.commit({"a.txt": numbered(*BEFORE, "more")}, date=when)]
    for number, amended in enumerate(("other", "more, much more")):
        repo.branch(f"amended-{number}", base)
        shas.append(repo.commit({"a.txt": numbered(*BEFORE, amended)}, date=when))
    names = {patch_id(found) for found in await read(repo.path, *shas)}
    assert len(names) == 3


async def test_changes_without_a_patch_are_told_apart_by_who_made_them_when(
    tmp_path: Path,
) -> None:
    """Two versions of a picture are two changes, and one that is rebased is one."""
    repo = Repo(tmp_path / "r")
    base = repo.commit({"a.txt": "1\n", "logo.png": b"\0" * 9})
    shas = [repo.commit({"logo.png": b"\0\1" * n}) for n in (5, 6)]
    shas += [repo.commit({"a.txt": File(b"1\n", "100755")}), repo.commit({}), repo.commit({})]
    repo.branch("side", base)
    again = repo.commit(
        {"logo.png": b"\0\1" * 5}, date=repo.now, authored=START + timedelta(minutes=1)
    )
    *found, rebased = await read(repo.path, *shas, again)
    assert len({patch_id(one) for one in found}) == len(shas)
    assert patch_id(rebased) == patch_id(found[0])


async def test_a_merge_that_is_made_again_keeps_its_name(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r")
    base = repo.commit({"a": "1\n"})
    merges = []
    for name in ("one", "two"):
        repo.branch(f"side-{name}", base)
        side = repo.commit({name: "1\n"})
        repo.branch(f"main-{name}", base)
        merges.append(
            repo.commit({name: "1\n"}, "Merge", authored=START, date=repo.now, merging=[side])
        )
    first, second = await read(repo.path, *merges)
    assert first.is_merge
    assert patch_id(first) == patch_id(second)
    assert patch_id(first) != patch_id(replace(first, message="Merge another"))
    assert patch_id(first) != patch_id(replace(first, authored_at=START + timedelta(1)))


@pytest.mark.parametrize(
    "other",
    [
        change(path="walk.py"),
        change(PATCH.replace("+new", "+newer")),
        change(PATCH.replace("-old", "-older")),
        change(PATCH.replace(" start", " begin")),
        change(PATCH.replace(" start", "+start")),
        change(PATCH.replace("-old\n", "")),
        change(None),
        replace(change(), status=FileStatus.ADDED),
        replace(change(), status=FileStatus.RENAMED, previous_path="fly.py"),
    ],
)
def test_another_change_has_another_name(other: FileChange) -> None:
    assert patch_id(commit(other)) != patch_id(commit(change()))
    assert patch_id(commit(change(), other)) != patch_id(commit(change()))


def test_a_list_of_files_that_was_cut_tells_not_all_of_a_change() -> None:
    cut = [replace(commit(change(), seconds=n), files_omitted=True) for n in (0, 1)]
    assert patch_id(cut[0]) != patch_id(cut[1])


Lines = st.lists(
    st.tuples(st.sampled_from(" +-"), st.text(st.characters(exclude_characters="\n"), max_size=6)),
    min_size=1,
    max_size=5,
)


def hunks(lines: list[tuple[str, str]], header: str = "@@ -1 +1 @@") -> str:
    return "\n".join([header, *(sign + text for sign, text in lines)])


@given(Lines, Lines)
def test_only_what_the_lines_say_counts(
    one: list[tuple[str, str]], two: list[tuple[str, str]]
) -> None:
    def essence(lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(sign, "".join(text.split())) for sign, text in lines]

    spaced = [(sign, f"\t{text}  ") for sign, text in one]
    first = patch_id(commit(change(hunks(one))))
    assert first == patch_id(commit(change(hunks(spaced, "@@ -70,2 +9,9 @@ def f():")), seconds=9))
    second = patch_id(commit(change(hunks(two))))
    assert (first == second) == (essence(one) == essence(two))
