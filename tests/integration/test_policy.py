"""Policies of spaces through their interface: decided, inherited, kept to, and nothing where there is none."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.integration.booking_house import API, House, wish

pytestmark = pytest.mark.integration
FRONT = "front_line@*"


async def put_policy(house: House, space: UUID, seen: int | None = None, **rules: Any) -> httpx.Response:
    headers = {"If-Match": f'"{seen}"'} if seen is not None else None
    return await house.client.put(f"{API}/spaces/{space}/policy", json=rules, headers=headers)


async def ruled(house: House, space: UUID | None = None, **rules: Any) -> UUID:
    """A room with this policy."""
    room = space or await house.space()
    await house.ok(put_policy(house, room, **rules), 201)
    return room


async def refused(house: House, space: UUID, start: str, end: str, role: str = FRONT, **more: Any) -> list[str]:
    answer = await house.put([space], start, end, headers=house.role(role), **more)
    assert (answer.status_code, answer.json()["code"]) == (409, "policy"), answer.text
    assert answer.json()["request_possible"] is True
    return [reason["rule"] for reason in answer.json()["reasons"]]


async def test_policy__first_changed_and_taken_away__needs_the_version_that_was_seen(house: House) -> None:
    room = await house.space()
    first = await put_policy(house, room, horizon_days=28)
    assert (first.status_code, first.headers["etag"], first.json()["policy"]["horizon_days"]) == (201, '"1"', 28)
    assert (await put_policy(house, room, horizon_days=28)).json() == first.json()
    assert (await put_policy(house, room, horizon_days=14)).json()["code"] == "precondition_required"
    stale = await put_policy(house, room, 7, horizon_days=14)
    assert (stale.status_code, stale.json()["current"]["version"]) == (412, 1)
    assert (await put_policy(house, room, 1, horizon_days=14)).headers["etag"] == '"2"'
    delete = f"{API}/spaces/{room}/policy"
    assert (await house.client.delete(delete)).status_code == 428
    gone = await house.client.delete(delete, headers={"If-Match": '"2"'})
    assert (gone.status_code, gone.json()["policy"], gone.json()["version"]) == (200, None, 3)
    assert (await house.client.delete(delete)).status_code == 200
    assert (await put_policy(house, room, horizon_days=7)).status_code == 201


async def test_policy__two_changes_at_once__one_of_them_is_stale(house: House) -> None:
    room = await ruled(house, horizon_days=1)
    answers = await asyncio.gather(*(put_policy(house, room, 1, horizon_days=days) for days in (2, 3)))
    assert sorted(answer.status_code for answer in answers) == [200, 412]


async def test_policy__of_a_hall__holds_for_its_parts_until_they_have_their_own(house: House) -> None:
    hall, (left, right) = await house.hall()
    await ruled(house, hall, max_minutes=60)
    await ruled(house, left)
    shown = await house.ok(house.client.get(f"{API}/spaces/{right}/policy"))
    assert (shown["policy"], shown["version"], shown["inherited_from"]) == (None, 0, str(hall))
    assert shown["effective"]["max_minutes"] == 60
    assert await refused(house, right, "10:00", "12:00") == ["max_length"]
    await house.booked([left], "10:00", "12:00", headers=house.role(FRONT))


async def test_booking__in_a_space_without_a_policy__has_no_limit_of_any_kind(house: House) -> None:
    room = await house.space()
    shown = await house.ok(house.client.get(f"{API}/spaces/{room}/policy"))
    assert (shown["policy"], shown["effective"], shown["version"]) == (None, None, 0)
    role = house.role(FRONT)
    await house.booked([room], "2020-01-01T10:07", "2020-01-01T10:08", headers=role, purpose="private_party")
    await house.booked([room], "2099-01-01T10:07", "2099-02-20T10:08", headers=role)
    for minute in range(10, 40):
        await house.booked([room], f"10:{minute}", f"10:{minute + 1}", headers=role)


LIMITS: list[tuple[str, dict[str, Any], tuple[str, str]]] = [
    ("horizon", {"horizon_days": 6}, ("10:00", "11:00")),
    ("notice", {"notice_minutes": 20_000}, ("10:00", "11:00")),
    ("min_length", {"min_minutes": 90}, ("10:00", "11:00")),
    ("max_length", {"max_minutes": 30}, ("10:00", "11:00")),
    ("start_grid", {"grid_minutes": 30}, ("10:15", "11:00")),
    ("must_request", {"otherwise": "request"}, ("10:00", "11:00")),
]


@pytest.mark.parametrize(("rule", "limit", "time"), LIMITS, ids=[rule for rule, _, _ in LIMITS])
async def test_booking__against_a_limit__is_refused_by_its_name_and_may_be_requested(
    house: House, rule: str, limit: dict[str, Any], time: tuple[str, str]
) -> None:
    room = await ruled(house, **limit)
    assert await refused(house, room, *time) == [rule]
    assert await refused(house, room, *time, state="held") == [rule]
    await house.booked([room], *time, state="requested", headers=house.role(FRONT))
    await house.booked([room], *time, state="blocked", headers=house.role("house_manager@*"))


async def test_refusals__come_in_the_order_invalid_hours_policy_conflict(house: House) -> None:
    room = await house.space()
    await house.booked([room], "07:00", "23:00")
    await house.hours(room, ("10:00", "12:00"))
    await ruled(house, room, max_minutes=30)
    assert (await house.put([room], "09:00", "09:00")).json()["code"] == "invalid"
    assert (await house.put([room], "09:00", "11:00")).json()["code"] == "outside_hours"
    assert (await house.put([room], "10:00", "11:00")).json()["code"] == "policy"
    assert (await house.put([room], "10:00", "10:30")).json()["code"] == "conflict"


async def test_refusal__is_said_in_the_askers_language(house: House) -> None:
    room = await ruled(house, max_minutes=90, min_minutes=75)
    said = []
    for tongue in ("nb", "en"):
        headers = {"Accept-Language": tongue}
        answer = (await house.put([room], "10:00", "12:00", headers=headers)).json()
        said.append((answer["detail"], answer["reasons"][0]["message"], answer["reasons"][0]["space_ids"]))
    assert said[0] == ("En booking her varer høyst 90 minutter.",) * 2 + ([str(room)],)
    assert said[1] == ("A booking here lasts at most 90 minutes.",) * 2 + ([str(room)],)


async def test_access__by_role_unit_and_organiser__decides_who_books(house: House) -> None:
    library, senior = await house.unit("library"), await house.unit("senior_centre")
    rules = [
        {"may": "book", "owner": True},
        {"may": "request", "organiser_kinds": ["business"]},
        {"may": "book", "roles": ["unit_editor"]},
    ]
    room = await ruled(house, await house.space(unit_id=str(library)), access=rules, otherwise="request")
    own = {"unit_id": str(library)}
    await house.booked([room], "08:00", "09:00", headers=house.role(f"front_line@{library}"), **own)
    await house.booked([room], "09:00", "10:00", headers=house.role(f"unit_editor@{senior}"), unit_id=str(senior))
    assert await refused(house, room, "10:00", "11:00", f"front_line@{senior}", unit_id=str(senior)) == ["must_request"]
    assert await refused(
        house, room, "10:00", "11:00", f"unit_editor@{senior}", unit_id=str(senior), organiser_kind="business"
    ) == ["must_request"]


async def test_access__who_decides_about_the_room__need_not_ask(house: House) -> None:
    library = await house.unit("library")
    room = await ruled(house, await house.space(unit_id=str(library)), otherwise="request")
    own = {"unit_id": str(library)}
    await house.booked([room], "08:00", "09:00", headers=house.role(f"unit_editor@{library}"), **own)
    assert await refused(house, room, "10:00", "11:00", f"front_line@{library}", **own) == ["must_request"]


async def test_quota__counts_the_organisers_week_in_all_rooms_under_the_policy(house: House) -> None:
    hall, (left, right) = await house.hall()
    await ruled(house, hall, quota={"bookings_per_week": 2})
    choir, band = {"organiser_id": str(uuid4())}, {"organiser_id": str(uuid4())}
    await house.booked([left], "2026-12-01T10:00", "2026-12-01T11:00", **choir)
    held = await house.booked([right], "2026-12-06T22:00", "2026-12-06T23:00", state="held", **choir)
    assert await refused(house, left, "2026-12-03T10:00", "2026-12-03T11:00", **choir) == ["quota_bookings"]
    await house.booked([left], "2026-12-07T00:00", "2026-12-07T01:00", **choir)
    await house.booked([left], "2026-12-03T10:00", "2026-12-03T11:00", **band)
    await house.ok(house.order("cancel", held))
    await house.booked([left], "2026-12-04T10:00", "2026-12-04T11:00", **choir)
    assert await refused(house, left, "2026-12-05T10:00", "2026-12-05T11:00") == ["organiser_needed"]


async def test_quota__a_move_within_the_week__does_not_count_itself(house: House) -> None:
    room, unit = await ruled(house, quota={"minutes_per_week": 120}), str(await house.unit())
    booking = await house.booked([room], "10:00", "11:00", unit_id=unit)
    moved = await house.ok(house.move(booking, [room], "12:00", "14:00"))
    longer = await house.move(moved, [room], "12:00", "14:01")
    assert [reason["rule"] for reason in longer.json()["reasons"]] == ["quota_minutes"]


async def test_quota__many_at_once_in_different_parts__never_goes_beyond(house: House) -> None:
    hall, parts = await house.hall(6)
    await ruled(house, hall, quota={"bookings_per_week": 2})
    unit = str(await house.unit())
    answers = await asyncio.gather(*(house.put([part], "10:00", "11:00", unit_id=unit) for part in parts))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409, 409]


async def test_series__dates_use_up_the_quota_and_keep_what_refused_them(house: House) -> None:
    room, series = await ruled(house, quota={"bookings_per_week": 1}, horizon_days=14), uuid4()
    times = ["2026-12-01T10:00", "2026-12-02T10:00", "2026-12-08T10:00", "2026-12-09T10:00"]
    dates = [{"id": str(uuid4()), "starts_at": at, "ends_at": f"{at[:11]}11:00"} for at in times]
    body = {"space_ids": [str(room)], "organiser_id": str(uuid4()), "occurrences": dates}
    answer = await house.ok(house.client.put(f"{API}/series/{series}", json=body), 201)
    assert [
        (one["outcome"], one["reason"], [why["rule"] for why in one["reasons"]]) for one in answer["occurrences"]
    ] == [
        ("confirmed", None, []),
        ("rejected", "policy", ["quota_bookings"]),
        ("confirmed", None, []),
        ("rejected", "policy", ["horizon", "quota_bookings"]),
    ]
    kept = await house.get(dates[1]["id"])
    assert (kept["state"], kept["reason_code"]) == ("rejected", "policy")


async def self_service(house: House, room: UUID) -> None:
    spans = [
        {"start": "10:00", "end": "16:00", "state": "staffed"},
        {"start": "08:00", "end": "22:00", "state": "self_service"},
    ]
    period = {"name": "Alltid", "override": False, "groups": [{"spans": spans, "rules": []}]}
    await house.ok(house.client.put(f"{API}/spaces/{room}/hours", json={"periods": [period]}))


async def test_self_service_time__needs_a_responsible_role_out_of_those_named(house: House) -> None:
    room = await ruled(house, responsible_roles=["key_holder"])
    await self_service(house, room)
    await house.booked([room], "10:00", "16:00")
    assert await refused(house, room, "16:00", "17:00") == ["responsible_role_needed"]
    assert await refused(house, room, "16:00", "17:00", responsible_role="guest") == ["responsible_role_needed"]
    booking = await house.booked([room], "16:00", "17:00", responsible_role="key_holder")
    assert booking["responsible_role"] == "key_holder"
    moved = await house.move(booking, [room], "20:00", "21:00")
    assert moved.status_code == 200


async def test_booking_moved_out_of_staffed_time__names_who_is_responsible_and_keeps_what_it_is_for(
    house: House,
) -> None:
    room = await ruled(house, responsible_roles=["key_holder"])
    await self_service(house, room)
    booking = await house.booked([room], "10:00", "11:00", purpose="course")

    unnamed = await house.move(booking, [room], "17:00", "18:00")
    moved = await house.ok(house.move(booking, [room], "17:00", "18:00", responsible_role="key_holder"))
    again = await house.ok(house.move(moved, [room], "18:00", "19:00"))

    assert [reason["rule"] for reason in unnamed.json()["reasons"]] == ["responsible_role_needed"]
    assert (again["responsible_role"], again["purpose"]) == ("key_holder", "course")


async def test_private_party__is_refused_and_made_by_a_role_with_a_reason(house: House) -> None:
    room = await ruled(house, refused_purposes=["private_party"])
    party = {"purpose": "private_party", "organiser_kind": "resident"}
    because = {"exception": {"reason_code": "memorial", "reason": "Minnesamvær etter begravelse"}}
    assert await refused(house, room, "10:00", "11:00", **party) == ["purpose_refused"]
    assert await refused(house, room, "10:00", "11:00") == ["purpose_needed"]
    assert await refused(house, room, "10:00", "11:00", **party, **because) == [
        "exception_not_allowed",
        "purpose_refused",
    ]
    manager = house.role("house_manager@*")
    booking = await house.booked([room], "10:00", "11:00", headers=manager, **party, **because)
    assert (booking["purpose"], booking["state"]) == ("private_party", "confirmed")


async def test_booking__with_a_field_that_is_younger_than_the_request__is_still_the_same_request(house: House) -> None:
    room, booking = await house.space(), uuid4()
    made = await house.booked([room], "10:00", "11:00", id=booking)
    await house.rows("update booking set asked = asked - 'purpose' - 'touches' where id = $1", booking)
    assert await house.booked([room], "10:00", "11:00", id=booking) == made
    other = await house.put([room], "10:00", "11:00", id=booking, purpose="meeting")
    assert other.json()["code"] == "id_in_use"


async def test_alternatives__keep_to_the_policies_of_the_rooms_and_say_what_has_to_be_requested(house: House) -> None:
    await house.square_of()
    room, free, asks, short = [await house.space(capacity=10) for _ in range(4)]
    await ruled(house, asks, otherwise="request")
    await ruled(house, short, max_minutes=30)
    await house.booked([room], "10:00", "12:00")
    answer = await house.put([room], "10:00", "12:00", headers=house.role(FRONT))
    others = {one["space_ids"][0]: one["way"] for one in answer.json()["alternatives"] if one["kind"] == "other_room"}
    assert others == {str(free): "book", str(asks): "request"}
    assert [one["rank"] for one in answer.json()["alternatives"]] == list(
        range(1, len(answer.json()["alternatives"]) + 1)
    )


async def test_refusal__of_a_policy__offers_what_need_not_be_requested(house: House) -> None:
    await house.square_of()
    asks, also, free = [await house.space(capacity=10) for _ in range(3)]
    await ruled(house, asks, otherwise="request")
    await ruled(house, also, otherwise="request")
    answer = (await house.put([asks], "10:00", "12:00", headers=house.role(FRONT))).json()
    assert (answer["code"], answer["request_possible"]) == ("policy", True)
    here = [one for one in answer["alternatives"] if one["square_id"] == str(house.square)]
    assert [(one["kind"], one["space_ids"], one["way"]) for one in here] == [("other_room", [str(free)], "book")]
    soon = await ruled(house, await house.space(), notice_minutes=60 * 24 * 8)
    late = (await house.put([soon], "10:00", "12:00")).json()
    later = [one for one in late["alternatives"] if one["kind"] == "other_time"]
    assert [one["starts_at"] >= "2026-12-02T09:00:00+01:00" for one in later] == [True] * len(later)
    assert later


async def test_find__says_how_each_room_can_be_had(house: House) -> None:
    await house.square_of()
    free, asks, short = [await house.space() for _ in range(3)]
    await ruled(house, asks, otherwise="request")
    await ruled(house, short, max_minutes=30)
    asked = {"from": "2026-12-01T08:00", "to": "2026-12-01T20:00", "minutes": 60, "square_id": str(house.square)}
    answer = await house.ok(house.client.get(f"{API}/find", params=asked, headers=house.role(FRONT)))
    found = {one["space_id"]: (one["way"], [why["rule"] for why in one["limits"]]) for one in answer["candidates"]}
    assert found == {
        str(free): ("book", []),
        str(asks): ("request", ["must_request"]),
        str(short): ("exception", ["max_length"]),
    }


async def preview(house: House, space: UUID, start: str, end: str, who: str = FRONT, **more: Any) -> dict[str, Any]:
    body = wish([space], start, end, **more)
    return await house.ok(house.client.post(f"{API}/policy/preview", json=body, headers=house.role(who)))


async def test_preview__says_what_would_become_of_a_booking_and_makes_none(house: House) -> None:
    room = await ruled(house, otherwise="request", max_minutes=60, release_unused_after_minutes=30)
    asked = await preview(house, room, "10:00", "11:00")
    assert (asked["outcome"], [one["rule"] for one in asked["reasons"]]) == ("request", ["must_request"])
    assert asked["released_unused_at"] == "2026-12-01T10:30:00+01:00"
    assert asked["spaces"] == [{"space_id": str(room), "policy_of": str(room)}]
    assert (await preview(house, room, "10:00", "12:00"))["outcome"] == "refused"
    assert (await preview(house, room, "10:00", "11:00", "house_manager@*"))["outcome"] == "book"
    assert (await preview(house, room, "10:00", "11:00", "house_manager@*", role="front_line"))["outcome"] == "request"
    assert (await preview(house, room, "10:00", "12:00", policy={"min_minutes": 120}))["outcome"] == "book"
    assert await house.rows("select id from booking where $1 = any(space_ids)", room) == []


async def test_preview__of_an_unlimited_space__is_a_booking_and_a_faulty_one_is_invalid(house: House) -> None:
    room = await house.space()
    free = await preview(house, room, "10:00", "11:00")
    assert (free["outcome"], free["reasons"], free["within_hours"], free["spaces"]) == ("book", [], True, [])
    await house.hours(room)
    assert (await preview(house, room, "10:00", "11:00"))["within_hours"] is False
    body = wish([room], "10:00", "10:00")
    assert (await house.client.post(f"{API}/policy/preview", json=body)).json()["code"] == "invalid"


async def test_policy__who_may_set_it__is_an_editor_of_the_owning_unit_and_above(house: House) -> None:
    await house.square_of()
    library, senior = await house.unit("library"), await house.unit("senior_centre")
    room = await house.space(unit_id=str(library))
    path = f"{API}/spaces/{room}/policy"
    answers = {
        role: (await house.client.put(path, json={}, headers=house.role(role))).status_code
        for role in (
            f"front_line@{library}",
            f"unit_editor@{senior}",
            f"house_manager@{uuid4()}",
            "auditor@*",
            f"unit_editor@{library}",
            f"house_manager@{house.square}",
        )
    }
    assert list(answers.values()) == [403, 404, 404, 403, 201, 200]
    assert (await house.client.get(path, headers=house.role("statistics_reader@*"))).status_code == 200
    assert (await house.client.get(f"{API}/spaces/{uuid4()}/policy")).status_code == 404


FAULTS: list[dict[str, Any]] = [
    {"min_minutes": 60, "max_minutes": 30},
    {"grid_minutes": 7},
    {"otherwise": "perhaps"},
    {"quota": {}},
    {"touches": [{"unit_id": str(uuid4())}]},
    {"stand_in": {"unit_id": str(uuid4())}},
    {"horizon_days": "28"},
    {"colour": "red"},
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_policy__with_a_fault__is_invalid_in_both_languages_and_saves_nothing(
    house: House, fault: dict[str, Any]
) -> None:
    room = await house.space()
    said = set()
    for tongue in ("nb", "en"):
        answer = await house.client.put(f"{API}/spaces/{room}/policy", json=fault, headers={"Accept-Language": tongue})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        said.add(answer.json()["errors"][0]["message"])
    assert len(said) == 2
    assert (await house.ok(house.client.get(f"{API}/spaces/{room}/policy")))["version"] == 0


async def test_quota__bookings_and_moves_of_one_organiser_at_once__never_deadlock_or_go_beyond(house: House) -> None:
    hall, parts = await house.hall(4)
    await ruled(house, hall, quota={"bookings_per_week": 4})
    unit = str(await house.unit())
    made = [await house.booked([part], "10:00", "11:00", unit_id=unit) for part in parts[:2]]
    deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
    before = await house.rows(deadlocks)
    answers = await asyncio.gather(
        *(house.move(booking, [part], "12:00", "13:00") for booking, part in zip(made, parts[2:], strict=True)),
        *(house.put([part], "14:00", "15:00", unit_id=unit) for part in parts),
        house.put(parts, "16:00", "17:00", unit_id=unit),
    )
    codes = [answer.status_code for answer in answers]
    assert (codes[:2], sorted(codes[2:])) == ([200, 200], [201, 201, 409, 409, 409])
    assert await house.rows(deadlocks) == before
