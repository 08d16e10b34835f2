"""What Slack refuses of a message, and what its mrkdwn brings to life.

Limits are those of Slack's reference and of slack_sdk's models; what is not written down anywhere
(the unit of a character, the sum of all blocks) is taken at its strictest: UTF-16 units, and the
lowest sum that anybody was refused for. Blocks and elements that Commitcast does not send are
refused as unknown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

MAX_TEXT = 4_000
"""Bytes of `text`: chat.update was seen to count them and refuses more; chat.postMessage makes
several messages of it and tells of one, which is refused here."""

MAX_BLOCKS = 50

MAX_ALL_BLOCKS = 13_200
"""Characters of all blocks together, beyond which `msg_blocks_too_long` was seen. What counts is
nowhere told, and blocks were seen to count beside their texts: here all of their JSON does."""

_FIELDS = {
    *("channel", "ts", "thread_ts", "reply_broadcast", "user", "token"),
    *("text", "blocks", "attachments", "markdown_text", "metadata", "mrkdwn", "parse"),
    *("unfurl_links", "unfurl_media", "link_names"),
    *("username", "icon_emoji", "icon_url", "as_user"),
}


class SlackRefused(Exception):
    """Slack answers `ok: false`."""

    def __init__(self, code: str, *messages: str) -> None:
        super().__init__(f"{code}: {'; '.join(messages)}" if messages else code)
        self.code = code
        """Slack's name of the error."""
        self.messages = list(messages)
        """What stands in `response_metadata.messages`: where it is and what is wrong."""


def check(payload: dict[str, Any]) -> None:
    """Check the arguments of chat.postMessage, chat.postEphemeral or chat.update.

    Raises:
        SlackRefused: with the code that Slack would answer.
    """
    if unknown := set(payload) - _FIELDS:
        raise SlackRefused("invalid_arguments", f"unknown arguments: {sorted(unknown)}")
    text, blocks = payload.get("text"), payload.get("blocks")
    if "markdown_text" in payload and (text or blocks):
        raise SlackRefused("markdown_text_conflict")
    if isinstance(blocks, str):  # as a form carries them
        try:
            blocks = json.loads(blocks)
        except ValueError as exc:
            raise SlackRefused("invalid_blocks_format") from exc
    if not text and not blocks and not payload.get("markdown_text"):
        raise SlackRefused("no_text")
    if text is not None and not isinstance(text, str):
        raise SlackRefused("invalid_arguments", "[ERROR] text must be a string")
    if text and len(text.encode()) > MAX_TEXT:
        raise SlackRefused("msg_too_long", f"text has {len(text.encode())} bytes")
    if blocks:
        check_blocks(blocks)


def check_blocks(blocks: Any) -> None:
    """Check the blocks of a message or of an unfurled link. Raises `SlackRefused`."""
    if not isinstance(blocks, list | tuple):
        raise SlackRefused("invalid_blocks_format")
    if len(blocks) > MAX_BLOCKS:
        raise SlackRefused("invalid_blocks", f"no more than {MAX_BLOCKS} items allowed [/blocks]")
    wrong: list[str] = []
    for position, block in enumerate(blocks):
        _block(block, f"/blocks/{position}", wrong)
    for key in ("block_id", "action_id"):
        seen: set[str] = set()
        for name in _values(list(blocks), key):
            if name in seen:
                wrong.append(f"`{key}` must be unique: {name}")
            seen.add(name)
    if wrong:
        raise SlackRefused("invalid_blocks", *wrong)
    named = [{"block_id": "00000", **block} for block in blocks]
    total = size(json.dumps(named, ensure_ascii=False, separators=(",", ":")))
    if total > MAX_ALL_BLOCKS:
        raise SlackRefused("msg_blocks_too_long", f"{total} characters in all blocks")


def size(text: str) -> int:
    """The length of a text in UTF-16 units, the strictest reading of `characters`."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def text_objects(blocks: Any) -> Iterator[dict[str, Any]]:
    """Every text object of these blocks, wherever it stands, in order."""
    unseen = [blocks]
    while unseen:
        part = unseen.pop()
        if isinstance(part, dict):
            if part.get("type") in {"mrkdwn", "plain_text"}:
                yield part
            unseen.extend(reversed(part.values()))
        elif isinstance(part, list | tuple):
            unseen.extend(reversed(part))


def texts_of(blocks: Any) -> list[str]:
    """Every text of these blocks that a reader can come to see, in order."""
    return [found["text"] for found in text_objects(blocks)]


def _values(blocks: Any, key: str) -> Iterator[str]:
    if isinstance(blocks, dict):
        if key in blocks:
            yield blocks[key]
        for value in blocks.values():
            yield from _values(value, key)
    elif isinstance(blocks, list):
        for item in blocks:
            yield from _values(item, key)


# ---- one check for every kind of block, element and object: (value, where, complaints)

_SURROGATE = re.compile("[\ud800-\udfff]")
_Check = Callable[[Any, str, list[str]], None]


def _string(most: int, least: int = 1) -> _Check:
    def check_string(value: Any, where: str, wrong: list[str]) -> None:
        if not isinstance(value, str):
            wrong.append(f"must be a string [{where}]")
        elif not least <= size(value) <= most:
            wrong.append(f"must have {least} to {most} characters, has {size(value)} [{where}]")
        elif _SURROGATE.search(value):
            wrong.append(f"lone surrogate [{where}]")

    return check_string


def _choice(*allowed: object) -> _Check:
    def check_choice(value: Any, where: str, wrong: list[str]) -> None:
        if not any(value is one or (value == one and isinstance(one, str)) for one in allowed):
            wrong.append(f"must be one of {allowed}, is {value!r} [{where}]")

    return check_choice


_BOOLEAN = _choice(True, False)


def _text(most: int, *, plain: bool = False) -> _Check:
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")

    def check_text(value: Any, where: str, wrong: list[str]) -> None:
        required = {"type": _choice(*kinds), "text": _string(most)}
        is_mrkdwn = isinstance(value, dict) and value.get("type") == "mrkdwn"
        _object(required, {"verbatim" if is_mrkdwn else "emoji": _BOOLEAN})(value, where, wrong)
        if isinstance(value, dict) and not str(value.get("text", "")).strip():
            wrong.append(f"must not be blank [{where}/text]")

    return check_text


def _object(required: dict[str, _Check], optional: dict[str, _Check]) -> _Check:
    def check_object(value: Any, where: str, wrong: list[str]) -> None:
        if not isinstance(value, dict):
            wrong.append(f"must be an object [{where}]")
            return
        unknown = value.keys() - required.keys() - optional.keys()
        wrong.extend(f"no field {name} is allowed [{where}]" for name in unknown)
        missing = required.keys() - value.keys()
        wrong.extend(f"missing required field {name} [{where}]" for name in missing)
        for name, check_field in (required | optional).items():
            if name in value:
                check_field(value[name], f"{where}/{name}", wrong)

    return check_object


def _items(one: _Check, most: int) -> _Check:
    def check_items(value: Any, where: str, wrong: list[str]) -> None:
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= most:
            wrong.append(f"must be a list of 1 to {most} items [{where}]")
            return
        for position, item in enumerate(value):
            one(item, f"{where}/{position}", wrong)

    return check_items


def _typed(kinds: dict[str, _Check]) -> _Check:
    def check_typed(value: Any, where: str, wrong: list[str]) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in kinds:
            wrong.append(f"unsupported type: {kind} [{where}/type]")
        else:
            kinds[kind](value, where, wrong)

    return check_typed


def _address(most: int) -> _Check:
    def check_address(value: Any, where: str, wrong: list[str]) -> None:
        _string(most)(value, where, wrong)
        if not re.fullmatch(r"https?://[^\s<>|]+", str(value)):
            wrong.append(f"must be an address [{where}]")

    return check_address


_ANY: _Check = lambda value, where, wrong: None  # noqa: E731 - `type` was looked at already
_IDENTIFIER = _string(255)
_CONFIRM = _object(
    {
        "title": _text(100, plain=True),
        "text": _text(300),
        "confirm": _text(30, plain=True),
        "deny": _text(30, plain=True),
    },
    {"style": _choice("primary", "danger")},
)
_OPTION = _object(
    {"text": _text(75, plain=True), "value": _string(150)},
    {"description": _text(75, plain=True)},
)
_OPTION_GROUP = _object({"label": _text(75, plain=True), "options": _items(_OPTION, 100)}, {})


def _select(value: Any, where: str, wrong: list[str]) -> None:
    required = {"type": _ANY, "placeholder": _text(150, plain=True), "action_id": _IDENTIFIER}
    optional = {
        "options": _items(_OPTION, 100),
        "option_groups": _items(_OPTION_GROUP, 100),
        "initial_option": _OPTION,
        "confirm": _CONFIRM,
        "focus_on_load": _BOOLEAN,
    }
    _object(required, optional)(value, where, wrong)
    if ("options" in value) == ("option_groups" in value):
        wrong.append(f"needs either options or option_groups [{where}]")


_BUTTON = _object(
    {"type": _ANY, "text": _text(75, plain=True), "action_id": _IDENTIFIER},
    {
        "value": _string(2_000),
        "url": _address(3_000),
        "style": _choice("primary", "danger"),
        "confirm": _CONFIRM,
        "accessibility_label": _string(75),
    },
)
_ELEMENT = _typed({"button": _BUTTON, "static_select": _select})


def _section(value: Any, where: str, wrong: list[str]) -> None:
    optional = {
        "text": _text(3_000),
        "fields": _items(_text(2_000), 10),
        "accessory": _ELEMENT,
        "expand": _BOOLEAN,
        "block_id": _IDENTIFIER,
    }
    _object({"type": _ANY}, optional)(value, where, wrong)
    if not value.keys() & {"text", "fields"}:
        wrong.append(f"needs text or fields [{where}]")


_NAMED = {"block_id": _IDENTIFIER}
_block = _typed(
    {
        "section": _section,
        "header": _object({"type": _ANY, "text": _text(150, plain=True)}, _NAMED),
        "context": _object({"type": _ANY, "elements": _items(_text(3_000), 10)}, _NAMED),
        "actions": _object({"type": _ANY, "elements": _items(_ELEMENT, 25)}, _NAMED),
        "divider": _object({"type": _ANY}, _NAMED),
    }
)


# ---- mrkdwn

_SEQUENCE = re.compile(r"<(?P<sigil>[@#!]?)(?P<target>[^<>|\n]+)(?:\|(?P<label>[^<>\n]*))?>")
_FENCE = re.compile(r"```.*?```", re.DOTALL)
_CODE = re.compile(r"(?<![^\s\"'(\[{*])`(?P<text>[^`\n]+)`(?![^\s\"')\]}*.,:;!?])")
_PAIRS = (
    ("bold", re.compile(r"\*(?P<text>[^\s*](?:[^*\n]*[^\s*])?)\*")),
    ("strike", re.compile(r"~(?P<text>[^\s~](?:[^~\n]*[^\s~])?)~")),
    ("italic", re.compile(r"(?<![A-Za-z0-9])_(?P<text>\S(?:[^\n]*?\S)?)_(?![A-Za-z0-9])")),
    ("emoji", re.compile(r":(?P<text>[a-z0-9_+'-]*[a-z_+][a-z0-9_+'-]*|100|1234):")),
    ("quote", re.compile(r"^\s*(?:>|&gt;)(?P<text>.*)$", re.MULTILINE)),
)
_BARE = re.compile(
    r"https?://[^\s|]+|\bwww\.[^\s|]+|mailto:\S+|[\w.+-]+@[\w-]+\.[\w.-]+", re.IGNORECASE
)
_NAMES = re.compile(r"(?<!\w)[@#][\w-]+")


@dataclass(frozen=True, slots=True)
class LiveParts:
    """What of a mrkdwn text is more than its characters."""

    mentions: tuple[str, ...]
    """People, user groups and channels: `@U012`, `!subteam^S012`, `#C012`."""
    commands: tuple[str, ...]
    """The other special sequences, which ping or show a clock: `!channel`, `!here`, `!date^...`."""
    links: tuple[tuple[str, str], ...]
    """Address and label; a bare address that Slack finds by itself is its own label."""
    formatted: tuple[tuple[str, str], ...]
    """What is formatted: `bold`, `italic`, `strike`, `code`, `fence`, `quote` or `emoji`, with its
    text; `backtick` for one that is in no code."""
    raw: tuple[str, ...]
    """Unescaped `&`, `<` and `>` that belong to no sequence."""

    @property
    def pings(self) -> tuple[str, ...]:
        """Everything that can notify somebody."""
        return self.mentions + self.commands


def live_parts(mrkdwn: str, *, verbatim: bool = False) -> LiveParts:
    """What Slack makes of a mrkdwn text; when in doubt it is said to be live.

    Args:
        mrkdwn: the text.
        verbatim: as in a text object: whether Slack leaves bare addresses and names alone.
    """
    mentions, commands, links, formatted = [], [], [], []
    for found in _SEQUENCE.finditer(mrkdwn):  # alive even within code
        name = found["sigil"] + found["target"]
        if found["sigil"] in {"@", "#"} or name.startswith("!subteam"):
            mentions.append(name)
        elif found["sigil"] == "!":
            commands.append(name)
        else:
            links.append((name, found["label"] or name))
    rest = _SEQUENCE.sub("\N{OBJECT REPLACEMENT CHARACTER}", mrkdwn)
    raw = re.findall(r"&(?!(?:amp|lt|gt);)|[<>]", rest)
    rest = rest.replace("\N{OBJECT REPLACEMENT CHARACTER}", "link")
    formatted += [("fence", found[0]) for found in _FENCE.finditer(rest)]
    rest = _FENCE.sub(" ", rest)
    formatted += [("code", found["text"]) for found in _CODE.finditer(rest)]
    rest = _CODE.sub("code", rest)
    formatted += [("backtick", found) for found in re.findall("`", rest)]
    for kind, pattern in _PAIRS:
        formatted += [(kind, found["text"]) for found in pattern.finditer(rest)]
    if not verbatim:
        links += [(found, found) for found in _BARE.findall(rest)]
        mentions += _NAMES.findall(_BARE.sub("", rest))
    return LiveParts(tuple(mentions), tuple(commands), tuple(links), tuple(formatted), tuple(raw))
