"""All SQL of bookings and of the time they occupy. Nothing here opens a transaction or knows what time it is."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.booking.domain import About, Booking, Slot
from services.facility.booking.free import Range
from shared import acts
from shared.audit import Entry
from shared.contracts.facility import Gear
from shared.envelope import Event

# What every reading of a booking brings along from the registry: its square's zone and its unit's kind.
_READ = """
select b.*, q.time_zone, u.kind as unit_kind
from booking b join square q on q.id = b.square_id left join unit u on u.id = b.unit_id
"""

# The same for lists, without the body that made it: nobody who lists needs it, and it is most of a row.
_LIST = """
select b.id, b.version, b.square_id, b.space_ids, b.starts_at, b.ends_at, b.setup_minutes, b.teardown_minutes, b.state,
    b.state_before, b.hold_until, b.override, b.title, b.unit_id, b.owner_ref, b.series_id, b.organiser_kind,
    b.expected_people, b.needs, b.layout, b.purpose, b.responsible_role, b.organiser_id, b.touches, b.noise_out,
    b.quiet_need, b.reason_code, b.closure_id, b.blocking, b.previous, b.equipment, b.checked_in_at, b.created_at,
    b.updated_at, null as asked, q.time_zone, u.kind as unit_kind
from booking b join square q on q.id = b.square_id left join unit u on u.id = b.unit_id
"""

BY_IDS = f"{_READ} where b.id = any($1::uuid[])"

# In id order: whoever locks several bookings locks them in the same order.
LOCK = f"{_READ} where b.id = any($1::uuid[]) order by b.id for no key update of b"

# Rows come as the table has its columns; a repeat of the same id returns nothing.
INSERT = """
insert into booking select * from jsonb_populate_recordset(null::booking, $1::jsonb)
on conflict (id) do nothing returning id
"""

_NEXT = """
    version = n.version, square_id = n.square_id, space_ids = n.space_ids, starts_at = n.starts_at,
    ends_at = n.ends_at, setup_minutes = n.setup_minutes, teardown_minutes = n.teardown_minutes, state = n.state,
    state_before = n.state_before, hold_until = n.hold_until, override = n.override, reason_code = n.reason_code,
    closure_id = n.closure_id, blocking = n.blocking, previous = n.previous, checked_in_at = n.checked_in_at,
    equipment = n.equipment, purpose = n.purpose, responsible_role = n.responsible_role, noise_out = n.noise_out,
    quiet_need = n.quiet_need, updated_at = n.updated_at
"""
UPDATE = f"""
update booking set {_NEXT} from jsonb_populate_recordset(null::booking, $1::jsonb) n
where booking.id = n.id and booking.version = n.version - 1
returning booking.id
"""  # noqa: S608 -- constants

# A new version, which gives back its time if $2, and waits for no closure any more if $3; with its audit and its
# events. Nothing of it when another version was first.
SAVE = f"""
with saved as (
    update booking set {_NEXT} from jsonb_populate_record(null::booking, $1::jsonb) n
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

# Whoever adds occupied time holds these first, in id order; so the insert below never waits for another and nobody
# deadlocks, however many rooms a booking takes.
LOCK_LEAVES = "select id from space where id = any($1::uuid[]) order by id for no key update"

# The same, and who is on them in each of the windows; with the mark of the house, which is told even if nobody is.
SURVEY = "select * from look($1, $2, $3, $4, $5)"

# In leaf order and with ON CONFLICT: of two plain INSERTs each finds the other after both are in, and both wait.
OCCUPY = """
insert into booking_leaf (booking_id, space_id, during, discreet_unit)
select w.booking_id, w.space_id, tstzrange(w.starts_at, w.ends_at), w.unit_id
from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::uuid[])
    w (booking_id, space_id, starts_at, ends_at, unit_id)
order by w.space_id, w.starts_at
on conflict do nothing returning booking_id
"""

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
    update booking set {_NEXT} from {{given}} jsonb_populate_record(null::booking, $1::jsonb) n
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
    """The same where the house has the mark $6 and nobody is there, seen with the leaves, and $7, locked."""
    return f"""
    with met as materialized (
        select * from look($2, $7::uuid[], array[$3::timestamptz], array[$4::timestamptz], $8::uuid[])
    ), free as (
        select from met where n is null and mark = $6
    ), {parts.format(given="free cross join")}, {acts.parts(9, "done")}
    select (select count(*) from done) = 1 as done, met.* from met
    """  # noqa: S608 -- constants


MAKE, MAKE_AT_ONCE = _written(_MADE), _at_once(_MADE)
MOVE, MOVE_AT_ONCE = _written(_MOVED), _at_once(_MOVED)

VACATE = """
with returned as (delete from equipment_use where booking_id = any($1::uuid[]))
delete from booking_leaf where booking_id = any($1::uuid[])
"""
VACATE_LEAVES = "delete from booking_leaf where booking_id = any($1::uuid[]) and space_id = any($2::uuid[])"

# Which bookings occupy the leaves in each of the windows (n counts from 1), also holds that ran out.
IN_THE_WAY = """
select distinct w.n, l.booking_id
from unnest($2::timestamptz[], $3::timestamptz[]) with ordinality w (starts_at, ends_at, n)
cross join unnest($1::uuid[]) s (id)
join booking_leaf l on l.space_id = s.id and l.during && tstzrange(w.starts_at, w.ends_at)
where l.booking_id <> all($4::uuid[])
"""

LEAVES = "select booking_id, space_id from booking_leaf where booking_id = any($1::uuid[]) order by space_id"

HOLDS_RUN_OUT = """
select id from booking where (state = 'held' or state_before = 'held') and hold_until <= $1
order by hold_until, id limit $2
"""

# A page of a square's bookings by start; ($4, $5) is where the page before ended.
_OF_PAGE = """
starts_at < $3 and starts_at > $2::timestamptz - interval '60 days' and ends_at > $2 and (starts_at, id) > ($4, $5)
"""
PAGE_OF_SQUARE = f"""
{_LIST}
where b.id in (select id from booking where square_id = $1 and {_OF_PAGE} order by starts_at, id limit $6)
order by b.starts_at, b.id
"""  # noqa: S608 -- constants
# The same of some spaces, in the square $7 where one is named. Most bookings are of one room; of several are few.
PAGE_OF_SPACES = f"""
{_LIST}
where b.id in (
    select id from (
        (select id, starts_at from booking
            where space_ids[1] = any($1::uuid[]) and {_OF_PAGE} and ($7::uuid is null or square_id = $7)
            order by starts_at, id limit $6)
        union
        (select id, starts_at from booking
            where cardinality(space_ids) > 1 and space_ids && $1::uuid[] and {_OF_PAGE}
                and ($7::uuid is null or square_id = $7)
            order by starts_at, id limit $6)
    ) found order by starts_at, id limit $6
)
order by b.starts_at, b.id
"""  # noqa: S608 -- constants


async def find(conn: Any, booking_id: UUID) -> Booking | None:
    found = await conn.fetchrow(BY_IDS, [booking_id])
    return _booking(found) if found else None


async def find_all(conn: Any, ids: Sequence[UUID]) -> dict[UUID, Booking]:
    return {row["id"]: _booking(row) for row in await conn.fetch(BY_IDS, list(ids))} if ids else {}


async def lock(conn: Any, ids: Sequence[UUID]) -> dict[UUID, Booking]:
    """The bookings as they are now, held until the transaction ends. Waits for whoever changes one of them."""
    return {row["id"]: _booking(row) for row in await conn.fetch(LOCK, list(ids))} if ids else {}


async def insert(conn: Any, bookings: Sequence[Booking]) -> set[UUID]:
    """Returns the ids that were new."""
    return {row["id"] for row in await conn.fetch(INSERT, [_columns(booking) for booking in bookings])}


async def update(conn: Any, bookings: Sequence[Booking]) -> None:
    """Each with the version after the one in the table; the caller holds their locks."""
    if not bookings:
        return
    done = await conn.fetch(UPDATE, [_columns(booking) for booking in bookings])
    if len(done) != len(bookings):
        raise RuntimeError("a booking changed although its row was locked")


async def lock_leaves(conn: Any, leaves: Sequence[UUID]) -> None:
    await conn.execute(LOCK_LEAVES, sorted(set(leaves)))


async def occupy(conn: Any, rows: Sequence[tuple[UUID, UUID, Range, UUID | None]]) -> bool:
    """Takes (booking, leaf, occupied time, unit that keeps it to itself); False when another has any of it.

    The caller then rolls back.
    """
    if not rows:
        return True
    bookings, leaves, ranges, units = zip(*rows, strict=True)
    starts, ends = [start for start, _ in ranges], [end for _, end in ranges]
    taken = await conn.fetch(OCCUPY, list(bookings), list(leaves), starts, ends, list(units))
    return len(taken) == len(rows)


async def save(
    conn: Any, booking: Booking, entries: Sequence[Entry], events: Sequence[Event], *, frees: bool, settles: bool
) -> bool:
    """The version after the one in the table, with what there is to tell of it; False when another was first."""
    return bool(await conn.fetchval(SAVE, _columns(booking), frees, settles, *acts.columns(entries, events)))


async def write(
    conn: Any, what: str, booking: Booking, leaves: Sequence[UUID], entries: Sequence[Entry], events: Sequence[Event]
) -> bool:
    """MAKE or MOVE: the booking on its leaves, with what there is to tell of it; False when another has its id, or
    saved its next version. The caller holds the locks of the leaves; raises ExclusionViolationError when another has
    any of its time."""
    return bool(await conn.fetchval(what, *_row(booking, leaves), *acts.columns(entries, events)))


class Met(NamedTuple):
    """What meets windows on leaves: (index of the window, id). With the mark of the house as it was then."""

    mark: UUID
    bookings: list[tuple[int, UUID]]
    closures: list[tuple[int, UUID]]


class Held(NamedTuple):
    """What is looked at before anything is written: the mark the house must have, what to lock beside the leaves, and
    who is in nobody's way."""

    mark: UUID | None
    also_lock: Sequence[UUID]
    ignoring: Sequence[UUID]


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
    return _columns(booking), list(leaves), *booking.slot.occupied, booking.about.discreet_unit


async def survey(
    conn: Any, leaves: Sequence[UUID], also_lock: Sequence[UUID], windows: Sequence[Range], ignoring: Sequence[UUID]
) -> Met:
    """What meets the windows, with the leaves locked, and those that the bookings to be ignored are on."""
    starts, ends = [start for start, _ in windows], [end for _, end in windows]
    return _met(await conn.fetch(SURVEY, list(leaves), list(also_lock), starts, ends, list(ignoring)))


def _met(rows: Sequence[Any]) -> Met:
    bookings = [(row["n"] - 1, row["booking_id"]) for row in rows if row["booking_id"]]
    return Met(rows[0]["mark"], bookings, [(row["n"] - 1, row["closure_id"]) for row in rows if row["closure_id"]])


async def vacate(conn: Any, ids: Sequence[UUID], leaves: Sequence[UUID] | None = None) -> None:
    """Frees all the time of these bookings and gives back their equipment; or frees that on some leaves only."""
    if leaves is None:
        await conn.execute(VACATE, list(ids))
    else:
        await conn.execute(VACATE_LEAVES, list(ids), list(leaves))


async def in_the_way(
    conn: Any, leaves: Sequence[UUID], windows: Sequence[Range], ignoring: Sequence[UUID]
) -> list[tuple[int, UUID]]:
    """(index of the window, booking) of every meeting."""
    starts, ends = [start for start, _ in windows], [end for _, end in windows]
    rows = await conn.fetch(IN_THE_WAY, list(leaves), starts, ends, list(ignoring))
    return [(row["n"] - 1, row["booking_id"]) for row in rows]


async def leaves_of(conn: Any, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The leaves on which each booking occupies time."""
    leaves: dict[UUID, list[UUID]] = {}
    for row in await conn.fetch(LEAVES, list(ids)) if ids else []:
        leaves.setdefault(row["booking_id"], []).append(row["space_id"])
    return leaves


async def occupied_leaves(conn: Any, booking_id: UUID) -> list[UUID]:
    return (await leaves_of(conn, [booking_id])).get(booking_id, [])


async def holds_run_out(conn: Any, now: dt.datetime, limit: int) -> list[UUID]:
    return [row["id"] for row in await conn.fetch(HOLDS_RUN_OUT, now, limit)]


async def page_of_square(
    conn: Any, square_id: UUID, window: Range, after: tuple[dt.datetime, UUID], limit: int
) -> list[Booking]:
    return [_booking(row) for row in await conn.fetch(PAGE_OF_SQUARE, square_id, *window, *after, limit)]


async def page_of_spaces(
    conn: Any,
    space_ids: Sequence[UUID],
    square_id: UUID | None,
    window: Range,
    after: tuple[dt.datetime, UUID],
    limit: int,
) -> list[Booking]:
    asked = (list(space_ids), *window, *after, limit, square_id)
    return [_booking(row) for row in await conn.fetch(PAGE_OF_SPACES, *asked)]


def _booking(row: Any) -> Booking:
    return Booking(
        id=row["id"],
        version=row["version"],
        square_id=row["square_id"],
        zone=ZoneInfo(row["time_zone"]),
        slot=_slot(row),
        state=row["state"],
        about=About(
            title=row["title"],
            unit_id=row["unit_id"],
            unit_kind=row["unit_kind"],
            owner_ref=row["owner_ref"],
            series_id=row["series_id"],
            organiser_kind=row["organiser_kind"],
            expected_people=row["expected_people"],
            needs=None if row["needs"] is None else tuple(row["needs"]),
            layout=row["layout"],
            purpose=row["purpose"],
            responsible_role=row["responsible_role"],
            organiser_id=row["organiser_id"],
            touches=tuple(row["touches"] or ()),
            noise_out=row["noise_out"],
            quiet_need=row["quiet_need"],
        ),
        asked=row["asked"] or {},
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        hold_until=row["hold_until"],
        override=row["override"],
        state_before=row["state_before"],
        closure_id=row["closure_id"],
        reason_code=row["reason_code"],
        blocking=tuple(row["blocking"]),
        previous=_previous(row["previous"]),
        equipment=tuple(map(Gear.model_validate, row["equipment"])) if row["equipment"] else (),
        checked_in_at=row["checked_in_at"],
    )


def _slot(row: Any) -> Slot:
    return Slot(
        tuple(row["space_ids"]), row["starts_at"], row["ends_at"], row["setup_minutes"], row["teardown_minutes"]
    )


def _previous(kept: dict[str, Any] | None) -> Slot | None:
    return (
        None
        if kept is None
        else Slot(
            tuple(UUID(space) for space in kept["space_ids"]),
            dt.datetime.fromisoformat(kept["starts_at"]),
            dt.datetime.fromisoformat(kept["ends_at"]),
            kept["setup_minutes"],
            kept["teardown_minutes"],
        )
    )


def _columns(booking: Booking) -> dict[str, Any]:
    about, before = booking.about, booking.previous
    return {
        "id": booking.id,
        "version": booking.version,
        "square_id": booking.square_id,
        **vars(booking.slot),
        "state": booking.state,
        "state_before": booking.state_before,
        "hold_until": booking.hold_until,
        "override": booking.override,
        "title": about.title,
        "unit_id": about.unit_id,
        "owner_ref": about.owner_ref,
        "series_id": about.series_id,
        "organiser_kind": about.organiser_kind,
        "expected_people": about.expected_people,
        "needs": about.needs,
        "layout": about.layout,
        "purpose": about.purpose,
        "responsible_role": about.responsible_role,
        "organiser_id": about.organiser_id,
        "touches": about.touches,
        "noise_out": about.noise_out,
        "quiet_need": about.quiet_need,
        "checked_in_at": booking.checked_in_at,
        "reason_code": booking.reason_code,
        "closure_id": booking.closure_id,
        "blocking": booking.blocking,
        "previous": vars(before) if before else None,
        "equipment": [one.model_dump(mode="json") for one in booking.equipment] or None,
        "asked": booking.asked,
        "created_at": booking.created_at,
        "updated_at": booking.updated_at,
    }
