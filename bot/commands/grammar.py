"""What people type, taken apart. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from analyzers.errors import InputError
from analyzers.text import clean_line, shorten
from bot.options import split_words


class Name(StrEnum):
    """The commands."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    SUBSCRIPTIONS = "subscriptions"
    DIGEST = "digest"
    EXPAND = "expand"
    ANALYZE = "analyze"
    REPORT = "report"
    SETTINGS = "settings"
    USAGE = "usage"
    HELP = "help"
    OWNER = "owner"
    ALLOW = "allow"
    DISALLOW = "disallow"
    GRANT = "grant"
    REVOKE = "revoke"


OWNERS: Final = (Name.OWNER, Name.ALLOW, Name.DISALLOW, Name.GRANT, Name.REVOKE)
"""Those of who owns the bot; `OWNER` makes one."""

EVERYBODYS: Final = tuple(name for name in Name if name not in OWNERS)

COSTLY: Final = (Name.DIGEST, Name.EXPAND, Name.ANALYZE, Name.REPORT)
"""Those that ask forges and models."""

USAGE: Final = {
    Name.SUBSCRIBE: "subscribe owner/repo at:09:00 days:weekdays",
    Name.UNSUBSCRIBE: "unsubscribe owner/repo",
    Name.SUBSCRIPTIONS: "subscriptions",
    Name.DIGEST: "digest owner/repo yesterday",
    Name.EXPAND: "expand 12",
    Name.ANALYZE: "analyze https://github.com/owner/repo/commit/SHA",
    Name.REPORT: "report owner/repo yesterday",
    Name.SETTINGS: "settings lang:zh tz:Asia/Shanghai",
    Name.USAGE: "usage",
    Name.HELP: "help",
    Name.OWNER: "owner CODE",
    Name.ALLOW: "allow telegram:-100123",
    Name.DISALLOW: "disallow telegram:-100123",
    Name.GRANT: "grant owner/repo telegram:-100123",
    Name.REVOKE: "revoke owner/repo telegram:-100123",
}
"""An example of each, as it is typed after a chat's prefix."""

_ALIASES: Final = {"start": Name.HELP, "analyse": Name.ANALYZE}

_NUMBER: Final = re.compile(r"#?\d{1,6}")
_OPTION: Final = re.compile(r"[-−–—]?[^\W\d_]+[:：](?!//)")
_COMMIT: Final = re.compile(r"<?https?://\S+|[0-9A-Fa-f]{7,64}|[^\s/@]+/[^\s/@]+@[0-9A-Fa-f]{4,64}")


@dataclass(frozen=True, slots=True)
class Command:
    """A command and its arguments."""

    name: Name
    words: tuple[str, ...] = ()

    @property
    def options(self) -> tuple[str, ...]:
        """Arguments of the form `name:value` or `-name:value`."""
        return tuple(word for word in self.words if _is_option(word))

    @property
    def operands(self) -> tuple[str, ...]:
        """The other arguments."""
        return tuple(word for word in self.words if not _is_option(word))


def parse(text: str, prefix: str = "/") -> Command:
    """A typed command; a link or SHA alone is to be analysed, a number alone to be expanded.

    Args:
        text: what was typed.
        prefix: what commands start with here, for what the error says.

    Raises:
        InputError: it is no command that we know.
    """
    words = split_words(text.strip().removeprefix("/"))
    if not words:
        return Command(Name.HELP)
    first, rest = words[0], tuple(words[1:])
    if _COMMIT.fullmatch(first):
        return Command(Name.ANALYZE, tuple(words))
    if _NUMBER.fullmatch(first):
        return Command(Name.EXPAND, tuple(words))
    called = first.lower()
    if called in _ALIASES:
        return Command(_ALIASES[called], rest)
    if called not in set(Name):
        meant = get_close_matches(called, [name.value for name in Name], n=1)
        raise InputError(
            "error-command-unknown",
            command=shorten(clean_line(first), 60),
            nearest=f"`{prefix}{meant[0]}`" if meant else "none",
            help=f"`{prefix}{Name.HELP.value}`",
        )
    return Command(Name(called), rest)


def _is_option(word: str) -> bool:
    return bool(_OPTION.match(word))
