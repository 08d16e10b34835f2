"""What may be put in the place of Telegram's answers, see `TelegramServer.inject`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from aiohttp import web

Answer = Callable[[], Awaitable[web.Response]]
"""Carries the request out, and says what it is answered."""

Fault = Callable[[web.Request, Answer], Awaitable[web.StreamResponse]]
"""Answers a request in place of the API."""


def refuses(status: int, description: str, **parameters: float) -> Fault:
    """The request has no effect, and this is said."""

    async def fault(request: web.Request, answer: Answer) -> web.StreamResponse:
        return refusal(status, description, **parameters)

    return fault


def too_many_requests(seconds: float) -> Fault:
    """The bot is to wait for so many seconds."""
    return refuses(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def sends(body: str, status: int = 200, content_type: str = "text/html") -> Fault:
    """An answer that is none of Telegram's; `{path}` in it is what was asked for."""

    async def fault(request: web.Request, answer: Answer) -> web.StreamResponse:
        text = body.replace("{path}", request.path)
        return web.Response(status=status, text=text, content_type=content_type)

    return fault


def slow(seconds: float) -> Fault:
    """The answer is right, and late."""

    async def fault(request: web.Request, answer: Answer) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await answer()

    return fault


bad_gateway = sends("<html><body><center><h1>502 Bad Gateway</h1></center></body></html>", 502)
"""What stands before the API cannot reach it."""

internal_error = refuses(500, "Internal Server Error")


async def hang(request: web.Request, answer: Answer) -> web.StreamResponse:
    """No answer comes, and nothing happens."""
    await asyncio.sleep(3600)
    return web.Response()


async def drop(request: web.Request, answer: Answer) -> web.StreamResponse:
    """The connection ends before the request has an effect."""
    assert request.transport
    request.transport.abort()
    return web.Response()


async def drop_after(request: web.Request, answer: Answer) -> web.StreamResponse:
    """The request is carried out, and the connection ends without a word of it."""
    await answer()
    return await drop(request, answer)


async def hang_after(request: web.Request, answer: Answer) -> web.StreamResponse:
    """The request is carried out, and no answer comes."""
    await answer()
    return await hang(request, answer)


def sometimes(random: Random, share: float, *faults: Fault) -> Fault:
    """One of these, by chance, with this share of requests; the others are answered."""

    async def fault(request: web.Request, answer: Answer) -> web.StreamResponse:
        if random.random() < share:
            return await random.choice(faults)(request, answer)
        return await answer()

    return fault


def refusal(status: int, description: str, **parameters: float) -> web.Response:
    """How the Bot API says that something was not done, and why."""
    told = {"ok": False, "error_code": status, "description": description}
    wait = parameters.get("retry_after")
    return web.json_response(
        told | ({"parameters": parameters} if parameters else {}),
        status=status,
        headers={"Retry-After": str(wait)} if wait else {},
    )
