"""Local hours of a street counter as real hours, on the nights that have one less and one more."""

import datetime as dt

from deploy.local.imports.leeds import Row, in_hours, rows_of
from deploy.local.imports.report import Report

HEAD = "Date,Hour,LocationName,InCount,BRCWeek,NewDate\n"


def hours(date: str) -> dict[str, int]:
    """Of a day on which the device wrote a row for each clock hour, with the hour as its count."""
    day = dt.datetime.fromisoformat(date)
    rows = [Row("Headrow", day + dt.timedelta(hours=hour), hour) for hour in range(24)]
    return {f"{start:%d %H}": count for (_, start), count in in_hours(rows).items()}


def test_hours__of_the_day_with_23__keep_every_person() -> None:
    found = hours("2014-03-30")
    assert len(found) == 23
    assert sum(found.values()) == sum(range(24))
    assert found["30 01"] == 1 + 2


def test_hours__of_the_day_with_25__leave_the_second_pass_out() -> None:
    found = hours("2014-10-26")
    assert len(found) == 24
    assert found["26 00"] == 1
    assert "26 01" not in found


def test_rows__in_both_forms_of_the_date__are_the_same_day() -> None:
    report = Report("leeds")
    found = list(rows_of(f"{HEAD}02/11/2014,5,Headrow,7,44,x\n2014-11-03,5,Headrow,8,45,x\n", report))
    assert [row.clock for row in found] == [dt.datetime.fromisoformat(f"2014-11-0{day}T05:00") for day in (2, 3)]
    assert report.refused == []


def test_rows__that_cannot_be_read_or_contradict_an_earlier_one__are_refused_by_their_line() -> None:
    lines = ["03/11/2014,5,Headrow,8", "03/11/2014,5,Headrow,8", "03/11/2014,5,Headrow,9", "x,5,Headrow,8"]
    lines += ["03/11/2014,24,Headrow,8", "03/11/2014,6,Headrow,-1", "03/11/2014,6,,1", "31/02/2014,6,Headrow,1", ","]
    report = Report("leeds")
    found = list(rows_of(HEAD + "\n".join(lines), report))
    assert [row.count for row in found] == [8]
    assert [what for what, _ in report.refused] == [f"line {line}" for line in (4, 5, 6, 7, 8, 9, 10)]
