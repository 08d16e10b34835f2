"""Digests on Slack: messages that are known again by their metadata when an answer was lost."""

from __future__ import annotations

import copy
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, final

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from analyzers.errors import ChatError, TokenRefused
from bot.chats.slack.api import BLOCKS, GONE, POLICY, REJECTED, SCOPE, SlackApi, patiently
from bot.chats.slack.sending import NO_PREVIEW, send
from bot.deliveries.outlet import Outlet, Pace, Posting
from formatters import blockkit
from formatters.blockkit import SlackMessage
from formatters.model import Page
from formatters.text import Words

PACE: Final = Pace(per_second=5, per_channel=1)
"""Slack takes about one message a second in a channel and several hundred a minute in a workspace,
beyond short bursts (its reference of chat.postMessage)."""

EVENT_TYPE: Final = "commitcast_digest"
"""What our metadata is called."""

CLOCKS_DIFFER: Final = timedelta(hours=1)
"""How far Slack's clock may be behind ours: a message is looked for from so much earlier on."""

PAGE: Final = 200
"""Messages asked for at once (Slack recommends no more)."""

FEWEST_PAGES: Final = 3
"""Pages that are looked through however old they are: our own clock may be far ahead."""

MOST_PAGES: Final = 25
"""Pages that are looked through: half of what Slack answers in a minute."""

_TYPED: Final = re.compile(r"slack:(?:(?P<team>[TE][A-Z0-9]+)/)?(?P<channel>[CGD][A-Z0-9]+)")
_DEFECTS: Final = frozenset({BLOCKS, GONE, REJECTED})
"""Refusals that mean a message and not the channel, which may take the next one."""

_List = Callable[..., Awaitable[AsyncSlackResponse]]


@final
class SlackOutlet(Outlet):
    """One app in one workspace, or in those of one organisation."""

    def __init__(self, token: str, api_url: str) -> None:
        """Prepare; nothing is asked of Slack yet.

        Args:
            token: the bot's, `xoxb-...`.
            api_url: where Slack's methods are.
        """
        self._api = SlackApi(token, api_url)

    @property
    def platform(self) -> str:
        """What the keys of its channels begin with."""
        return "slack"

    @property
    def pace(self) -> Pace:
        """How fast it takes messages."""
        return PACE

    @property
    def can_find(self) -> bool:
        """Slack keeps our metadata with a message, and tells it in the channel's history."""
        return True

    async def channel_key(self, typed: str) -> str:
        """The whole key of a channel that a person has typed, with its workspace or without."""
        told = await self._api.call(self._api.client.auth_test, repeatable=True)
        # What an app of a whole organisation is told here is the organisation.
        own = None if told.get("is_enterprise_install") else told.get("team_id")
        found = _TYPED.fullmatch(typed.strip())
        team = (found["team"] or own) if found else None
        if found is None or team is None or team != (own or team):
            raise ChatError("error-slack-channel", value=typed)
        return f"slack:{team}/{found['channel']}"

    def count(self, page: Page, words: Words) -> int:
        """How many messages a page takes."""
        return len(_laid_out(page, words))

    async def post(self, posting: Posting) -> str:
        """Send a message."""
        try:
            return await self._post_where_possible(posting)
        except ChatError as exc:
            reason = str(exc.details.get("reason"))
            if exc.code == SCOPE:
                raise TokenRefused(SCOPE, reason=reason) from exc
            if exc.code in _DEFECTS:
                raise ChatError(exc.code, permanent=False, reason=reason) from exc
            raise

    async def _post_where_possible(self, posting: Posting) -> str:
        """Send a message to its thread, or to the channel if its thread is gone or takes none."""
        message = message_of(posting)
        try:
            return await self._post(posting, message, posting.first)
        except ChatError as exc:
            if posting.first is None or exc.code not in (GONE, POLICY):
                raise
        return await self._post(posting, message, None)

    async def _post(self, posting: Posting, message: SlackMessage, thread: str | None) -> str:
        return await send(
            self._api,
            self._api.client.chat_postMessage,
            message,
            channel=_channel(posting.channel),
            thread_ts=thread,
            metadata=_metadata(posting),
            **NO_PREVIEW,
        )

    async def find(self, posting: Posting, since: datetime) -> str | None:
        """The id of a message that may have been sent, by its metadata."""
        client = self._api.client
        where = {"channel": _channel(posting.channel)}
        if posting.first is not None:
            try:
                thread = {"ts": posting.first, **where}
                replies = client.conversations_replies
                if found := await self._search(replies, thread, posting, None):
                    return found
            except ChatError as exc:
                if exc.code != GONE:
                    raise
        oldest = (since - CLOCKS_DIFFER).timestamp()
        return await self._search(client.conversations_history, where, posting, oldest)

    async def _search(
        self, method: _List, where: dict[str, str], posting: Posting, oldest: float | None
    ) -> str | None:
        return await patiently(lambda: self._look(method, where, posting, oldest), repeatable=True)

    async def _look(
        self, method: _List, where: dict[str, str], posting: Posting, oldest: float | None
    ) -> str | None:
        cursor = ""
        for page in range(MOST_PAGES):
            listed = await self._api.call_once(
                method, include_all_metadata=True, limit=PAGE, cursor=cursor or None, **where
            )
            messages = listed.get("messages") or ()
            for message in messages:
                if _shows(message, posting):
                    return str(message["ts"])
            cursor = (listed.get("response_metadata") or {}).get("next_cursor") or ""
            is_old = oldest is not None and all(float(m["ts"]) < oldest for m in messages)
            if not cursor or (is_old and page + 1 >= FEWEST_PAGES):
                return None
        raise ChatError("error-slack-lookup", most=MOST_PAGES * PAGE)

    async def edit(self, posting: Posting, message: str) -> None:
        """Show this in a message that was sent."""
        try:
            await send(
                self._api,
                self._api.client.chat_update,
                message_of(posting),
                channel=_channel(posting.channel),
                ts=message,
                metadata=_metadata(posting),
                repeatable=True,
            )
        except ChatError as exc:
            if exc.code != GONE:
                raise

    async def tell(
        self,
        person: str,
        channel: str,  # noqa: ARG002 - nobody reads it there
        page: Page,
        words: Words,
    ) -> None:
        """Say something in the bot's direct messages with a person, which need no invitation and no
        scope: their id stands for them."""
        post = self._api.client.chat_postMessage
        for message in _laid_out(page, words):
            await send(self._api, post, message, channel=person, **NO_PREVIEW)

    async def aclose(self) -> None:
        """No connection outlives its request."""


def _channel(key: str) -> str:
    """Slack's id of a channel, by its key."""
    return key.removeprefix("slack:").rpartition("/")[2]


def _metadata(posting: Posting) -> dict[str, Any] | None:
    """What a message is known by; None for what is no digest."""
    if posting.page.digest is None:
        return None
    payload = {"digest": posting.page.digest, "part": posting.part}
    return {"event_type": EVENT_TYPE, "event_payload": payload}


def _shows(message: dict[str, Any], posting: Posting) -> bool:
    known = message.get("metadata") or {}
    payload = known.get("event_payload") or {}
    found = (known.get("event_type"), payload.get("digest"), payload.get("part"))
    return found == (EVENT_TYPE, posting.page.digest, posting.part)


@lru_cache(maxsize=32)  # a digest is asked for as often as it has messages, and once more
def _laid_out(page: Page, words: Words) -> tuple[SlackMessage, ...]:
    return blockkit.messages(page, words)


def message_of(posting: Posting) -> SlackMessage:
    """What is sent, with the line that it may be there twice where that is so."""
    message = _laid_out(posting.page, posting.words)[posting.part]
    if not posting.may_repeat:
        return message
    return _beneath(message, posting.words("control-may-repeat"))


def _beneath(message: SlackMessage, line: str) -> SlackMessage:
    """A message with a line beneath its last text: there may be no room for another block, while
    every text has 300 characters left of Slack's 3,000."""
    blocks = copy.deepcopy(message.blocks)
    texts = [
        block["text"] if block["type"] == "section" else block["elements"][0]
        for block in blocks
        if block["type"] in ("section", "context")
    ]
    texts[-1]["text"] += f"\n{line}"
    return replace(message, text=f"{message.text} — {line}", blocks=blocks)
