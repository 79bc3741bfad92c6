"""What the audit says of facility's commands. Written before the events, in the same transaction."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.facility.booking.domain import Booking, Closure
from shared import audit
from shared.audit import Entry
from shared.identity import Actor

State = Mapping[str, Any]


async def booking(
    conn: Any, actor: Actor, what: str, before: Booking | None, after: Booking, *, caused_by: str | None = None
) -> None:
    await audit.record(conn, [booking_entry(actor, what, before, after, caused_by=caused_by)])


def booking_entry(
    actor: Actor, what: str, before: Booking | None, after: Booking, *, caused_by: str | None = None
) -> Entry:
    return Entry(
        at=after.updated_at,
        actor=actor,
        action=f"booking.{what}",
        object=f"booking/{after.id}",
        square_id=after.square_id,
        unit_id=after.about.unit_id,
        reason_code=after.reason_code,
        before=_booking(before) if before else None,
        after=_booking(after),
        caused_by=caused_by,
    )


async def series(
    conn: Any, actor: Actor, series_id: UUID, square_id: UUID, asked: State, outcomes: Sequence[State], at: dt.datetime
) -> None:
    """One entry for all dates: a series is decided in one act."""
    shared = {name: value for name, value in asked.items() if name != "occurrences"}
    dates = [{name: one[name] for name in ("id", "outcome", "reason")} for one in outcomes]
    told = shared | {"title": audit.digest(asked.get("title")), "dates": dates}
    unit_id = UUID(asked["unit_id"]) if asked.get("unit_id") else None
    await changed(conn, actor, "series.put", f"series/{series_id}", square_id, unit_id, at=at, after=told)


async def closure(conn: Any, actor: Actor, what: str, before: Closure | None, after: Closure) -> None:
    entry = Entry(
        at=after.lifted_at or after.declared_at,
        actor=actor,
        action=f"closure.{what}",
        object=f"closure/{after.id}",
        square_id=after.square_id,
        unit_id=after.unit_id,
        reason_code=after.reason_code,
        before=_closure(before) if before else None,
        after=_closure(after),
    )
    await audit.record(conn, [entry])


async def changed(
    conn: Any,
    actor: Actor,
    action: str,
    subject: str,
    square_id: UUID,
    unit_id: UUID | None = None,
    *,
    at: dt.datetime,
    before: State | None = None,
    after: State | None = None,
) -> None:
    """Of the house itself: squares, units, spaces, hours, policies. What they are called is public."""
    entry = Entry(
        at=at,
        actor=actor,
        action=action,
        object=subject,
        square_id=square_id,
        unit_id=unit_id,
        before=_plain(before) if before else None,
        after=_plain(after) if after else None,
    )
    await audit.record(conn, [entry])


def _booking(booking: Booking) -> dict[str, Any]:
    about, slot = booking.about, booking.slot
    return _plain(
        {
            "version": booking.version,
            "state": booking.state,
            "state_before": booking.state_before,
            **vars(slot),
            "hold_until": booking.hold_until,
            "override": booking.override,
            "title": audit.digest(about.title),
            "unit_id": about.unit_id,
            "owner_ref": about.owner_ref,
            "series_id": about.series_id,
            "organiser_kind": about.organiser_kind,
            "expected_people": about.expected_people,
            "purpose": about.purpose,
            "responsible_role": about.responsible_role,
            "organiser_id": about.organiser_id,
            "touches": about.touches,
            "noise_out": about.noise_out,
            "quiet_need": about.quiet_need,
            "checked_in_at": booking.checked_in_at,
            "needs": about.needs,
            "layout": about.layout,
            "equipment": [one.model_dump(mode="json") for one in booking.equipment],
            "reason_code": booking.reason_code,
            "closure_id": booking.closure_id,
        }
    )


def _closure(closure: Closure) -> dict[str, Any]:
    beside = ("id", "zone", "asked", "square_id")
    return _plain({name: value for name, value in vars(closure).items() if name not in beside})


def _plain(state: State) -> dict[str, Any]:
    return {name: _json(value) for name, value in state.items()}


def _json(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple):
        return [_json(one) for one in value]
    return str(value) if isinstance(value, UUID) else value
