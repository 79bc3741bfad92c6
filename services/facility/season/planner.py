"""Who gets which weekly time: the rule of the season, carried out. Pure, and the same answer to the same question.

The rule is one order of turns. In a turn an organiser tries its next wish, and the first place that will do is its own:

    late      those who came in time before those who came late
    rank      the season's order of kinds; one kind is done before the next begins
    round     within a kind everybody gets one turn in each round
    minutes   in a round, those first who have got least so far,
    paid      then free of charge before paid,
    lot       then the lot, which is drawn when the season closes and can be drawn again by anybody

So why somebody went without is always the first of these in which the one who has the place came before. A place also
stands in the way of those beside it that it would disturb, or be disturbed by, so that somebody had to accept it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.facility.noise.domain import Voice
from services.facility.season.domain import Application, Terms, Time, Wish
from services.facility.season.ground import Dates, Ground, Room, meet, voice
from services.facility.season.plan import (
    MOST_NAMED,
    Facts,
    Given,
    Outcome,
    Placing,
    Rule,
    Turn,
    Verdict,
    WishKey,
    lots,
    note,
    why,
)
from services.facility.season.walls import Way

Waiting = list[tuple[Application, Wish]]


@dataclass(frozen=True)
class Problem:
    """`by_hand` in the order it was decided."""

    terms: Terms
    seed: str
    ground: Ground
    applications: Sequence[Application]
    by_hand: Sequence[Placing] = ()


@dataclass(frozen=True)
class _Place:
    """A wish in one room at one time, which may become its own."""

    application: Application
    wish: Wish
    room: Room
    time: Time
    choice: tuple[int, int]
    dates: Dates

    @property
    def voice(self) -> Voice:
        return voice(self.room, self.wish)

    def verdict(self, rule: Rule, facts: Facts | None = None) -> Verdict:
        return Verdict(rule, self.time, self.choice[0], [self.room.id], facts or {})


class Planner:
    """`steps` does the work a little at a time, and says how many wishes are settled; then `outcomes` is the answer."""

    def __init__(self, problem: Problem) -> None:
        self._problem, self._terms, self._ground = problem, problem.terms, problem.ground
        self._given: list[Given] = []
        self._taken: list[Dates] = []
        self._voices: list[Voice] = []
        self._on_leaf: defaultdict[UUID, list[int]] = defaultdict(list)
        self._minutes: defaultdict[UUID, int] = defaultdict(int)
        self._load: defaultdict[UUID, int] = defaultdict(int)
        self.lots = lots(problem.seed, (one.organiser_id for one in problem.applications))
        self.outcomes: dict[WishKey, Outcome] = {}

    @property
    def total(self) -> int:
        return sum(len(application.wishes) for application in self._problem.applications)

    def steps(self) -> Iterator[int]:
        yield from self._by_hand()
        for _, queues in sorted(self._classes().items()):
            yield from self._class(queues)

    def _classes(self) -> dict[tuple[bool, int], dict[UUID, Waiting]]:
        """What is still to be settled: by class, then by organiser, each in the organiser's own order."""
        classes: dict[tuple[bool, int], dict[UUID, Waiting]] = {}
        by_age = sorted(self._problem.applications, key=lambda one: (one.registered_at, one.id))
        wishes = [(application, wish) for application in by_age for wish in application.wishes]
        for application, wish in sorted(wishes, key=lambda pair: pair[1].number):
            if (application.id, wish.number) not in self.outcomes:
                queues = classes.setdefault((application.comes_last, self._rank(application)), {})
                queues.setdefault(application.organiser_id, []).append((application, wish))
        return classes

    def _rank(self, application: Application) -> int:
        order, kind = self._terms.priority, application.organiser_kind
        return order.index(kind) if kind in order else len(order)

    def _class(self, queues: dict[UUID, Waiting]) -> Iterator[int]:
        number = 0
        while queues:
            number += 1
            turns = [(self._turn(waiting[0][0], number), *waiting[0]) for waiting in queues.values()]
            for turn, application, wish in sorted(turns, key=lambda one: one[0]):
                yield from self._settle(turn, application, wish)
            queues = {organiser: waiting[1:] for organiser, waiting in queues.items() if len(waiting) > 1}

    def _turn(self, application: Application, number: int) -> Turn:
        organiser = application.organiser_id
        paid = application.paid and self._terms.free_before_paid
        late, rank = application.comes_last, self._rank(application)
        return Turn(late, rank, number, self._minutes[organiser], paid, self.lots[organiser])

    def _settle(self, turn: Turn, application: Application, wish: Wish) -> Iterator[int]:
        """Times in their order, in each time the rooms in theirs."""
        tried: list[Verdict] = []
        key = (application.id, wish.number)
        rooms = self._candidates(application, wish)
        for choice, time in enumerate(wish.times):
            if not rooms:
                note(tried, Verdict("no_room_fits", time, choice, [], {}))
            for number, room in enumerate(rooms):
                place = self._place(application, wish, room, time, (choice, number))
                verdict = self._verdict(turn, place)
                if verdict is None:
                    self.outcomes[key] = Outcome(key, turn, self._give(place, turn), tuple(tried))
                    yield len(self.outcomes)
                    return
                note(tried, verdict)
                yield len(self.outcomes)
        self.outcomes[key] = Outcome(key, turn, None, tuple(tried))
        yield len(self.outcomes)

    def _candidates(self, application: Application, wish: Wish) -> list[Room]:
        """The rooms that were named, or those that fit, the smallest first."""
        rooms = self._ground.rooms
        if wish.space_ids:
            return [rooms[space] for space in wish.space_ids if space in rooms]
        there = [room for room in rooms.values() if not wish.square_ids or room.square_id in wish.square_ids]
        fitting = [room for room in there if room.holds(application.people) and wish.features <= room.features]
        return sorted(fitting, key=lambda room: (room.capacity is None, room.capacity or 0))

    def _place(
        self,
        application: Application,
        wish: Wish,
        room: Room,
        time: Time,
        choice: tuple[int, int] = (0, 0),
        *,
        heeds_noise: bool = True,
    ) -> _Place:
        skip = self._terms.skip_holidays if application.skip_holidays is None else application.skip_holidays
        dates = self._ground.dates(room, time, wish, skip, heeds_noise=heeds_noise)
        return _Place(application, wish, room, time, choice, dates)

    def _verdict(self, turn: Turn, place: _Place) -> Verdict | None:
        """None: the place will do."""
        application, dates = place.application, place.dates
        if not place.room.holds(application.people):
            return place.verdict("too_small")
        if not place.wish.features <= place.room.features:
            return place.verdict("lacks_feature")
        if not dates.meetings or len(dates.meetings) * 100 < self._terms.least_percent * dates.wanted:
            return _too_few(place)
        holders = self._holders(place)
        if holders:
            rule, facts = why(turn, application.organiser_id, application.organiser_kind, holders[0])
            return _held(place.verdict(rule, facts), holders)
        neighbours = self._neighbours(place)
        if neighbours:
            return self._too_loud(turn, place, neighbours)
        most, had = self._terms.most_weekly_minutes, self._load[application.organiser_id]
        if most is not None and had + place.time.load > most * 2:
            return place.verdict("quota", {"most": most, "had": had // 2})
        return None

    def _holders(self, place: _Place) -> list[Given]:
        """Who has the place on any of the dates, in the order they got it."""
        there = {number for leaf in place.room.leaves for number in self._on_leaf[leaf]}
        return [self._given[number] for number in sorted(there) if meet(self._taken[number], place.dates)]

    def _neighbours(self, place: _Place) -> list[tuple[Given, Way]]:
        """Who has a place that this one would disturb on any of the dates, or be disturbed by; which of it."""
        own, walls = place.voice, self._ground.walls
        near = {number for leaf in walls.reached(own) for number in self._on_leaf[leaf]}
        met = [number for number in sorted(near) if meet(self._taken[number], place.dates)]
        heard = [(self._given[number], walls.disturbs(own, self._voices[number])) for number in met]
        return [(holder, way) for holder, way in heard if way]

    def _too_loud(self, turn: Turn, place: _Place, neighbours: Sequence[tuple[Given, Way]]) -> Verdict:
        """By the first who has a place beside it: both rooms, and why that one came before."""
        application, (holder, way) = place.application, neighbours[0]
        before, facts = why(turn, application.organiser_id, application.organiser_kind, holder)
        rooms = (place.room.name, self._ground.rooms[holder.room_id].name)
        source, heard_in = rooms if way == "out" else rooms[::-1]
        told = place.verdict("noise", {"source": source, "heard_in": heard_in, "before": before, **facts})
        return _held(told, [one for one, _ in neighbours])

    def _give(self, place: _Place, turn: Turn | None, reason: str | None = None) -> Given:
        application, dates = place.application, place.dates
        given = Given(
            (application.id, place.wish.number),
            application.organiser_id,
            application.organiser_kind,
            place.room.id,
            place.time,
            dates.meetings,
            dates.left_out,
            turn,
            place.choice,
            reason,
        )
        for leaf in place.room.leaves:
            self._on_leaf[leaf].append(len(self._given))
        self._given.append(given)
        self._taken.append(dates)
        self._voices.append(place.voice)
        self._minutes[application.organiser_id] += given.minutes
        self._load[application.organiser_id] += place.time.load
        return given

    def _by_hand(self) -> Iterator[int]:
        """One that cannot be had at all any more is refused, with the reason."""
        known = {(one.id, wish.number): (one, wish) for one in self._problem.applications for wish in one.wishes}
        for placing in self._problem.by_hand:
            if placing.wish in known:
                self.outcomes[placing.wish] = self._decided(placing, *known[placing.wish])
                yield len(self.outcomes)

    def _decided(self, placing: Placing, application: Application, wish: Wish) -> Outcome:
        time = placing.time or wish.times[0]
        if placing.room_id is None:
            return Outcome(
                placing.wish, None, None, (Verdict("refused_by_hand", time, 0, [], {"reason": placing.reason}),)
            )
        room = self._ground.rooms.get(placing.room_id)
        if room is None:
            return Outcome(placing.wish, None, None, (Verdict("no_room_fits", time, 0, [placing.room_id], {}),))
        place = self._place(application, wish, room, time, heeds_noise=False)
        holders = self._holders(place)
        if holders:
            return Outcome(placing.wish, None, None, (_held(place.verdict("placed_by_hand"), holders),))
        if not place.dates.meetings:
            return Outcome(placing.wish, None, None, (_too_few(place),))
        accepted = self._accepted(place)
        return Outcome(placing.wish, None, self._give(place, None, placing.reason), accepted)

    def _accepted(self, place: _Place) -> tuple[Verdict, ...]:
        """The noise there will be all the same: the reason for the place is also the reason to accept it."""
        holders = [one for one, _ in self._neighbours(place)]
        heard = self._ground.walls.around(place.voice)
        blocking = sorted({booking for span in place.dates.spans for booking in heard(span)}) if heard else []
        if not holders and not blocking:
            return ()
        told = _held(place.verdict("noise_accepted"), holders)
        told.blocking = blocking[:MOST_NAMED]
        return (told,)


def _too_few(place: _Place) -> Verdict:
    dates = place.dates
    facts = {"dates": dates.wanted, "closed": dates.closed, "occupied": dates.occupied}
    rule: Rule = "no_dates" if not dates.wanted else "outside_hours" if dates.closed else "occupied"
    if dates.noisy:
        rule, facts["noisy"] = "noise_around", dates.noisy
    verdict = place.verdict(rule, facts)
    verdict.blocking = sorted({booking for one in dates.left_out for booking in one.blocking})[:MOST_NAMED]
    return verdict


def _held(verdict: Verdict, holders: Sequence[Given]) -> Verdict:
    verdict.holders = [one.wish for one in holders][:MOST_NAMED]
    return verdict
