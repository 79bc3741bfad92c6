"""The SQL that writes bookings with all that belongs to it, and that looks who is there before: one statement each.

A booking, its time, its audit and its events are parts of the same statement, so that it takes one trip to the database
and is a transaction of its own where nothing else is to be done.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from services.facility.booking.domain import Booking
from services.facility.booking.free import Range
from services.facility.booking.store import NEXT, columns
from shared import acts
from shared.audit import Entry
from shared.envelope import Event

# Locks leaves and says who is on them in each of the windows; with the mark of the house, which is told even if nobody
# is.
SURVEY = "select * from look($1, $2, $3, $4, $5)"

# A new version, which gives back its time if $2, and waits for no closure any more if $3; with its audit and its
# events. Nothing of it when another version was first.
SAVE = f"""
with saved as (
    update booking set {NEXT} from jsonb_populate_record(null::booking, $1::jsonb) n
    where booking.id = n.id and booking.version = n.version - 1 returning booking.id
), returned as (
    delete from equipment_use e using saved where $2 and e.booking_id = saved.id
), freed as (
    delete from booking_leaf l using saved where $2 and l.booking_id = saved.id
), settled as (
    delete from displacement d using saved where $3 and d.booking_id = saved.id
), {acts.parts(4, "saved")}
select count(*) = 1 from saved
"""  # noqa: S608 -- constants

# A new booking with its time, and with its audit and its events; nothing of it when its id is known. Before it, or by
# what else is in the statement, the leaves are locked, so nobody can be in the way who was not seen: it is an error.
_MADE = """
done as (
    insert into booking select n.* from {given} jsonb_populate_record(null::booking, $1::jsonb) n
    on conflict (id) do nothing returning id
), taken as (
    insert into booking_leaf (booking_id, space_id, during, discreet_unit)
    select done.id, leaf, tstzrange($3, $4), $5 from done cross join unnest($2::uuid[]) leaf order by leaf
)
"""
# The same of a new version at another time or in other rooms; nothing of it when another version was first. What it had
# is given back before it takes anything, and it waits for no closure any more.
_MOVED = f"""
done as (
    update booking set {NEXT} from {{given}} jsonb_populate_record(null::booking, $1::jsonb) n
    where booking.id = n.id and booking.version = n.version - 1 returning booking.id
), returned as (
    delete from equipment_use e using done where e.booking_id = done.id
), settled as (
    delete from displacement d using done where d.booking_id = done.id
), freed as (
    delete from booking_leaf l using done where l.booking_id = done.id returning 1
), taken as (
    insert into booking_leaf (booking_id, space_id, during, discreet_unit)
    select done.id, leaf, tstzrange($3, $4), $5 from done cross join unnest($2::uuid[]) leaf
    where (select count(*) from freed) >= 0 order by leaf
)
"""  # noqa: S608 -- constants


def _written(parts: str) -> str:
    return f"with {parts.format(given='')}, {acts.parts(6, 'done')} select count(*) = 1 from done"  # noqa: S608 -- constants


def _at_once(parts: str) -> str:
    """The same where the house has the mark $6 and nobody is there, seen with the leaves, and $7, locked. Where
    somebody is, nothing is written, and nobody need wait until that has reached the disk."""
    return f"""
    with met as materialized (
        select * from look($2, $7::uuid[], array[$3::timestamptz], array[$4::timestamptz], $8::uuid[])
    ), free as (
        select from met where n is null and mark = $6
    ), {parts.format(given="free cross join")}, {acts.parts(9, "done")}
    select (select count(*) from done) = 1 as done, met.*,
        case when met.n is not null then set_config('synchronous_commit', 'off', true) end
    from met
    """  # noqa: S608 -- constants


MAKE, MAKE_AT_ONCE = _written(_MADE), _at_once(_MADE)
MOVE, MOVE_AT_ONCE = _written(_MOVED), _at_once(_MOVED)


class Met(NamedTuple):
    """What meets windows on leaves: (index of the window, id), each once, and the leaves it lies on. With the mark of
    the house as it was then."""

    mark: UUID
    bookings: list[tuple[int, UUID]]
    closures: list[tuple[int, UUID]]
    where: dict[UUID, set[UUID]]


class Held(NamedTuple):
    """What is looked at before anything is written: the mark the house must have, what to lock beside the leaves, and
    who is in nobody's way."""

    mark: UUID | None
    also_lock: Sequence[UUID]
    ignoring: Sequence[UUID]


async def save(
    conn: Any, booking: Booking, entries: Sequence[Entry], events: Sequence[Event], *, frees: bool, settles: bool
) -> bool:
    """The version after the one in the table, with what there is to tell of it; False when another was first."""
    return bool(await conn.fetchval(SAVE, columns(booking), frees, settles, *acts.columns(entries, events)))


async def write(
    conn: Any, what: str, booking: Booking, leaves: Sequence[UUID], entries: Sequence[Entry], events: Sequence[Event]
) -> bool:
    """MAKE or MOVE: the booking on its leaves, with what there is to tell of it; False when another has its id, or
    saved its next version. The caller holds the locks of the leaves; raises ExclusionViolationError when another has
    any of its time."""
    return bool(await conn.fetchval(what, *_row(booking, leaves), *acts.columns(entries, events)))


async def write_at_once(
    conn: Any,
    what: str,
    booking: Booking,
    leaves: Sequence[UUID],
    held: Held,
    entries: Sequence[Entry],
    events: Sequence[Event],
) -> tuple[bool, Met]:
    """(whether it was done, what is in its way). MAKE_AT_ONCE or MOVE_AT_ONCE: as `write`, where the house has the mark
    and the leaves are free, as a transaction of its own that locks, looks and writes."""
    looked = held.mark, list(held.also_lock), list(held.ignoring)
    rows = await conn.fetch(what, *_row(booking, leaves), *looked, *acts.columns(entries, events))
    return rows[0]["done"], _met(rows)


def _row(booking: Booking, leaves: Sequence[UUID]) -> tuple[Any, ...]:
    return columns(booking), list(leaves), *booking.slot.occupied, booking.about.discreet_unit


async def survey(
    conn: Any, leaves: Sequence[UUID], also_lock: Sequence[UUID], windows: Sequence[Range], ignoring: Sequence[UUID]
) -> Met:
    """What meets the windows, with the leaves locked, and those that the bookings to be ignored are on."""
    starts, ends = [start for start, _ in windows], [end for _, end in windows]
    return _met(await conn.fetch(SURVEY, list(leaves), list(also_lock), starts, ends, list(ignoring)))


def _met(rows: Sequence[Any]) -> Met:
    there = [row for row in rows if row["n"]]
    bookings = dict.fromkeys((row["n"] - 1, row["booking_id"]) for row in there if row["booking_id"])
    closures = dict.fromkeys((row["n"] - 1, row["closure_id"]) for row in there if row["closure_id"])
    where: dict[UUID, set[UUID]] = {}
    for row in there:
        where.setdefault(row["booking_id"] or row["closure_id"], set()).add(row["space_id"])
    return Met(rows[0]["mark"], list(bookings), list(closures), where)
