"""All SQL of bookings and of the time they occupy. Nothing here opens a transaction or knows what time it is."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.booking.domain import About, Booking, Slot
from services.facility.booking.free import Range
from shared.contracts.facility import BookingState, Gear

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

BY_ID = f"{_READ} where b.id = $1"  # a plan that is made once does, unlike for as many as come
BY_IDS = f"{_READ} where b.id = any($1::uuid[])"

# In id order: whoever locks several bookings locks them in the same order.
LOCK = f"{_READ} where b.id = any($1::uuid[]) order by b.id for no key update of b"

# Rows come as the table has its columns; a repeat of the same id returns nothing.
INSERT = """
insert into booking select * from jsonb_populate_recordset(null::booking, $1::jsonb)
on conflict (id) do nothing returning id
"""

# What of a booking may be another in its next version, from `n`.
NEXT = """
    version = n.version, square_id = n.square_id, space_ids = n.space_ids, starts_at = n.starts_at,
    ends_at = n.ends_at, setup_minutes = n.setup_minutes, teardown_minutes = n.teardown_minutes, state = n.state,
    state_before = n.state_before, hold_until = n.hold_until, override = n.override, reason_code = n.reason_code,
    closure_id = n.closure_id, blocking = n.blocking, previous = n.previous, checked_in_at = n.checked_in_at,
    equipment = n.equipment, purpose = n.purpose, responsible_role = n.responsible_role, noise_out = n.noise_out,
    quiet_need = n.quiet_need, updated_at = n.updated_at
"""
UPDATE = f"""
update booking set {NEXT} from jsonb_populate_recordset(null::booking, $1::jsonb) n
where booking.id = n.id and booking.version = n.version - 1
returning booking.id
"""  # noqa: S608 -- constants

# Whoever adds occupied time holds these first, in id order; so the insert below never waits for another and nobody
# deadlocks, however many rooms a booking takes.
LOCK_LEAVES = "select id from space where id = any($1::uuid[]) order by id for no key update"

# In leaf order and with ON CONFLICT: of two plain INSERTs each finds the other after both are in, and both wait.
OCCUPY = """
insert into booking_leaf (booking_id, space_id, during, discreet_unit)
select w.booking_id, w.space_id, tstzrange(w.starts_at, w.ends_at), w.unit_id
from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::uuid[])
    w (booking_id, space_id, starts_at, ends_at, unit_id)
order by w.space_id, w.starts_at
on conflict do nothing returning booking_id
"""

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

# What was ever requested instead of a booking.
REPLACING = "select id from booking where asked ->> 'replaces' = $1::text"

# What an owner once asked for and does not name by now, as of a version of it.
UNNEEDED = """
select id from booking
where owner_ref = $1 and unit_id = $2 and (asked ->> 'owner_version')::integer < $3 and id <> all($4::uuid[])
  and state in ('requested', 'held', 'confirmed', 'affected')
"""
# Whoever asks again for the same goes on waiting for it.
ASKED_AGAIN = """
update booking set asked = asked || jsonb_build_object('owner_version', $2::integer)
where id = $1 and (asked ->> 'owner_version')::integer < $2
"""

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


def _in_states(page: str, first: int) -> str:
    """The same page, of the bookings only that are in one of the states at an instant. Three parameters more, from
    `first` on: the instant, the states, and as what they may be written down."""
    now, wanted, kept = (f"${first + at}" for at in range(3))
    is_now = f"case when 'held' in (state, state_before) and hold_until <= {now} then 'expired' else state end"
    return page.replace(_OF_PAGE, f"{_OF_PAGE} and state = any({kept}::text[]) and {is_now} = any({wanted}::text[])")


PAGE_OF_SQUARE_IN_STATES = _in_states(PAGE_OF_SQUARE, 7)
PAGE_OF_SPACES_IN_STATES = _in_states(PAGE_OF_SPACES, 8)


class InStates(NamedTuple):
    """Bookings that are in one of the `states` at an instant, which may be written down as one of `kept`."""

    at: dt.datetime
    states: Collection[BookingState]
    kept: Collection[BookingState]


async def find(conn: Any, booking_id: UUID) -> Booking | None:
    found = await conn.fetchrow(BY_ID, booking_id)
    return _booking(found) if found else None


async def find_all(conn: Any, ids: Sequence[UUID]) -> dict[UUID, Booking]:
    return {row["id"]: _booking(row) for row in await conn.fetch(BY_IDS, list(ids))} if ids else {}


async def lock(conn: Any, ids: Sequence[UUID]) -> dict[UUID, Booking]:
    """The bookings as they are now, held until the transaction ends. Waits for whoever changes one of them."""
    return {row["id"]: _booking(row) for row in await conn.fetch(LOCK, list(ids))} if ids else {}


async def insert(conn: Any, bookings: Sequence[Booking]) -> set[UUID]:
    """Returns the ids that were new."""
    return {row["id"] for row in await conn.fetch(INSERT, [columns(booking) for booking in bookings])}


async def update(conn: Any, bookings: Sequence[Booking]) -> None:
    """Each with the version after the one in the table; the caller holds their locks."""
    if not bookings:
        return
    done = await conn.fetch(UPDATE, [columns(booking) for booking in bookings])
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


async def replacing(conn: Any, booking_id: UUID) -> list[UUID]:
    """What was requested instead of the booking, whatever came of it."""
    return [row["id"] for row in await conn.fetch(REPLACING, str(booking_id))]


async def unneeded(conn: Any, owner_ref: str, unit_id: UUID, owner_version: int, named: Sequence[UUID]) -> list[UUID]:
    """What the unit asked for in the name of an earlier version of the owner than this one, which names others."""
    rows = await conn.fetch(UNNEEDED, owner_ref, unit_id, owner_version, list(named))
    return [row["id"] for row in rows]


async def asked_again(conn: Any, booking_id: UUID, owner_version: int) -> None:
    await conn.execute(ASKED_AGAIN, booking_id, owner_version)


async def page_of_square(
    conn: Any, square_id: UUID, window: Range, after: tuple[dt.datetime, UUID], limit: int, of: InStates | None = None
) -> list[Booking]:
    query = PAGE_OF_SQUARE_IN_STATES if of else PAGE_OF_SQUARE
    return [_booking(row) for row in await conn.fetch(query, square_id, *window, *after, limit, *(of or ()))]


async def page_of_spaces(
    conn: Any,
    space_ids: Sequence[UUID],
    square_id: UUID | None,
    window: Range,
    after: tuple[dt.datetime, UUID],
    limit: int,
    of: InStates | None = None,
) -> list[Booking]:
    asked = (list(space_ids), *window, *after, limit, square_id, *(of or ()))
    return [_booking(row) for row in await conn.fetch(PAGE_OF_SPACES_IN_STATES if of else PAGE_OF_SPACES, *asked)]


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


def columns(booking: Booking) -> dict[str, Any]:
    """Its row."""
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
