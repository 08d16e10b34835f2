"""The whole bot behind the chats: real stores, a real repository behind GitHub's API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.app import open_application
from bot.commands.answering import Commands
from bot.config import Settings
from bot.front import Front
from tests.repositories import Repo
from tests.servers.github import GitHubServer

Opened = Callable[..., AbstractAsyncContextManager[Front]]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Three commits."""
    repo = Repo(tmp_path / "widget")
    repo.commit({"src/core.py": "def add(a, b):\n    return a + b\n"}, "Add the core")
    repo.commit({"src/core.py": "def add(a, b=0):\n    return a + b\n"}, "Fix a crash in add()")
    repo.commit({"docs/use.md": "Use it.\n"}, "docs: tell how to use it")
    return repo


@pytest.fixture
async def github(repo: Repo) -> AsyncIterator[GitHubServer]:
    """They are acme/widget there."""
    async with GitHubServer(repo.path) as server:
        yield server


@pytest.fixture
def opened(github: GitHubServer, redis: Redis, redis_url: str, tmp_path: Path) -> Opened:
    """Opens the bot on the test's servers, for every chat; opened again it is another process."""

    @asynccontextmanager
    async def open_front(**settings: object) -> AsyncIterator[Front]:
        given = {
            "github_api_url": github.api_url,
            "redis_url": redis_url,
            "commitcast_data": tmp_path / "data",
            "commitcast_allowed_chats": "*",
            **settings,
        }
        async with open_application(Settings.model_validate(given), lambda notice: None) as app:
            yield Front(Commands(app), app.events)

    return open_front
