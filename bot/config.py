"""The settings: from the environment or a `.env` file in the current folder, checked at the start.

The environment wins over the file. A secret and the address that it is sent to have to come from
the same place: a `.env` that came with somebody's repository must not redirect a key that stands
in the environment.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from analyzers.errors import InputError, SettingError
from bot.access import AllowedChats, Grants
from bot.prices import Prices
from bot.sources.locators import without_userinfo
from bot.spans import parse_language, parse_zone

DEFAULT_MODEL: Final = "gpt-5-mini"
"""Asked when a key or a server is set and no model is named."""

_WRONG: Final = {
    "GITHUB_API_URL": "error-setting-address",
    "OPENAI_BASE_URL": "error-setting-address",
    "OPENAI_FALLBACK_BASE_URL": "error-setting-address",
    "COMMITCAST_COMMIT_TOKENS": "error-setting-commit-tokens",
    "COMMITCAST_DAILY_TOKENS": "error-setting-daily-tokens",
    "COMMITCAST_DAILY_TOKENS_PER_CHAT": "error-setting-daily-tokens",
    "COMMITCAST_PRICES": "error-setting-prices",
    "COMMITCAST_ANALYSES": "error-setting-analyses",
    "REDIS_URL": "error-setting-redis-url",
    "COMMITCAST_DATA": "error-setting-folder",
    "COMMITCAST_LANGUAGE": "error-setting-language",
    "COMMITCAST_TIMEZONE": "error-setting-timezone",
    "COMMITCAST_LLM_CONCURRENCY": "error-setting-concurrency",
    "SLACK_BOT_TOKEN": "error-setting-slack-bot-token",
    "SLACK_APP_TOKEN": "error-setting-slack-app-token",
    "SLACK_API_URL": "error-setting-address",
    "TELEGRAM_BOT_TOKEN": "error-setting-telegram-token",
    "TELEGRAM_API_URL": "error-setting-address",
    "COMMITCAST_PUBLIC_URL": "error-setting-public-url",
    "COMMITCAST_PORT": "error-setting-port",
    "COMMITCAST_PRIVATE_GRANTS": "error-setting-grants",
    "COMMITCAST_ALLOWED_CHATS": "error-setting-allowed-chats",
    "COMMITCAST_HOURLY_COMMANDS_PER_USER": "error-setting-hourly-commands",
    "COMMITCAST_LOG_FORMAT": "error-setting-log-format",
    "COMMITCAST_LOG_LEVEL": "error-setting-log-level",
    "COMMITCAST_PING_URL": "error-setting-address",
}
"""What people are told of a setting that is wrong."""

_CHECKED: Final = {
    "error-zone": "COMMITCAST_TIMEZONE",
    "error-language": "COMMITCAST_LANGUAGE",
}
"""Which setting a check refused that options share."""

_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")

_SENT_TO: Final = {
    "OPENAI_API_KEY": "OPENAI_BASE_URL",
    "OPENAI_FALLBACK_API_KEY": "OPENAI_FALLBACK_BASE_URL",
    "GITHUB_TOKEN": "GITHUB_API_URL",
    "SLACK_BOT_TOKEN": "SLACK_API_URL",
    "SLACK_APP_TOKEN": "SLACK_API_URL",
    "TELEGRAM_BOT_TOKEN": "TELEGRAM_API_URL",
}
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


def _public_address(value: str) -> str:
    if not value.startswith("https://"):  # Telegram sends to nothing else
        raise ValueError
    return _web_address(value)


def _ping_address(value: SecretStr) -> SecretStr:
    url = value.get_secret_value()
    if not url.isprintable():
        raise ValueError
    return SecretStr(_web_address(url))


def _starting(value: SecretStr, start: str) -> SecretStr:
    if not re.fullmatch(rf"{start}[A-Za-z0-9-]+", value.get_secret_value()):
        raise ValueError
    return value


def _bot_token(value: SecretStr) -> SecretStr:
    return _starting(value, "xox[bp]-")


def _app_token(value: SecretStr) -> SecretStr:
    return _starting(value, "xapp-")


def _telegram_token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"\d{1,20}:[A-Za-z0-9_-]{1,100}", value.get_secret_value()):
        raise ValueError
    return value


def _chats(value: str) -> str:
    AllowedChats.parse(value)
    return value


def _grants(value: str) -> str:
    Grants.parse(value)
    return value


def _prices(value: str) -> str:
    Prices.parse(value)
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

    slack_bot_token: Annotated[SecretStr, AfterValidator(_bot_token)] | None = None
    slack_app_token: Annotated[SecretStr, AfterValidator(_app_token)] | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: WebAddress = "https://slack.com/api"
    telegram_bot_token: Annotated[SecretStr, AfterValidator(_telegram_token)] | None = None
    telegram_api_url: WebAddress = "https://api.telegram.org"
    github_token: SecretStr | None = None
    github_api_url: WebAddress = "https://api.github.com"
    openai_api_key: SecretStr | None = None
    openai_base_url: WebAddress | None = None
    openai_model: str = DEFAULT_MODEL
    openai_fallback_api_key: SecretStr | None = None
    openai_fallback_base_url: WebAddress | None = None
    openai_fallback_model: str | None = None
    redis_url: Annotated[SecretStr, AfterValidator(_redis_address)] | None = None
    commitcast_data: Annotated[Path, AfterValidator(_folder)] = Field(
        default_factory=default_data_folder
    )
    commitcast_language: Annotated[str, AfterValidator(parse_language)] = "en"
    commitcast_timezone: Annotated[str, AfterValidator(parse_zone)] = "UTC"
    commitcast_llm_concurrency: int = Field(default=8, ge=1, le=256)
    commitcast_commit_tokens: int = Field(default=48_000, ge=4_000, le=1_000_000)
    commitcast_daily_tokens: int | None = Field(default=None, ge=1)
    commitcast_daily_tokens_per_chat: int | None = Field(default=None, ge=1)
    commitcast_prices: Annotated[str, AfterValidator(_prices)] = ""
    commitcast_analyses: Literal["worth", "full"] = "worth"
    commitcast_hourly_commands_per_user: int = Field(default=120, ge=1)
    commitcast_allowed_chats: Annotated[str, AfterValidator(_chats)] = ""
    commitcast_private_grants: Annotated[str, AfterValidator(_grants)] = ""
    commitcast_public_url: Annotated[str, AfterValidator(_public_address)] | None = None
    commitcast_host: str = "127.0.0.1"
    commitcast_port: int = Field(default=8080, ge=0, le=65535)
    commitcast_log_format: Literal["readable", "json"] = "readable"
    commitcast_log_level: Literal["debug", "info", "warning", "error"] = "info"
    commitcast_ping_url: Annotated[SecretStr, AfterValidator(_ping_address)] | None = None

    @property
    def has_model(self) -> bool:
        """Whether a language model is to be asked: a key or a server is named."""
        return self.openai_api_key is not None or self.openai_base_url is not None


NAMES: Final = tuple(name.upper() for name in Settings.model_fields)
"""The settings' names, as the environment and the file have them."""

_SECRET: Final = {
    name.upper()
    for name, field in Settings.model_fields.items()
    if "SecretStr" in str(field.annotation)
}
"""Settings whose value nobody is shown."""


_LONG: Final = 16
"""Characters of a part of the ping's address that is a secret by itself; shorter ones are words
such as a check's name, without which no log could be read."""


def webhook_secret(token: str) -> str:
    """What Telegram shows with what it sends, for a bot's token: the same in every process that has
    the token, and no help to find it."""
    return hashlib.sha256(f"commitcast webhook {token}".encode()).hexdigest()


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Every value that nobody may see: the secret settings, what is derived from them, and the
    parts of them that libraries show alone."""
    told = [v.get_secret_value() for v in vars(settings).values() if isinstance(v, SecretStr)]
    if settings.telegram_bot_token:
        token = settings.telegram_bot_token.get_secret_value()
        told += [token.partition(":")[2], webhook_secret(token)]
    if settings.redis_url:
        parts = urlsplit(settings.redis_url.get_secret_value())
        passwords = [parts.password or "", *parse_qs(parts.query).get("password", [])]
        told += [form for password in passwords for form in (password, unquote(password))]
    if settings.commitcast_ping_url:
        parts = urlsplit(settings.commitcast_ping_url.get_secret_value())
        asked = [value for values in parse_qs(parts.query).values() for value in values]
        told += [part for part in (*parts.path.split("/"), *asked) if len(part) >= _LONG]
    return tuple(filter(None, told))


def load_settings() -> Settings:
    """Read and check the settings. An empty value is none.

    Raises:
        SettingError: one is wrong; says which, what it holds (masked where secret) and what is
            allowed.
    """
    return _checked(_told())


def wrong_settings() -> list[SettingError]:
    """All that is wrong with the settings, where `load_settings` tells the first alone."""
    try:
        told = _told()
    except SettingError as exc:
        return [exc]
    wrong: list[SettingError] = []
    while True:
        try:
            _checked(told)
        except SettingError as exc:
            wrong.append(exc)
            del told[str(exc.details["name"])]
        else:
            return wrong


def unknown_settings() -> list[str]:
    """Names in the environment and the file that begin as ours and are none of them."""
    told = {*os.environ, *_in_file()}
    return sorted(name for name in told - {*NAMES} if name.startswith("COMMITCAST_"))


def _in_file() -> dict[str, str | None]:
    try:
        # Without interpolation: a file must not weave a secret into an address either.
        return dotenv_values(".env", interpolate=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingError("error-env-file", reason=str(exc)) from exc


def _told() -> dict[str, str]:
    """The settings' values by their names, the environment's before the file's."""
    in_file = {name: value for name, value in _in_file().items() if name in NAMES and value}
    in_environment = {name: os.environ[name] for name in NAMES if os.environ.get(name)}
    for secret, address in _SENT_TO.items():
        if secret in in_environment and address in in_file and address not in in_environment:
            raise SettingError("error-setting-split", secret=secret, address=address)
    return in_file | in_environment


def _checked(told: Mapping[str, str]) -> Settings:
    try:
        return Settings.model_validate({name.lower(): value for name, value in told.items()})
    except ValidationError as exc:
        name = str(exc.errors(include_url=False, include_input=False)[0]["loc"][0]).upper()
        shown = "***" if name in _SECRET else without_userinfo(told[name])
        raise SettingError(_WRONG[name], name=name, value=shown) from exc
    except InputError as exc:  # a zone or a language, checked as everywhere else
        name = _CHECKED[exc.code]
        raise SettingError(_WRONG[name], name=name, value=told[name]) from exc
