"""One room for many dates: those that most dates can have first, and never more told than a search tells."""

import datetime as dt
import random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.facility.booking.desk import Desk
from services.facility.finding.bodies import FindForDates
from services.facility.finding.dates import for_dates
from shared.identity import Actor
from tests.integration.booking_house import API, DAY, House
from tests.integration.noise_house import furnished

pytestmark = pytest.mark.integration
WEEKS = 6
Date = dict[str, Any]


def at(week: int, start: str = "10:00", end: str = "11:00") -> Date:
    day = DAY + dt.timedelta(weeks=week)
    return {"starts_at": f"{day}T{start}", "ends_at": f"{day}T{end}"}


async def ask(house: House, dates: list[Date], headers: dict[str, str] | None = None, **more: Any) -> Any:
    body = {"square_id": [str(house.square)], "dates": dates, **more}
    return await house.client.post(f"{API}/find/dates", json=body, headers=headers)


async def find(house: House, dates: list[Date], **more: Any) -> dict[UUID, tuple[list[int], list[int]]]:
    """By room in the order told: the dates it can be booked on, and those it can be requested for."""
    found = (await house.ok(ask(house, dates, **more)))["candidates"]
    assert [one["rank"] for one in found] == list(range(1, len(found) + 1))
    return {UUID(one["space_id"]): (one["book"], one["request"]) for one in found}


async def put_at(house: House, room: UUID, week: int, **more: Any) -> Date:
    time = at(week)
    return await house.booked([room], time["starts_at"], time["ends_at"], **more)


async def test_rooms__for_many_dates__are_told_by_how_many_can_be_booked_and_then_requested(house: House) -> None:
    always, mostly, asked, often, never = [await house.space(name=f"Rom {n}", capacity=20) for n in range(5)]
    await house.space(capacity=5)
    seen, desk = {"If-Match": '"0"'}, house.role(f"front_line@{house.square}")
    await house.ok(house.client.put(f"{API}/spaces/{asked}/policy", json={"otherwise": "request"}, headers=seen))
    for room, weeks in ((mostly, [3]), (often, [0, 1, 2]), (never, range(WEEKS))):
        for week in weeks:
            await put_at(house, room, week)

    told = await house.ok(ask(house, [at(week) for week in range(WEEKS)], desk, people=12))

    assert [(UUID(one["space_id"]), one["book"], one["request"]) for one in told["candidates"]] == [
        (always, [0, 1, 2, 3, 4, 5], []),
        (mostly, [0, 1, 2, 4, 5], []),
        (often, [3, 4, 5], []),
        (asked, [], [0, 1, 2, 3, 4, 5]),
    ]
    assert told["candidates"][0]["why"] == ["Plass til 20; du trenger 12."]
    assert {one["reason"]: one["rooms"] for one in told["left_out"]} == {"too_small": 1, "never_free": 1}
    [best] = (await house.ok(ask(house, [at(0)], desk, people=12, limit=1)))["candidates"]
    assert UUID(best["space_id"]) == always


async def test_bookings__that_would_move__are_in_nobodys_way_and_seek_another_room(house: House) -> None:
    here, there = await house.space(), await house.space()
    made = [await put_at(house, here, week) for week in range(2)] + [await put_at(house, there, 2, setup_minutes=30)]
    await put_at(house, there, 1)
    dates = [{"booking_id": one["id"]} for one in made]

    assert await find(house, dates) == {here: ([0, 1, 2], []), there: ([0, 2], [])}
    assert list(await find(house, dates[:2])) == [there]


async def test_dates__too_loud_for_a_neighbour__need_a_yes_there_as_when_they_are_moved(house: House) -> None:
    rooms = await furnished(house)
    loud = await house.space(name="Øvingsrommet", noise_out=5)
    await house.ok(rooms.meeting())
    made = [await put_at(house, loud, week, noise_out=4, unit_id=str(rooms.senior)) for week in range(2)]

    found = await find(house, [{"booking_id": one["id"]} for one in made], near_space_id=str(loud), noise_out=4)

    assert found[rooms.gym] == ([1], [0])
    assert found[rooms.far] == ([0, 1], [])
    first = await house.order("move", made[0], space_ids=[str(rooms.gym)], **at(0))
    assert (first.status_code, first.json()["code"]) == (409, "policy")


async def test_dates__that_need_quiet__are_told_of_by_who_is_there_then(house: House) -> None:
    rooms = await furnished(house)
    await house.ok(rooms.exercise())
    made = [await put_at(house, rooms.far, week, quiet_need=5) for week in range(2)]
    dates = [{"booking_id": one["id"]} for one in made]

    assert (await find(house, dates, quiet_need=5))[rooms.quiet] == ([1], [0])
    assert rooms.quiet not in await find(house, dates, max_noise=0)


class Slow:
    """Each date in each room by itself, as a search for free time answers."""

    def __init__(self, house: House, rooms: list[UUID], headers: dict[str, str]) -> None:
        self.house, self.rooms, self.headers = house, rooms, headers

    async def find(self, dates: list[Date], **buffers: int) -> dict[UUID, list[int]]:
        free = {
            room: [n for n, one in enumerate(dates) if await self._is_free(room, one, buffers)] for room in self.rooms
        }
        return {room: found for room, found in free.items() if found}

    async def _is_free(self, room: UUID, one: Date, buffers: dict[str, int]) -> bool:
        start, end = (dt.datetime.fromisoformat(one[name]) for name in ("starts_at", "ends_at"))
        minutes = int((end - start).total_seconds()) // 60
        asked = {"space_id": str(room), "from": one["starts_at"], "to": one["ends_at"], "minutes": minutes, **buffers}
        answer = await self.house.client.get(f"{API}/free", params=asked, headers=self.headers)
        return bool((await self.house.ok(_same(answer)))["free"])


async def _same(answer: Any) -> Any:
    return answer


async def crowded(house: House, chance: random.Random) -> list[UUID]:
    """Halls and their parts, rooms with hours, closures, holds that ran out, and a health station's short bookings."""
    health = str(await house.unit("health_station"))
    hall, parts = await house.hall()
    rooms = [hall, *parts, *[await house.space() for _ in range(4)]]
    await house.hours(rooms[3], ("08:00", "12:00"), ("13:00", "20:00"))
    await house.hours(rooms[4])
    inside = house.role(f"house_manager@{health}", "house_manager@*")
    for _ in range(60):
        room, minute = chance.choice(rooms), chance.randrange(8 * 60, 18 * 60, 5)
        start = dt.datetime.combine(DAY + dt.timedelta(days=chance.randrange(14)), dt.time(minute // 60, minute % 60))
        end = start + dt.timedelta(minutes=chance.choice((10, 25, 60, 180)))
        more = chance.choice(({}, {"state": "held"}, {"unit_id": health, "headers": inside}, {"setup_minutes": 20}))
        await house.put([room], f"{start:%Y-%m-%dT%H:%M}", f"{end:%Y-%m-%dT%H:%M}", override=True, **more)
    closed = {"space_ids": [str(rooms[5])], "starts_at": f"{DAY}T09:00", "ends_at": f"{DAY}T15:00"}
    await house.ok(house.client.put(f"{API}/closures/{uuid4()}", json=closed))
    await house.clock("2026-11-24T08:20:00Z", run_due=False)
    return rooms


@pytest.mark.parametrize("seed", range(3))
async def test_rooms__for_any_dates__are_free_as_each_date_is_by_itself(house: House, seed: int) -> None:
    chance = random.Random(seed)
    rooms = await crowded(house, chance)
    for role in ("admin@*", f"front_line@{house.square}"):
        headers = house.role(role)
        for _ in range(3):
            dates = []
            for _ in range(12):
                minute = chance.randrange(7 * 60, 19 * 60, 5)
                start = dt.datetime.combine(DAY + dt.timedelta(days=chance.randrange(14)), dt.time()) + dt.timedelta(
                    minutes=minute
                )
                end = start + dt.timedelta(minutes=chance.choice((15, 45, 120)))
                dates.append({"starts_at": f"{start:%Y-%m-%dT%H:%M}", "ends_at": f"{end:%Y-%m-%dT%H:%M}"})
            buffers = {"setup_minutes": chance.choice((0, 15)), "teardown_minutes": chance.choice((0, 10))}
            found = await find(house, dates, headers=headers, **buffers)
            assert {room: book for room, (book, _) in found.items()} == await Slow(house, rooms, headers).find(
                dates, **buffers
            )


async def test_dates__of_a_booking_that_is_not_the_askers__are_not_told_of(house: House) -> None:
    ours, theirs = await house.unit("library"), await house.unit("health_station")
    room = await house.space()
    inside = house.role(f"house_manager@{theirs}", "house_manager@*")
    foreign = await put_at(house, room, 0, unit_id=str(theirs), headers=inside)
    editor = house.role(f"unit_editor@{ours}")

    for booking in (foreign["id"], str(uuid4())):
        refused = await ask(house, [{"booking_id": booking}], headers=editor)
        assert refused.status_code in (403, 404), refused.text
        assert "candidates" not in refused.json()


@pytest.mark.parametrize(
    "dates",
    [
        pytest.param([], id="none"),
        pytest.param([at(0)] * 401, id="too-many"),
        pytest.param([at(0), at(60)], id="too-far-apart"),
        pytest.param([{"starts_at": "2026-12-01T10:00"}], id="no-end"),
        pytest.param([{**at(0), "booking_id": str(uuid4())}], id="both"),
        pytest.param([at(0, "11:00", "10:00")], id="backwards"),
    ],
)
async def test_dates__that_cannot_be__are_refused(house: House, dates: list[Date]) -> None:
    refused = await ask(house, dates)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid"), refused.text


async def test_question__costs_as_many_statements_for_many_dates_as_for_one(
    house: House, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = await furnished(house)
    who = Actor("somebody", frozenset({("house_manager", "*")}))
    statements = 0
    for name in ("fetch", "fetchrow", "fetchval"):
        asked = getattr(asyncpg.Connection, name)

        async def counted(*args: Any, _asked: Any = asked, **more: Any) -> Any:
            nonlocal statements
            statements += 1
            return await _asked(*args, **more)

        monkeypatch.setattr(asyncpg.Connection, name, counted)

    async def cost(weeks: int) -> int:
        nonlocal statements
        statements = 0
        body = {"square_id": [house.square], "dates": [at(week) for week in range(weeks)], "noise_out": 4}
        found = await for_dates(desk, who, FindForDates.model_validate(body))
        assert rooms.far in {one.suit.room.id for one in found.candidates}
        return statements

    await cost(1)  # the house is read
    assert await cost(50) == await cost(1)


async def test_rooms__that_are_free_but_not_to_be_had__do_not_keep_those_that_are_from_being_told(house: House) -> None:
    shut = [await house.space(name=f"A{n}") for n in range(5)]
    for room in shut:
        path, rules = f"{API}/spaces/{room}/policy", {"max_minutes": 30}
        await house.ok(house.client.put(path, json=rules, headers={"If-Match": '"0"'}))
    seldom = await house.space(name="B")
    await put_at(house, seldom, 0)

    assert await find(house, [at(0), at(1)], limit=1) == {seldom: ([1], [])}
