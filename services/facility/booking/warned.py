"""Bookings with what there is to warn of."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.facility.booking import domain
from services.facility.booking.domain import Booking
from services.facility.finding import store as finding
from services.facility.noise.listening import Heard, house_of, listen
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
    if not warns(booking, now):
        return booking
    heard = await heard_now(conn, now, [booking])
    return warned(booking, warnings(heard[booking.id], booking, actor))


def warns(booking: Booking, now: dt.datetime) -> bool:
    """Whether it takes, or may come to take, the rooms it names."""
    return domain.state_at(booking, now) in (*OCCUPYING, "requested")


async def heard_now(conn: Any, now: dt.datetime, bookings: Collection[Booking]) -> Mapping[UUID, Sequence[Heard]]:
    """What each of them, in the rooms it names, disturbs or is disturbed by, whatever has become of itself."""
    rooms = await finding.rooms(conn)
    noise = await listen(conn, house_of(rooms, bookings), list(bookings), now, each_other=len(bookings) > 1)
    return {booking.id: list(noise.heard(booking)) for booking in bookings}
