"""All checks that the settings call for, at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from datetime import datetime

from bot.config import Settings
from bot.doctor import machine, models, settings, stores
from bot.doctor.findings import LIMIT, Finding, Subject, bounded
from formatters.text import Words

Check = tuple[Subject, AsyncGenerator[Finding]]


async def examine(
    given: Settings, words: Words, now: Callable[[], datetime], limit: float = LIMIT
) -> list[Finding]:
    """What all checks find, in the order of their subjects.

    Args:
        given: the settings, which are right each by itself.
        words: what findings quote is written in.
        now: the time of day, in UTC.
        limit: seconds that each check may take.
    """
    checks = list(_checks(given, words, now, limit))
    found = await asyncio.gather(*(bounded(subject, check, limit) for subject, check in checks))
    order = list(Subject)
    flat = (finding for findings in found for finding in findings)
    return sorted(flat, key=lambda finding: order.index(finding.subject))


def _checks(
    given: Settings, words: Words, now: Callable[[], datetime], limit: float
) -> Iterator[Check]:
    """What is heavy is imported here, before any check runs, for it would hold up the others."""
    yield Subject.SETTINGS, settings.check(given)
    yield Subject.ZONES, machine.check_zones(now)
    yield Subject.DISK, machine.check_disk(given)
    yield Subject.GIT, machine.check_git()
    yield Subject.STORE, stores.check(given, words, now, limit)
    from bot.doctor import forges

    yield Subject.GITHUB, forges.check(given, now)
    yield from models.checks(given, limit)
    if given.slack_bot_token:
        from bot.doctor import slack

        yield Subject.SLACK, slack.check(given)
    if given.telegram_bot_token:
        from bot.doctor import telegram

        yield Subject.TELEGRAM, telegram.check(given, now)
