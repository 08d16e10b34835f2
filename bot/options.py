"""Options as people type them: `branch:main,release/* -author:bots at:09:00 days:mon-fri`. Pure.

What parses is also written: `str(options)` is the shortest text that parses to the same options.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from difflib import get_close_matches
from typing import Any, Final

from analyzers.errors import InputError
from analyzers.model import Importance
from analyzers.text import clean_line, shorten
from bot.globs import split_signs
from bot.spans import parse_language, parse_zone
from bot.subscriptions import BOTS, Defaults, Filters, Subscription
from bot.weekdays import parse_days, written_days

FILTERS: Final = ("branch", "path", "author", "min", "history")
"""Options that say which commits are shown."""
SETTINGS: Final = ("min", "at", "tz", "days", "lang")
"""Options that a chat can have defaults for."""
EVERY: Final = (*FILTERS, "at", "tz", "days", "quiet", "lang")
"""All options, in the order in which they are written."""

MAX_PATTERNS: Final = 20
"""Patterns of one option: each is matched with every file of a commit, up to 3,000 of them."""
MAX_PATTERN: Final = 200
"""Characters of one pattern; the names of branches and files in use are shorter."""

_CLASSES: Final = {"bot": BOTS, "bots": BOTS, "机器人": BOTS}

_OPTION: Final = re.compile(r"([-−–—]?)([^\W\d_]+)[:：](.*)", re.DOTALL)
_WORD: Final = re.compile(r'(?:"[^"]*"|\S)+')
_ITEM: Final = re.compile(r'(?:"[^"]*"|[^,，])+')
_QUOTES: Final = str.maketrans("“”„", '"""')
_MEANT: Final = {
    "importance": "min",
    "minimum": "min",
    "level": "min",
    "time": "at",
    "hour": "at",
    "zone": "tz",
    "timezone": "tz",
    "weekdays": "days",
    "language": "lang",
    "file": "path",
    "folder": "path",
    "user": "author",
    "bots": "author",
    "merges": "history",
    "silent": "quiet",
}
"""What people mean by names that are no options."""


@dataclass(frozen=True, slots=True)
class Options:
    """Options that were given; None or empty where one was not."""

    branches: tuple[str, ...] = ()
    """Patterns as `Filters.branches` holds them, those that exclude last; so too the next two."""
    paths: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    minimum: Importance | None = None
    at: time | None = None
    zone: str | None = None
    days: tuple[int, ...] | None = None
    language: str | None = None
    first_parent: bool | None = None
    tells_quiet_days: bool | None = None

    @property
    def defaults(self) -> Defaults:
        """Those of them that a chat can have defaults for."""
        return Defaults(self.at, self.zone, self.days, self.language, self.minimum)

    def filters(self, minimum: Importance | None = None) -> Filters:
        """Those of them that filter.

        Args:
            minimum: the least importance where the options give none; None shows everything.
        """
        least = self.minimum or minimum or Importance.LOW
        return Filters(
            self.branches, self.paths, self.authors, least, first_parent=bool(self.first_parent)
        )

    def __str__(self) -> str:
        """The options as a person would type them; empty for none."""
        words = [
            *_written_patterns("branch", self.branches),
            *_written_patterns("path", self.paths),
            *_written_patterns("author", self.authors),
        ]
        singles = (
            ("min", self.minimum and self.minimum.value),
            ("history", _name_of(_HISTORIES, self.first_parent)),
            ("at", self.at and f"{self.at:%H:%M}"),
            ("tz", self.zone),
            ("days", self.days and written_days(self.days)),
            ("quiet", _name_of(_QUIET_DAYS, self.tells_quiet_days)),
            ("lang", self.language and _quoted(self.language)),
        )
        words += [f"{name}:{value}" for name, value in singles if value]
        return " ".join(words)


def written(subscription: Subscription) -> str:
    """A subscription's options as a person would type them."""
    filters = subscription.filters
    options = Options(
        branches=filters.branches,
        paths=filters.paths,
        authors=filters.authors,
        minimum=filters.minimum,
        at=subscription.at,
        zone=subscription.zone,
        days=subscription.days,
        language=subscription.language,
        # What nearly all have is not worth its words.
        first_parent=filters.first_parent or None,
        tells_quiet_days=subscription.tells_quiet_days or None,
    )
    return str(options)


def split_words(text: str) -> list[str]:
    """The words of a typed text; what stands between double quotes, curly ones too, is not split.

    The quotes stay, for `parse_options` to know a comma in a name from one between names.
    """
    return _WORD.findall(text.translate(_QUOTES))


def parse_options(words: Iterable[str], allowed: Collection[str] = EVERY) -> Options:
    """The options that these words are.

    Args:
        words: `name:value` each, as `split_words` gives them. `-name:value` excludes.
        allowed: the names that may be given here.

    Raises:
        InputError: one is no option, has no such value, or is given twice where one is enough.
    """
    patterns: dict[str, list[str]] = {"branch": [], "path": [], "author": []}
    single: dict[str, Any] = {}
    for word in words:
        sign, name, value = _taken_apart(word, allowed)
        if name in patterns:
            patterns[name] += _patterns(name, value, sign)
            if len(patterns[name]) > MAX_PATTERNS:
                raise InputError("error-option-many", option=name, most=MAX_PATTERNS)
        elif sign:
            raise InputError("error-option-exclude", option=name)
        elif name in single:
            raise InputError("error-option-twice", option=name)
        else:
            single[name] = _single(name, value)
    return Options(
        branches=_in_order(patterns["branch"]),
        paths=_in_order(patterns["path"]),
        authors=_in_order(patterns["author"]),
        minimum=single.get("min"),
        at=single.get("at"),
        zone=single.get("tz"),
        days=single.get("days"),
        language=single.get("lang"),
        first_parent=single.get("history"),
        tells_quiet_days=single.get("quiet"),
    )


def _taken_apart(word: str, allowed: Collection[str]) -> tuple[str, str, str]:
    """The sign (`-` or nothing), name and value of an option."""
    found = _OPTION.fullmatch(word.translate(_QUOTES))
    name: str = found[2].lower() if found else clean_line(word).lower()
    if found and name in allowed:
        return "-" if found[1] else "", name, found[3]
    known = [meant for meant in (*EVERY, *_MEANT) if _MEANT.get(meant, meant) in allowed]
    nearest = get_close_matches(name, known, n=1) if found else []
    raise InputError(
        "error-option-unknown",
        option=shorten(name, 100),
        nearest=_MEANT.get(nearest[0], nearest[0]) if nearest else "none",
        allowed=", ".join(option for option in EVERY if option in allowed),
    )


def _patterns(name: str, value: str, sign: str) -> list[str]:
    """The patterns between the commas of a value, with their signs: the option's, or their own."""
    patterns = []
    for piece in _ITEM.findall(value):
        item = clean_line(piece.replace('"', ""))
        own = sign or ("-" if item.startswith("-") else "")
        pattern = item if sign else item.removeprefix(own)
        if name == "author":
            pattern = _CLASSES.get(pattern.lower(), pattern)
        if not _is_pattern(name, pattern):
            raise _wrong(name, value)
        patterns.append(f"{own}{pattern}")
    if not patterns:
        raise _wrong(name, value)
    return patterns


_BRANCH: Final = re.compile(r"(?![-/])[^\s~^:\\]+(?<!/)")
_PATH: Final = re.compile(r"(?!-)(?=.*[^/])(?!.*//)[^\\]+")


def _is_pattern(name: str, item: str) -> bool:
    """Whether a branch, path or author can be called so."""
    if not item or len(item) > MAX_PATTERN or item.startswith("-"):
        return False
    match name:
        case "branch":
            return bool(_BRANCH.fullmatch(item))
        case "path":
            # `*.{ts,tsx}` is no pattern of git's, and its comma has split it.
            return bool(_PATH.fullmatch(item)) and item.count("{") == item.count("}")
        case _:
            return True


def _single(name: str, value: str) -> object:
    text = unicodedata.normalize("NFKC", value).replace('"', "").strip()
    try:
        return _PARSERS[name](text)
    except (LookupError, ValueError, InputError) as exc:
        raise _wrong(name, value) from exc


def _wrong(name: str, value: str) -> InputError:
    return InputError("error-option-value", option=name, value=shorten(clean_line(value), 100))


_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_IMPORTANCE: Final = {"高": Importance.HIGH, "中": Importance.MEDIUM, "低": Importance.LOW}
_LANGUAGE: Final = {"english": "en", "英文": "en", "英语": "en", "chinese": "zh", "中文": "zh"}


def _time(text: str) -> time:
    if found := _TIME.fullmatch(text):
        return time(int(found[1]), int(found[2]))
    raise ValueError(text)


def _minimum(text: str) -> Importance:
    return _IMPORTANCE.get(text) or Importance(text.lower())


def _language(text: str) -> str:
    return parse_language(_LANGUAGE.get(text.lower(), text))


_HISTORIES: Final = {"all": False, "first-parent": True}
_QUIET_DAYS: Final = {"skip": False, "post": True}


def _name_of(names: Mapping[str, bool], value: bool | None) -> str | None:
    return next((name for name, meant in names.items() if meant is value), None)


_PARSERS: Final[dict[str, Callable[[str], object]]] = {
    "min": _minimum,
    "at": _time,
    "tz": parse_zone,
    "days": parse_days,
    "lang": _language,
    "history": lambda text: _HISTORIES[text.lower()],
    "quiet": lambda text: _QUIET_DAYS[text.lower()],
}


def _in_order(patterns: list[str]) -> tuple[str, ...]:
    """Each pattern once, those that exclude last."""
    return tuple(sorted(dict.fromkeys(patterns), key=lambda pattern: pattern.startswith("-")))


def _written_patterns(name: str, patterns: tuple[str, ...]) -> list[str]:
    wanted, unwanted = split_signs(patterns)
    signed = ((name, wanted), (f"-{name}", unwanted))
    return [f"{option}:{','.join(map(_quoted, items))}" for option, items in signed if items]


def _quoted(text: str) -> str:
    return f'"{text}"' if re.search(r"[\s,，]", text) else text
