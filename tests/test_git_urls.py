"""Addresses of repositories: what we clone, what it is called, and what is never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.errors import SourceError
from bot.sources.giturls import mask, parse_address, remote_repository


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ext::sh -c id",
            "ext::sh",
            "file:///etc",
            "/etc/x",
            "../x",
            "fd::17",
            "-oProxyCommand=x",
        ),
        *("ssh://-oProxyCommand=x/y", "ssh://-x@host/y", "-x@host:y", "host:-y", "-host:y"),
        *("https://", "https:///x", "https://host", "https://host:port/x", "https://host/x y"),
        *("https://host/x\n", "ftp://host/x", "javascript://host/x", "host:", "x", "", "a::b"),
        *("https://a:b%0Aurl=x@host/x", "https://a%00:b@host/x"),
        *("transport::https://host/x", "https://ho$t/x", "http://[::1/x", "host:/x\0"),
    ],
)
def test_an_address_that_git_should_not_get_is_refused(url: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_address(url)
    assert caught.value.code == "error-git-url"


def test_a_refused_address_shows_no_part_that_could_be_a_password() -> None:
    with pytest.raises(SourceError) as caught:
        parse_address("https://ada:pass/word@host/x")
    assert "word" not in str(caught.value)
    assert caught.value.details == {"place": "https:…"}


@pytest.mark.parametrize(
    ("url", "name", "page"),
    [
        ("https://github.com/acme/widget", "acme/widget", "https://github.com/acme/widget"),
        (
            "https://u:p@github.com/acme/widget.git/",
            "acme/widget",
            "https://github.com/acme/widget",
        ),
        ("git@github.com:acme/widget.git", "acme/widget", "https://github.com/acme/widget"),
        ("ssh://git@GitLab.com:22/a/b/c.git", "a/b/c", "https://gitlab.com/a/b/c"),
        ("git://codeberg.org/acme/widget", "acme/widget", "https://codeberg.org/acme/widget"),
        ("https://gitlab.acme.example/a/b", "a/b", "https://gitlab.acme.example/a/b"),
        ("https://git.example.com/pub/scm/acme/widget.git", "acme/widget", None),
        ("http://127.0.0.1:8080/acme/widget.git", "acme/widget", None),
        ("http://[::1]:8080/widget", "widget", None),
        ("https://github.com.evil.example/acme/widget", "acme/widget", None),
        ("https://github.com/acme/%3Cb%3E", "acme/<b>", None),
        ("git@host.example:widget.git", "widget", None),
    ],
)
def test_an_address_names_its_repository_and_the_page_of_a_known_forge(
    url: str, name: str, page: str | None
) -> None:
    """Invariant 7: links go nowhere but to the repository's own forge."""
    repository = parse_address(url).repository
    assert (repository.name, repository.web_url) == (name, page)
    assert remote_repository(url) == (repository if page else None)


def test_a_remote_that_is_no_address_names_nothing() -> None:
    assert remote_repository("") is None
    assert remote_repository("../upstream.git") is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/x/..", "x"),
        ("https://github.com/./widget", "widget"),
        ("https://github.com/acme/%2e%2e/widget", "acme/widget"),
        ("https://github.com/acme/..%2f..", "acme"),
        ("https://github.com/acme/...git", "acme"),
        ("git@github.com:../..", "github.com"),
    ],
)
def test_no_part_of_a_name_leads_to_another_folder(url: str, name: str) -> None:
    repository = parse_address(url).repository
    assert (repository.name, repository.web_url) == (name, None)
    assert remote_repository(url) is None


def test_a_secret_in_a_query_or_fragment_is_cut_off() -> None:
    """Invariant 7: people put tokens there, too."""
    address = parse_address("https://host.example/acme/widget.git?private_token=SECRET#SECRET")
    assert address.url == "https://host.example/acme/widget.git"
    assert "SECRET" not in f"{address} {address.repository} {address.folder_name}"


def test_credentials_leave_the_address() -> None:
    """Invariant 7: they are in nothing that is shown."""
    address = parse_address("https://ada:p%40ss@host.example:8443/acme/widget.git")
    assert address.url == "https://host.example:8443/acme/widget.git"
    assert address.login == ("ada", "p@ss")
    assert "p@ss" not in repr(address)
    assert parse_address("ssh://ada:pw@host.example/x").url == "ssh://ada@host.example/x"
    assert parse_address("ssh://ada:pw@host.example/x").login is None


def test_one_address_has_one_folder_whoever_asks() -> None:
    names = {
        parse_address(url).folder_name
        for url in ("https://host.example/a/b", "https://u:p@host.example/a/b")
    }
    others = {
        parse_address(url).folder_name
        for url in ("http://host.example/a/b", "https://host.example/a/c", "host.example:a/b")
    }
    assert len(names) == 1
    assert len(others | names) == 4


@given(st.text(), st.text(st.characters(codec="ascii")))
def test_a_folder_name_is_safe_on_every_file_system(owner: str, name: str) -> None:
    try:
        folder = parse_address(f"https://host.example/{owner}/{name}").folder_name
    except SourceError:
        return
    assert set(folder) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert 16 < len(folder) < 80


@given(st.from_regex(r"[^\s'\"]{0,20}", fullmatch=True), st.text())
def test_a_masked_text_holds_no_credentials(password: str, before: str) -> None:
    masked = mask(f"{before} https://ada:{password}SECRET@host.example/x 'tail'")
    assert "SECRET" not in masked
    assert masked.endswith("host.example/x 'tail'")
