"""Views as folds of the log, and how to add one.

A projection is an object with the members of `Projection` below, listed in `services/aggregator/app.py`. To add one:

1. Tables, in `services/aggregator/migrations/`. Every table of a view begins with `generation smallint not null`, and
   so does every key and index. A rebuild writes the next generation beside the live one and swaps by changing one
   number, so a statement that filters on one generation never sees half a view. Name the tables in `tables`.
2. `models`: the contract models the view is made of.
   `rows`: where it pays, the functions that turn an event into the columns of a table; else empty.
3. `apply(conn, generation, batch)`: called inside the batch's transaction, with at most a few thousand events.
   `batch.newest(Model)` gives the newest event of each subject in the batch, sorted by subject; `event.data` is the
   model, `event.subjectversion` its version. Write them with one `unnest` upsert each, guarded by
   `where excluded.version > t.version`. Never touch a row twice in one statement, read the clock or call Kafka.
   What makes the view equal the fold of the log, whatever is repeated, reordered or shared out among processes:
   - a row is fed by one subject's history (newest version wins), or is derived: recomputed, never added to;
   - applying a batch again, or an older version after a newer, changes nothing and reports no change;
   - before deriving a row from rows of several subjects, take the view's lock: `await lock(conn, self, generation)`.
   A derived row may also be marked stale and recomputed later by `settle`, if readers compute stale ones themselves.
4. Return what changed as `Change` rows: the view's name, square, local dates and ids. Browsers hear of it at once.
5. Reading: `where generation = (select generation from projection where name = '<view>')` in each statement; several
   statements that must agree go into one `repeatable read` transaction (`store.snapshot(pool)`).

What must not happen in `apply`: swallowing an error. A data error from PostgreSQL makes the projector try the batch in
halves until the one bad record is alone and goes to the dead letters; an outage is retried with back-off.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from shared.envelope import Envelope
from shared.types import Contract

M = TypeVar("M", bound=Contract)
# None: nothing of this event is kept.
Row = Callable[[Any], tuple[Any, ...] | None]
# Work on a batch gives the loop back this often: the statement of the batch before is on the wire meanwhile.
SLICE = 25

# One writer at a time derives rows of a view's generation; held until commit, so the next one sees what was derived.
LOCK = "select pg_advisory_xact_lock(hashtext($1), $2)"


class TypedEvent(Envelope, Generic[M]):
    """An event whose data has been read as its contract's model."""

    data: M


@dataclass(frozen=True, slots=True)
class Change:
    """What a browser should fetch again: a view of a square (None: of all), its local dates (none: all), the items."""

    view: str
    square_id: UUID | None
    dates: tuple[dt.date, ...] = ()
    ids: tuple[str, ...] = ()


class Batch:
    """The newest event of each subject among the records of one transaction."""

    def __init__(self, folded: Mapping[type[Contract], Mapping[str, Any]]) -> None:
        self._folded = folded
        self._columns: dict[Row, list[list[Any]]] = {}

    def newest(self, model: type[M]) -> list[TypedEvent[M]]:
        """Sorted by subject, so that all writers lock rows in one order."""
        by_subject = self._folded.get(model)
        return [by_subject[subject] for subject in sorted(by_subject)] if by_subject else []

    async def make(self, projections: Iterable["Projection"]) -> None:
        """Computes the columns ahead, while the batch before is in the database, giving the loop back in between."""
        for row in (row for one in projections for row in one.rows.items()):
            await self._make(*row)

    async def _make(self, model: type[Contract], row: "Row") -> None:
        rows: list[tuple[Any, ...]] = []
        for number, event in enumerate(self.newest(model), 1):
            try:
                made = row(event)
            except Exception:  # tried again inside the transaction, where a bad record is found and put aside
                return
            if made is not None:
                rows.append(made)
            if number % SLICE == 0:
                await asyncio.sleep(0)
        self._columns[row] = _transposed(rows)

    def columns(self, model: type[Contract], row: "Row") -> list[list[Any]]:
        """`row` of the newest event of each subject, as one list for each column; empty where no row came of any."""
        if row not in self._columns:
            self._columns[row] = _transposed(made for event in self.newest(model) if (made := row(event)) is not None)
        return self._columns[row]

    def has(self, models: Iterable[type[Contract]]) -> bool:
        return any(model in self._folded for model in models)


def _transposed(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


class Projection(Protocol):
    @property
    def rows(self) -> Mapping[type[Contract], "Row"]:
        """How events become the columns of `Batch.columns`: the pure and costly part, done before the transaction."""

    @property
    def name(self) -> str:
        """The view's name, as in `/api/aggregator/rebuild/{view}`."""

    @property
    def tables(self) -> Sequence[str]:
        """Its tables, each with a leading `generation` column."""

    @property
    def models(self) -> frozenset[type[Contract]]:
        """What it is made of."""

    async def apply(self, conn: Any, generation: int, batch: Batch) -> Sequence[Change]:
        """Called inside a transaction, only with a batch that holds at least one of `models`."""

    async def settle(self, conn: Any, generation: int) -> int:
        """Recompute some derived rows that `apply` left stale, in the caller's transaction; how many were done.

        Called when the projector has time and before a rebuilt view goes live, until it answers 0.
        """


async def lock(conn: Any, projection: Projection, generation: int) -> None:
    await conn.execute(LOCK, projection.name, generation)
