"""Messages of Block Kit on their way to Slack."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from analyzers.errors import ChatError
from bot.chats.slack.api import BLOCKS, SlackApi
from formatters.blockkit import SlackMessage

QUIET: Final = {"link_names": False, "parse": "none"}
"""No name in a text pings anybody, and no bare word becomes a link."""

NO_PREVIEW: Final = {"unfurl_links": False, "unfurl_media": False}

_log = logging.getLogger(__name__)


async def send(
    api: SlackApi,
    method: Callable[..., Awaitable[AsyncSlackResponse]],
    message: SlackMessage,
    **arguments: Any,
) -> str:
    """Post or edit a message; as plain text if Slack does not take its blocks, which is a defect.

    Args:
        api: calls.
        method: the client's.
        message: what to show.
        arguments: the method's, and those of `SlackApi.call`.

    Returns:
        The message's id.
    """
    arguments |= {"text": message.text, **QUIET}
    try:
        response = await api.call(method, blocks=list(message.blocks), **arguments)
    except ChatError as exc:
        if exc.code != BLOCKS:
            raise
        _log.error("Slack took no such blocks, so the message goes without them: %s", exc)
        response = await api.call(method, blocks=[], **arguments)
    return str(response.get("ts"))
