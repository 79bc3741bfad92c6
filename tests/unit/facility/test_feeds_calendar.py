"""A calendar's content as the dates a room is wanted for."""

import datetime as dt
from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.facility.feeds import calendar
from services.facility.feeds.calendar import Edition
from services.facility.feeds.domain import Broken, Feed

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
FEED = Feed(
    id=UUID(int=1), version=1, square_id=UUID(int=2), zone=ZoneInfo("Europe/Oslo"), space_id=UUID(int=3), unit_id=None,
    unit_kind=None, name="Koret", kind="file", url=None, file_digest="x", refresh_minutes=60, override=False,
    titles="shown", created_at=NOW,
)  # fmt: skip


def event(start: str = "20261201T100000", *lines: str, uid: str = "a") -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", f"DTSTART:{start}", *lines, "END:VEVENT"])


def edition(*parts: str, feed: Feed = FEED) -> Edition:
    text = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *parts, "END:VCALENDAR"])
    return calendar.edition(feed, text.encode(), NOW)


HOUR = ("DURATION:PT1H", "SUMMARY:Øving")


def test_edition__time_without_zone__is_on_the_squares_clock() -> None:
    (one,) = edition(event("20261201T100000", *HOUR)).wanted
    assert (one.starts_at, one.title) == (dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC), "Øving")


def test_edition__endless_series__reaches_from_today_to_thirteen_months_ahead() -> None:
    made = edition(event("20200106T100000", *HOUR, "RRULE:FREQ=DAILY"))
    assert made.wanted[0].starts_at == dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)
    assert made.wanted[-1].starts_at == dt.datetime(2027, 12, 24, 9, tzinfo=dt.UTC)


def test_edition__moved_date_of_a_series__keeps_its_id() -> None:
    series = event("20261201T100000", *HOUR, "RRULE:FREQ=WEEKLY;COUNT=2")
    moved = event("20261201T150000", *HOUR, "RECURRENCE-ID:20261201T100000")
    before, after = edition(series).wanted, edition(series, moved).wanted
    assert {one.id for one in before} == {one.id for one in after}
    assert before[0].starts_at + dt.timedelta(hours=5) == after[0].starts_at


@pytest.mark.parametrize("line", ["STATUS:CANCELLED", "TRANSP:TRANSPARENT"])
def test_edition__what_is_cancelled_or_takes_no_time__wants_nothing(line: str) -> None:
    assert edition(event("20261201T100000", *HOUR, line)).wanted == []


def test_edition__private_entry_or_hidden_titles__has_no_title() -> None:
    private = event("20261201T100000", *HOUR, "CLASS:PRIVATE")
    assert [one.title for one in edition(private).wanted] == [None]
    hidden = edition(event("20261201T100000", *HOUR), feed=replace(FEED, titles="hidden"))
    assert [one.title for one in hidden.wanted] == [None]


def test_edition__busy_times__want_the_room_without_a_title() -> None:
    made = edition("BEGIN:VFREEBUSY\r\nFREEBUSY:20261201T090000Z/PT2H\r\nEND:VFREEBUSY")
    assert [(one.ends_at - one.starts_at, one.title) for one in made.wanted] == [(dt.timedelta(hours=2), None)]


def test_edition__entry_without_length_or_longer_than_a_booking__is_told_and_the_others_are_taken() -> None:
    point = event("20261201T100000", "SUMMARY:Frist")
    long = event("20261201T100000", "DURATION:P61D", "SUMMARY:Utstilling", uid="b")
    made = edition(point, long, event("20261202T100000", *HOUR, uid="c"))
    assert [one["what"] for one in made.skipped] == ["Frist", "Utstilling"]
    assert len(made.wanted) == 1


@pytest.mark.parametrize("rule", ["FREQ=SECONDLY", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=NONSENSE"])
def test_edition__rule_that_cannot_be_used__is_told_and_the_others_are_taken(rule: str) -> None:
    made = edition(event("20261201T100000", *HOUR, f"RRULE:{rule}"), event("20261202T100000", *HOUR, uid="b"))
    assert [one["what"] for one in made.skipped] == ["Øving"]
    assert len(made.wanted) == 1


def test_edition__what_is_quoted_of_the_file__has_nothing_a_database_refuses() -> None:
    odd = event("20261201T100000", *HOUR, "RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE:a\0b")
    made = edition(odd, "BEGIN:VFREEBUSY\r\nFREEBUSY:\0/PT2H\r\nEND:VFREEBUSY")
    assert len(made.skipped) == 2
    assert "\0" not in str(made.skipped).replace("\\x00", "\0")


def test_edition__hidden_titles__are_hidden_of_what_was_not_used_too() -> None:
    made = edition(event("20261201T100000", *HOUR, "RRULE:FREQ=NONSENSE"), feed=replace(FEED, titles="hidden"))
    assert [one["what"] for one in made.skipped] == [""]


def test_edition__more_dates_than_anybody_means__is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "MOST_FOUND", 100)
    with pytest.raises(Broken, match="too_much"):
        edition(event("20200106T100000", *HOUR, "RRULE:FREQ=DAILY"))


def test_edition__time_used_up__is_refused_whole_for_what_is_missing_would_look_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calendar, "_SECONDS", 0.0)
    with pytest.raises(Broken, match="too_much"):
        edition(event("20261201T100000", *HOUR))


@pytest.mark.parametrize("content", [b"", b"<html>Sign in</html>", b"\xff\xfe\x00", b"BEGIN:VEVENT\r\nEND:VEVENT"])
def test_content__that_is_no_calendar__is_refused(content: bytes) -> None:
    with pytest.raises(Broken, match="not_a_calendar"):
        calendar.check(content, FEED.zone)
