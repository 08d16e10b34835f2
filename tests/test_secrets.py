"""Secrets that people commit, from a real repository to everything that leaves or is kept: the
prompts, the store, every page and every log; and our own, whatever fails (invariant 7).
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from analyzers.errors import CommitcastError
from analyzers.model import Digest
from bot.app import open_application
from bot.config import Settings, secrets_of
from bot.digest import DigestRequest
from bot.monitoring.prometheus import PrometheusMetrics
from bot.run import run
from bot.sources.locators import Folder
from bot.spans import parse_span_word
from formatters import blockkit, telegram_html
from formatters.html import commit_page
from formatters.html import page as html_page
from formatters.json_document import commit_document, document
from formatters.markdown import commit_report, report
from formatters.pages import detail_page, digest_page
from formatters.text import words_for
from tests import test_terminal
from tests.bots import WITHIN
from tests.planted_secrets import FORMS, TOKENS, Planted, planted
from tests.repositories import START, Repo
from tests.servers.github import GitHubServer
from tests.servers.openai import API_KEY, OpenAIServer
from tests.servers.slack import SlackServer
from tests.servers.telegram import TelegramServer

SECRETS = list(planted(FORMS * 14, seed=5))
REPLIED = list(planted(FORMS * 2, seed=6))
"""What a model writes that has them from somewhere else."""
A_COMMIT = 28
"""Secrets of each commit."""


def repository(folder: Path) -> Repo:
    """Secrets in messages, added and removed lines, and paths."""
    repo = Repo(folder)
    before: dict[str, str | None] = {}
    for number, start in enumerate(range(0, len(SECRETS), A_COMMIT)):
        some = SECRETS[start : start + A_COMMIT]
        said, written = some[: A_COMMIT // 3], some[A_COMMIT // 3 :]
        files: dict[str, str | None] = dict.fromkeys(before)
        for position, secret in enumerate(written):
            files[f"src/part{number}/settings_{position}.py"] = f"# Here\n{secret.text}\n# it is\n"
        path = next((s.values[0] for s in some if s.form in TOKENS and _is_name(s.values[0])), "")
        if path:
            files[f"keys/{path}/readme.md"] = "It stands in the path.\n"
        message = "\n\n".join((f"Set part {number} up", *(secret.text for secret in said)))
        repo.commit({name: text for name, text in files.items() if text or name in before}, message)
        before = {name: None for name, text in files.items() if text}
    return repo


def _is_name(text: str) -> bool:
    return "/" not in text and len(text) < 200


def leaking(text: str, secrets: list[Planted]) -> list[str]:
    """The forms of the secrets that a text holds a piece of."""
    return [s.form for s in secrets if any(value in text for value in s.values)]


def pages(digest: Digest) -> Iterator[tuple[str, str]]:
    """Everything that people get of a digest and of its commits, by what it is."""
    words = words_for(digest.language)
    whole = digest_page(digest, words, "DELIVERED123")
    yield "Slack", repr(blockkit.messages(whole, words))
    yield "Telegram", repr(telegram_html.messages(whole, words))
    yield "terminal", test_terminal.written(digest)
    yield "HTML", html_page(digest, words)
    yield "Markdown", report(digest, words)
    yield "JSON", document(digest)
    for entry in digest.entries:
        told = detail_page(entry, digest.repository, "UTC", words)
        yield "an expanded commit on Slack", repr(blockkit.messages(told, words))
        yield "an expanded commit on Telegram", repr(telegram_html.messages(told, words))
        yield "a commit in HTML", commit_page(entry, digest.repository, "UTC", words)
        yield "a commit in Markdown", commit_report(entry, digest.repository, "UTC", words)
        yield "a commit in JSON", commit_document(entry, digest.repository)


async def stored(redis: Redis) -> str:
    """All that a store holds, unpacked."""
    texts = []
    async for key in redis.scan_iter():
        is_plain = await redis.type(key) == b"string"
        value: Any = await (redis.get(key) if is_plain else redis.dump(key))
        with suppress(zlib.error):
            value = zlib.decompress(value)
        texts.append(f"{key!r} {value.decode(errors='replace')}")
    return "\n".join(texts)


async def test_of_a_thousand_secrets_none_gets_out_or_is_kept(
    redis: Redis, redis_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    repo = repository(tmp_path / "widget")
    assert len(SECRETS) >= 1_000
    assert FORMS >= 30
    async with OpenAIServer() as server:
        server.reply = {
            "headline": REPLIED[0].text,
            "summary": ["A part is set up.", *(secret.text for secret in REPLIED[:60])],
            "security": " ".join(secret.text for secret in REPLIED[60:90]),
            "advice": [secret.text for secret in REPLIED[90:120]],
            "risks": [
                {"path": secret.text, "line": 1, "text": secret.text, "severity": "low"}
                for secret in REPLIED[120:]
            ],
        }
        server.sentences = ["A part is set up.", REPLIED[1].text]
        settings = settings_of(redis_url, tmp_path, openai_base_url=server.base_url)
        async with open_application(settings, lambda _: None) as app:
            span = parse_span_word(START.date().isoformat(), "UTC", START)
            request = DigestRequest(span, "UTC", "en")
            digest = await app.digest(Folder(repo.path), request, lambda _done, _all: None)
        prompts = "\n".join((*server.prompts, *(str(body) for body in server.overviews)))
    assert len(digest.entries) == -(-len(SECRETS) // A_COMMIT)
    assert sum(entry.analysis.by_model for entry in digest.entries) > 30
    sinks = {"prompts": prompts, "store": await stored(redis), "logs": logged(caplog)}
    for name, text in pages(digest):
        sinks[name] = f"{sinks.get(name, '')}\n{text}"
    found = {name: leaking(text, [*SECRETS, *REPLIED]) for name, text in sinks.items()}
    most = (len(SECRETS) + len(REPLIED)) // 100
    assert all(len(forms) <= most for forms in found.values()), found
    assert "[secret:" in prompts, "they were there"
    assert "[secret:" in sinks["JSON"]


def settings_of(redis_url: str, folder: Path, **more: Any) -> Settings:
    """Settings of a bot whose data are in a folder."""
    given = {"redis_url": redis_url, "commitcast_data": folder / "data", "openai_api_key": API_KEY}
    return Settings.model_validate(given | more)


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Every record with its traceback."""
    return "\n".join(f"{record.name} {caplog.handler.format(record)}" for record in caplog.records)


@pytest.mark.parametrize("wrong", [False, True], ids=["right", "refused"])
async def test_our_own_are_in_no_log_page_metric_or_store_whatever_refuses_them(
    redis: Redis,
    redis_url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    unused_tcp_port: int,
    *,
    wrong: bool,
) -> None:
    """With every logger at DEBUG, those of the SDKs too."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "openai", "slack_sdk", "slack_bolt", "telegram", "redis"):
        caplog.set_level(logging.DEBUG, logger=name)
    token = f"ghp_{'Zz9' * 12}"
    wanted = "GITHUB_TOKEN" if wrong else "add()"
    repo = Repo(tmp_path / "widget")
    repo.commit({"src/core.py": "def add(a, b):\n    return a + b\n"}, "Fix a crash in add()")
    async with (
        SlackServer() as slack,
        TelegramServer() as telegram,
        OpenAIServer() as model,
        GitHubServer(repo.path, tokens=(token,)) as github,
    ):
        ada = telegram.person("Ada")
        chat = telegram.private(ada)
        settings = settings_of(
            redis_url,
            tmp_path,
            slack_bot_token="xoxb-1-refused-secret" if wrong else slack.app.bot_token,
            slack_app_token=slack.app.app_token,
            slack_api_url=slack.api_url,
            telegram_bot_token=telegram.token,
            telegram_api_url=telegram.api_url,
            github_token=f"{token}a" if wrong else token,
            github_api_url=github.api_url,
            openai_api_key="a-key-that-is-refused" if wrong else API_KEY,
            openai_base_url=model.base_url,
            commitcast_ping_url=f"http://127.0.0.1:{unused_tcp_port}/a-secret-address",
            commitcast_allowed_chats="*",
            commitcast_port=0,
        )
        metrics = PrometheusMetrics()
        async with open_application(settings, lambda _: None, metrics=metrics) as app:
            running = asyncio.create_task(run(app))
            await telegram.until(lambda: telegram.calls("getUpdates"), within=WITHIN)
            if not wrong:
                await slack.until(lambda: slack.link.connected, within=WITHIN)
                await slack.command("/digest", "acme/widget")
                await slack.until(lambda: slack.workspace.posted("C1"), within=WITHIN)
            await telegram.say(chat, ada, "/digest acme/widget")
            await telegram.until(lambda: any(wanted in m.text for m in chat.sent), within=WITHIN)
            running.cancel()
            with suppress(asyncio.CancelledError, CommitcastError):
                await running
        shown = "\n".join(
            (
                *(message.text for message in chat.sent),
                *(repr(message) for message in slack.workspace.posted("C1")),
                metrics.exposed({}, {}).decode(),
            )
        )
        told = logged(caplog)
    names = {record.name.partition(".")[0] for record in caplog.records}
    assert {"bot", "httpcore"} <= names, "they do log"
    kept = await stored(redis)  # all that is exported, and more
    for secret in set(secrets_of(settings)) - {redis_url}:
        assert secret not in kept
        assert secret not in shown
        assert secret not in told
