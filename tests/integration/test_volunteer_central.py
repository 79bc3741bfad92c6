"""Shifts of the volunteer central: who takes them stays inside, and only counts leave it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.volunteer_central import commands
from services.volunteer_central.app import build
from shared.tolerant import TolerantConsumer
from tests import infra
from tests.integration.streams import until
from tests.integration.unit_house import UnitHouse, insist, ok, open_unit, times

EVENING = times("2026-12-03", "16:00", "20:00")
MONDAY = "2026-11-30T12:00:00+01:00"  # more than 48 hours before
NAME, PHONE = "Oddny Prøvesen", "+47 400 00 123"


@pytest.fixture(scope="module")
async def open_house(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[UnitHouse]:
    async with open_unit("volunteer_central", build, kafka, database, keys) as made:
        yield made


@pytest.fixture
async def house(open_house: UnitHouse) -> AsyncIterator[UnitHouse]:
    """With a unit of its own, on a Monday that stands still."""
    open_house.square, open_house.unit = str(uuid4()), str(uuid4())
    await open_house.furnish()
    await open_house.clock(MONDAY)
    yield open_house
    await open_house.clock(None)


def shift_body(house: UnitHouse, **more: Any) -> dict[str, Any]:
    return house.here(**{"role": "host", "needed": 2, **EVENING} | more)


async def opened(house: UnitHouse, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = await ok(house.put(f"shifts/{uuid4()}", shift_body(house, **more)))
    return made


async def volunteer(house: UnitHouse, *, cleared: bool = False, **more: Any) -> str:
    made = await ok(house.put(f"volunteers/{uuid4()}", house.here(**{"name": NAME, "phone": PHONE} | more)))
    path: str = made["volunteer_id"]
    if cleared:
        await ok(house.put(f"volunteers/{path}/clearance", {"shown_on": "2026-11-02"}, seen=1))
    return path


async def sign_up(house: UnitHouse, shift: dict[str, Any], who: str, sign_up_id: Any = None) -> httpx.Response:
    return await house.put(f"shifts/{shift['shift_id']}/sign-ups/{sign_up_id or uuid4()}", {"volunteer_id": who})


async def leave(house: UnitHouse, done: httpx.Response) -> httpx.Response:
    path = f"shifts/{done.json()['shift_id']}/sign-ups/{done.json()['sign_up_id']}"
    return await house.client.delete(house.path(path))


async def look(house: UnitHouse, shift: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await house.get(f"shifts/{shift['shift_id']}")
    return found


async def verbs(house: UnitHouse, shift: dict[str, Any]) -> list[str]:
    return await house.verbs(f"shift/{shift['shift_id']}")


async def test_roles__listed__have_names_in_both_languages(house: UnitHouse) -> None:
    assert {"code": "walk_leader", "nb": "Turleder", "en": "Walk leader"} in (await house.get("roles"))["roles"]


async def test_shift__filled_and_left__is_staffed_and_open_again(house: UnitHouse) -> None:
    shift = await opened(house)
    first, second = [await sign_up(house, shift, await volunteer(house)) for _ in range(2)]
    assert (first.status_code, second.json()["shift"]["state"]) == (201, "staffed")

    gone = [await leave(house, first) for _ in range(2)]

    assert [(one.json()["withdrawn"], one.json()["shift"]["confirmed"]) for one in gone] == [(True, 1)] * 2
    assert (await look(house, shift))["state"] == "open"
    said = await house.said(f"shift/{shift['shift_id']}")
    assert [(one["verb"], one["state"], one["confirmed"], one["version"]) for one in said] == [
        ("opened", "open", 0, 1), ("changed", "open", 1, 2), ("staffed", "staffed", 2, 3), ("changed", "open", 1, 4),
    ]  # fmt: skip


async def test_shift__open_48_hours_before__is_told_understaffed_once_and_staffed_when_filled(house: UnitHouse) -> None:
    shift, full = await opened(house, needed=1), await opened(house, needed=1)
    await sign_up(house, full, await volunteer(house))
    await house.clock("2026-12-01T15:59:59.999999+01:00")
    assert (await look(house, shift))["state"] == "open"

    for _ in range(2):
        await house.clock("2026-12-01T16:00:00+01:00")

    assert ((await look(house, shift))["state"], (await look(house, full))["state"]) == ("understaffed", "staffed")
    done = await sign_up(house, shift, await volunteer(house))
    assert done.json()["shift"]["state"] == "staffed"
    await leave(house, done)
    assert await verbs(house, shift) == ["opened", "understaffed", "staffed", "understaffed"]


async def test_shift__over_before_anybody_looked__is_not_told_understaffed(house: UnitHouse) -> None:
    shift = await opened(house)
    await house.clock("2026-12-03T20:00:00+01:00")

    assert (await look(house, shift))["state"] == "open"


async def test_shifts__more_due_than_one_turn_takes__are_all_told(
    house: UnitHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "AT_ONCE", 3)
    shifts = [await opened(house) for _ in range(8)]
    await house.clock("2026-12-02T00:00:00+01:00")
    window = {"square_id": house.square, "from": "2026-12-03T00:00:00Z", "to": "2026-12-04T00:00:00Z"}

    found = (await house.get("shifts", **window))["shifts"]
    assert [one["state"] for one in found] == ["understaffed"] * len(shifts)


async def test_last_place__asked_for_by_12_at_once__goes_to_one(house: UnitHouse) -> None:
    shift = await opened(house, needed=1)
    people = [await volunteer(house) for _ in range(12)]
    answers = await asyncio.gather(*(insist(partial(sign_up, house, shift, one, uuid4())) for one in people))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"shift_full"}
    assert (await look(house, shift))["confirmed"] == 1


async def test_sign_up__sent_again__is_one_and_its_id_is_not_for_another(house: UnitHouse) -> None:
    shift, who, sign_up_id = await opened(house), await volunteer(house), uuid4()
    answers = [await sign_up(house, shift, who, sign_up_id) for _ in range(3)]
    other = await sign_up(house, shift, await volunteer(house), sign_up_id)
    twice = await sign_up(house, shift, who)

    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert answers[-1].json()["shift"]["confirmed"] == 1
    assert [(one.status_code, one.json()["code"]) for one in (other, twice)] == [
        (409, "id_in_use"), (409, "already_signed_up"),
    ]  # fmt: skip


async def test_sign_up__of_one_who_is_busy_or_unknown_or_of_another_unit__is_refused(house: UnitHouse) -> None:
    shift, who, elsewhere = await opened(house), await volunteer(house), str(uuid4())
    await house.add_unit(elsewhere, house.square)
    await sign_up(house, await opened(house, **times("2026-12-03", "19:00", "21:00")), who)
    stranger = await volunteer(house, unit_id=elsewhere)

    busy, unknown, foreign = [await sign_up(house, shift, one) for one in (who, str(uuid4()), stranger)]

    assert (busy.status_code, busy.json()["code"]) == (409, "busy")
    assert unknown.status_code == foreign.status_code == 422
    assert unknown.json()["errors"] == foreign.json()["errors"]
    after = await opened(house, **times("2026-12-03", "21:00", "22:00"))
    assert (await sign_up(house, after, who)).status_code == 201


async def test_shift_with_clearance__takes_only_those_who_have_shown_theirs(house: UnitHouse) -> None:
    shift = await opened(house, role="children", requires_clearance=True)
    plain, cleared = await volunteer(house), await volunteer(house, cleared=True)

    assert (await sign_up(house, shift, plain)).json()["code"] == "not_cleared"
    names = await house.get(f"shifts/{shift['shift_id']}/candidates")
    assert [one["volunteer_id"] for one in names["volunteers"]] == [cleared]
    assert (await sign_up(house, shift, cleared)).status_code == 201

    taken_back = await house.put(f"volunteers/{cleared}/clearance", {"shown_on": None}, seen=2)
    assert (taken_back.json()["clearance"], (await look(house, shift))["confirmed"]) == (None, 0)


async def test_shift__cannot_begin_to_ask_for_what_those_on_it_have_not_shown(house: UnitHouse) -> None:
    shift = await opened(house)
    await sign_up(house, shift, await volunteer(house))
    body = shift_body(house, requires_clearance=True)
    refused = await house.put(f"shifts/{shift['shift_id']}", body, seen=2)

    assert (refused.status_code, refused.json()["code"]) == (409, "not_cleared")
    assert (await look(house, shift))["requires_clearance"] is False


async def test_clearance__is_a_date_and_a_role_and_never_of_a_day_to_come(house: UnitHouse) -> None:
    who = await volunteer(house)
    seen = await house.put(f"volunteers/{who}/clearance", {"shown_on": "2026-11-30"}, seen=1)
    ahead = await house.put(f"volunteers/{who}/clearance", {"shown_on": "2026-12-01"}, seen=2)

    assert seen.json()["clearance"] == {"shown_on": "2026-11-30", "seen_by": "admin"}
    assert (ahead.status_code, ahead.json()["errors"][0]["loc"]) == (422, ["shown_on"])
    assert (await house.put(f"volunteers/{who}/clearance", {"shown_on": "2026-11-29"}, seen=1)).status_code == 412


async def test_shift__changed__keeps_who_signed_up_and_needs_the_version(house: UnitHouse) -> None:
    shift = await opened(house)
    await sign_up(house, shift, await volunteer(house))
    body = shift_body(house, needed=1)
    path = f"shifts/{shift['shift_id']}"

    assert (await house.put(path, shift_body(house))).json()["confirmed"] == 1  # a repeat of what was asked for first
    assert (await house.put(path, body)).status_code == 428
    assert (await house.put(path, body, seen=1)).json()["current"]["version"] == 2
    done = await house.put(path, body, seen=2)
    assert (done.json()["state"], done.json()["confirmed"]) == ("staffed", 1)
    assert (await verbs(house, shift))[-1] == "staffed"


async def test_shift__completed__tells_volunteers_and_minutes_as_said_or_as_signed_up(house: UnitHouse) -> None:
    shift = await opened(house)
    await sign_up(house, shift, await volunteer(house))
    early = await house.post(f"shifts/{shift['shift_id']}/complete", seen=2)
    assert (early.status_code, early.json()["detail"]) == (422, "The shift has not begun.")
    await house.clock("2026-12-03T20:30:00+01:00", run_due=False)

    usual = await house.post(f"shifts/{shift['shift_id']}/complete", seen=2)
    said = await house.post(f"shifts/{shift['shift_id']}/complete", {"volunteers": 3, "minutes": 500}, seen=3)
    absurd = await house.post(f"shifts/{shift['shift_id']}/complete", {"volunteers": 1, "minutes": 1441}, seen=4)

    assert (usual.json()["state"], usual.json()["volunteers"], usual.json()["minutes"]) == ("completed", 1, 240)
    assert (said.json()["volunteers"], said.json()["minutes"]) == (3, 500)
    assert (absurd.status_code, absurd.json()["errors"][0]["loc"]) == (422, ["minutes"])
    assert (await house.post(f"shifts/{shift['shift_id']}/cancel", seen=4)).json()["code"] == "wrong_state"
    assert await verbs(house, shift) == ["opened", "changed", "completed", "completed"]


async def test_shift__cancelled__takes_nobody_and_still_says_whom_to_tell(house: UnitHouse) -> None:
    shift = await opened(house)
    done = await sign_up(house, shift, await volunteer(house))
    gone = await house.post(f"shifts/{shift['shift_id']}/cancel", seen=2)

    assert gone.json()["state"] == "cancelled"
    assert (await sign_up(house, shift, await volunteer(house))).json()["code"] == "wrong_state"
    assert (await leave(house, done)).json()["code"] == "wrong_state"
    told = await house.get(f"shifts/{shift['shift_id']}/sign-ups")
    assert [(one["name"], one["phone"]) for one in told["sign_ups"]] == [(NAME, PHONE)]


async def test_sign_ups__a_month_after_the_shift__are_gone_and_its_counts_stay(house: UnitHouse) -> None:
    shift = await opened(house)
    await sign_up(house, shift, await volunteer(house))
    path = f"shifts/{shift['shift_id']}/sign-ups"
    await house.clock("2027-01-02T20:00:00+01:00")
    assert len((await house.get(path))["sign_ups"]) == 1

    await house.clock("2027-01-02T20:00:01+01:00")

    assert (await house.get(path))["sign_ups"] == []
    assert (await look(house, shift))["confirmed"] == 1


async def test_volunteer__erased__leaves_shifts_ahead_and_nothing_behind_but_counts(house: UnitHouse) -> None:
    who = await volunteer(house, cleared=True)
    past = await opened(house, needed=1, **times("2026-12-01", "10:00", "14:00"))
    ahead = await opened(house, needed=1)
    for shift in (past, ahead):
        await sign_up(house, shift, who)
    await house.clock("2026-12-01T15:00:00+01:00", run_due=False)
    await ok(house.post(f"shifts/{past['shift_id']}/complete", seen=2))

    answers = [await house.client.delete(house.path(f"volunteers/{who}")) for _ in range(2)]

    assert [(one.status_code, one.json()["erased"], one.json()["name"]) for one in answers] == [(200, True, None)] * 2
    assert ((await look(house, past))["volunteers"], (await look(house, ahead))["confirmed"]) == (1, 0)
    assert (await house.get(f"shifts/{past['shift_id']}/sign-ups"))["sign_ups"] == []
    assert (await sign_up(house, ahead, who)).status_code == 422
    late = await house.put(f"volunteers/{who}", house.here(name=NAME, phone=PHONE))  # a repeat that took its time
    assert (late.status_code, late.json()["code"]) == (409, "wrong_state")
    row = await house.app.state.pool.fetchrow("select * from volunteer where id = $1::text::uuid", who)
    kept = {name for name, value in dict(row).items() if value is not None}
    assert kept == {"id", "version", "square_id", "unit_id", "erased_at"}


async def test_volunteer__put_again__changes_nothing_and_an_edit_needs_the_version(house: UnitHouse) -> None:
    who = await volunteer(house)
    same = await house.put(f"volunteers/{who}", house.here(name=NAME, phone=PHONE))
    other = house.here(name=NAME, phone=None)

    assert (same.status_code, same.json()["version"]) == (200, 1)
    assert (await house.put(f"volunteers/{who}", other)).status_code == 428
    assert (await house.put(f"volunteers/{who}", other, seen=1)).json()["version"] == 2
    listed = await house.get("volunteers", unit_id=house.unit)
    assert [(one["name"], one["phone"]) for one in listed["volunteers"]] == [(NAME, None)]


@pytest.mark.parametrize(
    ("fault", "place"),
    [
        ({"name": ""}, ["name"]),
        ({"name": "x" * 201}, ["name"]),
        ({"phone": "ring meg"}, ["phone"]),
        ({"born": "1944-03-02"}, ["born"]),
    ],
)
async def test_volunteer__with_a_fault__is_refused_without_repeating_it(
    house: UnitHouse, fault: dict[str, Any], place: list[str]
) -> None:
    body = house.here(**{"name": NAME, "phone": PHONE} | fault)
    refused = await house.put(f"volunteers/{uuid4()}", body)

    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, place)
    assert NAME not in refused.text
    assert str(next(iter(fault.values())) or NAME) not in refused.text


async def test_names__are_for_those_who_may_read_them(house: UnitHouse) -> None:
    shift, who = await opened(house), await volunteer(house)
    await sign_up(house, shift, who)
    front_line = house.keys.headers(f"front_line@{house.square}")
    editor = house.keys.headers(f"unit_editor@{house.square}")
    stranger = house.keys.headers(f"unit_editor@{uuid4()}")
    paths = [
        f"volunteers/{who}",
        f"volunteers?unit_id={house.unit}",
        f"shifts/{shift['shift_id']}/sign-ups",
        f"shifts/{shift['shift_id']}/candidates",
    ]

    async def statuses(headers: dict[str, str]) -> list[int]:
        return [(await house.client.get(house.path(path), headers=headers)).status_code for path in paths]

    assert await statuses(editor) == [200] * 4
    assert await statuses(front_line) == [403] * 4
    assert await statuses(stranger) == [404] * 4
    assert (await house.client.get(house.path(f"shifts/{shift['shift_id']}"), headers=front_line)).status_code == 200
    assert (await house.client.delete(house.path(f"volunteers/{who}"), headers=front_line)).status_code == 403
    assert (await house.put(f"shifts/{uuid4()}", shift_body(house), **front_line)).status_code == 403
    assert (await house.put(f"volunteers/{uuid4()}", house.here(name=NAME), **stranger)).status_code == 404


async def test_a_name__stands_in_its_own_table_and_nowhere_else(
    house: UnitHouse, kafka: infra.Kafka, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    name, phone = f"Navnløs Prøve-{uuid4().hex[:8]}", "+47 499 88 777"
    with caplog.at_level(logging.DEBUG):
        who = await volunteer(house, name=name, phone=phone, cleared=True)
        shift = await opened(house, requires_clearance=True)
        done = await sign_up(house, shift, who)
        await house.get(f"shifts/{shift['shift_id']}/sign-ups")
        again = await sign_up(house, shift, who)
        await leave(house, done)
        await house.client.delete(house.path(f"volunteers/{who}"), headers=house.keys.headers("auditor@*"))

    said = [*(str(record.msg) + record.getMessage() for record in caplog.records), *capsys.readouterr()]
    assert not [line for line in said if name in line or phone in line]
    assert name not in done.text + again.text
    assert await tables_with(house, name) == {"volunteer"}
    told = await on_kafka(kafka, f"shift/{shift['shift_id']}", 3)
    assert not [value for value in told if name.encode() in value or phone.encode() in value or who.encode() in value]


async def tables_with(house: UnitHouse, text: str) -> set[str]:
    """Where the text stands in the service's schema, as text or inside bytes."""
    pool = house.app.state.pool
    query = "select table_name from information_schema.tables where table_schema = 'volunteer_central'"
    found = set()
    for row in await pool.fetch(query):
        table = row["table_name"]
        rows = await pool.fetch(f'select * from "{table}"')
        if any(text in _readable(value) for one in rows for value in one.values()):
            found.add(table)
    return found


def _readable(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


async def on_kafka(kafka: infra.Kafka, subject: str, number: int) -> list[bytes]:
    consumer = TolerantConsumer("torg.volunteer_central.v1", auto_offset_reset="earliest", **kafka.options())
    found: list[bytes] = []
    await consumer.start()
    try:

        async def has_come() -> bool:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found.extend(one.value for one in records if one.key == subject.encode())
            return len(found) >= number

        await until(has_come)
    finally:
        await consumer.stop()
    return found
