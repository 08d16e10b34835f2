"""The chart of a digest: one dot a commit, along the time, in one lane a kind.

Only the geometry is made here; `chart.svg.j2` draws it. Positions along the time are percent of the
width, so that the drawing stretches with the page while dots and letters keep their size.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from analyzers.model import Day, Digest, Entry, Kind, Period

LANE_HEIGHT = 26
"""Pixels of one lane; the largest dot just fits."""

_AXIS_HEIGHT = 22
_MOST_TICKS = 9
_SIDE = 2.0  # percent left free on either side, for half a dot
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
# Between these no zone's clocks and no tick leave the years that Python knows.
_FIRST = datetime(1, 1, 3, tzinfo=UTC)
_LAST = datetime(9999, 12, 29, tzinfo=UTC)
_STEPS = (1 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY)


@dataclass(frozen=True, slots=True)
class Lane:
    """The commits of one principal kind."""

    kind: Kind
    """The kind."""
    count: int
    """How many commits."""
    y: int
    """Its middle, pixels from the top."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis of time."""

    x: float
    """Percent of the width."""
    label: str
    """The hour or the date there."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One commit."""

    entry: Entry
    """The commit."""
    x: float
    """When it was committed, percent of the width."""
    y: int
    """Its lane's middle, pixels from the top."""
    radius: float
    """How large the change is, pixels."""


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything to draw."""

    lanes: tuple[Lane, ...]
    """One for each kind that occurs, in the order of `Kind`."""
    ticks: tuple[Tick, ...]
    """At most nine, the earliest first."""
    dots: tuple[Dot, ...]
    """One for each commit, the largest first, so that no dot hides a smaller one."""
    height: int
    """Pixels, with the axis."""


def chart(digest: Digest, zone: str, date_label: Callable[[date], str]) -> Chart | None:
    """The chart of a digest in the reader's zone; None where one would say nothing: below two
    commits."""
    entries = digest.entries
    if len(entries) < 2:
        return None
    start, end = _limits(digest)
    length = end - start

    def percent(instant: datetime) -> float:
        # A commit may stand outside of the span (a late merge, a skewed clock): it is drawn at
        # the edge.
        share = min(1.0, max(0.0, (instant - start) / length))
        return round(_SIDE + share * (100 - 2 * _SIDE), 2)

    counts = Counter(entry.analysis.kind for entry in entries)
    kinds = [kind for kind in Kind if kind in counts]
    middle = {kind: index * LANE_HEIGHT + LANE_HEIGHT // 2 for index, kind in enumerate(kinds)}
    dots = [
        Dot(
            entry=entry,
            x=percent(entry.commit.committed_at),
            y=middle[entry.analysis.kind],
            radius=radius(entry.commit.additions + entry.commit.deletions),
        )
        for entry in entries
    ]
    return Chart(
        lanes=tuple(Lane(kind, counts[kind], middle[kind]) for kind in kinds),
        ticks=tuple(
            Tick(percent(instant), label) for instant, label in _ticks(start, end, zone, date_label)
        ),
        dots=tuple(sorted(dots, key=lambda dot: -dot.radius)),
        height=len(kinds) * LANE_HEIGHT + _AXIS_HEIGHT,
    )


def radius(lines: int) -> float:
    """The pixels of a dot for a number of changed lines: ten times the lines, one step more."""
    return round(min(3 + 2.2 * math.log10(1 + lines), LANE_HEIGHT / 2 - 1), 1)


def _limits(digest: Digest) -> tuple[datetime, datetime]:
    """The first and the last instant of the axis."""
    span = digest.span
    if isinstance(span, Day):  # an edition has commits of any date
        day = min(max(span.date, _FIRST.date()), _LAST.date())
        midnight = datetime.combine(day, time(), ZoneInfo(span.zone))
        return midnight.astimezone(UTC), (midnight + _DAY).astimezone(UTC)
    if isinstance(span, Period):
        since = _in_calendar(span.since)
        return since, max(_in_calendar(span.until), since + _HOUR)
    times = sorted(_in_calendar(entry.commit.committed_at) for entry in digest.entries)
    # One clock in fifty that is years off must not squeeze all others into one point.
    aside = len(times) // 50
    start, end = times[aside], times[-1 - aside]
    return start, max(end, start + _HOUR)


def _in_calendar(instant: datetime) -> datetime:
    return min(max(instant, _FIRST), _LAST)


def _ticks(
    start: datetime, end: datetime, zone: str, date_label: Callable[[date], str]
) -> Iterator[tuple[datetime, str]]:
    """Round hours or dates of the reader's clock, in few enough steps to be read."""
    step = next((step for step in _STEPS if (end - start) / step < _MOST_TICKS), None)
    if step is None:
        step = _DAY * math.ceil((end - start) / _DAY / (_MOST_TICKS - 1))
    # Sums and differences of local times follow the wall clock, so ticks stay on round hours
    # across a DST change.
    first, last = (instant.astimezone(ZoneInfo(zone)) for instant in (start, end))
    midnight = datetime.combine(first, time(), first.tzinfo)
    for index in range(math.ceil((first - midnight) / step), (last - midnight) // step + 1):
        tick = midnight + index * step
        by_hour = step < _DAY and (tick.time() != time() or end - start <= _DAY + _HOUR)
        yield tick.astimezone(UTC), tick.strftime("%H:%M") if by_hour else date_label(tick.date())
