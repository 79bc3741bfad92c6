"""Short words for tests of seasons: rooms, applications and wishes of an invented house."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.season.dates import Calendar
from services.facility.season.domain import Application, Terms, Time, Wish
from services.facility.season.ground import Ground, Room, Taken
from services.facility.season.plan import Outcome, Placing, WishKey
from services.facility.season.planner import Planner, Problem

OSLO = ZoneInfo("Europe/Oslo")
MONDAY, TUESDAY = 1, 2
FIRST, LAST = dt.date(2027, 8, 23), dt.date(2027, 10, 31)  # ten weeks, with the change of the clock in the last night
TEN_WEEKS = Calendar(FIRST, LAST, OSLO)
REGISTERED = dt.datetime(2027, 3, 1, tzinfo=dt.UTC)


def room(number: int, capacity: int | None = None, *features: str, leaves: Sequence[int] = ()) -> Room:
    parts = tuple(UUID(int=1000 + leaf) for leaf in leaves or (number,))
    return Room(UUID(int=1000 + number), UUID(int=1), capacity, frozenset(features), parts)


def evening(weekday: int = MONDAY, start: int = 18, hours: float = 2, weeks: Any = "every") -> Time:
    return Time(weekday, start * 60, int((start + hours) * 60), weeks)


def wish(number: int, *times: Time, rooms: Iterable[Room] = (), **more: Any) -> Wish:
    return Wish(number, times or (evening(),), tuple(one.id for one in rooms), **more)


def application(number: int, *wishes: Wish, kind: Any = "voluntary", organiser: int = 0, **more: Any) -> Application:
    made = Application(
        id=UUID(int=number),
        season_id=UUID(int=7),
        version=1,
        organiser_id=UUID(int=organiser or 100 + number),
        organiser_kind=kind,
        title=f"Gruppe {number}",
        unit_id=None,
        paid=False,
        people=10,
        skip_holidays=None,
        wishes=wishes,
        state="registered",
        asked={},
        registered_at=REGISTERED,
    )
    return replace(made, **more)


def problem(
    rooms: Sequence[Room],
    applications: Sequence[Application],
    *,
    terms: Terms | None = None,
    taken: dict[UUID, list[Taken]] | None = None,
    by_hand: Sequence[Placing] = (),
    seed: str = "seed",
) -> Problem:
    terms = terms or Terms()
    calendar = Calendar(FIRST, LAST, OSLO, terms.breaks) if terms.breaks else TEN_WEEKS
    ground = Ground(calendar, rooms, taken or {})
    return Problem(terms, seed, ground, applications, by_hand)


def planned(asked: Problem) -> dict[WishKey, Outcome]:
    planner = Planner(asked)
    for _ in planner.steps():
        pass
    assert len(planner.outcomes) == planner.total
    return planner.outcomes


def got(outcomes: dict[WishKey, Outcome], application_: Application, number: int = 1) -> Any:
    return outcomes[application_.id, number].given


def tried(outcomes: dict[WishKey, Outcome], application_: Application, number: int = 1) -> list[str]:
    return [one.rule for one in outcomes[application_.id, number].tried]
