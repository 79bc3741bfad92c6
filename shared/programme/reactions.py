"""What a unit does when facility says something about its rooms or about who is where."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from shared import outbox
from shared.contracts import facility
from shared.contracts.programme import Occurrence
from shared.envelope import Event
from shared.programme import domain, store
from shared.programme.commands import Unit

Handler = Callable[[Any, Event], Awaitable[None]]
OF_REQUESTS = ("requested", "confirmed", "rejected", "cancelled")
VERBS = ("requested", "moved", "confirmed", "affected", "cancelled", "expired", "released", "rejected", "restored")


def handlers(unit: Unit) -> dict[str, Handler]:
    """For the topic of facility."""
    return {
        **{f"facility.booking.{verb}.v1": _booking(unit, verb) for verb in VERBS},
        "facility.unit.changed.v1": remember_unit,
        "facility.square.changed.v1": remember_square,
    }


def together(first: Mapping[str, Handler], second: Mapping[str, Handler]) -> dict[str, Handler]:
    """Both, one after the other in the same transaction where they hear the same."""

    def both(one: Handler, other: Handler) -> Handler:
        async def react(conn: Any, event: Event) -> None:
            await one(conn, event)
            await other(conn, event)

        return react

    shared = {name: both(first[name], second[name]) for name in first if name in second}
    return {**first, **second, **shared}


def _booking(unit: Unit, verb: str) -> Handler:
    async def react(conn: Any, event: Event) -> None:
        booking = facility.Booking.model_validate(event.data)
        known = await _occurrence_of(conn, booking, verb)
        if not known and verb == "confirmed":
            await _give_room(conn, unit, booking, event)
        if not known and verb in ("requested", "confirmed"):
            await _take_up(conn, unit, booking, event)
        if not known or _is_past(known, booking, event):
            return
        version, occurrence, asked = known[0]
        if domain.gives_way_to_its_own(occurrence, booking) and await _wishes(conn, version, occurrence):
            return
        outcome = domain.after_booking(occurrence, booking, verb, coarse=_is_coarse(event))
        state, said = outcome or (occurrence, "")
        if state.booking_id == booking.booking_id:
            await store.agree(conn, occurrence.occurrence_id, event.subjectversion)
        if outcome:
            await _say(conn, unit, (version + 1, state, asked), said)

    return react


async def _say(conn: Any, unit: Unit, row: store.Row, said: str) -> None:
    version, state, asked = row
    await store.save_occurrence(conn, version, state, asked)
    await outbox.record(conn, unit.event(said, version, state, unit.clock.now()))


def _is_past(known: tuple[store.Row, int], booking: facility.Booking, event: Event) -> bool:
    """The date agrees with what its own booking said later."""
    return known[0][1].booking_id == booking.booking_id and event.subjectversion <= known[1]


async def _occurrence_of(conn: Any, booking: facility.Booking, verb: str) -> tuple[store.Row, int] | None:
    """With the version of its booking it agrees with. A request may be decided before the unit has written down that it
    asked: an answer to what is not known waits for its occurrence's turn, and looks again."""
    known = await store.by_booking(conn, booking.booking_id)
    owner = _owner(booking) if verb in OF_REQUESTS else None
    if known or not owner:
        return known
    await store.take_turn(conn, [owner])
    return await store.by_booking(conn, booking.booking_id)


def _owner(booking: facility.Booking) -> UUID | None:
    kind, _, owner = (booking.owner_ref or "").partition("/")
    return UUID(owner) if kind == "occurrence" else None


def _is_coarse(event: Event) -> bool:
    """A health station's bookings are told so that nobody can read an appointment out of them."""
    return event.classification == "restricted"


async def _give_room(conn: Any, unit: Unit, booking: facility.Booking, event: Event) -> None:
    owner = _owner(booking)
    known = await store.roomless(conn, owner) if owner else None
    given = domain.given_room(known[1], booking, coarse=_is_coarse(event)) if known else None
    if known and given:
        await _say(conn, unit, (known[0] + 1, given, known[2]), "scheduled")
        await store.agree(conn, given.occurrence_id, event.subjectversion)


async def _wishes(conn: Any, version: int, occurrence: Occurrence) -> bool:
    """Whether this version asked for something whose answer has not been heard."""
    noted = await store.asking(conn, occurrence.occurrence_id)
    return noted is not None and noted[0] == version


async def _take_up(conn: Any, unit: Unit, booking: facility.Booking, event: Event) -> None:
    """A request, or a date of a series, that its command did not live to write down, or whose answer it never heard:
    its date takes it up, for somebody to see and to withdraw. The date's turn is taken."""
    owner = _owner(booking)
    noted = await store.asking(conn, owner) if owner else None
    if not owner or not noted:
        return
    version, wanted, asked = noted
    present = await store.occurrence(conn, owner, lock=True)
    if (present[0] if present else 0) != version:
        return
    outcome = domain.taken_up(present[1] if present else None, wanted, booking, coarse=_is_coarse(event))
    if outcome:
        state, said = outcome
        await _say(conn, unit, (version + 1, state, asked), said)
        if state.booking_id == booking.booking_id:
            await store.agree(conn, owner, event.subjectversion)
        await store.done_asking(conn, [owner])


async def remember_unit(conn: Any, event: Event) -> None:
    unit = facility.Unit.model_validate(event.data)
    await store.save_unit(conn, event.subjectversion, unit)


async def remember_square(conn: Any, event: Event) -> None:
    square = facility.Square.model_validate(event.data)
    await store.save_square(conn, event.subjectversion, square)
