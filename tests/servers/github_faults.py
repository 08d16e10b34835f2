"""What may be put in the place of GitHub's answers, see `GitHubServer.inject`."""

from __future__ import annotations

import asyncio
import json
import time

from aiohttp import web

from tests.servers.github import Fault


def says(status: int, message: str = "", **headers: str) -> Fault:
    """A status with GitHub's way of saying why; `_` in a header's name stands for `-`."""
    return sends(json.dumps({"message": message}).encode(), status=status, **headers)


def sends(body: bytes, kind: str = "application/json", status: int = 200, **headers: str) -> Fault:
    """Any answer at all."""

    async def fault(request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body, headers=named | {"Content-Type": kind})

    return fault


def primary_limit(seconds: float) -> Fault:
    """The hour's requests are used up; the limit is reset in so many seconds."""

    async def fault(request: web.Request) -> web.StreamResponse:
        reset = str(int(time.time() + seconds))
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
        said = {"message": "API rate limit exceeded for user ID 1."}
        return web.json_response(said, status=403, headers=headers)

    return fault


def secondary_limit(**headers: str) -> Fault:
    """Too fast; `Retry_After="30"` says for how long."""
    message = "You have exceeded a secondary rate limit. Please wait a few minutes."
    return says(403, message, X_RateLimit_Remaining="4000", **headers)


async def drop(request: web.Request) -> web.StreamResponse:
    """The connection ends without a word."""
    assert request.transport
    request.transport.abort()
    return web.Response()


async def hang(request: web.Request) -> web.StreamResponse:
    """No answer comes."""
    await asyncio.sleep(30)
    return web.Response()


async def drip(request: web.Request) -> web.StreamResponse:
    """An answer comes byte by byte, for ever."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.02)
