"""What a unit does with its programme. Each command is one transaction; facility is asked for rooms inside it, so that
facility's own event about the room waits for the row and then finds the occurrence already where it should be."""

import contextlib
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from shared import db, envelope, outbox
from shared.clock import Clock
from shared.contracts.programme import Activity, Occurrence
from shared.http import check_version, correlation_id
from shared.identity import Actor
from shared.policy import require
from shared.problems import IdInUse, Invalid, Message, NotFound, Problem
from shared.programme import asking, bodies, domain, places, store
from shared.programme.asking import Planned
from shared.programme.bodies import PutActivity, PutAttendance, PutOccurrence, PutSeries, Reschedule, SeriesDate, Terms
from shared.programme.rooms import Rooms, brought
from shared.types import Contract


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
    warnings: Sequence[dict[str, Any]] = ()


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
    """Holds the room, saves, confirms; or requests it, and keeps a draft until that is granted.

    Raises facility's refusal; without an answer from it, a draft is kept.
    """
    asked = bodies.asked(body)

    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            await asking.take_turn(conn, body, [occurrence_id])
            known = await store.occurrence(conn, occurrence_id, lock=True)
            if known:
                return _same_request(who, known, asked)
            activity = await _activity(conn, who, body.activity_id)
            draft = domain.new_occurrence(occurrence_id, activity, body, None)
            async with asking.noted(unit.pool, unit.clock.now(), body, [(0, draft, asked)]):
                planned = Planned(draft) if body.draft else await asking.room(unit.rooms, who, draft, 0, activity, body)
            verb = "scheduled" if planned.occurrence.state == "scheduled" else "drafted"
            saved = await _save(unit, conn, 0, planned.occurrence, asked, verb)
            await store.agree(conn, occurrence_id, planned.booking_version or 0)
            await asking.done(conn, body, [occurrence_id])
        await asking.confirm(unit.rooms, who, planned)
        return replace(saved, created=True, notice=planned.notice, warnings=planned.warnings)

    return await db.retrying(work)


async def schedule(unit: Unit, who: Actor, occurrence_id: UUID, seen: int, terms: Terms) -> Saved:
    """Asks again for the room of a draft, on the same terms or on others. What it requests already it goes on to."""

    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            await asking.take_turn(conn, terms, [occurrence_id])
            version, draft, asked = await _locked(conn, who, "programme.write", occurrence_id, seen)
            domain.check_draft(draft)
            activity = await _activity(conn, who, draft.activity_id)
            wanted, before = domain.on_terms(draft, terms), domain.request_of(draft)
            async with asking.noted(unit.pool, unit.clock.now(), terms, [(version, wanted, asked)]):
                planned = await asking.another_room(unit.rooms, who, wanted, version, activity, terms, before)
            await asking.done(conn, terms, [occurrence_id])
            if planned.occurrence == draft:
                return Saved(version, draft)
            verb = "scheduled" if planned.occurrence.state == "scheduled" else "changed"
            saved = await _save(unit, conn, version, planned.occurrence, asked, verb)
            await store.agree(conn, occurrence_id, planned.booking_version or 0)
        await asking.confirm(unit.rooms, who, planned)
        return replace(saved, warnings=planned.warnings)

    return await db.retrying(work)


async def reschedule(unit: Unit, who: Actor, occurrence_id: UUID, seen: int, body: Reschedule) -> Saved:
    """Another time or room for one date, with its booking; facility's refusal leaves everything as it was.

    A draft asks for no room, unless it is to request it. A date that requests the room stays where it is until the
    answer. What was requested before is withdrawn.
    """

    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            await asking.take_turn(conn, body, [occurrence_id])
            version, present, asked = await _locked(conn, who, "programme.write", occurrence_id, None)
            if body.request and domain.asks_already(present, body):
                return Saved(version, present)
            check_seen(seen, version, present)
            moved = domain.rescheduled(present, body)
            async with asking.noted(unit.pool, unit.clock.now(), body, [(version, moved, asked)]):
                planned = await _move(unit, conn, who, (version, present), moved, body)
            verb = "changed" if domain.move_asked_for(planned.occurrence) else "rescheduled"
            saved = await _save(unit, conn, version, planned.occurrence, asked, verb)
            if planned.booking_version:
                await store.agree(conn, occurrence_id, planned.booking_version)
            await asking.done(conn, body, [occurrence_id])
        await asking.confirm(unit.rooms, who, planned)
        if present.state != "draft" and present.booking_id and present.booking_id != planned.occurrence.booking_id:
            await asking.give_up(unit.rooms, who, present.booking_id)
        return replace(saved, warnings=planned.warnings)

    return await db.retrying(work)


async def _move(
    unit: Unit, conn: Any, who: Actor, known: tuple[int, Occurrence], moved: Occurrence, body: Reschedule
) -> Planned:
    version, present = known
    if moved.state == "draft":
        return await _move_draft(unit, conn, who, known, domain.without_request(moved), body)
    before = domain.move_asked_for(present)
    if body.request and moved.space_ids:
        activity = await _activity(conn, who, present.activity_id)
        return await asking.to_move(unit.rooms, who, present, version, moved, activity, body)
    planned = await _move_planned(unit, conn, who, known, moved, body)
    if before:
        await unit.rooms.withdraw(who, before)
    return planned


async def _move_planned(
    unit: Unit, conn: Any, who: Actor, known: tuple[int, Occurrence], moved: Occurrence, body: Reschedule
) -> Planned:
    version, present = known
    if not moved.space_ids:
        return Planned(moved.model_copy(update={"booking_id": None}))
    if present.booking_id and (there := await unit.rooms.move(who, moved, present.booking_id, body)):
        return Planned(moved, there.version, warnings=there.warnings)
    activity = await _activity(conn, who, present.activity_id)
    booked = await unit.rooms.book(who, moved, version, activity, body)
    return asking.as_booked(moved.model_copy(update={"booking_id": booked.id}), booked)


async def _move_draft(
    unit: Unit, conn: Any, who: Actor, known: tuple[int, Occurrence], moved: Occurrence, body: Reschedule
) -> Planned:
    version, present = known
    before = domain.request_of(present)
    if body.request:
        activity = await _activity(conn, who, present.activity_id)
        return await asking.another_room(unit.rooms, who, moved, version, activity, body, before)
    if before:
        await unit.rooms.cancel(who, before)
    return Planned(moved)


async def stay(unit: Unit, who: Actor, occurrence_id: UUID, seen: int) -> Saved:
    """Where it is: the move that was requested is taken back, or one that was refused put aside.

    Raises WrongState where there is none, Conflict where it was granted meanwhile.
    """

    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            version, present, asked = await _locked(conn, who, "programme.write", occurrence_id, seen)
            stays, before = domain.staying(present), domain.move_asked_for(present)
            if before:
                await unit.rooms.withdraw(who, before)
            return await _save(unit, conn, version, stays, asked, "changed")

    return await db.retrying(work)


async def cancel(unit: Unit, who: Actor, occurrence_id: UUID, seen: int, reason_code: str) -> Saved:
    """Only this date. Facility frees the room when it hears of it, and forgets a move that was requested."""
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
    """Many dates of one activity in one go; what facility refuses, or is only requested, is kept as a draft.

    The rows in date order, and whether they are new. The same request again answers with what came of it, and makes the
    dates that are missing where the unit died over it.
    """
    asked = bodies.asked(body)

    async def work() -> tuple[list[store.Row], bool]:
        async with db.transaction(unit.pool) as conn:
            await asking.take_turn(conn, body, [date.id for date in body.occurrences])
            known = await store.of_series(conn, series_id)
            for row in known:
                _same_request(who, row, asked)
            if known and len(known) == len(await _dates(conn, known[0][1].square_id, body)):
                return known, False
            activity = await _activity(conn, who, body.activity_id)
            dates = await _dates(conn, activity.square_id, body)
            rows = await _decide_series(unit, who, series_id, activity, body, dates, asked)
            there = {state.occurrence_id for _, state, _ in known}
            rows = [row for row in rows if row[1].occurrence_id not in there]
            await store.save_occurrences(conn, rows)
            await asking.done(conn, body, [date.id for date in dates])
            now = unit.clock.now()
            verbs = {"scheduled": "scheduled", "draft": "drafted"}
            await outbox.record_many(
                conn, [unit.event(verbs[state.state], version, state, now) for version, state, _ in rows]
            )
            return (await store.of_series(conn, series_id), False) if known else (rows, True)

    return await db.retrying(work)


async def _dates(conn: Any, square_id: UUID, body: PutSeries) -> list[SeriesDate]:
    zones = await places.known_zones(conn, {square_id})
    return domain.minding_holidays(body.occurrences, body.on_holidays, zones[square_id])


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
    async with asking.noted(unit.pool, unit.clock.now(), body, [(0, draft, asked) for draft in drafts]):
        decided = await unit.rooms.series(who, series_id, activity, drafts, body)
    return [(1, _as_decided(draft, decided), asked) for draft in drafts]


def _as_decided(draft: Occurrence, decided: Mapping[UUID, dict[str, Any]]) -> Occurrence:
    found = decided[draft.booking_id] if draft.booking_id else None
    if not found or not draft.booking_id or found["outcome"] != "confirmed":
        return domain.without_request(draft)
    return domain.after_asking(draft, draft.booking_id, found["state"])


async def told_of_dates(
    unit: Unit, who: Actor, series_id: UUID, rows: Sequence[store.Row]
) -> dict[UUID, dict[str, Any]]:
    """By occurrence, what facility said of the dates of a series: of one that stayed a draft why, as `refusal`, of one
    that stands as it was made what it warns of, as `warnings`. Nothing where it does not say."""
    dates = [state for _, state, _ in rows if domain.is_as_decided(state)]
    if not dates:
        return {}
    said: dict[UUID, dict[str, Any]] = {}
    with contextlib.suppress(Problem):  # the dates are kept all the same, and can be asked for one by one
        said = await unit.rooms.dates_of_series(who, series_id)
    found = {one.occurrence_id: said.get(domain.booking_id_of(one.occurrence_id), {}) for one in dates}
    return {occurrence: told for occurrence, row in found.items() if (told := _told_of(row))}


def _told_of(row: Mapping[str, Any]) -> dict[str, Any]:
    if row and row["outcome"] != "confirmed":
        return {"refusal": {"reason": row["reason"], "reasons": row["reasons"]}}
    return {"warnings": row["warnings"]} if row.get("warnings") else {}


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
    """As it is answered with. Equipment is written as callers send it."""
    again = {"equipment": brought(state)} if isinstance(state, Occurrence) else {}
    return {**state.model_dump(mode="json"), **again, "version": version}


def _same_request(who: Actor, known: store.Row, asked: dict[str, Any]) -> Saved:
    version, state, was_asked = known
    require(who, "programme.read", square_id=state.square_id, unit_id=state.unit_id)
    if not bodies.same(was_asked, asked):
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
