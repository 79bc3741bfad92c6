"""All SQL of the aggregator that belongs to no single view: generations, positions, rebuilds, hashes."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from services.aggregator.batches import Place
from services.aggregator.projections import Projection
from shared import db

# Generation 0: the view joined later than others and is not live until its first rebuild is done.
KNOWN = "select count(*) from projection"
REGISTER = "insert into projection (name, generation) values ($1, $2) on conflict do nothing returning name"
NOT_LIVE = "select name from projection where name = any($1::text[]) and generation = 0 order by name"

# Shared by batches, so that a swap waits for the batch under way and the next batch sees the new generation.
LIVE = """
select name, generation from projection where name = any($1::text[]) and generation > 0 order by name for share
"""
SWAP_LOCK = "select generation from projection where name = $1 for update"
SWAP = "update projection set generation = $2, rebuilt_at = $3 where name = $1"

# Never moved back: whoever applies records again, changes nothing.
ADVANCE = """
insert into position (projection, generation, topic, partition, next_offset, event_time)
select view.projection, view.generation, place.topic, place.partition, place.next_offset, place.event_time
from unnest($1::text[], $2::smallint[]) as view (projection, generation)
cross join unnest($3::text[], $4::integer[], $5::bigint[], $6::timestamptz[])
    as place (topic, partition, next_offset, event_time)
order by 1, 2, 3, 4
on conflict (projection, generation, topic, partition) do update
set next_offset = excluded.next_offset, event_time = greatest(position.event_time, excluded.event_time)
where excluded.next_offset > position.next_offset
"""

# Where the live views stand; the one farthest behind decides where to read on, 0 where one has not begun.
POSITIONS = """
with live as (select name, generation from projection where name = any($1::text[]) and generation > 0)
select p.topic, p.partition,
       case when count(*) = (select count(*) from live) then min(p.next_offset) else 0 end as next_offset
from position as p join live on live.name = p.projection and live.generation = p.generation
group by p.topic, p.partition
"""
POSITIONS_OF_LIVE = """
select p.topic, p.partition, p.next_offset
from position as p join projection as v on v.name = p.projection and v.generation = p.generation
where v.name = $1
"""
PER_VIEW = """
select v.name, v.generation, v.rebuilt_at, p.topic, p.partition, p.next_offset
from projection as v left join position as p on p.projection = v.name and p.generation = v.generation
order by v.name
"""
FORGET_POSITIONS = "delete from position where projection = $1 and generation <> $2"

GENERATION = "select generation from projection where name = $1"
# One that is under way goes on.
REBUILD_ASK = """
insert into rebuild as r (view, generation, state, started_at)
select name, generation + 1, 'running', $2 from projection where name = $1
on conflict (view) do update set generation = excluded.generation, state = 'running', done = 0, total = 0,
    started_at = excluded.started_at, finished_at = null, reason = null
where r.state <> 'running'
"""
REBUILD_PROGRESS = "update rebuild set done = $2, total = $3 where view = $1 and state = 'running'"
REBUILD_END = "update rebuild set state = $2, finished_at = $3, reason = $4 where view = $1"
REBUILD_GET = "select * from rebuild where view = $1"
REBUILDS_RUNNING = "select view from rebuild where state = 'running' order by view"

# The names of tables are constants of the projections, never input.
REMOVE_OTHERS = """
delete from {table} where ctid = any(array(select ctid from {table} where generation <> $1 limit $2))
"""
TABLE_HASH = """
select md5(coalesce(string_agg(line, E'\\n' order by line), ''))
from (select (to_jsonb(t) - 'generation')::text as line from {table} as t where generation = $1) as lines
"""
# A plan made while a table was small is a bad one for thousands of rows against a table that has grown.
PLAN_ANEW = "set local plan_cache_mode = force_custom_plan"
MANY_RECORDS = 50
# A digest reads whole tables.
PATIENTLY = "set local statement_timeout = '120s'"


async def register(conn: Any, projections: Sequence[Projection]) -> list[str]:
    """Makes known the views that are not; returns those that have to be rebuilt before they are live.

    All or none, also outside a transaction: whoever registers at the same moment would take the first few for a house
    that knows its views already, and wait with the others for a rebuild.
    """
    async with conn.transaction():
        generation = 1 if await conn.fetchval(KNOWN) == 0 else 0
        for one in projections:
            await conn.execute(REGISTER, one.name, generation)
    return [row["name"] for row in await conn.fetch(NOT_LIVE, [one.name for one in projections])]


async def live(conn: Any, names: Sequence[str]) -> dict[str, int]:
    return {row["name"]: row["generation"] for row in await conn.fetch(LIVE, list(names))}


async def advance(
    conn: Any, views: Mapping[str, int], positions: Mapping[Place, tuple[int, dt.datetime | None]]
) -> None:
    places = sorted(positions)
    await conn.execute(
        ADVANCE,
        list(views),
        list(views.values()),
        [topic for topic, _ in places],
        [partition for _, partition in places],
        [positions[place][0] for place in places],
        [positions[place][1] for place in places],
    )


async def positions(conn: Any, names: Sequence[str]) -> dict[Place, int]:
    """Where the live views read on."""
    rows = await conn.fetch(POSITIONS, list(names))
    return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def positions_of_live(conn: Any, view: str) -> dict[Place, int]:
    rows = await conn.fetch(POSITIONS_OF_LIVE, view)
    return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def views(conn: Any, ends: Mapping[Place, int]) -> list[dict[str, Any]]:
    """Each view with the records it has yet to read, given where the topics end."""
    found: dict[str, dict[str, Any]] = {}
    for row in await conn.fetch(PER_VIEW):
        view = found.setdefault(
            row["name"],
            {
                "view": row["name"],
                "live": row["generation"] > 0,
                "lag": sum(ends.values()),
                "rebuilt_at": row["rebuilt_at"],
            },
        )
        view["lag"] -= min(row["next_offset"] or 0, ends.get((row["topic"], row["partition"]), 0))
    return list(found.values())


async def ask_rebuild(conn: Any, view: str, now: dt.datetime) -> None:
    await conn.execute(REBUILD_ASK, view, now)


async def generation_of(conn: Any, view: str) -> int | None:
    found: int | None = await conn.fetchval(GENERATION, view)
    return found


async def remove_others(conn: Any, table: str, live: int, at_once: int) -> bool:
    """Some rows of other generations; False when there were none left."""
    return str(await conn.execute(REMOVE_OTHERS.format(table=table), live, at_once)) != "DELETE 0"


async def table_hash(conn: Any, table: str, generation: int) -> str:
    return str(await conn.fetchval(TABLE_HASH.format(table=table), generation, timeout=120))


@asynccontextmanager
async def writing(pool: Any, records: int) -> AsyncIterator[Any]:
    """The transaction of a batch."""
    async with db.transaction(pool) as conn:
        if records > MANY_RECORDS:
            await conn.execute(PLAN_ANEW)
        yield conn


@asynccontextmanager
async def snapshot(pool: Any) -> AsyncIterator[Any]:
    """Several statements that must see the same generation and the same moment."""
    async with db.connection(pool) as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        yield conn
