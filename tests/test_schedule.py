"""When digests are due."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.schedule import next_due
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
    assert instant < due <= instant + timedelta(days=9)
    local = due.astimezone(ZoneInfo(zone))
    assert local.weekday() in days or local.time() != at  # a day that a zone skipped whole
