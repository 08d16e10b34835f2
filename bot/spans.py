"""What people mean by their words for days, instants, ranges, zones and languages. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from analyzers.errors import InputError
from analyzers.model import Day, Period, Range
from bot.ports import Selection, Window

AskedSpan = Day | Period | Range
"""What somebody can ask for; what is due (`analyzers.model.Edition`) is found otherwise."""

_AGO = re.compile(r"(\d{1,4})\s*([hdw])")
FIRST_YEAR, LAST_YEAR = 1970, 2099
"""What GitHub takes as `since` and `until` (docs.github.com, list commits), for every source."""

_NO_ZONES = ("Factory", "localtime")
"""Names in the database that say nothing of a place."""

_LANGUAGE = re.compile(r"\w[\w -]{0,39}")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def parse_zone(text: str) -> str:
    """The IANA zone of that name, in whatever case it is written.

    Raises:
        InputError: there is none.
    """
    zone = _zones().get(text.casefold())
    if zone is None:
        raise InputError("error-zone", value=text)
    return zone


@cache
def _zones() -> dict[str, str]:
    """Every zone by its name in lower case: looking for them opens hundreds of files."""
    return {name.casefold(): name for name in available_timezones() if name not in _NO_ZONES}


def parse_language(text: str) -> str:
    """A language by its code or name, as a model will be told it.

    Raises:
        InputError: it can be neither.
    """
    if not _LANGUAGE.fullmatch(text):
        raise InputError("error-language", value=text)
    return text


def parse_date(text: str, zone: str, now: datetime) -> date:
    """A day from `2026-01-06`, `today` or `yesterday`, as the zone's calendar has it.

    Raises:
        InputError: it is none of these.
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    match text.strip().lower():
        case "today":
            return today
        case "yesterday":
            return today - timedelta(days=1)
        case other:
            try:
                day = date.fromisoformat(other)
            except ValueError as exc:
                raise InputError("error-date", value=text) from exc
            if not FIRST_YEAR <= day.year <= LAST_YEAR:
                raise InputError("error-date", value=text)
            return day


def parse_instant(text: str, zone: str, now: datetime) -> datetime:
    """An instant in UTC from a day (its first moment), a day with a time, or an age: `24h`, `7d`.

    Raises:
        InputError: it is none of these.
    """
    text = text.strip()
    if ago := _AGO.fullmatch(text.lower()):
        since = now - int(ago[1]) * _UNITS[ago[2]]
        if since.year < FIRST_YEAR:
            raise InputError("error-date", value=text)
        return since
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return _midnight(parse_date(text, zone, now), zone)
    if not FIRST_YEAR <= told.year <= LAST_YEAR:
        raise InputError("error-date", value=text)
    return told.replace(tzinfo=told.tzinfo or ZoneInfo(zone)).astimezone(UTC)


def parse_range(text: str) -> Range:
    """A range from `A..B`; without B it ends in the tip of the branch.

    Raises:
        InputError: it is none.
    """
    base, dots, head = (part.strip() for part in text.partition(".."))
    if not dots or not base or base.startswith("-") or head.startswith((".", "-")):
        raise InputError("error-range", value=text)
    return Range(base, head or "HEAD")


def parse_period(since: str, until: str | None, zone: str, now: datetime) -> Period:
    """The time from `since` to `until`, to now where that is left out.

    Raises:
        InputError: a limit cannot be read, or the period ends before it starts.
    """
    start = parse_instant(since, zone, now)
    end = parse_instant(until, zone, now) if until else now
    if end <= start:
        raise InputError("error-period", since=since, until=until or "now")
    return Period(start, end, zone)


_DAYS = {"今天": "today", "昨天": "yesterday", "最新": "latest"}
_SPAN_WORD = re.compile(
    rf"today|yesterday|latest|{'|'.join(_DAYS)}|\d{{4}}-\d.*|{_AGO.pattern}|(?![./])(?!.*://)\S+\.\.\S*",
    re.IGNORECASE,
)


def is_span_word(text: str) -> bool:
    """Whether one word of a chat's command can only mean a span."""
    return bool(_SPAN_WORD.fullmatch(text))


def parse_span_word(text: str, zone: str, now: datetime) -> AskedSpan | None:
    """A span in one word: a day, an age such as `24h` (up to now), or `A..B`; None for `latest`.

    Raises:
        InputError: it is none of these.
    """
    text = _DAYS.get(text, text)
    if text.lower() == "latest":
        return None
    if _AGO.fullmatch(text.lower()):
        return parse_period(text, None, zone, now)
    if ".." in text:
        return parse_range(text)
    return Day(parse_date(text, zone, now), zone)


def day_of(instant: datetime, zone: str) -> Day:
    """The calendar day of an instant in a zone."""
    return Day(instant.astimezone(ZoneInfo(zone)).date(), zone)


def selection(span: AskedSpan, head: str) -> Selection:
    """What a source is asked for: a span of the history that ends in the commit of this name."""
    match span:
        case Range(base):
            return Range(base, head)
        case Period(since, until):
            return Window(head, since, until)
        case Day(day, zone):
            return Window(head, _midnight(day, zone), _midnight(day + timedelta(days=1), zone))


def _midnight(day: date, zone: str) -> datetime:
    """The first moment of a day, which is not 0:00 where the clocks skip that hour."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
