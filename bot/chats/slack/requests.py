"""HTTP mode: requests that Slack has signed."""

from __future__ import annotations

import json
import re
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from bot.chats.slack.payloads import Payload

MAX_BODY: Final = 1_000_000
"""Bytes of a request: Slack's own are far smaller."""

_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
_SIGNATURE: Final = re.compile(r"v0=[0-9a-f]{64}")


async def signed_payload(request: web.Request, verifier: SignatureVerifier) -> Payload:
    """What Slack sends in a request, once it is certain that Slack sent it.

    Nothing is read of a request before its signature is known to be right, and nothing of a wrong
    one is logged; both are different in slack-bolt, which also loses commands that have the word
    `payload` in their text.

    Raises:
        web.HTTPException: it is too large, not signed by Slack within the last five minutes, or
            makes no sense.
    """
    timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
    signature = request.headers.get("X-Slack-Signature", "")
    # The verifier raises for what is no number, no ASCII, or no UTF-8.
    if not (_TIMESTAMP.fullmatch(timestamp) and _SIGNATURE.fullmatch(signature)):
        raise web.HTTPUnauthorized
    text = await _text(request)
    if text is None:
        raise web.HTTPRequestEntityTooLarge(MAX_BODY, request.content_length or MAX_BODY)
    try:
        if not verifier.is_valid(text, timestamp, signature):
            raise web.HTTPUnauthorized
        payload = _parsed(text)
    except (ValueError, RecursionError) as exc:
        raise web.HTTPBadRequest from exc
    finally:
        # What is answered is the error, and that would keep it until all garbage is collected:
        # gigabytes, if somebody tries.
        del text
    if not isinstance(payload, dict):
        raise web.HTTPBadRequest
    return payload


async def _text(request: web.Request) -> str | None:
    """The body; None if it is too large, which is not read to its end."""
    if (request.content_length or 0) > MAX_BODY:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return body.decode("utf-8", "replace")


def _parsed(text: str) -> object:
    if text.startswith("{"):
        return json.loads(text)
    form = dict(parse_qsl(text, keep_blank_values=True))
    return json.loads(form["payload"]) if "payload" in form else form
