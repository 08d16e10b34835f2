"""What is answered from the cache: digests of 200 commits, and expanded commits."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import Any, final

from bot.app import Application, open_application
from bot.commands.answering import Commands
from bot.config import Settings
from bot.conversation import Answer, Conversation, Person, Pressed
from bot.deliveries.delivery import record_of
from bot.digest import DigestRequest
from bot.front import Front
from formatters import blockkit, telegram_html
from formatters.model import Action, Verb
from tests.bench.machine import load
from tests.bench.table import percentile, show, shown
from tests.bots import WITHIN, Started
from tests.oddities import ADA, as_file
from tests.repositories import START, Importer, Repo, Stamp
from tests.servers.github import GitHubServer
from tests.servers.openai import API_KEY, MODEL, OpenAIServer
from tests.servers.slack import SlackServer
from tests.servers.telegram import TelegramServer

COMMITS = 200
RUNS = 7
AT_ONCE = 50
ROUNDS = 20
A_DAY = 120_000
"""Requests that GitHub answers: what it allows in an hour is used up here within a minute."""


async def answers(folder: Path) -> None:
    """Fill the cache, and answer from it."""
    repo = _day(folder / "day-of-200")
    async with OpenAIServer() as model, GitHubServer(repo, limit=A_DAY) as github:
        settings = {
            "OPENAI_API_KEY": API_KEY,
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_MODEL": MODEL,
            "COMMITCAST_LLM_CONCURRENCY": "16",
            "COMMITCAST_ALLOWED_CHATS": "*",
            "COMMITCAST_PRIVATE_GRANTS": f"{repo}=slack:*/*,telegram:*",
        }
        data = folder / "answers"
        await _digests(folder, data, github, model, repo, settings)
        given = {name.lower(): value for name, value in settings.items()} | {
            "github_api_url": github.api_url,
            "commitcast_data": data,
        }
        async with open_application(Settings.model_validate(given), lambda _: None) as app:
            for name, where in (("GitHub", "acme/widget"), ("a folder", str(repo))):
                await _expansions(app, name, where)


def _day(path: Path) -> Path:
    """A repository with as many commits on one day."""
    Repo(path)
    with Importer(path) as history:
        parents: list[str] = []
        for number in range(COMMITS):
            at = Stamp(ADA, START + timedelta(minutes=number))
            changes = {b"src/core.py": as_file(_text(number))}
            message = f"Change the core, step {number}"
            parents = [history.commit("main", message, changes, at, at, parents)]
    return path


def _text(number: int) -> str:
    return "".join(f"value_{line} = {number // (line + 1)}\n" for line in range(40))


# ---- digests


async def _digests(
    folder: Path,
    data: Path,
    github: GitHubServer,
    model: OpenAIServer,
    repo: Path,
    settings: dict[str, str],
) -> None:
    """Ask a real bot, on both chats, for a digest of both sources again and again."""
    async with SlackServer() as slack, TelegramServer() as telegram:
        ada = telegram.person("Ada")
        chat = telegram.private(ada)
        async with Started(folder, data, github)(slack, telegram, **settings):
            await slack.until(
                lambda: slack.link.connected and telegram.calls("getUpdates"), within=WITHIN
            )

            async def on_slack(where: str) -> tuple[float, int]:
                shows = ("chat.postMessage", "chat.update")
                return await _timed(
                    slack.command("/digest", where),
                    lambda: sum(call.answer is not None for n in shows for call in slack.called(n)),
                )

            async def on_telegram(where: str) -> tuple[float, int]:
                shows = ("sendMessage", "editMessageText")
                return await _timed(
                    telegram.say(chat, ada, f"/digest {where}"),
                    lambda: sum(call.status == 200 for n in shows for call in telegram.calls(n)),
                )

            for source, where in (("GitHub", "acme/widget"), ("a folder", str(repo))):
                for name, ask in (("Slack", on_slack), ("Telegram", on_telegram)):
                    calls = -1
                    while len(model.requests) > calls:  # until all answers are cached
                        calls = len(model.requests)
                        await ask(where)
                    requests = len(github.seen)
                    took = [await ask(where) for _ in range(RUNS)]
                    assert len(model.requests) == calls
                    asked = (len(github.seen) - requests) / RUNS
                    show(
                        f"cached digest of {COMMITS} commits, {source} to {name}",
                        statistics.median(seconds for seconds, _ in took),
                        f"from the command to the last of {took[0][1]} messages; target 1 s; "
                        f"slowest {shown(max(seconds for seconds, _ in took))}; "
                        f"{asked:.0f} requests to GitHub",
                    )


async def _timed(ask: Coroutine[Any, Any, object], count: Callable[[], int]) -> tuple[float, int]:
    """The seconds until the last message has come that an answer has, and how many there are."""
    before, start = count(), time.perf_counter()
    seen, last = before, start
    await ask
    while seen == before or time.perf_counter() - last < QUIET:
        if count() > seen:
            seen, last = count(), time.perf_counter()
        assert time.perf_counter() - start < LONGEST
        await asyncio.sleep(0.002)
    return last - start, seen - before


QUIET = 1.5
"""Seconds after which no further message of an answer comes."""

LONGEST = 120.0


# ---- expansions


@final
class _Screen(Conversation):
    """Lays an answer out for both chats, and sends it to neither."""

    def __init__(self, refused: list[Answer]) -> None:
        """Note the answers that are errors: what is raised here, nobody would see."""
        self._refused = refused

    async def progress(self, text: str) -> None:
        """Shown to nobody."""

    async def answer(self, answer: Answer) -> tuple[str, ...]:
        """One message."""
        if answer.private:
            self._refused.append(answer)
        for messages in (blockkit.messages, telegram_html.messages):
            assert messages(answer.page, answer.words)
        return ("1",)


async def _expansions(app: Application, name: str, where: str) -> None:
    """Every channel has a digest, and in each somebody opens a commit at the same instant."""
    locator = app.locate(where, "slack:T1/C1")
    request = DigestRequest(None, "UTC", "en")
    digest = await app.digest(locator, request, lambda _done, _total: None)
    assert all(entry.analysis.by_model for entry in digest.entries)
    records = {f"slack:T1/C{n}": record_of(digest, where, "UTC") for n in range(AT_ONCE)}
    for channel, record in records.items():
        await app.delivered.put(channel, record)
    front = Front(Commands(app), app.events)
    refused: list[Answer] = []
    walls: list[float] = []
    spent: list[float] = []

    async def open_one(channel: str, number: int) -> None:
        own = [0.0]
        _own.set(own)
        action = Action(Verb.EXPAND, records[channel].id, number)
        start = time.perf_counter()
        await front.press(
            Pressed(channel, Person(f"U-{channel}", _nobody), action), _Screen(refused)
        )
        walls.append(time.perf_counter() - start)
        spent.append(own[0])

    loop = asyncio.get_running_loop()
    loop.set_task_factory(_timed_task)
    try:
        for number in range(1, ROUNDS + 2):
            if number == 2:  # the first round does not count
                walls.clear()
                spent.clear()
                used = time.process_time()
            await asyncio.gather(*(open_one(channel, number) for channel in records))
        used = time.process_time() - used
    finally:
        loop.set_task_factory(None)
    assert not refused, refused[0]
    show(
        f"expand a commit of {name}, {AT_ONCE} at once, our own time, 99th percentile",
        percentile(spent, 99),
        f"median {shown(percentile(spent, 50))}; target 30 ms; {load()}",
    )
    show(
        "the same from the press to the answer laid out, 99th percentile",
        percentile(walls, 99),
        f"median {shown(percentile(walls, 50))}; {AT_ONCE} share one processor, with the servers "
        f"of the test {used / len(walls) * 1000:,.1f} ms each",
    )


async def _nobody() -> bool:
    return False


_own: ContextVar[list[float] | None] = ContextVar("own", default=None)
"""The processor seconds that the tasks of this piece of work have taken of the loop's thread: how
busy the machine is else does not count."""


@final
class _Timed(Coroutine[Any, Any, Any]):
    """A coroutine whose steps are timed: what it waits for is not."""

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self._work = work

    def send(self, value: Any) -> Any:
        return self._step(lambda: self._work.send(value))

    def throw(self, *given: Any) -> Any:
        return self._step(lambda: self._work.throw(*given))

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._work.__await__()

    def _step(self, go: Callable[[], Any]) -> Any:
        start = time.thread_time()
        try:
            return go()
        finally:
            if (own := _own.get()) is not None:
                own[0] += time.thread_time() - start


def _timed_task(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
    return asyncio.Task(_Timed(work), loop=loop, **options)
