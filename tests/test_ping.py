"""The dead man's switch, on a real server: asked for while the bot is ready, and in its way
never (invariant 10)."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self, final

import pytest
from aiohttp import web

from bot.config import Settings, secrets_of
from bot.monitoring import ping
from bot.monitoring.logs import hiding
from bot.monitoring.ping import Ping
from tests.bots import WITHIN, Started
from tests.repositories import Repo
from tests.servers.github import GitHubServer
from tests.servers.slack import SlackServer

CHECK = "0f9c2b54-1d6e-4c8a-9f00-7a3b5c2d1e0f"
"""What is secret of the address."""
ENDLESS = 10_000_000_000


@final
class Switch:
    """A server that waits for pings."""

    def __init__(self) -> None:
        """Take every ping."""
        self.status = 200
        self.asked: list[str] = []
        """The path and query of each request."""
        self.hangs = False
        self.is_endless = False
        self._ended = asyncio.Event()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ended.set()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/{CHECK}"

    async def times(self, n: int) -> list[str]:
        """What is asked for next, so often."""
        before = len(self.asked)
        await until(lambda: len(self.asked) >= before + n)
        return self.asked[before : before + n]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        if self.hangs:
            await self._ended.wait()
        headers = {"Location": "/elsewhere"} if self.status == 302 else {}
        if self.is_endless:
            headers["Content-Length"] = str(ENDLESS)
        response = web.StreamResponse(status=self.status, headers=headers)
        await response.prepare(request)
        return response


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
async def switch() -> AsyncIterator[Switch]:
    async with Switch() as server:
        yield server


@asynccontextmanager
async def pinging(url: str, parts: Mapping[str, str] | Exception) -> AsyncIterator[None]:
    """Ping a hundred times as often as a bot does."""

    async def told() -> Mapping[str, str]:
        if isinstance(parts, Exception):
            raise parts
        return parts

    task = asyncio.create_task(Ping(url, told, every=0.02, moment=0.001).run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_address_is_asked_for_while_every_part_works(switch: Switch) -> None:
    async with pinging(switch.url, {"store": "", "slack": ""}):
        assert await switch.times(3) == [f"/{CHECK}"] * 3


async def test_another_one_is_asked_for_while_a_part_does_not(switch: Switch) -> None:
    parts = {"store": "", "slack": "not connected"}
    async with pinging(f"{switch.url}?key=a%2Fb", parts):
        assert await switch.times(2) == [f"/{CHECK}/fail?key=a%2Fb"] * 2
        parts["slack"] = ""
        await until(lambda: switch.asked[-1] == f"/{CHECK}?key=a%2Fb")


async def test_a_chat_that_connects_anew_is_no_failure(switch: Switch) -> None:
    """Slack closes each connection after some hours."""
    parts = {"slack": "not connected"}
    looks = 0

    async def told() -> Mapping[str, str]:
        nonlocal looks
        looks += 1
        return {} if looks % 5 == 0 else parts

    task = asyncio.create_task(Ping(switch.url, told, every=0.01, moment=0.001).run())
    assert await switch.times(3) == [f"/{CHECK}"] * 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_pings_that_do_not_arrive_are_told_once_until_they_do(
    switch: Switch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.monitoring.ping")
    switch.status = 404
    async with pinging(switch.url, {}):
        await switch.times(3)
        switch.status = 204
        await switch.times(3)
        switch.status = 500
        await switch.times(3)
    assert [record.getMessage() for record in caplog.records] == [
        "the ping does not arrive: HTTP 404",
        "the ping arrives again",
        "the ping does not arrive: HTTP 500",
    ]


async def test_a_ping_goes_nowhere_else(switch: Switch) -> None:
    """Invariant 8: a redirect is not followed."""
    switch.status = 302
    async with pinging(switch.url, {}):
        assert await switch.times(3) == [f"/{CHECK}"] * 3


async def test_no_answer_holds_the_next_ping_up(
    switch: Switch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ping, "LONGEST", 0.05)
    switch.hangs = True
    async with pinging(switch.url, {}):
        await switch.times(3)
    assert ["no answer within" in record.getMessage() for record in caplog.records] == [True]


async def test_an_answer_is_enough_whatever_comes_with_it(
    switch: Switch, caplog: pytest.LogCaptureFixture
) -> None:
    switch.is_endless = True
    async with pinging(switch.url, {}):
        await switch.times(3)
    assert not caplog.records


@pytest.mark.parametrize("parts", [{}, RuntimeError("of ours")], ids=["nobody there", "a fault"])
async def test_nothing_that_goes_wrong_ends_the_bot(
    parts: Mapping[str, str] | Exception,
    caplog: pytest.LogCaptureFixture,
    unused_tcp_port: int,
) -> None:
    async with pinging(f"http://127.0.0.1:{unused_tcp_port}/{CHECK}", parts):
        await until(lambda: bool(caplog.records))
        await asyncio.sleep(0.1)
    assert len(caplog.records) == 1


@pytest.mark.parametrize("path", [f"/{CHECK}", f"/p/{CHECK}/nightly", f"/push?token={CHECK}"])
async def test_what_is_secret_of_the_address_is_logged_in_no_form(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Invariant 7."""
    url = f"https://ping.example{path}"
    settings = Settings.model_validate({"commitcast_ping_url": url})
    async with hiding(secrets_of(settings)):
        logging.getLogger("a.library").warning("GET %s HTTP/1.1 of %s", path, url)
        logging.getLogger("a.library").warning("the nightly push by p works")
    first, second = (record.getMessage() for record in caplog.records)
    assert CHECK not in first
    assert second == "the nightly push by p works"


async def test_a_running_bot_pings_and_its_log_in_json_has_no_address(
    tmp_path: Path, switch: Switch
) -> None:
    repo = Repo(tmp_path / "widget")
    repo.commit({"src/core.py": "0\n"}, "Begin")
    settings = {
        "COMMITCAST_PING_URL": switch.url,
        "COMMITCAST_LOG_FORMAT": "json",
        "COMMITCAST_LOG_LEVEL": "debug",
    }
    async with GitHubServer(repo.path) as github, SlackServer() as slack:
        started = Started(tmp_path, tmp_path / "data", github, is_forked=True)
        async with started(slack, None, **settings) as bot:
            assert await switch.times(1) == [f"/{CHECK}"]
            assert slack.link.connected
    *lines, last = bot.log
    told = [json.loads(line) for line in lines]
    assert last.startswith("Stopped.")  # as of every command
    assert any(line["logger"] == "httpx" and "HTTP Request" in line["message"] for line in told)
    assert CHECK not in "".join(bot.log)
