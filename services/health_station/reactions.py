"""What the health station does when facility says something of its rooms."""

from typing import Any

from services.health_station import domain, room_store, rooms, store
from shared.contracts import facility
from shared.envelope import Event
from shared.programme import places
from shared.programme.commands import Unit
from shared.programme.reactions import VERBS, Handler


def handlers(unit: Unit) -> dict[str, Handler]:
    """For the topic of facility, beside the programme's."""

    async def look_into(conn: Any, event: Event) -> None:
        await look_into_booking(conn, unit, event)

    return {
        **{f"facility.booking.{verb}.v1": look_into for verb in VERBS},
        "facility.space.changed.v1": remember_space,
        "facility.square.changed.v1": redate,
    }


async def look_into_booking(conn: Any, unit: Unit, event: Event) -> None:
    """A block's booking that is not where we put it: looked into in the next quarter of an hour.

    What we asked for ourselves comes back, too, and perhaps before it is noted: hence the day is waited for.
    """
    said = facility.Booking.model_validate(event.data)
    known = await room_store.booking(conn, said.booking_id, lock=True)
    if known is None:
        return
    time = (known.block.starts_at, known.block.ends_at)
    as_it_should_be = said.state == rooms.BLOCKED and said.space_ids == [known.space_id]
    if not as_it_should_be or (said.starts_at, said.ends_at) != time:
        await room_store.unsettle(conn, known, domain.quarter(unit.clock.now()))


async def remember_space(conn: Any, event: Event) -> None:
    space = facility.Space.model_validate(event.data)
    known = store.Space(space.square_id, space.unit_id, space.withdrawn)
    await store.save_space(conn, space.space_id, event.subjectversion, known)


async def redate(conn: Any, event: Event) -> None:
    """A square that moves to another zone: its appointments lie on other dates. Comes before the zone is noted."""
    square = facility.Square.model_validate(event.data)
    before = (await places.known_zones(conn, [square.square_id]))[square.square_id]
    after = places.zone_named(square.time_zone)
    if before == after:
        return
    times = await store.times_of_square(conn, square.square_id)
    days = {(space, date) for space, time in times for zone in (before, after) for date in domain.dates_of(time, zone)}
    await store.touch(conn, days)
