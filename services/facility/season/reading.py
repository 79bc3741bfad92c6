"""What a plan is made from, read for the planner: rooms with their hours, what is taken, applications and changes."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.facility.booking import house
from services.facility.booking.free import Range
from services.facility.booking.house import Space
from services.facility.finding import store as finding
from services.facility.noise.domain import Voice
from services.facility.noise.listening import minds
from services.facility.season import store
from services.facility.season.dates import Calendar, learn_holidays
from services.facility.season.domain import Change, Season
from services.facility.season.ground import Ground, Room, Taken
from services.facility.season.plan import Placing
from services.facility.season.planner import Planner, Problem
from services.facility.season.walls import SILENT, Sounding, Walls

_MARGIN = dt.timedelta(days=2)  # buffers, and times past midnight


def calendar(season: Season) -> Calendar:
    return Calendar(season.first, season.last, season.zone, season.terms.breaks)


async def problem(conn: Any, season: Season, now: dt.datetime) -> Problem:
    """Read in one snapshot: the caller's transaction sees to that. Large houses are read leaf by leaf."""
    spaces = await house.load_any(conn, await store.rooms(conn, season))
    found = [one for one in await store.applications(conn, season.id) if one.state == "registered"]
    placings = [placing(one) for one in await store.changes(conn, season.id) if one.withdrawn_at is None]
    heard = await walls(conn, season, spaces, now)
    return Problem(season.terms, season.seed or "", await ground(conn, season, spaces, now, heard), found, placings)


async def walls(conn: Any, season: Season, spaces: Sequence[Space], now: dt.datetime) -> Walls:
    """What is on in the rooms around, which need not be rooms of the season. Nothing is read where nobody is heard."""
    around = (await finding.rooms(conn)).surroundings
    own = {leaf for space in spaces for leaf in space.leaves}
    near = {other for leaf in own for other in (*around.heard_in(leaf), *around.heard_from(leaf))}
    window = _window(season)
    return Walls(around, {leaf: await _sounding(conn, leaf, window, now) for leaf in sorted(near)})


async def _sounding(conn: Any, leaf: UUID, window: Range, now: dt.datetime) -> list[Sounding]:
    found = []
    for row in await store.sounding(conn, leaf, window, now):
        minding = minds(row["state"] == "blocked", row["unit_kind"])
        heard = Voice((leaf,), row["noise_out"], row["quiet_need"], minding)
        found.append((int(row["starts_at"].timestamp()), _up(row["ends_at"]), row["booking_id"], heard))
    return found


async def ground(conn: Any, season: Season, spaces: Sequence[Space], now: dt.datetime, heard: Walls = SILENT) -> Ground:
    await asyncio.to_thread(learn_holidays, season.first.year, season.last.year)
    window = _window(season)
    rooms = []
    for space in spaces:  # one by one: a year of hours takes some milliseconds, and others want their turn
        [hours] = await house.open_spans(conn, [space], window)
        spans = None if hours is None else [(int(a.timestamp()), int(b.timestamp())) for a, b in hours]
        features = frozenset(space.features)
        rooms.append(Room(space.id, space.square_id, space.capacity, features, space.leaves, spans, space.name))
    taken: dict[UUID, list[Taken]] = {}
    for leaf in sorted({leaf for space in spaces for leaf in space.leaves}):
        rows = await store.occupied(conn, leaf, window, now)
        taken[leaf] = [(int(a.timestamp()), _up(b), found) for found, (a, b) in rows]
    return Ground(calendar(season), rooms, taken, heard)


def placing(change: Change) -> Placing:
    return Placing((change.application_id, change.wish), change.space_id, change.time, change.reason)


async def judge(
    conn: Any, season: Season, made: Change, others: Sequence[Change], now: dt.datetime
) -> list[UUID] | None:
    """The earlier changes that have the place which `made` wants; None when it cannot be had on any date at all."""
    named = [one.space_id for one in (made, *others) if one.space_id]
    spaces = {space.id: space for space in await house.load_any(conn, list(dict.fromkeys(named)))}
    leaves = set(spaces[made.space_id].leaves) if made.space_id in spaces else set()
    near = [space for space in spaces.values() if leaves & set(space.leaves)]
    relevant = [*(one for one in others if one.space_id in {space.id for space in near}), made]
    wishes = {(one.application_id, one.wish): one.id for one in relevant}
    applications = [
        replace(one, wishes=tuple(wish for wish in one.wishes if (one.id, wish.number) in wishes))
        for one in await store.applications(conn, season.id)
    ]
    places = [placing(one) for one in relevant]
    planner = Planner(
        Problem(season.terms, season.seed or "", await ground(conn, season, near, now), applications, places)
    )
    for _ in planner.steps():
        pass
    outcome = planner.outcomes[made.application_id, made.wish]
    if outcome.given:
        return []
    return [wishes[holder] for holder in outcome.tried[0].holders] or None


def _window(season: Season) -> Range:
    return _midnight(season, season.first) - _MARGIN, _midnight(season, season.last) + _MARGIN * 2


def _midnight(season: Season, date: dt.date) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(), season.zone).astimezone(dt.UTC)


def _up(at: dt.datetime) -> int:
    """Whole seconds, rounded up: a booking that ends within a second takes that second."""
    return -int(-at.timestamp() // 1)
