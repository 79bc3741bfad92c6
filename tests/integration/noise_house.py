"""A square with rooms that hear each other, and bookings of them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.integration.booking_house import API, NOW, House

REASON = {"reason_code": "noise_accepted", "reason": "Avtalt med lederen av treffet"}


@dataclass
class Rooms:
    """A gym that is heard in a quiet room, where hardly anything is borne, and in an office that bears a little."""

    house: House
    gym: UUID
    quiet: UUID
    office: UUID
    far: UUID
    senior: UUID
    library: UUID

    async def exercise(self, start: str = "10:00", end: str = "11:00", **more: Any) -> Any:
        return await self.house.put([self.gym], start, end, **{"noise_out": 4, "title": "Trim", **self.of(), **more})

    async def meeting(self, start: str = "10:00", end: str = "12:00", **more: Any) -> Any:
        asked = {"noise_out": 1, "quiet_need": 5, "title": "Treff", "unit_id": str(self.library), **more}
        return await self.house.put([self.quiet], start, end, **asked)

    def of(self, role: str = "front_line@*") -> dict[str, Any]:
        return {"unit_id": str(self.senior), "headers": self.house.role(role)}

    def editor(self, unit: UUID) -> dict[str, str]:
        return self.house.role(f"unit_editor@{unit}")

    async def decisions(self, booking: str) -> dict[str, Any]:
        return await self.house.ok(self.house.client.get(f"{API}/bookings/{booking}/decisions"))


async def furnished(house: House) -> Rooms:
    """A square of its own, at the moment at which all tests begin."""
    await house.clock(NOW, run_due=False)
    await house.square_of()
    senior, library = await house.unit("senior_centre"), await house.unit("library")
    quiet = await house.space(name="Stillerommet", noise_tolerance=0)
    office = await house.space(name="Kontoret", noise_tolerance=2)
    heard = [{"space_id": str(quiet), "attenuation": 2}, {"space_id": str(office), "attenuation": 1}]
    gym = await house.space(name="Gymsalen", noise_out=5, neighbours=heard)
    return Rooms(house, gym, quiet, office, await house.space(name="Avsides"), senior, library)
