"""Short words for tests of whole seasons, over HTTP."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.integration.booking_house import API, House

DEADLINE = "2027-04-01T23:59"
BEFORE, AFTER = "2027-03-01T08:00:00Z", "2027-04-02T08:00:00Z"
FIRST, LAST = "2027-08-23", "2027-10-31"
ENGLISH = {"Accept-Language": "en"}
MANAGER, DESK, EDITOR = "house_manager", "front_line", "unit_editor"


@dataclass
class Season:
    """A season of the house's present square, with the version that was seen last."""

    house: House
    id: UUID
    version: int = 0

    @property
    def url(self) -> str:
        return f"{API}/seasons/{self.id}"

    async def put(self, **more: Any) -> httpx.Response:
        body = {
            "square_ids": [str(self.house.square)],
            "name": "Høsten 2027",
            "first_date": FIRST,
            "last_date": LAST,
            "application_deadline": DEADLINE,
        }
        headers = more.pop("headers", {}) | ({"If-Match": f'"{self.version}"'} if self.version else {})
        return await self._seen(self.house.client.put(self.url, json={**body, **more}, headers=headers))

    async def step(self, what: str, *, version: int | None = None, **headers: str) -> httpx.Response:
        headers = {"If-Match": f'"{version or self.version}"', **headers}
        return await self._seen(self.house.client.post(f"{self.url}/{what}", headers=headers))

    async def get(self, path: str = "", **headers: str) -> dict[str, Any]:
        return await self.house.ok(self.house.client.get(f"{self.url}{path}", headers={**ENGLISH, **headers}))

    async def see(self) -> dict[str, Any]:
        found = await self.get()
        self.version = found["version"]
        return found

    async def job(self, what: str) -> dict[str, Any]:
        """Starts it, waits until it is over, and shows how it ended."""
        await self.house.ok(self.step(what), 202)
        while True:
            job: dict[str, Any] = (await self.get("/job"))["job"]
            if job["state"] != "running":
                await self.see()
                return job
            await asyncio.sleep(0.02)

    async def planned(self) -> dict[tuple[str, int], dict[str, Any]]:
        """Makes the plan; what it says of each wish."""
        job = await self.job("plan")
        assert job["state"] == "done", job
        return await self.rows()

    async def rows(self) -> dict[tuple[str, int], dict[str, Any]]:
        found, after = [], 0
        while after is not None:
            page = await self.get(f"/plan?limit=200&after={after}")
            found, after = found + page["wishes"], page["next"]
        return {(row["application_id"], row["wish"]): row for row in found}

    async def apply(self, *wishes: dict[str, Any], **more: Any) -> httpx.Response:
        application, headers = more.pop("id", None) or uuid4(), more.pop("headers", {})
        return await self.house.client.put(
            f"{self.url}/applications/{application}", json=applied(*wishes, **more), headers=headers
        )

    async def applied(self, *wishes: dict[str, Any], **more: Any) -> str:
        """The id of an application that was taken in."""
        return str((await self.house.ok(self.apply(*wishes, **more), 201))["id"])

    async def change(self, application: str, wish: int = 1, **more: Any) -> httpx.Response:
        body = {"application_id": application, "wish": wish, "reason": "Etter samtale med begge", **more}
        return await self.house.client.put(f"{self.url}/changes/{more.pop('id', uuid4())}", json=body, headers=ENGLISH)

    async def _seen(self, asked: Any) -> httpx.Response:
        answer: httpx.Response = await asked
        if answer.status_code in (200, 201):
            self.version = answer.json()["version"]
        return answer


def applied(*wishes: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"organiser_id": str(uuid4()), "organiser_kind": "voluntary", "title": "Kor", "people": 12, **more}
    return {**body, "wishes": list(wishes)}


def wish(spaces: Sequence[UUID] = (), weekday: int = 1, start: str = "18:00", end: str = "20:00", **more: Any) -> Any:
    return {"weekday": weekday, "start": start, "end": end, "space_ids": [str(one) for one in spaces], **more}


async def open_season(house: House, **more: Any) -> Season:
    """Open for applications, at a time before the deadline."""
    await house.clock(BEFORE)
    season = Season(house, uuid4())
    await house.ok(season.put(**more), 201)
    await house.ok(season.step("open"))
    return season


async def close(season: Season) -> None:
    await season.house.clock(AFTER)
    await season.house.ok(season.step("close"))
