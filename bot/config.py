"""The settings: from the environment or a `.env` file in the current folder, checked at the start.

The environment wins over the file. A secret and the address that it is sent to have to come from
the same place: a `.env` that came with somebody's repository must not redirect a key that stands
in the environment.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from dotenv import dotenv_values
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from analyzers.errors import SettingError

DEFAULT_MODEL: Final = "gpt-5-mini"
"""Asked when a key or a server is set and no model is named."""

_WRONG: Final = {
    "github_api_url": "error-setting-address",
    "openai_base_url": "error-setting-address",
    "redis_url": "error-setting-redis-url",
    "commitcast_language": "error-setting-language",
    "commitcast_timezone": "error-setting-timezone",
    "commitcast_llm_concurrency": "error-setting-concurrency",
}
"""What people are told of a setting that is wrong."""

_SENT_TO: Final = {"OPENAI_API_KEY": "OPENAI_BASE_URL", "GITHUB_TOKEN": "GITHUB_API_URL"}
"""Each secret that travels, and the setting that says where to."""


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(value)
    return value.rstrip("/")


def _redis_address(value: SecretStr) -> SecretStr:
    if urlsplit(value.get_secret_value()).scheme not in ("redis", "rediss", "unix"):
        raise ValueError
    return value


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(value)
    return value


def default_data_folder() -> Path:
    """Where data lives when nobody says: the user's data folder by the XDG convention."""
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "commitcast"


WebAddress = Annotated[str, AfterValidator(_web_address)]


class Settings(BaseSettings):
    """Every setting that the process understands, valid by construction."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    github_token: SecretStr | None = None
    github_api_url: WebAddress = "https://api.github.com"
    openai_api_key: SecretStr | None = None
    openai_base_url: WebAddress | None = None
    openai_model: str = DEFAULT_MODEL
    redis_url: Annotated[SecretStr, AfterValidator(_redis_address)] | None = None
    commitcast_data: Path = Field(default_factory=default_data_folder)
    commitcast_language: str = Field(default="en", pattern=r"^\w[\w -]{0,39}$")
    commitcast_timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    commitcast_llm_concurrency: int = Field(default=8, ge=1, le=256)

    @property
    def has_model(self) -> bool:
        """Whether a language model is to be asked: a key or a server is named."""
        return self.openai_api_key is not None or self.openai_base_url is not None


def load_settings() -> Settings:
    """Read and check the settings.

    Raises:
        SettingError: one is wrong; says which, what it holds (masked where secret) and what is
            allowed.
    """
    try:
        in_file = {name.upper(): value for name, value in dotenv_values(".env").items() if value}
        settings = Settings()
    except ValidationError as exc:
        name = str(exc.errors(include_url=False, include_input=False)[0]["loc"][0])
        value = os.environ.get(name.upper()) or in_file.get(name.upper(), "")
        shown = "***" if name == "redis_url" else value
        raise SettingError(_WRONG[name], name=name.upper(), value=shown) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingError("error-env-file", reason=str(exc)) from exc
    for secret, address in _SENT_TO.items():
        if os.environ.get(secret) and address in in_file and not os.environ.get(address):
            raise SettingError("error-setting-split", secret=secret, address=address)
    return settings
