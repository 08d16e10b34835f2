"""What Slack sends, read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from bot.chats.slack_manifest import COMMANDS, OWN_COMMAND
from bot.sources.links import addresses_in

Payload = dict[str, Any]
"""A payload as Slack's JSON or form has it."""

# Lazy before the name, so that the longest one is found: `unsubscribe` ends in `subscribe`.
_SLASH: Final = re.compile(rf"/(?P<prefix>.*?)(?P<name>{'|'.join(COMMANDS)})")
_WRAPPED: Final = re.compile(r"<(?P<url>[a-z]+:[^|>]*)(?:\|(?P<label>[^>]*))?>")
_ENTITIES: Final = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY: Final = re.compile("|".join(_ENTITIES))
_COMMIT: Final = re.compile(r"/commits?/[0-9a-f]{4,64}(?![0-9a-z])", re.IGNORECASE)


def slash_command(command: str, text: str) -> tuple[str, str]:
    """What a slash command asks for, and what commands start with in this workspace.

    A command is known by how its name ends, so a prefix needs no setting. Any other name was given
    to `/commitcast` by hand.
    """
    found = _SLASH.fullmatch(command.lower())
    if found is None:
        return plain(text) or "help", f"{command} "
    prefix = f"/{found['prefix']}{OWN_COMMAND} "
    if found["name"] == OWN_COMMAND:
        return plain(text) or "help", prefix
    return f"{found['name']} {plain(text)}".rstrip(), prefix


def mention(text: str, bot_user: str) -> str:
    """What a message that names the bot asks for: what follows the name; where nothing does, the
    address before it, or help."""
    before, *after = re.split(rf"<@{re.escape(bot_user)}(?:\|[^>]*)?>", text)
    if asked := plain(" ".join(after)):
        return asked
    return next(iter(addresses_in(plain(before))), "help")


def plain(text: str) -> str:
    """A text as it was typed: Slack wraps addresses, and bare names that it takes for one."""

    def typed(found: re.Match[str]) -> str:
        url, label = found["url"], found["label"] or ""
        return label if url in (f"http://{label}", f"mailto:{label}") else url

    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], _WRAPPED.sub(typed, text)).strip()


def commit_address(message: Payload) -> str | None:
    """The first address of a commit in a message: in its text, its blocks or its attachments."""
    parts = [message.get("text"), message.get("blocks"), message.get("attachments")]
    found = (address for text in _texts(parts) for address in addresses_in(plain(text)))
    return next((address for address in found if _COMMIT.search(address)), None)


def token(action: Payload) -> str | None:
    """What a button or a menu brings back; None for a control that is none of ours."""
    option = action.get("selected_option") or {}
    value = action.get("value") or option.get("value")
    return value if isinstance(value, str) else None


def event_id(payload: Payload) -> str | None:
    """What Slack calls this event, again if it is delivered again."""
    return payload.get("event_id") or payload.get("trigger_id")


def team_of(payload: Payload) -> str:
    """The workspace that a payload of an app comes from which a whole organisation installed."""
    authorization: Payload = next(iter(payload.get("authorizations") or ()), {})
    team = payload.get("team") or {}
    user = payload.get("user")
    return str(
        (team.get("id") if isinstance(team, dict) else team)
        or payload.get("context_team_id")
        or authorization.get("team_id")
        or payload.get("team_id")
        or (user.get("team_id") if isinstance(user, dict) else "")
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
