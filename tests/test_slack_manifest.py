"""The manifest that a Slack app is made from."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from analyzers.errors import InputError
from bot.chats.slack_manifest import COMMANDS, MAX_UNFURLED, SHORTCUT, manifest
from bot.cli import app
from formatters.text import LANGUAGES, words_for

ROOT = Path(__file__).parents[1]

SLACKS_OWN = (
    "archive away call collapse dm dnd expand feed invite join kick leave me msg mute open pro"
    " remind rename search shortcuts shrug star status topic who"
)
"""Commands that Slack has itself: a manifest with one of them is refused as a whole."""


def read(text: str) -> Any:
    """Mappings and lists in block style with JSON scalars, which is all that a manifest needs."""
    value, rest = _block([line for line in text.splitlines() if line.strip()], 0)
    assert not rest, rest
    return value


def _block(lines: list[str], indent: int) -> tuple[Any, list[str]]:
    is_list = lines[0].startswith(f"{' ' * indent}- ")
    mapping: dict[str, Any] = {}
    elements: list[Any] = []
    while lines and len(lines[0]) - len(lines[0].lstrip()) == indent:
        if is_list:
            head, tail = lines[0][indent + 2 :], lines[1:]
            if head.startswith('"'):
                element, lines = json.loads(head), tail
            else:
                element, lines = _block([" " * (indent + 2) + head, *tail], indent + 2)
            elements.append(element)
            continue
        key, separator, scalar = lines[0].strip().partition(":")
        assert separator, lines[0]
        assert key.replace("_", "").isalpha(), key
        assert key not in mapping, key
        if scalar:
            mapping[key], lines = json.loads(scalar), lines[1:]
        else:
            mapping[key], lines = _block(lines[1:], indent + 2)
    return (elements if is_list else mapping), lines


def names(made: dict[str, Any]) -> list[str]:
    """The slash commands of a manifest."""
    return [command["command"] for command in made["features"]["slash_commands"]]


def assert_within_limits(made: dict[str, Any]) -> None:
    """Slack's schema of manifests: beyond one of these it refuses the whole (invariant 9)."""
    display, features = made["display_information"], made["features"]
    assert len(display["name"]) <= 35
    assert len(display["description"]) <= 140
    assert len(features["bot_user"]["display_name"]) <= 80
    assert len(features["slash_commands"]) <= 50
    for command in features["slash_commands"]:
        assert command["command"].startswith("/")
        assert len(command["command"]) <= 32
        assert command["command"] == command["command"].lower()
        assert command["command"][1:].replace("-", "").isalnum()
        assert command["command"][1:] not in SLACKS_OWN.split()
        assert command["description"]
    assert len(set(names(made))) == len(names(made))
    for shortcut in features["shortcuts"]:
        assert len(shortcut["name"]) <= 24
    assert len(features.get("unfurl_domains", ())) <= 5


def test_the_manifest_in_the_repository_is_what_the_command_prints() -> None:
    ran = CliRunner().invoke(app, ["slack-manifest"])
    assert ran.exit_code == 0
    assert ran.stdout == (ROOT / "slack-manifest.yaml").read_text(encoding="utf-8")


def test_it_asks_for_socket_mode_and_for_no_scope_that_is_not_explained() -> None:
    made = read(manifest())
    assert_within_limits(made)
    assert made["settings"]["socket_mode_enabled"] is True
    assert made["settings"]["interactivity"] == {"is_enabled": True}
    assert made["features"]["shortcuts"][0]["callback_id"] == SHORTCUT
    assert all(command["should_escape"] is False for command in made["features"]["slash_commands"])
    explained = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
    for scope in made["oauth_config"]["scopes"]["bot"]:
        assert f"`{scope}`" in explained


def test_every_command_has_its_name_and_the_description_that_people_see() -> None:
    assert names(read(manifest())) == [f"/{name}" for name in COMMANDS]


def test_a_prefix_stands_before_every_command() -> None:
    made = read(manifest(prefix="cc"))
    assert names(made) == [f"/cc-{name}" for name in COMMANDS]
    assert read(manifest(prefix="cc-")) == made


@given(st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*-?", fullmatch=True))
def test_a_prefix_makes_a_manifest_within_the_limits_or_is_refused(prefix: str) -> None:
    try:
        made = read(manifest(prefix=prefix))
    except InputError:
        assert len(prefix.rstrip("-")) > 17
        return
    assert_within_limits(made)


@pytest.mark.parametrize("prefix", ["-", "/cc", "Cc", "c_c", "c c", "cc--", "ф", "-cc", "c\n", "²"])
def test_a_prefix_that_slack_would_refuse_is_refused_here(prefix: str) -> None:
    with pytest.raises(InputError, match="error-slack-prefix"):
        manifest(prefix=prefix)


def test_with_an_address_everything_is_sent_there_and_no_socket_is_opened() -> None:
    made = read(manifest(url="https://bot.example.com/"))
    events = "https://bot.example.com/slack/events"
    settings = made["settings"]
    assert settings["socket_mode_enabled"] is False
    assert settings["event_subscriptions"]["request_url"] == events
    assert settings["interactivity"]["request_url"] == events
    assert {command["url"] for command in made["features"]["slash_commands"]} == {events}
    assert_within_limits(made)


@pytest.mark.parametrize(
    "url",
    ["http://bot.example.com", "bot.example.com", "https://", "https://a@b.example", "https://x?y"],
)
def test_an_address_that_slack_cannot_send_to_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="error-slack-url"):
        manifest(url=url)


def test_unfurling_is_asked_for_only_when_wanted() -> None:
    plain, unfurling = read(manifest()), read(manifest(unfurl=["GitHub.com", "github.com"]))
    assert "unfurl_domains" not in plain["features"]
    assert unfurling["features"]["unfurl_domains"] == ["github.com"]
    scopes = unfurling["oauth_config"]["scopes"]["bot"]
    assert scopes == [*plain["oauth_config"]["scopes"]["bot"], "links:read", "links:write"]
    events = unfurling["settings"]["event_subscriptions"]["bot_events"]
    assert events == ["app_mention", "link_shared"]


def test_hosts_that_cannot_be_unfurled_are_refused() -> None:
    for host in ("https://github.com", "github", "github.com/acme", "*.github.com", 'a"b.com'):
        with pytest.raises(InputError, match="error-slack-unfurl-host"):
            manifest(unfurl=[host])
    with pytest.raises(InputError, match="error-slack-unfurl-count"):
        manifest(unfurl=[f"{n}.example.com" for n in range(MAX_UNFURLED + 1)])


def test_the_command_says_what_is_wrong_with_an_option() -> None:
    ran = CliRunner().invoke(app, ["slack-manifest", "--prefix", "C_C"])
    assert ran.exit_code == 2
    assert "C_C" in ran.stderr
    assert not ran.stdout


def test_the_options_of_the_command_reach_the_manifest() -> None:
    options = ["--prefix", "cc", "--unfurl", "a.example", "--unfurl", "b.example"]
    ran = CliRunner().invoke(app, ["slack-manifest", *options, "--url", "https://bot.example.com"])
    assert ran.stdout == manifest("cc", ["a.example", "b.example"], "https://bot.example.com")


def test_refusals_read_in_every_language() -> None:
    refused: list[InputError] = []
    for arguments in (
        {"prefix": "C"},
        {"unfurl": ["x"]},
        {"unfurl": [f"{n}.example.com" for n in range(9)]},
        {"url": "x"},
    ):
        with pytest.raises(InputError) as told:
            manifest(**arguments)
        refused.append(told.value)
    texts = list(chain.from_iterable((words_for(x).error(e) for e in refused) for x in LANGUAGES))
    assert len(set(texts)) == len(refused) * len(LANGUAGES)
