"""The manifest that a Slack app is made from: one paste, and the scopes that are needed.

Why each scope is there stands in docs/slack.md. Limits are those of Slack's manifest schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from analyzers.errors import InputError

EVENTS_PATH: Final = "/slack/events"
"""Where Slack sends everything in HTTP mode."""

OWN_COMMAND: Final = "commitcast"
"""The slash command that every other command can follow."""

SHORTCUT: Final = "analyse_commit"
"""The `callback_id` of the shortcut on messages."""

COMMANDS: Final = {
    OWN_COMMAND: ("Every command of Commitcast", "help | expand 12 | settings"),
    "analyze": ("Analyse any commit", "<commit URL | owner/repo@sha>"),
    "digest": ("A digest now", "[owner/repo] [yesterday | 2026-01-06 | 24h]"),
    "subscribe": ("Follow a repository in this channel", "owner/repo [at:09:00] [days:weekdays]"),
    "unsubscribe": ("Stop following a repository", "owner/repo"),
    "subscriptions": ("What this channel follows, and when", ""),
    "report": ("The full report of a day as a file", "[owner/repo] [yesterday | 2026-01-06]"),
}
"""The slash commands: name, description, usage hint."""

HISTORY_SCOPES: Final = ("channels:history", "groups:history", "im:history", "mpim:history")
"""What it needs to see whether a message has arrived whose answer was lost; one for every kind of
place that a digest can go to."""

SCOPES: Final = (
    "app_mentions:read",
    "chat:write",
    "commands",
    "files:write",
    "users:read",
    *HISTORY_SCOPES,
)
"""What the bot may do."""

UNFURL_SCOPES: Final = ("links:read", "links:write")
"""What it needs besides to add the analysis to links."""

MAX_COMMAND: Final = 32
"""Characters of a slash command, with its slash."""

MAX_UNFURLED: Final = 5
"""Hosts whose links an app may unfurl."""

_MAX_PREFIX: Final = MAX_COMMAND - len("/-") - max(map(len, COMMANDS))
_PREFIX: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*-?")
_HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


def manifest(prefix: str = "", unfurl: Sequence[str] = (), url: str | None = None) -> str:
    """The manifest as YAML.

    Args:
        prefix: stands before each slash command, for a workspace where a name is taken: `cc` makes
            `/cc-analyze` of `/analyze`.
        unfurl: the hosts to whose commit links the analysis is added.
        url: the public https:// address of HTTP mode; Socket Mode without.

    Raises:
        InputError: one of them cannot be used.
    """
    return "".join(_yaml(_manifest(_prefix(prefix), _hosts(unfurl), _events_url(url))))


def _manifest(prefix: str, unfurl: Sequence[str], events: str | None) -> dict[str, Any]:
    address = {"request_url": events} if events else {}
    return {
        "_metadata": {"major_version": 2, "minor_version": 0},
        "display_information": {
            "name": "Commitcast",
            "description": "One digest a day of the repositories that a channel follows.",
            "background_color": "#1f2937",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "commitcast", "always_online": True},
            "shortcuts": [
                {
                    "name": "Analyse commit",
                    "type": "message",
                    "callback_id": SHORTCUT,
                    "description": "Analyse the commit that this message links to",
                }
            ],
            "slash_commands": [_command(name, prefix, events) for name in COMMANDS],
            **({"unfurl_domains": list(unfurl)} if unfurl else {}),
        },
        "oauth_config": {"scopes": {"bot": [*SCOPES, *(UNFURL_SCOPES if unfurl else ())]}},
        "settings": {
            "event_subscriptions": {
                **address,
                "bot_events": ["app_mention", *(["link_shared"] if unfurl else [])],
            },
            "interactivity": {"is_enabled": True, **address},
            "org_deploy_enabled": False,
            "socket_mode_enabled": events is None,
            "token_rotation_enabled": False,
        },
    }


def _command(name: str, prefix: str, events: str | None) -> dict[str, Any]:
    description, hint = COMMANDS[name]
    return {
        "command": f"/{prefix}{name}",
        **({"url": events} if events else {}),
        "description": description,
        **({"usage_hint": hint} if hint else {}),
        "should_escape": False,
    }


def _prefix(given: str) -> str:
    if not given:
        return ""
    if not _PREFIX.fullmatch(given) or len(given.rstrip("-")) > _MAX_PREFIX:
        raise InputError("error-slack-prefix", value=given, most=_MAX_PREFIX)
    return f"{given.rstrip('-')}-"


def _hosts(given: Sequence[str]) -> tuple[str, ...]:
    hosts = tuple(dict.fromkeys(host.lower() for host in given))
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise InputError("error-slack-unfurl-host", value=host)
    if len(hosts) > MAX_UNFURLED:
        raise InputError("error-slack-unfurl-count", n=len(hosts), most=MAX_UNFURLED)
    return hosts


def _events_url(given: str | None) -> str | None:
    if given is None:
        return None
    try:
        address = urlsplit(given)
    except ValueError:
        address = urlsplit("")
    plain = not (address.query or address.fragment or "@" in address.netloc)
    if address.scheme != "https" or not address.hostname or not plain:
        raise InputError("error-slack-url", value=given)
    return given.rstrip("/") + EVENTS_PATH


def _yaml(value: dict[str, Any], indent: str = "") -> Iterator[str]:
    """A mapping in block style. Its keys are plain words; a scalar of JSON is one of YAML."""
    for key, item in value.items():
        match item:
            case dict():
                yield f"{indent}{key}:\n"
                yield from _yaml(item, f"{indent}  ")
            case list():
                yield f"{indent}{key}:\n"
                for element in item:
                    yield from _element(element, f"{indent}  ")
            case _:
                yield f"{indent}{key}: {json.dumps(item, ensure_ascii=False)}\n"


def _element(value: dict[str, Any] | str, indent: str) -> Iterator[str]:
    if isinstance(value, str):
        yield f"{indent}- {json.dumps(value, ensure_ascii=False)}\n"
        return
    first, *rest = _yaml(value, f"{indent}  ")
    yield f"{indent}- {first.lstrip()}"
    yield from rest
