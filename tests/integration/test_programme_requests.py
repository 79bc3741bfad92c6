"""A unit's programme in rooms with a policy: terms that answer a refusal, and requests that others decide."""

import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
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
from shared.problems import Unavailable
from shared.programme import reactions
from tests import infra
from tests.integration.streams import CLOCK, until
from tests.integration.unit_house import if_match, instant, ok, serving

pytestmark = pytest.mark.integration
NOON = {"starts_at": "2090-03-02T11:00:00Z", "ends_at": "2090-03-02T12:00:00Z"}
LATER = {"starts_at": "2090-03-02T17:00:00Z", "ends_at": "2090-03-02T18:00:00Z"}
BOOKINGS = "/api/facility/bookings"


@dataclass
class House:
    """A library, and a senior centre that owns the rooms. The library's editor speaks to its service, in English."""

    facility: httpx.AsyncClient
    library: httpx.AsyncClient
    app: FastAPI
    keys: infra.Keys
    square: str = field(default_factory=lambda: str(uuid.uuid4()))
    unit: str = field(default_factory=lambda: str(uuid.uuid4()))
    owner: str = field(default_factory=lambda: str(uuid.uuid4()))
    activity: str = field(default_factory=lambda: str(uuid.uuid4()))

    async def furnish(self) -> None:
        await ok(self.facility.put(f"/api/facility/squares/{self.square}", json={"name": "Testtorget"}))
        for unit, kind in ((self.unit, "library"), (self.owner, "senior_centre")):
            body = {"square_id": self.square, "kind": kind, "name": kind}
            await ok(self.facility.put(f"/api/facility/units/{unit}", json=body))
        self.library.headers.update(self.as_role(f"unit_editor@{self.unit}"))
        body = {"square_id": self.square, "unit_id": self.unit, "title_nb": "Lesesirkel"}
        await ok(self.library.put(f"/api/library/activities/{self.activity}", json=body))

    def as_role(self, *roles: str) -> dict[str, str]:
        return self.keys.headers(*roles, **{"Accept-Language": "en"})

    async def room(self, **rules: Any) -> str:
        """Of the senior centre, with this policy."""
        space = str(uuid.uuid4())
        body = {"square_id": self.square, "unit_id": self.owner, "name": "Rom"}
        await ok(self.facility.put(f"/api/facility/spaces/{space}", json=body))
        await ok(self.facility.put(f"/api/facility/spaces/{space}/policy", json=rules, headers=if_match(0)))
        return space

    async def plan(self, room: str, occurrence: str | None = None, **more: Any) -> httpx.Response:
        body = {"activity_id": self.activity, "space_ids": [room], **NOON, **more}
        return await self.library.put(f"/api/library/occurrences/{occurrence or uuid.uuid4()}", json=body)

    async def requested(self, room: str, **more: Any) -> dict[str, Any]:
        draft = await ok(self.plan(room, request=True, **more))
        assert (draft["state"], draft["room_request"]) == ("draft", {"state": "pending", "reason_code": None})
        return draft

    async def series(self, room: str, **more: Any) -> dict[str, Any]:
        """Sends the same body twice."""
        dates = [{"id": str(uuid.uuid4()), **NOON}, {"id": str(uuid.uuid4()), **LATER}]
        body = {"activity_id": self.activity, "space_ids": [room], "occurrences": dates, **more}
        path = f"/api/library/series/{uuid.uuid4()}"
        made = await ok(self.library.put(path, json=body))
        assert await ok(self.library.put(path, json=body)) == made
        return made

    async def step(self, one: dict[str, Any], verb: str, **body: Any) -> httpx.Response:
        path = f"/api/library/occurrences/{one['occurrence_id']}/{verb}"
        return await self.library.post(path, json=body, headers=if_match(one["version"]))

    async def look(self, one: dict[str, Any]) -> dict[str, Any]:
        return await ok(self.library.get(f"/api/library/occurrences/{one['occurrence_id']}"))

    async def becomes(self, one: dict[str, Any], **wanted: Any) -> dict[str, Any]:
        async def has() -> Any:
            seen = await self.look(one)
            return seen if {name: seen[name] for name in wanted} == wanted else None

        return await until(has)

    async def booking(self, booking_id: str) -> dict[str, Any]:
        return await ok(self.facility.get(f"{BOOKINGS}/{booking_id}"))

    async def booking_becomes(self, booking_id: str, state: str) -> None:
        async def has() -> bool:
            return bool((await self.booking(booking_id))["state"] == state)

        await until(has)

    async def decide(self, what: str, booking_id: str, **said: Any) -> None:
        """By the senior centre."""
        seen = (await self.booking(booking_id))["version"]
        headers = {**self.as_role(f"unit_editor@{self.owner}"), **if_match(seen)}
        await ok(self.facility.post(f"{BOOKINGS}/{booking_id}/{what}", json=said, headers=headers))

    async def said(self, one: dict[str, Any]) -> list[dict[str, Any]]:
        query = "select value from outbox where key = $1 order by id"
        rows = await self.app.state.pool.fetch(query, f"occurrence/{one['occurrence_id']}")
        return [json.loads(row["value"]) for row in rows]

    async def verbs(self, one: dict[str, Any]) -> list[str]:
        return [event["type"].split(".")[2] for event in await self.said(one)]

    async def hear(self, verb: str, booking: dict[str, Any], version: int) -> None:
        """Facility's word, as it comes over Kafka, at a moment of the test's choice."""
        told = facility.Booking(
            booking_id=booking["id"],
            square_id=self.square,
            state="confirmed",
            space_ids=booking["space_ids"],
            starts_at=instant(booking["starts_at"]),
            ends_at=instant(booking["ends_at"]),
            owner_ref=booking["owner_ref"],
        )
        event = build("facility", f"booking.{verb}.v1", f"booking/{told.booking_id}", version, told, at=CLOCK.now())
        async with db.transaction(self.app.state.pool) as conn:
            await reactions.handlers(self.app.state.programme)[event.type](conn, event)


@dataclass
class Place:
    """Facility at its address, and the library as often as a test wants to start it."""

    url: str
    settings: Callable[[str], Any]
    keys: infra.Keys

    @asynccontextmanager
    async def library(self, url: str | None = None) -> AsyncIterator[House]:
        app = build_library(self.settings(url or self.url))
        async with (
            httpx.AsyncClient(base_url=self.url, headers=self.keys.headers("admin@*"), trust_env=False) as to_facility,
            infra.client_of(app) as client,
        ):
            yield House(to_facility, client, app, self.keys)


@pytest.fixture(scope="module")
async def place(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[Place]:
    def settings(url: str) -> Any:
        return infra.settings_for("library", database, kafka, keys, service_urls={"facility": url})

    (port,) = free_ports(1)
    async with serving(build_facility(infra.settings_for("facility", database, kafka, keys)), port) as url:
        yield Place(url, settings, keys)


@pytest.fixture(scope="module")
async def house(place: Place) -> AsyncIterator[House]:
    async with place.library() as made:
        await made.furnish()
        yield made


def rules(answer: httpx.Response) -> list[str]:
    assert (answer.status_code, answer.json()["code"]) == (409, "policy"), answer.text
    return [reason["rule"] for reason in answer.json()["reasons"]]


async def test_room_that_must_be_requested__asked_for_directly__is_refused_with_the_way_out(house: House) -> None:
    refused = await house.plan(await house.room(otherwise="request"))

    assert rules(refused) == ["must_request"]
    assert refused.json()["request_possible"] is True


async def test_request__when_approved__schedules_the_draft_once(house: House) -> None:
    draft = await house.requested(await house.room(otherwise="request"))
    booking = await house.booking(draft["booking_id"])
    assert (booking["state"], booking["unit_id"]) == ("requested", house.unit)

    await house.decide("confirm", draft["booking_id"])

    seen = await house.becomes(draft, state="scheduled")
    assert (seen["room_request"], seen["booking_id"]) == (None, draft["booking_id"])
    await house.hear("confirmed", booking, booking["version"] + 1)
    assert (await house.look(draft))["version"] == seen["version"]
    assert await house.verbs(draft) == ["drafted", "scheduled"]


async def test_request__sent_again__is_one_request(house: House) -> None:
    room, occurrence = await house.room(otherwise="request"), str(uuid.uuid4())

    answers = [await house.plan(room, occurrence, request=True) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    inbox = await ok(house.facility.get("/api/facility/inbox", params={"unit_id": house.owner, "limit": 200}))
    owners = [one["booking"]["owner_ref"] for one in inbox["requests"]]
    assert owners.count(f"occurrence/{occurrence}") == 1


async def test_request__approved_before_the_draft_is_written_down__schedules_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the request is held back until facility's word about it has reached the service over Kafka."""
    rooms = house.app.state.programme.rooms
    ask: Callable[..., Awaitable[dict[str, Any]]] = rooms.ask

    async def approved_at_once(method: str, path: str, *rest: Any, **more: Any) -> dict[str, Any]:
        answer = await ask(method, path, *rest, **more)
        await house.decide("confirm", answer["id"])
        await until(someone_waits)
        return answer

    async def someone_waits() -> Any:
        query = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        return await house.app.state.pool.fetchval(query)

    room = await house.room(otherwise="request")
    with monkeypatch.context() as patch:
        patch.setattr(rooms, "ask", approved_at_once)
        draft = await house.requested(room)

    await house.becomes(draft, state="scheduled")
    assert await house.verbs(draft) == ["drafted", "scheduled"]


async def test_request__approved_while_the_unit_died__is_found_by_asking_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms, room, occurrence = house.app.state.programme.rooms, await house.room(otherwise="request"), str(uuid.uuid4())
    ask: Callable[..., Awaitable[dict[str, Any]]] = rooms.ask

    async def dies(*rest: Any, **more: Any) -> dict[str, Any]:
        await house.decide("confirm", (await ask(*rest, **more))["id"])
        raise ended

    ended = RuntimeError("the process ends here")
    with monkeypatch.context() as patch:
        patch.setattr(rooms, "ask", dies)
        assert (await house.plan(room, occurrence, request=True)).status_code == 500

    made = await ok(house.plan(room, occurrence, request=True))

    assert (made["state"], made["room_request"]) == ("scheduled", None)


@pytest.mark.parametrize("wanted", [True, False])
async def test_request__whose_answer_was_lost__is_still_the_drafts(
    house: House, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    rooms, room = house.app.state.programme.rooms, await house.room(otherwise="request")
    ask: Callable[..., Awaitable[dict[str, Any]]] = rooms.ask

    async def unheard(*rest: Any, **more: Any) -> dict[str, Any]:
        await ask(*rest, **more)
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(rooms, "ask", unheard)
        draft = await ok(house.plan(room, request=True))
    assert (draft["state"], draft["room_request"]) == ("draft", None)

    if wanted:
        await house.decide("confirm", draft["booking_id"])
        await house.becomes(draft, state="scheduled")
    else:
        await ok(house.step(draft, "cancel"))
        await house.booking_becomes(draft["booking_id"], "cancelled")


async def test_request__approved_while_the_unit_was_away__schedules_the_draft_when_it_is_back(place: Place) -> None:
    async with place.library() as before:
        await before.furnish()
        draft = await before.requested(await before.room(otherwise="request"))
    async with httpx.AsyncClient(base_url=place.url, headers=place.keys.headers("admin@*"), trust_env=False) as client:
        before.facility = client
        await before.decide("confirm", draft["booking_id"])

    async with place.library() as after:
        after.library.headers.update(after.as_role("admin@*"))
        await after.becomes(draft, state="scheduled")


async def test_request__when_refused__says_why_and_another_room_can_be_had(house: House) -> None:
    draft = await house.requested(await house.room(otherwise="request"))
    await house.decide("reject", draft["booking_id"], reason_code="noise", reason="For nær kapellet")

    seen = await house.becomes(draft, room_request={"state": "refused", "reason_code": "noise"})

    assert seen["state"] == "draft"
    moved = await ok(house.step(seen, "reschedule", **NOON, space_ids=[await house.room()]))
    assert (moved["state"], moved["room_request"], moved["booking_id"]) == ("draft", None, None)
    assert (await ok(house.step(moved, "schedule")))["state"] == "scheduled"


async def test_request__refused__can_be_made_again(house: House) -> None:
    draft = await house.requested(await house.room(otherwise="request"))
    await house.decide("reject", draft["booking_id"])
    seen = await house.becomes(draft, room_request={"state": "refused", "reason_code": None})

    again = await ok(house.step(seen, "schedule", request=True))

    assert again["room_request"]["state"] == "pending"
    assert again["booking_id"] != draft["booking_id"]
    await house.decide("confirm", again["booking_id"])
    await house.becomes(draft, state="scheduled", booking_id=again["booking_id"])


@pytest.mark.parametrize("decided", [None, "reject"])
async def test_cancelled_draft__with_a_request__withdraws_it(house: House, decided: str | None) -> None:
    draft = await house.requested(await house.room(otherwise="request"))
    if decided:
        await house.decide(decided, draft["booking_id"])
        draft = await house.becomes(draft, room_request={"state": "refused", "reason_code": None})

    cancelled = await ok(house.step(draft, "cancel"))

    assert (cancelled["state"], cancelled["room_request"]) == ("cancelled", None)
    await house.booking_becomes(draft["booking_id"], "rejected" if decided else "cancelled")


async def test_draft_put_elsewhere__withdraws_its_request_and_a_late_approval_changes_nothing(house: House) -> None:
    draft = await house.requested(await house.room(otherwise="request"))
    booking, elsewhere = await house.booking(draft["booking_id"]), await house.room(otherwise="request")

    moved = await ok(house.step(draft, "reschedule", **LATER, space_ids=[elsewhere], request=True))

    assert (await house.booking(draft["booking_id"]))["state"] == "cancelled"
    assert (await house.booking(moved["booking_id"]))["state"] == "requested"
    await house.hear("confirmed", booking, 2)
    assert (await house.look(draft))["version"] == moved["version"]


async def test_draft__that_is_requested_on_the_same_terms_again__stays_as_it_is(house: House) -> None:
    draft = await house.requested(await house.room(otherwise="request"), purpose="course")

    again = await ok(house.step(draft, "schedule", request=True))
    other = await ok(house.step(again, "schedule", request=True, purpose="meeting"))

    assert again == draft
    assert (await house.booking(other["booking_id"]))["purpose"] == "meeting"
    assert (await house.booking(draft["booking_id"]))["state"] == "cancelled"


async def test_request__withdrawn_in_facility__leaves_a_draft_without_a_room(house: House) -> None:
    draft = await house.requested(await house.room(otherwise="request"))
    booking = await house.booking(draft["booking_id"])

    await ok(house.facility.post(f"{BOOKINGS}/{booking['id']}/cancel", headers=if_match(booking["version"])))

    await house.becomes(draft, state="draft", room_request=None, booking_id=None)


async def test_request__while_facility_is_away__is_kept_as_a_draft_and_made_later(house: House, place: Place) -> None:
    room = await house.room(otherwise="request")
    async with place.library("http://127.0.0.1:9") as alone:
        alone.library.headers.update(house.library.headers)
        alone.activity = house.activity
        kept = await alone.plan(room, request=True, purpose="course")
    assert (kept.status_code, kept.json()["room_request"]) == (201, None)
    assert "draft" in kept.json()["notice"]["en"]

    asked = await ok(house.step(kept.json(), "schedule", request=True))

    assert asked["room_request"]["state"] == "pending"
    assert (await house.booking(asked["booking_id"]))["purpose"] == "course"


async def test_planned_date__cannot_be_turned_into_a_request(house: House) -> None:
    planned = await ok(house.plan(await house.room()))

    refused = await house.step(planned, "reschedule", **LATER, request=True)

    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
    assert (await house.look(planned))["version"] == planned["version"]


@pytest.mark.parametrize("body", [{"request": True, "space_ids": []}, {"request": True, "draft": True}])
async def test_request__that_names_no_room_or_is_to_wait__is_no_request(house: House, body: dict[str, Any]) -> None:
    assert (await house.plan(await house.room(), **body)).status_code == 422


async def test_series__of_requests__is_decided_date_by_date(house: House) -> None:
    made = await house.series(await house.room(otherwise="request"), request=True)
    first, second = made["occurrences"]
    assert [one["room_request"]["state"] for one in (first, second)] == ["pending", "pending"]

    await house.decide("confirm", first["booking_id"])
    await house.decide("reject", second["booking_id"], reason_code="noise")

    await house.becomes(first, state="scheduled", room_request=None)
    await house.becomes(second, state="draft", room_request={"state": "refused", "reason_code": "noise"})


async def test_series__in_a_room_that_must_be_requested__says_so_of_each_date_and_can_request_them(
    house: House,
) -> None:
    made = await house.series(await house.room(otherwise="request"))
    (first, second) = made["occurrences"]
    told = [(one["state"], [reason["rule"] for reason in one["refusal"]["reasons"]]) for one in (first, second)]
    assert told == [("draft", ["must_request"])] * 2

    asked = await ok(house.step(first, "schedule", request=True))

    await house.decide("confirm", asked["booking_id"])
    await house.becomes(first, state="scheduled")
    assert (await house.look(second))["state"] == "draft"


async def self_service(house: House, room: str) -> None:
    """Staffed until 16 o'clock."""
    spans = [
        {"start": "10:00", "end": "16:00", "state": "staffed"},
        {"start": "08:00", "end": "22:00", "state": "self_service"},
    ]
    period = {"name": "Alltid", "override": False, "groups": [{"spans": spans, "rules": []}]}
    await ok(house.facility.put(f"/api/facility/spaces/{room}/hours", json={"periods": [period]}))


async def test_responsible_role__for_a_time_without_staff__answers_the_refusal(house: House) -> None:
    room = await house.room(responsible_roles=["key_holder"])
    await self_service(house, room)
    assert rules(await house.plan(room, **LATER)) == ["responsible_role_needed"]

    planned = await ok(house.plan(room, **LATER, responsible_role="key_holder"))

    assert (planned["state"], planned["responsible_role"]) == ("scheduled", "key_holder")
    assert (await house.booking(planned["booking_id"]))["responsible_role"] == "key_holder"


async def test_responsible_role__named_when_a_date_is_moved__goes_with_its_booking(house: House) -> None:
    room = await house.room(responsible_roles=["key_holder"])
    await self_service(house, room)
    planned = await ok(house.plan(room))
    assert rules(await house.step(planned, "reschedule", **LATER)) == ["responsible_role_needed"]

    moved = await ok(house.step(planned, "reschedule", **LATER, responsible_role="key_holder"))

    assert (moved["state"], moved["responsible_role"]) == ("scheduled", "key_holder")
    assert (await house.booking(planned["booking_id"]))["responsible_role"] == "key_holder"


async def test_exception__by_a_role_that_may__sets_the_policy_aside_and_its_text_stays_in_facility(
    house: House,
) -> None:
    room = await house.room(refused_purposes=["private_party"], exception_roles=["unit_editor"])
    assert rules(await house.plan(room, purpose="private_party")) == ["purpose_refused"]
    why = {"reason_code": "agreed", "reason": "Avtalt med styreren"}

    planned = await ok(house.plan(room, purpose="private_party", exception=why))

    assert (planned["state"], planned["purpose"]) == ("scheduled", "private_party")
    kept = await ok(house.facility.get(f"{BOOKINGS}/{planned['booking_id']}/decisions"))
    assert [(one["verdict"], one["reason"]) for one in kept["decisions"]] == [("excepted", why["reason"])]
    assert why["reason"] not in json.dumps(await house.said(planned))
    query = "select asked from occurrence where occurrence_id = $1"
    asked = await house.app.state.pool.fetchval(query, uuid.UUID(planned["occurrence_id"]))
    assert asked["exception"]["reason_code"] == "agreed"
    assert why["reason"] not in json.dumps(asked)


async def test_exception__by_a_role_that_may_not__is_refused_by_facility(house: House) -> None:
    room = await house.room(refused_purposes=["private_party"])

    refused = await house.plan(room, purpose="private_party", exception={"reason": "Bare denne gangen"})

    assert rules(refused) == ["exception_not_allowed", "purpose_refused"]


async def test_exception__repeated_with_another_reason__is_another_request(house: House) -> None:
    room, occurrence = await house.room(), str(uuid.uuid4())
    texts = ["Første", "Første", "Annen"]

    answers = [await house.plan(room, occurrence, exception={"reason": text}) for text in texts]

    assert [answer.status_code for answer in answers] == [201, 200, 409]
