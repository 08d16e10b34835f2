"""What people call repositories and commits."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.errors import InputError
from bot.sources.locators import (
    Folder,
    GitHubRepository,
    GitUrl,
    Locator,
    parse_commit,
    parse_repository,
    web_address,
)
from tests.growth import grows_no_faster_than_its_material

PAGES = "https://github.com"
WIDGET = GitHubRepository("acme/widget")
SHA = "21da2dc1ce733fea76cb9e16bd64821e5fa69b83"


@pytest.mark.parametrize(
    ("text", "locator"),
    [
        ("acme/widget", WIDGET),
        ("  acme/widget ", WIDGET),
        ("acme/widget.js", GitHubRepository("acme/widget.js")),
        ("acme/widget/", WIDGET),
        ("acme/widget.git", WIDGET),
        ("https://github.com/acme/widget", WIDGET),
        ("https://www.github.com/acme/widget/", WIDGET),
        ("http://GitHub.com/acme/widget/tree/main?x=1#readme", WIDGET),
        ("https://github.com/acme/widget.git", GitUrl("https://github.com/acme/widget.git")),
        ("ssh://git@github.com/acme/widget", GitUrl("ssh://git@github.com/acme/widget")),
        ("git@github.com:acme/widget.git", GitUrl("git@github.com:acme/widget.git")),
        ("https://git.example.org/a/b/c", GitUrl("https://git.example.org/a/b/c")),
        ("git://git.example.org/a", GitUrl("git://git.example.org/a")),
        ("file:///srv/git/a%20b", Folder(Path("/srv/git/a b"))),
        (".", Folder(Path())),
        ("./acme/widget", Folder(Path("acme/widget"))),
        ("/srv/widget", Folder(Path("/srv/widget"))),
    ],
)
def test_a_repository_is_found_by_any_of_its_names(text: str, locator: Locator) -> None:
    assert parse_repository(text, PAGES) == locator


@pytest.mark.parametrize(
    "text",
    [
        "",
        "widget",
        "acme/",
        "-x/widget",
        "--upload-pack=touch /tmp/x",
        "ext::sh -c touch% /tmp/x",
        "ftp://example.org/a",
        "https://",
        "https://github.com/acme",
        "https://github.com/../..",
        "acme/..",
        "acme/.git",
        "acme/wid\x00get",
        "https://git.example.org/acme%0A/widget",
        "https://github.com:port/acme/widget",
        "javascript:alert(1)",
    ],
)
def test_what_names_no_repository_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_repository(text, PAGES)


@pytest.mark.parametrize(
    "text",
    [
        "https://ada:hunter2@github.com/acme",
        "https://ada:hunter2@git.example.org:99999/a",
        "https://ada:hunter2@git.example.org",
        "ada:hunter2@git.example.org/a",
        "ftp://ada:hunter2@git.example.org/a?token=hunter2",
    ],
)
def test_a_password_in_an_address_is_not_repeated_in_the_error(text: str) -> None:
    for parse in (parse_repository, parse_commit):
        with pytest.raises(InputError) as refused:
            parse(text, PAGES)
        assert "hunter2" not in str(refused.value)


def test_a_name_too_long_for_any_file_is_refused() -> None:
    with pytest.raises(InputError):
        parse_repository("x" * 5_000, PAGES)


def test_a_folder_that_holds_a_repository_wins_over_the_same_name_on_github(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("acme/widget").mkdir(parents=True)
    assert parse_repository("acme/widget", PAGES) == WIDGET
    Path("acme/widget/.git").mkdir()
    assert parse_repository("acme/widget", PAGES) == Folder(Path("acme/widget"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"https://github.com/acme/widget/commit/{SHA}", (WIDGET, SHA)),
        (f"https://github.com/acme/widget/commit/{SHA}.patch", (WIDGET, SHA)),
        (f"https://github.com/acme/widget/commit/{SHA}.diff?w=1#diff-1", (WIDGET, SHA)),
        (f"https://github.com/acme/widget/commits/{SHA}/", (WIDGET, SHA)),
        ("https://github.com/acme/widget/commits/release%2F1.2", (WIDGET, "release/1.2")),
        (f"https://github.com/acme/widget/pull/7/commits/{SHA}", (WIDGET, SHA)),
        (f"https://github.com/acme/commits/commit/{SHA}", (GitHubRepository("acme/commits"), SHA)),
        (
            f"https://git.example.org/acme/commits/-/commit/{SHA}",
            (GitUrl("https://git.example.org/acme/commits"), SHA),
        ),
        ("acme/widget@21da2dc", (WIDGET, "21da2dc")),
        ("https://github.com/acme/widget@21da2dc", (WIDGET, "21da2dc")),
        (
            f"https://git.example.org/g/s/p/-/commit/{SHA}",
            (GitUrl("https://git.example.org/g/s/p"), SHA),
        ),
        ("git@example.org:a/b.git@v1.0", (GitUrl("git@example.org:a/b.git"), "v1.0")),
        ("./widget@HEAD~3", (Folder(Path("widget")), "HEAD~3")),
        ("HEAD", (Folder(Path()), "HEAD")),
        ("21da2dc", (Folder(Path()), "21da2dc")),
    ],
)
def test_a_commit_is_found_by_any_of_its_names(text: str, expected: tuple[Locator, str]) -> None:
    assert parse_commit(text, PAGES) == expected


@pytest.mark.parametrize("text", ["", "acme/widget@", "acme/widget@-x", "-1", "acme/widget"])
def test_what_names_no_commit_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_commit(text, PAGES)


@given(st.text(max_size=200))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for parse in (parse_repository, parse_commit):
        try:
            parse(text, PAGES)
        except InputError:
            continue


def test_the_pages_of_an_enterprise_server_are_read_through_its_api() -> None:
    assert web_address("https://api.github.com") == PAGES
    assert web_address("https://api.acme.ghe.com") == "https://acme.ghe.com"
    assert web_address("https://git.example.org/api/v3") == "https://git.example.org"
    page = "https://git.example.org/acme/widget"
    assert parse_repository(page, "https://git.example.org") == WIDGET
    assert parse_repository(page, PAGES) == GitUrl(page)


@pytest.mark.parametrize(
    ("text", "locator"),
    [
        ("acme/widget", WIDGET),
        ("https://github.com/acme/widget", WIDGET),
        ("https://github.com/acme/widget.git", WIDGET),
        ("git@github.com:acme/widget.git", WIDGET),
        ("ssh://git@github.com/acme/widget.git", WIDGET),
        ("https://ada:hunter2@github.com/acme/widget.git", WIDGET),
        ("git@git.example.org:a/b.git", GitUrl("git@git.example.org:a/b.git")),
        ("/srv/widget", Folder(Path("/srv/widget"))),
        ("/srv/repos/../../etc", Folder(Path("/etc"))),
        ("//srv/./widget/", Folder(Path("/srv/widget"))),
        ("file:///srv/repos/%2e%2e/widget", Folder(Path("/srv/widget"))),
    ],
)
def test_a_chats_words_mean_the_same_wherever_the_bot_runs(
    text: str, locator: Locator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 8: what lies on the bot's disk is nothing to ask about, nor told by an answer."""
    monkeypatch.chdir(tmp_path)
    Path("acme/widget/.git").mkdir(parents=True)
    assert parse_repository(text, PAGES, folders=False) == locator
    name = (locator, "21da2dc")
    assert parse_commit(f"{text.rstrip('/')}@21da2dc", PAGES, folders=False) == name


@pytest.mark.parametrize(
    "text", [".", "..", "./acme/widget", "~", "~/widget", "~root/x", "here", "git@github.com:acme"]
)
def test_a_chat_cannot_name_a_folder_of_the_bot(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here").mkdir()
    with pytest.raises(InputError) as refused:
        parse_repository(text, PAGES, folders=False)
    assert refused.value.code == "error-repository-name-chat"


@pytest.mark.parametrize("text", ["HEAD", "21da2dc", "@21da2dc", "https://github.com/acme/widget"])
def test_a_chat_has_no_current_folder_to_look_a_commit_up_in(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_commit(text, PAGES, folders=False)
    assert refused.value.code == "error-commit-name-chat"


@pytest.mark.parametrize("piece", ["/commit/x", "/commits", "/pull/7/commits", "/-", "@", "/"])
def test_a_long_address_is_refused_in_linear_time(piece: str) -> None:
    def address(size: int) -> str:
        return "https://github.com/acme/widget" + piece * (size // len(piece)) + "%0A"

    def read(text: str) -> None:
        for parse in (parse_repository, parse_commit):
            with pytest.raises(InputError):
                parse(text, PAGES)

    assert grows_no_faster_than_its_material(read, address, 230)
    assert grows_no_faster_than_its_material(read, address, 12_500)
