"""Meals of the senior centre: planned, changed, counted and cancelled, each told with its whole state."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.senior_centre.app import build
from tests import infra
from tests.integration.unit_house import LONG_AGO, UnitHouse, insist, ok, open_unit, times

DINNER = times("2090-03-02", "13:00", "14:00")


@pytest.fixture(scope="module")
async def house(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[UnitHouse]:
    async with open_unit("senior_centre", build, kafka, database, keys) as made:
        yield made


def meal(house: UnitHouse, **more: Any) -> dict[str, Any]:
    usual = {"kind": "dinner", "menu_nb": "Fiskesuppe", "portions_planned": 40, "price_nok": 130, **DINNER}
    return house.here(**usual | more)


async def planned(house: UnitHouse, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = await ok(house.put(f"meal-servings/{uuid4()}", meal(house, **more)))
    return made


async def step(house: UnitHouse, one: dict[str, Any], verb: str, body: Any = None) -> httpx.Response:
    return await house.post(f"meal-servings/{one['serving_id']}/{verb}", body, one["version"])


async def test_serving__planned__is_shown_on_the_squares_clock_and_told_whole(house: UnitHouse) -> None:
    one = await planned(house)

    assert (one["state"], one["local_date"], one["local_start"], one["local_end"]) == (
        "planned", "2090-03-02", "13:00", "14:00",
    )  # fmt: skip
    (said,) = await house.said(f"meal_serving/{one['serving_id']}")
    assert (said["verb"], said["version"], said["menu_nb"], said["portions_planned"]) == (
        "planned",
        1,
        "Fiskesuppe",
        40,
    )
    assert await house.get(f"meal-servings/{one['serving_id']}") == one


async def test_serving__put_again__answers_the_same_and_a_change_needs_the_version(house: UnitHouse) -> None:
    serving = uuid4()
    path = f"meal-servings/{serving}"
    assert [(await house.put(path, meal(house))).status_code for _ in range(2)] == [201, 200]

    changed = meal(house, portions_planned=55)
    assert (await house.put(path, changed)).status_code == 428
    stale = await house.put(path, changed, seen=9)
    assert (stale.status_code, stale.json()["current"]["portions_planned"]) == (412, 40)
    done = await house.put(path, changed, seen=1)
    again = await house.put(path, changed, seen=1)  # the answer was lost

    assert (done.status_code, done.json()["version"]) == (200, 2)
    assert (again.status_code, again.json()) == (200, done.json())
    assert await house.verbs(f"meal_serving/{serving}") == ["planned", "changed"]


async def test_serving__made_by_32_repeats_at_once__is_made_once(house: UnitHouse) -> None:
    serving = uuid4()
    repeat = partial(house.put, f"meal-servings/{serving}", meal(house))
    answers = await asyncio.gather(*(insist(repeat) for _ in range(32)))

    assert sorted(answer.status_code for answer in answers) == [200] * 31 + [201]
    assert await house.verbs(f"meal_serving/{serving}") == ["planned"]


async def test_serving__summarised__keeps_the_newest_count(house: UnitHouse) -> None:
    one = await planned(house, **times(LONG_AGO, "13:00", "14:00"))

    first = await step(house, one, "summarise", {"portions_served": 38})
    repeat = await step(house, one, "summarise", {"portions_served": 38})
    second = await step(house, first.json(), "summarise", {"portions_served": 44})

    assert (first.json()["state"], repeat.json(), second.json()["portions_served"]) == ("served", first.json(), 44)
    assert (await step(house, one, "summarise", {"portions_served": 1})).status_code == 412
    assert await house.verbs(f"meal_serving/{one['serving_id']}") == ["planned", "summarised", "summarised"]


async def test_serving__before_it_has_begun__cannot_be_counted(house: UnitHouse) -> None:
    refused = await step(house, await planned(house), "summarise", {"portions_served": 1})

    assert (refused.status_code, refused.json()["detail"]) == (
        422, "Portions cannot be counted before the serving has begun.",
    )  # fmt: skip


async def test_serving__cancelled__stays_so_and_is_neither_changed_nor_counted(house: UnitHouse) -> None:
    one = await planned(house, **times(LONG_AGO, "13:00", "14:00"))
    gone = (await step(house, one, "cancel")).json()

    assert (gone["state"], gone["version"]) == ("cancelled", 2)
    assert (await step(house, one, "cancel")).json() == gone
    assert (await step(house, gone, "summarise", {"portions_served": 1})).json()["code"] == "wrong_state"
    body = meal(house, **times(LONG_AGO, "13:00", "14:00"), portions_planned=41)
    refused = await house.put(f"meal-servings/{one['serving_id']}", body, seen=2)
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state"), refused.text


async def test_serving__of_another_units_kind_or_square_or_date__is_refused_by_field(house: UnitHouse) -> None:
    library, elsewhere, later = (str(uuid4()) for _ in range(3))
    await house.add_unit(library, house.square, "library")
    await house.add_square(elsewhere)
    await house.add_unit(later, house.square, valid_from="2091-01-01")

    async def fault(**more: Any) -> Any:
        refused = await house.put(f"meal-servings/{uuid4()}", meal(house, **more))
        return refused.status_code, refused.json()["errors"][0]

    assert await fault(unit_id=library) == (
        422,
        {"loc": ["unit_id"], "message": "The unit belongs to another service."},
    )
    assert await fault(unit_id=str(uuid4())) == (422, {"loc": ["unit_id"], "message": "There is no such unit."})
    assert await fault(square_id=elsewhere) == (
        422, {"loc": ["square_id"], "message": "The unit belongs to another square."},
    )  # fmt: skip
    assert await fault(unit_id=later) == (
        422, {"loc": ["starts_at"], "message": "The unit does not belong to the square on that date."},
    )  # fmt: skip
    assert (
        await house.put(f"meal-servings/{uuid4()}", meal(house, unit_id=later, **times("2091-01-01", "00:00", "02:00")))
    ).is_success


async def test_serving__its_unit__cannot_be_changed(house: UnitHouse) -> None:
    other = str(uuid4())
    await house.add_unit(other, house.square)
    one = await planned(house)
    refused = await house.put(f"meal-servings/{one['serving_id']}", meal(house, unit_id=other), seen=1)

    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["unit_id"])


@pytest.mark.parametrize(
    ("fault", "place"),
    [
        ({"ends_at": DINNER["starts_at"]}, []),
        ({"ends_at": "2090-03-03T13:00:01+01:00"}, []),
        ({"portions_planned": -1}, ["portions_planned"]),
        ({"portions_planned": 2**31}, ["portions_planned"]),
        ({"menu_nb": "\0"}, ["menu_nb"]),
        ({"menu_nb": ""}, ["menu_nb"]),
        ({"kind": "breakfast"}, ["kind"]),
        ({"allergies": "nøtter"}, ["allergies"]),
    ],
)
async def test_serving__with_a_fault__is_refused_where_it_is(
    house: UnitHouse, fault: dict[str, Any], place: list[str]
) -> None:
    refused = await house.put(f"meal-servings/{uuid4()}", meal(house, **fault))

    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, place)
    assert "nøtter" not in refused.text


async def test_list__by_square_and_range__holds_what_touches_it_in_order_and_goes_on(house: UnitHouse) -> None:
    square, unit = str(uuid4()), str(uuid4())
    await house.add_square(square)
    await house.add_unit(unit, square)
    place = {"square_id": square, "unit_id": unit}
    ids = [
        (await planned(house, **place, **times(date, start, end)))["serving_id"]
        for date, start, end in (
            ("2090-05-02", "11:00", "12:00"), ("2090-05-01", "13:00", "14:00"), ("2090-05-03", "00:00", "01:00"),
        )
    ]  # fmt: skip
    window = {"square_id": square, "from": "2090-05-01T13:30:00+01:00", "to": "2090-05-03T00:00:00+01:00"}
    found = await house.get("meal-servings", **window)

    assert [one["serving_id"] for one in found["meal_servings"]] == [ids[1], ids[0]]
    assert found["next"] is None
    rest = await house.get("meal-servings", **window, after=ids[1])
    assert [one["serving_id"] for one in rest["meal_servings"]] == [ids[0]]
    too_long = await house.client.get(house.path("meal-servings"), params={**window, "to": "2092-01-01T00:00:00Z"})
    assert too_long.status_code == 422


async def test_rights__front_line_reads_and_strangers_find_nothing(house: UnitHouse) -> None:
    one = await planned(house)
    path = house.path(f"meal-servings/{one['serving_id']}")
    front_line = house.keys.headers(f"front_line@{house.square}")
    stranger = house.keys.headers(f"unit_editor@{uuid4()}")

    assert (await house.client.get(path, headers=front_line)).status_code == 200
    assert (await step(house, one, "cancel")).status_code == 200
    refused = await house.put(f"meal-servings/{uuid4()}", meal(house), **front_line)
    assert refused.status_code == 403
    assert (await house.put(f"meal-servings/{uuid4()}", meal(house), **stranger)).status_code == 404
    assert (await house.client.get(path, headers=stranger)).status_code == 404
    assert (await house.post(f"meal-servings/{one['serving_id']}/cancel", seen=2, **stranger)).status_code == 404
