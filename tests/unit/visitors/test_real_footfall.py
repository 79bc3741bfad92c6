"""A year of eight real street counters: months add up, lost days are seen, an hour that came twice is not lost."""

import csv
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import pytest
from visitor_house import SPACE, at, door, facts, rows, with_readings

from services.aggregator.visitors.facts import MINUTE
from services.aggregator.visitors.history import History

LONDON = ZoneInfo("Europe/London")
NEW_YEAR = "2015-02-01T00:00"


def counter_of(place: str) -> UUID:
    return uuid5(SPACE, place)


def footfall(path: Path) -> Iterator[tuple[UUID, int, int, int, int, int]]:
    """The row of the hour that the clock skips in March stands for no time at all and is left out."""
    with path.open() as lines:
        for row in csv.DictReader(lines):
            written = f"{row['NewDate']} {row['Hour']}"
            wall = dt.datetime.strptime(written, "%d-%b-%Y %H").replace(tzinfo=LONDON)
            if wall.astimezone(dt.UTC).astimezone(LONDON).hour == wall.hour:
                start = int(wall.timestamp()) // 60
                count = int(row["InCount"])
                yield counter_of(row["LocationName"]), start, (start + 60) * MINUTE, 0, count, count


@pytest.fixture(scope="module")
def expected(shared_data: Path) -> Any:
    return json.loads((shared_data / "leeds-footfall/expected_2014.json").read_text())


@pytest.fixture(scope="module")
def leeds(shared_data: Path, expected: Any) -> Any:
    counters = [door(counter_of(place), max_per_minute=10_000) for place in expected["counters"]]
    base = facts(zone=LONDON, counters=counters)
    return with_readings(base, footfall(shared_data / "leeds-footfall/footfall_2014.csv"))


def test__months__without_a_change_of_the_clock__equal_the_publisher_s(leeds: Any, expected: Any) -> None:
    evaluation = History(leeds).evaluation(at(NEW_YEAR))
    for month in ("2014-04", "2014-07", "2014-11", "2014-12"):
        total = sum(place["month_totals_each_hour_once"][month] for place in expected["counters"].values())
        assert sum(evaluation.figure(date).observed for date in dates_of(month)) == total


def dates_of(month: str) -> list[dt.date]:
    first = dt.date.fromisoformat(f"{month}-01")
    dates = (first + dt.timedelta(days=number) for number in range(31))
    return [date for date in dates if date.month == first.month]


def test__three_days_lost_at_all_counters__are_estimated_only_where_enough_weeks_went_before(leeds: Any) -> None:
    found = {row.period: row for row in rows(leeds, "2014-01-30", "2014-02-03", now=NEW_YEAR)}

    assert [found[f"2014-{date}"].quality for date in ("01-30", "01-31", "02-01", "02-02", "02-03")] == [
        "observed",
        "imputed",
        "imputed",
        "imputed",
        "observed",
    ]
    assert found["2014-02-01"].imputed_share == 1


def test__sixteen_hours_lost_at_one_counter__are_a_small_share_of_the_day(leeds: Any) -> None:
    (found,) = rows(leeds, "2014-05-17", now=NEW_YEAR)

    assert found.quality == "imputed"
    assert 0 < found.imputed_share < 0.1


def test__autumn_hour__second_pass__is_missing_at_every_counter(leeds: Any) -> None:
    gaps = History(leeds).evaluation(at(NEW_YEAR)).missing(dt.date(2014, 10, 26)).gaps

    assert len(gaps) == 8
    assert {gap.cell.clock for gap in gaps} == {60}
