"""How far each source is known to be complete: the last watermark of each of its partitions."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from services.aggregator.projections import Batch, Change, Row
from shared.contracts.platform import Watermark
from shared.types import Contract

# A source not heard of for longer than this is silent.
SILENT_AFTER = dt.timedelta(seconds=30)

# Answers with the sources that speak again after having been silent.
SAVE = """
with incoming as (
    select * from unnest($2::text[], $3::integer[], $4::bigint[], $5::integer[], $6::timestamptz[])
        as i (source, partition, version, partitions, complete_until)
),
before as (
    select source, min(complete_until) as complete_until from source_watermark
    where generation = $1 and source = any($2::text[]) group by source
),
saved as (
    insert into source_watermark as s select $1, * from incoming order by source, partition
    on conflict (generation, source, partition) do update set
        version = excluded.version, partitions = excluded.partitions, complete_until = excluded.complete_until
    where excluded.version > s.version
    returning source, complete_until
)
select source from saved left join before using (source)
group by source having max(saved.complete_until) > coalesce(min(before.complete_until), '-infinity') + $7
order by source
"""


class Sources:
    name = "sources"
    rows: Mapping[type[Contract], Row] = {}
    tables: Sequence[str] = ("source_watermark",)
    models: frozenset[type[Contract]] = frozenset({Watermark})

    async def apply(self, conn: Any, generation: int, batch: Batch) -> Sequence[Change]:
        events = batch.newest(Watermark)
        if not events:
            return []
        rows = await conn.fetch(
            SAVE,
            generation,
            [event.data.service for event in events],
            [event.data.partition for event in events],
            [event.subjectversion for event in events],
            [event.data.partitions for event in events],
            [event.data.complete_until for event in events],
            SILENT_AFTER,
        )
        return [Change(self.name, None, (), tuple(row["source"] for row in rows))] if rows else []

    async def settle(self, conn: Any, generation: int) -> int:
        return 0
