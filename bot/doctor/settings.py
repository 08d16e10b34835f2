"""Settings that are right each by itself, but not together, or not where they stand."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from difflib import get_close_matches
from pathlib import Path

from analyzers.ports import Usage
from bot.config import NAMES, Settings, unknown_settings
from bot.doctor.findings import Finding, Severity, Subject
from bot.prices import Prices


async def check(settings: Settings) -> AsyncGenerator[Finding]:
    """Look at all of them."""
    named = len(settings.model_fields_set)
    yield Finding(Subject.SETTINGS, Severity.FINE, "doctor-settings", {"n": named})
    for finding in (*_unknown(), *_idle(settings), *_open_file()):
        yield finding


def _unknown() -> Iterator[Finding]:
    for name in unknown_settings():
        close = get_close_matches(name, NAMES, n=1, cutoff=0.8)
        known = close[0] if close else "-"
        details = {"name": name, "known": known, "is_close": "yes" if close else "no"}
        yield Finding(Subject.SETTINGS, Severity.WARNING, "doctor-setting-unknown", details)


def _idle(settings: Settings) -> Iterator[Finding]:
    """Settings that change nothing for want of another one, and chats that nobody has set up."""
    idle = {
        "SLACK_APP_TOKEN": (settings.slack_app_token, settings.slack_bot_token, "SLACK_BOT_TOKEN"),
        "SLACK_SIGNING_SECRET": (
            settings.slack_signing_secret,
            settings.slack_bot_token,
            "SLACK_BOT_TOKEN",
        ),
        "COMMITCAST_PUBLIC_URL": (
            settings.commitcast_public_url,
            settings.telegram_bot_token,
            "TELEGRAM_BOT_TOKEN",
        ),
        "OPENAI_FALLBACK_MODEL": (
            settings.openai_fallback_model,
            settings.has_model,
            "OPENAI_API_KEY",
        ),
        "OPENAI_FALLBACK_BASE_URL": (
            settings.openai_fallback_base_url,
            settings.openai_fallback_model,
            "OPENAI_FALLBACK_MODEL",
        ),
        "OPENAI_FALLBACK_API_KEY": (
            settings.openai_fallback_api_key,
            settings.openai_fallback_model,
            "OPENAI_FALLBACK_MODEL",
        ),
    }
    for name, (value, needed, lacking) in idle.items():
        if value and not needed:
            details = {"name": name, "lacking": lacking}
            yield Finding(Subject.SETTINGS, Severity.WARNING, "doctor-setting-idle", details)
    if not (settings.slack_bot_token or settings.telegram_bot_token):
        yield Finding(Subject.SETTINGS, Severity.NOTE, "doctor-no-chat")
    brings = settings.commitcast_public_url or settings.slack_signing_secret
    if brings and not settings.slack_app_token and settings.commitcast_port == 0:
        yield Finding(Subject.SETTINGS, Severity.BROKEN, "doctor-port-none")
    yield from _unpriced(settings)


def _unpriced(settings: Settings) -> Iterator[Finding]:
    prices = Prices.parse(settings.commitcast_prices)
    if prices.currency and settings.has_model:
        for model in filter(None, (settings.openai_model, settings.openai_fallback_model)):
            if prices.cost(model, Usage(1)) is None:
                details = {"model": model}
                yield Finding(Subject.SETTINGS, Severity.NOTE, "doctor-price-none", details)


def _open_file() -> Iterator[Finding]:
    path = Path(".env")
    if path.is_file() and path.stat().st_mode & 0o077:
        yield Finding(Subject.SETTINGS, Severity.WARNING, "doctor-env-open")
