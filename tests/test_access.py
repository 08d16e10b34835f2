"""Which repositories a channel may read: invariant 8."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzers.errors import AccessRefused, RepositoryNotFound, SourceError
from bot.access import TERMINAL, Grants
from bot.sources.locators import Folder, GitHubRepository, GitUrl, Locator
from tests.fakes import MemorySource

WIDGET = GitHubRepository("acme/widget")
ELSEWHERE = (Folder(Path("/srv/widget")), GitUrl("https://git.example/acme/widget.git"))


def forge(says: bool | SourceError) -> MemorySource:
    """An empty repository, public or not as far as its forge tells."""
    source = MemorySource(())
    source.public = says
    return source


PRIVATE, PUBLIC = forge(False), forge(True)


def test_grants_name_repositories_and_channels_by_patterns() -> None:
    grants = Grants.parse("acme/*=slack:T1/C1,telegram:-100; other/secret=slack:T1/*;")
    assert grants.allow("slack:T1/C1", WIDGET)
    assert grants.allow("telegram:-100", GitHubRepository("Acme/Other"))
    assert grants.allow("slack:T1/C9", GitHubRepository("other/secret"))
    assert not grants.allow("slack:T1/C2", WIDGET)
    assert not grants.allow("telegram:-1001", WIDGET)
    assert not grants.allow("slack:T1/C1", GitHubRepository("acmecorp/widget"))


@pytest.mark.parametrize("text", ["acme/*", "=slack:T1/C1", "acme/*=", "a=b=c", "a = b c"])
def test_a_grant_that_says_no_such_thing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Grants.parse(text)


@pytest.mark.parametrize("locator", ELSEWHERE)
def test_a_channel_cannot_point_the_bot_at_a_disk_or_a_host(locator: Locator) -> None:
    with pytest.raises(RepositoryNotFound):
        Grants().require_askable("slack:T1/C1", locator)
    Grants().require_askable(TERMINAL, locator)
    granted = Grants.parse(f"{locator.origin}=slack:T1/C1")
    granted.require_askable("slack:T1/C1", locator)


async def test_a_private_repository_needs_a_grant() -> None:
    with pytest.raises(RepositoryNotFound) as caught:
        await Grants().require_readable("slack:T1/C1", WIDGET, PRIVATE)
    assert caught.value.details == {"repository": "acme/widget", "channel": "slack:T1/C1"}
    await Grants().require_readable("slack:T1/C1", WIDGET, PUBLIC)
    await Grants().require_readable(TERMINAL, WIDGET, PRIVATE)
    await Grants.parse("acme/*=slack:*/*").require_readable("slack:T1/C1", WIDGET, PRIVATE)


async def test_a_repository_that_is_not_there_is_refused_in_the_words_of_a_private_one() -> None:
    """Otherwise a chat could find out which private repositories a token sees."""
    missing = forge(RepositoryNotFound("error-github-repository-not-found"))
    refusals = []
    for source in (missing, PRIVATE):
        with pytest.raises(RepositoryNotFound) as caught:
            await Grants().require_readable("slack:T1/C1", WIDGET, source)
        refusals.append((caught.value.code, caught.value.details))
    assert refusals[0] == refusals[1]


async def test_a_forge_that_does_not_answer_is_no_refusal() -> None:
    silent = forge(SourceError("error-github-timeout", permanent=False))
    with pytest.raises(SourceError) as caught:
        await Grants().require_readable("slack:T1/C1", WIDGET, silent)
    assert caught.value.code == "error-github-timeout"


@pytest.mark.parametrize(
    ("pattern", "locator"),
    [
        ("/srv/repos/*", Folder(Path("/srv/repos/widget"))),
        ("/srv/repos/*/", Folder(Path("/srv/repos/widget"))),
        ("/srv/repos/*/*", Folder(Path("/srv/repos/acme/widget"))),
        ("https://git.corp/acme/*", GitUrl("https://ada:hunter2@GIT.corp/acme/widget.git?x#y")),
        ("https://Git.Corp:8443/acme/*", GitUrl("https://git.corp:8443/acme/widget")),
        ("git.corp:acme/*", GitUrl("git@git.corp:acme/widget.git")),
        ("ssh://git.corp/acme/*", GitUrl("ssh://git@git.corp/acme/widget")),
    ],
)
def test_a_grant_opens_what_lies_where_it_says(pattern: str, locator: Locator) -> None:
    assert Grants.parse(f"{pattern}=slack:T1/C1").allow("slack:T1/C1", locator)


@pytest.mark.parametrize(
    ("pattern", "locator"),
    [
        ("/srv/repos/*", Folder(Path("/srv/repos/../../etc"))),
        ("/srv/repos/*", Folder(Path("/srv/repos/.."))),
        ("/srv/repos/*", Folder(Path("/srv/repos/acme/widget"))),
        ("/srv/repos/*", Folder(Path("/srv/Repos/widget"))),
        ("https://git.corp/acme/*", GitUrl("https://git.corp/acme/../secret/x")),
        ("https://git.corp/acme/*/*", GitUrl("https://git.corp/acme/../secret")),
        ("https://git.corp/acme/*/*", GitUrl("https://git.corp/acme/%2e%2E/secret")),
        ("https://git.corp/acme/*", GitUrl("https://git.corp/acme/%2e%2e%2fsecret")),
        ("https://git.corp/acme/*", GitUrl("https://git.corp/acme/..%5csecret")),
        ("https://git.corp/acme/*", GitUrl("https://git.corp/acme/%252e%252e%252fsecret")),
        ("https://git.corp/acme/*", GitUrl("https://git.corp/acme/tools/widget")),
        ("https://git.corp/acme/*", GitUrl("https://git.corp/Acme/widget")),
        ("https://git.corp/acme/*", GitUrl("http://git.corp/acme/widget")),
        ("https://git.corp/acme/*", GitUrl("https://git.corp:8443/acme/widget")),
        ("https://*/acme/widget", GitUrl("https://git.corp:8443/acme/widget")),
        ("https://git.corp/acme/*", GitUrl("https://evil.example/acme/x#@git.corp/acme/x")),
        ("git.corp:acme/*", GitUrl("git@git.corp:acme/../secret")),
        ("acme*/*", GitUrl("acme.example:x/y")),
        ("*/*", GitUrl("git.example:widget")),
        ("*", WIDGET),
        ("acme/*", GitHubRepository("acme/..")),
    ],
)
def test_a_grant_opens_nothing_beyond_what_it_says(pattern: str, locator: Locator) -> None:
    """Invariant 8: neither by dots, nor encoded ones, nor by a star that crosses a slash."""
    assert not Grants.parse(f"{pattern}=slack:T1/C1").allow("slack:T1/C1", locator)


def test_a_star_stands_for_one_level_of_a_channels_name() -> None:
    granted = Grants.parse("acme/widget=slack:T1/*,telegram:*")
    assert granted.allow("slack:T1/C1", WIDGET)
    assert granted.allow("telegram:-100", WIDGET)
    assert not granted.allow("slack:T1/C1/7", WIDGET)
    assert not granted.allow("telegram:-100/7", WIDGET)


@pytest.mark.parametrize(
    "reason",
    [
        AccessRefused("error-github-sso", repository="acme/widget"),
        AccessRefused("error-github-forbidden", repository="acme/widget"),
        SourceError("error-github-legal", repository="acme/widget"),
    ],
)
async def test_a_refusal_by_the_forge_does_not_tell_that_a_private_repository_is_there(
    reason: SourceError, caplog: pytest.LogCaptureFixture
) -> None:
    """Invariant 8. Whoever runs the bot finds the reason in the log."""
    caplog.set_level("INFO")
    with pytest.raises(RepositoryNotFound) as caught:
        await Grants().require_readable("slack:T1/C1", WIDGET, forge(reason))
    assert caught.value.code == "error-not-granted"
    assert reason.code in caplog.text


@pytest.mark.parametrize(
    "reason",
    [
        AccessRefused("error-github-token", host="github.com"),
        SourceError("error-github-rejected"),
        SourceError("error-github-server", permanent=False),
    ],
)
async def test_what_says_nothing_of_the_repository_is_told_as_it_is(reason: SourceError) -> None:
    with pytest.raises(SourceError) as caught:
        await Grants().require_readable("slack:T1/C1", WIDGET, forge(reason))
    assert caught.value is reason
