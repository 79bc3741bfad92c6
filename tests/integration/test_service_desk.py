"""The service desk: enquiries counted by hour, once each, and presence at its own and other squares."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest

from services.service_desk.app import build
from services.service_desk.topics import NAMES, Topic
from tests import infra
from tests.integration.unit_house import UnitHouse, insist, ok, open_unit, times

MORNING = "2026-11-26T10:20:00+01:00"
COUNTS = [{"channel": "counter", "topic": "gritting", "count": 7, "resolved": 5}]


@pytest.fixture(scope="module")
async def open_house(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[UnitHouse]:
    async with open_unit("service_desk", build, kafka, database, keys) as made:
        yield made


@pytest.fixture
async def house(open_house: UnitHouse) -> AsyncIterator[UnitHouse]:
    """With a square and a desk that no other test has counted at, on a morning that stands still."""
    open_house.square, open_house.unit = str(uuid4()), str(uuid4())
    await open_house.furnish()
    await open_house.clock(MORNING)
    yield open_house
    await open_house.clock(None)


async def tap(house: UnitHouse, enquiry: UUID | None = None, **more: Any) -> Any:
    body = house.here(**{"channel": "counter", "topic": "gritting", **more})
    return await house.put(f"enquiries/{enquiry or uuid4()}", body)


async def undo(house: UnitHouse, enquiry: UUID) -> Any:
    return await house.client.delete(house.path(f"enquiries/{enquiry}"))


def hour_of(house: UnitHouse, date: str = "2026-11-26", hour: int = 10) -> str:
    return f"desk-hours/{house.square}/{house.unit}/{date}/{hour}"


def counts_of(answer: Any) -> list[tuple[str, str, int, int]]:
    hour = answer.json().get("desk_hour", answer.json())
    return [(one["channel"], one["topic"], one["count"], one["resolved"]) for one in hour["counts"]]


async def said(house: UnitHouse, hour: int = 10) -> list[dict[str, Any]]:
    return await house.said(f"desk_hour/{house.unit}/{house.square}/2026-11-26/{hour:02}")


def test_topics__every_code__has_a_name() -> None:
    assert set(NAMES) == set(get_args(Topic))


async def test_topics__listed__have_names_in_both_languages(house: UnitHouse) -> None:
    topics = (await house.get("topics"))["topics"]

    assert {"code": "gritting", "nb": "Strøing", "en": "Gritting"} in topics


async def test_enquiry__tapped__is_counted_in_its_local_hour_and_told_as_the_whole_hour(house: UnitHouse) -> None:
    first = await tap(house)
    await tap(house, resolved=True)
    last = await tap(house, channel="phone", topic="fees")

    assert (first.status_code, first.json()["local_date"], first.json()["hour"]) == (201, "2026-11-26", 10)
    assert counts_of(last) == [("counter", "gritting", 2, 1), ("phone", "fees", 1, 0)]
    events = await said(house)
    assert [one["version"] for one in events] == [1, 2, 3]
    assert events[-1]["counts"] == last.json()["desk_hour"]["counts"]


async def test_enquiry__sent_again__is_counted_once_and_another_under_its_id_is_refused(house: UnitHouse) -> None:
    enquiry = uuid4()
    answers = [await tap(house, enquiry) for _ in range(3)]
    other = await tap(house, enquiry, topic="fees")

    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert counts_of(answers[-1]) == [("counter", "gritting", 1, 0)]
    assert (other.status_code, other.json()["code"]) == (409, "id_in_use")


async def test_enquiries__40_at_once_each_sent_twice__are_40(house: UnitHouse) -> None:
    ids = [uuid4() for _ in range(40)] * 2
    answers = await asyncio.gather(*(insist(partial(tap, house, one)) for one in ids))

    assert {answer.status_code for answer in answers} <= {200, 201}
    events = await said(house)
    assert [one["version"] for one in events] == list(range(1, 41))
    assert events[-1]["counts"][0]["count"] == 40


async def test_hour__set_anew_later__carries_the_total_it_had_before_and_not_each_enquiry(house: UnitHouse) -> None:
    gone = uuid4()
    await tap(house)
    await house.clock("2026-11-26T10:30:00+01:00")
    await tap(house, gone)
    await house.clock("2026-11-26T10:40:00+01:00")
    await undo(house, gone)
    await house.clock("2026-11-26T11:00:00+01:00")
    assert (await house.put(hour_of(house), {"counts": COUNTS}, 3)).status_code == 200

    last = (await said(house))[-1]
    assert last["summarised_at"] == "2026-11-26T10:00:00Z"
    assert [(one["total"], one["summarised_at"]) for one in last["earlier"]] == [(1, "2026-11-26T09:40:00Z")]


async def test_enquiry__undone__is_taken_out_once_and_a_late_repeat_does_not_bring_it_back(house: UnitHouse) -> None:
    kept, gone = uuid4(), uuid4()
    await tap(house, kept)
    await tap(house, gone, resolved=True)

    answers = [await undo(house, gone) for _ in range(2)]
    late = await tap(house, gone, resolved=True)

    assert [answer.json()["undone"] for answer in (*answers, late)] == [True, True, True]
    assert counts_of(late) == [("counter", "gritting", 1, 0)]
    assert (await undo(house, uuid4())).status_code == 404


async def test_enquiry__from_a_device_that_was_without_network__counts_when_it_was(house: UnitHouse) -> None:
    late = await tap(house, at="2026-11-25T23:30:00Z")
    ahead = await tap(house, at="2026-11-26T10:00:00Z")

    assert (late.json()["local_date"], late.json()["hour"]) == ("2026-11-26", 0)
    assert (ahead.status_code, ahead.json()["errors"][0]["loc"]) == (422, ["at"])


async def test_hour__set_as_a_whole__replaces_what_was_tapped_and_needs_the_version(house: UnitHouse) -> None:
    enquiry = uuid4()
    await tap(house, enquiry)
    body = {"counts": COUNTS}

    assert (await house.put(hour_of(house), body)).status_code == 428
    stale = await house.put(hour_of(house), body, seen=7)
    assert (stale.status_code, stale.json()["current"]["version"]) == (412, 1)
    done = await house.put(hour_of(house), body, seen=1)
    again = await house.put(hour_of(house), body, seen=1)

    assert (done.status_code, done.json()["version"], again.json()) == (200, 2, done.json())
    refused = await undo(house, enquiry)
    assert (refused.status_code, refused.json()["code"]) == (409, "hour_set")
    assert counts_of(await tap(house)) == [("counter", "gritting", 8, 5)]


async def test_hour__nobody_counted_in__is_made_and_may_be_set_to_nothing(house: UnitHouse) -> None:
    made = await house.put(hour_of(house, hour=9), {"counts": COUNTS})
    none = await house.put(hour_of(house, hour=9), {"counts": []}, seen=1)

    assert (made.status_code, none.json()["counts"], none.json()["version"]) == (201, [], 2)
    assert [one.get("counts") for one in await said(house, 9)] == [COUNTS, []]


@pytest.mark.parametrize(
    ("counts", "place"),
    [
        ([{"channel": "counter", "topic": "weather", "count": 1}], ["counts", 0, "topic"]),
        ([{"channel": "fax", "topic": "fees", "count": 1}], ["counts", 0, "channel"]),
        ([{"channel": "phone", "topic": "fees", "count": 1, "resolved": 2}], ["counts", 0]),
        ([{"channel": "phone", "topic": "fees", "count": -1}], ["counts", 0, "count"]),
        ([{"channel": "phone", "topic": "fees", "count": 1}] * 2, []),
        ([{"channel": "phone", "topic": "fees", "count": 1, "name": "Kari"}], ["counts", 0, "name"]),
    ],
)
async def test_hour__with_a_fault__is_refused_where_it_is(house: UnitHouse, counts: Any, place: Any) -> None:
    refused = await house.put(hour_of(house), {"counts": counts})

    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, place)
    assert "Kari" not in refused.text


async def test_hour__that_has_not_begun__is_refused(house: UnitHouse) -> None:
    begun = await house.put(hour_of(house, hour=10), {"counts": COUNTS})
    ahead = await house.put(hour_of(house, hour=11), {"counts": COUNTS})

    assert (begun.status_code, ahead.status_code, ahead.json()["errors"][0]["loc"]) == (201, 422, ["hour"])
    assert (await house.put(hour_of(house, hour=24), {"counts": COUNTS})).status_code == 422


async def test_hours__by_day_and_range__are_listed_in_order_to_those_who_count(house: UnitHouse) -> None:
    for date, hour in (("2026-11-25", 14), ("2026-11-26", 9), ("2026-11-25", 9), ("2026-11-20", 9)):
        await ok(house.put(hour_of(house, date, hour), {"counts": COUNTS}))
    query = {"square_id": house.square, "from": "2026-11-25", "to": "2026-11-26"}
    found = (await house.get("desk-hours", **query))["desk_hours"]

    assert [(one["local_date"], one["hour"]) for one in found] == [
        ("2026-11-25", 9), ("2026-11-25", 14), ("2026-11-26", 9),
    ]  # fmt: skip
    path = house.path("desk-hours")
    reader = house.keys.headers(f"user_council_reader@{house.square}")
    assert (await house.client.get(path, params=query, headers=reader)).status_code == 403
    assert (await house.client.get(path, params={**query, "from": "2026-10-01"})).status_code == 422


async def test_enquiry__after_a_month__is_forgotten_and_its_hour_stays(house: UnitHouse) -> None:
    enquiry = uuid4()
    await tap(house, enquiry)
    await house.clock("2026-12-27T10:20:00+01:00")

    assert (await undo(house, enquiry)).status_code == 404
    query = {"square_id": house.square, "from": "2026-11-26", "to": "2026-11-26"}
    assert [one["counts"][0]["count"] for one in (await house.get("desk-hours", **query))["desk_hours"]] == [1]


async def test_presence__at_another_square__lets_the_desk_count_there_on_that_date(house: UnitHouse) -> None:
    elsewhere = str(uuid4())
    await house.add_square(elsewhere)
    assert (await tap(house, square_id=elsewhere)).json()["errors"][0]["loc"] == ["square_id"]

    body = {"square_id": elsewhere, "unit_id": house.unit, **times("2026-11-26", "10:00", "15:00")}
    planned = await house.put(f"presence/{uuid4()}", body)
    there = await tap(house, square_id=elsewhere)
    here = await tap(house)

    assert (planned.status_code, planned.json()["local_start"]) == (201, "10:00")
    assert counts_of(there) == counts_of(here) == [("counter", "gritting", 1, 0)]
    yesterday = await tap(house, square_id=elsewhere, at="2026-11-25T12:00:00+01:00")
    assert yesterday.status_code == 422


async def test_presence__changed_and_cancelled__is_told_and_lists_by_square_and_by_unit(house: UnitHouse) -> None:
    presence, elsewhere = uuid4(), str(uuid4())
    await house.add_square(elsewhere, time_zone="Europe/Lisbon")
    body = {"square_id": elsewhere, "unit_id": house.unit, **times("2026-11-27", "10:00", "15:00")}
    await ok(house.put(f"presence/{presence}", body))
    longer = {**body, **times("2026-11-27", "10:00", "16:00")}
    await ok(house.put(f"presence/{presence}", longer, seen=1))
    window = {"from": "2026-11-27T00:00:00Z", "to": "2026-11-28T00:00:00Z"}

    by_square = await house.get("presence", square_id=elsewhere, **window)
    by_unit = await house.get("presence", unit_id=house.unit, **window)
    gone = await house.post(f"presence/{presence}/cancel", seen=2)

    assert by_square == by_unit
    assert [one["version"] for one in by_square["presence"]] == [2]
    assert (gone.json()["state"], gone.json()["version"]) == ("cancelled", 3)
    assert await house.verbs(f"presence/{presence}") == ["scheduled", "changed", "cancelled"]
    assert (await house.put(f"presence/{presence}", body, seen=3)).json()["code"] == "wrong_state"
    assert (await tap(house, square_id=elsewhere, at="2026-11-27T12:00:00+01:00")).status_code == 422


async def test_presence__at_a_square_that_is_not_there__is_refused(house: UnitHouse) -> None:
    body = house.here(**{**times("2026-11-27", "10:00", "15:00"), "square_id": str(uuid4())})
    refused = await house.put(f"presence/{uuid4()}", body)

    assert (refused.status_code, refused.json()["errors"][0]["message"]) == (422, "There is no such square.")


async def test_rights__of_presence__are_those_where_the_desk_is_at_home(house: UnitHouse) -> None:
    elsewhere = str(uuid4())
    await house.add_square(elsewhere)
    await house.heard_of(elsewhere)
    body = {"square_id": elsewhere, "unit_id": house.unit, **times("2026-11-26", "10:00", "15:00")}
    hosts, own = (house.keys.headers(f"front_line@{square}") for square in (elsewhere, house.square))
    presence = uuid4()

    assert (await house.put(f"presence/{presence}", body, **hosts)).status_code == 404
    assert (await house.put(f"presence/{presence}", body, **own)).status_code == 201
    assert (await house.post(f"presence/{presence}/cancel", seen=1, **hosts)).status_code == 404
    stranger = house.keys.headers(f"front_line@{uuid4()}")
    assert (
        await house.put(f"enquiries/{uuid4()}", house.here(channel="chat", topic="fees"), **stranger)
    ).status_code == 404
    reader = house.keys.headers(f"auditor@{house.square}")
    assert (
        await house.put(f"enquiries/{uuid4()}", house.here(channel="chat", topic="fees"), **reader)
    ).status_code == 403


async def test_enquiry__told__is_the_hours_counts_and_nothing_of_the_one_enquiry(house: UnitHouse) -> None:
    enquiry = uuid4()
    await tap(house, enquiry)

    (event,) = await said(house)
    told = {"counts", "summarised_at", "earlier"}
    assert set(event) == {"verb", "version", "unit_id", "square_id", "local_date", "hour", *told}
    assert str(enquiry) not in str(event)
