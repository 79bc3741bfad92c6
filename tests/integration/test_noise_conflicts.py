"""Noise between two bookings as a fact of its own: said when they begin to meet, are accepted, and no longer meet."""

import asyncio
import datetime as dt
import json
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.facility.booking import reactions
from services.facility.booking.desk import Desk
from services.facility.noise import watching
from services.facility.noise.pairs import Pair, pair_id
from shared import db, envelope
from shared.clock import SteppedClock
from shared.contracts.programme import Occurrence
from shared.envelope import Event
from tests.integration.booking_house import API, NOW, House, time
from tests.integration.noise_house import REASON, Rooms, furnished

pytestmark = pytest.mark.integration
Told = list[tuple[str, int, int]]
QUARTER_LATER = "2026-11-24T08:15:00Z"


@pytest.fixture
async def rooms(opened: House) -> Rooms:
    return await furnished(opened)


async def look(rooms: Rooms, now: str = NOW) -> None:
    await rooms.house.clock(now)


async def events(rooms: Rooms, one: dict[str, Any], other: dict[str, Any]) -> list[dict[str, Any]]:
    subject = f"noise_conflict/{pair_id(UUID(one['id']), UUID(other['id']))}"
    found = await rooms.house.rows("select value from outbox where key = $1 order by id", subject)
    return [json.loads(row["value"]) for row in found]


async def told(rooms: Rooms, one: dict[str, Any], other: dict[str, Any]) -> Told:
    """(what, version, how much over) of what was said of the two, in order."""
    return [
        (event["type"].split(".")[2].removeprefix("conflict_"), event["subjectversion"], event["data"]["excess_level"])
        for event in await events(rooms, one, other)
    ]


async def listed(rooms: Rooms, *roles: str, **asked: Any) -> list[dict[str, Any]]:
    headers = rooms.house.role(*(roles or ("house_manager@*",)))
    params = {"square_id": str(rooms.house.square), **asked}
    answer = await rooms.house.ok(rooms.house.client.get(f"{API}/noise-conflicts", params=params, headers=headers))
    found: list[dict[str, Any]] = answer["conflicts"]
    return found


async def accept(rooms: Rooms, conflict: dict[str, Any], *roles: str, **more: Any) -> Any:
    headers = {"If-Match": f'"{more.pop("version", conflict["version"])}"', **rooms.house.role(*roles)}
    path, body = f"{API}/noise-conflicts/{conflict['id']}/accept", {"reason": "Avtalt med lederen", **more}
    return await rooms.house.client.post(path, json=body, headers=headers)


async def talk(rooms: Rooms, start: str = "10:30", end: str = "11:30", **more: Any) -> dict[str, Any]:
    """In the office, where the exercise is heard a little too loud."""
    asked = {"title": "Samtale", "unit_id": str(rooms.library), **more}
    return await rooms.house.ok(rooms.house.put([rooms.office], start, end, **asked), 201)


async def block(rooms: Rooms, start: str = "10:00", end: str = "11:00", **more: Any) -> dict[str, Any]:
    """The health station keeps the quiet room, as its service does: no policy limits that."""
    health = more.pop("health", None) or await rooms.house.unit("health_station")
    asked = {"state": "blocked", "unit_id": str(health), "title": "Hørselstest", **more}
    return await rooms.house.ok(rooms.house.put([rooms.quiet], start, end, **asked), 201)


async def test_conflict__that_a_later_move_of_the_other_side_brings__is_said_once(rooms: Rooms) -> None:
    exercise, beside = await rooms.house.ok(rooms.exercise()), await talk(rooms, "13:00", "14:00")
    await look(rooms)
    assert await told(rooms, exercise, beside) == []
    await rooms.house.ok(rooms.house.move(beside, [rooms.office], "10:30", "11:30"))
    await look(rooms)
    await look(rooms)
    assert await told(rooms, exercise, beside) == [("detected", 1, 1)]
    [event] = await events(rooms, exercise, beside)
    data = event["data"]
    assert (data["loud_booking_id"], data["quiet_booking_id"]) == (exercise["id"], beside["id"])
    assert (data["from_space_id"], data["in_space_id"]) == (str(rooms.gym), str(rooms.office))
    assert (data["starts_at"], data["ends_at"]) == ("2026-12-01T09:30:00Z", "2026-12-01T10:00:00Z")
    assert (data["state"], event["classification"], event["squareid"]) == ("open", "internal", str(rooms.house.square))
    assert set(data["unit_ids"]) == {str(rooms.senior), str(rooms.library)}


async def test_conflict__of_a_hold__is_said_and_its_confirmation_says_nothing_new(rooms: Rooms) -> None:
    exercise, hold = await rooms.house.ok(rooms.exercise()), await talk(rooms, state="held")
    await look(rooms)
    await rooms.house.ok(rooms.house.order("confirm", hold))
    await look(rooms)
    assert await told(rooms, exercise, hold) == [("detected", 1, 1)]


async def test_conflict__of_a_hold_that_runs_out_and_is_taken_again__is_the_same_pair(rooms: Rooms, desk: Desk) -> None:
    owner = uuid4()
    hold = await rooms.house.ok(rooms.meeting(state="held", owner_ref=f"occurrence/{owner}"))
    mild = await rooms.house.ok(rooms.exercise(noise_out=3))
    await look(rooms)
    await look(rooms, QUARTER_LATER)
    assert await told(rooms, hold, mild) == [("detected", 1, 1), ("resolved", 2, 1)]
    assert (await events(rooms, hold, mild))[1]["data"]["resolution"] == "expired"
    loud = await rooms.house.ok(rooms.exercise("11:00", "12:00"))
    await confirm_by_its_unit(rooms, desk, hold, owner)
    await look(rooms, QUARTER_LATER)
    assert await told(rooms, hold, mild) == [("detected", 1, 1), ("resolved", 2, 1), ("detected", 3, 1)]
    assert await told(rooms, hold, loud) == [("detected", 1, 2)]


async def confirm_by_its_unit(rooms: Rooms, desk: Desk, hold: dict[str, Any], owner: UUID) -> None:
    values = {
        "occurrence_id": owner,
        "activity_id": uuid4(),
        "square_id": rooms.house.square,
        "unit_id": rooms.library,
        "title_nb": "Treff",
        "starts_at": hold["starts_at"],
        "ends_at": hold["ends_at"],
        "space_ids": hold["space_ids"],
        "booking_id": hold["id"],
        "state": "scheduled",
    }
    at = dt.datetime.fromisoformat(QUARTER_LATER)
    assert isinstance(desk.clock, SteppedClock)
    desk.clock.set(at)
    said = Occurrence.model_validate(values)
    event = envelope.build("library", "occurrence.scheduled.v1", f"occurrence/{owner}", 1, said, at=at)
    async with db.transaction(desk.pool) as conn:
        await reactions.handlers(desk)["torg.library.v1"][event.type](conn, event)


async def test_conflict__with_what_a_closure_gave_back__is_said(rooms: Rooms) -> None:
    house, meeting = rooms.house, await rooms.house.ok(rooms.meeting())
    body = {"space_ids": [str(rooms.quiet)], "starts_at": time("09:00"), "ends_at": None, "reason_code": "water"}
    closure = f"{API}/closures/{uuid4()}"
    await house.ok(house.client.put(closure, json=body), 201)
    exercise = await house.ok(rooms.exercise())
    await look(rooms)
    assert await told(rooms, exercise, meeting) == []
    await house.ok(house.client.post(f"{closure}/lift"))
    await look(rooms)
    assert await told(rooms, exercise, meeting) == [("detected", 1, 2)]
    await house.ok(house.client.put(f"{API}/closures/{uuid4()}", json=body), 201)
    await look(rooms)
    assert await told(rooms, exercise, meeting) == [("detected", 1, 2), ("resolved", 2, 2)]
    assert (await events(rooms, exercise, meeting))[1]["data"]["resolution"] == "displaced"


@pytest.mark.parametrize("what", ["move", "room", "cancel", "release", "quieter", "over"])
async def test_conflict__that_is_no_more__is_resolved_with_why(rooms: Rooms, what: str) -> None:
    house, beside, exercise = rooms.house, await talk(rooms), await rooms.house.ok(rooms.exercise())
    await look(rooms)
    now, expected = (
        NOW,
        {"move": "moved", "room": "moved", "cancel": "cancelled", "release": "released"}.get(what, what),
    )
    if what == "move":
        await house.ok(house.move(exercise, [rooms.gym], "12:00", "13:00"))
    elif what == "room":
        await house.ok(house.move(exercise, [rooms.far], "10:00", "11:00"))
    elif what == "quieter":
        await house.ok(house.move(exercise, [rooms.gym], "10:00", "11:00", noise_out=2))
    elif what == "over":
        now = "2026-12-01T10:00:00Z"
    else:
        await house.ok(house.order(what, beside))
    await look(rooms, now)
    await look(rooms, now)
    assert await told(rooms, exercise, beside) == [("detected", 1, 1), ("resolved", 2, 1)]
    assert (await events(rooms, exercise, beside))[1]["data"]["resolution"] == expected
    assert await listed(rooms) == []


async def test_conflict__that_becomes_louder_or_moves_along__is_a_revision(rooms: Rooms) -> None:
    beside, exercise = await talk(rooms), await rooms.house.ok(rooms.exercise())
    await look(rooms)
    exercise = await rooms.house.ok(rooms.house.move(exercise, [rooms.gym], "10:15", "11:15"))
    await look(rooms)
    again = rooms.house.move(exercise, [rooms.gym], "10:15", "11:15", noise_out=5, exception=REASON)
    await rooms.house.ok(again)
    await look(rooms)
    expected = [("detected", 1, 1), ("detected", 2, 1), ("detected", 3, 2), ("accepted", 4, 2)]
    assert await told(rooms, exercise, beside) == expected


async def change_room(rooms: Rooms, space: UUID, **changes: Any) -> None:
    path = f"{API}/spaces/{space}"
    known = await rooms.house.ok(rooms.house.client.get(path))
    names = ("square_id", "name", "noise_out", "noise_tolerance", "neighbours")
    body = {name: known[name] for name in names} | changes
    headers = {"If-Match": f'"{known["version"]}"'}
    await rooms.house.ok(rooms.house.client.put(path, json=body, headers=headers))


async def test_conflict__that_rooms_bring_and_take_away__follows_them(rooms: Rooms) -> None:
    manager = rooms.of(f"house_manager@{rooms.house.square}")
    await rooms.house.ok(rooms.meeting("10:00", "10:30"))
    exercise = await rooms.house.ok(rooms.exercise(exception=REASON, **manager))
    beside = await talk(rooms)
    await look(rooms)
    await look(rooms)
    await change_room(rooms, rooms.office, noise_tolerance=1)
    await look(rooms)
    walls = [{"space_id": str(rooms.quiet), "attenuation": 2}]
    await change_room(rooms, rooms.gym, neighbours=walls)
    await look(rooms)
    expected = [("detected", 1, 1), ("detected", 2, 2), ("resolved", 3, 2)]
    assert await told(rooms, exercise, beside) == expected
    assert (await events(rooms, exercise, beside))[2]["data"]["resolution"] == "quieter"


async def test_conflict__accepted_when_it_was_booked__is_said_to_be(rooms: Rooms) -> None:
    meeting = await rooms.house.ok(rooms.meeting())
    manager = rooms.of(f"house_manager@{rooms.house.square}")
    exercise = await rooms.house.ok(rooms.exercise(exception=REASON, **manager))
    await look(rooms)
    assert await told(rooms, exercise, meeting) == [("detected", 1, 2), ("accepted", 2, 2)]
    said = (await events(rooms, exercise, meeting))[1]["data"]
    assert (said["accepted_by"], said["reason_code"]) == ("exception", "noise_accepted")
    assert "Avtalt" not in str(said)
    [shown] = await listed(rooms)
    assert (shown["state"], shown["may_accept"], shown["accepted"]["reason"]) == ("accepted", False, REASON["reason"])


async def test_conflict__that_all_concerned_agreed_to__is_said_to_be_accepted(rooms: Rooms) -> None:
    meeting = await rooms.house.ok(rooms.meeting())
    asked = await rooms.house.ok(rooms.exercise(state="requested"), 201)
    half = await rooms.house.ok(rooms.house.order("confirm", asked, headers=rooms.editor(rooms.library)))
    await look(rooms)
    assert await told(rooms, asked, meeting) == []
    manager = rooms.house.role(f"house_manager@{rooms.house.square}")
    await rooms.house.ok(rooms.house.order("confirm", half, headers=manager))
    await look(rooms)
    assert await told(rooms, asked, meeting) == [("detected", 1, 2), ("accepted", 2, 2)]
    assert (await events(rooms, asked, meeting))[1]["data"]["accepted_by"] == "agreement"


async def unasked(rooms: Rooms) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """An exercise beside which the health station has kept its room: nobody has accepted that."""
    exercise, kept = await rooms.house.ok(rooms.exercise()), await block(rooms)
    await look(rooms)
    [conflict] = await listed(rooms)
    return exercise, kept, conflict


async def test_accept__by_a_house_manager_with_a_reason__is_said_and_stays_on_record(rooms: Rooms) -> None:
    exercise, kept, conflict = await unasked(rooms)
    assert (conflict["needs_acceptance"], conflict["may_accept"], conflict["severity"]) == (True, True, 2)
    assert conflict["message"] == "Lyden fra Gymsalen blir for høy i Stillerommet."
    done = await accept(rooms, conflict, f"house_manager@{rooms.house.square}", reason_code="agreed")
    assert (done.status_code, done.json()["state"], done.headers["etag"]) == (200, "accepted", '"2"')
    await look(rooms)
    assert await told(rooms, exercise, kept) == [("detected", 1, 2), ("accepted", 2, 2)]
    said = (await events(rooms, exercise, kept))[1]
    assert (said["data"]["reason_code"], said["data"]["accepted_by"]) == ("agreed", "exception")
    asked = {"object": f"noise_conflict/{conflict['id']}"}
    audit = await rooms.house.ok(rooms.house.client.get(f"{API}/audit", params=asked))
    [entry] = audit["entries"]
    assert (entry["action"], entry["role"], entry["after"]["reason_code"]) == (
        "noise.accept",
        "house_manager",
        "agreed",
    )
    assert "lederen" not in str([said, entry])


async def test_accept__without_the_right_or_the_need__is_refused(rooms: Rooms) -> None:
    _, _, conflict = await unasked(rooms)
    here, house = f"house_manager@{rooms.house.square}", rooms.house
    assert not (await listed(rooms, f"front_line@{house.square}"))[0]["may_accept"]
    assert (await accept(rooms, conflict, f"front_line@{house.square}")).status_code == 403
    assert (await accept(rooms, conflict, f"house_manager@{rooms.senior}")).status_code == 404
    assert (await accept(rooms, conflict, f"house_manager@{uuid4()}")).status_code == 404
    assert (await accept(rooms, {**conflict, "id": str(uuid4())}, here)).status_code == 404
    assert (await accept(rooms, conflict, here, reason="")).status_code == 422
    stale = await accept(rooms, conflict, here, version=7)
    assert (stale.status_code, stale.json()["current"]["version"]) == (412, 1)
    done = await accept(rooms, conflict, here)
    again = await accept(rooms, done.json(), here)
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


async def test_list__of_a_unit__has_its_own_and_what_must_be_decided_comes_first(rooms: Rooms) -> None:
    await talk(rooms)
    exercise, kept, _ = await unasked_of_several(rooms)
    shown = await listed(rooms)
    assert [(one["quiet"]["id"] == kept["id"], one["severity"]) for one in shown] == [(True, 2), (False, 1)]
    assert {one["loud"]["id"] for one in shown} == {exercise["id"]}
    mine = await listed(rooms, f"unit_editor@{rooms.library}", unit_id=str(rooms.library))
    assert [one["quiet"]["title"] for one in mine] == ["Samtale"]
    params = {"square_id": str(rooms.house.square)}
    strangers = rooms.house.role(f"front_line@{uuid4()}")
    answer = await rooms.house.client.get(f"{API}/noise-conflicts", params=params, headers=strangers)
    assert answer.status_code == 404


async def test_list__of_a_date__has_what_is_on_that_day_of_the_square_alone(rooms: Rooms) -> None:
    exercise, _, [shown] = await unasked_of_several(rooms)
    assert shown["local_date"] == "2026-12-01"
    assert [one["loud"]["id"] for one in await listed(rooms, date="2026-12-01")] == [exercise["id"]]
    assert [await listed(rooms, date=other) for other in ("2026-11-30", "2026-12-02")] == [[], []]


async def unasked_of_several(rooms: Rooms) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    exercise, kept = await rooms.house.ok(rooms.exercise()), await block(rooms, "10:30", "11:00")
    await look(rooms)
    return exercise, kept, await listed(rooms)


async def test_health_station__that_is_disturbed__is_an_id_and_taken_half_hours(rooms: Rooms) -> None:
    exercise = await rooms.house.ok(rooms.exercise("10:05", "11:00", noise_out=5))
    health = await rooms.house.unit("health_station")
    kept = await block(rooms, "10:10", "10:25", quiet_need=5, health=health)
    await look(rooms)
    [event] = await events(rooms, exercise, kept)
    data = event["data"]
    assert (data["starts_at"], data["ends_at"]) == ("2026-12-01T09:05:00Z", "2026-12-01T09:30:00Z")
    assert (data["excess_level"], event["classification"]) == (2, "restricted")
    assert "Hørselstest" not in str(event)
    [shown] = await listed(rooms, f"front_line@{rooms.house.square}")
    assert (shown["quiet"]["title"], shown["quiet"]["masked"]) == ("Opptatt", True)
    assert (shown["quiet"]["local_start"], shown["local_start"], shown["severity"]) == ("10:00", "10:05", 2)
    assert "quiet_need" not in shown["quiet"]
    manager = f"house_manager@{rooms.house.square}"
    await rooms.house.ok(accept(rooms, shown, manager))
    assert (await listed(rooms, manager))[0]["accepted"]["reason"] is None
    assert (await listed(rooms, manager, f"unit_editor@{health}"))[0]["accepted"]["reason"] == "Avtalt med lederen"


async def test_health_station__that_changes_within_its_half_hours__says_nothing_new(rooms: Rooms) -> None:
    exercise, kept = await rooms.house.ok(rooms.exercise()), await block(rooms, "10:00", "10:45")
    await look(rooms)
    await rooms.house.ok(rooms.house.move(kept, [rooms.quiet], "10:10", "11:00"))
    await look(rooms)
    assert await told(rooms, exercise, kept) == [("detected", 1, 2)]


async def test_watch__by_several_processes_at_once__says_everything_once(rooms: Rooms, desk: Desk) -> None:
    exercise, beside = await rooms.house.ok(rooms.exercise()), await talk(rooms)
    await asyncio.gather(*(watching.watch(desk) for _ in range(8)), look(rooms))
    await look(rooms)
    assert await told(rooms, exercise, beside) == [("detected", 1, 1)]


async def test_watch__that_dies_before_its_commit__is_done_by_the_next(
    rooms: Rooms, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercise, beside = await rooms.house.ok(rooms.exercise()), await talk(rooms)

    class Killed(Exception):
        pass

    def killed(pair: Pair) -> Event:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(watching, "noise_event", killed)
        with pytest.raises(Killed):
            await watching.watch(desk)
    assert await listed(rooms) == []
    await watching.watch(desk)
    assert await told(rooms, exercise, beside) == [("detected", 1, 1)]


async def test_watch__of_one_who_commits_late__forgets_nothing(rooms: Rooms) -> None:
    """Its event has a smaller id than those that others were said under meanwhile."""
    exercise, beside = await rooms.house.ok(rooms.exercise(noise_out=3)), await talk(rooms)
    conn = await asyncpg.connect(rooms.house.database.admin_dsn, server_settings={"search_path": "facility"})
    try:
        async with conn.transaction():
            await conn.execute("update booking set noise_out = 4 where id = $1", UUID(exercise["id"]))
            await conn.execute(
                "insert into outbox (event_id, topic, key, type, value, recorded_at) "
                "select $1, topic, key, type, value, recorded_at from outbox where key = $2",
                uuid4(),
                f"booking/{exercise['id']}",
            )
            for hour in (13, 14):
                await talk(rooms, f"{hour}:00", f"{hour}:30")
                await look(rooms)
    finally:
        await conn.close()
    assert await told(rooms, exercise, beside) == []
    await look(rooms)
    assert await told(rooms, exercise, beside) == [("detected", 1, 1)]


async def test_watch__with_nothing_new__writes_nothing(rooms: Rooms) -> None:
    await rooms.house.ok(rooms.exercise())
    await talk(rooms)
    for _ in range(3):  # what is said of noise is an event too, and is read again as long as somebody may be late
        await look(rooms)
    state = "select (select max(id) from outbox) as newest, l.* from noise_look l"
    before = await rooms.house.rows(state)
    await look(rooms)
    assert await rooms.house.rows(state) == before


async def test_watch__while_bookings_go_on__comes_to_an_end_and_has_seen_them(
    rooms: Rooms, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercise, beside = await rooms.house.ok(rooms.exercise()), await talk(rooms)
    newest, passes = watching.pair_store.newest, 0

    async def after_another(conn: Any) -> int:
        nonlocal passes
        passes += 1
        if passes <= 10:
            await talk(rooms, f"{11 + passes}:00", f"{11 + passes}:30")
        return await newest(conn)

    monkeypatch.setattr(watching.pair_store, "newest", after_another)
    for _ in range(3):
        await watching.watch(desk)
    assert passes == 3
    assert await told(rooms, exercise, beside) == [("detected", 1, 1)]
