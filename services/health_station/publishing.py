"""What the health station says of its rooms: each quarter of an hour, the days whose taken half hours have changed.

The quarter of an hour is the event's time, and nothing of the request that changed an appointment comes along, so that
neither when nor how often somebody was at work on a day can be told from outside.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from services.health_station import domain, room_store
from services.health_station.room_store import Day, Touched
from shared import db, envelope, outbox
from shared.contracts.health_station import BusyBlock, RoomBusy
from shared.failpoints import failpoint
from shared.programme import places
from shared.programme.commands import Unit


async def publish_due(unit: Unit) -> None:
    """Once for each quarter of an hour, also by several processes; a missed one is made up for by the next."""

    async def work() -> None:
        quarter = domain.quarter(unit.clock.now())
        async with db.transaction(unit.pool) as conn:
            if await room_store.published_at(conn) == quarter:
                return
            changed = await _changed(conn)
            for day in changed:
                await room_store.save_day(conn, day)
            await room_store.save_published_at(conn, quarter)
            await outbox.record_many(conn, [_said(unit.service, day, quarter) for day in changed])
            failpoint("busy.recorded")

    await db.retrying(work)


async def _changed(conn: Any) -> list[Day]:
    """In the order of rooms and dates."""
    touched = await room_store.take_touched(conn)
    known = await room_store.days(conn, [(one.space_id, one.local_date) for one in touched])
    blocks = await _blocks(conn, touched)
    changed = []
    for one, now in zip(touched, blocks, strict=True):
        before = known.get((one.space_id, one.local_date))
        if now != (before.blocks if before else []):
            version = before.version + 1 if before else 1
            changed.append(Day(one.space_id, one.local_date, version, one.unit_id, one.square_id, now, []))
    return changed


async def _blocks(conn: Any, touched: Sequence[Touched]) -> list[list[BusyBlock]]:
    zones = await places.known_zones(conn, {one.square_id for one in touched})
    windows = [(one.space_id, domain.day(one.local_date, zones[one.square_id])) for one in touched]
    times = await room_store.times(conn, windows)
    return [
        domain.busy_blocks(found, one.local_date, zones[one.square_id])
        for one, found in zip(touched, times, strict=True)
    ]


def _said(service: str, day: Day, quarter: dt.datetime) -> envelope.Event:
    return envelope.build(
        service,
        "room_busy.published.v1",
        f"room_busy/{day.space_id}/{day.local_date}",
        day.version,
        RoomBusy(
            space_id=day.space_id,
            square_id=day.square_id,
            unit_id=day.unit_id,
            local_date=day.local_date,
            blocks=day.blocks,
        ),
        at=quarter,
        square_id=day.square_id,
        unit_id=day.unit_id,
        classification="restricted",
    )
