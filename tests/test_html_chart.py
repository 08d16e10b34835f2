"""The geometry of the page's chart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given

from analyzers.model import Day, Digest, Period, Range
from formatters.digest import zone_of
from formatters.html.chart import Chart, chart, radius
from tests.digests import (
    FIRST_INSTANT,
    LAST_INSTANT,
    NOON,
    SCHEDULED,
    a_busy_day,
    a_digest,
    a_group,
    an_entry,
    digests,
)


def drawn(digest: Digest, zone: str = "UTC") -> Chart:
    made = chart(digest, zone, lambda day: day.isoformat())
    assert made is not None
    return made


def a_span_of(*instants: datetime) -> Digest:
    entries = [an_entry(number, committed_at=at) for number, at in enumerate(instants, start=1)]
    return a_digest(a_group(*entries))


@pytest.mark.parametrize("commits", [0, 1])
def test_no_chart_is_drawn_where_it_would_say_nothing(commits: int) -> None:
    digest = a_busy_day(commits) if commits else a_digest()
    assert chart(digest, "UTC", str) is None


@pytest.mark.parametrize("commits", [2, 45, 500])
def test_every_commit_has_one_dot_in_the_lane_of_its_kind(commits: int) -> None:
    digest = a_busy_day(commits)
    made = drawn(digest)
    assert sorted(dot.entry.number for dot in made.dots) == list(range(1, commits + 1))
    lanes = {lane.kind: lane.y for lane in made.lanes}
    assert all(dot.y == lanes[dot.entry.analysis.kind] for dot in made.dots)
    assert sum(lane.count for lane in made.lanes) == commits
    assert [dot.radius for dot in made.dots] == sorted(
        (dot.radius for dot in made.dots), reverse=True
    )


def test_a_day_begins_and_ends_at_midnight_of_its_zone() -> None:
    span = Day(date(2026, 1, 6), "Asia/Shanghai")
    midnight = datetime(2026, 1, 5, 16, tzinfo=UTC)
    digest = replace(a_span_of(midnight, midnight + timedelta(hours=12)), span=span)
    made = drawn(digest, span.zone)
    assert [dot.x for dot in made.dots] == [2.0, 50.0]
    assert [tick.label for tick in made.ticks] == [
        "00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "00:00",
    ]  # fmt: skip


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25)])
def test_the_hours_stay_round_when_the_clocks_change(day: date, hours: int) -> None:
    span = Day(day, "America/New_York")
    made = drawn(replace(a_span_of(NOON, NOON), span=span), span.zone)
    assert [tick.label for tick in made.ticks][:3] == ["00:00", "03:00", "06:00"]
    first, second = made.ticks[0].x, made.ticks[1].x
    assert second - first == pytest.approx(96 * (hours - 21) / hours, abs=0.02)


def test_a_commit_outside_of_the_day_is_drawn_at_its_edge() -> None:
    """Invariant 1: a late merge or a skewed clock is in the digest, so it is in the chart."""
    made = drawn(a_span_of(datetime(1971, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)))
    assert [dot.x for dot in made.dots] == [2.0, 98.0]


def test_weeks_are_marked_by_dates() -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    for days, expected in ((3, "2026-01-01"), (20, "2026-01-01"), (400, "2026-01-01")):
        span = Period(since, since + timedelta(days=days), "UTC")
        made = drawn(replace(a_span_of(since, since + timedelta(days=1)), span=span))
        assert made.ticks[0].label == expected
        assert 3 <= len(made.ticks) <= 9


def test_one_clock_in_fifty_does_not_squeeze_a_range() -> None:
    instants = [NOON + timedelta(hours=n) for n in range(98)]
    digest = a_span_of(datetime(1971, 1, 1, tzinfo=UTC), *instants)
    made = drawn(replace(digest, span=Range("v1", "main")))
    places = sorted(dot.x for dot in made.dots)
    assert places[0] == 2.0
    assert places[2] - places[0] < 3
    assert places[-1] == 98.0


def test_a_scheduled_digest_is_drawn_from_its_first_commit_to_its_last() -> None:
    """Invariant 1: what was merged late may be older than the digest before."""
    instants = (NOON - timedelta(days=9), NOON - timedelta(days=3), NOON)
    made = drawn(replace(a_span_of(*instants), span=SCHEDULED))
    assert sorted(dot.x for dot in made.dots) == [2.0, 66.0, 98.0]


@pytest.mark.parametrize("edge", [FIRST_INSTANT + timedelta(hours=1), LAST_INSTANT])
def test_a_range_up_to_an_edge_of_the_calendar_can_be_drawn(edge: datetime) -> None:
    """A clock may be as wrong as that."""
    digest = a_span_of(NOON, NOON + timedelta(hours=1), edge)
    made = drawn(replace(digest, span=Range("v1", "main")))
    assert len(made.dots) == 3
    assert made.ticks


@given(digests(max_commits=7))
def test_whatever_the_clocks_say_the_chart_can_be_drawn(digest: Digest) -> None:
    made = chart(digest, zone_of(digest.span), str)
    if made is not None:
        assert len(made.ticks) <= 9
        places = [dot.x for dot in made.dots] + [tick.x for tick in made.ticks]
        assert all(2 <= x <= 98 for x in places)


def test_dots_grow_with_the_change_and_never_leave_their_lane() -> None:
    sizes = [radius(lines) for lines in (0, 1, 10, 100, 1_000, 10_000, 10**9)]
    assert sizes == sorted(sizes)
    assert sizes[0] == 3
    assert sizes[-1] <= 12.5
