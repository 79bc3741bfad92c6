"""A unit's programme with facility beside it, each on its own socket, database role and Kafka principal."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from deploy.local.process import free_ports
from services.facility.app import build as build_facility
from services.library.app import build as build_library
from shared import db
from shared.contracts import facility
from shared.envelope import build
from shared.programme import reactions
from tests import infra
from tests.integration.streams import CLOCK, until
from tests.integration.unit_house import ok, serving

NOON = {"starts_at": "2090-03-02T11:00:00Z", "ends_at": "2090-03-02T12:00:00Z"}
LATER = {"starts_at": "2090-03-02T13:00:00Z", "ends_at": "2090-03-02T14:00:00Z"}


@dataclass
class House:
    """Facility and library, with a square, a library unit and an activity in it."""

    facility: httpx.AsyncClient
    library: httpx.AsyncClient
    app: FastAPI
    square: str = field(default_factory=lambda: str(uuid.uuid4()))
    unit: str = field(default_factory=lambda: str(uuid.uuid4()))
    activity: str = field(default_factory=lambda: str(uuid.uuid4()))

    async def furnish(self) -> None:
        await ok(self.facility.put(f"/api/facility/squares/{self.square}", json={"name": "Testtorget"}))
        unit = {"square_id": self.square, "kind": "library", "name": "Testbiblioteket"}
        await ok(self.facility.put(f"/api/facility/units/{self.unit}", json=unit))
        await ok(self.library.put(f"/api/library/activities/{self.activity}", json=self.about()))

    def about(self, **more: Any) -> dict[str, Any]:
        return {"square_id": self.square, "unit_id": self.unit, "title_nb": "Lesesirkel", **more}

    async def room(self) -> str:
        space = str(uuid.uuid4())
        await ok(self.facility.put(f"/api/facility/spaces/{space}", json={"square_id": self.square, "name": "Rom"}))
        return space

    async def plan(self, *rooms: str, **more: Any) -> httpx.Response:
        body = {"activity_id": self.activity, "space_ids": list(rooms), **NOON, **more}
        return await self.library.put(f"/api/library/occurrences/{uuid.uuid4()}", json=body)

    async def booking(self, occurrence: dict[str, Any]) -> dict[str, Any]:
        return await ok(self.facility.get(f"/api/facility/bookings/{occurrence['booking_id']}"))

    async def step(self, occurrence: dict[str, Any], verb: str, body: Any = None) -> httpx.Response:
        headers = {"If-Match": f'"{occurrence["version"]}"'}
        path = f"/api/library/occurrences/{occurrence['occurrence_id']}/{verb}"
        return await self.library.post(path, json=body or {}, headers=headers)

    async def look(self, occurrence: dict[str, Any]) -> dict[str, Any]:
        return await ok(self.library.get(f"/api/library/occurrences/{occurrence['occurrence_id']}"))


@pytest.fixture(scope="module")
async def house(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[House]:
    ports = free_ports(2)
    urls = {"facility": f"http://127.0.0.1:{ports[0]}"}
    facility = build_facility(infra.settings_for("facility", database, kafka, keys))
    library = build_library(infra.settings_for("library", database, kafka, keys, service_urls=urls))
    headers = keys.headers("admin@*", **{"Accept-Language": "en"})
    async with (
        serving(facility, ports[0]) as facility_url,
        serving(library, ports[1]) as library_url,
        httpx.AsyncClient(base_url=facility_url, headers=headers, trust_env=False) as to_facility,
        httpx.AsyncClient(base_url=library_url, headers=headers, trust_env=False) as to_library,
    ):
        made = House(to_facility, to_library, library)
        await made.furnish()
        yield made


@pytest.fixture
async def alone(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys, house: House) -> AsyncIterator[House]:
    """The library with nobody where facility should be."""
    settings = infra.settings_for("library", database, kafka, keys, service_urls={"facility": "http://127.0.0.1:9"})
    app = build_library(settings)
    async with infra.client_of(app, **keys.headers("admin@*")) as client:
        yield House(house.facility, client, app, house.square, house.unit, house.activity)


async def test_activity_put_again_changes_nothing_and_edit_needs_the_version(house: House) -> None:
    path = f"/api/library/activities/{house.activity}"
    assert (await house.library.put(path, json=house.about())).status_code == 200
    assert (await house.library.put(path, json=house.about(kind="course"))).status_code == 428
    stale = await house.library.put(path, json=house.about(kind="course"), headers={"If-Match": '"9"'})
    assert (stale.status_code, stale.json()["current"]["version"]) == (412, 1)


async def test_activity_of_a_unit_of_another_service_is_refused(house: House) -> None:
    desk = str(uuid.uuid4())
    unit = {"square_id": house.square, "kind": "service_desk", "name": "Skranke"}
    await ok(house.facility.put(f"/api/facility/units/{desk}", json=unit))
    refused = await house.library.put(f"/api/library/activities/{uuid.uuid4()}", json=house.about(unit_id=desk))
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"loc": ["unit_id"], "message": "The unit belongs to another service."}]


async def test_occurrence_with_a_room_gets_it_confirmed(house: House) -> None:
    room = await house.room()
    planned = await house.plan(room)
    assert (planned.status_code, planned.json()["state"]) == (201, "scheduled"), planned.text
    booking = await house.booking(planned.json())
    assert (booking["state"], booking["title"], booking["unit_id"]) == ("confirmed", "Lesesirkel", house.unit)


async def test_occurrence_put_again_answers_the_same_and_another_body_is_refused(house: House) -> None:
    body = {"activity_id": house.activity, "off_site": True, **NOON}
    path = f"/api/library/occurrences/{uuid.uuid4()}"
    assert [(await house.library.put(path, json=body)).status_code for _ in range(2)] == [201, 200]
    other = await house.library.put(path, json={**body, "off_site": False})
    assert (other.status_code, other.json()["code"]) == (409, "id_in_use")


async def test_occurrence_in_a_taken_room_is_refused_with_facilitys_reasons(house: House) -> None:
    room = await house.room()
    first = (await house.plan(room)).json()
    refused = await house.plan(room)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert refused.json()["blocking"] == [first["booking_id"]]
    assert refused.json()["reasons"][0]["title"] == "Lesesirkel"


async def test_occurrence_without_facility_is_kept_as_draft_and_scheduled_later(house: House, alone: House) -> None:
    room = await house.room()
    kept = await alone.plan(room)
    assert (kept.status_code, kept.json()["state"]) == (201, "draft"), kept.text
    assert "utkast" in kept.json()["notice"]["nb"]
    scheduled = await house.step(kept.json(), "schedule")
    assert scheduled.json()["state"] == "scheduled", scheduled.text
    assert (await house.booking(scheduled.json()))["state"] == "confirmed"


async def test_rescheduled_occurrence_takes_its_booking_along_and_keeps_what_was(house: House) -> None:
    planned = (await house.plan(await house.room())).json()
    moved = await house.step(planned, "reschedule", LATER)
    assert moved.status_code == 200, moved.text
    assert moved.json()["previous"]["starts_at"] == NOON["starts_at"]
    booking = await house.booking(planned)
    assert (booking["local_start"], booking["state"]) == ("14:00", "confirmed")
    await asyncio.sleep(0.5)  # facility's own event about it must change nothing
    assert (await house.look(planned))["state"] == "scheduled"


async def test_word_of_an_older_booking_that_arrives_after_the_move_changes_nothing(house: House) -> None:
    planned = (await house.plan(await house.room())).json()
    before = await house.booking(planned)
    assert (await house.step(planned, "reschedule", LATER)).status_code == 200
    late = facility.Booking(
        booking_id=before["id"], square_id=house.square, state="confirmed", space_ids=before["space_ids"], **NOON
    )
    event = build("facility", "booking.confirmed.v1", f"booking/{late.booking_id}", 2, late, at=CLOCK.now())

    async with db.transaction(house.app.state.pool) as conn:
        await reactions.handlers(house.app.state.programme)[event.type](conn, event)

    seen = await house.look(planned)
    assert (seen["state"], seen["starts_at"]) == ("scheduled", LATER["starts_at"])


async def test_occurrence_moved_into_a_taken_room_stays_as_it_was(house: House) -> None:
    room = await house.room()
    taken, free = await house.room(), (await house.plan(room)).json()
    await house.plan(taken)
    refused = await house.step(free, "reschedule", {**NOON, "space_ids": [taken]})
    assert refused.status_code == 409
    assert (await house.look(free))["version"] == free["version"]


async def test_cancelled_occurrence_frees_its_room(house: House) -> None:
    planned = (await house.plan(await house.room())).json()
    cancelled = await house.step(planned, "cancel", {"reason_code": "illness"})
    assert cancelled.json()["state"] == "cancelled"

    async def freed() -> bool:
        state: str = (await house.booking(planned))["state"]
        return state == "cancelled"

    await until(freed)


async def test_booking_moved_in_facility_takes_its_occurrence_along_until_the_editor_agrees(house: House) -> None:
    planned, elsewhere = (await house.plan(await house.room())).json(), await house.room()
    booking = await house.booking(planned)
    body = {"space_ids": [elsewhere], **NOON, "setup_minutes": 0, "teardown_minutes": 0, "override": False}
    path = f"/api/facility/bookings/{booking['id']}/move"
    await ok(house.facility.post(path, json=body, headers={"If-Match": f'"{booking["version"]}"'}))

    async def along() -> bool:
        seen = await house.look(planned)
        return (seen["state"], seen["space_ids"]) == ("affected", [elsewhere])

    await until(along)
    agreed = await house.step(await house.look(planned), "accept")
    assert agreed.json()["state"] == "scheduled"


async def test_room_is_asked_for_as_many_as_are_expected_or_else_let_in(house: House) -> None:
    room, asked = await house.room(), {"activity_id": house.activity, "capacity": 44}
    made = (await house.plan(room, expected_people=30, capacity=44)).json()
    series = {**asked, "space_ids": [room], "occurrences": [{"id": str(uuid.uuid4()), **LATER}]}
    [date] = (await ok(house.library.put(f"/api/library/series/{uuid.uuid4()}", json=series)))["occurrences"]
    booked = [await ok(house.facility.get(f"/api/facility/bookings/{one['booking_id']}")) for one in (made, date)]
    assert [one["expected_people"] for one in booked] == [30, 44]


async def test_series_keeps_the_refused_date_beside_the_others(house: House) -> None:
    room = await house.room()
    await house.plan(room)
    ids = [str(uuid.uuid4()) for _ in range(2)]
    dates = [{"id": ids[0], **NOON}, {"id": ids[1], **LATER}]
    body = {"activity_id": house.activity, "space_ids": [room], "occurrences": dates}
    path = f"/api/library/series/{uuid.uuid4()}"
    made = await ok(house.library.put(path, json=body))
    assert [one["state"] for one in made["occurrences"]] == ["draft", "scheduled"]
    again = await house.library.put(path, json=body)
    assert (again.status_code, again.json()) == (200, made)


async def test_head_count_is_revised_and_the_same_again_is_none(house: House) -> None:
    past = {"starts_at": "2026-01-05T10:00:00Z", "ends_at": "2026-01-05T11:00:00Z"}
    planned = (await house.plan(off_site=True, **past)).json()
    bands = [{"band": "67-79", "count": 5}]
    counts = [{"total": 12}, {"total": 12}, {"total": 13, "by_band": bands}]
    seen = [(await house.step(planned, "attendance", body)).json()["attendance"] for body in counts]
    assert [one["revision"] for one in seen] == [1, 1, 2]
    assert [(one["revision"], one["total"]) for one in seen[-1]["earlier"]] == [(1, 12)]
    assert seen[-1]["earlier"][0]["recorded_at"] == seen[0]["recorded_at"]
    too_many = await house.step(planned, "attendance", {"total": 4, "by_band": bands})
    assert too_many.status_code == 422
    future = await house.step((await house.plan(off_site=True)).json(), "attendance", {"total": 1})
    assert future.status_code == 422


async def test_loan_day_sent_again_changes_nothing_and_a_new_summary_counts(house: House) -> None:
    path = f"/api/library/loan-days/{house.unit}/2026-03-02"
    body = {"square_id": house.square, "first_loans": 40, "renewals": 7}
    assert [(await house.library.put(path, json=body)).json()["version"] for _ in range(2)] == [1, 1]
    assert (await house.library.put(path, json={**body, "returns": 9})).json()["version"] == 2
    days = await ok(house.library.get(f"/api/library/loan-days?square_id={house.square}&from=2026-03-01&to=2026-03-03"))
    assert [day["returns"] for day in days["days"]] == [9]


async def test_front_line_may_count_but_not_plan(house: House, keys: infra.Keys) -> None:
    past = {"starts_at": "2026-01-05T10:00:00Z", "ends_at": "2026-01-05T11:00:00Z"}
    planned = (await house.plan(off_site=True, **past)).json()
    headers = keys.headers(f"front_line@{house.square}")
    path = f"/api/library/occurrences/{planned['occurrence_id']}"
    counted = await house.library.post(f"{path}/attendance", json={"total": 3}, headers=headers)
    assert counted.status_code == 200
    refused = await house.library.post(f"{path}/cancel", json={}, headers={**headers, "If-Match": '"2"'})
    assert refused.status_code == 403
    stranger = keys.headers(f"front_line@{uuid.uuid4()}")
    assert (await house.library.get(path, headers=stranger)).status_code == 404


async def test_series_date_refused_and_offered_later_is_scheduled_when_taken(house: House) -> None:
    room = await house.room()
    blocker = (await house.plan(room)).json()
    date = {"id": str(uuid.uuid4()), **NOON}
    body = {"activity_id": house.activity, "space_ids": [room], "occurrences": [date]}
    made = await ok(house.library.put(f"/api/library/series/{uuid.uuid4()}", json=body))
    draft = made["occurrences"][0]
    assert draft["state"] == "draft"
    assert (await house.step(blocker, "cancel")).status_code == 200

    async def offered() -> bool:
        await ok(house.facility.put("/test/clock", json={"now": None}))
        return bool(await offers())

    async def offers() -> list[dict[str, Any]]:
        found = await ok(house.facility.get("/api/facility/offers", params={"square_id": house.square}))
        return [one for one in found["offers"] if one["owner_ref"] == f"occurrence/{date['id']}"]

    await until(offered)
    (one,) = await offers()
    headers = {"If-Match": f'"{one["version"]}"'}
    await ok(house.facility.post(f"/api/facility/bookings/{one['id']}/take-offer", headers=headers))

    async def scheduled() -> bool:
        seen = await house.look(draft)
        return (seen["state"], seen["booking_id"]) == ("scheduled", one["id"])

    await until(scheduled)


async def test_series_that_minds_holidays_leaves_them_out_or_moves_them(house: House) -> None:
    def dates() -> list[dict[str, str]]:
        days = ("2027-05-10", "2027-05-17")
        return [
            {"id": str(uuid.uuid4()), "starts_at": f"{day}T16:00:00Z", "ends_at": f"{day}T17:00:00Z"} for day in days
        ]

    async def made(choice: str) -> list[str]:
        body = {"activity_id": house.activity, "off_site": True, "occurrences": dates(), "on_holidays": choice}
        found = await ok(house.library.put(f"/api/library/series/{uuid.uuid4()}", json=body))
        return [one["starts_at"][:16] for one in found["occurrences"]]

    assert await made("keep") == ["2027-05-10T16:00", "2027-05-17T16:00"]
    assert await made("skip") == ["2027-05-10T16:00"]
    assert await made("move") == ["2027-05-10T16:00", "2027-05-18T16:00"]
