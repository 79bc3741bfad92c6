"""Real calendars of others: as many dates, in the months, as were counted apart from the product."""

import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.icalendar_in.entry import Happening
from shared.icalendar_in.reading import read

OSLO = ZoneInfo("Europe/Oslo")


@pytest.fixture(scope="session")
def feeds(shared_data: Path) -> Path:
    folder = shared_data / "calendar-feeds"
    if not folder.exists():
        pytest.skip("calendar-feeds is not among the real data sets here")
    return folder


@pytest.mark.parametrize(
    "name",
    [
        "biweekly_exdate_until.ics",
        "community_workshop_berlin.ics",
        "moved_occurrences_berlin.ics",
        "outlook_custom_zone.ics",
        "recurrence_sequence.ics",
        "school_holidays_allday.ics",
    ],
)
def test_feed__read__has_the_dates_counted_by_others(feeds: Path, name: str) -> None:
    expected: dict[str, Any] = json.loads((feeds / "expected_counts.json").read_text())["files"][name]
    zone = ZoneInfo(expected["zone_for_floating_and_all_day"])
    reading = read((feeds / name).read_bytes(), OSLO, zone)
    window = [dt.datetime.fromisoformat(one) for one in expected["window"]]
    dates = [date for entry in reading.entries for date in entry.happenings(window[0], window[1])]

    assert reading.refused == []
    assert sum(date.cancelled for date in dates) == expected["cancelled"]
    assert Counter(date.source for date in dates) == expected["by_source"]
    assert Counter(map(month, dates)) == expected["by_utc_start_month"]


def month(date: Happening) -> str:
    return date.starts_at.astimezone(dt.UTC).strftime("%Y-%m")


@pytest.mark.parametrize(
    ("name", "entries", "first"),
    [
        ("library_drupal_2009.ics", 4, "2009-01-06T20:30:00+00:00"),
        ("town_events_2009.ics", 28, "2009-01-17T19:00:00+00:00"),
        ("outlook_windows_zones.ics", 4, "2020-06-09T07:00:00+00:00"),
    ],
)
def test_feed__in_a_dialect__is_read_all_the_same(feeds: Path, name: str, entries: int, first: str) -> None:
    reading = read((feeds / name).read_bytes(), OSLO)
    window = dt.datetime(2009, 1, 1, tzinfo=dt.UTC), dt.datetime(2022, 1, 1, tzinfo=dt.UTC)
    starts = [date.starts_at for entry in reading.entries for date in entry.happenings(*window)]

    assert (len(reading.entries), reading.refused) == (entries, [])
    assert min(starts) == dt.datetime.fromisoformat(first)


def test_feed__of_busy_times__has_them_and_no_entries(feeds: Path) -> None:
    reading = read((feeds / "freebusy_zimbra.ics").read_bytes(), OSLO)

    assert (len(reading.entries), len(reading.busy), reading.refused) == (0, 29, [])
    assert reading.busy[0].ends_at - reading.busy[0].starts_at == dt.timedelta(hours=3, minutes=45)
