"""A booking with what there is to warn of."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.facility.booking import domain, house
from services.facility.booking.domain import Booking
from services.facility.booking.house import House
from services.facility.noise.listening import listen
from services.facility.noise.ruling import warnings
from services.facility.policy.domain import Breach
from shared.clock import Clock
from shared.contracts.facility import OCCUPYING
from shared.identity import Actor


def warned(booking: Booking, of: Sequence[Breach]) -> Booking:
    return replace(booking, warnings=tuple(warning.told() for warning in of))


async def warned_now(conn: Any, clock: Clock, booking: Booking, actor: Actor) -> Booking:
    """By what is on around it as of now; not once it is over with it."""
    now = clock.now()
    if domain.state_at(booking, now) not in (*OCCUPYING, "requested"):
        return booking
    place = House(tuple(await house.load_any(conn, booking.slot.space_ids)))
    noise = await listen(conn, place, [booking], now)
    return warned(booking, warnings(list(noise.heard(booking)), booking, actor))
