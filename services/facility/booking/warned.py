"""A booking with what there is to warn of."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.facility.booking import domain
from services.facility.booking.domain import Booking
from services.facility.booking.house import House
from services.facility.finding import store as finding
from services.facility.noise.listening import listen
from services.facility.noise.ruling import warnings
from services.facility.policy.domain import Breach
from shared.clock import Clock
from shared.contracts.facility import OCCUPYING
from shared.identity import Actor


def warned(booking: Booking, of: Sequence[Breach]) -> Booking:
    return replace(booking, warnings=tuple(warning.told() for warning in of))


async def warned_now(conn: Any, clock: Clock, booking: Booking, actor: Actor) -> Booking:
    """By what is on around it as of now; nothing of one that is given up or refused."""
    now = clock.now()
    if domain.state_at(booking, now) not in (*OCCUPYING, "requested"):
        return booking
    rooms = await finding.rooms(conn)
    named = tuple(rooms.by_id[space] for space in booking.slot.space_ids if space in rooms.by_id)
    noise = await listen(conn, House(named, mark=rooms.mark), [booking], now)
    return warned(booking, warnings(list(noise.heard(booking)), booking, actor))
