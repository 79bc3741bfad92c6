"""All SQL of dated things; `<kind>` stands for the kind's table."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.contracts.programme import Dated
from shared.envelope import Classification

ONE = "select version, state from <kind> where id = $1"
ONE_LOCKED = f"{ONE} for update"
# What touches the window, oldest first, from the one after $5 on. Nothing lasts longer than 60 days.
SOME = """
select version, state from <kind>
where ($1::uuid is null or square_id = $1) and ($2::uuid is null or unit_id = $2)
    and starts_at < $4 and ends_at > $3 and starts_at > $3 - interval '60 days'
    and ($5::uuid is null or (starts_at, id) > (select starts_at, id from <kind> where id = $5))
order by starts_at, id limit $6
"""
SAVE = """
insert into <kind> (id, version, square_id, unit_id, starts_at, ends_at, status, state)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (id) do update set version = excluded.version, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
    status = excluded.status, state = excluded.state
where <kind>.version = excluded.version - 1
returning version
"""
T = TypeVar("T", bound=Dated)


@dataclass(frozen=True)
class Kind(Generic[T]):
    """`name` is that of the table, the subject and the event; `key` the field of the state that holds the id."""

    name: str
    key: str
    model: type[T]
    classification: Classification = "internal"

    def id_of(self, state: T) -> UUID:
        found: UUID = getattr(state, self.key)
        return found

    def sql(self, query: str) -> str:
        return query.replace("<kind>", self.name)


@dataclass(frozen=True)
class Window:
    """Which things are asked for. `after`: the last one already seen."""

    since: dt.datetime
    until: dt.datetime
    square_id: UUID | None
    unit_id: UUID | None = None
    after: UUID | None = None


async def one(conn: Any, kind: Kind[T], thing_id: UUID, *, lock: bool = False) -> tuple[int, T] | None:
    row = await conn.fetchrow(kind.sql(ONE_LOCKED if lock else ONE), thing_id)
    return _row(kind, row) if row else None


async def some(conn: Any, kind: Kind[T], asked: Window, most: int) -> Sequence[tuple[int, T]]:
    where = (asked.square_id, asked.unit_id, asked.since, asked.until, asked.after)
    return [_row(kind, row) for row in await conn.fetch(kind.sql(SOME), *where, most)]


async def save(conn: Any, kind: Kind[T], version: int, state: T) -> bool:
    """False when somebody else saved this version first."""
    whole = state.model_dump(mode="json", exclude_none=True)
    place = (state.square_id, state.unit_id, state.starts_at, state.ends_at, state.state)
    return bool(await conn.fetchval(kind.sql(SAVE), kind.id_of(state), version, *place, whole))


def _row(kind: Kind[T], row: Any) -> tuple[int, T]:
    return row["version"], kind.model.model_validate(row["state"])
