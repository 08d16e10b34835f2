"""What GitHub's refusals mean to people."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import responses
from typing import Any

import httpx

from analyzers.errors import (
    AccessRefused,
    EmptyRepository,
    RepositoryNotFound,
    RevisionNotFound,
    SourceError,
)
from analyzers.text import clean_line, shorten


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response, read to its end."""

    status: int
    """The status code."""
    headers: Mapping[str, str]
    """The headers; their names are looked up without regard to case."""
    body: bytes
    """The body."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request was about, for the errors' sake."""

    host: str
    """GitHub's, or the Enterprise server's, host name."""
    repository: str
    """`owner/name`."""
    has_token: bool
    """Whether the request carried a token."""
    revision: str | None = None
    """The branch or commit that was asked for, None for the repository as a whole."""


def refusal(response: Response, asked: Asked) -> SourceError:
    """The error that a status other than 200 means; limits have been waited for before.

    GitHub answers 404 also for what the token may not see
    (docs.github.com, "Troubleshooting the REST API").
    """
    about: dict[str, Any] = {"repository": asked.repository, "host": asked.host}
    token = "yes" if asked.has_token else "no"
    match response.status:
        case 401:
            return AccessRefused("error-github-token", host=asked.host)
        case 403 if "x-github-sso" in response.headers:
            return AccessRefused("error-github-sso", **about)
        case 403:
            needed = response.headers.get("x-accepted-github-permissions", "")
            permissions = shorten(clean_line(needed), 100) or "contents=read"
            return AccessRefused(
                "error-github-forbidden", **about, permissions=permissions, token=token
            )
        case 404 | 422 if asked.revision is not None:
            return RevisionNotFound("error-revision-not-found", name=clean_line(asked.revision))
        case 404:
            return RepositoryNotFound("error-github-repository-not-found", **about, token=token)
        case 409:
            return EmptyRepository("error-repository-empty", place=asked.repository)
        case 451:
            return SourceError("error-github-legal", **about)
        case status if status >= 500:
            return SourceError(
                "error-github-server", permanent=False, host=asked.host, status=status
            )
        case status:
            said = _said(response.body) or responses.get(status, "?")
            return SourceError("error-github-rejected", host=asked.host, status=status, said=said)


def failure(exc: Exception, host: str) -> SourceError:
    """The error that no response at all means."""
    if isinstance(exc, TimeoutError | httpx.TimeoutException):
        return SourceError("error-github-timeout", permanent=False, host=host)
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            said = shorten(clean_line(str(cause)), 200)
            return SourceError("error-github-tls", host=host, said=said)
        cause = cause.__cause__ or cause.__context__
    said = shorten(clean_line(str(exc)), 200) or type(exc).__name__
    return SourceError("error-github-unreachable", permanent=False, host=host, said=said)


def _said(body: bytes) -> str:
    """What GitHub wrote beside the status; empty where it is not for people."""
    try:
        answer = json.loads(body[:10_000])
    except (ValueError, RecursionError):
        return ""
    message = answer.get("message") if isinstance(answer, dict) else None
    return shorten(clean_line(message), 200) if isinstance(message, str) else ""
