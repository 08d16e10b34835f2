"""What a server's refusal means, from its status and its words. Pure.

The words are searched and not parsed, because servers agree neither on the form of an error nor
on its codes. OpenAI's code stands first in each group.
"""

from __future__ import annotations

from analyzers.errors import ModelError, PromptTooLong
from analyzers.model import RulesReason
from analyzers.profiles import names_limit

_TOO_LONG = (
    "context_length_exceeded",
    "context length",
    "context window",
    "context size",  # llama.cpp
    "prompt is too long",
    "input is too long",
    "reduce the length",
    "request too large",  # a rate limit for tokens that is smaller than the request
)
_FILTERED = ("content_filter", "responsibleaipolicyviolation", "data_inspection_failed")
_NO_MODEL = ("model_not_found", "model not exist", "invalid model", "unknown model")
_NO_QUOTA = ("insufficient_quota", "insufficient balance", "billing_hard_limit")


def rejection(status: int, words: str, retry_after: str | None = None) -> ModelError:
    """The error for a response.

    Args:
        status: the HTTP status, 300 or above.
        words: the body, without secrets.
        retry_after: the `Retry-After` header. Of its two forms only seconds are understood.
    """
    said = words.lower()
    wait = float(retry_after) if retry_after and retry_after.isdecimal() else None
    # Where the reply's limit is what exceeds the context, that is lowered and not the prompt.
    exceeds = _has(said, _TOO_LONG) and not names_limit(said)
    if status == 413 or (status in (400, 422, 429) and exceeds):
        return PromptTooLong(RulesReason.REQUEST_REJECTED, detail=words)
    reason, permanent = _judge(status, said)
    return ModelError(reason, permanent=permanent, retry_after=wait, detail=words)


def _judge(status: int, said: str) -> tuple[RulesReason, bool]:
    """The reason, and whether every further request would fail alike."""
    if status < 400:  # it is elsewhere: the setting has to say where
        return RulesReason.UNREACHABLE, True
    if status in (401, 403):
        return RulesReason.UNAUTHORIZED, True
    if status == 402 or (status == 429 and _has(said, _NO_QUOTA)):
        return RulesReason.QUOTA_EXHAUSTED, True
    if status == 404 or (status == 400 and _has(said, _NO_MODEL)):
        return RulesReason.MODEL_NOT_FOUND, True
    if status == 429:
        return RulesReason.RATE_LIMITED, False
    if status in (408, 504):
        return RulesReason.TIMED_OUT, False
    if status >= 500:
        return RulesReason.SERVER_ERROR, False
    if _has(said, _FILTERED):
        return RulesReason.REFUSED, False
    return RulesReason.REQUEST_REJECTED, False


def _has(said: str, words: tuple[str, ...]) -> bool:
    return any(word in said for word in words)
