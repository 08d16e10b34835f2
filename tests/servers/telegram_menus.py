"""The menus of commands that a bot sets: for whom, in which language, and what they may hold."""

from __future__ import annotations

import string
from typing import Any, Final

from tests.servers.telegram_chats import Json, bad_request

MAX_COMMANDS: Final = 100
MAX_COMMAND: Final = 32
MAX_DESCRIPTION: Final = 256

_LETTERS: Final = {*string.ascii_lowercase, *string.digits, "_"}
_SCOPES: Final = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}
"""What each scope has to name."""


def scope_name(scope: Json) -> str:
    """For whom a menu is: `default`, `chat:-100123`."""
    if scope.get("type") not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    needed = _SCOPES[scope["type"]]
    for name in needed:
        if name not in scope:
            raise bad_request(f"can't parse BotCommandScope: can't find field \"{name}\"")
    return ":".join([scope["type"], *(str(scope[name]) for name in needed)])


def language_of(code: str) -> str:
    """The language of a menu; empty for everybody who has none of their own."""
    if code and not (len(code) == 2 and set(code) <= set(string.ascii_lowercase)):
        raise bad_request("invalid language code specified")
    return code


def menu_of(commands: Any) -> list[tuple[str, str]]:
    """The commands with their descriptions."""
    if not isinstance(commands, list):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    return [_command(command) for command in commands]


def _command(command: Any) -> tuple[str, str]:
    given = command if isinstance(command, dict) else {}
    for field in ("command", "description"):
        if not isinstance(given.get(field), str):
            raise bad_request(f"can't parse BotCommand: can't find field \"{field}\"")
    name = given["command"].strip().removeprefix("/")
    description = given["description"].strip()
    for what, text, most in (
        ("command", name, MAX_COMMAND),
        ("command description", description, MAX_DESCRIPTION),
    ):
        if not text:
            raise bad_request(f"{what} must be non-empty")
        if len(text) > most:
            raise bad_request(f"{what} length must not exceed {most}")
    if not set(name) <= _LETTERS:
        raise bad_request("BOT_COMMAND_INVALID")
    return name, description
