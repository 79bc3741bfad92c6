"""What a season refuses, and whom: dates, deadlines, rights, stale versions, and what cannot be read."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.booking_house import API, House
from tests.integration.season_stand import (
    AFTER,
    DESK,
    EDITOR,
    ENGLISH,
    MANAGER,
    Season,
    applied,
    close,
    open_season,
    wish,
)

pytestmark = pytest.mark.integration


def told(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def as_(house: House, role: str, square: Any = None) -> dict[str, str]:
    return house.role(f"{role}@{square or house.square}")


@pytest.mark.parametrize(
    "wrong",
    [
        {"last_date": "2027-08-22"},
        {"last_date": "2028-09-26"},
        {"application_deadline": "2027-08-24T00:00"},
        {"application_deadline": "next week"},
        {"application_deadline": "9999-12-31T23:59"},
        {"first_date": "2027-02-30"},
        {"first_date": 20270823},
        {"priority": []},
        {"priority": ["voluntary", "voluntary"]},
        {"priority": ["friends"]},
        {"least_dates_percent": 0},
        {"least_dates_percent": 101},
        {"least_dates_percent": "75"},
        {"most_minutes_per_week": -60},
        {"holidays": "move"},
        {"breaks": [{"name": "x", "first_date": "2027-10-08", "last_date": "2027-10-04"}]},
        {"name": ""},
        {"name": "x" * 201},
        {"name": "a\0b"},
        {"square_ids": []},
        {"square_ids": [str(uuid4())]},
        {"space_ids": [str(uuid4())]},
        {"space_ids": []},
        {"complaint_weeks": 0},
        {"complaint_to": {"nb": "Klagenemnda"}},
        {"colour": "red"},
    ],
    ids=str,
)
async def test_season__with_a_fault__is_refused_and_nothing_is_kept(house: House, wrong: dict[str, Any]) -> None:
    season = Season(house, uuid4())
    answer = await season.put(**wrong)
    assert told(answer) == (422, "invalid")
    body = answer.json()
    assert body.get("errors") or body.get("reasons")
    assert (await house.client.get(season.url)).status_code == 404


async def test_season__of_squares_in_two_zones__is_refused(house: House) -> None:
    first = house.square
    second = await house.square_of("Atlantic/Reykjavik")
    answer = await Season(house, uuid4()).put(square_ids=[str(first), str(second)])
    assert told(answer) == (422, "invalid")


@pytest.mark.parametrize(
    "wrong",
    [
        {"wishes": []},
        {"wishes": [wish() for _ in range(21)]},
        {"wishes": [wish(weekday=0)]},
        {"wishes": [wish(weekday=8)]},
        {"wishes": [wish(start="20:00", end="20:00")]},
        {"wishes": [wish(start="20:00", end="18:00")]},
        {"wishes": [wish(start="18:00", end="20:00", end_next_day=True)]},
        {"wishes": [wish(start="24:00", end="20:00")]},
        {"wishes": [wish(start="6pm")]},
        {"wishes": [wish(setup_minutes=-1)]},
        {"wishes": [wish(weeks="third")]},
        {"wishes": [wish(noise_out=6)]},
        {"wishes": [wish(quiet_need=-1)]},
        {"wishes": [wish([uuid4()])]},
        {"wishes": [wish(square_ids=[str(uuid4())])]},
        {"wishes": [wish(alternatives=[{"weekday": 1, "start": "18:00"}])]},
        {"wishes": [wish(features=["x" * 201])]},
        {"people": 0},
        {"people": 2.5},
        {"people": 2**63},
        {"organiser_id": "Asker mannskor"},
        {"organiser_kind": "friends"},
        {"title": ""},
        {"unit_id": str(uuid4())},
        {"contact": "Kari"},
    ],
    ids=str,
)
async def test_application__with_a_fault__is_refused_and_nothing_is_kept(house: House, wrong: dict[str, Any]) -> None:
    await house.space()
    season = await open_season(house)
    answer = await house.client.put(f"{season.url}/applications/{uuid4()}", json={**applied(wish()), **wrong})
    assert told(answer) == (422, "invalid")
    assert (await season.get("/applications"))["applications"] == []


async def test_application__before_it_opens_and_after_the_deadline__is_refused_even_while_nobody_closed(
    house: House,
) -> None:
    season = Season(house, uuid4())
    await house.ok(season.put(), 201)
    assert told(await season.apply(wish())) == (409, "wrong_state")
    await house.ok(season.step("open"))
    await house.clock("2027-04-01T21:59:00Z")  # 23:59 in Oslo: the deadline itself is in time
    await season.applied(wish())
    await house.clock("2027-04-01T21:59:01Z")
    answer = await season.apply(wish())
    assert told(answer) == (409, "deadline_passed")
    assert "late_reason" in answer.json()["detail"]


async def test_application__late__takes_a_manager_and_a_reason_and_comes_last(house: House) -> None:
    room = await house.space()
    season = await open_season(house)
    firm = await season.applied(wish([room]), organiser_kind="business")
    await close(season)
    late = {"late_reason": "Søknaden ble liggende i posten"}
    assert told(await season.apply(wish([room]), **late, headers=as_(house, DESK))) == (403, "late_not_allowed")
    assert told(await season.apply(wish([room]), headers=as_(house, MANAGER))) == (409, "deadline_passed")
    answer = await season.apply(wish([room]), **late, headers=as_(house, MANAGER))
    assert answer.status_code == 201
    assert (answer.json()["late"], answer.json()["late_reason"]) == (True, late["late_reason"])
    rows = await season.planned()
    assert rows[firm, 1]["outcome"] == "granted"
    assert [one["rule"] for one in rows[answer.json()["id"], 1]["reasons"]] == ["late_last"]
    forgiven = {**late, "late_counts": "as_in_time"}
    edit = {"headers": {**as_(house, MANAGER), "If-Match": '"1"'}, "id": answer.json()["id"]}
    assert (await season.apply(wish([room]), **forgiven, **edit)).json()["version"] == 2
    rows = await season.planned()
    assert rows[answer.json()["id"], 1]["outcome"] == "granted"


async def test_application__sent_again__is_the_same_and_an_edit_needs_the_version(house: House) -> None:
    season = await open_season(house)
    made, body = uuid4(), applied(wish())
    url = f"{season.url}/applications/{made}"
    first = await house.client.put(url, json=body)
    again = await house.client.put(url, json=body)
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    other = {**body, "title": "Band"}
    assert told(await house.client.put(url, json=other)) == (428, "precondition_required")
    edited = await house.client.put(url, json=other, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.json()["version"], edited.json()["title"]) == (200, 2, "Band")
    stale = await house.client.put(url, json=body, headers={"If-Match": '"1"'})
    assert (told(stale), stale.json()["current"]["version"]) == ((412, "stale"), 2)
    elsewhere = await open_season(house)
    assert told(await house.client.put(f"{elsewhere.url}/applications/{made}", json=body)) == (409, "id_in_use")


async def test_application__withdrawn__is_no_longer_planned_and_gets_no_letter(house: House) -> None:
    room = await house.space()
    season = await open_season(house)
    gone, stays = await season.applied(wish([room])), await season.applied(wish([room]), organiser_kind="business")
    url = f"{season.url}/applications/{gone}/withdraw"
    assert told(await house.client.post(url, json={"reason": "Trukket"})) == (428, "precondition_required")
    answer = await house.client.post(url, json={"reason": "Trukket"}, headers={"If-Match": '"1"'})
    assert answer.json()["state"] == "withdrawn"
    await close(season)
    rows = await season.planned()
    assert list(rows) == [(stays, 1)]
    await house.ok(season.step("decide"))
    assert (await house.client.get(f"{season.url}/applications/{gone}/letter")).status_code == 404


async def test_steps__out_of_order_or_too_early__say_what_must_come_first(house: House) -> None:
    season = Season(house, uuid4())
    await house.ok(season.put(), 201)
    for what in ("close", "plan", "decide", "allocate"):
        assert told(await season.step(what)) == (409, "wrong_state")
    without = await house.client.post(f"{season.url}/open")
    assert told(without) == (428, "precondition_required")
    await house.ok(season.step("open"))
    assert told(await season.step("close")) == (409, "deadline_ahead")
    stale = await season.step("close", version=1)
    assert (told(stale), stale.json()["current"]["state"]) == ((412, "stale"), "open")
    late = Season(house, uuid4())
    await house.ok(late.put(), 201)
    await house.clock(AFTER)
    assert told(await late.step("open")) == (409, "deadline_passed")


async def test_season__once_published__keeps_its_terms_but_for_name_and_a_later_deadline(house: House) -> None:
    season = await open_season(house)
    assert told(await season.put(priority=["business"])) == (409, "wrong_state")
    assert told(await season.put(application_deadline="2027-03-15T12:00")) == (409, "wrong_state")
    later = await season.put(name="Høsten", application_deadline="2027-05-01T12:00")
    assert (later.status_code, later.json()["name"]) == (200, "Høsten")
    assert later.json()["application_deadline"] == "2027-05-01T12:00:00+02:00"


async def test_draft__edited__takes_everything_by_its_version_and_plans_by_what_it_says_now(house: House) -> None:
    room, second = await house.space(), await house.square_of()
    season = Season(house, uuid4())
    await house.ok(season.put(square_ids=[str(second)]), 201)
    other = await house.space()
    breaks = [{"name": "Høstferie", "first_date": "2027-10-04", "last_date": "2027-10-08"}]
    wanted = {"first_date": "2027-09-01", "priority": ["business"], "breaks": breaks, "space_ids": [str(other)]}
    answer = await season.put(name="Våren", square_ids=[str(second)], **wanted)
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    shown = await season.see()
    assert {name: shown[name] for name in wanted} == wanted
    season.version = 1
    stale = await season.put(name="Sommeren")
    assert (told(stale), stale.json()["current"]["name"]) == ((412, "stale"), "Våren")
    season.version = 0
    assert told(await season.put(name="Sommeren")) == (428, "precondition_required")
    season.version = 2
    elsewhere = await season.put(square_ids=[str(second)], space_ids=[str(room)])
    assert (told(elsewhere), elsewhere.json()["errors"][0]["loc"]) == ((422, "invalid"), ["space_ids"])


async def test_season__in_each_state__tells_its_managers_what_can_still_be_changed_and_why_not_more(
    house: House,
) -> None:
    season = Season(house, uuid4())
    draft = (await house.ok(season.put(), 201))["may"]
    assert (draft["manage"], draft["fixed"]) == (True, None)
    assert {"name", "first_date", "breaks", "space_ids", "priority"} <= set(draft["edit"])
    opened = (await house.ok(season.step("open")))["may"]
    assert opened["edit"] == ["application_deadline", "name"]
    assert "en senere søknadsfrist" in opened["fixed"]
    desk = (await house.client.get(season.url, headers=as_(house, DESK))).json()["may"]
    assert desk == {"manage": False, "edit": [], "fixed": None}
    await close(season)
    closed = (await season.get())["may"]
    assert (closed["manage"], closed["edit"]) == (True, [])
    assert closed["fixed"].startswith("The deadline has passed.")
    late = await season.put(name="For sent")
    assert (told(late), late.json()["detail"][:23]) == ((409, "wrong_state"), "Søknadsfristen er ute. ")


async def test_change__of_what_is_not_there_or_clashes__is_refused(house: House) -> None:
    room, closed = await house.space(), await house.space()
    await house.hours(closed)
    season = await open_season(house)
    one, other = await season.applied(wish([room])), await season.applied(wish([room]))
    assert told(await season.change(one, action="refuse")) == (409, "wrong_state")
    await close(season)
    place = {"action": "place", "space_id": str(room)}
    assert told(await season.change(str(uuid4()), **place)) == (422, "invalid")
    assert told(await season.change(one, 2, **place)) == (422, "invalid")
    assert told(await season.change(one, action="place")) == (422, "invalid")
    assert told(await season.change(one, **{**place, "space_id": str(uuid4())})) == (422, "invalid")
    assert told(await season.change(one, **place, reason="")) == (422, "invalid")
    nowhere = await season.change(one, **{**place, "space_id": str(closed)})
    assert (told(nowhere), nowhere.json()["reasons"][0]["rule"]) == ((422, "invalid"), "no_dates")
    first = await house.ok(season.change(one, **place), 201)
    clash = await season.change(other, **place)
    assert (told(clash), clash.json()["changes"]) == ((409, "placed_already"), [first["id"]])
    tuesday = {"weekday": 2, "start": "18:00", "end": "20:00"}
    assert (await season.change(other, **place, time=tuesday)).status_code == 201
    second = await house.ok(season.change(one, **place, time={**tuesday, "weekday": 3}), 201)
    states = {one["id"]: one["state"] for one in (await season.get("/changes"))["changes"]}
    assert (states[first["id"]], states[second["id"]]) == ("withdrawn", "in_force")


async def test_rights__by_role_and_square__are_as_the_policy_says(house: House) -> None:
    season = await open_season(house)
    body = applied(wish())
    for role, status in ((DESK, 201), (EDITOR, 201), (MANAGER, 201), ("auditor", 403), ("statistics_reader", 403)):
        answer = await house.client.put(f"{season.url}/applications/{uuid4()}", json=body, headers=as_(house, role))
        assert answer.status_code == status, role
    for role, status in ((DESK, 200), ("auditor", 200), ("user_council_reader", 403)):
        assert (await house.client.get(season.url, headers=as_(house, role))).status_code == status
    for role in (DESK, EDITOR, "auditor"):
        assert (await season.step("close", **as_(house, role))).status_code == 403
        assert (await house.client.get(f"{season.url}/plan", headers=as_(house, role))).status_code == 403
    elsewhere = as_(house, MANAGER, uuid4())
    for asked in (
        house.client.get(season.url, headers=elsewhere),
        house.client.put(f"{season.url}/applications/{uuid4()}", json=body, headers=elsewhere),
        house.client.get(f"{season.url}/export", headers=elsewhere),
        season.step("close", **elsewhere),
    ):
        assert (await asked).status_code == 404


async def test_rights__a_role_in_a_unit_of_the_square__may_apply_and_of_another_square_may_not(house: House) -> None:
    unit = await house.unit()
    season = await open_season(house)
    own = await season.apply(wish(), unit_id=str(unit), headers=as_(house, EDITOR, unit))
    assert own.status_code == 201
    await house.square_of()
    stranger = await house.unit()
    foreign = await season.apply(wish(), unit_id=str(stranger), headers=as_(house, EDITOR, stranger))
    assert foreign.status_code == 404


async def test_rights__a_season_of_two_squares__is_managed_by_those_who_manage_both(house: House) -> None:
    first = house.square
    second = await house.square_of()
    body = {"square_ids": [str(first), str(second)]}
    season = Season(house, uuid4())
    assert (await season.put(**body, headers=as_(house, MANAGER, first))).status_code == 404
    await house.ok(season.put(**body), 201)
    assert (await season.step("open", **as_(house, MANAGER, first))).status_code == 404
    assert (await season.step("open", **house.role(f"{MANAGER}@{first}", f"{MANAGER}@{second}"))).status_code == 200
    assert (await house.client.get(season.url, headers=as_(house, DESK, second))).status_code == 200


async def test_draft__is_seen_by_its_managers_only_and_the_open_season_by_the_desk(house: House) -> None:
    season = Season(house, uuid4())
    await house.ok(season.put(), 201)
    url, desk = f"{API}/seasons?square_id={house.square}", as_(house, DESK)
    assert (await house.client.get(season.url, headers=desk)).status_code == 404
    assert (await house.client.get(url, headers=desk)).json()["seasons"] == []
    assert len((await house.client.get(url)).json()["seasons"]) == 1
    await house.ok(season.step("open"))
    [shown] = (await house.client.get(url, headers={**desk, **ENGLISH})).json()["seasons"]
    assert shown["priority"] == ["voluntary", "municipal", "business"]
    assert shown["application_deadline"] == "2027-04-01T23:59:00+02:00"
    assert any("voluntary, municipal, business" in paragraph for paragraph in shown["rule"]["text"])


async def test_plan_and_job__before_there_is_one__are_not_found(house: House) -> None:
    season = await open_season(house)
    for path in ("/plan", "/plan/conflicts", "/job", f"/applications/{uuid4()}", f"/applications/{uuid4()}/letter"):
        assert (await house.client.get(f"{season.url}{path}")).status_code == 404
