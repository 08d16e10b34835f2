"""What people paste to have it analysed."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.errors import InputError
from analyzers.model import Range
from bot.sources.links import (
    CommitLink,
    Link,
    PullLink,
    RangeLink,
    addresses_in,
    parse_link,
)
from bot.sources.locators import GitHubRepository, GitUrl
from tests.growth import grows_no_faster_than_its_material

PAGES, API = "https://github.com", "https://api.github.com"
WIDGET = GitHubRepository("acme/widget")
SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "link"),
    [
        (f"https://github.com/acme/widget/commit/{SHA}", CommitLink(WIDGET, SHA)),
        ("https://github.com/acme/widget/commit/0123abc.patch", CommitLink(WIDGET, "0123abc")),
        ("https://github.com/acme/widget/commit/0123abc.diff?w=1", CommitLink(WIDGET, "0123abc")),
        ("https://github.com/acme/widget/commit/0123abc#diff-9", CommitLink(WIDGET, "0123abc")),
        ("<https://github.com/acme/widget/commit/0123abc>", CommitLink(WIDGET, "0123abc")),
        ("https://github.com/acme/widget/commits/main", CommitLink(WIDGET, "main")),
        ("https://github.com/acme/widget/pull/7/commits/0123abc", CommitLink(WIDGET, "0123abc")),
        ("https://github.com/acme/widget/pull/7/files/0123abc", CommitLink(WIDGET, "0123abc")),
        ("https://github.com/acme/widget/pull/7/changes/0123abc", CommitLink(WIDGET, "0123abc")),
        (f"https://api.github.com/repos/acme/widget/commits/{SHA}", CommitLink(WIDGET, SHA)),
        (f"https://api.github.com/repos/acme/widget/git/commits/{SHA}", CommitLink(WIDGET, SHA)),
        ("acme/widget@0123abc", CommitLink(WIDGET, "0123abc")),
        ("https://github.com/acme/widget/pull/7", PullLink(WIDGET, 7)),
        ("https://github.com/acme/widget/pull/7/files?w=1", PullLink(WIDGET, 7)),
        ("https://github.com/acme/widget/pull/7.diff", PullLink(WIDGET, 7)),
        (
            "https://github.com/acme/widget/pull/7/files/0123abc..4567def",
            RangeLink(WIDGET, Range("0123abc", "4567def")),
        ),
        (
            "https://github.com/acme/widget/compare/v1.0...release/2",
            RangeLink(WIDGET, Range("v1.0", "release/2")),
        ),
        (
            "https://github.com/acme/widget/compare/v1.0..v2.0.diff",
            RangeLink(WIDGET, Range("v1.0", "v2.0")),
        ),
        (
            "https://gitlab.com/acme/tools/widget/-/compare/a...b",
            RangeLink(GitUrl("https://gitlab.com/acme/tools/widget"), Range("a", "b")),
        ),
        (
            "https://gitlab.com/acme/tools/widget/-/commit/0123abc",
            CommitLink(GitUrl("https://gitlab.com/acme/tools/widget"), "0123abc"),
        ),
    ],
)
def test_an_address_is_what_its_page_shows(text: str, link: Link) -> None:
    assert parse_link(text, PAGES, API) == link


def test_an_enterprise_server_has_its_api_beneath_its_pages() -> None:
    address = "https://git.example/api/v3/repos/acme/widget/commits/0123abc"
    link = parse_link(address, "https://git.example", "https://git.example/api/v3")
    assert link == CommitLink(WIDGET, "0123abc")


@pytest.mark.parametrize(
    "text", ["", "/", "/acme", "/acme/widget", "/acme/widget/tree/main", "/acme/widget/issues/7"]
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_link(f"https://github.com{text}", PAGES, API)


@given(st.text(max_size=60).map(lambda text: f"https://github.com/{text}"))
def test_whatever_stands_in_an_address_it_is_read_or_refused(text: str) -> None:
    with suppress(InputError):
        assert isinstance(parse_link(text, PAGES, API), Link)


def test_addresses_are_found_in_a_sentence() -> None:
    text = "See https://a.example/x, (https://b.example/y) and《https://c.example/z》。"
    assert addresses_in(text) == (
        "https://a.example/x",
        "https://b.example/y",
        "https://c.example/z",
    )


@pytest.mark.parametrize("piece", ["/compare/x..", "/compare/", "/commit/x", "..", "/-/compare/a"])
@pytest.mark.parametrize("end", ["", "%0A", "\n"])
def test_a_long_address_is_read_or_refused_in_linear_time(piece: str, end: str) -> None:
    def address(size: int) -> str:
        return "https://github.com/acme/widget" + piece * (size // len(piece)) + end + "x"

    def read(text: str) -> None:
        with suppress(InputError):
            parse_link(text, PAGES, API)

    assert grows_no_faster_than_its_material(read, address, 230)
    assert grows_no_faster_than_its_material(read, address, 12_500)


@pytest.mark.parametrize("piece", ["/compare/x..", "/compare/", "/commit/x", "..", "/-/compare/a"])
@pytest.mark.parametrize(("end", "size"), [("", 100_000), ("%0A", 1_900), ("\n", 1_900)])
def test_a_long_address_of_nothing_is_refused(piece: str, end: str, size: int) -> None:
    text = "https://github.com/acme/widget" + piece * (size // len(piece)) + end + "x"
    with pytest.raises(InputError):
        parse_link(text, PAGES, API)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("compare/main...alice:feature", "error-compare-fork"),
        ("compare/main...alice:widget:feature", "error-compare-fork"),
        ("compare/alice:feature", "error-compare-fork"),
        ("compare/feature", "error-compare-base"),
        ("compare/main...", "error-compare-base"),
        ("-/compare/feature", "error-compare-base"),
    ],
)
def test_a_comparison_that_cannot_be_read_is_refused_in_its_own_words(path: str, code: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_link(f"https://github.com/acme/widget/{path}", PAGES, API)
    assert refused.value.code == code


@pytest.mark.parametrize("place", ["acme/..", "-x/widget", "acme/wid get", "acme/wid%3Fget"])
def test_an_address_of_the_api_names_a_repository_that_can_be(place: str) -> None:
    with pytest.raises(InputError):
        parse_link(f"{API}/repos/{place}/commits/0123abc", PAGES, API)


def test_what_a_chat_pastes_is_looked_up_in_no_folder() -> None:
    """Invariant 8."""
    for text in ("HEAD", "~/widget@0123abc", "./widget@0123abc"):
        with pytest.raises(InputError):
            parse_link(text, PAGES, API, folders=False)
    clone = "https://github.com/acme/widget.git/compare/a...b"
    link = RangeLink(WIDGET, Range("a", "b"))
    assert parse_link(clone, PAGES, API, folders=False) == link
