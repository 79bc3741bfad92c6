"""A day of the demo played in a real house: what it did is in the views, and played again it does the same."""

import datetime as dt
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from deploy.local.demo import day, programme
from deploy.local.demo import house as planned
from deploy.local.demo.house import OSLO, Square
from deploy.local.demo.visits import doors
from shared.clock import SystemClock
from tests.house import ROOT, House, check, wait_until

pytestmark = pytest.mark.integration
SEED = 7
LONG = 240
SQUARES = planned.squares()


@pytest.fixture(scope="module")
def date() -> dt.date:
    """A working day within the next two weeks on which something can be called off and something closes."""
    today = SystemClock().now().astimezone(OSLO).date()
    ahead = (today + dt.timedelta(days=days) for days in range(2, 20))
    return next(one for one in ahead if one.isoweekday() in (2, 4) and not planned.is_off(one))


@pytest.fixture(scope="module")
def played(house: House, date: dt.date) -> list[dict[str, Any]]:
    """The calls of the day, played as fast as it goes."""
    return play(house, date)


def play(house: House, date: dt.date) -> list[dict[str, Any]]:
    options = ("--speed", "1000000", "--seed", str(SEED), "--day", date.isoformat())
    said = check(house.torg("demo", "live", *options, seconds=LONG)).stdout
    assert "the day is over" in said
    written = (house.folder / "logs/live.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in written]


def asked(played: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return [(one["at"], one["method"], one["path"], json.dumps(one["body"])) for one in played]


@contextmanager
def evening(house: House, date: dt.date) -> Iterator[httpx.Client]:
    """The house as it is when the day is over."""
    with house.client() as api:
        set_clock(api, day.bounds(date)[1].isoformat())
        try:
            yield api
        finally:
            set_clock(api, None)


def set_clock(api: httpx.Client, now: str | None) -> None:
    answer = api.put("/test/clock", json={"now": now})
    assert answer.status_code == 200, answer.text


def get(api: httpx.Client, path: str, **params: Any) -> Any:
    answer = api.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def items(api: httpx.Client, square: Square, date: dt.date) -> dict[str, dict[str, Any]]:
    days = get(api, f"/api/aggregator/squares/{square.id}/day", date=date.isoformat())["days"]
    return {item["id"]: item for item in days[0]["items"]}


def test_programme__too_loud_for_its_neighbour__is_planned_with_a_reason_on_record(
    house: House, date: dt.date, played: list[dict[str, Any]]
) -> None:
    days = (date + dt.timedelta(days=days) for days in range(1, 15))
    thursday = next(one for one in days if one.isoweekday() == 4 and not planned.is_off(one))
    pair = [line for line in programme.lines(SQUARES[0]) if "accept" in line.said]
    with evening(house, date) as api:
        dates = [get(api, f"/api/{line.host}/occurrences/{line.date_id(thursday)}") for line in pair]
        paths = [f"/api/facility/bookings/{one['booking_id']}/decisions" for one in dates]
        kept = [decision for path in paths for decision in get(api, path)["decisions"]]
    assert played
    assert [one["state"] for one in dates] == ["scheduled", "scheduled"]
    assert [(one["verdict"], one["rules"], one["reason_code"]) for one in kept] == [
        ("excepted", ["noise"], "noise_accepted")
    ]
    assert "house_manager" in kept[0]["role"]


def test_day__played__is_refused_nothing_but_what_it_wants_in_vain(played: list[dict[str, Any]], date: dt.date) -> None:
    in_vain = {act.call[1] for act in day.acts(SQUARES, date, SEED) if act.call and "is wanted where" in act.say}
    assert {one["path"] for one in played if one["status"] >= 400} == in_vain
    assert {one["status"] for one in played if one["path"] in in_vain} == {409}


def test_day__played__made_the_calls_that_were_planned(played: list[dict[str, Any]], date: dt.date) -> None:
    planned = [(act.at.isoformat(), *act.call) for act in day.acts(SQUARES, date, SEED) if act.call]
    assert [(one["at"], one["method"], one["path"], one["body"]) for one in played] == planned


def test_day__played__leaves_time_real_again(house: House, played: list[dict[str, Any]]) -> None:
    with house.client() as api:
        shown = get(api, f"/api/aggregator/squares/{SQUARES[0].id}/day")["now_local"]
    assert abs(dt.datetime.fromisoformat(shown) - SystemClock().now()) < dt.timedelta(minutes=1)
    assert played


def test_bookings__of_the_day__stand_in_the_calendar_as_they_ended(
    house: House, played: list[dict[str, Any]], date: dt.date
) -> None:
    asked = {one["path"].split("/")[4] for one in played if "/bookings/" in one["path"] and one["status"] < 400}
    states = dict.fromkeys(asked, "confirmed") | ended(played, "bookings")
    with evening(house, date) as api:
        shown = {key: item for square in SQUARES for key, item in items(api, square, date).items()}
    assert {"cancelled", "confirmed"} == set(states.values())
    assert {key: shown[key]["state"] for key in states} == states


def test_head_counts__of_the_day__are_in_the_calendar(
    house: House, played: list[dict[str, Any]], date: dt.date
) -> None:
    newest = {one["path"].split("/")[4]: one["body"]["total"] for one in played if one["path"].endswith("/attendance")}
    with evening(house, date) as api:
        shown = {key: item for square in SQUARES for key, item in items(api, square, date).items()}
    assert newest
    assert {key: shown[key]["attendance"]["total"] for key in newest} == newest


def test_called_off__of_the_day__shows_as_cancelled(house: House, played: list[dict[str, Any]], date: dt.date) -> None:
    paths = [one["path"].split("/") for one in played]
    called_off = [path[4] for path in paths if path[3] == "occurrences" and path[5] == "cancel"]
    with evening(house, date) as api:
        shown = {key: item for square in SQUARES for key, item in items(api, square, date).items()}
    assert called_off
    assert {shown[one]["state"] for one in called_off} == {"cancelled"}


def test_closure__of_the_day__is_lifted_and_what_it_hit_goes_on(
    house: House, played: list[dict[str, Any]], date: dt.date
) -> None:
    closure = next(one["path"] for one in played if "/closures/" in one["path"])
    with evening(house, date) as api:
        found = get(api, closure)
        shown = items(api, SQUARES[0], date)
    assert found["affected"]
    assert shown[closure.rpartition("/")[2]]["state"] == "lifted"
    assert "affected" not in {item["state"] for item in shown.values()}


ENDED = {"complete": "completed", "cancel": "cancelled", "summarise": "served"}


def ended(played: list[dict[str, Any]], kind: str) -> dict[str, str]:
    """The state of each thing of a kind that came to an end."""
    paths = [one["path"].split("/") for one in played if one["status"] < 400]
    return {path[4]: ENDED[path[-1]] for path in paths if path[3] == kind and path[-1] in ENDED}


def test_shifts_and_meals__of_the_day__are_in_the_calendar_as_they_ended(
    house: House, played: list[dict[str, Any]], date: dt.date
) -> None:
    with evening(house, date) as api:
        shown = {key: item["state"] for square in SQUARES for key, item in items(api, square, date).items()}
    done = ended(played, "shifts") | ended(played, "meal-servings")
    assert {"completed", "served"} <= set(done.values())
    assert {key: shown[key] for key in done} == done


def test_enquiries__of_the_day__are_in_the_hours_of_the_desk(
    house: House, played: list[dict[str, Any]], date: dt.date
) -> None:
    asked = Counter(one["body"]["square_id"] for one in played if "/enquiries/" in one["path"])
    span = {"from": date.isoformat(), "to": date.isoformat()}
    with evening(house, date) as api:
        hours = {
            square: get(api, "/api/service_desk/desk-hours", square_id=square, **span)["desk_hours"] for square in asked
        }
    assert asked
    assert asked == {key: sum(one["count"] for hour in of for one in hour["counts"]) for key, of in hours.items()}


def test_appointments__as_the_record_told_them_last__are_taken_half_hours_and_nothing_else(
    house: House, played: list[dict[str, Any]], date: dt.date
) -> None:
    told = {one["path"].split("/")[5]: one["body"]["appointments"] for one in played if "/record/" in one["path"]}
    with evening(house, date) as api:
        shown = list(items(api, SQUARES[0], date).values())
    busy = [item for item in shown if item["kind"] == "busy"]
    assert told
    for room, appointments in told.items():
        spans = [(when(item["starts_at"]), when(item["ends_at"])) for item in busy if item["space_ids"] == [room]]
        assert all(any(begin <= when(at["starts_at"]) < end for begin, end in spans) for at in appointments)
    assert {(item["title"], item["masked"]) for item in busy} == {(None, True)}


@pytest.mark.parametrize("square", SQUARES, ids=lambda square: square.key)
def test_visitors__of_the_day__are_what_went_through_the_doors(
    house: House, played: list[dict[str, Any]], date: dt.date, square: Square
) -> None:
    street = {str(door.counter_id) for door in doors(square) if not door.unit}
    seen = {
        (one["counter_id"], one["start"]): one["in"]
        for call in played
        if call["path"].endswith("/readings")
        for one in call["body"]["readings"]
        if one["counter_id"] in street and is_open(square, one["start"])
    }
    with evening(house, date) as api:
        span = {"from": date.isoformat(), "to": date.isoformat()}
        (row,) = get(api, f"/api/aggregator/squares/{square.id}/visitors", **span)["rows"]
    total = sum(seen.values())
    assert total > 20
    assert row["quality"] in ("observed", "imputed")  # the silent counter has sent what it kept
    assert total <= row["door_visits"] <= total * 1.05
    assert row["imputed_share"] > 0 or row["door_visits"] == total


def when(written: str) -> dt.datetime:
    return dt.datetime.fromisoformat(written)


def is_open(square: Square, start: str) -> bool:
    at = when(start).astimezone(OSLO)
    pieces = [piece for kind in square.said["units"] for piece in planned.opening(square, kind, at.date())]
    return any(begin <= f"{at:%H:%M}" < end for begin, end, _ in pieces)


def test_day__played_again_with_the_same_seed__makes_the_same_calls_and_ends_the_same(
    house: House, played: list[dict[str, Any]], date: dt.date
) -> None:
    def picture() -> Any:
        """Without how often something was said on the way there."""
        with evening(house, date) as api:
            spans = {"from": date.isoformat(), "to": date.isoformat()}
            figures = [get(api, f"/api/aggregator/squares/{one.id}/visitors", **spans)["rows"] for one in SQUARES]
            return [bare(items(api, square, date)) for square in SQUARES], figures

    before = picture()
    again = play(house, date)

    assert asked(again) == asked(played)
    assert picture() == before


def bare(shown: dict[str, dict[str, Any]]) -> Any:
    said = ("kind", "title", "state", "space_ids", "starts_at", "ends_at", "reason_code")
    counted = {key: item["attendance"]["by_band"] for key, item in shown.items() if item.get("attendance")}
    return {key: [item.get(name) for name in said] for key, item in shown.items()}, counted


def test_live__told_to_end__leaves_time_real_and_says_so(house: House, date: dt.date) -> None:
    argv = [sys.executable, "-u", "-m", "deploy.local", "demo", "live", "--data", str(house.folder), "--speed", "600"]
    started = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    with house.client() as api:
        square = SQUARES[0].id
        now = SystemClock().now()

        def held() -> bool:
            shown = dt.datetime.fromisoformat(get(api, f"/api/aggregator/squares/{square}/day")["now_local"])
            return shown - now > dt.timedelta(hours=2)

        wait_until(held, "the clock was never set")
        refused = house.torg("demo", "live")
        started.send_signal(signal.SIGINT)
        said, _ = started.communicate(timeout=60)
        assert not held()
    assert started.returncode == 0, said
    assert "stopped after" in said
    assert "another" in refused.stderr


def test_live__as_fast_as_time__leaves_the_clock_alone(house: House) -> None:
    """It begins with today as it is; late in the evening there is nothing left of it and it ends by itself."""
    argv = [sys.executable, "-u", "-m", "deploy.local", "demo", "live", "--data", str(house.folder), "--speed", "1"]
    started = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    assert started.stdout
    assert "1 times as fast" in started.stdout.readline()
    with house.client() as api:
        shown = when(get(api, f"/api/aggregator/squares/{SQUARES[0].id}/day")["now_local"])
    started.send_signal(signal.SIGTERM)
    started.communicate(timeout=60)
    assert abs(shown - SystemClock().now()) < dt.timedelta(minutes=1)
    assert started.returncode == 0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--speed", "0.5"), "--speed 0.5"),
        (("--day", "soon"), "2026-11-24"),
        (("--day", "2020-01-01"), "choose a day from"),
        (("--speed", "1", "--day", "2020-01-01"), "--speed 1"),
    ],
)
def test_live__asked_for_what_cannot_be__says_what_can(house: House, options: tuple[str, ...], why: str) -> None:
    done = house.torg("demo", "live", *options)
    assert done.returncode == 1
    assert why in done.stderr


def test_live__in_a_house_without_the_demo__says_so_and_changes_nothing(empty_house: House) -> None:
    done = empty_house.torg("demo", "live")
    assert done.returncode == 1
    assert "demo" in done.stderr
