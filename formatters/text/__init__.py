"""The words of each language: one Fluent catalogue a language, complete in each.

A message is asked for by its name and variables, `words("commits", n=3)`; plural forms, numbers
and dates follow the language (Fluent and Babel know how). A language without a catalogue reads
English. Fluent and Babel take a quarter of a second to import, so that waits for the first words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, final
from zoneinfo import ZoneInfo

from analyzers.errors import CommitcastError
from analyzers.text import shorten

if TYPE_CHECKING:
    from fluent.runtime.resolver import Message

LANGUAGES = ("en", "zh")
"""The languages that have a catalogue."""

MAX_VARIABLE = 2_000
"""Characters of a variable that reach a message: Fluent refuses a variable beyond 2,500."""

_MESSAGE = re.compile(r"^([a-z][a-z0-9-]*) =.*(?:\n(?:[ }].*)?)*", re.MULTILINE)
"""A message of a catalogue: its name, and its lines down to where something else begins."""


@final
class Words:
    """The catalogue of one language."""

    def __init__(self, language: str) -> None:
        """Read the catalogue of one of `LANGUAGES`."""
        from fluent.runtime import FluentBundle

        self.language = language
        source = Path(__file__).with_name(f"{language}.ftl").read_text(encoding="utf-8")
        # To parse them all takes a tenth of a second; a process says a few. None refers to another.
        self._sources = {found[1]: found[0] for found in _MESSAGE.finditer(source)}
        self._bundle = FluentBundle([language], use_isolating=False)
        self._fixed: dict[str, str] = {}  # messages without variables, formatted

    def __call__(self, message: str, /, **variables: str | int) -> str:
        """The text of a message; a long variable is shortened.

        Raises:
            KeyError: the message is not in the catalogue, or a variable that it needs is missing.
        """
        if not variables and message in self._fixed:
            return self._fixed[message]
        pattern = self._read(message).value
        if pattern is None:
            raise KeyError(message)
        short = {
            name: shorten(value, MAX_VARIABLE) if isinstance(value, str) else value
            for name, value in variables.items()
        }
        text, errors = self._bundle.format_pattern(pattern, short)
        if errors:
            raise KeyError(f"{message}: {errors[0]}")
        if not variables:
            self._fixed[message] = str(text)
        return str(text)

    def _read(self, message: str) -> Message:
        from fluent.runtime import FluentResource

        if not self._bundle.has_message(message):
            self._bundle.add_resource(FluentResource(self._sources[message]))
        return self._bundle.get_message(message)

    def error(self, error: CommitcastError) -> str:
        """What to tell people of an error: what happened and what to do."""
        return self(error.code, **error.details)

    def listed(self, items: Iterable[str]) -> str:
        """Several things in one sentence: `a, b, c`."""
        return self("list-separator").join(items)

    def number(self, value: int) -> str:
        """A whole number with the language's separators: `3,912`."""
        from babel.numbers import format_decimal

        return format_decimal(value, locale=self.language)

    def money(self, value: Decimal, currency: str) -> str:
        """An amount, to a hundredth of a cent where it is less than a unit."""
        from babel.numbers import format_currency

        digits = 2 if value >= 1 else 4
        pattern = f"¤#,##0.{'0' * digits}"
        return format_currency(
            value, currency, pattern, locale=self.language, currency_digits=False
        )

    def date(self, value: date) -> str:
        """A day with its weekday: `Tue 6 Jan 2026`."""
        from babel.dates import format_date

        return format_date(value, self("pattern-date"), locale=self.language)

    def weekdays(self, days: Iterable[int]) -> str:
        """Days of the week by their short names, 0 for Monday: `Mon, Wed`."""
        from babel.dates import get_day_names

        names = get_day_names("abbreviated", locale=self.language)
        return self.listed(names[day] for day in days)

    def instant(self, value: datetime, zone: str) -> str:
        """An instant to the minute by the clocks of an IANA zone: `6 Jan 2026, 23:28`."""
        from babel.dates import format_datetime

        pattern = self("pattern-instant")
        return format_datetime(local(value, zone), pattern, locale=self.language)

    def time(self, value: datetime, zone: str) -> str:
        """The time of day by the clocks of an IANA zone: `23:28`."""
        return f"{local(value, zone):%H:%M}"


def local(instant: datetime, zone: str) -> datetime:
    """An instant by the clocks of an IANA zone; in UTC at the calendar's edges, where those clocks
    would show a year that Python does not know."""
    try:
        return instant.astimezone(ZoneInfo(zone))
    except OverflowError:
        return instant.astimezone(UTC)


def words_for(language: str) -> Words:
    """The catalogue of a language (`en`, `zh`, `zh-CN`, ...), built once; English if unknown."""
    base = language.replace("_", "-").partition("-")[0].lower()
    return _catalogue(base if base in LANGUAGES else LANGUAGES[0])


@cache
def _catalogue(language: str) -> Words:
    return Words(language)
