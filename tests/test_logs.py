"""The log of a bot: lines for people or for machines, what they are about, and no secret in either
(invariant 7)."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from analyzers.fallback import WithRules
from bot.config import Settings
from bot.deliveries.courier import Timing
from bot.deliveries.dispatch import Dispatcher, delivering
from bot.monitoring.log_lines import JsonLines, Readable, write_log
from bot.monitoring.logs import about, hiding, named
from tests.deliveries import MADE, Clock, a_courier, a_subscription, opened, subscribe
from tests.fakes import RecordingAnalyzer
from tests.living_repository import MAIN, LivingRepository
from tests.outlets import Fault, MemoryOutlet, scripted

if TYPE_CHECKING:
    from redis.asyncio import Redis

KEY, CHANNEL = "acme/widget", "slack:T1/C1"

_log = logging.getLogger("bot.somewhere")


@contextmanager
def written(formatter: logging.Formatter) -> Iterator[io.StringIO]:
    """What a formatter makes of all that is logged."""
    log, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(log)
    handler.setFormatter(formatter)
    # Alone: pytest's own handlers would pass half a character on to another process, which fails.
    handlers, root.handlers = root.handlers, [handler]
    try:
        yield log
    finally:
        root.handlers = handlers


def objects(log: io.StringIO) -> list[dict[str, Any]]:
    """The lines of a log in JSON."""
    return [json.loads(line) for line in log.getvalue().splitlines()]


async def test_a_record_in_json_tells_when_how_bad_who_what_and_about_what() -> None:
    async with hiding(["a-secret"]):
        with written(JsonLines()) as log, about(subscription=named(KEY, CHANNEL)):
            with about(commit="1a2b3c4"):
                _log.warning("by %s", "a-secret\n{}\ud800\u2028")
            _log.warning("after it")
    first, second = objects(log)
    time = datetime.fromisoformat(first.pop("time"))
    assert abs(datetime.now(UTC) - time) < timedelta(minutes=1)
    assert first == {
        "level": "warning",
        "logger": "bot.somewhere",
        "message": "by ***\n{}\ud800\u2028",
        "subscription": "acme/widget in slack:T1/C1",
        "commit": "1a2b3c4",
    }
    assert second.keys() == {"time", "level", "logger", "message", "subscription"}
    assert log.getvalue().isascii()


async def test_a_traceback_in_json_is_one_field_without_secrets() -> None:
    async with hiding(["a-secret"]):
        with written(JsonLines()) as log, about(subscription="a-secret in slack:T1/C1"):
            try:
                int("a-secret")
            except ValueError:
                _log.exception("it failed", stack_info=True)
    [told] = objects(log)
    assert told["exception"].endswith("with base 10: '***'")
    assert "test_a_traceback_in_json" in told["stack"]
    assert told["subscription"] == "*** in slack:T1/C1"


async def test_a_line_for_people_says_what_it_is_about_once() -> None:
    async with hiding([]):
        with written(Readable()) as log:
            with about(subscription=named(KEY, CHANNEL), digest="Q"):
                _log.warning("%s in %s is late", KEY, CHANNEL)
            _log.warning("as ever")
    first, second = log.getvalue().splitlines()
    assert first.endswith("WARNING acme/widget in slack:T1/C1 is late [digest=Q]")
    assert second.endswith("WARNING as ever")


async def test_no_message_passes_for_a_record_of_its_own_or_moves_the_cursor() -> None:
    forged = "2026-03-02 09:00:00,000 INFO all is well"
    async with hiding([]):
        with written(Readable()) as log:
            _log.warning("git said:\n%s\r%s\x1b[2J\u202e\ud800", forged, forged)
    first, second = log.getvalue().splitlines()
    assert first.endswith("git said:")
    assert second.startswith("    2026")
    assert not {"\r", "\x1b", "\u202e", "\ud800"} & {*log.getvalue()}


async def test_a_delivery_says_of_each_record_which_digest_subscription_and_commit_it_is_about(
    redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    """The analysis fails, and so does the post: both are logged."""
    clock = Clock()
    history = LivingRepository(KEY, 1, MADE - timedelta(days=9))
    async with opened(redis_url, tmp_path, {KEY: history}, clock) as opened_app:
        app = replace(opened_app, analyzer=WithRules(RecordingAnalyzer(ValueError("no answer"))))
        await subscribe(app, a_subscription(CHANNEL))
        history.commit_on(MAIN)
        clock.advance(days=1)
        outlet = MemoryOutlet(now=clock)
        outlet.faults = scripted(Fault.BUSY)
        with written(JsonLines()) as log:
            async with delivering(Dispatcher(app, a_courier(app, outlet), Timing(sweep=60))):
                async with asyncio.timeout(20):
                    while "next try" not in log.getvalue():
                        await asyncio.sleep(0.01)
        outgoing = (await app.ledgers.of_channel(CHANNEL))[KEY].outgoing
    assert outgoing
    analysed, retreated = objects(log)
    assert analysed["logger"] == "analyzers.fallback"
    assert analysed["commit"] == history.tips[MAIN][:7]
    assert retreated["digest"] == outgoing.digest
    assert analysed["subscription"] == retreated["subscription"] == f"{KEY} in {CHANNEL}"


@pytest.mark.parametrize(
    ("level", "ours", "theirs", "chatty"),
    [
        ("debug", logging.DEBUG, logging.INFO, logging.INFO),
        ("info", logging.INFO, logging.INFO, logging.WARNING),
        ("error", logging.ERROR, logging.ERROR, logging.ERROR),
    ],
)
def test_no_library_writes_what_it_is_sent(level: str, ours: int, theirs: int, chatty: int) -> None:
    with kept_logging():
        write_log(Settings.model_validate({"commitcast_log_level": level}))
        loggers = ("bot.run", "openai", "httpx")
        found = [logging.getLogger(name).getEffectiveLevel() for name in loggers]
    assert found == [ours, theirs, chatty]


def test_what_ends_the_process_is_a_record_too(capsys: pytest.CaptureFixture[str]) -> None:
    with kept_logging():
        write_log(Settings.model_validate({"commitcast_log_format": "json"}))
        warnings.warn("soon gone", FutureWarning, stacklevel=1)
        sys.excepthook(MemoryError, MemoryError(), None)
    warned, ended = map(json.loads, capsys.readouterr().err.splitlines())
    assert "FutureWarning: soon gone" in warned["message"]
    assert ended["level"] == "critical"
    assert ended["exception"].endswith("MemoryError")


@contextmanager
def kept_logging() -> Iterator[None]:
    """Logging as it was before, afterwards."""
    names = (None, "analyzers", "bot", "formatters", "apscheduler", "httpx")
    levels = {name: logging.getLogger(name).level for name in names}
    root, hook = logging.getLogger(), sys.excepthook
    handlers, root.handlers = root.handlers, []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            yield
    finally:
        logging.captureWarnings(False)
        sys.excepthook, root.handlers = hook, handlers
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
