"""Participations and contacts beside the doors (E.10), and how a table is shown without its small numbers (E.11)."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests import infra
from tests.integration.aggregator_stand import Stand, aggregator

pytestmark = pytest.mark.integration
MONDAY, TUESDAY = "2026-10-05", "2026-10-06"
PUBLISHED, LATER = "2026-10-13T00:00:00Z", "2026-10-20T10:00:00Z"
NOW = "2026-11-24T09:00:00Z"


@pytest.fixture(scope="module")
async def stand(kafka: infra.Kafka, postgres: infra.Postgres, keys: infra.Keys) -> AsyncIterator[Stand]:
    async with aggregator(kafka, postgres, keys) as made:
        await made.http.put("/test/clock", json={"now": NOW})
        yield made


@pytest.fixture
async def square(stand: Stand) -> UUID:
    square = uuid4()
    await stand.log.square(square)
    return square


def came(total: int, revision: int = 1, at: str = f"{MONDAY}T12:00:00Z", **more: Any) -> dict[str, Any]:
    return {"attendance": {"total": total, "revision": revision, "recorded_at": at, **more}}


def earlier(total: int, revision: int = 1, at: str = f"{MONDAY}T12:00:00Z") -> dict[str, Any]:
    return {"total": total, "revision": revision, "recorded_at": at}


async def held(stand: Stand, square: UUID, occurrence: UUID | None = None, date: str = MONDAY, **more: Any) -> None:
    times = (f"{date}T10:00:00Z", f"{date}T11:00:00Z")
    await stand.log.occurrence(square, occurrence or uuid4(), *times, **{"state": "completed", **more})


async def row(stand: Stand, square: UUID, date: str = MONDAY, **asked: str) -> dict[str, Any]:
    await stand.caught_up()
    found = await stand.get(f"/squares/{square}/visitors", **{"from": date, "to": date, **asked})
    (only,) = found["rows"]
    return {name: only[name] for name in ("participations", "off_site_participations", "contacts")}


async def test_participations__are_the_newest_counts_of_what_was_held(stand: Stand, square: UUID) -> None:
    once, cohosted = uuid4(), uuid4()
    await held(stand, square, once, **came(20))
    await held(stand, square, once, **came(22, 2, earlier=[earlier(20)]))
    await held(stand, square, cohosted, hosts=[str(uuid4()), str(uuid4())], **came(9))
    await held(stand, square)
    await held(stand, square, state="cancelled", **came(50))
    await held(stand, square, off_site=True, **came(44))
    assert await row(stand, square) == {"participations": 31, "off_site_participations": 44, "contacts": None}
    assert (await row(stand, square, TUESDAY))["participations"] is None


async def test_participations__on_the_premises_of_another_square__count_there_only(stand: Stand, square: UUID) -> None:
    other, room, unknown = uuid4(), uuid4(), uuid4()
    await stand.log.square(other)
    away = uuid4()
    await held(stand, square, away, space_ids=[str(room)], **came(17))
    await held(stand, square, space_ids=[str(unknown)], **came(5))
    assert (await row(stand, square))["participations"] == 22

    await stand.log.space(other, room)
    assert (await row(stand, square))["participations"] == 5
    assert (await row(stand, other))["participations"] == 17

    await held(stand, square, away, space_ids=[str(room)], off_site=True, **came(17))
    assert await row(stand, square) == {"participations": 5, "off_site_participations": 17, "contacts": None}
    assert (await row(stand, other))["participations"] is None


async def test_participations__late_in_the_evening__lie_on_the_local_date(stand: Stand, square: UUID) -> None:
    times = (f"{MONDAY}T22:30:00Z", f"{MONDAY}T23:30:00Z")
    await stand.log.occurrence(square, uuid4(), *times, **came(7, at=f"{MONDAY}T23:00:00Z"))
    assert (await row(stand, square))["participations"] is None
    assert (await row(stand, square, TUESDAY))["participations"] == 7


async def test_small_count__of_a_published_day__stays_hidden_when_more_are_counted(stand: Stand, square: UUID) -> None:
    occurrence = uuid4()
    await held(stand, square, occurrence, **came(2))
    await held(stand, square, date=TUESDAY, **came(30))
    assert (await row(stand, square))["participations"] == ":"
    await held(stand, square, occurrence, **came(25, 2, LATER, earlier=[earlier(2)]))
    assert (await row(stand, square))["participations"] == ":"
    assert (await row(stand, square, TUESDAY))["participations"] == 30
    assert (await row(stand, square, by="week"))["participations"] == 55

    in_time, day = uuid4(), "2026-11-19"
    await held(stand, square, in_time, day, **came(2, at=f"{day}T12:00:00Z"))
    assert (await row(stand, square, day))["participations"] == ":"
    more = came(25, 2, "2026-11-20T12:00:00Z", earlier=[earlier(2, at=f"{day}T12:00:00Z")])
    await held(stand, square, in_time, day, **more)
    assert (await row(stand, square, day))["participations"] == 25


async def test_as_of__an_instant__answers_with_what_was_counted_then(stand: Stand, square: UUID) -> None:
    await held(stand, square, **came(25, 2, LATER, earlier=[earlier(40)]))
    seen = [
        (await row(stand, square, as_of=at))["participations"] for at in (f"{MONDAY}T11:59:00Z", PUBLISHED, LATER, NOW)
    ]
    assert seen == [None, 40, 25, 25]


async def test_health_station__few_or_none_at_its_sessions__are_not_shown(stand: Stand, square: UUID) -> None:
    async def session(date: str, total: int) -> None:
        occurrence = uuid4()
        data = {
            "occurrence_id": str(occurrence),
            "activity_id": str(uuid4()),
            "square_id": str(square),
            "unit_id": str(uuid4()),
            "title_nb": "Foreldregruppe",
            "starts_at": f"{date}T10:00:00Z",
            "ends_at": f"{date}T11:00:00Z",
            "state": "completed",
            **came(total),
        }
        subject = f"occurrence/{occurrence}"
        await stand.log.say("health_station", "occurrence.attendance_recorded.v1", subject, data)

    for date, total in ((MONDAY, 0), (TUESDAY, 4), ("2026-10-07", 5)):
        await session(date, total)
    seen = [(await row(stand, square, date))["participations"] for date in (MONDAY, TUESDAY, "2026-10-07")]
    assert seen == [":", ":", 5]


async def test_contacts__of_a_date__are_those_of_every_hour_channel_and_topic(stand: Stand, square: UUID) -> None:
    desk, other = uuid4(), uuid4()
    counts = [("counter", "forms", 7), ("phone", "forms", 3)]
    await stand.log.desk_hour(square, desk, MONDAY, 10, *counts)
    await stand.log.desk_hour(square, desk, MONDAY, 11, ("counter", "fees", 1))
    await stand.log.desk_hour(square, other, MONDAY, 10, ("chat", "fees", 2))
    await stand.log.desk_hour(uuid4(), desk, MONDAY, 10, ("counter", "fees", 50))
    await stand.log.desk_hour(square, desk, TUESDAY, 10, ("counter", "fees", 2))
    await stand.log.desk_hour(square, desk, "2026-10-07", 10)
    seen = [(await row(stand, square, date))["contacts"] for date in (MONDAY, TUESDAY, "2026-10-07", "2026-10-08")]
    assert seen == [13, ":", 0, None]
    assert (await row(stand, square, by="month"))["contacts"] == 15


async def test_contacts__of_an_hour_set_anew__are_known_from_when_it_was_set(stand: Stand, square: UUID) -> None:
    desk, first = uuid4(), f"{MONDAY}T09:00:00Z"
    await stand.log.desk_hour(square, desk, MONDAY, 10, ("counter", "fees", 2), summarised_at=first)
    said = {"summarised_at": LATER, "earlier": [{"total": 2, "summarised_at": first}]}
    await stand.log.desk_hour(square, desk, MONDAY, 10, ("counter", "fees", 12), **said)
    assert (await row(stand, square))["contacts"] == ":"
    await stand.log.desk_hour(square, uuid4(), MONDAY, 10, ("counter", "fees", 8), summarised_at=first)
    seen = [(await row(stand, square, as_of=at))["contacts"] for at in (first, PUBLISHED, LATER)]
    assert seen == [10, 10, 20]


async def test_change__of_a_head_count__names_the_squares_and_date(stand: Stand, square: UUID) -> None:
    other, room = uuid4(), uuid4()
    await stand.log.space(other, room)
    await stand.caught_up()
    since = await stand.pool.fetchval("select max(seq) from change")
    await held(stand, square, space_ids=[str(room)], **came(17))
    await stand.caught_up()
    rows = await stand.pool.fetch("select square_id, dates from change where seq > $1 and view = 'visitors'", since)
    assert {(row["square_id"], *map(str, row["dates"])) for row in rows} == {(square, MONDAY), (other, MONDAY)}


async def preview(stand: Stand, status: int = 200, **body: Any) -> Any:
    body = {"classification": "internal", **body}
    answer = await stand.http.post("/api/aggregator/suppression/preview", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_preview__of_a_table__is_the_same_table_with_what_must_be_hidden(stand: Stand) -> None:
    table: dict[str, Any] = {"cells": [[2, 5, 8], [4, 6, 9]], "row_totals": [15, 19], "column_totals": [6, 11, 17, 34]}
    assert await preview(stand, **table) == {
        "cells": [[":", ":", 8], [":", ":", 9]],
        "row_totals": [15, 19],
        "column_totals": [6, 11, 17, 34],
    }
    other = {**table, "row_totals": [15, 19, 34], "column_totals": [6, 11, 17]}
    assert (await preview(stand, **other))["row_totals"] == [15, 19, 34]
    assert await preview(stand, cells=[[0, 4, 5, None]], classification="restricted") == {
        "cells": [[":", ":", 5, None]],
        "row_totals": None,
        "column_totals": None,
    }


@pytest.mark.parametrize(
    "hidden_before",
    [
        [[0, 0]],
        [[":", 9, 7]],
        [[True, False, False]],
        {"cells": [[":", 9, 7]]},
        {"cells": [[True, False, False]], "row_totals": [False]},
    ],
)
async def test_preview__with_what_was_hidden_before__keeps_it_hidden(stand: Stand, hidden_before: Any) -> None:
    found = await preview(stand, cells=[[40, 9, 7]], row_totals=[56], hidden_before=hidden_before)
    assert (found["cells"], found["row_totals"]) == ([[":", 9, ":"]], [56])


async def test_preview__total_hidden_before__stays_hidden(stand: Stand) -> None:
    for hidden_before in ([[0, 3]], {"row_totals": [":"]}, [[40, 9, 2, ":"]]):
        found = await preview(stand, cells=[[40, 9, 7]], row_totals=[56], hidden_before=hidden_before)
        assert (found["cells"], found["row_totals"]) == ([[40, 9, 7]], [":"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"cells": [[1, 2], [3]]}, "cells"),
        ({"cells": [[1] * 200] * 60}, "cells"),
        ({"cells": [[1, 2]], "row_totals": [3, 3, 3]}, "row_totals"),
        ({"cells": [[1, 2]], "row_totals": [3, 3], "column_totals": [1, 2, 4]}, "column_totals"),
        ({"cells": [[1, 2]], "hidden_before": [[0, 1, 2, 3, 4]]}, "hidden_before"),
        ({"cells": [[1, -2]]}, "cells"),
        ({"cells": [[1, 2]], "classification": "open"}, "classification"),
        ({"cells": [[1, 2]], "totals": []}, "totals"),
    ],
)
async def test_preview__of_what_is_no_table__is_refused_by_field(stand: Stand, body: Any, field: str) -> None:
    refused = await preview(stand, 422, **body)
    assert refused["code"] == "invalid"
    assert field in {error["loc"][0] if error["loc"][0] != "body" else error["loc"][1] for error in refused["errors"]}


async def test_preview__by_who_reads_no_figures__is_refused(stand: Stand, keys: infra.Keys) -> None:
    path, body = "/api/aggregator/suppression/preview", {"classification": "internal", "cells": [[1]]}
    for role, status in (("statistics_reader@*", 200), (f"front_line@{uuid4()}", 200), ("nobody@*", 403)):
        assert (await stand.http.post(path, json=body, headers=keys.headers(role))).status_code == status
    assert (await stand.http.post(path, json=body, headers={"Authorization": ""})).status_code == 401
