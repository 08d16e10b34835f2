"""When digests are due."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.deliveries.schedule import day_before, due_at, due_day, next_due
from bot.subscriptions import EVERYTHING, Subscription

ZONES = sorted(zone for zone in available_timezones() if zone not in ("Factory", "localtime"))


def followed(at: time, zone: str, days: tuple[int, ...] = tuple(range(7))) -> Subscription:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return Subscription("terminal", "acme/widget", EVERYTHING, at, zone, days, "en", "", made)


@pytest.mark.parametrize(
    ("at", "zone", "days", "after", "due"),
    [
        ("09:00", "UTC", (0,), "2026-01-06T12:00", "2026-01-12T09:00"),
        ("09:00", "UTC", (1,), "2026-01-06T09:00", "2026-01-13T09:00"),
        ("09:00", "UTC", (1,), "2026-01-06T08:59", "2026-01-06T09:00"),
        ("09:00", "Asia/Shanghai", tuple(range(7)), "2026-01-06T00:30", "2026-01-06T01:00"),
        # The clocks skip from 2:00 to 3:00: half past two is half past three.
        ("02:30", "Europe/Berlin", tuple(range(7)), "2026-03-28T12:00", "2026-03-29T01:30"),
        # They show the hour from 2:00 twice: the first one counts.
        ("02:30", "Europe/Berlin", tuple(range(7)), "2026-10-24T12:00", "2026-10-25T00:30"),
    ],
)
def test_a_digest_is_due_at_its_local_time(
    at: str, zone: str, days: tuple[int, ...], after: str, due: str
) -> None:
    subscription = followed(time.fromisoformat(at), zone, days)
    asked = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert next_due(subscription, asked) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@given(
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.sampled_from(ZONES),
    st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
)
def test_it_is_due_on_a_chosen_day_after_the_instant(
    at: time, zone: str, days: tuple[int, ...], after: datetime
) -> None:
    instant = after.replace(tzinfo=UTC)
    due = next_due(followed(at, zone, days), instant)
    assert due is not None
    assert instant < due <= instant + timedelta(days=9)
    local = due.astimezone(ZoneInfo(zone))
    assert local.weekday() in days or local.time() != at  # a day that a zone skipped whole


TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
DAYS = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
INSTANTS = st.datetimes(datetime(2026, 1, 2), datetime(2030, 1, 1))  # noqa: DTZ001 - made aware below


@given(TIMES, st.sampled_from(ZONES), DAYS, INSTANTS, st.integers(0, 40))
def test_after_a_digest_of_a_day_the_next_is_that_of_a_later_day(
    at: time, zone: str, days: tuple[int, ...], now: datetime, missed: int
) -> None:
    """Invariant 2: however late it comes and however many were missed, no day has two."""
    subscription, instant = followed(at, zone, days), now.replace(tzinfo=UTC)
    latest = instant.astimezone(ZoneInfo(zone)).date() - timedelta(days=missed)
    due = due_day(subscription, latest, instant)
    assert due is None or (due > latest and due_at(subscription, due) <= instant)
    after = due or latest
    assert due_day(subscription, after, instant) is None, "it was the last one"
    following = next_due(subscription, instant, after)
    assert following is not None
    assert following > instant
    following_day = due_day(subscription, after, following)
    assert following_day is not None
    assert following_day > after


@given(TIMES, st.sampled_from(ZONES), DAYS)
def test_what_was_due_before_it_was_made_is_not_due(
    at: time, zone: str, days: tuple[int, ...]
) -> None:
    subscription = followed(at, zone, days)
    first = next_due(subscription, subscription.made_at)
    assert first is not None
    assert due_day(subscription, None, first - timedelta(seconds=1)) is None
    due = due_day(subscription, None, first)
    assert due is not None
    assert due_at(subscription, due) == first


def test_one_without_days_is_never_due() -> None:
    """It is posted by somebody else's clock."""
    subscription = followed(time(9), "UTC", ())
    later = subscription.made_at + timedelta(days=30)
    assert due_day(subscription, None, later) is None
    assert next_due(subscription, later) is None


def test_a_first_digest_begins_a_day_of_the_clock_before() -> None:
    """A day that has 23 hours, too."""
    subscription = followed(time(9), "Europe/Berlin")
    begins = day_before(subscription, date(2026, 3, 29))
    assert due_at(subscription, date(2026, 3, 29)) - begins == timedelta(hours=23)
