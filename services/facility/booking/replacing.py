"""A request that is to take the place of a booking: a move that somebody else has to agree to.

The booking it replaces stands until the yes and goes in the same transaction, so that nobody ever has both, or neither.
One request at a time asks for a booking's place, the newest; so no second yes finds nothing to replace.
"""

import datetime as dt
from typing import Any
from uuid import UUID

from services.facility.booking import domain, refusals, rights, store
from services.facility.booking.desk import Overtaken
from services.facility.booking.domain import Booking
from shared.contracts.facility import OCCUPYING
from shared.identity import Actor
from shared.problems import Conflict, Invalid, Message, NotFound
from shared.walltime import written

UNKNOWN = Message("Bookingen som skal erstattes, finnes ikke.", "There is no such booking to take the place of.")
NO_BOOKING = Message(
    "Dette er en forespørsel, og den tar ingen plass. Trekk den tilbake, og be om det du heller vil ha.",
    "This is a request, and it takes no place. Withdraw it, and ask for what you would rather have.",
)
OVER = Message(
    "Bookingen som skal erstattes, er {nb}. Bare en som står og ikke er over, kan byttes ut: be om rommet som nytt.",
    "The booking to take the place of is {en}. Only one that stands and is not over can be: ask for the room anew.",
)
ENDED = Message("ferdig", "over")
REPLACED = Message(
    "Bookingen er flyttet allerede: en annen har tatt dens plass. Se på den igjen.",
    "The booking has been moved already: another has taken its place. Look at it again.",
)


async def earlier(conn: Any, actor: Actor, wanted: Booking) -> list[Booking]:
    """The open requests for the same booking's place: the wanted one takes over from them. Locked, with the booking,
    until the transaction ends.

    Whoever asks must be able to cancel the booking. Raises Invalid for an unknown one, one the asker knows nothing of,
    a request, and one that is over (rule `replaces_over`); Forbidden for another's; Conflict `replaced_already` where
    one that was granted stands in its place. Raises Overtaken.
    """
    if wanted.replaces is None:
        return []
    former = await store.find(conn, wanted.replaces)
    try:
        if former is None:
            raise NotFound
        rights.check_order(actor, former, "cancel")
    except NotFound:
        raise _not_that(UNKNOWN) from None
    if former.state == "requested":
        raise _not_that(NO_BOOKING)
    locked = await store.lock(conn, [former.id, *await store.replacing(conn, former.id)])
    instead = [found for found in await store.replacing(conn, former.id) if found != wanted.id]
    if not locked.keys() >= set(instead):  # asked for while the lock was waited for
        raise Overtaken
    others = [locked[found] for found in instead]
    if stands := next((one for one in others if one.state in OCCUPYING or one.state == "affected"), None):
        raise _replaced(stands.id)
    _check_stands(locked[former.id], wanted.created_at)
    return [one for one in others if one.state == "requested"]


def _check_stands(former: Booking, now: dt.datetime) -> None:
    state, stands = domain.state_at(former, now), domain.fits("cancel", former, now)
    if stands and now < former.slot.ends_at:
        return
    what = ENDED if stands else refusals.STATES[state]
    told = Message(OVER.nb.format(nb=what.nb), OVER.en.format(en=what.en))
    accepted = {"states": [*sorted(OCCUPYING), "affected"], "ends_after": written(now, former.zone)}
    raise _not_that(told, reasons=[{"rule": "replaces_over", "message": told, "state": state, "accepted": accepted}])


def _not_that(why: Message, **more: Any) -> Invalid:
    return Invalid(why, errors=[{"loc": ["replaces"], "message": why}], **more)


def _replaced(by: UUID) -> Conflict:
    reason = {"rule": "replaced_already", "message": REPLACED, "blocking_id": str(by)}
    return Conflict(REPLACED, code="replaced_already", blocking=[str(by)], reasons=[reason])
