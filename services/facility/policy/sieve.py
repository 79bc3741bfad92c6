"""What the policies of rooms say of many bookings that nobody has made yet: offers, and rooms that were found."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.facility.booking import house
from services.facility.booking.desk import Desk
from services.facility.booking.domain import Booking, Slot
from services.facility.booking.house import House
from services.facility.finding import store as finding
from services.facility.finding.store import Rooms
from services.facility.policy import rulebook, store
from services.facility.policy.domain import Terms
from services.facility.policy.rulebook import NOTHING, Ruling
from shared.identity import Actor

Offer = dict[str, Any]


async def offers(
    conn: Any, desk: Desk, actor: Actor, wanted: Booking, found: Sequence[Offer], mark: UUID | None = None
) -> list[Offer]:
    """Those the asker may book or request; `way` says which."""
    rooms = await finding.rooms(conn, mark)
    named = list(dict.fromkeys(UUID(space) for offer in found for space in offer["space_ids"]))
    if not wanted.about.touches and await _nothing_limits(conn, rooms, named):
        return [{**offer, "way": NOTHING.way} for offer in found]
    bookings = [_booking(wanted, offer) for offer in found]
    judged = zip(found, await rulings(conn, desk, actor, bookings, rooms.mark), strict=True)
    return [{**offer, "way": ruling.way} for offer, ruling in judged if ruling.askable]


async def rulings(
    conn: Any, desk: Desk, actor: Actor, wanted: Sequence[Booking], mark: UUID | None = None
) -> list[Ruling]:
    """Without locks, as of now, or under the `mark` of the house where it was read already; one for each."""
    named = list(dict.fromkeys(space for booking in wanted for space in booking.slot.space_ids))
    if not named:
        return []
    rooms = await finding.rooms(conn, mark)
    if not any(one.about.touches for one in wanted) and await _nothing_limits(conn, rooms, named):
        return [NOTHING for _ in wanted]
    place = House(tuple(await house.load_any(conn, named)), mark=rooms.mark)
    book = await rulebook.open_for(conn, desk.clock, actor, place, wanted, counting=False)
    terms = Terms(desk.clock.now())
    return [book.rule(booking, terms) for booking in wanted]


async def _nothing_limits(conn: Any, rooms: Rooms, named: Sequence[UUID]) -> bool:
    """Whether no policy holds in the spaces, and nobody hears, or is heard in, one of them."""
    governed = await store.effective(conn, named, rooms.mark)
    if any(one.rules is not None for one in governed.values()):
        return False
    leaves = {leaf for space in named if space in rooms.by_id for leaf in rooms.by_id[space].leaves}
    return not any(rooms.surroundings.heard_in(leaf) or rooms.surroundings.heard_from(leaf) for leaf in leaves)


def _booking(wanted: Booking, offer: Offer) -> Booking:
    start, end = (dt.datetime.fromisoformat(offer[name]).astimezone(dt.UTC) for name in ("starts_at", "ends_at"))
    spaces = tuple(UUID(space) for space in offer["space_ids"])
    return replace(wanted, slot=Slot(spaces, start, end, offer["setup_minutes"], offer["teardown_minutes"]))
