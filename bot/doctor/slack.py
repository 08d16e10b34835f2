"""Slack: whether its tokens are taken, and which scopes the app lacks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

from bot.chats.slack.api import SlackApi
from bot.chats.slack.sockets import ask_address
from bot.chats.slack_manifest import EVENTS_PATH, SCOPES, UNFURL_SCOPES
from bot.config import Settings
from bot.doctor.findings import Finding, Severity, Subject


async def check(settings: Settings) -> AsyncGenerator[Finding]:
    """Ask Slack who we are, and for a connection that is not made.

    Raises:
        ChatError: it cannot be reached, or refuses a token.
    """
    if settings.slack_bot_token is None:
        return
    api = SlackApi(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
    told = await api.call(api.client.auth_test, repeatable=True)
    user, team = str(told.get("user")), str(told.get("team"))
    yield _found(Severity.FINE, "doctor-slack", user=user, team=team)
    for finding in _scopes(told.headers.get("x-oauth-scopes")):
        yield finding
    if settings.slack_app_token:
        await ask_address(api, settings.slack_app_token.get_secret_value())
        yield _found(Severity.FINE, "doctor-slack-socket")
    elif settings.slack_signing_secret:
        yield _found(Severity.NOTE, "doctor-slack-http", path=EVENTS_PATH)
    else:
        yield _found(Severity.BROKEN, "error-slack-half")


def _scopes(told: str | None) -> Iterator[Finding]:
    """What the app may not do that it needs, and what it may do that it does not need."""
    if told is None:
        yield _found(Severity.NOTE, "doctor-slack-scopes-unknown")
        return
    given = {scope.strip() for scope in told.split(",")} - {""}
    if missing := [scope for scope in SCOPES if scope not in given]:
        yield _found(Severity.BROKEN, "doctor-slack-scopes-missing", scopes=", ".join(missing))
    else:
        yield _found(Severity.FINE, "doctor-slack-scopes", n=len(SCOPES))
    if surplus := sorted(given.difference(SCOPES, UNFURL_SCOPES)):
        yield _found(Severity.NOTE, "doctor-slack-scopes-surplus", scopes=", ".join(surplus))


def _found(severity: Severity, code: str, **details: str | int) -> Finding:
    return Finding(Subject.SLACK, severity, code, details)
