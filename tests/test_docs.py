"""The documents tell the truth: their commands run, their settings and links exist."""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import click
import pytest
from typer.main import get_command

from bot.cli import app
from bot.commands.grammar import Name
from bot.config import Settings
from bot.monitoring.prometheus import PrometheusMetrics
from tests.repositories import Repo
from tests.servers.git_http import GitHttpServer
from tests.servers.github import GitHubServer
from tests.servers.slack import SlackServer
from tests.shell import Shell

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def shell_lines(text: str) -> list[str]:
    """The lines of all shell blocks, without comments."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


COMMANDS = [
    line
    for line in shell_lines(README)
    if line.startswith("commitcast ") and line != "commitcast run"  # tests/test_run.py runs that
]


COMMANDS_BY_NAME = cast("click.Group", get_command(app)).commands
NOT_OURS = {
    *("healthz", "readyz", "metrics", "data", "tmp", "slack", "telegram", "fail", "proc"),
    *("invite", "newbot", "mybots", "setprivacy", "start"),
}
"""Paths, and commands of Slack, Telegram and BotFather."""


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_every_command_of_the_readme_runs(tmp_path: Path) -> None:
    """GitHub and GitLab are played by the servers of the tests, jq by nobody."""
    repo = Repo(tmp_path / "repo")
    for number in range(3):
        sha = repo.commit({"a": str(number)}, f"Set it to {number}")
    repo.git("tag", "v1.0", "HEAD~2")
    elsewhere = ("pallets/flask", "owner/one", "owner/two")
    with tempfile.TemporaryDirectory(prefix="cc") as data:
        async with (
            SlackServer() as slack,
            GitHubServer(repo.path, name="owner/repo", old_names=elsewhere) as github,
            GitHttpServer() as forge,
        ):
            config = tmp_path / "gitconfig"
            config.write_text(
                f'[url "{forge.publish(repo.path)}"]\n'
                "\tinsteadOf = https://gitlab.com/owner/project\n"
                "\tinsteadOf = https://github.com/owner/repo\n"
            )
            slack.workspace.add_channel("C0123ABCD", "widgets")
            settings = {
                "GITHUB_API_URL": github.api_url,
                "GIT_CONFIG_GLOBAL": str(config),
                "SLACK_BOT_TOKEN": slack.app.bot_token,
                "SLACK_APP_TOKEN": slack.app.app_token,
                "SLACK_API_URL": slack.api_url,
            }
            shell = Shell(repo.path, Path(data), settings, is_forked=True)
            assert len(COMMANDS) >= 8
            for line in COMMANDS:
                typed = line.partition("|")[0].replace("21da2dc", sha[:7])
                ran = await shell.run(*shlex.split(typed)[1:])
                assert ran.status == 0, f"{line}: {ran.err}"


def test_the_readme_has_every_setting_and_no_other() -> None:
    table = re.findall(r"^\| `([A-Z_]+)` \|.*\| (.+) \|$", README, re.MULTILINE)
    assert {name for name, _ in table} == {name.upper() for name in Settings.model_fields}
    for name, default in table:
        value = Settings.model_fields[name.lower()].default
        if isinstance(value, str | int) and value != "":
            assert default == f"`{value}`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_alert_is_on_metrics_that_exist_and_has_a_row_that_says_what_to_do() -> None:
    rules = (ROOT / "docs/alerts.yaml").read_text(encoding="utf-8")
    operations = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    alerts = set(re.findall(r"- alert: (\w+)", rules))
    rows = re.findall(r"^\| (`Commitcast\w+`.*?) \|", operations, re.MULTILINE)
    assert len(alerts) > 10
    assert alerts == set(re.findall(r"`(\w+)`", " ".join(rows)))
    assert set(re.findall(r"\b(?:commitcast|process)_[a-z_]+", rules + operations)) <= set(
        metrics()
    )


def metrics() -> Iterator[str]:
    """The names of all metrics and of their parts."""
    for family in PrometheusMetrics().registry.collect():
        parts = {"counter": ["_total"], "histogram": ["", "_bucket", "_count", "_sum"]}
        yield from (f"{family.name}{part}" for part in parts.get(family.type, [""]))


def test_every_target_of_make_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"(?m)(?:`|^)make ([a-z]+)", document.read_text(encoding="utf-8"))
    }
    assert {"demo", "test", "check"} <= named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_setting_command_and_option_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    settings = {name.upper() for name in Settings.model_fields}
    named = set(re.findall(r"\b(?:COMMITCAST|SLACK|TELEGRAM|GITHUB|OPENAI|REDIS)_[A-Z_]+\b", text))
    assert {name for name in named if not name.startswith("COMMITCAST_TEST_")} <= settings
    for line in (*shell_lines(text), *re.findall(r"`(commitcast [^`]+)`", text)):
        for typed in re.findall(r"(?:^|\| )(?:[A-Z_]+=\S+ )?commitcast ([^|]*)", line):
            name, *arguments = typed.split()
            if name != "--help":
                parameters = COMMANDS_BY_NAME[name].params
                options = {option for parameter in parameters for option in parameter.opts}
                assert {word for word in arguments if word.startswith("--")} <= options, line


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_for_a_chat_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    typed = re.findall(r"`/([a-z]+)(?: [^`/]*)?`", text)
    assert set(typed) - NOT_OURS <= {name.value for name in Name} | {"commitcast"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_of_ours_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:analyzers|bot|formatters|tests|docs)/[\w./-]*)`", text):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_place_in_a_document_that_is_linked_to_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target, place in re.findall(r"\]\(([^)#:\s]*)#([^)]+)\)", text):
        there = (document.parent / target if target else document).read_text(encoding="utf-8")
        titles = re.findall(r"(?m)^#+ (.+)$", there)
        assert place in {slug(title) for title in titles}, f"{target}#{place}"


def slug(title: str) -> str:
    """What a forge makes of a title for links to it."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
