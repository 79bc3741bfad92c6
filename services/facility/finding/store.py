"""All SQL of finding: the rooms with all that they are searched by, and where bookings still fit. Nothing is locked."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.booking.free import Range
from services.facility.booking.house import Space, space_fields
from services.facility.finding.domain import Room, Surroundings
from services.facility.hours import store as hours
from services.facility.registry import known
from services.facility.registry.known import Known
from shared.contracts.opening_hours import Hours

_ROOMS = """
with recursive under (named, id) as (
    select id, id from space where not withdrawn {where}
    union all
    select u.named, c.id from under u join space c on c.parent_id = u.id and not c.withdrawn
), leaf (named, leaves) as (
    select u.named, array_agg(u.id) from under u
    where not exists (select from space c where c.parent_id = u.id and not c.withdrawn)
    group by u.named
)
select s.*, q.time_zone, q.name as square_name, q.status not in ('paused', 'closed') as square_works, l.leaves
from space s join square q on q.id = s.square_id join leaf l on l.named = s.id
order by q.name, q.id, s.position, s.name, s.id
"""
ROOMS = _ROOMS.format(where="")
# Of the squares in which any hears another: no room hears one of another square.
ROOMS_AROUND = _ROOMS.format(where="and square_id in (select square_id from space where neighbours <> '[]')")

# The longest ranges of bare time for each group of spaces that are booked at once ($1 numbers them, one row a leaf).
#
#     taken      ####              ######        on any leaf, widened by the wanted teardown before and setup after it:
#     free           [    )              [       what is left, inside the hours of every space, is where bare time lies
#
# Where the asker may not see times ($3 false, nor one of the units $4), a health station takes whole half hours. The
# bookings $5 are in nobody's way; $6 to $8 is more that is. $9 are opening hours, each told once, and $10 and $11 whose
# they are. Looked for in the window of each group ($12 to $14), with what may matter to it: ranges of at least $15, of
# which the first $16 are told, with how many there are and how long they last in all. With $17 of setup and $18 of
# teardown, as of $19; no further groups once $20 ranges are told.
#
# Each leaf is looked up by itself, and ranges stay in multiranges, which keep them in order: over many rooms and weeks
# joining and sorting rows takes several times as long.
FREE = """
with asked (g, leaf, exact) as (
    select * from unnest($1::int[], $2::uuid[], $3::boolean[])
), wish (g, during, reach, length, most) as (
    select g, tstzrange(starts_at, ends_at),
        tstzrange(starts_at - $17::interval - interval '30 min', ends_at + $18::interval + interval '30 min'),
        length, most
    from unnest($12::int[], $13::timestamptz[], $14::timestamptz[], $15::interval[], $16::int[])
        w (g, starts_at, ends_at, length, most)
), gone as materialized (
    select id from booking where (state = 'held' or state_before = 'held') and hold_until <= $19
), busy (g, during) as (
    select a.g, coalesce((
        select range_agg(case
            when l.discreet_unit is null or a.exact or l.discreet_unit = any($4::uuid[])
                then tstzrange(lower(l.during) - $18::interval, upper(l.during) + $17::interval)
            else tstzrange(date_bin('30 min', lower(l.during), 'epoch') - $18::interval,
                date_bin('30 min', upper(l.during) + interval '30 min' - interval '1 microsecond', 'epoch')
                    + $17::interval) end)
        from booking_leaf l
        where l.space_id = a.leaf and l.during && w.reach
            and l.booking_id <> all($5::uuid[]) and l.booking_id not in (select id from gone)
    ), '{}') from asked a join wish w using (g)
    union all
    select a.g, range_agg(tstzrange(lower(c.during) - $18::interval, upper(c.during) + $17::interval))
    from asked a join wish w using (g) join closure_leaf c on c.space_id = a.leaf and c.during && w.reach
    group by a.g
    union all
    select m.g, range_agg(tstzrange(m.starts_at - $18::interval, m.ends_at + $17::interval))
    from unnest($6::int[], $7::timestamptz[], $8::timestamptz[]) m (g, starts_at, ends_at)
    group by m.g
), taken (g, during) as (
    select g, range_agg(during) from busy group by g
), told (h, during) as materialized (
    select h, during::tstzmultirange from unnest($9::text[]) with ordinality t (during, h)
), opened (g, during) as (
    select o.g, range_intersect_agg(t.during) from unnest($10::int[], $11::int[]) o (g, h) join told t using (h)
    group by o.g
), bare (g, length, most, during) as (
    select g, w.length, w.most,
        tstzmultirange(w.during) * coalesce(o.during, tstzmultirange(w.during)) - coalesce(t.during, '{}')
    from wish w left join opened o using (g) left join taken t using (g)
)
select * from (
    select g, f.starts[1:most] as starts, f.ends[1:most] as ends, f.ranges, f.lasting,
        sum(least(f.ranges, most)) over (order by g) - least(f.ranges, most) as told
    from bare cross join lateral (
        select array_agg(starts_at) as starts, array_agg(ends_at) as ends, count(*) as ranges,
            sum(ends_at - starts_at) as lasting
        from (
            select date_bin('1 min', lower(during) + interval '1 min' - interval '1 microsecond', 'epoch') as starts_at,
                date_bin('1 min', upper(during), 'epoch') as ends_at
            from unnest(bare.during) during
        ) whole
        where ends_at - starts_at >= bare.length
    ) f
    where f.ranges > 0
) found
where told < $20
order by g
"""
MOST_RANGES = 5000
_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Sight:
    """Whose question it is: in which squares and of which units every time may be seen."""

    squares: frozenset[UUID] = frozenset()
    units: Sequence[UUID] = ()


@dataclass(frozen=True)
class Group:
    """Spaces that are booked at once, and the window in which a booking of `length` is looked for; of the ranges in
    which it fits the first `most` are told."""

    spaces: Sequence[Space]
    window: Range
    length: dt.timedelta
    most: int


@dataclass(frozen=True)
class More:
    """What is in the way beside bookings and closures: (group, time)."""

    busy: Sequence[tuple[int, Range]] = ()
    ignoring: Sequence[UUID] = ()
    limits: Sequence[Hours] = ()  # hours that every group keeps to, beside those of its spaces
    any_hours: bool = False  # whether the spaces are open or not
    mark: UUID | None = None  # of the house, where the spaces were read under it


@dataclass(frozen=True)
class Free:
    """Where a group is free: the first ranges, how many there are, and how long they last together."""

    group: int
    times: Sequence[Range]
    ranges: int
    lasting: dt.timedelta


class Rooms:
    """Every space there is, in the order people list them."""

    def __init__(self, rooms: Sequence[Room], mark: UUID | None = None) -> None:
        self.all = rooms
        self.mark = mark
        self.by_id = {room.id: room for room in rooms}
        self.surroundings = Surroundings(rooms)


async def rooms(conn: Any, mark: UUID | None = None) -> Rooms:
    """The house seldom changes, and every search wants all of it. `mark` of the house, where it was read already."""
    mark = mark or await known.mark(conn)
    there = _known.under(mark)
    if "all" not in there:
        there["all"] = Rooms([_room(row) for row in await conn.fetch(ROOMS)], mark)
    return there["all"]


async def surroundings(conn: Any, mark: UUID | None = None) -> Surroundings:
    """Who hears whom, without the rooms of squares in which nobody does: every booking asks for it, and the house may
    change more often than somebody searches it."""
    mark = mark or await known.mark(conn)
    there = _known.under(mark)
    if found := there.get("all") or there.get("around"):
        return found.surroundings
    there["around"] = Rooms([_room(row) for row in await conn.fetch(ROOMS_AROUND)], mark)
    return there["around"].surroundings


_known: Known[str, Rooms] = Known()


async def free(
    conn: Any,
    groups: Sequence[Group],
    setup: dt.timedelta,
    teardown: dt.timedelta,
    now: dt.datetime,
    sight: Sight,
    more: More = More(),
) -> list[Free]:
    """Where a booking with this setup and teardown fits, for each group that is free at all."""
    asked = [
        (g, leaf, space.square_id in sight.squares)
        for g, group in enumerate(groups)
        for space in group.spaces
        for leaf in space.leaves
    ]
    if not asked:
        return []
    told, whose = await _hours(conn, groups, more)
    rows = await conn.fetch(
        FREE,
        *_columns(asked, 3),
        list(sight.units),
        list(more.ignoring),
        *_columns([(g, start, end) for g, (start, end) in more.busy], 3),
        told,
        *_columns(whose, 2),
        *_columns([(g, *group.window, group.length, group.most) for g, group in enumerate(groups)], 5),
        setup,
        teardown,
        now,
        MOST_RANGES,
    )
    return [_found(row) for row in rows]


def _found(row: Any) -> Free:
    return Free(row["g"], list(zip(row["starts"], row["ends"], strict=True)), row["ranges"], row["lasting"])


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[row[at] for row in rows] for at in range(width)]


async def _hours(conn: Any, groups: Sequence[Group], more: More) -> tuple[list[str], list[tuple[int, int]]]:
    """(opening hours as multiranges, (group, which of them counted from 1)); a space that is always open has none."""
    spaces = dict.fromkeys(space.id for group in groups for space in group.spaces)
    held = {} if more.any_hours else await hours.effective(conn, list(spaces), more.mark)
    numbers: dict[str, int] = {}
    whose = []
    for g, group in enumerate(groups):
        own = [(held[space.id], space.zone) for space in group.spaces if space.id in held]
        for hours_, zone in [*own, *((limit, group.spaces[0].zone) for limit in more.limits)]:
            first, last = (at.astimezone(zone).date() for at in group.window)
            whose.append((g, numbers.setdefault(_multirange(hours_, first, last, zone), len(numbers) + 1)))
    return list(numbers), whose


@lru_cache(maxsize=4096)
def _multirange(held: Hours, first: dt.date, last: dt.date, zone: ZoneInfo) -> str:
    """Each set of hours is written out once a window, whoever asks."""
    ranges = held.open_ranges(first - _ONE_DAY, last + _ONE_DAY, zone)
    return "{" + ",".join(f"[{start.isoformat()},{end.isoformat()})" for start, end in ranges) + "}"


def _room(row: Any) -> Room:
    return Room(
        **space_fields(row),
        floor=row["floor"],
        position=row["position"],
        square_name=row["square_name"],
        square_works=row["square_works"],
        layouts=row["layouts"],
        noise_out=row["noise_out"],
        noise_tolerance=row["noise_tolerance"],
        neighbours=tuple((UUID(one["space_id"]), one["attenuation"]) for one in row["neighbours"]),
        prices=row["prices"],
        parent_id=row["parent_id"],
    )
