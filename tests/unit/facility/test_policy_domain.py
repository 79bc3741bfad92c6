"""What a policy says of a booking, against a plain reading of each rule by itself."""

import datetime as dt
from dataclasses import replace
from typing import Any, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.facility.policy.domain import (
    ASKABLE,
    Access,
    Asked,
    Place,
    Policy,
    Quota,
    Rule,
    StandIn,
    Terms,
    Touch,
    Used,
    deadline,
    decide,
    touched,
    way,
    week_of,
)
from shared.contracts.facility import OrganiserKind
from shared.policy import Role

OSLO = ZoneInfo("Europe/Oslo")
NOW = dt.datetime(2027, 3, 27, 11, 0, tzinfo=dt.UTC)  # the night after it the clock skips an hour
UNIT = UUID(int=7)
ROLES = get_args(Role)
KINDS = get_args(OrganiserKind)
MANY = settings(max_examples=150, deadline=None)
PURPOSES = ["meeting", "private_party", "course"]

maybe_minutes = st.none() | st.sampled_from([15, 30, 60, 90, 240])
roles = st.frozensets(st.sampled_from(ROLES), max_size=3)
quotas = st.builds(lambda n, m: Quota(bookings_per_week=n, minutes_per_week=m), st.integers(1, 4), maybe_minutes)
accesses = st.builds(
    Access,
    may=st.sampled_from(["book", "request"]),
    roles=st.lists(st.sampled_from(ROLES), max_size=2),
    owner=st.sampled_from([None, True, False]),
    organiser_kinds=st.lists(st.sampled_from(KINDS), max_size=2),
)


touches = st.builds(Touch, unit_id=st.just(UNIT), why=st.sampled_from(["noise", "setup_help"]))


@st.composite
def policies(draw: Any) -> Policy:
    shortest, longest = draw(maybe_minutes), draw(maybe_minutes)
    if shortest and longest and shortest > longest:
        shortest, longest = longest, shortest
    return Policy(
        access=draw(st.lists(accesses, max_size=3)),
        otherwise=draw(st.sampled_from(["book", "request"])),
        horizon_days=draw(st.none() | st.integers(0, 40)),
        notice_minutes=draw(st.none() | st.integers(0, 3000)),
        min_minutes=shortest,
        max_minutes=longest,
        grid_minutes=draw(st.none() | st.sampled_from([1, 15, 30, 60])),
        quota=draw(st.none() | quotas),
        responsible_roles=draw(st.none() | st.lists(st.sampled_from(["key_holder", "host"]), max_size=2)),
        refused_purposes=draw(st.lists(st.sampled_from(PURPOSES), max_size=2)),
        exception_roles=draw(st.lists(st.sampled_from(ROLES), max_size=3)),
        touches=draw(st.lists(touches, max_size=2)),
    )


@st.composite
def bookings(draw: Any) -> Asked:
    start = NOW + dt.timedelta(minutes=draw(st.integers(-2000, 70_000)), seconds=draw(st.sampled_from([0, 0, 0, 1])))
    return Asked(
        starts_at=start,
        ends_at=start + dt.timedelta(minutes=draw(st.integers(1, 400))),
        zone=OSLO,
        asked_at=NOW,
        purpose=draw(st.none() | st.sampled_from(PURPOSES)),
        organiser_kind=draw(st.none() | st.sampled_from(KINDS)),
        organiser_known=draw(st.booleans()),
        of_unit=draw(st.booleans()),
        responsible_role=draw(st.none() | st.sampled_from(["key_holder", "stranger"])),
        buffered=draw(st.booleans()),
        approved=draw(st.booleans()),
        excepted=draw(st.booleans()),
    )


places = st.builds(
    Place,
    policy=policies(),
    roles=roles,
    decides=st.booleans(),
    owner=st.booleans(),
    staffed=st.booleans(),
    used=st.builds(Used, st.integers(0, 5), st.integers(0, 300)),
)


def broken(asked: Asked, place: Place) -> list[str]:
    """Each rule as it is written, in words of its own."""
    policy, found = place.policy, []
    local = asked.starts_at.astimezone(OSLO)
    minutes = (asked.ends_at - asked.starts_at).total_seconds() / 60
    if not asked.approved and must_ask(asked, place):
        found.append("must_request")
    if policy.horizon_days is not None and (local.date() - NOW.astimezone(OSLO).date()).days > policy.horizon_days:
        found.append("horizon")
    if policy.notice_minutes is not None and (asked.starts_at - NOW).total_seconds() < policy.notice_minutes * 60:
        found.append("notice")
    if policy.min_minutes and minutes < policy.min_minutes:
        found.append("min_length")
    if policy.max_minutes and minutes > policy.max_minutes:
        found.append("max_length")
    if policy.grid_minutes:
        midnight = local.replace(hour=0, minute=0, second=0, tzinfo=None)
        if (local.replace(tzinfo=None) - midnight).total_seconds() % (policy.grid_minutes * 60):
            found.append("start_grid")
    if policy.refused_purposes and not asked.of_unit and not asked.purpose:
        found.append("purpose_needed")
    if asked.purpose in policy.refused_purposes:
        found.append("purpose_refused")
    if policy.quota and not asked.organiser_known:
        found.append("organiser_needed")
    elif policy.quota:
        if policy.quota.bookings_per_week is not None and place.used.bookings >= policy.quota.bookings_per_week:
            found.append("quota_bookings")
        if policy.quota.minutes_per_week is not None and place.used.minutes + minutes > policy.quota.minutes_per_week:
            found.append("quota_minutes")
    if policy.responsible_roles is not None and not place.staffed:
        fits = policy.responsible_roles or [asked.responsible_role]
        if asked.responsible_role is None or asked.responsible_role not in fits:
            found.append("responsible_role_needed")
    return found


def must_ask(asked: Asked, place: Place) -> bool:
    for rule in place.policy.access:
        if rule.roles and not set(rule.roles) & place.roles:
            continue
        if rule.owner is not None and rule.owner != place.owner:
            continue
        if rule.organiser_kinds and asked.organiser_kind not in rule.organiser_kinds:
            continue
        return rule.may == "request"
    return not place.decides and place.policy.otherwise == "request"


@MANY
@given(bookings(), places)
def test_decide__any_policy_and_booking__breaks_exactly_the_rules_that_are_not_kept(asked: Asked, place: Place) -> None:
    asked = replace(asked, excepted=False)
    verdict = decide(asked, place)

    assert [breach.rule for breach in verdict.breaches] == broken(asked, place)
    assert verdict.set_aside == ()


@MANY
@given(bookings(), places)
def test_decide__with_a_reason__sets_all_aside_for_a_role_that_may_and_nothing_for_others(
    asked: Asked, place: Place
) -> None:
    plain = decide(replace(asked, excepted=False), place)
    excepted = decide(replace(asked, excepted=True), place)
    rules = tuple(breach.rule for breach in plain.breaches)

    if not rules:
        assert excepted == plain
    elif place.roles & set(place.policy.exception_roles):
        assert (excepted.breaches, excepted.set_aside) == ((), rules)
    else:
        assert tuple(breach.rule for breach in excepted.breaches) == ("exception_not_allowed", *rules)


@MANY
@given(bookings(), places)
def test_decide__a_policy_that_says_nothing__breaks_nothing(asked: Asked, place: Place) -> None:
    assert decide(asked, replace(place, policy=Policy())).breaches == ()


LIMITS = ["horizon_days", "notice_minutes", "min_minutes", "max_minutes", "grid_minutes", "quota", "responsible_roles"]


@MANY
@given(bookings(), places, st.sampled_from(LIMITS))
def test_decide__one_limit_taken_away__never_breaks_more(asked: Asked, place: Place, limit: str) -> None:
    looser = replace(place, policy=place.policy.model_copy(update={limit: None}))

    assert {one.rule for one in decide(asked, looser).breaches} <= {one.rule for one in decide(asked, place).breaches}


@MANY
@given(bookings(), places)
def test_decide__every_breach__is_said_in_both_languages(asked: Asked, place: Place) -> None:
    for breach in decide(asked, place).breaches:
        assert breach.rule in get_args(Rule)
        assert breach.message.nb.endswith(".")
        assert breach.message.en.endswith(".")
        assert breach.message.nb != breach.message.en


@MANY
@given(policies())
def test_policy__written_down_and_read_again__is_the_same(policy: Policy) -> None:
    assert Policy.model_validate(policy.model_dump(mode="json")) == policy


@MANY
@given(policies(), bookings())
def test_deadline__is_never_before_the_request_nor_after_the_start_of_one_ahead(policy: Policy, asked: Asked) -> None:
    due = deadline(policy, asked.asked_at, asked.starts_at)

    assert due >= asked.asked_at
    assert due <= max(asked.asked_at, asked.starts_at)
    assert due <= asked.asked_at + dt.timedelta(hours=policy.decide_within_hours)


def booking(start: str, minutes: int = 60, **more: Any) -> Asked:
    at = dt.datetime.fromisoformat(start)
    return Asked(at, at + dt.timedelta(minutes=minutes), OSLO, more.pop("asked_at", NOW), **more)


def rules(policy: Policy, asked: Asked, **place: Any) -> list[str]:
    return [breach.rule for breach in decide(asked, Place(policy, **place)).breaches]


@pytest.mark.parametrize(
    ("start", "kept"),
    [
        ("2027-04-24T23:59:00+02:00", True),
        ("2027-04-25T00:00:00+02:00", False),
    ],
)
def test_horizon__counts_local_dates__over_the_change_of_the_clock(start: str, kept: bool) -> None:
    assert (rules(Policy(horizon_days=28), booking(start)) == []) == kept


def test_notice__is_elapsed_time__also_over_the_change_of_the_clock() -> None:
    night = dt.datetime.fromisoformat("2027-03-28T01:00:00+01:00")
    after = booking("2027-03-28T04:00:00+02:00", asked_at=night)

    assert rules(Policy(notice_minutes=120), after) == []
    assert rules(Policy(notice_minutes=121), after) == ["notice"]


def test_notice__of_nothing__is_not_in_the_past() -> None:
    policy = Policy(notice_minutes=0)

    assert rules(policy, booking("2027-03-27T12:00:00+01:00")) == []
    assert rules(policy, booking("2027-03-27T11:59:00+01:00")) == ["notice"]


def test_grid__is_of_the_clock_on_the_wall__on_both_sides_of_the_change() -> None:
    policy = Policy(grid_minutes=120)

    assert rules(policy, booking("2027-03-27T14:00:00+01:00")) == []
    assert rules(policy, booking("2027-03-29T14:00:00+02:00")) == []
    assert rules(policy, booking("2027-03-29T13:00:00+02:00")) == ["start_grid"]


def test_week__is_monday_to_sunday_by_the_local_clock() -> None:
    sunday = dt.datetime.fromisoformat("2027-01-03T23:30:00+01:00")

    assert week_of(sunday, OSLO) == dt.date(2026, 12, 28)
    assert week_of(sunday + dt.timedelta(minutes=30), OSLO) == dt.date(2027, 1, 4)


def test_way__rules_come_first_then_who_decides_then_all_others() -> None:
    foreign = Policy(access=[Access(may="request", owner=False)], otherwise="request")
    asked = booking("2027-03-28T14:00:00+02:00")

    assert way(foreign, asked, Place(foreign, decides=True, owner=False)) == "request"
    assert way(foreign, asked, Place(foreign, decides=True, owner=True)) == "book"
    assert way(foreign, asked, Place(foreign, decides=False, owner=True)) == "request"


def test_way__of_a_kind_of_organiser__holds_for_that_kind() -> None:
    policy = Policy(access=[Access(may="request", organiser_kinds=["business"])])
    asked = booking("2027-03-28T14:00:00+02:00", organiser_kind="business")

    assert way(policy, asked, Place(policy)) == "request"
    assert way(policy, replace(asked, organiser_kind="voluntary"), Place(policy)) == "book"


def test_touched__help_with_setting_up__is_asked_for_only_where_there_is_some() -> None:
    policy = Policy(touches=[Touch(unit_id=UNIT, why="setup_help")])
    asked = booking("2027-03-28T14:00:00+02:00")

    assert touched(policy, asked) == []
    assert [touch.why for touch in touched(policy, replace(asked, buffered=True))] == ["setup_help"]


def test_party__is_refused_by_name_and_allowed_for_a_reason_by_a_role() -> None:
    policy = Policy(refused_purposes=["private_party"])
    party = booking("2027-04-01T14:00:00+02:00", purpose="private_party", of_unit=False)
    manager: dict[str, Any] = {"roles": frozenset({"house_manager"})}

    assert rules(policy, party, **manager) == ["purpose_refused"]
    assert "selskaper" in decide(party, Place(policy)).breaches[0].message.nb
    assert decide(replace(party, excepted=True), Place(policy, **manager)).set_aside == ("purpose_refused",)
    assert rules(policy, replace(party, excepted=True)) == ["exception_not_allowed", "purpose_refused"]


BAD: list[dict[str, Any]] = [
    {"min_minutes": 60, "max_minutes": 30},
    {"grid_minutes": 7},
    {"grid_minutes": 0},
    {"horizon_days": -1},
    {"quota": {}},
    {"stand_in": {}},
    {"otherwise": "maybe"},
    {"access": [{"may": "book", "roles": ["king"]}]},
    {"release_unused_after_minutes": 0},
    {"colour": "red"},
    {"refused_purposes": ["A party!"]},
]


@pytest.mark.parametrize("given_", BAD, ids=str)
def test_policy__that_cannot_be_kept__is_refused(given_: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate(given_)


def test_policy__asks__when_anybody_has_to_request() -> None:
    assert not Policy().asks
    assert Policy(otherwise="request").asks
    assert Policy(access=[Access(may="request", owner=False)]).asks
    assert not Policy(access=[Access(may="book")], stand_in=StandIn(role="house_manager")).asks
    assert {"must_request", "touches_unit", "noise"} == ASKABLE
    assert Terms(NOW).reason is None
