import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from services.counters.domain import CounterBody, Reading, Rejection, on_grid, parse, sort_out

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
DOOR, OTHER = UUID(int=1), UUID(int=2)
START = "2026-10-05T10:00:00+02:00"


def item(**more: Any) -> dict[str, Any]:
    return {"counter_id": str(DOOR), "start": START, "in": 3, "out": 2, **more}


def sorted_out(*items: Any, backfill: bool = True) -> Any:
    return sort_out(parse(items), {DOOR: 15}, NOW, {}, backfill=backfill)


@pytest.mark.parametrize(
    ("faulty", "code"),
    [
        (item(**{"in": -1}), "invalid"),
        (item(**{"in": 1.5}), "invalid"),
        (item(**{"in": 2**63}), "invalid"),
        (item(start="2026-10-05T10:00:00"), "invalid"),
        (item(start="1999-10-05T10:00:00Z"), "invalid"),
        (item(surplus=1), "invalid"),
        ("reading", "invalid"),
        (None, "invalid"),
        (item(counter_id=str(OTHER)), "unknown_counter"),
        (item(counter_id=str(OTHER), start="2026-10-05T10:07:00Z"), "unknown_counter"),
        (item(start="2026-10-05T10:07:00Z"), "off_grid"),
        (item(start="2026-10-05T10:00:00.5Z"), "off_grid"),
    ],
)
def test__faulty_reading__beside_a_good_one__only_it_is_rejected(faulty: Any, code: Any) -> None:
    batch = sorted_out(item(), faulty)

    assert batch.rejected == [Rejection(1, code)]
    assert len(batch.readings) == 1


def test__same_reading__twice_in_a_batch__is_one_with_its_earliest_arrival() -> None:
    batch = sorted_out(item(received_at="2026-10-06T00:00:00Z"), item(received_at="2026-10-05T09:00:00Z"), item())

    assert batch.readings == [
        Reading(DOOR, dt.datetime(2026, 10, 5, 8, tzinfo=dt.UTC), 3, 2, 0, dt.datetime(2026, 10, 5, 9, tzinfo=dt.UTC))
    ]
    assert batch.repeats == 2


def test__received_at__without_the_backfill_right__is_now() -> None:
    batch = sorted_out(item(received_at="2026-10-06T00:00:00Z"), backfill=False)

    assert batch.readings[0].received_at == NOW


def test__out_and_sequence__not_given__are_zero() -> None:
    (reading,) = sorted_out({"counter_id": str(DOOR), "start": START, "in": 4, "sequence": None}).readings

    assert (reading.count_out, reading.sequence) == (0, 0)


@pytest.mark.parametrize(
    ("start", "minutes", "expected"), [("10:05", 5, True), ("10:05", 10, False), ("10:30", 60, False)]
)
def test__on_grid__by_the_minute_of_the_hour_in_utc(start: str, minutes: int, expected: bool) -> None:
    kathmandu = dt.timezone(dt.timedelta(hours=5, minutes=45))

    assert on_grid(dt.datetime.fromisoformat(f"2026-10-05T{start}:00+00:00"), minutes) is expected
    assert not on_grid(dt.datetime(2026, 10, 5, 10, tzinfo=kathmandu), 60)


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "zone"},
        {"interval_minutes": 7},
        {"valid_from": "2026-10-05T10:00:00Z", "valid_to": "2026-10-05T10:00:00Z"},
        {"colour": "red"},
    ],
)
def test__counter__that_does_not_fit_together__is_refused(more: dict[str, Any]) -> None:
    good = {"square_id": str(UUID(int=9)), "kind": "outer", "interval_minutes": 15}
    CounterBody.model_validate(good)

    with pytest.raises(ValidationError):
        CounterBody.model_validate({**good, **more})
