"""What may go wrong between an app and Slack: each answers one call in Slack's place."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from aiohttp import web

Carry = Callable[[], Awaitable[web.StreamResponse]]
"""Does what was called for, as Slack would."""

Fault = Callable[[web.Request, Carry], Awaitable[web.StreamResponse]]


async def hang(request: web.Request, carry: Carry) -> web.StreamResponse:
    """Never answer, and do nothing."""
    await asyncio.sleep(3600)
    return web.Response()


async def hang_after(request: web.Request, carry: Carry) -> web.StreamResponse:
    """Do it, and never say so."""
    await carry()
    await asyncio.sleep(3600)
    return web.Response()


async def drop_before(request: web.Request, carry: Carry) -> web.StreamResponse:
    """Break the connection and do nothing."""
    return _drop(request)


async def drop_after(request: web.Request, carry: Carry) -> web.StreamResponse:
    """Do it, and break the connection before saying so."""
    await carry()
    return _drop(request)


async def server_error(request: web.Request, carry: Carry) -> web.StreamResponse:
    """An outage, as a proxy tells of it."""
    return web.Response(
        status=503, text="<html>Service Unavailable</html>", content_type="text/html"
    )


async def server_error_after(request: web.Request, carry: Carry) -> web.StreamResponse:
    """Do it, and have a proxy say that nobody answered."""
    await carry()
    return web.Response(status=504, text="<html>Timeout</html>", content_type="text/html")


async def not_json(request: web.Request, carry: Carry) -> web.StreamResponse:
    """Something that is not Slack answers."""
    return web.Response(text="<html>Sign in to this network</html>", content_type="text/html")


def rate_limited(seconds: float | str | None) -> Fault:
    """Too many requests; None says not until when."""

    async def refuse_for_a_time(request: web.Request, carry: Carry) -> web.StreamResponse:
        headers = {} if seconds is None else {"Retry-After": str(seconds)}
        refusal = {"ok": False, "error": "ratelimited"}
        return web.json_response(refusal, status=429, headers=headers)

    return refuse_for_a_time


def refused(code: str, status: int = 200) -> Fault:
    """An error of Slack's by its name."""

    async def refuse(request: web.Request, carry: Carry) -> web.StreamResponse:
        return web.json_response({"ok": False, "error": code}, status=status)

    return refuse


def late(seconds: float) -> Fault:
    """The right answer, after a while."""

    async def answer_late(request: web.Request, carry: Carry) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await carry()

    return answer_late


def sometimes(share: float, *choices: Fault, seed: int = 0) -> Fault:
    """One of these by chance in such a share of all calls, and else the right answer."""
    chance = random.Random(seed)

    async def answer_by_chance(request: web.Request, carry: Carry) -> web.StreamResponse:
        if chance.random() >= share:
            return await carry()
        return await chance.choice(choices)(request, carry)

    return answer_by_chance


def held(gate: asyncio.Event) -> Fault:
    """The right answer, once the gate is open."""

    async def answer_behind_gate(request: web.Request, carry: Carry) -> web.StreamResponse:
        await gate.wait()
        return await carry()

    return answer_behind_gate


def _drop(request: web.Request) -> web.StreamResponse:
    assert request.transport
    request.transport.abort()
    return web.Response()
