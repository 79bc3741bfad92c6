"""Special days: public holidays with what falls together, a square's own rules, and hours that follow them."""

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from services.facility.days.domain import PutRule, Rule, special_days, with_special_days
from shared.contracts.opening_hours import Hours, Period

SQUARE = uuid4()
WEEK = {
    "name": "Vanlige uker",
    "groups": [
        {"spans": [{"start": "10:00", "end": "16:00", "weekdays": [1, 2, 3, 4, 5], "state": "staffed"}]},
        {"spans": [{"start": "08:00", "end": "22:00", "state": "self_service"}]},
    ],
}


def rule(**said: Any) -> Rule:
    return Rule(UUID(int=1), 1, PutRule.model_validate({"square_id": str(SQUARE), "name_nb": "Regel", **said}))


def dates(rules: list[Rule], first: str, last: str) -> list[tuple[str, str]]:
    found = special_days(rules, dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    return [(one.date.isoformat(), one.kind) for one in found]


def test_special_days__two_holidays_on_one_date__are_one_day_with_both_names() -> None:
    (day,) = special_days([], dt.date(2027, 5, 17), dt.date(2027, 5, 17))

    assert "Grunnlovsdag" in day.name.nb
    assert "pinsedag" in day.name.nb


def test_special_days__before_easter__follow_easter() -> None:
    short = rule(kind="short", closes_at="12:00", easter_offset=-4)

    assert dates([short], "2026-03-30", "2026-04-01") == [("2026-04-01", "short")]
    assert dates([short], "2027-03-20", "2027-03-24") == [("2027-03-24", "short")]


def test_special_days__of_every_year__fall_in_each() -> None:
    eve = rule(kind="short", closes_at="13:00", yearly="12-24")

    assert dates([eve], "2026-12-20", "2027-12-24") == [
        ("2026-12-24", "short"),
        *[(one, "public_holiday") for one in ("2026-12-25", "2026-12-26", "2027-01-01", "2027-03-25", "2027-03-26")],
        *[(one, "public_holiday") for one in ("2027-03-28", "2027-03-29", "2027-05-01", "2027-05-06", "2027-05-16")],
        ("2027-05-17", "public_holiday"),
        ("2027-12-24", "short"),
    ]


def test_special_days__the_day_that_only_leap_years_have__is_passed_over_in_others() -> None:
    leap = rule(kind="closed", yearly="02-29")

    found = [one for one in dates([leap], "2027-02-01", "2028-02-29") if one[1] == "closed"]

    assert found == [("2028-02-29", "closed")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "closed"},
        {"kind": "closed", "yearly": "12-24", "easter_offset": 1},
        {"kind": "short", "yearly": "12-24"},
        {"kind": "closed", "yearly": "02-30"},
        {"kind": "closed", "yearly": "12-24", "closes_at": "12:00"},
        {"kind": "closed", "first_date": "2026-10-05"},
        {"kind": "closed", "first_date": "2026-10-05", "last_date": "2026-10-01"},
    ],
)
def test_rule__that_does_not_say_its_days__is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule(**wrong)


def hours_of(days: list[str], rules: list[Rule], on_public: Any, *more: dict[str, Any]) -> dict[str, Any]:
    first, last = dt.date.fromisoformat(days[0]), dt.date.fromisoformat(days[-1])
    periods = [Period.model_validate(one) for one in (WEEK, *more)]
    proposed, _ = with_special_days(periods, special_days(rules, first, last), on_public)
    return Hours(proposed).days(first, last)


def test_with_special_days__a_public_holiday__is_closed_or_self_service_or_as_usual() -> None:
    usual = [["08:00", "22:00", "self_service"], ["10:00", "16:00", "staffed"]]

    def on_17_may(choice: str) -> list[list[str]]:
        return sorted(map(list, hours_of(["2027-05-17"], [], choice).get("2027-05-17", [])))

    assert on_17_may("closed") == [["00:00", "24:00", "closed"]]
    assert on_17_may("self_service") == [["08:00", "22:00", "self_service"]]
    assert on_17_may("usual") == usual


def test_with_special_days__a_short_day__ends_when_it_closes() -> None:
    eve = rule(kind="short", closes_at="12:00", yearly="12-24")
    found = hours_of(["2026-12-24"], [eve], "closed")["2026-12-24"]

    assert sorted(map(list, found)) == [["08:00", "12:00", "self_service"], ["10:00", "12:00", "staffed"]]


def test_with_special_days__a_date_somebody_has_decided__is_left_alone() -> None:
    span = {"start": "12:00", "end": "14:00", "state": "staffed"}
    own = {"start_date": "2027-05-17", "end_date": "2027-05-17", "override": True, "groups": [{"spans": [span]}]}

    assert list(map(list, hours_of(["2027-05-17"], [], "closed", own)["2027-05-17"])) == [["12:00", "14:00", "staffed"]]


def test_with_special_days__asked_twice__adds_nothing_more() -> None:
    periods = [Period.model_validate(WEEK)]
    days = special_days([], dt.date(2027, 1, 1), dt.date(2027, 12, 31))
    once, added = with_special_days(periods, days, "closed")

    assert len(added) == 11
    assert with_special_days(once, days, "closed") == (once, [])
