"""Pages as Slack messages of Block Kit: every message within the limits, no commit left out.

Untrusted text passes `mrkdwn` on its way into a block; only the menu's options are plain text, in
which nothing pings, links or formats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from formatters.blockkit import mrkdwn
from formatters.blockkit.blocks import laid_out, pack
from formatters.blockkit.digest import digest_messages
from formatters.digest import GLYPHS
from formatters.model import Commits, Page, Points, Title
from formatters.text import Words

MAX_SUMMARY = 900
"""Characters of what notifications and screen readers tell: at most 2,700 bytes, for chat.update
was seen to count bytes, up to 4,000."""


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """What chat.postMessage and chat.update take."""

    text: str
    """What notifications show and screen readers read: mrkdwn, never empty."""
    blocks: tuple[dict[str, Any], ...]
    """What is seen: at least one."""


def messages(page: Page, words: Words) -> tuple[SlackMessage, ...]:
    """Lay a page out: the first is the message, the others go into its thread.

    A digest of at most 100 lines is one message as far as its commits go: their headlines are
    shortened to what fits, and a text around them that is too long for its place stands whole in
    the thread. Nothing of any other page is shortened; `Page.folds_to` has no meaning here, where
    a commit is expanded in the thread.
    """
    if page.digest is None:
        made = pack(laid_out(page.blocks))
    else:
        made = digest_messages(page, page.digest, words)
    summary = _summary(page)
    return tuple(
        SlackMessage(summary if part == 1 else f"{summary} ({part}/{len(made)})", tuple(blocks))
        for part, blocks in enumerate(made, start=1)
    )


def _summary(page: Page) -> str:
    """The first two texts of a page, which say what it is about."""
    texts = []
    for block in page.blocks:
        if isinstance(block, Title) and block.importance:
            texts.append(f"{GLYPHS[block.importance]} {block.text}")
        elif isinstance(block, Points):
            texts.append(f"{block.title} {block.items[0]}")
        elif not isinstance(block, Commits):
            texts.append(block.text)
    told = " — ".join([line for text in texts if (line := " ".join(text.split()))][:2])
    return mrkdwn.shorten(told, MAX_SUMMARY) or "—"
