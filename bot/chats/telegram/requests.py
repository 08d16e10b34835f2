"""Requests to Telegram: which may be made again, and what a refusal means to us."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final, TypeVar

import httpx
from telegram import Update
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from analyzers.errors import ChannelMoved, ChatError, OutcomeUnknown, TokenRefused
from analyzers.text import clean_line, shorten
from bot.chats.telegram.places import Place

# Without it `RetryAfter` warns of a deprecation whenever it is made.
os.environ["PTB_TIMEDELTA"] = "1"

LONGEST_PAUSE: Final = 60.0
"""Seconds that a request waits when Telegram asks for it; where it asks for more, it fails."""

PAUSE_UNNAMED: Final = 5.0
"""Seconds to wait when Telegram says that there were too many requests, and not until when."""

PAUSE_UNSENT: Final = 1.0
"""Seconds until a request is made again that found no connection."""

ANSWERED_WITHIN: Final = 20.0
"""Seconds that Telegram may take to answer; a message that timed out may still have arrived."""

_REFUSALS: Final = {
    "chat not found": "error-telegram-chat",
    "peer_id_invalid": "error-telegram-chat",
    "channel_private": "error-telegram-forbidden",
    "thread not found": "error-telegram-topic",
    "topic_closed": "error-telegram-topic",
    "topic_deleted": "error-telegram-topic",
    "not enough rights": "error-telegram-rights",
    "have no rights": "error-telegram-rights",
    "administrator rights": "error-telegram-rights",
    "write_forbidden": "error-telegram-rights",
    "chat_restricted": "error-telegram-rights",
    "chat_send_": "error-telegram-rights",
    "guest_send_forbidden": "error-telegram-rights",
    "user_banned_in_channel": "error-telegram-rights",
    "chat_admin_required": "error-telegram-members",
    "member list is inaccessible": "error-telegram-members",
}
"""What Telegram's words mean, in lower case. It has no other codes than its words. All of these are
about the chat; any other refusal is a defect of ours, or new to us."""

UNREADABLE: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What JSON and the library raise for what is no update: neither checks its form."""

_UNSENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,  # it made no tunnel
)
"""What ends a request before it is sent."""

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class DiscreetRequest(HTTPXRequest):
    """Hides the token where an answer repeats the address that was asked for, as error pages of
    proxies do: the library logs and quotes such answers."""

    def __init__(self, token: str, answered_within: float = ANSWERED_WITHIN) -> None:
        """Hide this token, also in what libraries log.

        Args:
            token: the bot's.
            answered_within: seconds that Telegram may take to answer.
        """
        _quiet_libraries()
        super().__init__(read_timeout=answered_within, connect_timeout=10, pool_timeout=10)
        self._token = token.encode()

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Make a request."""
        status, payload = await super().do_request(*args, **kwargs)
        return status, payload.replace(self._token, b"***")


class UpdatesRequest(DiscreetRequest):
    """Asks for updates. One that the library cannot read would hold back all others, and come again
    for a day: of such a one only the number is left, by which it is done with."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """An answer of Telegram."""
        answer = HTTPXRequest.parse_json_payload(payload)
        if isinstance(updates := answer.get("result"), list):
            answer["result"] = [_readable(update) for update in updates]
        return answer


def _quiet_libraries() -> None:
    # At INFO httpx logs every address that is asked, and the token is part of it; the library's bot
    # tells its address at DEBUG, and the webhook's secret among the parameters of its requests.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("telegram.Bot").setLevel(logging.INFO)
    logging.getLogger("telegram.ext.ExtBot").setLevel(logging.INFO)
    # An answer that is no JSON comes as an error too, and is told there without a stack.
    logging.getLogger("telegram.request.BaseRequest").setLevel(logging.CRITICAL)


def _readable(update: dict[str, Any]) -> dict[str, Any]:
    try:
        Update.de_json(update, None)
    except UNREADABLE as exc:
        _log.warning("Telegram: an update cannot be read: %s", type(exc).__name__)
        return {"update_id": update["update_id"]}
    return update


async def patiently(request: Callable[[], Awaitable[_T]]) -> _T:
    """Make a request, and once more if it had no effect: Telegram asked for a short pause, or was
    not reached at all. A message that may have arrived is not sent again (invariant 2).

    Raises:
        TelegramError: as the library does.
    """
    try:
        return await _answered(request)
    except TelegramError as exc:
        pause = _pause(exc)
        if pause is None or pause > LONGEST_PAUSE:
            raise
    await asyncio.sleep(pause)
    return await _answered(request)


async def _answered(request: Callable[[], Awaitable[_T]]) -> _T:
    try:
        return await request()
    except UNREADABLE as exc:
        raise TelegramError("Invalid server response") from exc


@contextmanager
def translated(*, harmless: bool = False) -> Iterator[None]:
    """Raise `ChatError` for every error of the library.

    Args:
        harmless: whether the request may be made again whatever became of it.
    """
    try:
        yield
    except TelegramError as exc:
        raise _translate(exc, harmless=harmless) from exc


def unconnected(exc: TelegramError, webhook: str | None) -> ChatError:
    """Why the bot cannot start or go on; nothing of this is about a message.

    Args:
        exc: what the library says.
        webhook: the address that Telegram was asked to send to, if it was.
    """
    if isinstance(exc, InvalidToken):
        return TokenRefused("error-telegram-token")
    if isinstance(exc, BadRequest) and webhook:
        return ChatError("error-telegram-webhook", url=webhook, said=_said(exc))
    return ChatError(
        "error-telegram-unreachable",
        permanent=False,
        retry_after=seconds_asked(exc),
        said=_said(exc),
    )


def says(exc: TelegramError, *words: str) -> bool:
    """Whether Telegram's answer has some of these words, given in lower case."""
    said = exc.message.lower()
    return any(word in said for word in words)


def seconds_asked(exc: TelegramError) -> float | None:
    """How long Telegram asks to wait, if it does."""
    if isinstance(exc, RetryAfter):
        asked: object = exc.retry_after  # whatever stood in the answer, if it was no number
        if isinstance(asked, timedelta):
            return asked.total_seconds()
        return asked if isinstance(asked, int | float) else PAUSE_UNNAMED
    return PAUSE_UNNAMED if says(exc, "too many requests") else None


def _translate(exc: TelegramError, *, harmless: bool) -> ChatError:
    said = _said(exc)
    if isinstance(exc, InvalidToken):
        return TokenRefused("error-telegram-token")
    if isinstance(exc, ChatMigrated):
        return ChannelMoved("error-telegram-moved", channel=Place(exc.new_chat_id).channel)
    if asked := seconds_asked(exc):
        return ChatError(
            "error-telegram-busy", permanent=False, retry_after=asked, seconds=round(asked)
        )
    is_refused = isinstance(exc, BadRequest | Forbidden | Conflict)
    if is_refused and not _is_of_another(exc):
        return _refusal(exc)
    if harmless or is_refused or _pause(exc) is not None:
        return ChatError("error-telegram-unreachable", permanent=False, said=said)
    # Neither sent for certain nor not sent: what cannot be repeated is permanent.
    return OutcomeUnknown("error-telegram-outcome", said=said)


def _refusal(exc: TelegramError) -> ChatError:
    said = _said(exc)
    if isinstance(exc, Forbidden):
        return ChatError("error-telegram-forbidden", said=said)
    for words, code in _REFUSALS.items():
        if says(exc, words):
            return ChatError(code, said=said)
    return ChatError("error-telegram-rejected", permanent=False, said=said)


def _is_of_another(exc: TelegramError) -> bool:
    """Whether a refusal is none of Telegram's: a proxy's page says nothing of the chat."""
    return isinstance(exc.__cause__, TelegramError)


def _pause(exc: TelegramError) -> float | None:
    """Seconds to wait before a request is made again; None where it may have had an effect, or
    would fail alike."""
    return PAUSE_UNSENT if isinstance(exc.__cause__, _UNSENT) else seconds_asked(exc)


def _said(exc: TelegramError) -> str:
    return shorten(clean_line(exc.message), 200)
