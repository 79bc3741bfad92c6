"""What to offer instead of a time that cannot be had, or to a booking that has to move: ranked, and each with why.

In this order, at most three of a kind: other equipment where only that is missing; the same time in a like room of the
square; other times in the same rooms, the nearest before and after; a shorter time; less setup or teardown; the same
time in a like room at another square.
An offer holds enough people, has all that is needed and keeps to the rooms' policies; `way` says whether it can be
booked or has to be requested. It is read without locks: an offer is no promise.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from services.facility.booking import sentences
from services.facility.booking.desk import Desk
from services.facility.booking.domain import Booking, Slot
from services.facility.booking.free import Range, Wanted, gaps, intersect, whole_minutes
from services.facility.booking.house import House, Space
from services.facility.booking.rights import sees_details
from services.facility.equipment import store as equipment
from services.facility.finding import choices, things, words
from services.facility.finding import store as finding
from services.facility.finding.domain import Near, Needs, Room, Suit, enough, missing, rank
from services.facility.finding.queries import sight
from services.facility.finding.store import MOST_RANGES, Free, Group, More, Rooms
from services.facility.finding.things import Things
from services.facility.outages import store as outages
from services.facility.policy import sieve
from services.facility.policy.rulebook import Way
from shared.contracts.facility import Equipment, Gear
from shared.identity import Actor
from shared.policy import allows
from shared.problems import Message
from shared.walltime import local_fields

_FIRST_TRY, _SECOND_TRY = 40, 160  # rooms: the best ones nearly always do
_SPARE = 2 * choices.MOST  # free rooms of which some may not be for the asker
_AROUND = dt.timedelta(days=choices.DAYS_AHEAD)
_MINUTE = dt.timedelta(minutes=1)
Why = Callable[[], list[Message]]


@dataclass(frozen=True)
class Offer:
    """What could be had, not yet put in words. `gear` None: all that was to be brought, but for what the rooms have of
    their own."""

    kind: str
    slot: Slot
    why: Why
    gear: Sequence[Gear] | None = None


@dataclass(frozen=True)
class Case:
    """What was wanted where, and by whom; `hit` are the spaces that cannot be had."""

    desk: Desk
    actor: Actor
    wanted: Booking
    place: House
    hit: Collection[UUID]
    rooms: Rooms
    things: Things

    @property
    def slot(self) -> Slot:
        return self.wanted.slot

    def named(self) -> list[Room]:
        return [self.rooms.by_id[space.id] for space in self.place.spaces if space.id in self.rooms.by_id]

    def swapped(self) -> Room | None:
        """The one room that another could stand in for."""
        named = self.named()
        hit = [room for room in named if room.id in self.hit] if len(named) > 1 else named
        return hit[0] if len(hit) == 1 and len(named) == len(self.place.spaces) else None


async def offers(
    conn: Any, desk: Desk, actor: Actor, wanted: Booking, place: House, hit: Collection[UUID], *, moving: bool = False
) -> list[dict[str, Any]]:
    """`moving`: the booking stands and its own time is to be left, so none that meets it is offered."""
    if wanted.state == "blocked" or wanted.state_before == "blocked":
        return []
    rooms = await outages.working(conn, await finding.rooms(conn, place.mark), wanted.slot.bare)
    case = Case(desk, actor, wanted, place, hit, rooms, await _things(conn, desk, wanted))
    times, here, elsewhere = await _free_times_and_rooms(conn, case)
    same_room = _other_times(case, times, moving)
    if not moving:
        same_room += [*_shorter(case, times), *await _smaller(conn, case)]
    found = [*await _other_equipment(conn, case), *here, *same_room, *elsewhere]
    ways = await sieve.ways(conn, desk, actor, wanted, [one.slot for one in found], rooms.mark)
    chosen = _first_of_each_kind([(one, way) for one, way in zip(found, ways, strict=True) if way])
    return [{"rank": number, **_told(case, one), "way": way} for number, (one, way) in enumerate(chosen, 1)]


def _first_of_each_kind(found: Sequence[tuple[Offer, Way]]) -> list[tuple[Offer, Way]]:
    kinds: Counter[str] = Counter()
    first = []
    for offer, way in found:
        kinds[offer.kind] += 1
        first += [(offer, way)] if kinds[offer.kind] <= choices.MOST else []
    return first


async def _things(conn: Any, desk: Desk, wanted: Booking) -> Things:
    """All that is like what the booking brings along, and who has it."""
    if not wanted.equipment:
        return Things()
    known = await equipment.find(conn, [one.equipment_id for one in wanted.equipment])
    start, end = wanted.slot.occupied
    around = Wanted((start - _AROUND, end + _AROUND), _MINUTE, _MINUTE, _MINUTE)
    return await things.load(conn, {one.kind for one in known.values()}, around, desk.clock.now(), [wanted.id])


async def _other_equipment(conn: Any, case: Case) -> list[Offer]:
    rooms = case.named()
    brought = case.things.brought(case.wanted.equipment, rooms)
    instead = [(old, _instead(case, old, thing, rooms)) for old, thing in brought]
    new = [(old, thing) for old, thing in instead if thing and thing.equipment_id != old.equipment_id]
    if case.hit or not new or any(thing is None for _, thing in instead):
        return []
    if not await _free(conn, case, [_at_once(case, case.place.spaces)], gear=()):
        return []
    gear = [Gear(equipment_id=thing.equipment_id, count=old.count) for old, thing in instead if thing]
    told = [
        Message(f"Samme rom og tid med «{one.name}».", f"The same room and time with “{one.name}”.") for _, one in new
    ]
    return [Offer("other_equipment", case.slot, lambda: told, gear)]


def _instead(case: Case, wanted: Gear, thing: Equipment, rooms: Sequence[Room]) -> Equipment | None:
    """The thing itself where it can be had, else the nearest of its kind that can."""
    others = [one for one in case.things.all if one.kind == thing.kind and one.count >= wanted.count]
    unit = case.wanted.about.unit_id
    may = [one for one in others if allows(case.actor, "booking.write", square_id=one.square_id, unit_id=unit)]
    for one in (thing, *case.things.by_way(may, rooms)):
        if not case.things.who_has(one, wanted.count, rooms, case.slot.occupied):
            return one
    return None


async def _free_times_and_rooms(conn: Any, case: Case) -> tuple[list[Range], list[Offer], list[Offer]]:
    """(when the rooms that were asked for are free in the days around, the same time with one room for another: at the
    same square, at others)."""
    bare, model = case.slot.bare, case.swapped()
    around = bare[0] - _AROUND, bare[1] + _AROUND
    own = Group(case.place.spaces, around, choices.shortest(bare), MOST_RANGES)
    if model is None:
        return _times(await _free(conn, case, [own])), [], []
    needs, near = _needs(case, model), Near(model.square_id, model.floor, model.unit_id, model.features)
    ranked = sorted((Suit(room, ()) for room in _like(case, model, needs)), key=lambda suit: rank(suit, needs, near))
    sides = [[suit for suit in ranked if (suit.room.square_id == model.square_id) is home] for home in (True, False)]
    times, rooms = await _look_around(conn, case, model, sides, own)
    here, elsewhere = ([_in_room(case, model, suit, needs, near) for suit in side] for side in rooms)
    return times, here, elsewhere


async def _look_around(
    conn: Any, case: Case, model: Room, sides: Sequence[Sequence[Suit]], own: Group
) -> tuple[list[Range], list[list[Suit]]]:
    """(times of the rooms that were asked for, of each side the best that are free at the time that was asked for)."""
    others = [other for other in case.named() if other.id != model.id]
    times: list[Range] = []
    found: list[list[Suit]] = [[] for _ in sides]
    for first, last, also in ((0, _FIRST_TRY, [own]), (_FIRST_TRY, _FIRST_TRY + _SECOND_TRY, [])):
        wanting = [number for number, side in enumerate(found) if len(side) < _SPARE]
        tried = [(number, suit) for number in wanting for suit in sides[number][first:last]]
        for one in await _free(conn, case, [*(_at_once(case, [suit.room, *others]) for _, suit in tried), *also]):
            if one.group == len(tried):
                times = _times([one])
            else:
                number, suit = tried[one.group]
                found[number].append(suit)
    return times, [side[:_SPARE] for side in found]


def _needs(case: Case, model: Room) -> Needs:
    """What was said to be needed; else all that the room has, since nobody said what of it was wanted."""
    about = case.wanted.about
    people = about.expected_people if about.expected_people is not None else model.seats(about.layout) or 0
    brought = {thing.kind for _, thing in case.things.brought(case.wanted.equipment, ())}
    features = model.features if about.needs is None else [need for need in about.needs if need not in brought]
    return Needs(people=people, layout=about.layout, features=tuple(features), organiser=about.organiser_kind)


def _like(case: Case, model: Room, needs: Needs) -> list[Room]:
    """The rooms that, with those that stay, do in the place of `model`. What nobody said they must do by themselves."""
    about = case.wanted.about
    others = [other for other in case.named() if other.id != model.id]
    all_people, all_needs = about.expected_people is not None, about.needs is not None
    squares = {
        square
        for square in {room.square_id for room in case.rooms.all}
        if allows(case.actor, "booking.write", square_id=square, unit_id=about.unit_id)
    }

    def does(room: Room) -> bool:
        group = [room, *others]
        seats = [one.seats(needs.layout) for one in (group if all_people else [room])]
        there = [feature for one in (group if all_needs else [room]) for feature in one.features]
        return enough(seats, needs.people) and not missing(there, needs.features)

    return [
        room
        for room in case.rooms.all
        if room.square_id in squares
        and room.bookable
        and room.square_works
        and room.id not in case.slot.space_ids
        and not _holds(room, model)
        and does(room)
    ]


def _holds(room: Room, part: Room) -> bool:
    """Whether it is the hall that the other is a part of."""
    return len(room.leaves) > len(part.leaves) and set(part.leaves) < set(room.leaves)


def _other_times(case: Case, times: Sequence[Range], moving: bool) -> list[Offer]:
    bare, now = case.slot.bare, case.desk.clock.now()
    ranges = [time for time in times if time[1] - time[0] >= bare[1] - bare[0]]
    earliest = now if bare[0] >= now else None
    if moving:
        ranges = [left for free in ranges for left in gaps([bare], free)]
    nearest = choices.nearest(ranges, bare, case.place.zone, earliest)
    return [Offer("other_time", _at(case.slot, time), partial(_apart, case, time)) for time in nearest]


def _shorter(case: Case, times: Sequence[Range]) -> list[Offer]:
    bare = case.slot.bare
    inside = [whole_minutes(time) for time in intersect(times, [bare])]
    time = choices.shorter([time for time in inside if time[1] - time[0] >= choices.shortest(bare)])
    if time is None or time == bare:
        return []
    minutes = ((bare[1] - bare[0]) - (time[1] - time[0])) // _MINUTE
    told = Message(f"Samme rom, {minutes} minutter kortere.", f"The same room, {minutes} minutes shorter.")
    return [Offer("shorter", _at(case.slot, time), lambda: [told])]


async def _smaller(conn: Any, case: Case) -> list[Offer]:
    """Only where the bare time is free and open, and it is setup or teardown that clashes."""
    slot = case.slot
    if not slot.setup_minutes + slot.teardown_minutes:
        return []
    bare = replace(slot, setup_minutes=0, teardown_minutes=0)
    at_once = _at_once(case, case.place.spaces)
    if not await _free(conn, case, [at_once], slot=bare):
        return []
    occupied = replace(at_once, window=slot.occupied, most=MOST_RANGES)
    around = _times(await _free(conn, case, [occupied], slot=bare, any_hours=True))
    fits = choices.smaller_buffers(around, slot.bare, slot.setup_minutes, slot.teardown_minutes)
    if fits is None or fits == (slot.setup_minutes, slot.teardown_minutes):
        return []
    told = Message(
        f"Samme tid med {fits[0]} minutter rigging og {fits[1]} minutter rydding.",
        f"The same time with {fits[0]} minutes of setup and {fits[1]} minutes of teardown.",
    )
    return [Offer("smaller_setup", replace(slot, setup_minutes=fits[0], teardown_minutes=fits[1]), lambda: [told])]


def _times(found: Sequence[Free]) -> list[Range]:
    return [time for one in found for time in one.times]


def _at_once(case: Case, spaces: Sequence[Space]) -> Group:
    """At the very time that was asked for."""
    bare = case.slot.bare
    return Group(spaces, bare, bare[1] - bare[0], 1)


async def _free(
    conn: Any,
    case: Case,
    groups: Sequence[Group],
    *,
    slot: Slot | None = None,
    any_hours: bool = False,
    gear: Sequence[Gear] | None = None,
) -> list[Free]:
    slot = slot or case.slot
    brought = case.wanted.equipment if gear is None else gear
    busy = [
        (number, time)
        for number, group in enumerate(groups)
        for one, thing in case.things.brought(brought, group.spaces)
        for time in case.things.away(thing, one.count, group.spaces)
    ]
    more = More(busy=busy, ignoring=[case.wanted.id], any_hours=any_hours, mark=case.rooms.mark)
    seen = sight(case.actor, [group.spaces for group in groups])
    buffers = slot.setup_minutes * _MINUTE, slot.teardown_minutes * _MINUTE
    return await finding.free(conn, groups, *buffers, case.desk.clock.now(), seen, more)


def _in_room(case: Case, model: Room, suit: Suit, needs: Needs, near: Near) -> Offer:
    spaces = tuple(suit.room.id if space == model.id else space for space in case.slot.space_ids)
    kind = "other_room" if suit.room.square_id == model.square_id else "other_square"
    return Offer(kind, replace(case.slot, space_ids=spaces), partial(_same_time, case, suit, needs, near))


def _same_time(case: Case, suit: Suit, needs: Needs, near: Near) -> list[Message]:
    about = case.wanted.about
    told = needs if sees_details(case.actor, about.unit_id, about.unit_kind) else replace(needs, features=(), people=0)
    brought = case.things.brought(case.wanted.equipment, ())
    told = replace(told, equipment=tuple(thing.kind for _, thing in brought))
    same_time = Message(f"Samme tid i {suit.room.name}.", f"The same time in {suit.room.name}.")
    return [same_time, *words.why(suit, told, near, case.rooms.surroundings)]


def _apart(case: Case, time: Range) -> list[Message]:
    """How far from the time that was wanted."""
    away = time[0] - case.slot.starts_at
    later = away > dt.timedelta(0)
    distance = sentences.distance(abs(away))
    nb, en = ("senere", "later") if later else ("tidligere", "earlier")
    return [Message(f"Samme rom, {distance.nb} {nb}.", f"The same room, {distance.en} {en}.")]


def _at(slot: Slot, time: Range) -> Slot:
    return replace(slot, starts_at=time[0], ends_at=time[1])


def _told(case: Case, offer: Offer) -> dict[str, Any]:
    slot = offer.slot
    rooms = [case.rooms.by_id[space] for space in slot.space_ids if space in case.rooms.by_id]
    gear = offer.gear
    if gear is None:
        gear = [one for one, _ in case.things.brought(case.wanted.equipment, rooms)]
    return {
        "kind": offer.kind,
        "space_ids": [str(space) for space in slot.space_ids],
        "name": ", ".join(room.name for room in rooms),
        "square_id": str(rooms[0].square_id if rooms else case.wanted.square_id),
        **local_fields(*slot.bare, case.place.zone),
        "setup_minutes": slot.setup_minutes,
        "teardown_minutes": slot.teardown_minutes,
        "equipment": [{"id": str(one.equipment_id), "count": one.count} for one in gear],
        "why": offer.why(),
    }
