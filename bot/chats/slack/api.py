"""Requests to Slack: which may be made again, and what a refusal means to us."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from analyzers.errors import ChatError, OutcomeUnknown, TokenRefused
from analyzers.text import clean_line, shorten

LONGEST_PAUSE: Final = 60.0
"""Seconds that a request waits when Slack asks for it; where it asks for more, it fails."""

PAUSE_UNNAMED: Final = 5.0
"""Seconds to wait when Slack says that there were too many requests, and not until when."""

PAUSE_UNSENT: Final = 1.0
"""Seconds until a request is made again that found no connection."""

ANSWERED_WITHIN: Final = 30
"""Seconds that Slack may take to answer; a message that timed out may still have arrived."""

BUSY: Final = "error-slack-busy"
UNREACHABLE: Final = "error-slack-unreachable"
"""The request was not sent."""
NOT_INVITED: Final = "error-slack-not-invited"
CLOSED: Final = "error-slack-closed"
POLICY: Final = "error-slack-policy"
SCOPE: Final = "error-slack-scope"
GONE: Final = "error-slack-gone"
"""The message that was to be edited, or replied to, cannot be."""
BLOCKS: Final = "error-slack-blocks"
REJECTED: Final = "error-slack-rejected"
"""Something else is wrong with the request."""

_LOST: Final = "error-slack-outcome"
_OUTAGE: Final = "error-slack-outage"
_UNEXPECTED: Final = "error-slack-unexpected"
_TOKEN: Final = "error-slack-token"  # noqa: S105 - a message of the catalogue

_TOO_FAST: Final = frozenset({"ratelimited", "rate_limited"})

_REFUSALS: Final = {
    _TOKEN: "invalid_auth not_authed account_inactive token_revoked token_expired"
    " not_allowed_token_type accesslimited enterprise_is_restricted",
    SCOPE: "missing_scope",
    NOT_INVITED: "not_in_channel channel_not_found user_not_in_channel no_permission",
    CLOSED: "is_archived is_inactive",
    POLICY: "restricted_action restricted_action_read_only_channel"
    " restricted_action_thread_only_channel restricted_action_non_threadable_channel"
    " restricted_action_thread_locked ekm_access_denied app_access_restricted access_denied"
    " team_access_not_granted messages_tab_disabled",
    GONE: "message_not_found cant_update_message edit_window_closed block_mismatch"
    " thread_not_found cannot_reply_to_message",
    BLOCKS: "invalid_blocks invalid_blocks_format msg_blocks_too_long",
}
_CODES: Final = {reason: code for code, known in _REFUSALS.items() for reason in known.split()}
"""What we call what Slack calls by these names."""

_PASSING: Final = frozenset(
    {
        "team_added_to_org",
        "org_login_required",
        "external_channel_migrating",
        "message_limit_exceeded",
    }
)
"""Errors that pass by themselves; nothing was done."""

_BROKEN: Final = frozenset(
    {"service_unavailable", "fatal_error", "internal_error", "request_timeout"}
)
"""Errors in the middle of the work: Slack says of some that a part of it may be done."""

_SECONDS: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]+)?")

_T = TypeVar("_T")

_discreet = logging.getLogger(f"{__name__}.sdk")
# At DEBUG the SDK writes whole requests, with the addresses where answers may be sent.
_discreet.setLevel(logging.ERROR)


@final
class SlackApi:
    """Slack's methods, by the SDK's client. Raises `ChatError` alone."""

    def __init__(self, token: str, base_url: str) -> None:
        """Call with this token; nothing is connected yet."""
        self.client = AsyncWebClient(
            token=token,
            base_url=base_url,
            timeout=ANSWERED_WITHIN,
            logger=_discreet,
            # By default the SDK repeats a request whose connection broke: the message comes twice.
            retry_handlers=[],
        )

    async def call(
        self,
        method: Callable[..., Awaitable[AsyncSlackResponse]],
        /,
        *,
        repeatable: bool = False,
        **arguments: Any,
    ) -> AsyncSlackResponse:
        """Call a method of `client`, and once more if that had no effect: Slack asked for a short
        pause, or was not reached at all. A message that may have arrived is not sent again
        (invariant 2).

        Args:
            method: the client's.
            repeatable: whether doing it twice is as good as once.
            arguments: the method's.

        Raises:
            OutcomeUnknown: it may be done; never of what is repeatable.
        """
        return await patiently(lambda: self.call_once(method, **arguments), repeatable=repeatable)

    async def call_once(
        self, method: Callable[..., Awaitable[AsyncSlackResponse]], /, **arguments: Any
    ) -> AsyncSlackResponse:
        """Call a method of `client`, and wait for no limit.

        Raises:
            OutcomeUnknown: it may be done.
        """
        try:
            return await method(**arguments)
        except SlackApiError as exc:
            raise _refused(exc) from exc
        except aiohttp.ClientConnectorError as exc:
            raise ChatError(UNREACHABLE, permanent=False, said=_said(exc)) from exc
        except (aiohttp.ClientError, OSError, TimeoutError) as exc:
            raise OutcomeUnknown(_LOST, said=_said(exc)) from exc
        except SlackClientError as exc:
            raise OutcomeUnknown(_UNEXPECTED, permanent=False, said=_said(exc)) from exc
        except (AttributeError, TypeError, ValueError) as exc:
            # The SDK trips over answers that are not Slack's: pages of proxies, plain text.
            raise OutcomeUnknown(_UNEXPECTED, permanent=False, said="no JSON") from exc

    async def respond(self, url: str, message: dict[str, Any]) -> None:
        """Show something to the one person who gave a command, at the address that came with it.

        Slack takes five messages there, within 30 minutes, in channels without the bot as well.
        """
        await patiently(lambda: self._respond_once(url, message), repeatable=False)

    async def _respond_once(self, url: str, message: dict[str, Any]) -> None:
        webhook = AsyncWebhookClient(
            url,
            timeout=ANSWERED_WITHIN,
            proxy=self.client.proxy,
            logger=_discreet,
            retry_handlers=[],
        )
        # A press is answered beside the message that has the control, not in place of it.
        private = {"response_type": "ephemeral", "replace_original": False}
        try:
            response = await webhook.send_dict(message | private)
        except aiohttp.ClientConnectorError as exc:
            raise ChatError(UNREACHABLE, permanent=False, said=_said(exc)) from exc
        except (aiohttp.ClientError, OSError, TimeoutError) as exc:
            raise OutcomeUnknown(_LOST, said=_said(exc)) from exc
        if response.status_code == 429:
            raise _busy(response.headers.get("Retry-After"))
        if response.status_code != 200:
            said = shorten(clean_line(response.body), 200)
            raise ChatError(_CODES.get(said, REJECTED), reason=said)


async def patiently(request: Callable[[], Awaitable[_T]], *, repeatable: bool) -> _T:
    """Make a request, and once more if that is worth it, as `SlackApi.call` does."""
    try:
        return await _twice(request, repeatable)
    except OutcomeUnknown as exc:
        if not repeatable:
            raise
        code = UNREACHABLE if exc.code == _LOST else exc.code
        details: dict[str, Any] = dict(exc.details)
        raise ChatError(code, permanent=False, **details) from exc


async def _twice(request: Callable[[], Awaitable[_T]], repeatable: bool) -> _T:
    try:
        return await request()
    except ChatError as exc:
        pause = exc.retry_after if exc.code == BUSY else PAUSE_UNSENT
        unsent = exc.code in (BUSY, UNREACHABLE) or (repeatable and exc.code == _LOST)
        if not unsent or pause is None or pause > LONGEST_PAUSE:
            raise
    await asyncio.sleep(pause)
    return await request()


def _refused(exc: SlackApiError) -> ChatError:
    """What Slack's answer means; the SDK hands it over in three forms."""
    data = getattr(exc.response, "data", None)
    answer = data if isinstance(data, dict) else {}
    status = getattr(exc.response, "status_code", 0) or getattr(exc.response, "status", 0)
    reason = shorten(clean_line(str(answer.get("error", ""))), 100)
    if status == 429 or reason in _TOO_FAST:
        return _busy(exc.response.headers.get("Retry-After"))
    if status >= 500 or reason in _BROKEN:
        return OutcomeUnknown(_OUTAGE, permanent=False, reason=reason or f"HTTP {status}")
    if reason in _PASSING:
        return ChatError(_OUTAGE, permanent=False, reason=reason)
    if not reason:
        return OutcomeUnknown(_UNEXPECTED, permanent=False, said=f"HTTP {status}")
    code = _CODES.get(reason, REJECTED)
    said = (answer.get("response_metadata") or {}).get("messages") or [answer.get("needed")]
    more = shorten(clean_line("; ".join(str(line) for line in said if line)), 1_000)
    kind = TokenRefused if code == _TOKEN else ChatError
    return kind(code, reason=f"{reason}: {more}" if more else reason)


def _busy(asked: str | None) -> ChatError:
    pause = float(asked) if asked and _SECONDS.fullmatch(asked) else PAUSE_UNNAMED
    return ChatError(BUSY, permanent=False, retry_after=pause, seconds=round(pause))


def _said(exc: BaseException) -> str:
    return shorten(clean_line(str(exc) or type(exc).__name__), 200)
