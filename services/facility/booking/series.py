"""Series, by dates or by a rule: decided date by date in the order of time; what clashes is kept as refused, with what
blocked it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from services.facility.approval import commands as approval
from services.facility.approval.commands import Opened
from services.facility.audit import trail
from services.facility.booking import (
    bodies,
    by_rule,
    closure_store,
    domain,
    explain,
    gear,
    house,
    on_holidays,
    refusals,
    rights,
    store,
    timeline,
)
from services.facility.booking.bodies import Date, PutSeries, time_of
from services.facility.booking.desk import Desk, Overtaken, again
from services.facility.booking.domain import Blocker, Booking, Fault, Refusal
from services.facility.booking.events import booking_event
from services.facility.booking.free import Range
from services.facility.booking.house import House
from services.facility.booking.on_holidays import Passed
from services.facility.booking.timeline import Survey
from services.facility.booking.wishes import check_gear, hold_end
from services.facility.equipment.domain import Lack
from services.facility.noise.listening import leaves_around
from services.facility.policy import rulebook
from services.facility.policy.domain import Terms
from services.facility.policy.rulebook import NOTHING, Rulebook, Ruling
from shared import db, outbox
from shared.contracts.facility import OCCUPYING
from shared.envelope import Event
from shared.identity import Actor
from shared.problems import IdInUse, Invalid, NotFound
from shared.recurrence import written as recurrence
from shared.recurrence.written import WrittenRecurrence
from shared.types import LATEST
from shared.walltime import written


@dataclass(frozen=True)
class Outcome:
    """What became of one date. `booking` is None when it could not even be read."""

    id: Any  # as it was sent, where it is no id
    refusal: Refusal | None
    blocking: tuple[UUID, ...]
    booking: Booking | None
    fault: Fault | None = None
    ruling: Ruling = NOTHING
    lacking: tuple[tuple[UUID, Lack], ...] = ()  # who has the equipment, where that is what is in the way

    def kept(self) -> dict[str, Any]:
        """With its times where they could be read: who sent a rule has not seen them yet."""
        slot, zone = (self.booking.slot, self.booking.zone) if self.booking else (None, None)
        kept = {
            "id": self.id,
            "outcome": "rejected" if self.refusal else "confirmed",
            "reason": self.refusal,
            "blocking": [str(other) for other in self.blocking],
            "starts_at": written(slot.starts_at, zone) if slot and zone else None,
            "ends_at": written(slot.ends_at, zone) if slot and zone else None,
            "fault": self.fault and self.fault.rule,
            "lacking": [_kept_lack(other, lack) for other, lack in self.lacking],
        }
        breaches = self.ruling.breaches if self.refusal == "policy" else ()
        return kept | {"breaches": [breach.kept() for breach in breaches]} if breaches else kept


def _kept_lack(other: UUID, lack: Lack) -> dict[str, Any]:
    told = {"blocking_id": str(other), "equipment_id": str(lack.thing.equipment_id)}
    return {**told, "wanted": lack.wanted, "free": lack.free}


@dataclass(frozen=True)
class Plan:
    """A date as it was read: a booking to be decided, or a fault."""

    id: Any
    start: dt.datetime
    booking: Booking | None
    fault: Fault | None = None


async def put(desk: Desk, actor: Actor, series_id: UUID, body: PutSeries) -> list[dict[str, Any]]:
    """The outcome of each date, in date order, ties as sent. The same body again gets the first answer.

    Raises Invalid or Forbidden for what all dates share, InvalidRule, and IdInUse.
    """
    rule = None if body.rule is None else recurrence.parse(body.rule)
    outcomes = await again(lambda: _put(desk, actor, series_id, body, rule))
    async with db.connection(desk.pool) as conn:
        return await _told(conn, desk.clock.now(), actor, body.space_ids, outcomes, await _bookings(conn, outcomes))


async def _put(
    desk: Desk, actor: Actor, series_id: UUID, body: PutSeries, rule: WrittenRecurrence | None
) -> list[dict[str, Any]]:
    asked = {**bodies.asked(body), "rule": rule.model_dump(mode="json") if rule else None}
    async with db.transaction(desk.pool) as conn:
        known = await closure_store.find_series(conn, series_id)
        if known:
            return _same(known, actor, body, asked)
        place = await house.load(conn, body.space_ids)
        place.check_bookable(body.state)
        unit = await house.unit(conn, body.unit_id)
        await house.check_units(conn, body.touches)
        now = desk.clock.now()
        _check_hold(body, place, now)
        rights.check_write(actor, place.squares, body.unit_id, body.state, body.override)
        await check_gear(conn, actor, gear.brought(body.equipment), body.unit_id)
        shared = _Shared(series_id, body, place, unit[1] if unit else None, now)
        dates = await by_rule.dates(series_id, rule, place.zone, now) if rule else body.occurrences or []
        dates, passed = on_holidays.apply(dates, body.on_holidays or "keep", place.zone)
        plans = sorted((shared.read(date) for date in dates), key=lambda plan: plan.start)
        plans = await _without_known(conn, plans)
        outcomes, expired = await _decide(conn, desk, actor, body, place, plans)
        made = await _keep(conn, place, outcomes)
        asked_for = await approval.open_requests(conn, desk.clock, actor, place, made)
        rulings = [(one.booking.id, one.ruling) for one in outcomes if one.booking and not one.refusal]
        await approval.keep_exceptions(conn, actor, rulings, bodies.given(body.exception), now)
        kept = _with_passed([outcome.kept() for outcome in outcomes], passed)
        if not await closure_store.insert_series(conn, series_id, place.square_id, asked, kept, now):
            raise Overtaken
        await trail.series(conn, actor, series_id, place.square_id, asked, kept, now)
        said = [_said(one, place, asked_for.get(one.id, Opened())) for one in made]
        await outbox.record_many(conn, [*map(booking_event, expired), *said])
        return kept


def _with_passed(rows: list[dict[str, Any]], passed: Sequence[Passed]) -> list[dict[str, Any]]:
    """Those passed over go before the first date that is later; the order of the others stays."""
    for one in passed:
        row = one.kept()
        later = (n for n, other in enumerate(rows) if other["starts_at"] and _at(other) > _at(row))
        rows.insert(next(later, len(rows)), row)
    return rows


def _at(row: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(row["starts_at"])


def _same(known: Any, actor: Actor, body: PutSeries, asked: dict[str, Any]) -> list[dict[str, Any]]:
    rights.check_read(actor, known["square_id"], body.unit_id)
    if not bodies.same(known["asked"], asked, ZoneInfo(known["time_zone"])):
        raise IdInUse
    outcomes: list[dict[str, Any]] = known["outcomes"]
    return outcomes


def _check_hold(body: PutSeries, place: House, now: dt.datetime) -> None:
    hold_until = hold_end(body, place, now)
    faults = domain.hold_faults(hold_until, now) if hold_until else []
    if faults:
        raise refusals.invalid(faults)


@dataclass(frozen=True)
class _Shared:
    """What every date is read with."""

    series_id: UUID
    body: PutSeries
    place: House
    unit_kind: str | None
    now: dt.datetime

    def read(self, date: dict[str, Any]) -> Plan:
        """A fault makes a plan without a booking, at its start if that can be read, else after all others."""
        starts_at = LATEST
        try:
            starts_at = time_of("starts_at", date.get("starts_at") or "", self.place.zone)
            parsed = Date.model_validate(date)
            slot = self.body.slot(starts_at, time_of("ends_at", parsed.ends_at, self.place.zone))
        except (ValidationError, Invalid):
            return Plan(date.get("id"), starts_at, None, domain.UNREADABLE)
        about = self.body.about(self.unit_kind, self.series_id)
        booking = Booking(
            id=parsed.id,
            version=1,
            square_id=self.place.square_id,
            zone=self.place.zone,
            slot=slot,
            state=self.body.state,
            about=replace(about, owner_ref=parsed.owner_ref or about.owner_ref),
            asked={**date, "series_id": str(self.series_id), "owner_version": self.body.owner_version},
            created_at=self.now,
            updated_at=self.now,
            hold_until=hold_end(self.body, self.place, self.now),
            override=self.body.override,
            equipment=gear.brought(self.body.equipment),
        )
        faults = domain.faults(slot)
        return Plan(str(parsed.id), starts_at, *((None, faults[0]) if faults else (booking, None)))


async def _without_known(conn: Any, plans: Sequence[Plan]) -> list[Plan]:
    """An id that is in use, or named twice in the series, is a fault of its date."""
    ids = [plan.booking.id for plan in plans if plan.booking]
    used = set(await store.find_all(conn, ids))
    checked = []
    for plan in plans:
        taken = plan.booking is not None and plan.booking.id in used
        checked.append(replace(plan, booking=None, fault=domain.ID_TAKEN) if taken else plan)
        if plan.booking:
            used.add(plan.booking.id)
    return checked


async def _decide(
    conn: Any, desk: Desk, actor: Actor, body: PutSeries, place: House, plans: Sequence[Plan]
) -> tuple[list[Outcome], list[Booking]]:
    """(outcomes in order, holds that ran out and gave way)."""
    wanted = [plan.booking for plan in plans if plan.booking]
    if body.state not in OCCUPYING or not wanted:
        return [_outcome(plan, None, ()) for plan in plans], []
    bare = (wanted[0].slot.starts_at, max(booking.slot.ends_at for booking in wanted))
    hours = [] if body.override else await house.spans_of(conn, place, bare)
    windows, brought = [booking.slot.occupied for booking in wanted], await gear.carried(conn, wanted)
    around = await leaves_around(conn, place, wanted)
    seen = await timeline.survey(conn, desk.clock, place.leaves, windows, also_lock=around, gear=brought)
    book = await rulebook.open_for(conn, desk.clock, actor, place, wanted)
    outcomes, taken = _judge(plans, hours, seen, book, body.terms(wanted[0].created_at))
    return outcomes, await timeline.clear_out(conn, seen.ran_out(taken), seen.now)


def _judge(
    plans: Sequence[Plan], hours: Sequence[Sequence[Range] | None], seen: Survey, book: Rulebook, terms: Terms
) -> tuple[list[Outcome], list[int]]:
    """(outcomes, windows that were taken): a date that was confirmed stands in the way of those after it."""
    outcomes: list[Outcome] = []
    confirmed: dict[int, Booking] = {}  # by their windows
    window = -1
    for plan in plans:
        if plan.booking is None:
            outcomes.append(_outcome(plan, "invalid", ()))
            continue
        window += 1
        blockers = seen.blockers_of(window, plan.booking, confirmed)
        ruling = book.rule(plan.booking, terms)
        refusal = domain.decide(plan.booking.slot.bare, hours, blockers, breaks_policy=bool(ruling.breaches))
        outcomes.append(_outcome(plan, refusal, blockers if refusal == "conflict" else (), ruling))
        if refusal is None:
            book.count(plan.booking)
            confirmed[window] = plan.booking
    return outcomes, list(confirmed)


def _outcome(plan: Plan, refusal: Refusal | None, blockers: Sequence[Blocker], ruling: Ruling = NOTHING) -> Outcome:
    if plan.booking is None:
        return Outcome(plan.id, "invalid", (), None, plan.fault)
    booking, blocking = plan.booking, tuple(dict.fromkeys(blocker.id for blocker in blockers))
    if refusal:
        booking = replace(booking, state="rejected", reason_code=refusal, blocking=blocking, hold_until=None)
    in_rooms = {one.id for one in blockers if not one.lack}
    lacking = tuple((one.id, one.lack) for one in blockers if one.lack and one.id not in in_rooms)
    return Outcome(plan.id, refusal, blocking, booking, ruling=ruling, lacking=lacking)


async def _keep(conn: Any, place: House, outcomes: Sequence[Outcome]) -> list[Booking]:
    """All dates that could be read, the refused ones too. Raises Overtaken."""
    bookings = [outcome.booking for outcome in outcomes if outcome.booking]
    if len(await store.insert(conn, bookings)) != len(bookings):
        raise Overtaken
    await timeline.occupy(conn, [(booking, place.leaves) for booking in bookings if booking.state in OCCUPYING])
    return bookings


def _said(booking: Booking, place: House, asked: Opened) -> Event:
    leaves = place.leaves if booking.state in OCCUPYING else []
    return booking_event(booking, leaves=leaves, awaiting=asked.awaiting)


async def find(desk: Desk, actor: Actor, series_id: UUID) -> list[dict[str, Any]]:
    """The outcome of each date with its booking's present state and version."""
    async with db.connection(desk.pool) as conn:
        known = await closure_store.find_series(conn, series_id)
        if not known:
            raise NotFound
        unit_id = known["asked"]["unit_id"]
        rights.check_read(actor, known["square_id"], UUID(unit_id) if unit_id else None)
        outcomes: list[dict[str, Any]] = known["outcomes"]
        bookings = await _bookings(conn, outcomes)
        spaces = [UUID(space) for space in known["asked"]["space_ids"]]
        now = desk.clock.now()
        told = await _told(conn, now, actor, spaces, outcomes, bookings)
    shown = []
    for one in told:
        booking = bookings.get(one["id"])
        present = {"state": domain.state_at(booking, now), "version": booking.version} if booking else {}
        shown.append({**one, **present})
    return shown


async def _told(
    conn: Any,
    now: dt.datetime,
    actor: Actor,
    spaces: Sequence[UUID],
    outcomes: Sequence[dict[str, Any]],
    bookings: Mapping[str, Booking],
) -> list[dict[str, Any]]:
    noise = await explain.noise(conn, now, actor, outcomes, bookings)
    return await explain.dates(conn, actor, spaces, outcomes, bookings, noise)


async def _bookings(conn: Any, outcomes: Sequence[dict[str, Any]]) -> dict[str, Booking]:
    """By the id as it was sent, without those of dates that could not be read."""
    ids = [UUID(one["id"]) for one in outcomes if one["reason"] != "invalid"]
    return {str(found): booking for found, booking in (await store.find_all(conn, ids)).items()}
