"""Short words for what tests do with calendars of others."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from tests.integration.booking_house import API, House
from tests.integration.calendar_server import CalendarServer, ics

TEN = ("a", "20261201T1000", "20261201T1100")
NOON = ("b", "20261201T1200", "20261201T1300")
LATER = "2026-11-24T10:00:00Z"


def file(*events: tuple[str, str, str]) -> dict[str, Any]:
    return {"kind": "file", "text": ics(*events)}


def at(server: CalendarServer, path: str = "/a.ics") -> dict[str, Any]:
    return {"kind": "address", "url": server.url(path)}


class Feeds:
    """Short words for one feed."""

    def __init__(self, house: House, space: UUID, **more: Any) -> None:
        self.house, self.space = house, space
        self.id = uuid4()
        self.path = f"{API}/feeds/{self.id}"
        self.more = more

    def body(self, source: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
        return {"name": "Koret", "space_id": str(self.space), "source": source, **self.more, **more}

    async def put(self, source: dict[str, Any] | None, version: int | None = None, **more: Any) -> dict[str, Any]:
        headers = {"If-Match": f'"{version}"'} if version else {}
        return await self.house.ok(self.house.client.put(self.path, json=self.body(source, **more), headers=headers))

    async def get(self) -> dict[str, Any]:
        return await self.house.ok(self.house.client.get(self.path))

    async def settled(self) -> dict[str, Any]:
        """A reading of many dates may go on after the answer."""
        while True:
            found = await self.get()
            if not found["reading"]:
                return found
            await asyncio.sleep(0.1)

    async def refresh(self) -> dict[str, Any]:
        return await self.house.ok(self.house.client.post(f"{self.path}/refresh"))

    async def conflicts(self, *roles: str) -> list[dict[str, Any]]:
        headers = self.house.role(*roles) if roles else {}
        found = await self.house.ok(self.house.client.get(f"{self.path}/conflicts", headers=headers))
        return list(found["conflicts"])

    async def bookings(self) -> list[dict[str, Any]]:
        """Those of the room that stand, by start."""
        params = {"space_id": str(self.space), "from": "2026-11-24T00:00", "to": "2027-12-20T00:00", "limit": "500"}
        found = await self.house.ok(self.house.client.get(f"{API}/bookings", params=params))
        return [one for one in found["bookings"] if one["state"] == "confirmed"]

    async def times(self) -> list[str]:
        return [f"{one['local_date']} {one['local_start']}" for one in await self.bookings()]


async def a_feed(house: House, **more: Any) -> Feeds:
    return Feeds(house, await house.space(), **more)
