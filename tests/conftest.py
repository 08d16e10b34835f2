"""Fixtures that many tests share."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from bot.stores.connection import open_redis
from bot.stores.embedded import embedded_server

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from tests.servers.telegram import TelegramServer


# A slow machine is no fault of the code, and what fails in CI must fail again.
settings.register_profile(
    "any-machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=40,
    derandomize="CI" in os.environ,
)
settings.load_profile("any-machine")


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Three processes for two cores: many tests wait for a clock or a server."""
    cores = yield
    return cores + cores // 2


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of an embedded server that all tests of this process share."""
    async with embedded_server(tmp_path_factory.mktemp("data")) as socket:
        yield f"unix://{socket}"


@pytest_asyncio.fixture
async def redis(redis_url: str, tmp_path: Path) -> AsyncIterator[Redis]:
    """A client of an empty server."""
    async with open_redis(redis_url, tmp_path) as client:
        await client.flushall()
        yield client


@pytest_asyncio.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    """A Telegram of the test's own."""
    from tests.servers.telegram import TelegramServer

    async with TelegramServer() as server:
        yield server
