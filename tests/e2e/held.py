"""The house for browser tests: the demo's, with its clock standing still.

TORG_TEST_HOUSE=FOLDER uses an instance that runs already, started with TORG_TEST_CLOCK=1.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx

from deploy.local.demo.caller import Caller
from deploy.local.demo.house import roles
from deploy.local.demo.load import catch_up
from deploy.local.instance import Instance
from shared.clock import SystemClock
from tests.house import House, running_house

OSLO = ZoneInfo("Europe/Oslo")


@dataclass(frozen=True)
class HeldHouse(House):
    now: datetime

    @property
    def today(self) -> str:
        return self.now.date().isoformat()

    def caller(self, *roles: str) -> httpx.Client:
        """As `client`; answers in bokmål."""
        headers = {"Authorization": f"Bearer {self.token(*roles)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False, verify=False)

    def get(self, path: str, **params: Any) -> Any:
        with self.caller() as caller:
            answer = caller.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @cache  # noqa: B019 -- there is one house, and its squares stay
    def square(self, name: str) -> str:
        squares = self.get("/api/aggregator/squares")["squares"]
        return str(next(square["square_id"] for square in squares if square["name"] == name))

    def room(self, name: str, square: str = "Heggedal") -> str:
        spaces = self.get(f"/api/aggregator/squares/{self.square(square)}/resources")["spaces"]
        return str(next(space["space_id"] for space in spaces if space["name"] == name))

    def hold_clock(self, at: datetime | None = None) -> None:
        with self.caller() as caller:
            answer = caller.put("/test/clock", json={"now": (at or self.now).isoformat()})
        assert answer.status_code == 200, answer.text


@contextmanager
def held_house(folder: Path) -> Iterator[HeldHouse]:
    given = os.environ.get("TORG_TEST_HOUSE")
    if given:
        port = urlsplit(Instance(Path(given)).status()["url"]).port
        yield _held(House(Path(given), port or 80))
        return
    with running_house(folder, TORG_TEST_CLOCK="1") as house:
        yield _held(house)


def _held(house: House) -> HeldHouse:
    """With readings up to where the clock stands."""
    held = HeldHouse(house.folder, house.port, a_friday())
    held.hold_clock()
    with Caller(held.url, Instance(held.folder).token(roles())) as caller:
        catch_up(caller, SystemClock().now() - timedelta(days=1), held.now)
    held.hold_clock(held.now - timedelta(minutes=15))  # a quarter goes by: the health station says what is taken
    held.hold_clock()
    return held


def a_friday() -> datetime:
    """Half past ten on the next Friday: later than anything that was decided about the house."""
    now = SystemClock().now().astimezone(OSLO)
    friday = now.date() + timedelta(days=(4 - now.weekday()) % 7 or 7)
    return datetime.combine(friday, time(10, 30), OSLO)
