"""Telegram: whether the token is taken, and where updates go."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from telegram import Bot, WebhookInfo

from analyzers.text import clean_line, shorten
from bot.chats.telegram.chat import PATH
from bot.chats.telegram.requests import DiscreetRequest, patiently, translated
from bot.config import Settings
from bot.doctor.findings import Finding, Severity, Subject

RECENT: Final = timedelta(hours=1)
"""How long an update that could not be brought is told."""


async def check(settings: Settings, now: Callable[[], datetime]) -> AsyncGenerator[Finding]:
    """Ask Telegram who we are, and where it brings updates.

    Raises:
        ChatError: it cannot be reached, or refuses the token.
    """
    if settings.telegram_bot_token is None:
        return
    token = settings.telegram_bot_token.get_secret_value()
    request = DiscreetRequest(token)
    bot = Bot(
        token,
        base_url=f"{settings.telegram_api_url}/bot",
        request=request,
        get_updates_request=request,  # none is made: this spares a second client
    )
    try:
        with translated(harmless=True):
            me = await patiently(bot.get_me)
        yield _found(Severity.FINE, "doctor-telegram", name=f"@{me.username}")
        reads_all = bool(me.can_read_all_group_messages)
        code = "doctor-telegram-reads-all" if reads_all else "doctor-telegram-privacy"
        yield _found(Severity.NOTE if reads_all else Severity.FINE, code)
        if me.can_join_groups is False:
            yield _found(Severity.NOTE, "doctor-telegram-no-groups")
        with translated(harmless=True):
            webhook = await patiently(bot.get_webhook_info)
        for finding in _updates(webhook, settings.commitcast_public_url, now()):
            yield finding
    finally:
        await request.shutdown()


def _updates(webhook: WebhookInfo, public_url: str | None, now: datetime) -> Iterator[Finding]:
    own = f"{public_url}{PATH}" if public_url else ""
    # Another program's address may hold a secret in its path.
    host = shorten(clean_line(urlsplit(webhook.url).hostname or "-"), 100)
    if webhook.url == own:
        code = "doctor-telegram-webhook" if own else "doctor-telegram-polling"
        yield _found(Severity.FINE, code, host=host)
    elif webhook.url:
        yield _found(Severity.WARNING, "doctor-telegram-webhook-elsewhere", host=host)
    else:
        yield _found(Severity.NOTE, "doctor-telegram-webhook-unset")
    failed_at = webhook.last_error_date
    if webhook.url and failed_at and now - failed_at < RECENT:
        said = shorten(clean_line(webhook.last_error_message or "-"), 200)
        n = webhook.pending_update_count
        yield _found(Severity.BROKEN, "doctor-telegram-webhook-fails", host=host, said=said, n=n)


def _found(severity: Severity, code: str, **details: str | int) -> Finding:
    return Finding(Subject.TELEGRAM, severity, code, details)
