"""Health and metrics of a bot, asked for over HTTP (invariant 10)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.bots import WITHIN, Bot, Started
from tests.repositories import Repo
from tests.servers.github import GitHubServer
from tests.servers.slack import SlackServer
from tests.servers.telegram import TelegramServer


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
