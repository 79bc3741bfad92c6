"""A square with a library, rooms and a door in a running house, and callers that speak to it through the portal."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from deploy.local.instance import Instance
from tests.house import House

ROOMS = 10
ZONE = "Europe/Oslo"
# Far from any change of the clock, and far enough ahead that no job of the house has to do with it.
FIRST = dt.datetime(2031, 1, 6, 6, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Stage:
    house: House
    square: str
    unit: str
    rooms: tuple[str, ...]
    counter: str
    activity: str

    @classmethod
    def build(cls, house: House) -> "Stage":
        made = cls(house, _id(), _id(), tuple(_id() for _ in range(ROOMS)), _id(), _id())
        with made.caller() as api:
            for path, body in made._parts():
                answer = api.put(path, json=body)
                assert answer.status_code == 201, f"{path}: {answer.text}"
        return made

    def caller(self, *roles: str) -> httpx.Client:
        """As `house.client`, without a process for the token."""
        token = Instance(self.house.folder).token(list(roles or ("admin@*",)))
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        return httpx.Client(base_url=self.house.url, headers=headers, timeout=30, trust_env=False)

    def wish(self, room: int, hour: int, minutes: int = 45) -> dict[str, Any]:
        """A booking of one room; different hours never clash."""
        start = FIRST + dt.timedelta(hours=hour)
        return {
            "space_ids": [self.rooms[room]],
            "starts_at": start.isoformat(),
            "ends_at": (start + dt.timedelta(minutes=minutes)).isoformat(),
            "title": f"Time {hour}",
        }

    def calendar_ids(self, api: httpx.Client, first: dt.date, last: dt.date) -> set[str]:
        """Items and the bookings folded into them, as the aggregator answers them."""
        answer = api.get(
            f"/api/aggregator/squares/{self.square}/calendar", params={"from": str(first), "to": str(last)}
        )
        assert answer.status_code == 200, answer.text
        items = [item for day in answer.json()["days"] for item in day["items"]]
        return {item["id"] for item in items} | {item["booking_id"] for item in items if item.get("booking_id")}

    def _parts(self) -> list[tuple[str, dict[str, Any]]]:
        facility, here = "/api/facility", {"square_id": self.square}
        rooms = [(f"{facility}/spaces/{room}", here | {"name": f"Rom {n}"}) for n, room in enumerate(self.rooms)]
        return [
            (f"{facility}/squares/{self.square}", {"name": "Prøvetorget", "time_zone": ZONE, "status": "operating"}),
            (f"{facility}/units/{self.unit}", here | {"kind": "library", "name": "Biblioteket"}),
            *rooms,
            (f"/api/counters/counters/{self.counter}", here | {"kind": "outer", "interval_minutes": 5}),
            (
                f"/api/library/activities/{self.activity}",
                here | {"unit_id": self.unit, "title_nb": "Lesesirkel", "title_en": "Reading circle"},
            ),
        ]


def _id() -> str:
    return str(uuid4())
