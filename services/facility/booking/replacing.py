"""A request that is to take the place of a booking: a move that somebody else has to agree to.

The booking it replaces stands until the yes and goes in the same transaction, so that nobody ever has both, or neither.
"""

from typing import Any
from uuid import UUID

from services.facility.booking import rights, store
from shared.identity import Actor
from shared.problems import Invalid, Message, NotFound

UNKNOWN = Message("Bookingen som skal erstattes, finnes ikke.", "There is no such booking to take the place of.")


async def check(conn: Any, actor: Actor, replaces: UUID | None) -> None:
    """Whoever asks must be able to cancel it. What is over by now may be named: there is nothing left to do about it.

    Raises Invalid for an unknown one, and for one the asker knows nothing of; Forbidden for another's.
    """
    if replaces is None:
        return
    former = await store.find(conn, replaces)
    try:
        if former is None:
            raise NotFound
        rights.check_order(actor, former, "cancel")
    except NotFound:
        raise Invalid(UNKNOWN, errors=[{"loc": ["replaces"], "message": UNKNOWN}]) from None
