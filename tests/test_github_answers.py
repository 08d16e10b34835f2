"""What is made of GitHub's JSON and headers, whatever they hold. Pure functions only."""

from __future__ import annotations

import json
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.errors import RateLimited, SourceError
from analyzers.model import Commit, FileStatus, Person
from bot.ports import Notice
from bot.sources.github_api import next_url
from bot.sources.github_json import (
    CommitAnswer,
    Comparison,
    RepositoryAnswer,
    parse,
    to_commit,
    with_patches,
)
from bot.sources.github_limits import Gate, asked_wait, is_limit

NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)
SIGNED = {"name": "Ada Example", "email": "ada@example.com", "date": "2026-01-06T10:00:00Z"}
ANSWER: dict[str, Any] = {
    "sha": "a" * 40,
    "commit": {"message": "Fix it\r\n\r\nReally.\n", "author": SIGNED, "committer": SIGNED},
    "author": None,
    "parents": [{"sha": "b" * 40}],
    "stats": {"additions": 3, "deletions": 1, "total": 4},
    "files": [
        {
            "filename": "z.py",
            "status": "added",
            "additions": 1,
            "deletions": 0,
            "patch": "@@ -0,0 +1 @@\n+z",
        },
        {
            "filename": "a.py",
            "status": "modified",
            "additions": 2,
            "deletions": 1,
            "patch": "@@ -1 +1,2 @@",
        },
    ],
}


def built(answer: dict[str, Any]) -> Commit:
    parsed = parse(CommitAnswer, json.dumps(answer).encode())
    return to_commit(parsed, parsed.files or ())


def changed(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """The answer with another value somewhere; `...` takes it away."""
    answer: Any = deepcopy(ANSWER)
    inner = answer
    for step in path[:-1]:
        inner = inner[step]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return dict(answer)


def test_an_answer_becomes_a_commit() -> None:
    commit = built(ANSWER)
    assert commit.message == "Fix it\n\nReally."
    assert [file.path for file in commit.files] == ["a.py", "z.py"]
    assert (commit.additions, commit.deletions, commit.files_omitted) == (3, 1, False)
    assert commit.authored_at == commit.committed_at == datetime(2026, 1, 6, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("added", FileStatus.ADDED),
        ("removed", FileStatus.REMOVED),
        ("modified", FileStatus.MODIFIED),
        ("changed", FileStatus.MODIFIED),
        ("unchanged", FileStatus.MODIFIED),
        ("renamed", FileStatus.RENAMED),
        ("copied", FileStatus.COPIED),
        ("something new", FileStatus.MODIFIED),
    ],
)
def test_every_status_has_a_meaning(word: str, status: FileStatus) -> None:
    answer = changed(("files", 0, "status"), word)
    answer["files"][0]["previous_filename"] = "before.py"
    file = built(answer).files[1]
    assert file.status is status
    moved = status in (FileStatus.RENAMED, FileStatus.COPIED)
    assert file.previous_path == ("before.py" if moved else None)


def test_dates_are_in_utc_whatever_zone_an_enterprise_server_writes() -> None:
    answer = changed(("commit", "committer"), SIGNED | {"date": "2026-01-06T18:00:00+08:00"})
    assert built(answer).committed_at == datetime(2026, 1, 6, 10, tzinfo=UTC)
    assert built(answer).committed_at.tzinfo is UTC


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_dates_at_the_end_of_the_calendar_can_be_shown_in_every_zone(date: str) -> None:
    committed_at = built(changed(("commit", "committer"), SIGNED | {"date": date})).committed_at
    for hours in (-14, 14):
        assert committed_at.astimezone(timezone(timedelta(hours=hours))) == committed_at


@pytest.mark.parametrize("author", [None, {}, {"name": None, "email": None, "date": None}])
def test_a_commit_without_an_author_keeps_its_committer_s_date(author: object) -> None:
    commit = built(changed(("commit", "author"), author))
    assert (commit.author, commit.authored_at) == (Person("", ""), commit.committed_at)


def test_lines_of_files_that_are_not_listed_are_counted() -> None:
    """Invariant 3."""
    commit = built(changed(("stats",), {"additions": 30, "deletions": 1}))
    assert (commit.additions, commit.files_omitted) == (30, True)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("sha",), "main"),
        (("sha",), ...),
        (("sha",), "A" * 40),
        (("commit",), None),
        (("commit", "message"), None),
        (("commit", "message"), ...),
        (("commit", "committer"), SIGNED | {"date": "yesterday"}),
        (("commit", "committer"), SIGNED | {"date": 0}),
        (("commit", "committer"), SIGNED | {"date": "99999-01-01T00:00:00Z"}),
        (("commit", "committer"), SIGNED | {"date": "2026-01-06T10:00:00"}),
        (("parents",), ...),
        (("parents",), [{"sha": "../.."}]),
        (("files", 0, "filename"), None),
        (("files", 0, "additions"), -1),
        (("files", 0, "additions"), 10**400),
        (("files", 0, "additions"), "1"),
        (("files", 0, "patch"), 5),
        (("files",), {}),
        (("stats", "additions"), 1e400),
    ],
)
def test_an_answer_of_another_shape_is_an_error(path: tuple[str | int, ...], value: object) -> None:
    with pytest.raises(SourceError, match="error-github-unexpected"):
        built(changed(path, value))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PLACES: list[tuple[str | int, ...]] = [
    *((key,) for key in ANSWER),
    *(("commit", key) for key in ANSWER["commit"]),
    *(("commit", "author", key) for key in SIGNED),
    *(("files", 0, key) for key in ANSWER["files"][0]),
    ("parents", 0, "sha"),
]


@given(place=st.sampled_from(PLACES), value=ANYTHING)
def test_hostile_json_is_a_commit_or_an_error_and_nothing_else(
    place: tuple[str | int, ...], value: object
) -> None:
    """Invariant 10."""
    try:
        commit = built(changed(place, value))
    except SourceError:
        return
    hash(commit)
    assert commit.committed_at.tzinfo is UTC


@given(body=st.binary(max_size=200))
def test_bytes_that_are_no_answer_are_an_error(body: bytes) -> None:
    for kind in (CommitAnswer, Comparison):
        with pytest.raises(SourceError) as caught:
            parse(kind, body)
        assert len(str(caught.value.details["problem"])) <= 200


def test_a_changed_type_takes_both_its_parts_from_the_diff() -> None:
    head = "diff --git a/link b/link\n"
    diff = (
        f"{head}deleted file mode 100644\n--- a/link\n+++ /dev/null\n@@ -1 +0,0 @@\n-text\n"
        f"{head}new file mode 120000\n--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+to\n"
    )
    lacking = {"filename": "link", "status": "changed", "additions": 1, "deletions": 1}
    parsed = parse(CommitAnswer, json.dumps(changed(("files",), [lacking])).encode())
    (file,) = to_commit(parsed, with_patches(parsed.files or (), diff)).files
    assert file.patch == "@@ -1 +0,0 @@\n-text\n@@ -0,0 +1 @@\n+to"


def test_names_that_read_alike_take_their_patches_in_order() -> None:
    diff = "".join(
        f'diff --git "a/\\{n}" "b/\\{n}"\n--- "a/\\{n}"\n+++ "b/\\{n}"\n@@ -1 +1 @@\n-a\n+{n}\n'
        for n in (376, 377)
    )
    lacking = {"filename": "\ufffd", "status": "modified", "additions": 1, "deletions": 1}
    parsed = parse(CommitAnswer, json.dumps(changed(("files",), [lacking, lacking])).encode())
    commit = to_commit(parsed, with_patches(parsed.files or (), diff))
    assert [file.patch for file in commit.files] == [
        "@@ -1 +1 @@\n-a\n+376",
        "@@ -1 +1 @@\n-a\n+377",
    ]


# Links


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("", None),
        ('<https://x/2>; rel="next"', "https://x/2"),
        (
            '<https://x/1>; rel="prev", <https://x/3>; rel="next", <https://x/9>; rel="last"',
            "https://x/3",
        ),
        ('<https://x/1>; rel="prev", <https://x/9>; rel="last"', None),
        ("<https://x/2>; rel=next", "https://x/2"),
        ('<https://x/a,b>; title="next"; rel="next"', "https://x/a,b"),
        ('<https://x/1>; rel="nextish"', None),
        ("rel=next", None),
    ],
)
def test_the_next_page_is_found_among_the_links(link: str, url: str | None) -> None:
    assert next_url(link) == url


# Limits


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": "30", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9"}, 30),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=90), usegmt=True)}, 90),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 600)}, 601),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) - 600)}, 1),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": "9"}, None),
        ({"x-ratelimit-remaining": "0"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_read_in_github_s_order(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers, NOW) == seconds


def test_a_reset_is_an_instant_by_github_s_clock() -> None:
    github = NOW + timedelta(hours=5)
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(github.timestamp()) + 60)}
    assert asked_wait(reset | {"date": format_datetime(github, usegmt=True)}, NOW) == 61


TOLD = (
    st.text() | st.integers().map(str) | st.datetimes(timezones=st.just(UTC)).map(format_datetime)
)


@given(
    st.dictionaries(
        st.sampled_from(["retry-after", "date", "x-ratelimit-remaining", "x-ratelimit-reset"]), TOLD
    ),
    st.integers(1, 20),
)
def test_whatever_the_headers_say_a_wait_is_bounded(headers: dict[str, str], times: int) -> None:
    told: list[Notice] = []
    gate = Gate(told.append, is_anonymous=True, max_wait=3600, clock=lambda: NOW)
    waited = 0.0
    with suppress(RateLimited):
        for ticket in range(times):
            wait = gate.refused(ticket, headers, waited)
            assert wait >= 1
            waited += wait
    assert waited <= 3600


@pytest.mark.parametrize(
    ("status", "headers", "body", "limited"),
    [
        (429, {}, b"", True),
        (403, {"retry-after": "1"}, b"", True),
        (403, {"x-ratelimit-remaining": "0"}, b"", True),
        (403, {"x-ratelimit-remaining": "1"}, b"", False),
        (403, {}, b'{"message": "You have exceeded a Secondary Rate Limit"}', True),
        (403, {}, b'{"message": "Resource not accessible by integration"}', False),
        (404, {"x-ratelimit-remaining": "0"}, b"", False),
        (200, {"x-ratelimit-remaining": "0"}, b"", False),
    ],
)
def test_a_limit_is_told_from_a_missing_right(
    status: int, headers: dict[str, str], body: bytes, limited: bool
) -> None:
    assert is_limit(status, headers, body) is limited


@pytest.mark.parametrize("name", ["../..", "acme/..", "./widget", "acme", "acme/a/b", "acme/a b"])
def test_a_repository_s_new_name_leads_to_no_other_folder(name: str) -> None:
    answer = {"full_name": name, "default_branch": "main", "private": False}
    body = json.dumps(answer).encode()
    with pytest.raises(SourceError):
        parse(RepositoryAnswer, body)
    plain = body.replace(name.encode(), b"acme/.github")
    assert parse(RepositoryAnswer, plain).full_name == "acme/.github"
