"""The settings: valid, or refused with the setting's name, value and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzers.errors import SettingError
from bot.config import Settings, load_settings
from formatters.text import LANGUAGES, words_for


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_with_nothing_set_the_rules_answer_and_data_lies_in_the_users_folder() -> None:
    settings = load_settings()
    assert not settings.has_model
    assert settings.commitcast_data.name == "commitcast"
    assert settings.redis_url is None


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
def test_a_key_or_a_server_turns_the_model_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:8000/v1/")
    assert load_settings().has_model


def test_an_empty_value_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert not load_settings().has_model


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("GITHUB_API_URL", "api.github.com", "api.github.com"),
        ("OPENAI_BASE_URL", "ftp://models.example", "ftp://models.example"),
        ("OPENAI_BASE_URL", "https://ada:hunter2@models.example/v1", "models.example"),
        ("OPENAI_BASE_URL", "https://ada:hunter2@models.example:99999/v1", "models.example"),
        ("GITHUB_API_URL", "https://ada:hunter2@git.example/api/v3", "git.example"),
        ("OPENAI_BASE_URL", "http://é\\u0000/", "http"),
        ("COMMITCAST_TIMEZONE", "Factory", "Factory"),
        ("REDIS_URL", "http://ada:hunter2@redis.example", "***"),
        ("COMMITCAST_TIMEZONE", "Berlin", "Berlin"),
        ("COMMITCAST_LLM_CONCURRENCY", "many", "many"),
        ("COMMITCAST_LLM_CONCURRENCY", "0", "0"),
        ("COMMITCAST_LANGUAGE", "en; rm -rf", "en; rm -rf"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value_and_what_is_allowed(
    name: str, value: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as refused:
        load_settings()
    for language in LANGUAGES:
        told = words_for(language).error(refused.value)
        assert name in told
        assert shown in told
        assert "hunter2" not in told
        assert "\n" not in told


def test_a_file_gives_settings_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("COMMITCAST_LANGUAGE=zh\nCOMMITCAST_TIMEZONE=Asia/Shanghai\n")
    monkeypatch.setenv("COMMITCAST_TIMEZONE", "Europe/Berlin")
    settings = load_settings()
    assert settings.commitcast_language == "zh"
    assert settings.commitcast_timezone == "Europe/Berlin"


def test_a_wrong_value_in_the_file_is_told_too() -> None:
    Path(".env").write_text("COMMITCAST_TIMEZONE=Berlin\n")
    with pytest.raises(SettingError) as refused:
        load_settings()
    assert refused.value.details["value"] == "Berlin"


@pytest.mark.parametrize(
    ("secret", "address"),
    [("OPENAI_API_KEY", "OPENAI_BASE_URL"), ("GITHUB_TOKEN", "GITHUB_API_URL")],
)
def test_a_file_cannot_send_the_environments_secret_elsewhere(
    secret: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".env").write_text(f"{address}=https://elsewhere.example\n")
    monkeypatch.setenv(secret, "hunter2")
    with pytest.raises(SettingError) as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)
    monkeypatch.setenv(address, "https://here.example")
    assert load_settings().has_model == (secret == "OPENAI_API_KEY")


def test_a_file_cannot_weave_the_environments_secret_into_an_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("OPENAI_BASE_URL=https://elsewhere.example/${GITHUB_TOKEN}\n")
    monkeypatch.setenv("GITHUB_TOKEN", "hunter2")
    assert load_settings().openai_base_url == "https://elsewhere.example/${GITHUB_TOKEN}"


def test_a_home_folder_may_be_written_as_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMITCAST_DATA", "~/cast")
    assert load_settings().commitcast_data == Path.home() / "cast"


def test_a_file_that_is_no_text_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_bytes(b"\xff\xfe\x00OPENAI")
    with pytest.raises(SettingError):
        load_settings()


def test_no_secret_shows_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@redis.example")
    assert "hunter2" not in repr(load_settings())
