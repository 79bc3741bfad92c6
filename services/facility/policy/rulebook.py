"""The policies of the spaces that bookings name, read once in their transaction, and what they say of each booking.

Where a quota counts, opening a rulebook takes a lock per organiser and policy, after the locks of leaves: of two
bookings at once the second sees the first, and nobody who waits here holds what another waits for.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from uuid import UUID

from services.facility.booking.domain import Booking, themselves
from services.facility.booking.free import covers
from services.facility.booking.house import House, Space
from services.facility.hours import store as hours_store
from services.facility.noise import ruling
from services.facility.noise.listening import Noise, listen
from services.facility.policy import domain, sentences, store
from services.facility.policy.domain import ASKABLE, Asked, Breach, Place, Policy, Rule, Terms, Touched, Used, Why
from services.facility.policy.store import Effective, Use
from shared.clock import Clock
from shared.contracts.opening_hours import Hours
from shared.identity import Actor
from shared.policy import allows

_WEEK = dt.timedelta(days=7)
_DAY = dt.timedelta(days=1)
_MINUTE = dt.timedelta(minutes=1)


Way = Literal["book", "request", "exception"]


@dataclass(frozen=True)
class Ruling:
    breaches: tuple[Breach, ...] = ()
    set_aside: tuple[Rule, ...] = ()
    touched: tuple[Touched, ...] = ()
    warnings: tuple[Breach, ...] = ()  # all noise there will be, also what nobody has to accept

    @property
    def way(self) -> Way:
        if not self.breaches:
            return "book"
        return "request" if self.askable else "exception"

    @property
    def askable(self) -> bool:
        """Whether somebody's yes is all that is missing."""
        return all(breach.rule in ASKABLE for breach in self.breaches)


NOTHING = Ruling()
_Quota = tuple[UUID, UUID]  # (space that has the policy, organiser)


@dataclass
class Rulebook:
    actor: Actor
    spaces: Mapping[UUID, Space]
    governed: Mapping[UUID, Effective]
    policies: Mapping[UUID, Policy]
    squares: Mapping[UUID, UUID]
    staffed: Mapping[UUID, Hours]
    noise: Noise = field(default_factory=Noise)
    used: dict[_Quota, list[Use]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.policies and not self.squares and not self.noise.neighbours

    def rule(self, booking: Booking, terms: Terms) -> Ruling:
        """Blocking is the house's own act: no policy limits it."""
        if self.is_empty or "blocked" in (booking.state, booking.state_before):
            return NOTHING
        touched = () if terms.approved else tuple(self.touched(booking))
        missing = [one for one in touched if not self._speaks_for(one)]
        breaches = [Breach("touches_unit", sentences.TOUCHES)] if missing else []
        set_aside: list[Rule] = []
        for space in self._limited(booking):
            verdict = domain.decide(self._asked(booking, terms), self._place(space, booking))
            breaches += [replace(breach, space_id=space.id) for breach in verdict.breaches]
            set_aside += verdict.set_aside
        heard = list(self.noise.heard(booking))
        noise = ruling.judge(heard, booking, terms, self.actor)
        return Ruling(
            (*breaches, *noise.breaches),
            tuple(dict.fromkeys([*set_aside, *noise.set_aside])),
            (*touched, *(ruling.disturbed(heard, booking) if noise.breaches else ())),
            ruling.warnings(heard, booking, self.actor),
        )

    def count(self, booking: Booking) -> None:
        """The booking is made: later ones of the same transaction find it used."""
        for key in self._quotas(booking):
            self.used.setdefault(key, []).append(Use(*booking.slot.bare))

    def release_after(self) -> int | None:
        return shortest_release(self.policies.values())

    def _limited(self, booking: Booking) -> list[Space]:
        """The named spaces that a policy holds for."""
        return [self.spaces[space] for space in booking.slot.space_ids if space in self.policies]

    def _asked(self, booking: Booking, terms: Terms) -> Asked:
        slot, about = booking.slot, booking.about
        return Asked(
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            zone=booking.zone,
            asked_at=terms.asked_at,
            purpose=about.purpose,
            organiser_kind=about.organiser_kind,
            organiser_known=organiser_of(booking) is not None,
            of_unit=about.unit_id is not None,
            responsible_role=about.responsible_role,
            buffered=bool(slot.setup_minutes or slot.teardown_minutes),
            approved=terms.approved,
            excepted=terms.reason is not None,
        )

    def _place(self, space: Space, booking: Booking) -> Place:
        owner = self.governed[space.id].owner_id
        unit = booking.about.unit_id
        scopes = {"*", str(space.square_id), *(str(one) for one in (unit, owner) if one)}
        return Place(
            policy=self.policies[space.id],
            roles=frozenset(role for role, scope in self.actor.roles if scope in scopes),
            decides=allows(self.actor, "booking.decide", square_id=space.square_id, unit_id=owner),
            owner=unit is not None and unit == owner,
            staffed=self._staffed(space, booking),
            used=self._used(space, booking),
        )

    def _staffed(self, space: Space, booking: Booking) -> bool:
        """A space without hours is open and staffed at all times, as its hours are shown."""
        hours = self.staffed.get(space.id)
        if hours is None:
            return True
        start, end = booking.slot.bare
        first, last = (at.astimezone(space.zone).date() for at in (start, end))
        return covers(hours.staffed_ranges(first - _DAY, last + _DAY, space.zone), start, end)

    def _used(self, space: Space, booking: Booking) -> Used:
        organiser, source = organiser_of(booking), self.governed[space.id].source
        if organiser is None or source is None:
            return Used()
        week = domain.week_of(booking.slot.starts_at, booking.zone)
        found = self.used.get((source, organiser), ())
        of_week = [use for use in found if domain.week_of(use.starts_at, booking.zone) == week]
        return Used(len(of_week), sum(round((use.ends_at - use.starts_at) / _MINUTE) for use in of_week))

    def touched(self, booking: Booking) -> Iterable[Touched]:
        """The unit the booking is for need not be asked."""
        whys: dict[UUID, Why] = dict.fromkeys(booking.about.touches, "other")
        for space in self._limited(booking):
            asked = self._asked(booking, Terms(booking.created_at))
            whys |= {touch.unit_id: touch.why for touch in domain.touched(self.policies[space.id], asked)}
        for unit_id, why in whys.items():
            if unit_id in self.squares and unit_id != booking.about.unit_id:
                yield Touched(unit_id, self.squares[unit_id], why)

    def disturbed(self, booking: Booking) -> Iterable[Touched]:
        """Whose word its noise needs, or the noise of others for which it is too quiet."""
        return ruling.disturbed(list(self.noise.heard(booking)), booking)

    def warnings(self, booking: Booking) -> tuple[Breach, ...]:
        return ruling.warnings(list(self.noise.heard(booking)), booking, self.actor)

    def _speaks_for(self, one: Touched) -> bool:
        return allows(self.actor, "booking.decide", square_id=one.square_id, unit_id=one.unit_id)

    def _quotas(self, booking: Booking) -> set[_Quota]:
        organiser = organiser_of(booking)
        limited = [space.id for space in self._limited(booking) if self.policies[space.id].quota]
        sources = {self.governed[space].source for space in limited}
        return {(source, organiser) for source in sources if source and organiser}


async def open_for(
    conn: Any, clock: Clock, actor: Actor, place: House, bookings: Sequence[Booking], *, counting: bool = True
) -> Rulebook:
    """What holds for bookings of these spaces, or of some of them. May wait for another booking of the same organiser.

    Without `counting`, for whoever only wants to look: quotas are counted without a lock.
    """
    governed = await store.effective(conn, [space.id for space in place.spaces], place.mark)
    policies = {space: _read(one.rules) for space, one in governed.items() if one.rules is not None}
    touched = {unit for booking in bookings for unit in booking.about.touches}
    touched |= {touch.unit_id for policy in policies.values() for touch in policy.touches}
    squares = await store.units(conn, sorted(touched))
    limited = [space for space, policy in policies.items() if policy.responsible_roles is not None]
    staffed = await hours_store.effective(conn, limited, place.mark) if limited else {}
    spaces = {space.id: space for space in place.spaces}
    noise = await listen(conn, place, bookings, clock.now())
    book = Rulebook(actor, spaces, governed, policies, squares, staffed, noise)
    await _count_used(conn, clock, book, bookings, counting)
    return book


async def _count_used(conn: Any, clock: Clock, book: Rulebook, bookings: Sequence[Booking], lock: bool) -> None:
    keys = sorted({key for booking in bookings for key in book._quotas(booking)})
    for source, organiser in keys if lock else ():
        await store.lock(conn, f"quota/{source}/{organiser}")
    ignoring = themselves(bookings)
    for source, organiser in keys:
        window = _weeks(bookings)
        spaces = await store.governed(conn, source)
        book.used[source, organiser] = await store.used(conn, organiser, window, spaces, ignoring, clock.now())


def _weeks(bookings: Sequence[Booking]) -> tuple[dt.datetime, dt.datetime]:
    """A window that holds the whole local weeks in which the bookings begin, and a day more on either side."""
    weeks = [domain.week_of(booking.slot.starts_at, booking.zone) for booking in bookings]
    first, last = (dt.datetime.combine(week, dt.time(), dt.UTC) for week in (min(weeks), max(weeks)))
    return first - _DAY, last + _WEEK + _DAY


async def release_after(conn: Any, bookings: Sequence[Booking]) -> dict[UUID, int]:
    """The minutes after which each booking is given up unused; those that are not are missing."""
    named = sorted({space for booking in bookings for space in booking.slot.space_ids})
    governed = await store.effective(conn, named) if named else {}
    policies = {space: _read(one.rules) for space, one in governed.items() if one.rules is not None}
    asked = {
        booking.id: shortest_release(policies[space] for space in booking.slot.space_ids if space in policies)
        for booking in bookings
    }
    return {booking: minutes for booking, minutes in asked.items() if minutes is not None}


def shortest_release(policies: Iterable[Policy]) -> int | None:
    """Of several spaces the one that waits least decides."""
    asked = (policy.release_unused_after_minutes for policy in policies)
    return min((minutes for minutes in asked if minutes is not None), default=None)


def organiser_of(booking: Booking) -> UUID | None:
    """Who a quota counts for: the organiser where one is named, else the unit."""
    return booking.about.organiser_id or booking.about.unit_id


def _read(rules: Any) -> Policy:
    return Policy.model_validate(rules)
