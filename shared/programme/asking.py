"""Asking facility for the rooms of one occurrence, and what its answer makes of the occurrence."""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared import db, logs
from shared.contracts.programme import Activity, Occurrence
from shared.identity import Actor
from shared.problems import Conflict, Message, Problem, Unavailable
from shared.programme import domain, store
from shared.programme.bodies import PutSeries, Terms
from shared.programme.rooms import Booked, Rooms

KEPT_AS_DRAFT = Message(
    "Romtjenesten svarer ikke. Lagret som utkast med romønsket.",
    "The room service does not answer. Saved as a draft with the room wish.",
)
log = logs.get(__name__)


@dataclass(frozen=True)
class Planned:
    """An occurrence as facility's answer leaves it, or with the notice why nobody was asked."""

    occurrence: Occurrence
    booking_version: int | None = None
    held: bool = False
    notice: Message | None = None
    warnings: Sequence[dict[str, Any]] = ()


async def room(rooms: Rooms, who: Actor, draft: Occurrence, version: int, activity: Activity, terms: Terms) -> Planned:
    """Holds or requests its rooms, for this `version` of it. Raises facility's refusal; without an answer from it,
    the draft stays one."""
    if not draft.space_ids:
        return Planned(domain.scheduled(draft, None))
    try:
        booked = await rooms.book(who, draft, version, activity, terms)
    except Unavailable:
        return Planned(domain.perhaps_requested(draft) if terms.request else draft, notice=KEPT_AS_DRAFT)
    return as_booked(domain.after_asking(draft, booked.id, booked.state), booked)


def as_booked(occurrence: Occurrence, booked: Booked) -> Planned:
    return Planned(occurrence, booked.version, booked.state == "held", warnings=booked.warnings)


async def another_room(
    rooms: Rooms,
    who: Actor,
    draft: Occurrence,
    version: int,
    activity: Activity,
    terms: Terms,
    instead_of: UUID | None,
) -> Planned:
    """As `room`, for a draft that may have a request open: what it no longer stands for is withdrawn.

    Raises Unavailable when facility does not answer.
    """
    planned = await room(rooms, who, draft, version, activity, terms)
    if planned.notice:
        raise Unavailable(planned.notice)
    if instead_of and instead_of != planned.occurrence.booking_id:
        await rooms.cancel(who, instead_of)
    return planned


async def to_move(
    rooms: Rooms,
    who: Actor,
    present: Occurrence,
    version: int,
    moved: Occurrence,
    activity: Activity,
    terms: Terms,
) -> Planned:
    """Requests the rooms of where a date is to be, instead of those it has; what it requested before is withdrawn.

    Raises Unavailable without facility's answer, its refusal, and Conflict when the earlier one was granted just now.
    """
    booked = await rooms.book(who, moved, version, activity, terms, replaces=present.booking_id)
    planned = domain.after_asking_to_move(present, moved, booked.id, booked.state)
    before = domain.move_asked_for(present)
    if before and before != booked.id:
        try:
            await rooms.withdraw(who, before)
        except Conflict:
            await give_up(rooms, who, booked.id)
            raise
    return Planned(planned, None if domain.move_asked_for(planned) else booked.version, warnings=booked.warnings)


async def confirm(rooms: Rooms, who: Actor, planned: Planned) -> None:
    """The occurrence's own event confirms the hold too, should this be lost."""
    if not planned.held or planned.booking_version is None or planned.occurrence.booking_id is None:
        return
    try:
        await rooms.confirm(who, planned.occurrence.booking_id, planned.booking_version)
    except Problem as problem:
        log.info("confirm_left_to_event", code=problem.code)


async def give_up(rooms: Rooms, who: Actor, booking_id: UUID) -> None:
    with contextlib.suppress(Problem):  # it no longer stands, or facility learns of it by the occurrence's event
        await rooms.cancel(who, booking_id)


async def take_turn(conn: Any, terms: Terms, occurrence_ids: Collection[UUID]) -> None:
    """Before rooms are requested: the answer may come over Kafka before the request is written down here."""
    if _lasts(terms):
        await store.take_turn(conn, occurrence_ids)


@asynccontextmanager
async def noted(pool: Any, now: dt.datetime, terms: Terms, rows: Sequence[store.Row]) -> AsyncIterator[None]:
    """While rooms are requested: for what. It stays when no answer is heard, until that is `done`; after a no there is
    nothing to wait for.

    Takes a connection of its own. Raises Unavailable when none is free in time.
    """
    if not _lasts(terms):
        yield
        return
    async with db.connection(pool) as conn:
        await store.note_asking(conn, rows, now)
    try:
        yield
    except Problem as problem:
        if not isinstance(problem, Unavailable):
            async with db.connection(pool) as conn:
                await store.done_asking(conn, [state.occurrence_id for _, state, _ in rows])
        raise


async def done(conn: Any, terms: Terms, occurrence_ids: Collection[UUID]) -> None:
    if _lasts(terms):
        await store.done_asking(conn, occurrence_ids)


def _lasts(terms: Terms) -> bool:
    """Whether facility keeps what is asked for until somebody gives it up. A hold runs out; a series is none."""
    return terms.request or isinstance(terms, PutSeries)
