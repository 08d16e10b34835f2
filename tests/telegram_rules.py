"""What Telegram's Bot API takes of a message, and what it makes of it.

The HTML is parsed by Telegram's own library, TDLib, without network or login. TDLib enforces no
lengths and drops entities beyond the hundredth without a word, so both are checked here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

MAX_TEXT: Final = 4096
MAX_CAPTION: Final = 1024
MAX_ENTITIES: Final = 100
MAX_BUTTON_DATA: Final = 64
MAX_BUTTONS: Final = 100
MAX_BUTTONS_OF_A_ROW: Final = 8

_TYPES: Final = {
    "BlockQuote": "blockquote",
    "ExpandableBlockQuote": "expandable_blockquote",
    "BotCommand": "bot_command",
    "CustomEmoji": "custom_emoji",
    "EmailAddress": "email",
    "PhoneNumber": "phone_number",
    "PreCode": "pre",
    "TextUrl": "text_link",
    "BankCardNumber": "bank_card",
    "DateTime": "date_time",
}
_SHELTERS: Final = ("code", "pre", "text_link")
"""Within these Telegram looks for nothing by itself."""

_HARMLESS: Final = ("mediatimestamp",)
"""Leads nowhere unless the message has a video."""


class TelegramRefused(Exception):
    """A request that Telegram answers with an error."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.description = description


@dataclass(frozen=True)
class Checked:
    """A message as Telegram shows it."""

    text: str
    """What is read, without markup."""
    entities: list[dict[str, Any]]
    """All of it that is more than plain text, in the Bot API's JSON."""
    keyboard: list[list[dict[str, Any]]]
    """The rows of buttons."""
    detected: list[dict[str, Any]]
    """Those of the entities that Telegram found by itself: links that nobody made."""

    @property
    def units(self) -> int:
        """The text's length in UTF-16 code units."""
        return len(self.text.encode("utf-16-le")) // 2


def check(payload: dict[str, Any]) -> Checked:
    """What Telegram makes of the parameters of sendMessage, editMessageText or sendDocument.

    Raises:
        TelegramRefused: it takes them not.
    """
    is_caption = "text" not in payload
    text, explicit = _parsed(str(payload.get("caption" if is_caption else "text", "")), payload)
    if not is_caption and not text.strip():
        raise TelegramRefused(400, "Bad Request: message text is empty")
    if len(text.encode("utf-16-le")) // 2 > (MAX_CAPTION if is_caption else MAX_TEXT):
        what = "message caption" if is_caption else "message"
        raise TelegramRefused(400, f"Bad Request: {what} is too long")
    detected = [found for found in _entities(_ask("getTextEntities", text=text)) if _is_live(found)]
    sheltered = [entity for entity in explicit if entity["type"] in _SHELTERS]
    detected = [found for found in detected if not any(_meet(found, one) for one in sheltered)]
    entities = sorted([*explicit, *detected], key=lambda entity: entity["offset"])
    return Checked(text, entities[:MAX_ENTITIES], _keyboard(payload), detected)


def _parsed(text: str, payload: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    mode = payload.get("parse_mode")
    if not mode:
        return text, []
    if mode != "HTML":
        raise TelegramRefused(400, "Bad Request: unsupported parse_mode")
    answer = _ask("parseTextEntities", text=text, parse_mode={"@type": "textParseModeHTML"})
    if answer["@type"] == "error":
        message = answer["message"]
        raise TelegramRefused(400, f"Bad Request: {message[0].lower()}{message[1:]}")
    return answer["text"], _entities(answer)


def _entities(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """TDLib's entities in the words of the Bot API."""
    told = []
    for entity in answer.get("entities", []):
        kind = entity["type"]["@type"].removeprefix("textEntityType")
        named = {"type": _TYPES.get(kind, kind.lower())}
        url = {"url": entity["type"]["url"]} if "url" in entity["type"] else {}
        told.append(named | {"offset": entity["offset"], "length": entity["length"]} | url)
    return told


def _is_live(entity: dict[str, Any]) -> bool:
    return entity["type"] not in _HARMLESS


def _meet(one: dict[str, Any], other: dict[str, Any]) -> bool:
    ends = (one["offset"] + one["length"], other["offset"] + other["length"])
    return bool(max(one["offset"], other["offset"]) < min(ends))


def _keyboard(payload: dict[str, Any]) -> list[list[dict[str, Any]]]:
    markup = payload.get("reply_markup") or {}
    if isinstance(markup, str):
        markup = json.loads(markup)
    rows = markup.get("inline_keyboard", [])
    if sum(len(row) for row in rows) > MAX_BUTTONS or any(
        len(row) > MAX_BUTTONS_OF_A_ROW for row in rows
    ):
        raise TelegramRefused(400, "Bad Request: REPLY_MARKUP_TOO_LONG")
    for button in (button for row in rows for button in row):
        _check_button(button)
    return [row for row in rows if row]


def _check_button(button: dict[str, Any]) -> None:
    if not button.get("text"):
        raise TelegramRefused(400, "Bad Request: can't parse inline keyboard button: no text")
    actions = button.keys() & {"callback_data", "url"}
    if len(actions) != 1 or button.keys() - actions - {"text", "style"}:
        raise TelegramRefused(
            400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed"
        )
    if not 1 <= len(str(button.get("callback_data", "-")).encode()) <= MAX_BUTTON_DATA:
        raise TelegramRefused(400, "Bad Request: BUTTON_DATA_INVALID")


def _ask(request: str, **fields: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(
        _library().td_execute(json.dumps({"@type": request, **fields}).encode())
    )
    return answer


@cache
def _library() -> Any:
    import tdjson

    quiet = {"@type": "setLogVerbosityLevel", "new_verbosity_level": 0}
    tdjson.td_execute(json.dumps(quiet).encode())
    return tdjson
