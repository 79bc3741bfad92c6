"""Who is there when: shifts, meals and desk presence of each unit, beside the opening hours of the calendar view."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.aggregator.projections import Batch, Change, Row, TypedEvent
from shared.contracts.senior_centre import MealServing
from shared.contracts.service_desk import Presence as DeskPresence
from shared.contracts.volunteer_central import Shift
from shared.types import Contract

SAVE = """
with saved as (
    insert into presence_entry as e
    select $1, kind, id, version, square_id, unit_id, starts_at, ends_at, entry::jsonb
    from unnest($2::text[], $3::uuid[], $4::bigint[], $5::uuid[], $6::uuid[], $7::timestamptz[], $8::timestamptz[],
                $9::text[]) as i (kind, id, version, square_id, unit_id, starts_at, ends_at, entry)
    order by kind, id
    on conflict (generation, kind, id) do update set
        version = excluded.version, square_id = excluded.square_id, unit_id = excluded.unit_id,
        starts_at = excluded.starts_at, ends_at = excluded.ends_at, entry = excluded.entry
    where excluded.version > e.version
    returning new.id, new.square_id, old.square_id as was_square
)
select square_id, array_agg(id::text order by id) as ids
from (select square_id, id from saved union select was_square, id from saved where was_square is not null) as touched
group by square_id order by square_id
"""
# What the view says of an entry: everything but whose it is and when, which it says by itself.
_PLACE = {"square_id", "unit_id", "starts_at", "ends_at"}


def _shift(event: TypedEvent[Shift]) -> tuple[Any, ...]:
    return _row("shift", event.data.shift_id, event)


def _meal(event: TypedEvent[MealServing]) -> tuple[Any, ...]:
    return _row("meal", event.data.serving_id, event)


def _presence(event: TypedEvent[DeskPresence]) -> tuple[Any, ...]:
    return _row("presence", event.data.presence_id, event)


def _row(kind: str, entry_id: Any, event: Any) -> tuple[Any, ...]:
    data = event.data
    entry = data.model_dump_json(exclude=_PLACE)
    return kind, entry_id, event.subjectversion, data.square_id, data.unit_id, data.starts_at, data.ends_at, entry


class Presence:
    name = "presence"
    tables: Sequence[str] = ("presence_entry",)
    rows: Mapping[type[Contract], Row] = {Shift: _shift, MealServing: _meal, DeskPresence: _presence}
    models: frozenset[type[Contract]] = frozenset(rows)

    async def apply(self, conn: Any, generation: int, batch: Batch) -> Sequence[Change]:
        found = [columns for model, row in self.rows.items() if (columns := batch.columns(model, row))]
        if not found:
            return []
        columns = [[value for part in parts for value in part] for parts in zip(*found, strict=True)]
        rows = await conn.fetch(SAVE, generation, *columns)
        return [Change(self.name, row["square_id"], (), tuple(row["ids"])) for row in rows]

    async def settle(self, conn: Any, generation: int) -> int:
        return 0
