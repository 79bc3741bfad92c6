"""Squares, units and spaces: what there is, and what it is called."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from services.aggregator.projections import Batch, Change, Row
from shared.contracts.facility import Space, Square, Unit
from shared.types import Contract

SAVE_SQUARES = """
insert into resource_square as r
select $1, * from unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[])
on conflict (generation, square_id) do update set
    version = excluded.version, name = excluded.name, time_zone = excluded.time_zone, status = excluded.status
where excluded.version > r.version
returning square_id, square_id as id
"""
SAVE_UNITS = """
insert into resource_unit as r
select $1, unit_id, version, square_id, kind, name, memberships::jsonb
from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::text[])
    as i (unit_id, version, square_id, kind, name, memberships)
on conflict (generation, unit_id) do update set
    version = excluded.version, square_id = excluded.square_id, kind = excluded.kind, name = excluded.name,
    memberships = excluded.memberships
where excluded.version > r.version
returning square_id, unit_id as id
"""
SAVE_SPACES = """
insert into resource_space as r
select $1, space_id, version, square_id, withdrawn, space::jsonb
from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::boolean[], $6::text[])
    as i (space_id, version, square_id, withdrawn, space)
on conflict (generation, space_id) do update set
    version = excluded.version, square_id = excluded.square_id, withdrawn = excluded.withdrawn, space = excluded.space
where excluded.version > r.version
returning square_id, space_id as id
"""


class Resources:
    name = "resources"
    rows: Mapping[type[Contract], Row] = {}
    tables: Sequence[str] = ("resource_square", "resource_unit", "resource_space")
    models: frozenset[type[Contract]] = frozenset({Square, Unit, Space})

    async def apply(self, conn: Any, generation: int, batch: Batch) -> Sequence[Change]:
        saved: dict[Any, list[str]] = {}
        for statement, rows in (
            (SAVE_SQUARES, [_square(event.data, event.subjectversion) for event in batch.newest(Square)]),
            (SAVE_UNITS, [_unit(event.data, event.subjectversion) for event in batch.newest(Unit)]),
            (SAVE_SPACES, [_space(event.data, event.subjectversion) for event in batch.newest(Space)]),
        ):
            if rows:
                columns = [list(column) for column in zip(*rows, strict=True)]
                for row in await conn.fetch(statement, generation, *columns):
                    saved.setdefault(row["square_id"], []).append(str(row["id"]))
        return [Change(self.name, square, (), tuple(saved[square])) for square in sorted(saved)]

    async def settle(self, conn: Any, generation: int) -> int:
        return 0


def _square(data: Square, version: int) -> tuple[Any, ...]:
    return data.square_id, version, data.name, data.time_zone, data.status


def _unit(data: Unit, version: int) -> tuple[Any, ...]:
    memberships = to_json(data.memberships).decode()
    return data.unit_id, version, data.square_id, data.kind, data.name, memberships


def _space(data: Space, version: int) -> tuple[Any, ...]:
    space = data.model_dump_json(exclude={"square_id", "withdrawn"})
    return data.space_id, version, data.square_id, data.withdrawn, space
