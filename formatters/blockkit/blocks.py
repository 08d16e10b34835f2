"""The blocks of Block Kit that messages are made of, what they weigh, and pages laid out whole."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from formatters.blockkit import mrkdwn
from formatters.digest import GLYPHS
from formatters.model import Action, Block, Commits, Points, Prose, Small, Title

MAX_BLOCKS = 50
"""Blocks of a message (Slack's reference)."""

MAX_SECTION = 2_700
"""Characters of a text object; Slack takes 3,000 of a unit that it does not tell."""

MAX_MESSAGE = 11_400
"""Characters of a message's blocks as compact JSON. Slack refuses messages from about 13,200, says
nowhere what it counts, and was seen to count blocks beside their texts: this holds by every reading
and leaves at most 11,000 characters of text."""

ACTIONS = "commitcast:"
"""What every `action_id` begins with."""

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_BLOCK_ID = len(',"block_id":"00000"')
"""Slack names a block that has no name; one of ours would have to change with every edit."""


def section(text: str) -> dict[str, Any]:
    """A paragraph of mrkdwn."""
    return {"type": "section", "text": _mrkdwn(text)}


def context(text: str) -> dict[str, Any]:
    """Small print of mrkdwn."""
    return {"type": "context", "elements": [_mrkdwn(text)]}


def button(label: str, name: str, action: Action) -> dict[str, Any]:
    """A button; its name is its own within a message."""
    return {
        "type": "button",
        "text": plain(label),
        "action_id": f"{ACTIONS}{name}",
        "value": action.token,
    }


def plain(text: str) -> dict[str, Any]:
    """Text in which nothing means anything, not even the name of an emoji."""
    return {"type": "plain_text", "text": text, "emoji": False}


def weight(blocks: Iterable[dict[str, Any]]) -> int:
    """What blocks count towards `MAX_MESSAGE`."""
    return sum(mrkdwn.size(_compact(block)) + _BLOCK_ID + 1 for block in blocks)


def pack(blocks: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Blocks as the fewest messages that hold them in order; a dash where there are none."""
    packed: list[list[dict[str, Any]]] = []
    room = 0
    for block in blocks:
        needed = weight([block])
        if needed > room or len(packed[-1]) == MAX_BLOCKS:
            packed.append([])
            room = MAX_MESSAGE
        packed[-1].append(block)
        room -= needed
    return packed or [[context("—")]]


def laid_out(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    """Blocks whole, each as the sections or contexts that it takes."""
    laid: list[dict[str, Any]] = []
    for block in blocks:
        match block:
            case Title():
                laid.extend(map(section, _title(block)))
            case Prose():
                laid.extend(map(section, mrkdwn.split(block.text, MAX_SECTION)))
            case Small():
                laid.extend(map(context, _small(block)))
            case Points():
                laid.extend(map(section, _points(block.title, block.items)))
            case Commits():  # only a digest has commits, and lays them out otherwise
                lines = [f"{row.number} {row.headline}" for row in block.rows]
                laid.extend(map(section, _points(block.title, lines)))
    return laid


def heading(shown: str, block: Title | Commits) -> str:
    """A line of escaped text in bold, after the glyph of its importance."""
    return f"{GLYPHS[block.importance]} *{shown}*" if block.importance else f"*{shown}*"


def joined(lines: Iterable[str]) -> list[str]:
    """Lines of at most `MAX_SECTION` characters as the fewest texts that hold them in order."""
    texts: list[str] = []
    for line in lines:
        if texts and mrkdwn.size(texts[-1]) + 1 + mrkdwn.size(line) <= MAX_SECTION:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line.lstrip("\n"))
    return texts


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _title(block: Title) -> list[str]:
    parts = mrkdwn.split(" ".join(block.text.split()), MAX_SECTION - 10)
    return [heading(parts[0], block), *(f"*{part}*" for part in parts[1:])] if parts else []


def _small(block: Small) -> list[str]:
    head = mrkdwn.link(block.url, block.sha[:7]) if block.sha else ""
    parts = mrkdwn.split(block.text, MAX_SECTION - mrkdwn.size(head) - 2)
    if not head:
        return parts
    return [f"{head}  {parts[0]}", *parts[1:]] if parts else [head]


def _points(title: str, items: Iterable[str]) -> list[str]:
    items = tuple(items)
    bullet = "• " if len(items) > 1 else ""
    lines = [f"*{part}*" for part in mrkdwn.split(" ".join(title.split()), MAX_SECTION - 10)]
    for item in items:
        parts = mrkdwn.split(item, MAX_SECTION - 10)
        lines.extend([f"{bullet}{parts[0]}", *parts[1:]] if parts else [])
    return joined(lines)
