"""What a unit does with its programme. Each command is one transaction; facility is asked for rooms inside it, so that
facility's own event about the room waits for the row and then finds the occurrence already where it should be."""

import contextlib
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared import db, envelope, logs, outbox
from shared.clock import Clock
from shared.contracts.programme import Activity, Occurrence
from shared.http import check_version, correlation_id
from shared.identity import Actor
from shared.policy import require
from shared.problems import IdInUse, Invalid, Message, NotFound, Problem, Unavailable
from shared.programme import domain, places, store
from shared.programme.bodies import PutActivity, PutAttendance, PutOccurrence, PutSeries, Reschedule, SeriesDate
from shared.programme.rooms import Rooms
from shared.types import Contract

log = logs.get(__name__)


@dataclass(frozen=True)
class Unit:
    """One unit service's programme: its name, its database, its clock and its way to facility."""

    service: str
    pool: Any
    clock: Clock
    rooms: Rooms

    def event(self, verb: str, version: int, state: Activity | Occurrence, now: dt.datetime) -> envelope.Event:
        kind = "occurrence" if isinstance(state, Occurrence) else "activity"
        subject = state.occurrence_id if isinstance(state, Occurrence) else state.activity_id
        return envelope.build(
            self.service,
            f"{kind}.{verb}.v1",
            f"{kind}/{subject}",
            version,
            state,
            at=now,
            square_id=state.square_id,
            unit_id=state.unit_id,
            classification="open" if state.public else "internal",
            correlation_id=correlation_id(),
        )


@dataclass(frozen=True)
class Saved:
    version: int
    state: Any
    created: bool = False
    notice: Message | None = None


async def put_activity(unit: Unit, who: Actor, activity_id: UUID, body: PutActivity, seen: int | None) -> Saved:
    """Creates, or changes with the version seen. The same again changes nothing."""
    require(who, "programme.write", square_id=body.square_id, unit_id=body.unit_id)
    await places.check_unit(unit, who, body.unit_id, body.square_id)
    wanted = domain.new_activity(activity_id, body)

    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            known = await store.activity(conn, activity_id, lock=True)
            if known and known[1] == wanted:
                return Saved(*known)
            if known:
                require(who, "programme.write", square_id=known[1].square_id, unit_id=known[1].unit_id)
                check_seen(seen, known[0], known[1])
            return await _save_activity(unit, conn, known, wanted, "changed" if known else "published")

    return await db.retrying(work)


async def withdraw_activity(unit: Unit, who: Actor, activity_id: UUID, seen: int) -> Saved:
    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            known = await store.activity(conn, activity_id, lock=True)
            if not known:
                raise NotFound
            require(who, "programme.write", square_id=known[1].square_id, unit_id=known[1].unit_id)
            check_seen(seen, known[0], known[1])
            return await _save_activity(unit, conn, known, known[1].model_copy(update={"withdrawn": True}), "withdrawn")

    return await db.retrying(work)


async def put_occurrence(unit: Unit, who: Actor, occurrence_id: UUID, body: PutOccurrence) -> Saved:
    """Holds the room, saves, confirms. Raises facility's refusal; without an answer from it, a draft is kept."""
    asked = body.model_dump(mode="json")

    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            known = await store.occurrence(conn, occurrence_id, lock=True)
            if known:
                return _same_request(who, known, asked)
            activity = await _activity(conn, who, body.activity_id)
            draft = domain.new_occurrence(occurrence_id, activity, body, None)
            planned = Planned(draft, None, None) if body.draft else await _with_room(unit, who, draft, activity, body)
            verb = "scheduled" if planned.occurrence.state == "scheduled" else "drafted"
            saved = await _save(unit, conn, 0, planned.occurrence, asked, verb)
            await store.agree(conn, occurrence_id, planned.hold_version or 0)
        await _confirm(unit, who, planned)
        return Saved(saved.version, saved.state, True, planned.notice)

    return await db.retrying(work)


async def schedule(unit: Unit, who: Actor, occurrence_id: UUID, seen: int) -> Saved:
    """Asks again for the room of a draft."""

    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            version, draft, asked = await _locked(conn, who, "programme.write", occurrence_id, seen)
            activity = await _activity(conn, who, draft.activity_id)
            planned = await _with_room(unit, who, draft, activity, None)
            if planned.notice:
                raise Unavailable(planned.notice)
            saved = await _save(unit, conn, version, planned.occurrence, asked, "scheduled")
            await store.agree(conn, occurrence_id, planned.hold_version or 0)
        await _confirm(unit, who, planned)
        return saved

    return await db.retrying(work)


async def reschedule(unit: Unit, who: Actor, occurrence_id: UUID, seen: int, body: Reschedule) -> Saved:
    """Another time or room for one date, with its booking; facility's refusal leaves everything as it was."""

    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            version, present, asked = await _locked(conn, who, "programme.write", occurrence_id, seen)
            moved, planned, booked = domain.rescheduled(present, body), None, None
            if moved.state != "draft" and moved.space_ids:
                if domain.can_move_booking(present):
                    booked = await unit.rooms.move(who, moved, body.override)
                else:
                    activity = await _activity(conn, who, present.activity_id)
                    booking_id, booked = await unit.rooms.hold(who, moved, activity, body.override)
                    moved = moved.model_copy(update={"booking_id": booking_id})
                    planned = Planned(moved, booked, None)
            elif not moved.space_ids:
                moved = moved.model_copy(update={"booking_id": None})
            saved = await _save(unit, conn, version, moved, asked, "rescheduled")
            if booked:
                await store.agree(conn, occurrence_id, booked)
        if planned:
            await _confirm(unit, who, planned)
        if present.booking_id and present.booking_id != moved.booking_id:
            await _give_up(unit, who, present.booking_id)
        return saved

    return await db.retrying(work)


async def cancel(unit: Unit, who: Actor, occurrence_id: UUID, seen: int, reason_code: str) -> Saved:
    """Only this date. Facility frees the room when it hears of it."""
    return await _change(unit, who, occurrence_id, seen, "cancelled", lambda one: domain.cancelled(one, reason_code))


async def accept(unit: Unit, who: Actor, occurrence_id: UUID, seen: int) -> Saved:
    return await _change(unit, who, occurrence_id, seen, "scheduled", domain.accepted)


async def count(unit: Unit, who: Actor, occurrence_id: UUID, body: PutAttendance) -> Saved:
    """A head count; another one later is the next revision. The same again changes nothing."""

    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            version, present, asked = await _locked(conn, who, "attendance.write", occurrence_id, None)
            counted = domain.counted(present, body, unit.clock.now())
            if counted is None:
                return Saved(version, present)
            return await _save(unit, conn, version, counted, asked, "attendance_recorded")

    return await db.retrying(work)


async def put_series(unit: Unit, who: Actor, series_id: UUID, body: PutSeries) -> tuple[list[store.Row], bool]:
    """Many dates of one activity in one go; what facility refuses is kept as a draft with the reason.

    The rows in date order, and whether they are new. The same request again answers with what came of it.
    """
    asked = body.model_dump(mode="json")

    async def work() -> tuple[list[store.Row], bool]:
        async with db.transaction(unit.pool) as conn:
            known = await store.of_series(conn, series_id)
            if known:
                for row in known:
                    _same_request(who, row, asked)
                return known, False
            activity = await _activity(conn, who, body.activity_id)
            zones = await places.known_zones(conn, {activity.square_id})
            dates = domain.minding_holidays(body.occurrences, body.on_holidays, zones[activity.square_id])
            rows = await _decide_series(unit, who, series_id, activity, body, dates, asked)
            await store.save_occurrences(conn, rows)
            now = unit.clock.now()
            verbs = {"scheduled": "scheduled", "draft": "drafted"}
            await outbox.record_many(
                conn, [unit.event(verbs[state.state], version, state, now) for version, state, _ in rows]
            )
            return rows, True

    return await db.retrying(work)


@dataclass(frozen=True)
class Planned:
    """An occurrence with the version of its hold, or with the notice why it stayed a draft."""

    occurrence: Occurrence
    hold_version: int | None
    notice: Message | None


async def _with_room(
    unit: Unit, who: Actor, draft: Occurrence, activity: Activity, body: PutOccurrence | None
) -> Planned:
    if not draft.space_ids:
        return Planned(domain.scheduled(draft, None), None, None)
    try:
        booking_id, version = await unit.rooms.hold(who, draft, activity, bool(body and body.override))
    except Unavailable:
        return Planned(
            draft,
            None,
            Message(
                "Romtjenesten svarer ikke. Lagret som utkast med romønsket.",
                "The room service does not answer. Saved as a draft with the room wish.",
            ),
        )
    return Planned(domain.scheduled(draft, booking_id), version, None)


async def _confirm(unit: Unit, who: Actor, planned: Planned) -> None:
    """The occurrence's own event confirms the hold too, should this be lost."""
    if planned.hold_version is None or planned.occurrence.booking_id is None:
        return
    try:
        await unit.rooms.confirm(who, planned.occurrence.booking_id, planned.hold_version)
    except Problem as problem:
        log.info("confirm_left_to_event", code=problem.code)


async def _give_up(unit: Unit, who: Actor, booking_id: UUID) -> None:
    with contextlib.suppress(Problem):  # it no longer stands, or facility learns of it by the occurrence's event
        await unit.rooms.cancel(who, booking_id)


async def _decide_series(
    unit: Unit,
    who: Actor,
    series_id: UUID,
    activity: Activity,
    body: PutSeries,
    dates: Sequence[SeriesDate],
    asked: dict[str, Any],
) -> list[store.Row]:
    shared = body.model_dump(exclude={"occurrences", "on_holidays"})
    drafts = []
    for date in sorted(dates, key=lambda one: one.starts_at):
        one = PutOccurrence.model_validate({**shared, "starts_at": date.starts_at, "ends_at": date.ends_at})
        draft = domain.new_occurrence(date.id, activity, one, series_id)
        drafts.append(draft.model_copy(update={"booking_id": domain.booking_id_of(date.id) if one.space_ids else None}))
    if not body.space_ids:
        return [(1, domain.scheduled(draft, None), asked) for draft in drafts]
    decided = await unit.rooms.series(who, series_id, activity, drafts, body.override)
    rows: list[store.Row] = []
    for draft in drafts:
        taken = draft.booking_id is not None and decided[draft.booking_id]["outcome"] == "confirmed"
        state = domain.scheduled(draft, draft.booking_id) if taken else draft.model_copy(update={"booking_id": None})
        rows.append((1, state, asked))
    return rows


async def _change(
    unit: Unit, who: Actor, occurrence_id: UUID, seen: int, verb: str, decide: Callable[[Occurrence], Occurrence]
) -> Saved:
    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            version, present, asked = await _locked(conn, who, "programme.write", occurrence_id, seen)
            return await _save(unit, conn, version, decide(present), asked, verb)

    return await db.retrying(work)


async def _save(unit: Unit, conn: Any, version: int, state: Occurrence, asked: dict[str, Any], verb: str) -> Saved:
    if not await store.save_occurrence(conn, version + 1, state, asked):
        raise IdInUse
    await outbox.record(conn, unit.event(verb, version + 1, state, unit.clock.now()))
    return Saved(version + 1, state)


async def _save_activity(
    unit: Unit, conn: Any, known: tuple[int, Activity] | None, state: Activity, verb: str
) -> Saved:
    version = known[0] + 1 if known else 1
    if not await store.save_activity(conn, version, state):
        raise IdInUse
    await outbox.record(conn, unit.event(verb, version, state, unit.clock.now()))
    return Saved(version, state, known is None)


async def _locked(conn: Any, who: Actor, action: Any, occurrence_id: UUID, seen: int | None) -> store.Row:
    """The occurrence, locked, once the asker may do this and has seen its present version (None: need not have)."""
    known = await store.occurrence(conn, occurrence_id, lock=True)
    if not known:
        raise NotFound
    require(who, action, square_id=known[1].square_id, unit_id=known[1].unit_id)
    if seen is not None:
        check_seen(seen, known[0], known[1])
    return known


def check_seen(seen: int | None, version: int, state: Contract) -> None:
    check_version(seen, version, lambda: shown(version, state))


def shown(version: int, state: Contract) -> dict[str, Any]:
    return {**state.model_dump(mode="json"), "version": version}


def _same_request(who: Actor, known: store.Row, asked: dict[str, Any]) -> Saved:
    version, state, was_asked = known
    require(who, "programme.read", square_id=state.square_id, unit_id=state.unit_id)
    if was_asked != asked:
        raise IdInUse
    return Saved(version, state)


async def _activity(conn: Any, who: Actor, activity_id: UUID) -> Activity:
    """Raises Invalid when there is none, or it was withdrawn."""
    known = await store.activity(conn, activity_id)
    if not known or known[1].withdrawn:
        message = Message("Aktiviteten finnes ikke.", "There is no such activity.")
        raise Invalid(message, errors=[{"loc": ["activity_id"], "message": message}])
    require(who, "programme.write", square_id=known[1].square_id, unit_id=known[1].unit_id)
    return known[1]
