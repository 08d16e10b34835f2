"""`commitcast doctor`: each fault is a finding that says what to do, and no secret is in any."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bot.app import utc_now
from bot.config import NAMES, Settings, secrets_of, webhook_secret
from bot.deliveries.ledger import Ledger, Stopped
from bot.doctor import examination
from bot.doctor.examination import examine
from bot.doctor.findings import Finding, Severity, Subject, bounded
from bot.doctor.report import document, print_table
from bot.monitoring.logs import hiding
from bot.stores.ledgers import RedisLedgers
from bot.stores.subscriptions import RedisSubscriptions
from formatters.text import LANGUAGES, words_for
from tests.deliveries import MADE, a_subscription
from tests.servers.github import GitHubServer
from tests.servers.github_faults import hang, says
from tests.servers.openai import API_KEY, MODEL, Fault, Lack, OpenAIServer
from tests.servers.slack import SlackServer
from tests.servers.slack_faults import refused
from tests.servers.telegram import TelegramServer
from tests.shell import Shell

if TYPE_CHECKING:
    from redis.asyncio import Redis

EN = words_for("en")
FINE, NOTE, WARNING, BROKEN = Severity


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment and a folder without settings."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name in NAMES or name.startswith("COMMITCAST_"):
            monkeypatch.delenv(name)


@pytest_asyncio.fixture
async def github(tmp_path: Path) -> AsyncIterator[GitHubServer]:
    async with GitHubServer(tmp_path) as server:
        yield server


@dataclass
class Doctor:
    """Looks at settings, with a GitHub that is there and the store of all tests."""

    base: Mapping[str, Any]

    async def __call__(
        self, *, limit: float = 10, now: datetime | None = None, **more: Any
    ) -> dict[str, Finding]:
        """The findings by their codes."""
        settings = Settings.model_validate({**self.base, **more})
        async with hiding(secrets_of(settings)):
            found = await examine(settings, EN, lambda: now or utc_now(), limit)
        for language in LANGUAGES:  # whatever it is, it can be told
            assert document(found, words_for(language))
        return {finding.code: finding for finding in found}


@pytest.fixture
def doctor(redis: Redis, redis_url: str, tmp_path: Path, github: GitHubServer) -> Doctor:
    base = {"redis_url": redis_url, "commitcast_data": tmp_path, "github_api_url": github.api_url}
    return Doctor(base)


def told(finding: Finding) -> str:
    """What people read."""
    return EN(finding.code, **finding.details)


def broken(found: Mapping[str, Finding]) -> set[str]:
    return {code for code, finding in found.items() if finding.severity is BROKEN}


# ---- the command


@asynccontextmanager
async def everything(data: Path) -> AsyncIterator[tuple[Shell, OpenAIServer, TelegramServer]]:
    """A shell with every part set up, and all of them well."""
    async with AsyncExitStack() as stack:
        github = await stack.enter_async_context(GitHubServer(data, scopes="repo"))
        slack = await stack.enter_async_context(SlackServer())
        telegram = await stack.enter_async_context(TelegramServer())
        model = await stack.enter_async_context(OpenAIServer())
        settings = {
            "GITHUB_API_URL": github.api_url,
            "GITHUB_TOKEN": github.tokens[0],
            "SLACK_API_URL": slack.api_url,
            "SLACK_BOT_TOKEN": slack.app.bot_token,
            "SLACK_APP_TOKEN": slack.app.app_token,
            "SLACK_SIGNING_SECRET": slack.app.signing_secret,
            "TELEGRAM_API_URL": telegram.api_url,
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "OPENAI_API_KEY": API_KEY,
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_MODEL": MODEL,
            "OPENAI_FALLBACK_MODEL": "second-test-model",
        }
        yield Shell(data, data, settings, is_forked=True), model, telegram


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder with a short name: sockets have no room for a long one."""
    with tempfile.TemporaryDirectory(prefix="cc") as folder:
        yield Path(folder)


CANARIES = {
    "SLACK_BOT_TOKEN": "xoxb-canary-slack-bot-token",
    "SLACK_APP_TOKEN": "xapp-canary-slack-app-token",
    "SLACK_SIGNING_SECRET": "canary-signing-secret",
    "TELEGRAM_BOT_TOKEN": "70001:canary-telegram-token",
    "GITHUB_TOKEN": "canary-github-token",
    "OPENAI_API_KEY": API_KEY,
    "OPENAI_FALLBACK_API_KEY": "canary-fallback-key",
    "REDIS_URL": "redis://user:canary-redis-password@127.0.0.1:1/0",
    "COMMITCAST_PING_URL": "http://127.0.0.1:1/canary-ping-address",
}


async def test_where_all_is_well_it_says_so_of_each_part(data: Path) -> None:
    async with everything(data) as (shell, model, _):
        ran = await shell.run("doctor", "--json")
        assert ran.status == 0, ran.out
        assert ran.err == ""
        found = ran.json["findings"]
        assert ran.json["format"] == "commitcast.doctor/1"
        assert {one["subject"] for one in found} == {subject.value for subject in Subject}
        assert "broken" not in {one["severity"] for one in found}
        assert [one["text"] for one in found if one["code"] == "doctor-slack-socket"]
        assert len(model.requests) == 2  # one small question to each model
        assert {body["model"] for body in model.requests} == {MODEL, "second-test-model"}


async def test_no_secret_is_told_whatever_refuses_it(data: Path) -> None:
    """All tokens are wrong, and every server tells so in its way, some quoting the token."""
    secret = {n.upper() for n, f in Settings.model_fields.items() if "Secret" in str(f.annotation)}
    assert secret == CANARIES.keys()
    async with everything(data) as (shell, model, _):
        model.api_key = "another"  # it quotes the one that it refuses
        shell.settings |= CANARIES | {"OPENAI_FALLBACK_BASE_URL": model.base_url}
        for arguments in ((), ("--json", "--lang", "zh")):
            ran = await shell.run("doctor", *arguments)
            assert ran.status == 1
            for output in (ran.out, ran.err):
                assert "canary" not in output
                assert API_KEY not in output
                assert webhook_secret(CANARIES["TELEGRAM_BOT_TOKEN"]) not in output
        codes = {one["code"] for one in ran.json["findings"] if one["severity"] == "broken"}
        assert codes == {
            "error-redis-unreachable",
            "error-github-token",
            "doctor-model-fails",
            "error-slack-token",
            "error-telegram-token",
        }


async def test_all_wrong_settings_are_told_at_once_and_nobody_is_asked(data: Path) -> None:
    """With an address left out for being wrong, a key would go to another server."""
    async with everything(data) as (shell, model, telegram):
        wrong = {
            "OPENAI_BASE_URL": "my server",
            "COMMITCAST_TIMEZONE": "Mars/Olympus",
            "SLACK_BOT_TOKEN": "canary",
            "COMMITCAST_PORT": "http",
            "GITHUB_API_URL": f"ghp_{'0aB1' * 9}",  # pasted into the wrong line
        }
        ran = await shell.run("doctor", **wrong)
        assert ran.status == 1
        for name in wrong:
            assert name in ran.out
        assert "Mars/Olympus" in ran.out
        assert "canary" not in ran.out
        assert "0aB1" not in ran.out
        assert not model.requests
        assert not telegram.requests


# ---- how checks are run


async def test_a_check_that_crashes_is_a_finding_and_hides_no_other() -> None:
    async def check() -> AsyncGenerator[Finding]:
        yield Finding(Subject.DISK, FINE, "doctor-git", {"version": "2"})
        raise KeyError("surprise")

    before, crash = await bounded(Subject.DISK, check(), 1)
    assert before.severity is FINE
    assert crash.severity is BROKEN
    assert "KeyError: 'surprise'" in told(crash)


async def test_a_check_that_takes_too_long_is_ended_and_the_others_go_on(
    doctor: Doctor, github: GitHubServer
) -> None:
    github.inject(hang)
    found = await doctor(limit=3)
    assert found["doctor-late"].subject is Subject.GITHUB
    assert "doctor-store" in found


async def test_checks_run_at_the_same_time(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits for the other."""
    meeting = asyncio.Barrier(2)

    async def check() -> AsyncGenerator[Finding]:
        await meeting.wait()
        yield Finding(Subject.DISK, FINE, "doctor-git", {"version": "2"})

    checks = [(Subject.DISK, check()), (Subject.GIT, check())]
    monkeypatch.setattr(examination, "_checks", lambda *_: checks)
    assert (await doctor(limit=5)).keys() == {"doctor-git"}


def test_the_table_shows_whole_texts_in_every_language() -> None:
    """Chinese has no spaces to wrap at, and must not be cut."""
    from io import StringIO

    from rich.console import Console

    for language in LANGUAGES:
        out, words = StringIO(), words_for(language)
        finding = Finding(Subject.MODEL, NOTE, "doctor-model-none")
        print_table([finding], words, Console(file=out, width=60))
        squeezed = "".join(out.getvalue().split())
        assert "".join(words("doctor-model-none").split()) in squeezed


# ---- settings and the machine


async def test_settings_that_change_nothing_are_told(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COMMITCAST_TIMEZON", "UTC")
    (tmp_path / ".env").write_text("COMMITCAST_TIMEZON=UTC\n")
    (tmp_path / ".env").chmod(0o644)
    found = await doctor(
        slack_app_token="xapp-1",
        openai_base_url="http://127.0.0.1:1",
        commitcast_prices="USD other=1/1/1",
    )
    assert "Did you mean COMMITCAST_TIMEZONE?" in told(found["doctor-setting-unknown"])
    assert "SLACK_APP_TOKEN changes nothing without SLACK_BOT_TOKEN" in told(
        found["doctor-setting-idle"]
    )
    assert "gpt-5-mini" in told(found["doctor-price-none"])
    assert found["doctor-env-open"].severity is WARNING
    assert found["doctor-no-chat"].severity is NOTE


async def test_a_folder_that_cannot_be_written_is_told(doctor: Doctor, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    found = await doctor(commitcast_data=file / "data")
    assert broken(found) == {"doctor-disk-closed"}


async def test_a_disk_without_room_is_told(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.doctor.machine.SCARCE", 1 << 62)
    assert "doctor-disk-full" in broken(await doctor())


async def test_a_clock_and_zone_data_that_are_off_are_told(doctor: Doctor) -> None:
    late = await doctor(now=utc_now() - timedelta(seconds=100))
    assert "behind" in told(late["doctor-clock-wrong"])
    assert late["doctor-clock-wrong"].severity is WARNING
    early = await doctor(now=utc_now() + timedelta(days=3000))
    assert early["doctor-clock-wrong"].severity is BROKEN
    assert early["doctor-zones-old"].severity is WARNING


async def test_a_git_that_is_missing_is_told(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert broken(await doctor()) == {"error-git-missing"}


# ---- the store


@asynccontextmanager
async def configured(redis: Redis, **directives: str) -> AsyncIterator[None]:
    """The shared server with other directives for a while."""
    names = {name.replace("_", "-"): value for name, value in directives.items()}
    before = {name: (await redis.config_get(name))[name] for name in names}
    for name, value in names.items():
        await redis.config_set(name, value)
    try:
        yield
    finally:
        for name in reversed(names):
            await redis.config_set(name, str(before[name]))


@pytest.mark.parametrize(
    ("directives", "code", "severity"),
    [
        ({"maxmemory_policy": "allkeys-lru"}, "doctor-store-evicts", WARNING),
        ({"maxmemory_policy": "allkeys-lru", "maxmemory": "1gb"}, "doctor-store-evicts", BROKEN),
        (
            {"maxmemory_policy": "volatile-ttl", "maxmemory": "1gb"},
            "doctor-store-evicts-some",
            WARNING,
        ),
        ({"appendonly": "no", "save": ""}, "doctor-store-forgets", BROKEN),
        ({"appendonly": "no", "save": "3600 1"}, "doctor-store-snapshots", WARNING),
        ({"maxmemory": "1"}, "error-redis-reply", BROKEN),
    ],
)
async def test_a_server_that_would_lose_data_is_told(
    doctor: Doctor,
    redis: Redis,
    directives: dict[str, str],
    code: str,
    severity: Severity,
) -> None:
    async with configured(redis, **directives):
        found = await doctor()
    assert found[code].severity is severity


async def test_a_server_that_is_nearly_full_is_told(doctor: Doctor, redis: Redis) -> None:
    used = (await redis.info("memory"))["used_memory"]
    async with configured(redis, maxmemory=str(round(used * 1.05))):
        await asyncio.sleep(0)
        assert (await doctor())["doctor-store-full"].severity is WARNING


async def test_a_server_that_tells_nothing_of_itself_is_no_failure(
    doctor: Doctor, redis: Redis, redis_url: str
) -> None:
    """As hosted ones; and one without CONFIG alone says what INFO has."""
    for name, forbidden in (("guest", "-info"), ("tenant", "-config")):
        await redis.acl_setuser(
            name, enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all", forbidden]
        )
    path = redis_url.removeprefix("unix://")
    guest = await doctor(redis_url=f"unix://guest:pw@{path}")
    assert guest["doctor-store-closed"].severity is NOTE
    async with configured(redis, appendonly="no"):
        tenant = await doctor(redis_url=f"unix://tenant:pw@{path}")
    assert tenant["doctor-store-saves-unknown"].severity is NOTE
    assert not broken(guest) | broken(tenant)


async def test_a_store_of_a_later_version_is_told_and_left_alone(
    doctor: Doctor, redis: Redis
) -> None:
    await redis.set("commitcast:schema", "99")
    assert broken(await doctor()) == {"error-store-newer"}
    assert await redis.keys() == [b"commitcast:schema"]


# ---- subscriptions


async def test_subscriptions_that_get_no_digests_are_told_with_the_reason(
    doctor: Doctor, redis: Redis
) -> None:
    stopped = Stopped("error-telegram-forbidden", {"said": "bot was kicked"}, MADE)
    subscriptions, ledgers = RedisSubscriptions(redis), RedisLedgers(redis)
    kept = {
        "telegram:-1": (a_subscription("telegram:-1"), Ledger(stopped=stopped)),
        "telegram:-2": (a_subscription("telegram:-2", zone="Moon/Crater"), Ledger()),
        "telegram:-3": (a_subscription("telegram:-3"), Ledger()),
        "telegram:-4": (a_subscription("telegram:-4"), Ledger()),
        "slack:T1/C1": (a_subscription("slack:T1/C1"), Ledger()),
    }
    for channel, (subscription, ledger) in kept.items():
        await subscriptions.put(subscription)
        await ledgers.open(subscription, Ledger(), MADE)
        if ledger.stopped:
            claimed = await ledgers.claim(channel, subscription.key, 10)
            assert claimed
            await ledgers.close(claimed.claim, ledger, None)
    async with TelegramServer() as telegram:
        found = await doctor(
            telegram_bot_token=telegram.token,
            telegram_api_url=telegram.api_url,
            commitcast_allowed_chats="telegram:-4",
        )
    assert "/allow telegram:-3" in told(found["doctor-subscription-chat-closed"])
    text = told(found["doctor-subscription-stopped"])
    assert "acme/widget in telegram:-1" in text
    assert "bot was kicked" in text
    assert "Moon/Crater" in told(found["doctor-subscription-zone"])
    assert "slack:T1/C1" in told(found["doctor-subscription-chat-off"])
    assert found["doctor-subscriptions"].details == {"n": 1}
    assert found["doctor-late-digests"].severity is WARNING  # since `MADE`


# ---- GitHub


async def test_a_token_that_ends_soon_may_too_much_or_has_little_left_is_told(
    doctor: Doctor, github: GitHubServer
) -> None:
    github.scopes, github.counted = "repo, delete_repo", 4_900
    github.expires = f"{utc_now() + timedelta(days=3, hours=1):%Y-%m-%d %H:%M:%S} UTC"
    found = await doctor(github_token=github.tokens[0])
    assert "in 3 days" in told(found["doctor-github-expires"])
    assert found["doctor-github-expires"].severity is WARNING
    assert "(delete_repo)" in told(found["doctor-github-wide"])
    assert "100 of 5000" in told(found["doctor-github-rate-low"]).replace(",", "")
    assert found["doctor-github-rate-low"].severity is WARNING
    assert github.counted == 4_900  # to look costs nothing


async def test_a_token_is_told_by_its_kind(doctor: Doctor, github: GitHubServer) -> None:
    assert "60 requests" in told((await doctor())["doctor-github-anonymous"])
    assert "doctor-github-token" in await doctor(github_token=github.tokens[0])
    github.scopes = ""
    assert "doctor-github-public" in await doctor(github_token=github.tokens[0])
    github.expires = f"{utc_now() + timedelta(days=90):%Y-%m-%d %H:%M:%S} +0200"
    found = await doctor(github_token=github.tokens[0])
    assert found["doctor-github-expires"].severity is FINE


async def test_a_github_that_does_not_answer_as_one_is_told(
    doctor: Doctor, github: GitHubServer
) -> None:
    assert broken(await doctor(github_token="wrong")) == {"error-github-token"}
    github.inject(says(503))
    assert broken(await doctor()) == {"error-github-server"}
    assert broken(await doctor(github_api_url="http://127.0.0.1:1")) == {"error-github-unreachable"}
    github.inject(says(404, "Rate limiting is not enabled."))
    assert "doctor-github-unlimited" in await doctor()


# ---- models


@pytest.mark.parametrize(
    ("lacks", "form", "limit"),
    [
        (set(), "json_schema", "max_completion_tokens"),
        ({Lack.JSON_SCHEMA}, "json_object", "max_completion_tokens"),
        ({Lack.JSON_SCHEMA, Lack.JSON_OBJECT, Lack.MAX_COMPLETION_TOKENS}, "text", "max_tokens"),
        ({Lack.HEED}, "json_object", "max_completion_tokens"),
    ],
)
async def test_how_a_model_wants_to_be_asked_is_told(
    doctor: Doctor, lacks: set[Lack], form: str, limit: str
) -> None:
    async with OpenAIServer(delay=0.06) as server:
        server.lacks = lacks
        found = await doctor(openai_base_url=server.base_url, openai_api_key=API_KEY)
    details = found["doctor-model"].details
    assert (details["form"], details["limit"]) == (form, limit)
    assert float(details["seconds"]) >= 0.1
    assert f"127.0.0.1:{server.port}" in told(found["doctor-model"])


@pytest.mark.parametrize(
    ("fault", "severity", "words"),
    [
        (Fault.UNAUTHORIZED, BROKEN, "Check OPENAI_API_KEY"),
        (Fault.NO_MODEL, BROKEN, "Check OPENAI_MODEL"),
        (Fault.NO_QUOTA, BROKEN, "quota is used up"),
        (Fault.RATE_LIMITED_FOR_AN_HOUR, WARNING, "no more requests for now"),
        (Fault.SERVER_ERROR, WARNING, "reports an error"),
        (Fault.HANG, WARNING, "no answer within"),
        (Fault.EMPTY, BROKEN, "reply is empty"),
        (Fault.HTML, BROKEN, "cannot be read"),
        (Fault.PROSE, BROKEN, "cannot be read"),
        (Fault.DROP, BROKEN, "cannot be reached"),
    ],
)
async def test_a_model_that_gives_no_analyses_is_told_with_the_setting_to_look_at(
    doctor: Doctor, fault: Fault, severity: Severity, words: str
) -> None:
    async with OpenAIServer() as server:
        server.fault = fault
        limit = 1 if fault is Fault.HANG else 10
        found = await doctor(openai_base_url=server.base_url, openai_api_key=API_KEY, limit=limit)
    finding = found["doctor-model-fails"]
    assert finding.severity is severity
    assert words in told(finding)
    assert API_KEY not in told(finding)


async def test_of_two_models_each_is_told_with_its_own_settings(doctor: Doctor) -> None:
    async with OpenAIServer() as server:
        found = await doctor(
            openai_base_url=server.base_url,
            openai_api_key=API_KEY,
            openai_fallback_model="other",
            openai_fallback_base_url=server.base_url,
            openai_fallback_api_key="wrong-key-of-the-second",
        )
    assert found["doctor-model"].subject is Subject.MODEL
    assert found["doctor-model-fails"].subject is Subject.SECOND_MODEL
    assert "Check OPENAI_FALLBACK_API_KEY" in told(found["doctor-model-fails"])


# ---- chats


def slack_settings(slack: SlackServer, **more: str | None) -> dict[str, Any]:
    tokens = {"slack_bot_token": slack.app.bot_token, "slack_app_token": slack.app.app_token}
    given = {"slack_api_url": slack.api_url, **tokens, **more}
    return {name: value for name, value in given.items() if value}


async def test_scopes_that_slack_lacks_are_told_by_name(doctor: Doctor) -> None:
    async with SlackServer() as slack:
        slack.app.scopes -= {"files:write", "im:history"}
        slack.app.scopes |= {"admin"}
        found = await doctor(**slack_settings(slack))
    assert "files:write, im:history" in told(found["doctor-slack-scopes-missing"])
    assert "(admin)" in told(found["doctor-slack-scopes-surplus"])
    assert broken(found) == {"doctor-slack-scopes-missing"}


async def test_a_slack_that_refuses_is_told(doctor: Doctor) -> None:
    async with SlackServer() as slack:
        wrong = await doctor(**slack_settings(slack, slack_app_token="xapp-wrong"))
        half = await doctor(**slack_settings(slack, slack_app_token=None))
        http = {"slack_app_token": None, "slack_signing_secret": "s3cr3t-of-slack"}
        by_http = await doctor(**slack_settings(slack, **http))
        closed = await doctor(**slack_settings(slack, **http), commitcast_port=0)
        slack.inject("auth.test", refused("account_inactive"))
        dead = await doctor(**slack_settings(slack))
    assert broken(wrong) == {"error-slack-app-token"}
    assert broken(half) == {"error-slack-half"}
    assert by_http["doctor-slack-http"].severity is NOTE
    assert broken(closed) == {"doctor-port-none"}
    assert "account_inactive" in told(dead["error-slack-token"])


def telegram_settings(telegram: TelegramServer, **more: str) -> dict[str, Any]:
    own = {"telegram_bot_token": telegram.token, "telegram_api_url": telegram.api_url}
    return own | more


async def test_a_telegram_bot_is_told_with_where_its_updates_go(
    doctor: Doctor, telegram: TelegramServer
) -> None:
    found = await doctor(**telegram_settings(telegram))
    assert "@commitcast_bot" in told(found["doctor-telegram"])
    assert {"doctor-telegram-privacy", "doctor-telegram-polling"} <= found.keys()
    telegram.reads_everything, telegram.joins_groups = True, False
    open_url = {"commitcast_public_url": "https://bot.example"}
    found = await doctor(**telegram_settings(telegram, **open_url))
    assert found["doctor-telegram-reads-all"].severity is NOTE
    assert "/setjoingroups" in told(found["doctor-telegram-no-groups"])
    assert found["doctor-telegram-webhook-unset"].severity is NOTE


async def test_a_webhook_elsewhere_or_one_that_fails_is_told(
    doctor: Doctor, telegram: TelegramServer
) -> None:
    await telegram.updates.bring("https://other.example/hook/s3cr3t", "", 40)
    text = told((await doctor(**telegram_settings(telegram)))["doctor-telegram-webhook-elsewhere"])
    assert "other.example" in text
    assert "s3cr3t" not in text  # who knows the address can write to the other program
    await telegram.updates.bring("https://bot.example/telegram", "", 40)
    assert telegram.updates.webhook
    telegram.updates.webhook.last_error = "Connection refused"
    own = telegram_settings(telegram, commitcast_public_url="https://bot.example")
    found = await doctor(**own)
    assert "doctor-telegram-webhook" in found
    assert "Connection refused" in told(found["doctor-telegram-webhook-fails"])


async def test_a_telegram_that_refuses_the_token_is_told(
    doctor: Doctor, telegram: TelegramServer
) -> None:
    telegram.token = "7000000001:another"
    settings = telegram_settings(telegram, telegram_bot_token="7000000001:revoked")
    assert broken(await doctor(**settings)) == {"error-telegram-token"}
