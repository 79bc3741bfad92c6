"""The calendar of each square: what happens when and where, put together per local date and ready to be sent.

An occurrence and the booking of its room are rows of their own; they meet when a day is put together. A batch that
touches few days puts them together at once; one that touches many (catching up, a rebuild) only marks them stale, and
`settle` does each of them once, when there is time. Whoever reads a stale day puts it together for himself.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from services.aggregator.projections import Batch, Change, Row, TypedEvent, lock
from services.aggregator.projections.calendar import items, sql
from shared.contracts.facility import Booking, Closure, Hours, NoiseConflict, Square
from shared.contracts.health_station import RoomBusy
from shared.contracts.programme import Occurrence
from shared.contracts.senior_centre import MealServing
from shared.contracts.service_desk import Presence
from shared.contracts.volunteer_central import Shift
from shared.types import Contract

# So many days are put together in the batch's own transaction.
FEW_DAYS = 60
SETTLE_DAYS = 300
# What is shown by itself, one row each, whatever kind it is of.
ENTRIES: Mapping[type[Contract], Row] = {Shift: items.shift, MealServing: items.meal, Presence: items.presence}
ROWS: Mapping[type[Contract], Row] = {
    Occurrence: items.occurrence,
    Booking: items.booking,
    RoomBusy: items.busy,
    NoiseConflict: items.noise,
    **ENTRIES,
}


class Calendar:
    name = "calendar"
    tables: Sequence[str] = (
        "calendar_square",
        "calendar_occurrence",
        "calendar_booking",
        "calendar_entry",
        "calendar_busy",
        "calendar_closure",
        "calendar_hours",
        "calendar_noise",
        "calendar_day",
    )
    models: frozenset[type[Contract]] = frozenset({Square, Closure, Hours, *ROWS})
    rows = ROWS

    async def apply(self, conn: Any, generation: int, batch: Batch) -> Sequence[Change]:
        await lock(conn, self, generation)
        changes = await self._squares(conn, generation, batch.newest(Square))
        changes += await self._dated(conn, generation, batch)
        await self._touch(conn, generation, changes)
        changes += await self._closures(conn, generation, batch.columns(Closure, items.closure))
        changes += await self._hours(conn, generation, batch.newest(Hours))
        changes += await self._noise(conn, generation, batch.columns(NoiseConflict, items.noise))
        return changes

    async def settle(self, conn: Any, generation: int) -> int:
        await lock(conn, self, generation)
        due = await conn.fetchrow(sql.STALE, generation, SETTLE_DAYS)
        if due["dates"] is None:
            return 0
        await conn.execute(sql.PUT_TOGETHER, generation, due["squares"], due["dates"])
        return len(due["dates"])

    async def _squares(self, conn: Any, generation: int, events: list[TypedEvent[Square]]) -> list[Change]:
        if not events:
            return []
        moved = await conn.fetch(
            sql.SAVE_SQUARES,
            generation,
            [event.data.square_id for event in events],
            [event.subjectversion for event in events],
            [event.data.time_zone for event in events],
        )
        changes = []
        for row in moved:
            dates = await conn.fetchval(sql.REDATE, generation, row["square_id"], row["time_zone"])
            changes.append(Change(self.name, row["square_id"], tuple(dates or ())))
        return changes

    async def _dated(self, conn: Any, generation: int, batch: Batch) -> list[Change]:
        """What lies on days: one statement for each kind of row, and none for a kind the batch is without."""
        rows = []
        for statement, columns in (
            (sql.SAVE_OCCURRENCES, batch.columns(Occurrence, items.occurrence)),
            (sql.SAVE_BOOKINGS, batch.columns(Booking, items.booking)),
            (sql.SAVE_BUSY, batch.columns(RoomBusy, items.busy)),
            (sql.SAVE_ENTRIES, _entries(batch)),
        ):
            if columns:
                rows += await conn.fetch(statement, generation, *columns)
        return [Change(self.name, row["square_id"], tuple(row["dates"]), tuple(row["ids"] or ())) for row in rows]

    async def _touch(self, conn: Any, generation: int, changes: Sequence[Change]) -> None:
        days = sorted({(change.square_id, date) for change in changes for date in change.dates})
        if not days:
            return
        columns = [square for square, _ in days], [date for _, date in days]
        await conn.execute(sql.MARK_STALE, generation, *columns)
        if len(days) <= FEW_DAYS:
            await conn.execute(sql.PUT_TOGETHER, generation, *columns)

    async def _closures(self, conn: Any, generation: int, closures: list[list[Any]]) -> list[Change]:
        if not closures:
            return []
        rows = await conn.fetch(sql.SAVE_CLOSURES, generation, *closures)
        return [Change(self.name, row["square_id"], (), (str(row["id"]),)) for row in rows]

    async def _noise(self, conn: Any, generation: int, conflicts: list[list[Any]]) -> list[Change]:
        """No day shows it: whoever asks facility for it is told when to ask again."""
        if not conflicts:
            return []
        rows = await conn.fetch(sql.SAVE_NOISE, generation, *conflicts)
        return [Change(self.name, row["square_id"], tuple(row["dates"]), tuple(row["ids"])) for row in rows]

    async def _hours(self, conn: Any, generation: int, events: list[TypedEvent[Hours]]) -> list[Change]:
        newest: dict[Any, TypedEvent[Hours]] = {}
        for event in events:
            known = newest.get(event.data.owner_id)
            if event.data.owner_kind == "unit" and (known is None or known.data.decision < event.data.decision):
                newest[event.data.owner_id] = event
        if not newest:
            return []
        ordered = [newest[unit].data for unit in sorted(newest)]
        rows = await conn.fetch(
            sql.SAVE_HOURS,
            generation,
            [data.owner_id for data in ordered],
            [data.decision for data in ordered],
            [data.square_id for data in ordered],
            [None if data.periods is None else to_json(data.periods).decode() for data in ordered],
        )
        return [Change(self.name, square) for square in sorted({row["square_id"] for row in rows})]


def _entries(batch: Batch) -> list[list[Any]]:
    """The columns of all kinds, one below the other."""
    found = [columns for model, row in ENTRIES.items() if (columns := batch.columns(model, row))]
    return [[value for part in parts for value in part] for parts in zip(*found, strict=True)]
