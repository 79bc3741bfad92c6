"""Times as people write them."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from shared import walltime

OSLO = ZoneInfo("Europe/Oslo")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-24T10:00", "2026-11-24T09:00"),
        ("2026-11-24T10:00:00+01:00", "2026-11-24T09:00"),
        ("2026-11-24t10:00:00z", "2026-11-24T10:00"),
        ("2026-07-24T10:00", "2026-07-24T08:00"),
        ("2027-03-28T02:30", "2027-03-28T01:30"),  # missing hour: offset before the switch
        ("2026-10-25T02:30", "2026-10-25T00:30"),  # happens twice: the first
        ("2026-10-25T02:30+01:00", "2026-10-25T01:30"),
    ],
)
def test_instant_of_what_was_written(text: str, utc: str) -> None:
    assert walltime.instant(text, OSLO) == dt.datetime.fromisoformat(f"{utc}:00+00:00")


def test_instant_keeps_fractions_of_a_second() -> None:
    assert walltime.instant("2026-11-24T10:00:00.25Z", OSLO).microsecond == 250_000


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-24", "2026-11-24 10:00", "2026-W48-2T10:00", "2026-02-30T10:00", "2026-11-24T24:00", "1e9",
     "2026-11-24T10:00:60Z", "2026-11-24T10:00+25:00", "2026-11-24T10:00+02:60", "2026-11-24T10:00.5Z",
     "20261124T100000Z", "٢026-11-24T10:00"],
)  # fmt: skip
def test_parse_refuses_other_forms(text: str) -> None:
    with pytest.raises(ValueError, match="a time is written"):
        walltime.parse(text)


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00", "1999-12-31T23:59Z", "2100-01-01T00:00Z"]
)
def test_instant_refuses_years_outside_2000_to_2099(text: str) -> None:
    with pytest.raises(ValueError, match="2000 to 2099"):
        walltime.instant(text, OSLO)


def test_instant_may_be_older_where_it_is_only_asked_about() -> None:
    assert walltime.instant("1997-09-02T09:00", OSLO, walltime.ASKED_FROM).year == 1997
    with pytest.raises(ValueError, match="1900 to 2099"):
        walltime.instant("1899-12-31T22:59Z", OSLO, walltime.ASKED_FROM)


def test_local_fields_show_the_offset_and_the_wall_clock() -> None:
    start = dt.datetime(2026, 11, 24, 23, 30, tzinfo=dt.UTC)
    assert walltime.local_fields(start, start + dt.timedelta(hours=1), OSLO) == {
        "starts_at": "2026-11-25T00:30:00+01:00",
        "ends_at": "2026-11-25T01:30:00+01:00",
        "local_date": "2026-11-25",
        "local_start": "00:30",
        "local_end": "01:30",
    }
