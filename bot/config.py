"""The settings: from the environment or a `.env` file in the current folder, checked at the start.

The environment wins over the file. A secret and the address that it is sent to have to come from
the same place: a `.env` that came with somebody's repository must not redirect a key that stands
in the environment.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from analyzers.errors import InputError, SettingError
from bot.sources.locators import without_userinfo
from bot.spans import parse_language, parse_zone

DEFAULT_MODEL: Final = "gpt-5-mini"
"""Asked when a key or a server is set and no model is named."""

_WRONG: Final = {
    "GITHUB_API_URL": "error-setting-address",
    "OPENAI_BASE_URL": "error-setting-address",
    "REDIS_URL": "error-setting-redis-url",
    "COMMITCAST_DATA": "error-setting-folder",
    "COMMITCAST_LANGUAGE": "error-setting-language",
    "COMMITCAST_TIMEZONE": "error-setting-timezone",
    "COMMITCAST_LLM_CONCURRENCY": "error-setting-concurrency",
}
"""What people are told of a setting that is wrong."""

_CHECKED: Final = {
    "error-zone": "COMMITCAST_TIMEZONE",
    "error-language": "COMMITCAST_LANGUAGE",
}
"""Which setting a check refused that options share."""

_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")

_SENT_TO: Final = {"OPENAI_API_KEY": "OPENAI_BASE_URL", "GITHUB_TOKEN": "GITHUB_API_URL"}
"""Each secret that travels, and the setting that says where to."""


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    is_plain = _HOST.fullmatch(parts.hostname or "") and "@" not in parts.netloc
    if parts.scheme not in ("http", "https") or not is_plain or parts.port == 0:
        raise ValueError
    return value.rstrip("/")


def _redis_address(value: SecretStr) -> SecretStr:
    if urlsplit(value.get_secret_value()).scheme not in ("redis", "rediss", "unix"):
        raise ValueError
    return value


def _folder(value: Path) -> Path:
    try:
        return value.expanduser()
    except RuntimeError as exc:  # the home of somebody who is not here
        raise ValueError from exc


def default_data_folder() -> Path:
    """Where data lives when nobody says: the user's data folder by the XDG convention."""
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "commitcast"


WebAddress = Annotated[str, AfterValidator(_web_address)]


class Settings(BaseModel):
    """Every setting that the process understands, valid by construction."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    github_token: SecretStr | None = None
    github_api_url: WebAddress = "https://api.github.com"
    openai_api_key: SecretStr | None = None
    openai_base_url: WebAddress | None = None
    openai_model: str = DEFAULT_MODEL
    redis_url: Annotated[SecretStr, AfterValidator(_redis_address)] | None = None
    commitcast_data: Annotated[Path, AfterValidator(_folder)] = Field(
        default_factory=default_data_folder
    )
    commitcast_language: Annotated[str, AfterValidator(parse_language)] = "en"
    commitcast_timezone: Annotated[str, AfterValidator(parse_zone)] = "UTC"
    commitcast_llm_concurrency: int = Field(default=8, ge=1, le=256)

    @property
    def has_model(self) -> bool:
        """Whether a language model is to be asked: a key or a server is named."""
        return self.openai_api_key is not None or self.openai_base_url is not None


NAMES: Final = tuple(name.upper() for name in Settings.model_fields)
"""The settings' names, as the environment and the file have them."""


def load_settings() -> Settings:
    """Read and check the settings. An empty value is none.

    Raises:
        SettingError: one is wrong; says which, what it holds (masked where secret) and what is
            allowed.
    """
    try:
        # Without interpolation: a file must not weave a secret into an address either.
        read = dotenv_values(".env", interpolate=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingError("error-env-file", reason=str(exc)) from exc
    in_file = {name: value for name, value in read.items() if name in NAMES and value}
    in_environment = {name: os.environ[name] for name in NAMES if os.environ.get(name)}
    for secret, address in _SENT_TO.items():
        if secret in in_environment and address in in_file and address not in in_environment:
            raise SettingError("error-setting-split", secret=secret, address=address)
    told = in_file | in_environment
    try:
        return Settings.model_validate({name.lower(): value for name, value in told.items()})
    except ValidationError as exc:
        name = str(exc.errors(include_url=False, include_input=False)[0]["loc"][0]).upper()
        shown = "***" if name == "REDIS_URL" else without_userinfo(told[name])
        raise SettingError(_WRONG[name], name=name, value=shown) from exc
    except InputError as exc:  # a zone or a language, checked as everywhere else
        name = _CHECKED[exc.code]
        raise SettingError(_WRONG[name], name=name, value=told[name]) from exc
