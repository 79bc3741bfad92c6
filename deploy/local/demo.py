"""Loads the demo through the real interfaces, as a municipality would enter its own house.

Every id follows from a name and every figure from its id, so loading again changes nothing that is there. The weeks
around today are filled; loading on a later day adds the weeks that have come nearer.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from deploy.local import demo_house
from deploy.local.demo_house import BACK, Call, Square
from deploy.local.demo_visits import OSLO, Door, readings
from deploy.local.errors import LocalError
from shared.clock import SystemClock

VISITS_BACK = dt.timedelta(weeks=9)
READINGS_AT_ONCE = 4000
WORKERS = 4
# Somebody has it already, or decided otherwise since: the demo does not insist.
LEFT_ALONE = (409, 412, 428)
Progress = Callable[[str], None]


class DemoFailed(LocalError):
    """A call the demo needs was refused; the message holds the answer."""


def load(base_url: str, token: str, progress: Progress, now: dt.datetime | None = None) -> None:
    """`token` is an administrator's. Raises DemoFailed; a second call repairs what a broken first left out."""
    now = now or SystemClock().now()
    squares = [Square(key, said) for key, said in demo_house.plan()["squares"].items()]
    with Loader(base_url, token) as loader:
        progress("demo: squares, units, rooms and opening hours")
        loader.registry(squares, now.astimezone(OSLO).date())
        progress("demo: nine weeks of visitors")
        loader.visits(squares, now)
        progress("demo: programme and bookings")
        loader.programme(squares, now)
        progress("demo: loans and attendance")
        loader.figures(squares, now)


class Loader:
    def __init__(self, base_url: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"},
            timeout=60,
            trust_env=False,
            transport=httpx.HTTPTransport(retries=3),
        )
        self._workers = ThreadPoolExecutor(WORKERS)

    def __enter__(self) -> "Loader":
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.shutdown(cancel_futures=True)
        self._http.close()

    def registry(self, squares: Sequence[Square], today: dt.date) -> None:
        for square in squares:
            body = {"name": square.said["name"], "time_zone": "Europe/Oslo", "status": square.said["status"]}
            self._put(f"/api/facility/squares/{square.id}", body)
        self._all(demo_house.units(squares))
        self._all(demo_house.rooms(squares, parts=False))
        self._all(demo_house.rooms(squares, parts=True))
        self._all(demo_house.hours(squares, today))

    def visits(self, squares: Sequence[Square], now: dt.datetime) -> None:
        first = now.astimezone(OSLO).date() - VISITS_BACK
        for square in squares:
            found = [r for door in demo_house.doors(square) for r in self._readings(square, door, first, now)]
            for at in range(0, len(found), READINGS_AT_ONCE):
                self._call("POST", "/api/counters/readings", {"readings": found[at : at + READINGS_AT_ONCE]})

    def programme(self, squares: Sequence[Square], now: dt.datetime) -> None:
        items = [item for square in squares for item in demo_house.items(square, now.astimezone(OSLO).date())]
        self._all(demo_house.activities(items))
        self._all(demo_house.series(items))
        self._all(demo_house.single_bookings(squares, now.astimezone(OSLO).date()))

    def figures(self, squares: Sequence[Square], now: dt.datetime) -> None:
        self._all(demo_house.loan_days(squares, now.astimezone(OSLO).date()))
        for square in squares:
            asked = {
                "square_id": str(square.id),
                "from": demo_house.utc(now - BACK),
                "to": demo_house.utc(now - dt.timedelta(hours=20)),
            }
            found = self._call("GET", "/api/library/occurrences", params=asked)["occurrences"]
            self._all(demo_house.head_counts(found))

    def _readings(self, square: Square, door: Door, first: dt.date, now: dt.datetime) -> Iterator[dict[str, Any]]:
        begins = dt.datetime.combine(first, dt.time(), OSLO)
        body = {
            "square_id": str(square.id),
            "kind": "outer",
            "interval_minutes": door.minutes,
            "valid_from": begins.astimezone(dt.UTC).isoformat(),
        }
        self._put(f"/api/counters/counters/{door.counter_id}", body)
        return readings(door, first, now)

    def _all(self, calls: Iterable[Call]) -> None:
        """Side by side; the first failure is raised."""
        for done in [self._workers.submit(self._call, *call) for call in calls]:
            done.result()

    def _put(self, path: str, body: Mapping[str, Any]) -> None:
        self._call("PUT", path, body)

    def _call(self, method: str, path: str, body: Any = None, params: Any = None) -> dict[str, Any]:
        answer = self._http.request(method, path, json=body, params=params)
        if answer.is_success:
            return dict(answer.json())
        if answer.status_code in LEFT_ALONE:
            return {}
        raise DemoFailed(f"{method} {path} was answered {answer.status_code}: {answer.text[:500]}")
