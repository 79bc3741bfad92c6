"""A batch: records of one transaction, decoded each alone and folded to the newest version of each subject."""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from services.aggregator.decoding import Decoder, Refused
from services.aggregator.projections import SLICE, Batch, Projection
from shared.deadletter import Letter, letter_of
from shared.kafka import Record
from shared.types import Contract

CONSUMER = "projector"

Place = tuple[str, int]  # topic and partition


@dataclass
class Prepared:
    """What one transaction will write. `records` are kept so that a refused batch can be tried in halves."""

    records: Sequence[Record]
    folded: dict[type[Contract], dict[str, Any]] = field(default_factory=dict)
    positions: dict[Place, tuple[int, dt.datetime | None]] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    @cached_property
    def batch(self) -> Batch:
        """To be asked for when all is folded."""
        return Batch(self.folded)


async def prepare(
    records: Sequence[Record], decoder: Decoder, now: dt.datetime, projections: Sequence[Projection] = ()
) -> Prepared:
    """Decoded, folded, and with what `projections` can compute without the database."""
    prepared = Prepared(records)
    for start in range(0, len(records), SLICE):
        _fold(prepared, records[start : start + SLICE], decoder, now)
        await asyncio.sleep(0)
    await prepared.batch.make(projections)
    return prepared


def _fold(prepared: Prepared, records: Iterable[Record], decoder: Decoder, now: dt.datetime) -> None:
    folded, positions, counts = prepared.folded, prepared.positions, prepared.counts
    for record in records:
        place = (record.topic, record.partition)
        event_time = positions[place][1] if place in positions else None
        try:
            found = decoder.decode(record)
        except Refused as refused:
            prepared.letters.append(letter_of(record, CONSUMER, refused.code, refused.reason, now))
            counts[record.topic, "dead_letter"] += 1
        else:
            counts[record.topic, "applied" if found else "skipped"] += 1
            if found:
                model, event = found
                subjects = folded.setdefault(model, {})
                known = subjects.get(event.subject)
                if known is None or known.subjectversion < event.subjectversion:
                    subjects[event.subject] = event
                if event_time is None or event.time > event_time:
                    event_time = event.time
        positions[place] = (record.offset + 1, event_time)


def refuse(record: Record, code: str, reason: str, now: dt.datetime) -> Prepared:
    """A batch of the one record that could not be written: a dead letter and the position behind it."""
    alone = Prepared([record])
    alone.letters.append(letter_of(record, CONSUMER, code, reason, now))
    alone.positions[record.topic, record.partition] = (record.offset + 1, None)
    alone.counts[record.topic, "dead_letter"] += 1
    return alone
