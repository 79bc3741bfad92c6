"""A whole round over HTTP: published, applied for, planned, changed by hand, decided, allocated, archived."""

import hashlib
import io
import json
import zipfile
from uuid import uuid4

import pytest

from tests.integration.booking_house import House
from tests.integration.season_stand import ENGLISH, close, open_season, wish

pytestmark = pytest.mark.integration


async def test_round__from_opening_to_series_and_letters__gives_what_the_rule_says(house: House) -> None:
    room, small = await house.space(capacity=40, name="Storsalen"), await house.space(capacity=15, name="Møterom")
    taken = await house.booked([room], "2027-09-06T19:00", "2027-09-06T21:00")
    await house.clock("2027-03-01T08:00:00Z")
    season = await open_season(
        house, breaks=[{"name": "Høstferie", "first_date": "2027-10-04", "last_date": "2027-10-08"}]
    )
    firm = await season.applied(wish([room]), organiser_kind="business", title="Yoga", paid=True)
    choir = await season.applied(wish([room]), organiser_kind="voluntary", title="Kor")
    course = await season.applied(wish([room, small]), organiser_kind="municipal", title="Norskkurs")
    await close(season)
    rows = await season.planned()

    assert rows[choir, 1]["outcome"] == "granted"
    given = rows[choir, 1]["given"]
    assert (given["space_id"], given["choice"], len(given["dates"])) == (str(room), [0, 0], 8)
    assert [(left["date"], left["why"], left["blocking"]) for left in given["left_out"]] == [
        ("2027-09-06", "occupied", [taken["id"]]),
        ("2027-10-04", "break", []),
    ]
    assert rows[course, 1]["given"]["space_id"] == str(small)
    assert [one["rule"] for one in rows[course, 1]["reasons"]] == ["priority", "other_room"]
    assert rows[firm, 1]["outcome"] == "refused"
    assert [(one["rule"], one["holders"]) for one in rows[firm, 1]["reasons"]] == [
        ("priority", [{"application_id": choir, "wish": 1}])
    ]
    assert "voluntary, which goes before business" in rows[firm, 1]["reasons"][0]["message"]
    conflicts = (await season.get("/plan/conflicts"))["conflicts"]
    assert [(one["application_id"], {loser["application_id"] for loser in one["wanted_by"]}) for one in conflicts] == [
        (choir, {course, firm})
    ]

    await house.ok(season.step("decide"))
    letters = await season.get(f"/applications/{firm}/letter")
    assert "AVSLÅTT" in letters["nb"]
    assert "Klagen sendes til Prøvetorget" in letters["nb"]
    assert "REFUSED" in letters["en"]
    assert "within 3 weeks" in letters["en"]
    choirs = (await season.get(f"/applications/{choir}/letter"))["nb"]
    assert "Storsalen, mandag 18:00–20:00, hver uke, 8 datoer: 23.08.2027–25.10.2027" in choirs
    assert "Uten: 06.09.2027 (opptatt fra før), 04.10.2027 (Høstferie)" in choirs

    job = await season.job("allocate")
    assert (job["state"], job["done"], job["total"]) == ("done", 2, 2)
    assert (await season.see())["state"] == "allocated"
    allocations = {one["application_id"]: one for one in (await season.get("/allocations"))["allocations"]}
    assert allocations[choir]["confirmed"] == 8
    refused = allocations[choir]["refused"]
    assert [(one["date"], one["reason"], one["blocking"], one["promised"]) for one in refused] == [
        ("2027-09-06", "conflict", [taken["id"]], False)
    ]
    assert allocations[choir]["unforeseen"] == []
    series = await house.ok(house.client.get(f"/api/facility/series/{allocations[choir]['series_id']}"))
    assert [one["state"] for one in series["occurrences"]].count("confirmed") == 8
    booking = await house.get(series["occurrences"][0]["id"])
    assert (booking["title"], booking["organiser_kind"], booking["expected_people"]) == ("Kor", "voluntary", 12)
    assert booking["owner_ref"] == f"season_application/{choir}"
    assert (booking["local_date"], booking["local_start"], booking["local_end"]) == ("2027-08-23", "18:00", "20:00")


async def test_plan__made_again__is_the_same_and_a_change_by_hand_stays_in_it(house: House) -> None:
    room, other = await house.space(capacity=40), await house.space(capacity=40)
    season = await open_season(house)
    ids = [await season.applied(wish([room]), wish([room], 2), title=f"Gruppe {number}") for number in range(4)]
    await close(season)
    first = await season.planned()
    assert await season.planned() == first
    assert (await season.get("/plan"))["run"] == 2

    loser = next(one for one in ids if first[one, 1]["outcome"] == "refused")
    change = await house.ok(season.change(loser, action="place", space_id=str(other)), 201)
    assert (await season.get("/plan"))["outdated"] is True
    stopped = await season.step("decide", **ENGLISH)
    assert (stopped.status_code, stopped.json()["code"]) == (409, "plan_outdated")
    for _ in range(2):
        rows = await season.planned()
        assert (rows[loser, 1]["given"]["space_id"], rows[loser, 1]["given"]["by_hand"]) == (str(other), True)
        assert rows[loser, 1]["reasons"][-1]["message"].endswith("Etter samtale med begge")

    gone = await house.client.post(f"{season.url}/changes/{change['id']}/withdraw", json={"reason": "Ombestemt"})
    assert gone.json()["state"] == "withdrawn"
    assert await season.planned() == first


async def test_change__refused_by_hand__gives_the_time_to_the_next(house: House) -> None:
    room = await house.space(capacity=40)
    season = await open_season(house)
    choir = await season.applied(wish([room]))
    firm = await season.applied(wish([room]), organiser_kind="business")
    await close(season)
    await house.ok(season.change(choir, action="refuse"), 201)
    rows = await season.planned()
    assert (rows[choir, 1]["outcome"], rows[firm, 1]["outcome"]) == ("refused", "granted")
    assert rows[choir, 1]["reasons"][0]["rule"] == "refused_by_hand"


async def test_plan__hall_and_parts_hours_and_closures__are_respected(house: House) -> None:
    hall, (part, _) = await house.hall()
    await house.hours(part, ("08:00", "19:00"))
    closed = await house.space()
    closure = {"space_ids": [str(closed)], "starts_at": "2027-08-01T00:00", "ends_at": None, "reason_code": "other"}
    shut = uuid4()
    await house.ok(house.client.put(f"/api/facility/closures/{shut}", json=closure), 201)
    season = await open_season(house)
    whole = await season.applied(wish([hall]))
    half = await season.applied(wish([part], start="17:00", end="19:00"), organiser_kind="municipal")
    late = await season.applied(wish([part], 2))
    nowhere = await season.applied(wish([closed]))
    await close(season)
    rows = await season.planned()
    assert rows[whole, 1]["outcome"] == "granted"
    assert [one["rule"] for one in rows[half, 1]["reasons"]] == ["priority"]
    assert [one["rule"] for one in rows[late, 1]["reasons"]] == ["outside_hours"]
    assert [(one["rule"], one["blocking"]) for one in rows[nowhere, 1]["reasons"]] == [("occupied", [str(shut)])]


async def test_allocation__booked_meanwhile__keeps_the_date_as_refused_and_says_it_was_promised(house: House) -> None:
    room = await house.space()
    season = await open_season(house)
    choir = await season.applied(wish([room]))
    await close(season)
    await season.planned()
    await house.ok(season.step("decide"))
    between = await house.booked([room], "2027-09-13T18:30", "2027-09-13T19:00")
    await season.job("allocate")
    [made] = (await season.get("/allocations"))["allocations"]
    assert (made["application_id"], made["unforeseen"]) == (choir, ["2027-09-13"])
    assert [one["blocking"] for one in made["refused"]] == [[between["id"]]]


async def test_allocation__space_that_is_gone__is_told_and_the_others_are_made(house: House) -> None:
    gone, room = await house.space(), await house.space()
    season = await open_season(house)
    unlucky, lucky = await season.applied(wish([gone])), await season.applied(wish([room]))
    await close(season)
    await season.planned()
    await house.ok(season.step("decide"))
    await house.ok(house.client.delete(f"/api/facility/spaces/{gone}", headers={"If-Match": '"1"'}))
    assert (await season.job("allocate"))["state"] == "done"
    made = {one["application_id"]: one for one in (await season.get("/allocations"))["allocations"]}
    assert (made[unlucky]["confirmed"], {one["reason"] for one in made[unlucky]["refused"]}) == (0, {"invalid"})
    assert made[lucky]["confirmed"] == 10


async def test_export__of_a_decided_season__is_the_same_file_each_time_and_lists_what_is_in_it(house: House) -> None:
    room = await house.space()
    season = await open_season(house)
    ids = [await season.applied(wish([room]), title=f"Gruppe {number}") for number in range(3)]
    await close(season)
    await season.planned()
    early = await house.client.get(f"{season.url}/export")
    assert (early.status_code, early.json()["code"]) == (409, "wrong_state")
    await house.ok(season.step("decide"))
    answer = await house.client.get(f"{season.url}/export")
    assert answer.headers["content-type"] == "application/zip"
    assert (await house.client.get(f"{season.url}/export")).content == answer.content
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        metadata = json.loads(file.read("metadata.json"))
        for one in metadata["documents"]:
            assert hashlib.sha256(file.read(one["path"])).hexdigest() == one["sha256"]
        assert {one["path"] for one in metadata["documents"]} == set(file.namelist()) - {"metadata.json"}
        letter = await season.get(f"/applications/{ids[0]}/letter")
        assert file.read(f"decisions/{ids[0]}.nb.txt").decode() == letter["nb"]
    assert metadata["counts"] == {"applications": 3, "decisions": 3}


async def test_events__of_a_season__tell_its_state_and_numbers_and_never_who(house: House) -> None:
    room = await house.space()
    season = await open_season(house)
    await season.applied(wish([room]), title="Hemmelig forening")
    await close(season)
    await season.planned()
    await house.ok(season.step("decide"))
    query = "select type, convert_from(value, 'utf8')::jsonb as event from outbox where key = $1 order by id"
    told = [row["event"] if isinstance(row["event"], dict) else json.loads(row["event"]) for row in
            await house.rows(query, f"season/{season.id}")]  # fmt: skip
    assert [one["subjectversion"] for one in told] == [1, 2, 3, 4, 5]
    assert [one["data"]["state"] for one in told] == ["draft", "open", "closed", "proposed", "decided"]
    assert (told[-1]["data"]["applications"], told[-1]["data"]["granted"]) == (1, 1)
    assert "Hemmelig" not in json.dumps(told)
