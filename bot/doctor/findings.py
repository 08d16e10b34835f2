"""What a check finds. Pure but for the bound in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from analyzers.errors import CommitcastError
from analyzers.text import clean_line, shorten
from bot.monitoring.logs import mask

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

LIMIT: Final = 10.0
"""Seconds that a check may take."""

_log = logging.getLogger(__name__)


class Subject(StrEnum):
    """What findings are about, in the order in which they are told."""

    SETTINGS = "settings"
    ZONES = "zones"
    CLOCK = "clock"
    DISK = "disk"
    GIT = "git"
    STORE = "store"
    GITHUB = "github"
    MODEL = "model"
    SECOND_MODEL = "second-model"
    SLACK = "slack"
    TELEGRAM = "telegram"
    SUBSCRIPTIONS = "subscriptions"


class Severity(StrEnum):
    """How bad it is, from nothing to the worst."""

    FINE = "fine"
    NOTE = "note"
    """Good to know; nothing has to be done."""
    WARNING = "warning"
    """It works, but not all of it, or not for long."""
    BROKEN = "broken"
    """Something does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is right or wrong."""

    subject: Subject
    severity: Severity
    code: str
    """The message in the catalogue: what is the matter, and what to do."""
    details: Mapping[str, str | int] = field(default_factory=dict)
    """Its variables. Never a secret: what is known or recognised as one is masked."""

    def __post_init__(self) -> None:
        """Mask secrets, whoever has told them."""
        told = {n: mask(v) if isinstance(v, str) else v for n, v in self.details.items()}
        object.__setattr__(self, "details", told)

    @classmethod
    def of(
        cls, subject: Subject, error: CommitcastError, severity: Severity = Severity.BROKEN
    ) -> Finding:
        """What an error says."""
        return cls(subject, severity, error.code, error.details)


async def bounded(subject: Subject, check: AsyncGenerator[Finding], limit: float) -> list[Finding]:
    """All that a check finds within so many seconds.

    Errors are findings, and so is a check that does not end in time or that fails itself.
    """
    found: list[Finding] = []
    try:
        async with asyncio.timeout(limit), aclosing(check):
            async for finding in check:
                found.append(finding)  # noqa: PERF401 - what was found before a failure counts
    except CommitcastError as exc:
        found.append(Finding.of(subject, exc))
    except TimeoutError:
        found.append(Finding(subject, Severity.BROKEN, "doctor-late", {"seconds": round(limit)}))
    except Exception as exc:  # noqa: BLE001 - a defect of one check must not hide what others find
        _log.debug("the check of %s failed", subject, exc_info=True)
        said = shorten(clean_line(f"{type(exc).__name__}: {exc}"), 200)
        found.append(Finding(subject, Severity.BROKEN, "doctor-crashed", {"said": said}))
    return found
