"""Thousands of requests that nobody genuine sends, at the port of a running bot: all are refused,
none is handled, and nothing grows (invariants 8 and 10).
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.chats.slack_manifest import EVENTS_PATH
from bot.config import webhook_secret
from tests.bots import WITHIN, Started
from tests.repositories import Repo
from tests.servers.github import GitHubServer
from tests.servers.slack import SlackServer
from tests.servers.slack_delivery import signature
from tests.servers.telegram import TelegramServer

FORGED = int(os.environ.get("COMMITCAST_TEST_FORGED", "2000"))
"""Requests; those of the suite are a part of what is run before a release."""
AT_ONCE = 8
"""Connections that they come over."""
GROWTH = 12_000_000
"""Bytes by which the process may grow in the second half: buffers of what was under way."""
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


@dataclass(frozen=True)
class Forged:
    """A request and what is right to answer."""

    sort: str
    sent: bytes
    answers: tuple[int, ...]


def request(
    method: str, path: str, headers: dict[str, str], body: bytes = b"", version: str = "1.1"
) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/{version}", "Host: bot", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join((*lines, "", "")).encode(errors="surrogateescape") + body


def forged(dice: random.Random, slack_secret: str) -> Iterator[Forged]:
    """Without end, of every sort in turn."""
    now = int(time.time())
    body = b"command=%2Fdigest&text=acme%2Fwidget&team_id=T012ACME&channel_id=C1&user_id=U1"
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    def slack(timestamp: str, signed: str, body: bytes = body) -> bytes:
        given = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signed}
        return request("POST", EVENTS_PATH, {**form, **given}, body)

    def telegram(headers: dict[str, str], body: bytes = b'{"update_id": 1}') -> bytes:
        return request("POST", "/telegram", {"Content-Type": "application/json", **headers}, body)

    def noise(length: int) -> str:
        return "".join(dice.choices("abcdef0123456789%/.;=", k=length))

    old = str(now - 301 - dice.randrange(10_000))
    future = str(now + 301 + dice.randrange(10_000))
    sorts: dict[str, Callable[[], tuple[bytes, tuple[int, ...]]]] = {
        "no signature": lambda: (request("POST", EVENTS_PATH, form, body), (401,)),
        "wrong signature": lambda: (slack(str(now), f"v0={noise(64)}"), (401,)),
        "replayed": lambda: (slack(old, signature(slack_secret, old, body)), (401,)),
        "of tomorrow": lambda: (slack(future, signature(slack_secret, future, body)), (401,)),
        "tampered": lambda: (
            slack(str(now), signature(slack_secret, str(now), body), body + b"&text=x"),
            (401,),
        ),
        "odd timestamp": lambda: (
            slack(odd := dice.choice(ODD_NUMBERS), signature(slack_secret, odd, body)),
            (400, 401),
        ),
        "odd signature": lambda: (slack(str(now), dice.choice(ODD_SIGNATURES)), (400, 401)),
        "large for Slack": lambda: (slack(str(now), f"v0={'0' * 64}", b"x" * 5_000_000), (413,)),
        "nearly large": lambda: (slack(str(now), f"v0={'0' * 64}", b"x" * 900_000), (401,)),
        "no secret": lambda: (telegram({}), (401,)),
        "wrong secret": lambda: (telegram({SECRET_HEADER: noise(40) or "x"}), (403,)),
        "large for Telegram": lambda: (
            telegram({SECRET_HEADER: "x"}, b"y" * 5_000_000),
            (401, 403, 413),
        ),
        "unknown place": lambda: (request("POST", f"/{noise(30)}", {}, body), (400, 404)),
        "wrong method": lambda: (
            request(dice.choice(("PUT", "DELETE", "PATCH")), EVENTS_PATH, {}, body),
            (405,),
        ),
        "outside": lambda: (request("GET", f"/../..//etc/passwd%00{noise(9)}", {}), (400, 404)),
        "no HTTP": lambda: (f"{noise(300)}\r\n\r\n".encode(), (400,)),
        "odd length": lambda: (
            b"POST /telegram HTTP/1.1\r\nHost: bot\r\nContent-Length: -5\r\n\r\n",
            (400,),
        ),
        "two lengths": lambda: (
            b"POST /telegram HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"
            b"\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: b\r\n\r\n",
            (400, 401),
        ),
        "endless header": lambda: (request("GET", "/", {"X-Long": "x" * 100_000}), (400, 431)),
    }
    while True:
        for sort, make in sorts.items():
            yield Forged(sort, *make())


ODD_NUMBERS = ("", "abc", "-1", "1e9", "9" * 400, "NaN", "0x10", "1_000", "１２３", "1767700000.5")
ODD_SIGNATURES = ("", "v0=", "v1=abc", "v0=" + "é" * 64, "=" * 1000, "v0=" + "0" * 63)


class Sender:
    """Sends one request after the other, over one connection as long as it stays open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, data: bytes) -> int:
        """The status of the answer; 0 where the connection was closed without one."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
        reader, writer = self._streams
        try:
            writer.write(data)
            head = (await reader.readuntil(b"\r\n\r\n")).decode(errors="replace").lower()
            status = int(head.split()[1])
            length = head.partition("content-length: ")[2].partition("\r\n")[0]
            await reader.readexactly(int(length or 0))
        except (asyncio.IncompleteReadError, ConnectionError):
            await self.close()
            return 0
        if status in (400, 413) or "connection: close" in head or len(data) > 1_000_000:
            await self.close()
        return status

    async def close(self) -> None:
        """Close the connection."""
        if self._streams:
            self._streams[1].transport.abort()
            self._streams = None


def size_of(pid: int) -> tuple[int, int]:
    """A process's resident bytes and its open files."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len([*Path(f"/proc/{pid}/fd").iterdir()])


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
async def test_whatever_is_forged_is_refused_and_leaves_nothing(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    repo = Repo(tmp_path / "widget")
    repo.commit({"src/core.py": "0\n"}, "Begin")
    async with (
        GitHubServer(repo.path) as github,
        SlackServer() as slack,
        TelegramServer() as telegram,
    ):
        settings = {
            "SLACK_APP_TOKEN": "",
            "SLACK_SIGNING_SECRET": slack.app.signing_secret,
            "COMMITCAST_PUBLIC_URL": "https://bot.example",
            "COMMITCAST_PORT": str(unused_tcp_port),
        }
        started = Started(tmp_path, tmp_path / "data", github)
        async with started(slack, telegram, **settings) as bot:
            await bot.logs("listening on")
            slack.request_url.url = f"http://127.0.0.1:{unused_tcp_port}{EVENTS_PATH}"
            await telegram.until(lambda: telegram.updates.webhook, within=WITHIN)
            pid = bot.process.pid
            requests = forged(random.Random(7), slack.app.signing_secret)
            answers: Counter[tuple[str, int]] = Counter()
            wrong: list[tuple[str, int]] = []

            async def flood(count: int) -> None:
                sender = Sender(unused_tcp_port)
                for _ in range(count):
                    one = next(requests)
                    status = await sender.send(one.sent)
                    answers[one.sort, status] += 1
                    if status not in (*one.answers, *((0,) if len(one.sent) > 90_000 else ())):
                        wrong.append((one.sort, status))
                await sender.close()

            async def genuine() -> None:
                update = json.dumps({"update_id": random.getrandbits(30)}).encode()
                secret = {SECRET_HEADER: webhook_secret(telegram.token)}
                sender = Sender(unused_tcp_port)
                assert await sender.send(request("POST", "/telegram", secret, update)) == 200
                await sender.close()
                delivery = await slack.command("/commitcast", "help")
                assert delivery.status == 200

            await asyncio.gather(*(flood(FORGED // 2 // AT_ONCE) for _ in range(AT_ONCE)))
            await genuine()
            before = size_of(pid)
            await asyncio.gather(*(flood(FORGED // 2 // AT_ONCE) for _ in range(AT_ONCE)))
            await genuine()
            after = size_of(pid)
            assert not wrong, Counter(wrong)
            assert len({sort for sort, _ in answers}) == 19
            assert after[0] - before[0] < GROWTH, (before, after)
            assert abs(after[1] - before[1]) < AT_ONCE, (before, after)
            assert not [line for line in bot.log if "acme" in line or "Traceback" in line]
        assert not telegram.calls("sendMessage")
