"""Language models: each is asked one small question, on the way that analyses go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import Final, final
from urllib.parse import urlsplit

from analyzers.errors import ModelError
from analyzers.model import RulesReason
from analyzers.ports import Account, ModelProfiles, Spending, Usage
from analyzers.profiles import Form, Profile
from bot.access import TERMINAL
from bot.config import Settings
from bot.doctor.findings import Finding, Severity, Subject
from bot.models import open_models

MARGIN: Final = 0.5
"""Seconds before the check's end at which a model is not waited for any longer."""

_FORM: Final = Form(
    "headline",
    {
        "type": "object",
        "properties": {"headline": {"type": "string"}},
        "required": ["headline"],
        "additionalProperties": False,
    },
)
_SYSTEM: Final = 'Reply with one JSON object and nothing else: {"headline": "..."}'
_USER: Final = "MESSAGE\nFix a typo\n\nSay in three words what this commit does."

_PASSING: Final = (RulesReason.RATE_LIMITED, RulesReason.SERVER_ERROR, RulesReason.TIMED_OUT)
"""What may well be over in a minute; the rules answer meanwhile."""


def checks(settings: Settings, limit: float) -> Iterator[tuple[Subject, AsyncGenerator[Finding]]]:
    """One check for each model."""
    if not settings.has_model:
        yield Subject.MODEL, _none()
        return
    from analyzers import language_model, replies  # noqa: F401 - loaded, not used

    yield Subject.MODEL, _check(settings, 0, limit)
    if settings.openai_fallback_model:
        yield Subject.SECOND_MODEL, _check(settings, 1, limit)


async def _none() -> AsyncGenerator[Finding]:
    yield Finding(Subject.MODEL, Severity.NOTE, "doctor-model-none")


async def _check(settings: Settings, position: int, limit: float) -> AsyncGenerator[Finding]:
    """Ask the model at this place of the list, once and without its server's cached profile."""
    from analyzers.replies import parse_reply

    subject = (Subject.MODEL, Subject.SECOND_MODEL)[position]
    seen, account = _Seen(), Account(TERMINAL, "")
    patience = limit - min(MARGIN, limit / 10)
    async with open_models(settings, seen, seen, timeout=patience, max_retries=0) as models:
        model = models[position]
        told: dict[str, str | int] = {"model": model.name}
        try:
            async with asyncio.timeout(patience):
                await model.ask(_SYSTEM, _USER, _FORM, parse_reply, account)
        except (ModelError, TimeoutError) as exc:
            error = exc if isinstance(exc, ModelError) else ModelError(RulesReason.TIMED_OUT)
            told |= {"server": seen.host, "said": error.detail or "-", "seconds": round(patience)}
            told |= {"reason": error.reason.value, **_names(position)}
            severity = Severity.WARNING if error.reason in _PASSING else Severity.BROKEN
            yield Finding(subject, severity, "doctor-model-fails", told)
            return
    told |= {"server": seen.host, "seconds": f"{seen.seconds:.1f}"}
    told |= {"form": Profile.RUNGS[seen.profile.rung], "limit": Profile.LIMITS[seen.profile.limit]}
    severity = Severity.NOTE if told["form"] == "text" else Severity.FINE
    yield Finding(subject, severity, "doctor-model", told)


def _names(position: int) -> dict[str, str]:
    """The settings that say how the model is reached."""
    start = ("OPENAI", "OPENAI_FALLBACK")[position]
    return {"key": f"{start}_API_KEY", "address": f"{start}_BASE_URL", "name": f"{start}_MODEL"}


@final
class _Seen(ModelProfiles, Spending):
    """Notes how a model wanted to be asked. What one question costs is not counted."""

    def __init__(self) -> None:
        self.host = "-"
        self.profile = Profile()
        self.seconds = 0.0

    async def load(self, server: str, model: str) -> str | None:
        """Nothing is known: the server is to show what it understands."""
        del model
        self.host = urlsplit(server).netloc or "-"
        return None

    async def save(self, server: str, model: str, profile: str) -> None:
        """What it has shown."""
        del server, model
        self.profile = Profile.load(profile)

    async def reserve(self, account: Account, tokens: int) -> None:
        """There is always enough."""

    async def settle(self, account: Account, model: str, reserved: int, usage: Usage) -> None:
        """How long the latest request took, without what is loaded before the first."""
        del account, model, reserved
        self.seconds = usage.seconds
