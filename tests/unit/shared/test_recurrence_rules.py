"""What each rule of recurrence says, one case at a time."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.recurrence.expansion import expand
from shared.recurrence.faults import Budget, RuleFault
from shared.recurrence.rule import parse
from shared.recurrence.written import InvalidRule, WrittenRecurrence, read
from shared.recurrence.written import parse as parse_fields

OSLO = ZoneInfo("Europe/Oslo")
FOREVER = (dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC))


def timed(start: str, rrule: str | None = None, **more: Any) -> dict[str, Any]:
    return {"dtstart_local": start, "tz": "Europe/Oslo", "duration_minutes": 60, "rrule": rrule, **more}


def whole(start: str, rrule: str | None = None, days: int = 1, **more: Any) -> dict[str, Any]:
    return {"dtstart_local": start, "tz": "Europe/Oslo", "all_day": True, "duration_days": days, "rrule": rrule, **more}


def dates(written: dict[str, Any], since: str | None = None, until: str | None = None) -> list[str]:
    """Starts and ends in UTC."""
    window = (moment(since) if since else FOREVER[0], moment(until) if until else FOREVER[1])
    found = expand(read(parse_fields(written), OSLO), *window)
    return [f"{date.starts_at:%Y-%m-%dT%H:%MZ}/{date.ends_at:%Y-%m-%dT%H:%MZ}" for date in found]


def starts(written: dict[str, Any], since: str | None = None, until: str | None = None) -> list[str]:
    return [found.split("/")[0] for found in dates(written, since, until)]


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=OSLO)


def test_clock_time__over_the_change_of_the_clock__stays() -> None:
    assert starts(timed("2026-10-18T10:00", "FREQ=WEEKLY;COUNT=3")) == [
        "2026-10-18T08:00Z",
        "2026-10-25T09:00Z",
        "2026-11-01T09:00Z",
    ]


def test_clock_time__that_is_skipped__moves_forward_counts_and_shifts_nothing_later() -> None:
    assert starts(timed("2027-03-27T02:30", "FREQ=DAILY;COUNT=3")) == [
        "2027-03-27T01:30Z",
        "2027-03-28T01:30Z",
        "2027-03-29T00:30Z",
    ]


def test_clock_time__that_comes_twice__is_the_first() -> None:
    assert starts(timed("2026-10-24T02:30", "FREQ=DAILY;COUNT=3")) == [
        "2026-10-24T00:30Z",
        "2026-10-25T00:30Z",
        "2026-10-26T01:30Z",
    ]


def test_skipped_clock_time_and_the_one_it_moves_to__are_two_dates() -> None:
    both = timed("2027-03-28T02:30", "FREQ=DAILY;BYHOUR=2,3;COUNT=3")
    assert starts(both) == ["2027-03-28T01:30Z", "2027-03-28T01:30Z", "2027-03-29T00:30Z"]


def test_date_that_does_not_exist__is_passed_over_and_uses_up_nothing() -> None:
    assert [found[:10] for found in starts(timed("2027-01-30T10:00", "FREQ=MONTHLY;COUNT=3"))] == [
        "2027-01-30",
        "2027-03-30",
        "2027-04-30",
    ]
    assert [found[:10] for found in starts(timed("2028-02-29T10:00", "FREQ=YEARLY;COUNT=2"))] == [
        "2028-02-29",
        "2032-02-29",
    ]


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        ("2027-03-28T01:30", 60, "2027-03-28T00:30Z/2027-03-28T01:30Z"),
        ("2027-03-28T02:30", 30, "2027-03-28T01:30Z/2027-03-28T02:00Z"),
        ("2026-10-25T01:30", 120, "2026-10-24T23:30Z/2026-10-25T01:30Z"),
    ],
)
def test_timed_item__over_the_change_of_the_clock__keeps_its_exact_length(
    start: str, minutes: int, expected: str
) -> None:
    assert dates(timed(start, duration_minutes=minutes)) == [expected]


@pytest.mark.parametrize(
    ("start", "days", "hours"),
    [("2027-03-27", 1, 24), ("2027-03-28", 1, 23), ("2026-10-25", 1, 25), ("2027-03-27", 3, 71), ("2027-05-17", 1, 24)],
)
def test_whole_day_item__runs_from_midnight_to_midnight(start: str, days: int, hours: int) -> None:
    (found,) = expand(read(parse_fields(whole(start, days=days)), OSLO), *FOREVER)
    assert found.ends_at - found.starts_at == dt.timedelta(hours=hours)
    assert found.starts_at.astimezone(OSLO).strftime("%Y-%m-%dT%H:%M") == f"{start}T00:00"


def test_whole_day_item__where_midnight_is_skipped__begins_when_the_day_does() -> None:
    beirut = whole("2027-03-27", "FREQ=DAILY;COUNT=3") | {"tz": "Asia/Beirut"}
    lengths = [end - start for start, end, _ in expand(read(parse_fields(beirut), OSLO), *FOREVER)]
    assert [length.total_seconds() / 3600 for length in lengths] == [24, 23, 24]


def test_exdate__beats_rdate_and_does_not_lengthen_count() -> None:
    written = timed(
        "2026-12-01T10:00",
        "FREQ=DAILY;COUNT=3",
        exdates=["2026-12-02T10:00", "2026-12-20T10:00"],
        rdates=["2026-12-20T10:00", "2026-12-21T10:00", "2026-12-03T10:00"],
    )
    assert [found[:10] for found in starts(written)] == ["2026-12-01", "2026-12-03", "2026-12-21"]


def test_exdate__is_a_written_clock_time__not_the_instant_it_becomes() -> None:
    written = timed("2027-03-28T02:30", "FREQ=DAILY;COUNT=2")
    assert len(starts({**written, "exdates": ["2027-03-28T03:30"]})) == 2
    assert starts({**written, "exdates": ["2027-03-28T02:30:00"]}) == ["2027-03-29T00:30Z"]


def test_rdates__without_a_rule__stand_beside_the_first_start() -> None:
    assert len(starts(timed("2026-12-01T10:00", rdates=["2026-12-05T10:00"]))) == 2


def test_override__moves_or_cancels_its_date_alone() -> None:
    written = timed(
        "2026-12-01T10:00",
        "FREQ=DAILY;COUNT=4",
        overrides=[
            {"recurrence_id": "2026-12-02T10:00", "cancelled": True},
            {"recurrence_id": "2026-12-03T10:00", "start_local": "2026-12-05T12:00"},
            {"recurrence_id": "2026-12-03T11:00", "cancelled": True},
        ],
    )
    assert starts(written) == ["2026-12-01T09:00Z", "2026-12-04T09:00Z", "2026-12-05T11:00Z"]


def test_override__for_no_date_or_an_excluded_one__adds_none() -> None:
    stray = [{"recurrence_id": f"2026-12-{day}T10:00", "start_local": "2026-12-24T10:00"} for day in ("02", "09")]
    written = timed("2026-12-01T10:00", "FREQ=DAILY;COUNT=2", exdates=["2026-12-02T10:00"], overrides=stray)
    assert starts(written) == ["2026-12-01T09:00Z"]


def test_override__may_leave_the_window_and_enter_it() -> None:
    written = timed(
        "2026-12-01T10:00",
        "FREQ=WEEKLY;COUNT=40",
        overrides=[
            {"recurrence_id": "2026-12-08T10:00", "start_local": "2027-01-10T10:00"},
            {"recurrence_id": "2027-06-01T10:00", "start_local": "2026-12-09T10:00"},
        ],
    )
    assert starts(written, "2026-12-05T00:00", "2026-12-12T00:00") == ["2026-12-09T09:00Z"]


def test_window__is_half_open() -> None:
    written = timed("2026-12-01T10:00", "FREQ=DAILY")
    assert starts(written, "2026-12-02T10:00", "2026-12-04T10:00") == ["2026-12-02T09:00Z", "2026-12-03T09:00Z"]


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("20261203", 3),
        ("20261203T100000", 3),
        ("20261203T095959", 2),
        ("20261203T090000Z", 3),
        ("20261203T085959Z", 2),
        ("20261203T100000Z", 3),
        ("20261130", 0),
        ("99991231T235959Z", 365),
    ],
)
def test_until__is_inclusive__by_instant_with_z_and_by_the_clock_without(until: str, expected: int) -> None:
    written = timed("2026-12-01T10:00", f"FREQ=DAILY;UNTIL={until}")
    assert len(starts(written, "2026-12-01T00:00", "2027-12-01T00:00")) == expected


def test_until__in_utc_on_the_night_of_the_gap__compares_the_moved_start() -> None:
    written = timed("2027-03-27T02:30", "FREQ=DAILY;UNTIL=20270328T012959Z")
    assert len(starts(written)) == 1
    assert len(starts({**written, "rrule": "FREQ=DAILY;UNTIL=20270328T013000Z"})) == 2


def test_this_and_following__is_two_series_the_first_ending_a_second_before() -> None:
    first = timed("2026-12-01T10:00", "FREQ=DAILY;UNTIL=20261203T095959")
    second = timed("2026-12-03T10:00", "FREQ=DAILY;COUNT=2")
    assert starts(first) + starts(second) == starts(timed("2026-12-01T10:00", "FREQ=DAILY;COUNT=4"))


def test_week__begins_on_monday_unless_wkst_says_otherwise() -> None:
    every_other = "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU"
    assert [found[:10] for found in starts(timed("1997-08-05T09:00".replace("1997", "2008"), every_other))] == [
        "2008-08-05",
        "2008-08-10",
        "2008-08-19",
        "2008-08-24",
    ]
    assert [found[:10] for found in starts(timed("2008-08-05T09:00", f"{every_other};WKST=SU"))] == [
        "2008-08-05",
        "2008-08-17",
        "2008-08-19",
        "2008-08-31",
    ]


def test_week_53__comes_in_the_years_that_have_it() -> None:
    found = starts(timed("2026-12-28T10:00", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO,SU;COUNT=3"))
    assert [one[:10] for one in found] == ["2026-12-28", "2027-01-03", "2032-12-27"]
    last = starts(timed("2026-12-28T10:00", "FREQ=YEARLY;BYWEEKNO=-1;BYDAY=MO;COUNT=2"))
    assert [one[:10] for one in last] == ["2026-12-28", "2027-12-27"]


def test_the_seventeenth_of_may__that_is_whit_monday_too__is_one_date() -> None:
    found = whole("2026-05-17", "FREQ=YEARLY;COUNT=2", rdates=["2027-05-17"])
    assert dates(found)[1:] == ["2027-05-16T22:00Z/2027-05-17T22:00Z"]


def test_weekdays__plain_and_counted_ones__count_together() -> None:
    found = starts(timed("2026-12-01T10:00", "FREQ=MONTHLY;BYDAY=WE,-1FR;UNTIL=20261231"))
    assert [one[8:10] for one in found] == ["02", "09", "16", "23", "25", "30"]


def test_position__is_counted_over_the_times_of_the_period() -> None:
    last = starts(timed("2026-12-01T10:00", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2"))
    assert [one[:10] for one in last] == ["2026-12-31", "2027-01-29"]


@pytest.mark.parametrize(
    ("rrule", "part"),
    [
        ("", "rrule"),
        ("FREQ", "rrule"),
        ("FREQ=DAILY;", "rrule"),
        ("INTERVAL=2", "FREQ"),
        ("FREQ=HOURLY", "FREQ"),
        ("FREQ=MINUTELY;COUNT=3", "FREQ"),
        ("FREQ=SECONDLY", "FREQ"),
        ("FREQ=FORTNIGHTLY", "FREQ"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ"),
        ("FREQ=DAILY;BYEASTER=0", "BYEASTER"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "COUNT"),
        ("FREQ=DAILY;COUNT=0", "COUNT"),
        ("FREQ=DAILY;COUNT=-1", "COUNT"),
        ("FREQ=DAILY;COUNT=x", "COUNT"),
        ("FREQ=DAILY;COUNT=٣", "COUNT"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
        ("FREQ=DAILY;INTERVAL=1.5", "INTERVAL"),
        ("FREQ=DAILY;UNTIL=2027-01-01", "UNTIL"),
        ("FREQ=DAILY;UNTIL=20270230", "UNTIL"),
        ("FREQ=DAILY;UNTIL=20270101T250000", "UNTIL"),
        ("FREQ=DAILY;WKST=XX", "WKST"),
        ("FREQ=DAILY;WKST=MO,TU", "WKST"),
        ("FREQ=YEARLY;BYMONTH=0", "BYMONTH"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH"),
        ("FREQ=YEARLY;BYMONTH=1,", "BYMONTH"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=-32", "BYMONTHDAY"),
        ("FREQ=YEARLY;BYYEARDAY=367", "BYYEARDAY"),
        ("FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO"),
        ("FREQ=YEARLY;BYWEEKNO=0", "BYWEEKNO"),
        ("FREQ=WEEKLY;BYDAY=MANDAG", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY"),
        ("FREQ=YEARLY;BYDAY=54MO", "BYDAY"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR"),
        ("FREQ=DAILY;BYMINUTE=60", "BYMINUTE"),
        ("FREQ=DAILY;BYSECOND=-1", "BYSECOND"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "BYSETPOS"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367", "BYSETPOS"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS"),
        ("FREQ=WEEKLY;BYMONTHDAY=3", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYWEEKNO=3", "BYWEEKNO"),
        ("FREQ=MONTHLY;BYYEARDAY=3", "BYYEARDAY"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", "BYDAY"),
    ],
)
def test_rule__malformed_or_out_of_range__is_refused_by_the_name_of_the_part(rrule: str, part: str) -> None:
    with pytest.raises(RuleFault) as refused:
        parse(rrule)
    named = "RRULE" if part == "rrule" else part
    assert named in refused.value.message.nb
    assert named in refused.value.message.en


def test_rule__parts_in_small_letters_and_any_order__is_the_same() -> None:
    assert parse("byday=mo,TH;freq=weekly") == parse("FREQ=WEEKLY;BYDAY=MO,TH")


@pytest.mark.parametrize(
    "rrule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=4",
        "FREQ=YEARLY;BYWEEKNO=20;BYMONTH=1",
        "FREQ=YEARLY;BYMONTH=2;BYDAY=5MO;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
    ],
)
def test_rule__that_never_gives_a_date__is_refused(rrule: str) -> None:
    with pytest.raises(RuleFault, match="never"):
        starts(timed("2026-12-01T10:00", rrule), "2026-12-01", "2027-01-01")


@pytest.mark.parametrize(
    ("rrule", "rdates"),
    [
        ("FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12;BYMINUTE=0,30", []),
        ("FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12;BYMINUTE=0,30;UNTIL=20270301", []),
        ("FREQ=YEARLY;BYMINUTE=0,1,2,3,4,5,6,7,8,9,10,11,12;BYSECOND=0,1;BYSETPOS=1,-1,2,-2", None),
        (None, [f"2026-12-05T10:{minute:02d}" for minute in range(25)]),
    ],
)
def test_starts__more_than_24_on_one_date__are_refused(rrule: str | None, rdates: list[str] | None) -> None:
    written = timed("2026-12-01T00:00", rrule, rdates=rdates)
    if rdates is None:  # more times than that in a day, of which few are chosen
        assert len(starts(written, "2026-12-01", "2027-12-01")) == 4
    else:
        with pytest.raises(RuleFault, match="24 starts"):
            starts(written, "2026-12-01", "2027-01-01")


def test_starts__24_on_one_date__are_taken() -> None:
    hourly = f"FREQ=DAILY;BYHOUR={','.join(map(str, range(24)))};UNTIL=20261202"
    assert len(starts(timed("2026-12-01T00:00", hourly))) == 48


def test_expansion__out_of_time__is_refused_at_its_next_step() -> None:
    asked = iter([0.0, 0.1, 0.2, 0.3, 0.4, 0.6])
    recurrence = read(WrittenRecurrence.model_validate(timed("2026-12-01T10:00", "FREQ=DAILY")), OSLO)
    with pytest.raises(RuleFault, match="too long"):
        expand(recurrence, *FOREVER, Budget(0.5, lambda: next(asked)))
    assert list(asked) == []


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"dtstart_local": "2026-12-01"}, "dtstart_local"),
        ({"dtstart_local": "2026-12-01T10:00+01:00"}, "dtstart_local"),
        ({"dtstart_local": "2026-02-30T10:00"}, "dtstart_local"),
        ({"dtstart_local": "9999-12-01T10:00"}, "dtstart_local"),
        ({"dtstart_local": None}, "dtstart_local"),
        ({"tz": "Europe/Asker"}, "tz"),
        ({"tz": "../../etc/passwd"}, "tz"),
        ({"tz": ""}, "tz"),
        ({"duration_minutes": None}, ""),
        ({"duration_minutes": 0}, "duration_minutes"),
        ({"duration_minutes": -5}, "duration_minutes"),
        ({"duration_minutes": 1.5}, "duration_minutes"),
        ({"duration_days": 1}, ""),
        ({"all_day": True}, ""),
        ({"rrule": 3}, "rrule"),
        ({"rrule": "FREQ=DAILY;BYDAY=" + "MO," * 3000}, "rrule"),
        ({"exdates": ["2026-12-01"]}, "exdates"),
        ({"exdates": ["2026-12-01T10:00"] * 5001}, "exdates"),
        ({"rdates": ["2026-12-01T10:00Z"]}, "rdates"),
        ({"overrides": [{"recurrence_id": "2026-12-01T10:00"}]}, "overrides"),
        ({"overrides": [{"recurrence_id": "x", "cancelled": True}]}, "overrides"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_written_recurrence__that_cannot_be__is_refused_with_its_place(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidRule) as refused:
        read(parse_fields(timed("2026-12-01T10:00") | fields), OSLO)
    fault = refused.value.extra["errors"][0]
    assert (fault["loc"] or [""])[0] == place
    assert fault["message"].nb != fault["message"].en


def test_whole_day_item__with_times_of_the_day__is_refused() -> None:
    with pytest.raises(InvalidRule, match="invalid_rule"):
        read(parse_fields(whole("2026-12-01", "FREQ=DAILY;BYHOUR=3")), OSLO)


def test_written_recurrence__nulls__are_what_is_left_out() -> None:
    nulls = {"exdates": None, "rdates": None, "overrides": None, "all_day": None, "duration_days": None, "tz": None}
    assert read(parse_fields(timed("2026-12-01T10:00") | nulls), OSLO) == read(
        parse_fields(timed("2026-12-01T10:00")), OSLO
    )
