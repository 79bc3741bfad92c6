"""A gate's running number over seven months, with lost readings, jumps no day can hold, and a roll-over. Its days are
put an hour apart, since no counter has intervals longer than that."""

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from visitor_house import DOOR, at, door, facts, with_readings

from services.aggregator.visitors.facts import MINUTE
from services.aggregator.visitors.history import History

BEGIN, NOW = "2026-01-05T00:00+00:00", "2026-06-01T00:00"
HOUR = 60


@pytest.fixture(scope="module")
def gate(shared_data: Path) -> Path:
    folder = shared_data / "gate-counter-cumulative"
    if not folder.exists():
        pytest.skip("gate-counter-cumulative is not among the real data sets here")
    return folder


def counted(gate: Path, **settings: Any) -> int:
    """Everybody who came in on any of the dates."""
    begin = at(BEGIN) // MINUTE
    rows = list(csv.DictReader((gate / "gate.csv").read_text().splitlines()))
    readings = [
        (DOOR, begin + HOUR * hour, (begin + HOUR * (hour + 1)) * MINUTE, 0, int(row["counts"]), int(row["counts"]))
        for hour, row in enumerate(rows)
        if row["counts"].isdigit()
    ]
    base = facts(counters=[door(feed="cumulative", **settings)])
    evaluation = History(with_readings(base, readings)).evaluation(at(NOW))
    dates = [dt.date(2026, 1, 5) + dt.timedelta(days=number) for number in range(len(rows) // 24 + 2)]
    return sum(int(evaluation.figure(date).observed) for date in dates)


def deltas(gate: Path, *, most: int) -> list[int]:
    """Differences of neighbouring days as others counted them; what covers several days is none of these."""
    expected = json.loads((gate / "expected.json").read_text())
    return [number for _, number, note in expected["days"] if number is not None and not note and number <= most]


def test__running_number__counts_neighbours_and_takes_the_roll_over_as_it_stands(gate: Path) -> None:
    assert counted(gate, max_per_minute=100_000) == sum(deltas(gate, most=10**6)) + 9776


def test__jumps_no_interval_can_hold__do_not_enter(gate: Path) -> None:
    plausible = sum(deltas(gate, most=40 * HOUR))
    assert counted(gate) == plausible
    assert plausible < sum(deltas(gate, most=10**6)) / 100
