from zoneinfo import ZoneInfo

import pytest

from services.counters.files import WrongColumns, rows

OSLO = ZoneInfo("Europe/Oslo")


def test__table__with_clock_times__reads_them_in_the_zone() -> None:
    table = "counter,start,in,out\na,2026-10-25T02:30,4,2\nb,2026-03-29T02:30,1,\nc,2026-10-05T10:00Z,1,1\n"

    assert list(rows(table, OSLO)) == [
        (2, {"counter_id": "a", "start": "2026-10-25T02:30:00+02:00", "in": 4, "out": 2}),
        (3, {"counter_id": "b", "start": "2026-03-29T02:30:00+01:00", "in": 1}),
        (4, {"counter_id": "c", "start": "2026-10-05T10:00:00+00:00", "in": 1, "out": 1}),
    ]


def test__row__that_cannot_be_read__comes_out_as_it_stands() -> None:
    ((line, reading),) = rows("counter,start,in\nx,yesterday,many,1\n", None)

    assert line == 2
    assert reading == {"counter_id": "x", "start": "yesterday", "in": "many", "surplus": True}


@pytest.mark.parametrize("head", ["counter,start", "counter,start,in,colour", ""])
def test__table__with_wrong_columns__is_refused(head: str) -> None:
    with pytest.raises(WrongColumns):
        list(rows(head, None))
