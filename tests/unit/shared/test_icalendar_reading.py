"""Calendars of others, one dialect and one fault at a time."""

import datetime as dt
from contextlib import suppress
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.icalendar_in.content import Unreadable, calendars
from shared.icalendar_in.entry import Entry, Happening
from shared.icalendar_in.reading import Reading, read
from shared.icalendar_in.zones import Zones
from shared.recurrence.faults import Budget, RuleFault

OSLO = ZoneInfo("Europe/Oslo")
ALL = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2028, 1, 1, tzinfo=dt.UTC)
BY_HAND = """\
BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def calendar(*events: str, head: str = "") -> bytes:
    inside = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{inside}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def entry(*events: str, head: str = "") -> Entry:
    (found,) = reading(*events, head=head).entries
    return found


def reading(*events: str, head: str = "") -> Reading:
    return read(calendar(*events, head=head), OSLO)


def dates(*events: str, head: str = "") -> list[Happening]:
    return entry(*events, head=head).happenings(*ALL)


def starts(*events: str, head: str = "") -> list[str]:
    return [f"{date.starts_at.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}" for date in dates(*events, head=head)]


@cache
def described_oslo() -> dt.tzinfo:
    (one,) = calendars(calendar(head=BY_HAND))
    return Zones(one, OSLO, Budget()).named("Customized Time Zone")


WEEKLY = "UID:a\nSUMMARY:Kor\nDTSTART;TZID=Europe/Oslo:20261201T180000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=3"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("DTSTART:20261201T180000Z", "2026-12-01T18:00Z"),
        ("DTSTART;TZID=America/New_York:20261201T180000", "2026-12-01T23:00Z"),
        ("DTSTART;TZID=Eastern Standard Time:20261201T180000", "2026-12-01T23:00Z"),
        ('DTSTART;TZID="Eastern Standard Time:20261201T180000"', "2026-12-01T23:00Z"),
        ("DTSTART;TZID=/program.example/20260101_1/Europe/Oslo:20261201T180000", "2026-12-01T17:00Z"),
        ("DTSTART;TZID=Customized Time Zone:20261201T180000", "2026-12-01T17:00Z"),
        ("DTSTART:20261201T180000", "2026-12-01T17:00Z"),
        ("DTSTART;VALUE=DATE:20261201T180000", "2026-12-01T17:00Z"),
        ("DTSTART;VALUE=DATE:20261201", "2026-11-30T23:00Z"),
    ],
)
def test_time__however_its_zone_is_written__is_that_instant(start: str, expected: str) -> None:
    assert starts(f"UID:a\n{start}\nDURATION:PT1H", head=BY_HAND) == [expected]


def test_time__without_zone__is_on_the_calendars_own_clock_where_it_names_one() -> None:
    event = "UID:a\nDTSTART:20261201T180000\nDURATION:PT1H"
    assert starts(event, head="X-WR-TIMEZONE:Asia/Tokyo\n") == ["2026-12-01T09:00Z"]
    (found,) = read(calendar(event, head="X-WR-TIMEZONE:Asia/Tokyo\n"), OSLO, ZoneInfo("UTC")).entries
    assert found.recurrence.zone == ZoneInfo("UTC")


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 39 * 366 * 24 * 12), st.sampled_from([0, 1]))
def test_described_zone__of_the_rules_of_oslo__is_oslo(minutes: int, fold: int) -> None:
    when = dt.datetime.fromisoformat("1997-01-01") + dt.timedelta(minutes=5 * minutes)
    local = when.replace(tzinfo=described_oslo(), fold=fold)
    assert local.utcoffset() == local.replace(tzinfo=OSLO).utcoffset()
    there, here = (when.replace(tzinfo=dt.UTC).astimezone(one) for one in (described_oslo(), OSLO))
    assert (there.replace(tzinfo=None), there.fold) == (here.replace(tzinfo=None), here.fold)


@pytest.mark.parametrize("near", ["2027-03-28T00:00", "2026-10-25T00:00"])
def test_described_zone__minute_by_minute_around_a_change__is_oslo(near: str) -> None:
    night = [dt.datetime.fromisoformat(near) + dt.timedelta(minutes=minute) for minute in range(5 * 60)]
    for when in night:
        for fold in (0, 1):
            local = when.replace(tzinfo=described_oslo(), fold=fold)
            assert local.utcoffset() == local.replace(tzinfo=OSLO).utcoffset()
        there, here = (when.replace(tzinfo=dt.UTC).astimezone(one) for one in (described_oslo(), OSLO))
        assert (there.replace(tzinfo=None), there.fold) == (here.replace(tzinfo=None), here.fold)


@pytest.mark.parametrize(
    ("night", "expected"),
    [
        ("20270328T023000", ("2027-03-28T01:30Z", 60)),
        ("20261025T023000", ("2026-10-25T00:30Z", 60)),
    ],
)
def test_described_zone__on_the_night_of_a_change__is_read_by_the_rule(night: str, expected: tuple[str, int]) -> None:
    (found,) = dates(f"UID:a\nDTSTART;TZID=Customized Time Zone:{night}\nDURATION:PT60M", head=BY_HAND)
    assert f"{found.starts_at:%Y-%m-%dT%H:%MZ}" == expected[0]
    assert found.ends_at - found.starts_at == dt.timedelta(minutes=expected[1])


@pytest.mark.parametrize(
    ("event", "hours"),
    [
        ("DTSTART:20261201T180000Z\nDTEND:20261201T193000Z", 1.5),
        ("DTSTART:20261201T180000Z\nDTEND:20261201T193000Z\nDURATION:PT0S", 1.5),
        ("DTSTART:20261201T180000Z\nDURATION:P1D", 24),
        ("DTSTART:20261201T180000Z", 0),
        ("DTSTART;TZID=Europe/Oslo:20270327T180000\nDTEND;TZID=Europe/Oslo:20270328T180000", 23),
        ("DTSTART;VALUE=DATE:20270328", 23),
        ("DTSTART;VALUE=DATE:20270327\nDTEND;VALUE=DATE:20270329", 47),
        ("DTSTART;VALUE=DATE:20270327\nDTEND;VALUE=DATE:20270327", 24),
        ("DTSTART;VALUE=DATE:20261024\nDURATION:P2D", 49),
    ],
)
def test_length__however_it_is_written__is_this_many_hours(event: str, hours: float) -> None:
    (found,) = dates(f"UID:a\n{event}")
    assert (found.ends_at - found.starts_at).total_seconds() / 3600 == hours


def test_exdate__as_list_in_utc_or_without_zone__compares_on_the_clock_of_the_series() -> None:
    assert starts(f"{WEEKLY}\nEXDATE:20261201T170000Z,20261215T180000") == ["2026-12-08T17:00Z"]


def test_exdate__that_is_only_a_date__takes_nothing_away_and_is_noted() -> None:
    found = entry(f"{WEEKLY}\nEXDATE;VALUE=DATE:20261208")
    assert len(found.happenings(*ALL)) == 3
    assert ["20261208" in note.en for note in found.notes] == [True]


def test_date_of_its_own__moved__keeps_its_id_and_says_when_it_was_planned() -> None:
    moved = "UID:a\nRECURRENCE-ID:20261208T170000Z\nDTSTART:20261209T100000Z\nDTEND:20261209T120000Z"
    found = dates(WEEKLY, moved)
    assert [date.moved for date in found] == [False, True, False]
    assert [date.id for date in found] == [date.id for date in dates(WEEKLY)]
    assert found[1].planned == (dates(WEEKLY)[1].starts_at, dates(WEEKLY)[1].ends_at)


def test_date_of_its_own__cancelled__is_told_as_cancelled() -> None:
    gone = "UID:a\nRECURRENCE-ID:20261208T170000Z\nDTSTART:20261208T170000Z\nDURATION:PT1H\nSTATUS:CANCELLED"
    assert [date.cancelled for date in dates(WEEKLY, gone)] == [False, True, False]


def test_date_of_its_own__in_several_editions__counts_by_the_highest_sequence() -> None:
    edition = "UID:a\nRECURRENCE-ID:20261208T170000Z\nDTSTART:2026120{}T100000Z\nDURATION:PT1H\nSEQUENCE:{}"
    found = dates(WEEKLY, edition.format(7, 2), edition.format(9, 10), edition.format(6, 3))
    assert [date.starts_at.day for date in found] == [1, 9, 15]


def test_date_of_its_own__of_no_series_or_none_of_its_dates__stands_by_itself() -> None:
    stray = "UID:a\nRECURRENCE-ID:20261209T170000Z\nDTSTART:20261209T170000Z\nDURATION:PT1H"
    assert [date.planned is None for date in dates(WEEKLY, stray) if date.source == "override"] == [True]
    assert starts(stray) == ["2026-12-09T17:00Z"]


def test_date_of_its_own__for_this_and_all_after__is_refused_and_the_series_stays() -> None:
    found = reading(WEEKLY, "UID:a\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261208T170000Z\nDTSTART:20261208T180000Z")
    assert len(found.entries[0].happenings(*ALL)) == 3
    assert "RANGE" in found.refused[0].why.nb


def test_series__with_the_same_uid__are_two_entries_with_keys_of_their_own() -> None:
    other = WEEKLY.replace("20261201T180000", "20270601T180000")
    found = reading(WEEKLY, other)
    assert len({one.key for one in found.entries}) == 2
    override = "UID:a\nRECURRENCE-ID;TZID=Europe/Oslo:20270608T180000\nDTSTART:20270609T100000Z\nDURATION:PT1H"
    assert [len(one.singles) for one in reading(WEEKLY, other, override).entries] == [0, 1]


def test_series__in_two_editions__is_the_newer() -> None:
    assert starts(WEEKLY, f"{WEEKLY.replace('COUNT=3', 'COUNT=1')}\nSEQUENCE:1") == ["2026-12-01T17:00Z"]


def test_window__takes_what_lies_in_it_in_part() -> None:
    two_days = entry("UID:a\nDTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20261203")
    day = dt.timedelta(days=1)
    begin = dt.datetime(2026, 12, 1, tzinfo=OSLO)
    assert [len(two_days.happenings(begin + day * at, begin + day * (at + 1))) for at in range(-1, 3)] == [0, 1, 1, 0]


def test_entry__text__is_unescaped_on_one_line_and_cut() -> None:
    found = entry(f"UID:a\nDTSTART:20261201T180000Z\nSUMMARY:Te\\, kaffe\\n og \n  kaker{'!' * 300}\nLOCATION:Salen")
    assert found.title.startswith("Te, kaffe og kaker!!")
    assert (len(found.title), found.place) == (200, "Salen")


def test_entry__quoted_printable_and_broken_lines__is_taken_and_noted() -> None:
    found = entry("UID:a\nSUMMARY;ENCODING=QUOTED-PRINTABLE:Bl=C3=A5b=C3=A6r\nDTSTART:20261201T180000Z\n</p>=0D")
    assert found.title == "Blåbær"
    assert len(found.notes) == 1


def test_entry__marks__are_read() -> None:
    found = entry("UID:a\nDTSTART:20261201T180000Z\nCLASS:PRIVATE\nTRANSP:TRANSPARENT\nSTATUS:CANCELLED")
    assert (found.confidential, found.takes_time, found.cancelled, found.endless) == (True, False, True, False)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("UID:a", "DTSTART"),
        ("UID:a\nDTSTART:i morgen", "DTSTART"),
        ("UID:a\nDTSTART:20270230T100000Z", "DTSTART"),
        ("UID:a\nDTSTART;TZID=Mars Standard Time:20261201T100000", "Mars Standard Time"),
        ("UID:a\nDTSTART:20261201T100000Z\nDTEND:20261201T090000Z", "end"),
        ("UID:a\nDTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20261130", "end"),
        ("UID:a\nDTSTART:20261201T100000Z\nDURATION:long", "DURATION"),
        ("UID:a\nDTSTART:20261201T100000Z\nRRULE:FREQ=SECONDLY", "FREQ"),
        ("UID:a\nDTSTART:20261201T100000Z\nRRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "rules"),
        ("UID:a\nDTSTART:20261201T100000Z\nRRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY", "EXRULE"),
    ],
)
def test_entry__that_cannot_be_used__is_refused_alone(event: str, said: str) -> None:
    found = reading(event, WEEKLY.replace("UID:a", "UID:b"))
    assert len(found.entries) == 1
    assert [said in refusal.why.en for refusal in found.refused] == [True]
    assert found.refused[0].why.nb != found.refused[0].why.en


@pytest.mark.parametrize(
    "described",
    [
        BY_HAND.replace("FREQ=YEARLY", "FREQ=SECONDLY"),
        BY_HAND.replace("+0200", "two hours"),
        BY_HAND.replace("DTSTART", "DTEND"),
        "BEGIN:VTIMEZONE\nTZID:Customized Time Zone\nEND:VTIMEZONE\n",
    ],
)
def test_described_zone__that_says_nothing__refuses_its_entries_alone(described: str) -> None:
    event = "UID:a\nDTSTART;TZID=Customized Time Zone:20261201T180000"
    found = reading(event, WEEKLY.replace("UID:a", "UID:b"), head=described)
    assert (len(found.entries), len(found.refused)) == (1, 1)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\x00", b"<html></html>", b"BEGIN:VEVENT\nEND:VEVENT", b"X:BEGIN:VCALENDAR"]
)
def test_file__that_is_no_calendar__is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read(data, OSLO)


@pytest.mark.parametrize(
    "tail", ["", "BEGIN:VEVENT\nUID:c\nDTSTART:20261201T180000Z", "END:VEVENT\nEND:VCALENDAR\nEND:VCALENDAR\n"]
)
def test_file__cut_off_or_closed_twice__keeps_what_is_whole(tail: str) -> None:
    whole = calendar(WEEKLY).decode().replace("END:VCALENDAR", tail)
    assert read(whole.encode(), OSLO).entries[0].title == "Kor"


def test_file__in_latin_1__is_read() -> None:
    data = calendar("UID:a\nDTSTART:20261201T180000Z\nSUMMARY:Blåbær").decode().encode("latin-1")
    assert read(data, OSLO).entries[0].title == "Blåbær"


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_file__with_any_line_spoilt__is_read_or_refused_and_never_breaks(data: st.DataObject) -> None:
    lines = calendar(WEEKLY, "UID:b\nDTSTART;TZID=Customized Time Zone:20261201T180000", head=BY_HAND).splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(lines) - 1))
        lines[place] = data.draw(st.just(b"") | st.binary(max_size=12) | st.sampled_from(lines))
    with suppress(Unreadable, RuleFault):  # refused is as good as read: nothing else may be raised
        found = read(b"\r\n".join(lines), OSLO)
        assert all(date.starts_at <= date.ends_at for one in found.entries for date in one.happenings(*ALL))
