"""Squares, units and spaces through their interface, each with its version and its events."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from services.facility.app import build
from shared.tolerant import TolerantConsumer
from tests.infra import Database, Kafka, Keys, client_of, settings_for
from tests.integration.booking_house import API, House

pytestmark = pytest.mark.integration


async def put(
    house: House,
    path: str,
    body: dict[str, Any],
    version: int | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    headers = {**(headers or {}), **({} if version is None else {"If-Match": f'"{version}"'})}
    return await house.client.put(f"{API}/{path}", json=body, headers=headers)


def room(house: House, parent: UUID | None = None, **more: Any) -> dict[str, Any]:
    return {"square_id": str(house.square), "name": "Rom", "parent_id": parent and str(parent), **more}


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def said(house: House, subject: str) -> list[dict[str, Any]]:
    rows = await house.rows(
        "select convert_from(value, 'utf8') as event from outbox where key = $1 order by id", subject
    )
    return [json.loads(row["event"]) for row in rows]


async def test_square_changed_twice_keeps_a_version_per_change_and_an_event_each(house: House) -> None:
    square, body = uuid4(), {"name": "Torget", "status": "pilot"}
    made = await put(house, f"squares/{square}", body)
    assert (made.status_code, made.headers["etag"], made.json()["time_zone"]) == (201, '"1"', "Europe/Oslo")
    again = await put(house, f"squares/{square}", body)
    assert (again.status_code, again.json()) == (200, made.json())
    changed = await put(house, f"squares/{square}", {**body, "status": "operating"}, 1)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert [(one["subjectversion"], one["data"]["status"]) for one in await said(house, f"square/{square}")] == [
        (1, "pilot"),
        (2, "operating"),
    ]


async def test_square_put_by_many_at_once_is_made_once(house: House) -> None:
    square = uuid4()
    answers = await asyncio.gather(*(put(house, f"squares/{square}", {"name": "Torget"}) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
    assert len(await said(house, f"square/{square}")) == 1


async def test_square_staff_share_is_a_decision_of_its_own_and_stays_when_left_out(house: House) -> None:
    square = uuid4()
    await put(house, f"squares/{square}", {"name": "Torget", "staff_share": 0.05})
    renamed = await put(house, f"squares/{square}", {"name": "Nytt navn"}, 1)
    assert renamed.json()["staff_share"] == 0.05
    await put(house, f"squares/{square}", {"name": "Nytt navn", "staff_share": "0.1"}, 2)
    decided = [await said(house, f"settings/{square}/{number}") for number in (1, 2, 3)]
    assert [[one["data"]["staff_share"] for one in events] for events in decided] == [["0.05"], ["0.1"], []]
    assert [one["subjectversion"] for one in await said(house, f"square/{square}")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"status": "open"}, "status"),
        ({"staff_share": 1}, "staff_share"),
        ({"staff_share": -0.1}, "staff_share"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_square_that_cannot_be_is_refused_by_field(house: House, wrong: dict[str, Any], field: str) -> None:
    refused = await put(house, f"squares/{uuid4()}", {"name": "Torget", **wrong})
    assert code(refused) == (422, "invalid")
    assert refused.json()["errors"][0]["loc"] == [field]


async def test_unit_dated_membership_moves_to_another_square(house: House) -> None:
    first, unit = house.square, uuid4()
    body: dict[str, Any] = {
        "square_id": str(first),
        "kind": "library",
        "name": "Biblioteket",
        "valid_from": "2026-01-01",
    }
    made = await put(house, f"units/{unit}", body)
    assert made.json()["memberships"] == [{"square_id": str(first), "valid_from": "2026-01-01", "valid_to": None}]
    second = await house.square_of()
    del body["valid_from"]
    body |= {"square_id": str(second), "memberships": [
        {"square_id": str(first), "valid_to": "2026-07-01"}, {"square_id": str(second), "valid_from": "2026-07-01"}
    ]}  # fmt: skip
    moved = await put(house, f"units/{unit}", body, 1)
    assert (moved.status_code, moved.json()["square_id"]) == (200, str(second))
    assert len((await said(house, f"unit/{unit}"))[-1]["data"]["memberships"]) == 2
    listed = await house.ok(house.client.get(f"{API}/units", params={"square_id": str(second)}))
    assert [one["id"] for one in listed["units"]] == [str(unit)]


@pytest.mark.parametrize(
    "dates",
    [
        [{"valid_from": "2026-02-01", "valid_to": "2026-01-01"}],
        [{"valid_to": "2026-02-01"}, {"valid_from": "2026-01-31"}],
    ],
)
async def test_unit_in_two_squares_at_once_or_never_is_refused(house: House, dates: list[dict[str, str]]) -> None:
    members = [{"square_id": str(house.square), **one} for one in dates]
    body = {"square_id": str(house.square), "kind": "library", "name": "B", "memberships": members}
    assert code(await put(house, f"units/{uuid4()}", body)) == (422, "invalid")


async def test_unit_of_an_unknown_square_or_another_kind_is_refused(house: House) -> None:
    unit = await house.unit("library")
    other = {"square_id": str(house.square), "kind": "health_station", "name": "library"}
    assert code(await put(house, f"units/{unit}", other, 1)) == (422, "invalid")
    nowhere = {"square_id": str(uuid4()), "kind": "library", "name": "B"}
    assert code(await put(house, f"units/{uuid4()}", nowhere)) == (422, "invalid")
    cafe = {"square_id": str(house.square), "kind": "cafe", "name": "Kafé"}
    assert code(await put(house, f"units/{uuid4()}", cafe)) == (422, "invalid")


async def test_space_with_its_square_alone_has_a_name_and_room_for_any_number(house: House) -> None:
    space = uuid4()
    made = await put(house, f"spaces/{space}", {"square_id": str(house.square)})
    assert made.status_code == 201
    assert (made.json()["name"], made.json()["capacity"], made.json()["features"]) == (
        f"Rom {str(space)[:4]}",
        None,
        [],
    )


async def test_space_features_are_kept_once_in_order_beside_free_tags(house: House) -> None:
    space = uuid4()
    made = await put(house, f"spaces/{space}", room(house, features=["lift", "discokule", "lift"]))
    assert made.json()["features"] == ["lift", "discokule"]
    known = await house.ok(house.client.get(f"{API}/features", headers={"Accept-Language": "en"}))
    assert {"name": "lift", "title": "lift"} in known["features"]


async def test_space_edited_needs_the_present_version(house: House) -> None:
    space = await house.space()
    assert code(await put(house, f"spaces/{space}", room(house, name="Nytt"))) == (428, "precondition_required")
    stale = await put(house, f"spaces/{space}", room(house, name="Nytt"), 9)
    assert code(stale) == (412, "stale")
    assert stale.json()["current"]["version"] == 1
    assert (await put(house, f"spaces/{space}", room(house, name="Nytt"), 1)).json()["version"] == 2


async def test_space_edited_by_two_who_saw_the_same_is_edited_once(house: House) -> None:
    space = await house.space()
    answers = await asyncio.gather(*(put(house, f"spaces/{space}", room(house, name=f"N{n}"), 1) for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 5
    assert [one["subjectversion"] for one in await said(house, f"space/{space}")] == [1, 2]


async def test_space_under_its_own_part_is_refused(house: House) -> None:
    outer = await house.space(name="Rom")
    middle = await house.space(outer, name="Rom")
    inner = await house.space(middle, name="Rom")
    for parent in (outer, middle, inner):
        assert code(await put(house, f"spaces/{outer}", room(house, parent), 1)) == (422, "invalid")


async def test_spaces_moved_under_each_other_at_once_make_no_circle(house: House) -> None:
    for _ in range(8):
        left, right = await house.space(name="Rom"), await house.space(name="Rom")
        below_left, below_right = await house.space(left), await house.space(right)
        answers = await asyncio.gather(
            put(house, f"spaces/{left}", room(house, below_right), 1),
            put(house, f"spaces/{right}", room(house, below_left), 1),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 422]


async def test_space_under_a_parent_elsewhere_unknown_or_withdrawn_is_refused(house: House) -> None:
    here = house.square
    gone = await house.space()
    await house.ok(house.client.delete(f"{API}/spaces/{gone}"))
    await house.square_of()
    elsewhere, house.square = await house.space(), here
    for parent in (elsewhere, gone, uuid4()):
        assert code(await put(house, f"spaces/{uuid4()}", room(house, parent))) == (422, "invalid")


async def test_database_refuses_a_circle_and_a_parent_in_another_square(house: House) -> None:
    here = house.square
    outer = await house.space()
    inner = await house.space(outer)
    with pytest.raises(asyncpg.CheckViolationError):
        await house.rows("update space set parent_id = $1 where id = $2", inner, outer)
    await house.square_of()
    elsewhere, house.square = await house.space(), here
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await house.rows("update space set parent_id = $1 where id = $2", elsewhere, outer)


async def test_space_booked_is_not_moved_under_another_nor_out_of_its_hall(house: House) -> None:
    hall, (part, _) = await house.hall()
    lone, other = await house.space(name="Rom"), await house.space()
    await house.booked([lone], "10:00", "11:00")
    assert code(await put(house, f"spaces/{lone}", room(house, other), 1)) == (409, "in_use")
    await house.booked([hall], "10:00", "11:00")
    assert code(await put(house, f"spaces/{part}", room(house), 1)) == (409, "in_use")


async def test_space_booked_gets_no_part_until_it_is_free_again(house: House) -> None:
    hall = await house.space()
    booking = await house.booked([hall], "10:00", "11:00")
    assert code(await put(house, f"spaces/{uuid4()}", room(house, hall))) == (409, "in_use")
    await house.order("cancel", booking)
    assert (await put(house, f"spaces/{uuid4()}", room(house, hall))).status_code == 201


async def test_hall_booked_whole_gets_no_further_part_though_its_parts_may_be_booked(house: House) -> None:
    hall, (part, _) = await house.hall()
    await house.booked([part], "10:00", "11:00")
    assert (await put(house, f"spaces/{uuid4()}", room(house, hall))).status_code == 201
    await house.booked([hall], "12:00", "13:00")
    assert code(await put(house, f"spaces/{uuid4()}", room(house, hall))) == (409, "in_use")


async def test_hold_that_ran_out_keeps_no_space_in_place(house: House) -> None:
    lone, other = await house.space(name="Rom"), await house.space()
    await house.clock("2026-11-24T09:00:00Z", run_due=False)
    await house.booked([lone], "10:00", "11:00", state="held", hold_until="2026-11-24T10:00:00Z")
    assert code(await put(house, f"spaces/{lone}", room(house, other), 1)) == (409, "in_use")
    await house.clock("2026-11-24T10:00:00Z", run_due=False)
    assert (await put(house, f"spaces/{lone}", room(house, other), 1)).status_code == 200
    await house.clock(None)


async def test_booking_while_the_space_gets_parts_lands_on_leaves_only(house: House) -> None:
    for _ in range(6):
        hall, part = await house.space(), uuid4()
        await asyncio.gather(
            house.put([hall], "10:00", "11:00"), put(house, f"spaces/{part}", room(house, hall)), return_exceptions=True
        )
        torn = await house.rows(
            "select from booking_leaf l join space s on s.parent_id = l.space_id where l.space_id = $1", hall
        )
        assert torn == []


async def test_space_withdrawn_is_no_longer_listed_nor_booked_and_can_return(house: House) -> None:
    space = await house.space(name="Rom")
    booking = await house.booked([space], "10:00", "11:00")
    assert code(await house.client.delete(f"{API}/spaces/{space}")) == (409, "in_use")
    await house.order("cancel", booking)
    gone = await house.ok(house.client.delete(f"{API}/spaces/{space}", headers={"If-Match": '"1"'}))
    assert (gone["withdrawn"], gone["version"]) == (True, 2)
    listed = await house.ok(house.client.get(f"{API}/spaces", params={"square_id": str(house.square)}))
    assert str(space) not in {one["id"] for one in listed["spaces"]}
    assert code(await house.put([space], "10:00", "11:00")) == (422, "invalid")
    back = await put(house, f"spaces/{space}", room(house), 2)
    assert (back.status_code, back.json()["withdrawn"]) == (200, False)


async def test_space_with_parts_is_not_withdrawn(house: House) -> None:
    hall, _ = await house.hall()
    assert code(await house.client.delete(f"{API}/spaces/{hall}")) == (409, "in_use")


@pytest.mark.parametrize("role", ["house_manager@*", "front_line@*", "statistics_reader@*"])
async def test_squares_and_units_are_written_by_admin_alone(house: House, role: str) -> None:
    refused = await put(house, f"squares/{uuid4()}", {"name": "Torget"}, headers=house.role(role))
    assert code(refused) == (403, "forbidden")
    unit = {"square_id": str(house.square), "kind": "library", "name": "Bibliotek"}
    refused = await put(house, f"units/{uuid4()}", unit, headers=house.role(role))
    assert code(refused) == (403, "forbidden")


@pytest.mark.parametrize("role", ["unit_editor@*", "front_line@*", "statistics_reader@*"])
async def test_room_is_not_written_by_who_does_not_manage_the_house(house: House, role: str) -> None:
    refused = await put(house, f"spaces/{uuid4()}", room(house), headers=house.role(role))
    assert code(refused) == (403, "forbidden")


async def test_room_is_kept_and_withdrawn_by_the_manager_of_its_square(house: House) -> None:
    made, foreign = uuid4(), house.role(f"house_manager@{await house.square_of()}")
    own = house.role(f"house_manager@{await house.square_of()}")
    assert (await put(house, f"spaces/{made}", room(house), headers=foreign)).status_code == 404
    assert (await put(house, f"spaces/{made}", room(house), headers=own)).status_code == 201
    assert (await put(house, f"spaces/{made}", room(house, floor="2"), 1, own)).status_code == 200
    assert (await house.client.delete(f"{API}/spaces/{made}", headers=foreign)).status_code == 404
    assert (await house.client.delete(f"{API}/spaces/{made}", headers=own)).json()["withdrawn"] is True


async def test_registry_of_another_square_is_not_found_and_shows_nothing(house: House) -> None:
    space, mine = await house.space(), str(await house.square_of())
    local = house.role(f"admin@{mine}")
    assert (await house.client.get(f"{API}/spaces/{space}", headers=local)).status_code == 404
    stolen = await put(house, f"spaces/{space}", {"square_id": mine, "name": "Mitt"}, 7, local)
    assert stolen.status_code == 404
    assert "current" not in stolen.json()
    listed = await house.ok(house.client.get(f"{API}/squares", headers=local))
    assert [one["id"] for one in listed["squares"]] == [mine]


async def test_registry_without_a_token_is_refused(house: House) -> None:
    refused = await put(house, f"squares/{uuid4()}", {"name": "Torget"}, headers={"Authorization": ""})
    assert code(refused) == (401, "unauthenticated")


async def test_house_decided_arrives_on_kafka_in_order(kafka: Kafka, database: Database, keys: Keys) -> None:
    square, unit, space = (str(uuid4()) for _ in range(3))
    app = build(settings_for("facility", database, kafka, keys))
    # Other tests leave records on the log that an ordinary consumer cannot read.
    consumer = TolerantConsumer("torg.facility.v1", auto_offset_reset="earliest", **kafka.options())
    await consumer.start()
    try:
        async with client_of(app, **keys.headers()) as client:
            for path, body in (
                (f"squares/{square}", {"name": "Torget"}),
                (f"units/{unit}", {"square_id": square, "kind": "library", "name": "Biblioteket"}),
                (f"spaces/{space}", {"square_id": square, "unit_id": unit}),
                (f"spaces/{space}/hours", {"periods": []}),
            ):
                made = await client.put(f"{API}/{path}", json=body)
                assert made.status_code in (200, 201), made.text
            await client.delete(f"{API}/spaces/{space}", headers={"If-Match": '"1"'})
            wanted = {
                f"square/{square}": [1],
                f"settings/{square}/1": [1],
                f"unit/{unit}": [1],
                f"space/{space}": [1, 2],
                f"hours/space/{space}/1": [1],
            }
            found: dict[str, list[int]] = {}
            async with asyncio.timeout(30):
                async for record in consumer:
                    subject = (record.key or b"").decode(errors="replace")
                    if subject in wanted:
                        found.setdefault(subject, []).append(json.loads(record.value)["subjectversion"])
                    if found == wanted:
                        break
        assert found == wanted
    finally:
        await consumer.stop()
