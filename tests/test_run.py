"""The bot as a process, beside strict servers of both platforms: from nothing but tokens."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.bots import WITHIN, Started
from tests.repositories import Repo
from tests.servers.github import GitHubServer
from tests.servers.github_faults import hang
from tests.servers.slack import SlackServer
from tests.servers.slack_workspace import Message as SlackMessage
from tests.servers.telegram import TelegramServer
from tests.servers.telegram_messages import Message as TelegramMessage


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cc") as folder:
        yield Path(folder)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "widget")
    repo.commit({"src/core.py": "def add(a, b):\n    return a + b\n"}, "Add the core")
    repo.commit({"src/core.py": "def add(a, b=0):\n    return a + b\n"}, "Fix a crash in add()")
    repo.commit({"docs/use.md": "Use it.\n"}, "docs: tell how to use it")
    return repo


@pytest_asyncio.fixture
async def github(repo: Repo) -> AsyncIterator[GitHubServer]:
    async with GitHubServer(repo.path) as server:
        yield server


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


@pytest_asyncio.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
def started(tmp_path: Path, data: Path, github: GitHubServer) -> Started:
    return Started(tmp_path, data, github, is_forked=True)


def says(message: SlackMessage, text: str) -> bool:
    return text in str(message.blocks) or text in message.text


async def on_slack(slack: SlackServer, text: str, after: int) -> SlackMessage:
    """The bot's message that says a text, among those that came after a number of others."""

    def found() -> list[SlackMessage]:
        return [m for m in slack.workspace.posted("C1")[after:] if says(m, text)]

    return (await slack.until(found, within=WITHIN))[0]


async def alone_on_slack(slack: SlackServer, text: str) -> SlackMessage:
    """What only Ada was shown, with a text in it."""

    def found() -> list[SlackMessage]:
        return [m for m in slack.workspace.ephemerals("U1", "C1") if says(m, text)]

    return (await slack.until(found, within=WITHIN))[0]


WORDS = {
    "en": ("now follows acme/widget", "3 commits", "Why this importance", "no longer"),
    "zh": ("已关注 acme/widget", "3 个提交", "定级依据", "已取消关注"),
}


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_slack_from_nothing_but_tokens(
    language: str, started: Started, slack: SlackServer, repo: Repo
) -> None:
    follows, counted, why, left = WORDS[language]
    sha = repo.git("rev-parse", "main")
    async with started(slack, COMMITCAST_LANGUAGE=language) as bot:
        await bot.logs("Slack")
        await slack.until(lambda: slack.link.connected, within=WITHIN)

        def count() -> int:
            return len(slack.workspace.posted("C1"))

        await slack.command("/subscribe", "acme/widget at:09:00 days:weekdays")
        await on_slack(slack, follows, 0)
        before = count()
        await slack.command("/digest")
        digest = await on_slack(slack, counted, before)
        for number in (1, 2, 3):  # by button or by menu, whichever the commit has
            before = count()
            token = next(
                value
                for value in re.findall(r"'value': '(e\.[^']+)'", str(digest.blocks))
                if f".{number}." in value
            )
            await slack.press(digest, token)
            assert (await on_slack(slack, why, before)).thread_ts == digest.ts
        # Nobody types before the bot has noted which message its digest is; a test would.
        before = count()
        await slack.command("/commitcast", "expand 2")
        by_number = await on_slack(slack, why, before)
        assert by_number.thread_ts == digest.ts
        before = count()
        await slack.mention(f"expand {sha[:8]}", thread=digest.ts)
        assert (await on_slack(slack, why, before)).thread_ts == digest.ts
        before = count()
        await slack.command("/analyze", f"acme/widget@{sha}")
        await on_slack(slack, why, before)
        before = count()
        await slack.command("/report")
        files = slack.workspace.files
        await slack.until(lambda: [f for f in files.values() if f.content], within=WITHIN)
        (file,) = files.values()
        assert sha.encode() in (file.content or b"")
        await slack.command("/unsubscribe", "acme/widget")
        await on_slack(slack, left, 0)
    assert bot.process.returncode == 143


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_telegram_from_nothing_but_a_token(
    language: str, started: Started, telegram: TelegramServer, repo: Repo
) -> None:
    follows, counted, why, left = WORDS[language]
    sha = repo.git("rev-parse", "main")
    ada = telegram.person("Ada", language)
    chat = telegram.private(ada)

    async def answer(text: str, before: int) -> TelegramMessage:
        def found() -> TelegramMessage | None:
            return next((m for m in chat.sent[before:] if text in m.text), None)

        await telegram.until(found, within=WITHIN)
        message = found()
        assert message
        return message

    async with started(telegram=telegram, COMMITCAST_ALLOWED_CHATS="") as bot:
        assert bot.process.stdout
        invitation = (await bot.process.stdout.readline()).decode()
        code = re.search(r"/owner ([0-9a-f]{24}) ", invitation)
        assert code
        await telegram.say(chat, ada, "/digest acme/widget")
        await answer("/owner CODE", 0)
        await telegram.say(chat, ada, f"/owner {code[1]}")
        await answer("/grant", 1)  # what the owner can do
        await telegram.say(chat, ada, "/subscribe acme/widget at:09:00")
        await answer(follows, 0)
        before = len(chat.sent)
        await telegram.say(chat, ada, "/digest")
        digest = await answer(counted, before)
        shown = digest.text
        before = len(chat.sent)
        await telegram.say(chat, ada, "/expand 2")
        await answer(why, before)
        before = len(chat.sent)
        await telegram.say(chat, ada, f"/expand {sha[:8]}")
        await answer(why, before)
        await telegram.press(digest, "1", ada)
        await telegram.until(lambda: why in digest.text, within=WITHIN)
        (back,) = digest.labels[-1]
        await telegram.press(digest, back, ada)
        await telegram.until(lambda: digest.text == shown, within=WITHIN)
        before = len(chat.sent)
        await telegram.say(chat, ada, f"acme/widget@{sha}")
        await answer(why, before)
        await telegram.say(chat, ada, "/report")
        await telegram.until(lambda: any(m.document for m in chat.sent), within=WITHIN)
        await telegram.say(chat, ada, "/unsubscribe acme/widget")
        await answer(left, 0)
    assert code[1] not in "".join(bot.log)


async def test_both_platforms_beside_each_other_and_one_store(
    started: Started, slack: SlackServer, telegram: TelegramServer
) -> None:
    started.shell.is_forked = False  # as people start it
    ada = telegram.person("Ada")
    chat = telegram.private(ada)
    async with started(slack, telegram) as bot:
        await bot.logs("Telegram")
        await slack.until(lambda: slack.link.connected, within=WITHIN)
        await asyncio.gather(
            slack.command("/digest", "acme/widget"), telegram.say(chat, ada, "/digest acme/widget")
        )
        await on_slack(slack, "3 commits", 0)
        await telegram.until(lambda: any("3 commits" in m.text for m in chat.sent), within=WITHIN)
        # What one channel got is nothing to another one: invariant 8.
        group = telegram.chat("supergroup")
        bob = telegram.member(group, "member")
        await telegram.say(group, bob, "/expand 1")
        await telegram.until(
            lambda: any("No digest was posted here" in m.text for m in group.sent), within=WITHIN
        )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-revoked"}, "Slack is off: "),
        ({"SLACK_APP_TOKEN": "xapp-revoked"}, "Slack is off: "),
        ({"SLACK_API_URL": "http://127.0.0.1:9/api"}, "Slack is not connected: "),
    ],
)
async def test_telegram_works_whatever_is_wrong_with_slack(
    wrong: dict[str, str], says: str, started: Started, slack: SlackServer, telegram: TelegramServer
) -> None:
    ada = telegram.person("Ada")
    chat = telegram.private(ada)
    async with started(slack, telegram, **wrong) as bot:
        line = await bot.logs(says)
        assert "revoked" not in line
        await telegram.say(chat, ada, "/help")
        await telegram.until(lambda: chat.sent, within=WITHIN)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"TELEGRAM_BOT_TOKEN": "123456:revoked"}, "Telegram is off: "),
        ({"TELEGRAM_API_URL": "http://127.0.0.1:9"}, "Telegram is not connected: "),
    ],
)
async def test_slack_works_whatever_is_wrong_with_telegram(
    wrong: dict[str, str], says: str, started: Started, slack: SlackServer, telegram: TelegramServer
) -> None:
    async with started(slack, telegram, **wrong) as bot:
        line = await bot.logs(says)
        assert "revoked" not in line
        await slack.until(lambda: slack.link.connected, within=WITHIN)
        await slack.command("/commitcast", "help")
        await alone_on_slack(slack, "/commitcast subscribe")


async def test_a_chat_that_was_unreachable_is_connected_when_it_is_back(
    started: Started, telegram: TelegramServer
) -> None:
    ada = telegram.person("Ada")
    chat = telegram.private(ada)
    async with telegram.unreachable():
        bots = started(telegram=telegram)
        bot = await bots.__aenter__()
        await bot.logs("Telegram is not connected")
    try:
        await telegram.say(chat, ada, "/help")
        await telegram.until(lambda: chat.sent, within=WITHIN)
    finally:
        await bots.__aexit__(None, None, None)


async def test_without_a_chat_that_works_the_process_ends_and_says_why(
    started: Started, slack: SlackServer
) -> None:
    ran = await started.shell.run("run")
    assert ran.status == 2
    assert ran.err.startswith("No chat is set up. Set SLACK_BOT_TOKEN")
    settings = {"SLACK_BOT_TOKEN": "xoxb-revoked", "SLACK_APP_TOKEN": "xapp-1"}
    ran = await started.shell.run("run", **settings, SLACK_API_URL=slack.api_url)
    assert ran.status == 1
    assert "Slack is off" in ran.err
    assert ran.err.strip().endswith("Mend the settings and start again.")
    ran = await started.shell.run("run", SLACK_BOT_TOKEN="xoxb-1")
    assert ran.status == 2
    assert "neither SLACK_APP_TOKEN (Socket Mode) nor SLACK_SIGNING_SECRET" in ran.err


async def test_no_token_is_logged(
    started: Started, slack: SlackServer, telegram: TelegramServer
) -> None:
    """Invariant 7: secrets are in no log."""
    async with started(slack, telegram, GITHUB_TOKEN="a-token") as bot:
        await bot.logs("Telegram")
        await slack.until(lambda: slack.link.connected, within=WITHIN)
        await slack.command("/digest", "acme/widget")
        await on_slack(slack, "3 commits", 0)
    log = "".join(bot.log)
    for secret in (slack.app.bot_token, slack.app.app_token, telegram.token, "a-token"):
        assert secret not in log
    assert telegram.token.partition(":")[2] not in log


async def test_a_button_works_after_a_restart_of_the_bot(
    started: Started, slack: SlackServer
) -> None:
    async with started(slack):
        await slack.until(lambda: slack.link.connected, within=WITHIN)
        await slack.command("/digest", "acme/widget")
        digest = await on_slack(slack, "3 commits", 0)
    async with started(slack) as bot:
        await bot.logs("Slack")
        await slack.until(lambda: slack.link.connected, within=WITHIN)
        token = re.findall(r"'value': '(e\.[^']+)'", str(digest.blocks))[0]
        await slack.press(digest, token)
        assert (await on_slack(slack, "Why this importance", 1)).thread_ts == digest.ts


@pytest.mark.slow
async def test_fifty_commands_a_second_are_acknowledged_while_everything_hangs(
    started: Started, slack: SlackServer, github: GitHubServer
) -> None:
    """Invariant 10. The machine may be slow, so the bound is Slack's own, 3 s; the figures are in
    docs/benchmarks.md."""
    github.inject(hang, times=100_000)
    for number in range(2, 22):
        slack.workspace.add_channel(f"C{number}", f"team-{number}")
    async with started(slack):
        await slack.until(lambda: slack.link.connected, within=WITHIN)
        deliveries = []
        for number in range(150):
            command = slack.command(
                "/digest",
                f"acme/widget 2026-01-{1 + number % 28:02}",
                channel=f"C{1 + number % 21}",
            )
            deliveries.append(asyncio.create_task(command))
            await asyncio.sleep(0.02)
        done = await asyncio.gather(*deliveries)
        assert max(delivery.latency for delivery in done) < 3
        await slack.until(lambda: len(slack.workspace.ephemerals("U1", "C1")) > 0, within=WITHIN)
