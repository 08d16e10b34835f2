"""Health and metrics of a bot, asked for over HTTP (invariant 10)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, final

import httpx
import pytest
from aiohttp import web

from analyzers.errors import ChatError
from analyzers.model import RulesReason
from bot.app import open_application
from bot.commands.answering import Commands
from bot.config import Settings
from bot.conversation import Asked, Chat, Person
from bot.deliveries.delivery import record_of
from bot.deliveries.ledger import Ledger
from bot.front import Front
from bot.monitoring.health import Health
from bot.monitoring.prometheus import PrometheusMetrics
from tests.bots import WITHIN, Bot, Started
from tests.conversations import RecordingConversation
from tests.deliveries import MADE, Clock, a_subscription
from tests.digests import a_digest, a_group, an_entry, rules_analysis
from tests.repositories import Repo
from tests.servers.github import GitHubServer
from tests.servers.slack import SlackServer
from tests.servers.telegram import TelegramServer

if TYPE_CHECKING:
    from redis.asyncio import Redis


@pytest.fixture
async def github(tmp_path: Path) -> AsyncIterator[GitHubServer]:
    repo = Repo(tmp_path / "widget")
    repo.commit({"src/core.py": "0\n"}, "Begin")
    async with GitHubServer(repo.path) as server:
        yield server


async def asked(bot: Bot, path: str) -> httpx.Response:
    line = await bot.logs("listening on")
    port = line.rstrip().rpartition(" ")[2]
    async with httpx.AsyncClient() as client:
        return await client.get(f"http://127.0.0.1:{port}{path}")


async def test_a_bot_tells_how_each_part_is_and_what_it_has_done(
    tmp_path: Path, github: GitHubServer, unused_tcp_port: int
) -> None:
    started = Started(tmp_path, tmp_path / "data", github, is_forked=True)
    async with SlackServer() as slack, TelegramServer() as telegram:
        ada = telegram.person("Ada")
        chat = telegram.private(ada)
        telegram_token = telegram.token
        async with started(slack, telegram, COMMITCAST_PORT=str(unused_tcp_port)) as bot:
            await slack.until(
                lambda: slack.link.connected and telegram.calls("getUpdates"), within=WITHIN
            )
            assert (await asked(bot, "/healthz")).text == "ok\n"
            ready = await asked(bot, "/readyz")
            parts = {"store": "ok", "slack": "ok", "telegram": "ok"}
            assert (ready.status_code, ready.json()) == (200, {"ready": True, "parts": parts})
            await telegram.say(chat, ada, "/digest acme/widget")
            await telegram.until(lambda: any("Begin" in m.text for m in chat.sent), within=WITHIN)
            told = (await asked(bot, "/metrics")).text
            assert 'commitcast_commits_analysed_total{by="not-configured"} 1.0' in told
            assert 'commitcast_answer_seconds_count{platform="telegram"} 1.0' in told
            assert 'commitcast_forge_answers_total{status="200"}' in told
            assert 'commitcast_ready{part="slack"} 1.0' in told
            assert "process_resident_memory_bytes" in told
            for secret in (slack.app.bot_token, slack.app.app_token, telegram_token):
                assert secret not in told


async def test_a_chat_that_is_not_connected_makes_the_bot_not_ready(
    tmp_path: Path, github: GitHubServer, unused_tcp_port: int
) -> None:
    started = Started(tmp_path, tmp_path / "data", github, is_forked=True)
    async with SlackServer() as slack, TelegramServer() as telegram:
        nowhere = {"TELEGRAM_API_URL": "http://127.0.0.1:9"}
        port = str(unused_tcp_port)
        async with started(slack, telegram, COMMITCAST_PORT=port, **nowhere) as bot:
            await slack.until(lambda: slack.link.connected, within=WITHIN)
            ready = await asked(bot, "/readyz")
            assert ready.status_code == 503
            assert ready.json()["parts"] == {
                "store": "ok",
                "slack": "ok",
                "telegram": "not connected",
            }
            assert (await asked(bot, "/healthz")).status_code == 200


async def test_a_port_that_is_taken_stops_no_bot_that_needs_none(
    tmp_path: Path, github: GitHubServer
) -> None:
    started = Started(tmp_path, tmp_path / "data", github, is_forked=True)
    async with SlackServer() as slack:
        taken = github.api_url.rpartition(":")[2].partition("/")[0]
        async with started(slack, COMMITCAST_PORT=taken) as bot:
            assert taken in await bot.logs("nobody can ask how the bot is")
            await slack.until(lambda: slack.link.connected, within=WITHIN)


@final
class SlackAlone(Chat):
    """A chat that is connected."""

    is_connected = True
    name = "Slack"

    async def run(self) -> None:
        raise NotImplementedError


async def nobody() -> bool:
    return False


async def measured(health: Health) -> set[str]:
    """The lines of `/metrics`."""
    site = web.Application()
    site.add_routes(health.routes())
    runner = web.AppRunner(site)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        async with httpx.AsyncClient() as client:
            return {*(await client.get(f"http://127.0.0.1:{port}/metrics")).text.splitlines()}
    finally:
        await runner.cleanup()


async def test_what_waits_is_counted_with_how_long_it_does(
    redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    """What this bot cannot deliver is no reason to wake anybody."""
    clock, metrics = Clock(), PrometheusMetrics()
    allowed = {"redis_url": redis_url, "commitcast_allowed_chats": "slack:T1/*, telegram:*"}
    settings = Settings.model_validate({**allowed, "commitcast_data": tmp_path})
    async with open_application(settings, lambda _: None, clock, metrics) as app:
        health = Health(app, [SlackAlone()])
        assert 'commitcast_due{queue="digests"} 0.0' in await measured(health)
        since = {"slack:T1/C1": 60, "slack:T1/C2": 20, "slack:T2/C1": 900, "telegram:-1": 900}
        for channel, seconds in since.items():
            subscription, due = a_subscription(channel), MADE - timedelta(seconds=seconds)
            await app.ledgers.open(subscription, Ledger(), due)
            await app.ledgers.open(
                replace(subscription, repository="acme/later"), Ledger(), MADE + timedelta(1)
            )
        day = a_digest(a_group(an_entry(1, rules_analysis(reason=RulesReason.SERVER_ERROR))))
        for seconds in (300, 30, -30):
            at = MADE - timedelta(seconds=seconds)
            record = replace(record_of(day, "acme/widget", "UTC"), messages=("1",), at=at)
            await app.delivered.put("slack:T1/C1", record)
        assert {
            'commitcast_due{queue="digests"} 2.0',
            'commitcast_oldest_due_seconds{queue="digests"} 60.0',
            'commitcast_due{queue="repairs"} 2.0',
            'commitcast_oldest_due_seconds{queue="repairs"} 300.0',
            'commitcast_ready{part="store"} 1.0',
        } <= await measured(health)
        deaf = RecordingConversation(fault=ChatError("error-internal"))
        asked = Asked("slack:T1/C1", Person("U1", nobody), "help")
        await Front(Commands(app), app.events, metrics).ask(asked, deaf)
        line = 'commitcast_answer_errors_total{code="error-internal",platform="slack"} 1.0'
        assert line in await measured(health)
        await redis.set("commitcast:1:repairs", "not a sorted set")
        assert not [line for line in await measured(health) if "due{" in line]
