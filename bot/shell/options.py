"""The shell's options: what they mean together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzers.errors import InputError
from analyzers.model import Day
from bot.app import utc_now
from bot.options import parse_options
from bot.output import Format, format_of, require_writable
from bot.spans import AskedSpan, parse_date, parse_period, parse_range
from bot.subscriptions import Filters


@dataclass(frozen=True, slots=True)
class SpanOptions:
    """The options that say what a digest covers, as typed."""

    date: str | None = None
    since: str | None = None
    until: str | None = None
    range: str | None = None
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """The options that say which commits are shown, as typed."""

    paths: Sequence[str] = ()
    authors: Sequence[str] = ()
    minimum: str | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """The options that say where it goes, as typed."""

    written: str | None = None
    output: Path | None = None
    archive: Path | None = None

    @property
    def format(self) -> Format:
        """The format asked for, by name or by the file's ending."""
        if self.written:
            return Format(self.written)
        if self.output and (by_name := format_of(self.output)):
            return by_name
        return Format.MARKDOWN if self.archive else Format.TERMINAL


def parse_span(options: SpanOptions, zone: str) -> AskedSpan | None:
    """What the options ask for; None is the latest day that has a commit.

    Raises:
        InputError: they contradict each other, or one cannot be read.
    """
    given = [options.date, options.since, options.range]
    if sum(value is not None for value in given) > 1 or (options.until and not options.since):
        raise InputError("error-span-options")
    now = utc_now()
    if options.range is not None:
        span = parse_range(options.range)
        if options.branch and span.head != "HEAD":
            raise InputError("error-range-branch")
        return span
    if options.since is not None:
        return parse_period(options.since, options.until, zone, now)
    if options.date is None or options.date == "latest":
        return None
    return Day(parse_date(options.date, zone, now), zone)


def parse_filters(branch: str | None, options: FilterOptions) -> Filters:
    """What the options leave in.

    Raises:
        InputError: one cannot be read.
    """
    typed = (
        ("branch", [branch] if branch is not None else []),
        ("path", options.paths),
        ("author", options.authors),
        ("min", [options.minimum] if options.minimum is not None else []),
    )
    return parse_options(f"{name}:{value}" for name, values in typed for value in values).filters()


def require_possible(destination: Destination, span: AskedSpan | None, repositories: int) -> None:
    """Refuse what cannot be written before anything is read.

    Raises:
        InputError: the options contradict each other, or a file cannot be written.
    """
    if destination.archive:
        if destination.output:
            raise InputError("error-output-and-archive")
        if not (span is None or isinstance(span, Day)):
            raise InputError("error-archive-needs-day")
        require_writable(destination.archive / "any")
    elif repositories > 1 and destination.format is Format.HTML:
        raise InputError("error-html-takes-one")
    if destination.output:
        require_writable(destination.output)
