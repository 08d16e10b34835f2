"""GitHub's REST API as one kind of request: GET, with limits, retries, redirects and ETags."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any, Final, final
from urllib.parse import urljoin, urlsplit

import httpx
import stamina

from analyzers.errors import AccessRefused, SourceError
from analyzers.redaction import redact, redact_bytes
from analyzers.text import clean_line, shorten
from bot.monitoring.metrics import Metrics
from bot.ports import Notify, ResponseCache, StoredResponse
from bot.sources.github_errors import Asked, Response, failure, refusal
from bot.sources.github_limits import Clock, Gate, Sleep, is_limit, utc_now

JSON: Final = "application/vnd.github+json"
DIFF: Final = "application/vnd.github.diff"
SHA: Final = "application/vnd.github.sha"

CONCURRENCY: Final = 4
"""Requests at once. GitHub asks for serial ones and refuses above 100 (docs.github.com, "Best
practices for using the REST API"); at about 0.3 s an answer, four read 60 commits in 5 s and stay
below the 900 requests a minute that trip the secondary limit."""
ATTEMPTS: Final = 4
"""Tries of a request that fails in passing."""
MAX_BODY_BYTES: Final = 32_000_000
"""The largest answer that is read. A page of 300 files with their patches has a few megabytes."""
MAX_REDIRECTS: Final = 5

_REDIRECTS: Final = (301, 302, 307, 308)
_PERMANENT_REDIRECTS: Final = (301, 308)


@dataclass(frozen=True, slots=True)
class Pace:
    """What time is, and how long an answer may take; tests bring their own."""

    clock: Clock = utc_now
    """The time."""
    sleep: Sleep = asyncio.sleep
    """Waits so many seconds."""
    timeout: float = 60.0
    """Seconds for one attempt in all. GitHub itself gives up after 10; the rest is the way."""


REAL_TIME: Final = Pace()


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitHub answered, now or before with the same ETag."""

    body: bytes
    """The body."""
    next_url: str | None
    """Where the next page is, None on the last one."""
    moved: bool
    """Whether GitHub said that the address has changed for good."""


@cache
def _authorities() -> ssl.SSLContext:
    """The authorities that certificates are checked with. Reading them takes 40 ms, in which the
    loop does nothing else, so it is done once."""
    return httpx.create_ssl_context()


@final
class GitHubApi:
    """Asks GitHub. One for each repository; its requests wait for limits together."""

    def __init__(
        self,
        api_url: str,
        *,
        token: str | None,
        cache: ResponseCache,
        notify: Notify,
        max_wait: float,
        metrics: Metrics,
        pace: Pace = REAL_TIME,
    ) -> None:
        """No request is made yet.

        Args:
            api_url: `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise server.
            token: sent to this host only; None asks anonymously.
            cache: keeps answers by their ETag.
            notify: is told when limits make it wait.
            max_wait: seconds that one request waits for limits in all, at most.
            metrics: counts the answers.
            pace: the clock and the time limit.

        Raises:
            AccessRefused: the token cannot be one.
        """
        self.base = api_url.rstrip("/")
        self.host = urlsplit(self.base).hostname or ""
        self._token = (token or "").strip()
        if not (self._token.isascii() and self._token.isprintable() and " " not in self._token):
            # No HTTP header can carry it, and httpx would show it in the error.
            raise AccessRefused("error-github-token", host=self.host)
        self._cache = cache
        self._metrics = metrics
        self._timeout = pace.timeout
        self._gate = Gate(
            notify,
            is_anonymous=not self._token,
            max_wait=max_wait,
            clock=pace.clock,
            sleep=pace.sleep,
        )
        self._client = httpx.AsyncClient(
            verify=_authorities(),
            headers={"User-Agent": "commitcast", "X-GitHub-Api-Version": "2022-11-28"}
            | ({"Authorization": f"Bearer {self._token}"} if self._token else {}),
            limits=httpx.Limits(max_connections=CONCURRENCY),
            # Waiting for a free connection has no limit of its own: `_attempt` bounds it all.
            timeout=httpx.Timeout(pace.timeout, pool=None),
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def get(
        self,
        target: str,
        *,
        repository: str,
        revision: str | None = None,
        accept: str = JSON,
        attempts: int = ATTEMPTS,
    ) -> Answer:
        """Ask for a path below the API's address, or for a page that a `Link` header named.

        Args:
            target: the path, or an address on the same host.
            repository: what the request is about, for the errors.
            revision: the branch or commit that it is about, for the errors.
            accept: the media type.
            attempts: tries before a failure that may pass is given up.

        Raises:
            SourceError: there is no such answer; in the branch that says why.
        """
        first = f"{self.base}{target}" if target.startswith("/") else self._own(target, target)
        key = sha256("\n".join((first, accept, self._token)).encode()).hexdigest()
        stored = await self._cache.get(key)
        headers = {"Accept": accept} | ({"If-None-Match": stored.etag} if stored else {})
        response, moved = await self._follow(first, headers, attempts)
        if response.status == 304 and stored:
            return Answer(stored.body, next_url(stored.link), moved)
        if response.status != 200:
            asked = Asked(self.host, repository, bool(self._token), revision)
            raise refusal(response, asked)
        if accept == JSON and "json" not in response.headers.get("content-type", ""):
            # A proxy's or a captive portal's page, with a status that says all is well.
            kind = shorten(clean_line(response.headers.get("content-type", "")), 60)
            raise SourceError("error-github-not-json", host=self.host, kind=kind or "?")
        link = response.headers.get("link", "")
        if etag := response.headers.get("etag"):
            body = await asyncio.to_thread(_without_secrets, response.body, accept)
            if body is not None:
                await self._cache.put(key, StoredResponse(etag, link, body))
        return Answer(response.body, next_url(link), moved)

    async def look(self, path: str) -> Response:
        """The whole response to one request, for who wants to know of the API itself.

        Raises:
            SourceError: there is none, or a server's error.
        """
        return await self._attempt(f"{self.base}{path}", {"Accept": JSON})

    async def _follow(
        self, url: str, headers: Mapping[str, str], attempts: int
    ) -> tuple[Response, bool]:
        moved = False
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._within_limits(url, headers, attempts)
            if response.status not in _REDIRECTS:
                return response, moved
            moved = moved or response.status in _PERMANENT_REDIRECTS
            url = self._own(url, response.headers.get("location", ""))
        raise SourceError("error-github-redirects", host=self.host)

    def _own(self, url: str, location: str) -> str:
        """A redirect's or a link's target, if it is on GitHub's own host.

        Nothing is sent anywhere else: the token is for this host, and httpx would keep every
        header but `Authorization` on the way to another.
        """
        try:
            target = urlsplit(urljoin(url, location))
            own = urlsplit(self.base)
            same = (target.scheme, target.hostname, target.port) == (
                own.scheme,
                own.hostname,
                own.port,
            )
        except ValueError as exc:
            raise SourceError("error-github-unexpected", problem="a malformed address") from exc
        if not same or target.username is not None:
            foreign = shorten(clean_line(target.hostname or location), 100)
            raise SourceError("error-github-foreign-redirect", host=self.host, foreign=foreign)
        return target.geturl()

    async def _within_limits(self, url: str, headers: Mapping[str, str], attempts: int) -> Response:
        retrying = stamina.AsyncRetryingCaller(
            attempts=attempts, timeout=None, wait_initial=0.5, wait_max=8.0, wait_jitter=1.0
        )
        waited = 0.0
        while True:
            ticket = await self._gate.passed()
            response = await retrying(_may_pass, self._attempt, url, headers)
            if not is_limit(response.status, response.headers, response.body):
                self._gate.accepted()
                return response
            waited += self._gate.refused(ticket, response.headers, waited)

    async def _attempt(self, url: str, headers: Mapping[str, str]) -> Response:
        """One exchange.

        Raises:
            SourceError: no response, one that is too large, or a server's error.
        """
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream("GET", url, headers=dict(headers)) as stream,
            ):
                body = bytearray()
                async for chunk in stream.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_BODY_BYTES:
                        raise SourceError(
                            "error-github-too-large",
                            host=self.host,
                            megabytes=MAX_BODY_BYTES // 1_000_000,
                        )
                response = Response(stream.status_code, stream.headers, bytes(body))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as exc:
            self._metrics.asked_forge(None, None)
            raise failure(exc, self.host) from exc
        left = response.headers.get("x-ratelimit-remaining", "")
        self._metrics.asked_forge(response.status, int(left) if left.isdecimal() else None)
        if response.status >= 500:
            raise refusal(response, Asked(self.host, "", has_token=bool(self._token)))
        return response


def _without_secrets(body: bytes, accept: str) -> bytes | None:
    """A body as it may be kept; None for what cannot be read. JSON is taken apart for it: a private
    key that is one line of escapes there is many lines in the patch."""
    if accept != JSON:
        return redact_bytes(body)
    try:
        return json.dumps(_redacted(json.loads(body))).encode()
    except (ValueError, RecursionError):
        return None


def _redacted(value: Any) -> Any:
    match value:
        case str():
            return redact(value)
        case list():
            return [_redacted(item) for item in value]
        case dict():
            return {name: _redacted(item) for name, item in value.items()}
    return value


def _may_pass(exc: Exception) -> bool:
    return isinstance(exc, SourceError) and not exc.permanent


_NEXT: Final = re.compile(r'<([^<>]*)>[^<>]*;\s*rel="?next\b')


def next_url(link: str) -> str | None:
    """The address of the next page in a `Link` header (RFC 8288), as GitHub writes it."""
    found = _NEXT.search(link)
    return found[1] if found else None
