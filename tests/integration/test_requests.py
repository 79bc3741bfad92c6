"""Requests: whose inbox they are in, who decides, when it is the stand-in's turn, and what is kept of it."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.integration.booking_house import API, NOW, House

pytestmark = pytest.mark.integration
LATE = "2026-11-26T08:00:00Z"  # two days later


@dataclass
class Units:
    """A room of the library that has to be requested, and two more units."""

    house: House
    library: UUID
    senior: UUID
    desk: UUID
    room: UUID

    def editor(self, unit: UUID) -> dict[str, str]:
        return self.house.role(f"unit_editor@{unit}")

    async def ask(self, start: str = "10:00", end: str = "11:00", **more: Any) -> dict[str, Any]:
        """As the senior centre's front line."""
        own = {"unit_id": str(self.senior), "headers": self.house.role(f"front_line@{self.senior}"), **more}
        return await self.house.booked([self.room], start, end, state="requested", **own)

    async def order(self, what: str, booking: dict[str, Any], who: dict[str, str], **said: Any) -> dict[str, Any]:
        return await self.house.ok(self.house.order(what, booking, headers=who, **said))

    async def status(self, what: str, booking: dict[str, Any], who: dict[str, str], **said: Any) -> tuple[int, str]:
        answer = await self.house.order(what, booking, headers=who, **said)
        return answer.status_code, answer.json().get("code", answer.json().get("state"))

    async def inbox(self, who: dict[str, str], **asked: Any) -> list[dict[str, Any]]:
        answer = await self.house.ok(self.house.client.get(f"{API}/inbox", params=asked, headers=who))
        found: list[dict[str, Any]] = answer["requests"]
        return found

    async def decisions(self, booking: dict[str, Any], who: dict[str, str] | None = None) -> dict[str, Any]:
        path = f"{API}/bookings/{booking['id']}/decisions"
        return await self.house.ok(self.house.client.get(path, headers=who))

    async def policy(self, **rules: Any) -> None:
        path = f"{API}/spaces/{self.room}/policy"
        seen = (await self.house.ok(self.house.client.get(path)))["version"]
        headers = {"If-Match": f'"{seen}"'}
        await self.house.ok(self.house.client.put(path, json={"otherwise": "request", **rules}, headers=headers))


@pytest.fixture
async def units(opened: House) -> Units:
    await opened.clock(NOW, run_due=False)
    await opened.square_of()
    library, senior, desk = [await opened.unit(kind) for kind in ("library", "senior_centre", "service_desk")]
    made = Units(opened, library, senior, desk, await opened.space(unit_id=str(library)))
    await made.policy(decide_within_hours=48, stand_in={"role": "front_line"})
    return made


async def test_request__of_a_room_that_asks__waits_in_its_owners_inbox_and_is_confirmed_there(units: Units) -> None:
    booking = await units.ask(title="Seniordans")
    (found,) = await units.inbox(units.editor(units.library), unit_id=str(units.library))
    assert (found["booking"]["id"], found["booking"]["title"]) == (booking["id"], "Seniordans")
    assert (found["may_confirm"], found["may_reject"], found["breaks"]) == (True, True, [])
    assert found["due"] == "2026-11-26T09:00:00+01:00"
    assert found["approvals"][0]["stand_in"] == {"role": "front_line", "unit_id": None}
    done = await units.order("confirm", booking, units.editor(units.library), reason="Fint at dere kommer")
    assert (done["state"], done["version"]) == ("confirmed", 2)
    assert await units.inbox(units.editor(units.library), unit_id=str(units.library)) == []
    assert await units.house.events(booking["id"]) == [("requested", 1), ("confirmed", 2)]


async def test_request__who_may_not_decide__is_told_so_and_changes_nothing(units: Units) -> None:
    booking = await units.ask()
    house = units.house
    for who, wanted in (
        (house.role(f"front_line@{units.senior}"), (403, "not_yours_to_decide")),
        (units.editor(units.senior), (403, "not_yours_to_decide")),
        (house.role(f"front_line@{units.library}"), (404, "not_found")),
        (house.role("front_line@*"), (403, "not_yours_to_decide")),
        (units.editor(units.desk), (404, "not_found")),
        (house.role("auditor@*"), (403, "not_yours_to_decide")),
    ):
        assert await units.status("confirm", booking, who) == wanted
        assert await units.status("reject", booking, who) == wanted
    assert (await house.get(booking["id"]))["version"] == 1
    assert await units.status("reject", booking, house.role("house_manager@*")) == (200, "rejected")


async def test_request__its_owner__may_read_it_although_it_is_another_units(units: Units) -> None:
    booking = await units.ask()
    path = f"{API}/bookings/{booking['id']}"
    assert (await units.house.client.get(path, headers=units.editor(units.library))).status_code == 200
    assert (await units.house.client.get(path, headers=units.editor(units.desk))).status_code == 404


async def test_request__past_its_deadline__is_the_stand_ins_too(units: Units) -> None:
    booking = await units.ask()
    stand_in = units.house.role(f"front_line@{units.house.square}")
    assert await units.status("confirm", booking, stand_in) == (403, "not_yours_to_decide")
    await units.house.clock(LATE, run_due=False)
    (found,) = await units.inbox(stand_in, square_id=str(units.house.square))
    assert (found["approvals"][0]["overdue"], found["may_confirm"]) == (True, True)
    assert await units.status("confirm", booking, stand_in) == (200, "confirmed")


async def test_request__past_its_deadline__is_in_the_stand_in_units_inbox(units: Units) -> None:
    await units.policy(stand_in={"unit_id": str(units.desk)})
    booking = await units.ask()
    mine: dict[str, Any] = {"unit_id": str(units.desk)}
    assert await units.inbox(units.editor(units.desk), **mine) == []
    await units.house.clock(LATE, run_due=False)
    assert [one["booking"]["id"] for one in await units.inbox(units.editor(units.desk), **mine)] == [booking["id"]]
    assert await units.status("reject", booking, units.editor(units.desk)) == (200, "rejected")


async def test_request__that_touches_a_unit__is_confirmed_when_both_have_agreed(units: Units) -> None:
    booking = await units.ask(touches=[str(units.desk)])
    (found,) = await units.inbox(units.editor(units.desk), unit_id=str(units.desk))
    assert [one["why"] for one in found["approvals"]] == ["owner", "other"]
    half = await units.order("confirm", booking, units.editor(units.desk), reason_code="no_noise")
    assert (half["state"], half["version"]) == ("requested", 2)
    assert await units.inbox(units.editor(units.desk), unit_id=str(units.desk)) == []
    assert await units.status("confirm", half, units.editor(units.desk)) == (404, "not_found")
    done = await units.order("confirm", half, units.editor(units.library))
    assert (done["state"], done["version"]) == ("confirmed", 3)
    kept = await units.decisions(done)
    assert [one["state"] for one in kept["approvals"]] == ["approved", "approved"]
    assert [(one["verdict"], one["reason_code"], one["role"]) for one in kept["decisions"]] == [
        ("approved", "no_noise", "unit_editor"),
        ("confirmed", "other", "unit_editor"),
    ]
    events = await units.house.events(booking["id"])
    assert events == [("requested", 1), ("requested", 2), ("confirmed", 3)]


async def test_request__that_one_party_says_no_to__is_rejected_whatever_the_other_said(units: Units) -> None:
    booking = await units.ask(touches=[str(units.desk)])
    half = await units.order("confirm", booking, units.editor(units.library))
    done = await units.order("reject", half, units.editor(units.desk), reason_code="noise", reason="Vi har eksamen")
    assert (done["state"], done["reason_code"]) == ("rejected", "noise")
    last = (await units.decisions(done))["decisions"][-1]
    assert (last["verdict"], last["reason"], last["unit_ids"]) == ("rejected", "Vi har eksamen", [str(units.desk)])


async def test_request__touched_by_the_rooms_own_policy__asks_the_neighbour_too(units: Units) -> None:
    touches = [
        {"unit_id": str(units.desk), "why": "noise"},
        {"unit_id": str(units.senior), "why": "noise"},
        {"unit_id": str(units.library), "why": "setup_help"},
    ]
    await units.policy(touches=touches)
    kept = await units.decisions(await units.ask())
    assert [(one["unit_id"], one["why"]) for one in kept["approvals"]] == [
        (str(units.library), "owner"),
        (str(units.desk), "noise"),
    ]


async def test_request__whoever_speaks_for_all__confirms_at_once_or_for_one_of_them(units: Units) -> None:
    manager = units.house.role("house_manager@*")
    both = await units.ask(touches=[str(units.desk)])
    assert await units.status("confirm", both, manager) == (200, "confirmed")
    one = await units.ask("12:00", "13:00", touches=[str(units.desk)])
    half = await units.order("confirm", one, manager, as_unit_id=str(units.desk))
    assert half["state"] == "requested"
    assert await units.status("confirm", half, manager, as_unit_id=str(units.senior)) == (403, "not_yours_to_decide")
    assert await units.status("confirm", half, manager, as_unit_id=str(units.library)) == (200, "confirmed")


async def test_request__two_who_agree_at_once__never_lose_a_word(units: Units) -> None:
    for _ in range(5):
        room, booking = units.room, await units.ask("10:00", "11:00", touches=[str(units.desk)])
        owners, desk = units.editor(units.library), units.editor(units.desk)
        first = await asyncio.gather(*(units.status("confirm", booking, who) for who in (owners, desk)))
        assert sorted(first) == [(200, "requested"), (412, "stale")]
        other = owners if first[1][0] == 200 else desk
        half = await units.house.get(booking["id"])
        done = await units.order("confirm", half, other)
        assert (done["state"], done["version"], done["space_ids"]) == ("confirmed", 3, [str(room)])
        assert [one["verdict"] for one in (await units.decisions(done))["decisions"]] == ["approved", "confirmed"]
        await units.house.ok(units.house.order("cancel", done))


async def test_request__agreed_to_and_rejected_at_once__is_one_of_both(units: Units) -> None:
    booking = await units.ask()
    who = units.editor(units.library)
    answers = await asyncio.gather(units.status("confirm", booking, who), units.status("reject", booking, who))
    assert sorted(status for status, _ in answers) == [200, 412]
    assert len((await units.decisions(booking))["decisions"]) == 1


async def test_request__decided_by_a_colleague_a_moment_ago__says_so_and_is_not_hidden(units: Units) -> None:
    who = units.editor(units.library)
    for first, then in (("confirm", "reject"), ("reject", "confirm")):
        booking = await units.ask("12:00", "13:00")
        decided = await units.order(first, booking, who)
        assert await units.status(then, booking, who) == (412, "stale")
        assert (await units.status(then, decided, who))[0] == 409
        stranger = units.editor(uuid4())
        assert (await units.status(then, booking, stranger))[0] == 404
        await units.house.order("cancel", decided)


async def test_request__whose_time_is_taken_when_all_have_agreed__stays_a_request(units: Units) -> None:
    booking = await units.ask(touches=[str(units.desk)])
    half = await units.order("confirm", booking, units.editor(units.desk))
    await units.house.booked(
        [units.room], "10:30", "11:30", headers=units.editor(units.library), unit_id=str(units.library)
    )
    assert await units.status("confirm", half, units.editor(units.library)) == (409, "conflict")
    present = await units.house.get(booking["id"])
    assert (present["state"], present["version"]) == ("requested", 2)
    kept = await units.decisions(booking)
    assert [one["state"] for one in kept["approvals"]] == ["pending", "approved"]
    assert len(kept["decisions"]) == 1


async def test_request__beyond_the_policy__says_so_and_needs_a_role_and_a_reason(units: Units) -> None:
    await units.policy(max_minutes=30, refused_purposes=["private_party"], exception_roles=["house_manager"])
    booking = await units.ask(purpose="private_party")
    (found,) = await units.inbox(units.editor(units.library), unit_id=str(units.library))
    assert [one["rule"] for one in found["breaks"]] == ["max_length", "purpose_refused"]
    editor, manager = units.editor(units.library), units.house.role("house_manager@*")
    assert await units.status("confirm", booking, editor, reason_code="memorial") == (409, "policy")
    assert await units.status("confirm", booking, manager) == (409, "policy")
    said = {"reason_code": "memorial", "reason": "Minnesamvær"}
    assert await units.status("confirm", booking, manager, **said) == (200, "confirmed")
    excepted, confirmed = (await units.decisions(booking))["decisions"]
    assert (excepted["verdict"], excepted["rules"]) == ("excepted", ["max_length", "purpose_refused"])
    assert (excepted["reason"], confirmed["reason_code"]) == ("Minnesamvær", "memorial")


async def test_request__made_in_time__is_not_too_late_when_it_is_decided(units: Units) -> None:
    await units.policy(notice_minutes=24 * 60)
    booking = await units.ask()
    await units.house.clock("2026-12-01T08:59:00Z", run_due=False)
    assert await units.status("confirm", booking, units.editor(units.library)) == (200, "confirmed")


async def test_request__of_a_room_without_a_policy__is_decided_as_ever(units: Units) -> None:
    house = units.house
    free = await house.space(unit_id=str(units.library))
    front = house.role("front_line@*")
    booking = await house.booked([free], "10:00", "11:00", state="requested", headers=front)
    assert [one["booking"]["id"] for one in await units.inbox(front, unit_id=str(units.library))] == [booking["id"]]
    assert await units.status("reject", booking, front) == (403, "forbidden")
    assert await units.status("confirm", booking, front) == (200, "confirmed")
    other = await house.booked([free], "12:00", "13:00", state="requested", headers=front)
    assert await units.status("reject", other, house.role("house_manager@*"), reason_code="full") == (200, "rejected")
    assert [one["reason_code"] for one in (await units.decisions(other))["decisions"]] == ["full"]


async def test_booking__that_touches_a_unit__is_made_at_once_only_by_who_speaks_for_it(units: Units) -> None:
    house = units.house
    free = await house.space()
    touching = {"touches": [str(units.desk)]}
    front = await house.put([free], "10:00", "11:00", headers=house.role("front_line@*"), **touching)
    assert (front.status_code, front.json()["reasons"][0]["rule"]) == (409, "touches_unit")
    own = house.role(f"front_line@{units.desk}")
    await house.booked([free], "10:00", "11:00", headers=own, unit_id=str(units.desk), **touching)
    await house.booked([free], "12:00", "13:00", headers=house.role("house_manager@*"), **touching)
    unknown = await house.put([free], "14:00", "15:00", touches=[str(uuid4())])
    assert unknown.json()["code"] == "invalid"


async def test_series__of_requests__stands_in_the_inbox_date_by_date(units: Units) -> None:
    series, dates = uuid4(), []
    for day in (1, 8, 15):
        start, end = f"2026-12-{day:02}T10:00", f"2026-12-{day:02}T11:00"
        dates.append({"id": str(uuid4()), "starts_at": start, "ends_at": end})
    body = {"space_ids": [str(units.room)], "state": "requested", "occurrences": dates, "unit_id": str(units.senior)}
    who = units.house.role(f"front_line@{units.senior}")
    await units.house.ok(units.house.client.put(f"{API}/series/{series}", json=body, headers=who))
    found = await units.inbox(units.editor(units.library), unit_id=str(units.library))
    assert {one["booking"]["id"] for one in found} == {date["id"] for date in dates}
    assert {one["booking"]["series_id"] for one in found} == {str(series)}


async def test_inbox__pages__are_each_request_once_by_when_they_are_due(units: Units) -> None:
    made = [(await units.ask(f"{hour:02}:00", f"{hour:02}:30"))["id"] for hour in (9, 10, 11, 12, 13)]
    seen: list[str] = []
    after = None
    while True:
        asked = {"unit_id": str(units.library), "limit": 2, **({"after": after} if after else {})}
        answer = await units.house.ok(units.house.client.get(f"{API}/inbox", params=asked))
        seen += [one["booking"]["id"] for one in answer["requests"]]
        after = answer["next"]
        if after is None:
            break
    assert sorted(seen) == sorted(made)
    assert len(seen) == len(made)


async def test_inbox__who_may_see_it_and_what_it_must_be_asked(units: Units) -> None:
    client, house = units.house.client, units.house
    assert (await client.get(f"{API}/inbox")).json()["code"] == "invalid"
    assert (await client.get(f"{API}/inbox", params={"unit_id": str(uuid4())})).json()["code"] == "invalid"
    assert (await client.get(f"{API}/inbox", params={"unit_id": str(units.library), "after": "x"})).status_code == 422
    asked = {"unit_id": str(units.library)}
    foreign = await client.get(f"{API}/inbox", params=asked, headers=units.editor(units.desk))
    assert foreign.status_code == 404
    reader = await client.get(f"{API}/inbox", params=asked, headers=house.role("statistics_reader@*"))
    assert reader.status_code == 403


async def test_request__of_the_health_station__is_busy_half_hours_and_no_reasons_to_others(units: Units) -> None:
    house = units.house
    health = await house.unit("health_station")
    await units.policy(max_minutes=30)
    own = {"unit_id": str(health), "headers": house.role(f"unit_editor@{health}")}
    booking = await house.booked([units.room], "10:05", "10:50", state="requested", title="Kontroll", **own)
    (found,) = await units.inbox(units.editor(units.library), unit_id=str(units.library))
    assert (found["booking"]["masked"], found["breaks"], "Kontroll" in str(found)) == (True, [], False)
    assert found["booking"]["local_start"] == "10:00"
    said = {"reason_code": "appointment", "reason": "Hjemmebesøk"}
    await units.order("reject", booking, units.editor(units.library), **said)
    (seen,) = (await units.decisions(booking, units.editor(units.library)))["decisions"]
    (mine,) = (await units.decisions(booking, own["headers"]))["decisions"]
    assert (seen["reason"], seen["reason_code"], mine["reason"]) == (None, None, "Hjemmebesøk")


@pytest.mark.parametrize("change", ["update decision set reason_code = 'x'", "delete from decision"])
async def test_decisions__the_services_own_role__can_add_and_read_and_nothing_else(units: Units, change: str) -> None:
    conn = await asyncpg.connect(units.house.database.dsn("facility"), server_settings={"search_path": "facility"})
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(change)
    finally:
        await conn.close()


async def test_request__cancelled__leaves_the_inbox(units: Units) -> None:
    booking = await units.ask()
    await units.order("cancel", booking, units.house.role(f"front_line@{units.senior}"))
    assert await units.inbox(units.editor(units.library), unit_id=str(units.library)) == []
