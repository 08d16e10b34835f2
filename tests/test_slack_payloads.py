"""What Slack sends, read: commands, mentions, messages with links, and controls."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chats.slack.payloads import (
    commit_address,
    event_id,
    mention,
    plain,
    slash_command,
    team_of,
    token,
)
from bot.chats.slack_manifest import COMMANDS, OWN_COMMAND

COMMIT = "https://github.com/acme/widget/commit/0123abcd"


@pytest.mark.parametrize("prefix", ["", "cc-", "acme-bot-", "x"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_known_by_how_its_name_ends(prefix: str, name: str) -> None:
    text, typed_before = slash_command(f"/{prefix}{name}", " acme/widget ")
    assert text == ("acme/widget" if name == OWN_COMMAND else f"{name} acme/widget")
    assert typed_before == f"/{prefix}commitcast "


def test_the_own_command_alone_is_help() -> None:
    assert slash_command("/commitcast", "") == ("help", "/commitcast ")
    assert slash_command("/subscriptions", "") == ("subscriptions", "/commitcast ")


def test_a_command_of_any_other_name_takes_every_command() -> None:
    assert slash_command("/commits", "expand 3") == ("expand 3", "/commits ")
    assert slash_command("/commits", "") == ("help", "/commits ")


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        (f"<{COMMIT}>", COMMIT),
        (f"<{COMMIT}|this change>", COMMIT),
        (f"<{COMMIT}?a=1&amp;b=2>", f"{COMMIT}?a=1&b=2"),
        ("path:<http://setup.py|setup.py>", "path:setup.py"),
        ("author:<mailto:ada@example.com|ada@example.com>", "author:ada@example.com"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt;", "&lt;"),
        ("path:src/** a<b", "path:src/** a<b"),
    ],
)
def test_what_slack_wrapped_is_read_as_it_was_typed(sent: str, typed: str) -> None:
    assert plain(sent) == typed


@given(st.text())
def test_whatever_slack_escapes_comes_back(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert plain(escaped) == text.strip()


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ("<@UBOT> analyze acme/widget@0123abcd", "analyze acme/widget@0123abcd"),
        (f"hello <@UBOT|commitcast> <{COMMIT}>", COMMIT),
        (f"<{COMMIT}|this> <@UBOT>", COMMIT),
        ("<@UBOT>", "help"),
        ("thanks <@UBOT>", "help"),
        ("<@UBOT> expand 3 <@UBOT>", "expand 3"),
        ("<@UBOT2> <@UBOT> digest", "digest"),
    ],
)
def test_what_follows_the_bots_name_is_the_command(sent: str, asked: str) -> None:
    assert mention(sent, "UBOT") == asked


@pytest.mark.parametrize(
    "message",
    [
        {"text": f"see <{COMMIT}|the change>, please"},
        {"text": "", "blocks": [{"elements": [{"type": "link", "url": COMMIT}]}]},
        {"text": "x", "attachments": [{"title": "Fix", "title_link": COMMIT}]},
        {"text": f"<https://github.com/acme/widget> and <{COMMIT}>"},
        {"text": None, "attachments": None, "blocks": [{"text": {"text": f"<{COMMIT}>."}}]},
    ],
)
def test_the_first_commit_that_a_message_links_to_is_found(message: dict[str, Any]) -> None:
    assert commit_address(message) == COMMIT


@pytest.mark.parametrize(
    "address",
    [
        "https://git.example.com/acme/widget/-/commit/0123abcd",
        "https://github.com/acme/widget/pull/7/commits/0123abcd",
        "https://github.com/acme/widget/commit/0123ABCD.patch",
        f"{COMMIT}#diff-1",
    ],
)
def test_every_form_of_a_commits_address_is_one(address: str) -> None:
    assert commit_address({"text": f"<{address}>"}) == address


@pytest.mark.parametrize(
    "text", ["", "no link", "<https://github.com/acme/widget>", "<https://x.example/commit/readme>"]
)
def test_a_message_without_a_commit_has_none(text: str) -> None:
    assert commit_address({"text": text}) is None


@given(st.recursive(st.none() | st.text() | st.booleans(), st.lists))
def test_no_message_is_too_odd_to_look_for_commits(value: Any) -> None:
    assert commit_address({"text": value, "blocks": value}) is None


def test_buttons_and_menus_bring_their_token() -> None:
    assert token({"type": "button", "value": "e.abc.1.0"}) == "e.abc.1.0"
    chosen = {"type": "static_select", "selected_option": {"value": "e.abc.2.0"}}
    assert token(chosen) == "e.abc.2.0"
    assert token({"type": "button", "url": COMMIT}) is None
    assert token({"type": "static_select", "selected_option": None}) is None


def test_an_event_has_one_id_however_often_it_is_delivered() -> None:
    assert event_id({"event_id": "Ev1", "trigger_id": "1.2"}) == "Ev1"
    assert event_id({"trigger_id": "1.2"}) == "1.2"
    assert event_id({}) is None


@pytest.mark.parametrize(
    "payload",
    [
        {"team_id": "T1"},
        {"team": {"id": "T1"}, "user": {"id": "U1", "team_id": "T2"}},
        {"team": None, "user": {"id": "U1", "team_id": "T1"}},
        {"team_id": "T2", "authorizations": [{"team_id": "T1"}]},
        {"team_id": "T2", "context_team_id": "T1"},
    ],
)
def test_the_workspace_is_the_one_where_the_app_is_installed(payload: dict[str, Any]) -> None:
    """A channel that two workspaces share is one channel of each (invariant 8)."""
    assert team_of(payload) == "T1"
