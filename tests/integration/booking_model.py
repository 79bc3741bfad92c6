"""What bookings must do, in the slowest and plainest way: every interval is compared with every other.

Times are whole minutes. Written from the rules, not from the code: it knows no locks, no rows and no jobs, only which
bookings there are, in which state, and where.
"""

from dataclasses import dataclass, field, replace

Leaf = str
Answer = tuple[str, tuple[str, ...]]  # ("ok" or why not, ids)


@dataclass(frozen=True)
class Place:
    spaces: tuple[str, ...]
    start: int
    end: int
    setup: int
    teardown: int

    @property
    def occupied(self) -> tuple[int, int]:
        return self.start - self.setup, self.end + self.teardown


@dataclass
class Booking:
    id: str
    place: Place
    state: str
    until: int | None = None
    version: int = 1
    before: str | None = None
    lost_leaves: set[Leaf] = field(default_factory=set)


@dataclass
class Closure:
    id: str
    leaves: set[Leaf]
    start: int
    end: int
    waiting: list[str]
    lifted: bool = False


class Model:
    def __init__(self, forest: dict[str, set[Leaf]]) -> None:
        self.forest = forest
        self.now = 0
        self.bookings: dict[str, Booking] = {}
        self.closures: dict[str, Closure] = {}

    def state(self, booking: Booking) -> str:
        held = booking.state == "held" or booking.before == "held"
        return "expired" if held and booking.until is not None and booking.until <= self.now else booking.state

    def leaves(self, place: Place) -> set[Leaf]:
        return set().union(*(self.forest[space] for space in place.spaces))

    def kept(self, booking: Booking) -> set[Leaf]:
        """Where it occupies now."""
        if self.state(booking) not in ("held", "confirmed", "blocked", "affected"):
            return set()
        return self.leaves(booking.place) - booking.lost_leaves

    def meeting(self, leaves: set[Leaf], start: int, end: int, but: str = "") -> set[str]:
        found = set()
        for other in self.bookings.values():
            a, b = other.place.occupied
            if other.id != but and self.kept(other) & leaves and a < end and start < b:
                found.add(other.id)
        return found

    def closing(self, leaves: set[Leaf], start: int, end: int) -> set[str]:
        return {
            closure.id
            for closure in self.closures.values()
            if not closure.lifted and closure.leaves & leaves and closure.start < end and start < closure.end
        }

    def blocking(self, place: Place, but: str = "") -> set[str]:
        leaves = self.leaves(place)
        return self.meeting(leaves, *place.occupied, but) | self.closing(leaves, *place.occupied)

    def expire(self, leaves: set[Leaf] | None = None, window: tuple[int, int] | None = None) -> None:
        """Writes down holds that ran out: all that are due, or those in the way of what is taken now."""
        for booking in self.bookings.values():
            if self.state(booking) != "expired" or booking.state == "expired":
                continue
            if leaves is not None and window is not None:
                a, b = booking.place.occupied
                left = self.leaves(booking.place) - booking.lost_leaves
                if not (left & leaves and a < window[1] and window[0] < b):
                    continue
            booking.state, booking.before, booking.version = "expired", None, booking.version + 1

    def put(self, booking_id: str, place: Place, state: str, until: int | None) -> Answer:
        if place.start >= place.end:
            return "invalid", ()
        if state == "held" and until is not None and not self.now < until <= self.now + 30 * 24 * 60:
            return "invalid", ()
        if state != "requested":
            blocking = self.blocking(place)
            if blocking:
                return "conflict", tuple(sorted(blocking))
            self.expire(self.leaves(place), place.occupied)
        self.bookings[booking_id] = Booking(booking_id, place, state, until if state == "held" else None)
        return "ok", ()

    def order(self, what: str, booking: Booking) -> Answer:
        fits = {
            "confirm": ("held", "requested"),
            "cancel": ("requested", "held", "confirmed", "blocked", "affected"),
            "release": ("held", "confirmed"),
            "reject": ("requested",),
        }
        state = self.state(booking)
        if state not in fits[what] or (what == "release" and booking.place.end <= self.now):
            return "wrong_state", ()
        if state == "requested" and what == "confirm":
            blocking = self.blocking(booking.place)
            if blocking:
                return "conflict", tuple(sorted(blocking))
            self.expire(self.leaves(booking.place), booking.place.occupied)
        becomes = {"confirm": "confirmed", "cancel": "cancelled", "release": "released", "reject": "rejected"}
        booking.state, booking.before, booking.until = becomes[what], None, None
        booking.version += 1
        self._settle(booking.id)
        return "ok", ()

    def move(self, booking: Booking, place: Place) -> Answer:
        if self.state(booking) not in ("held", "confirmed", "blocked", "affected") or place.start >= place.end:
            return "invalid", ()
        blocking = self.blocking(place, booking.id)
        if blocking:
            return "conflict", tuple(sorted(blocking))
        self.expire(self.leaves(place), place.occupied)
        booking.place, booking.state, booking.before = place, booking.before or booking.state, None
        booking.lost_leaves, booking.version = set(), booking.version + 1
        self._settle(booking.id)
        return "ok", ()

    def close(self, closure_id: str, spaces: tuple[str, ...], start: int, end: int) -> list[str]:
        leaves = set().union(*(self.forest[space] for space in spaces))
        hit = sorted(self.meeting(leaves, start, end))
        self.expire(leaves, (start, end))
        for booking_id in hit:
            booking = self.bookings[booking_id]
            if booking.state != "affected":
                booking.before, booking.state = booking.state, "affected"
            booking.lost_leaves |= leaves
            booking.version += 1
        self.closures[closure_id] = Closure(closure_id, leaves, start, end, hit)
        return hit

    def lift(self, closure: Closure) -> tuple[list[str], list[str]]:
        closure.lifted = True
        restored, lost = [], []
        waiting = [self.bookings[booking_id] for booking_id in closure.waiting]
        for booking in sorted(waiting, key=lambda one: (one.place.start, one.id)):
            missing = self.leaves(booking.place) & booking.lost_leaves
            a, b = booking.place.occupied
            closed = self.closing(missing, a, b)
            if self.state(booking) != "affected":
                if booking.state == "affected":
                    booking.state, booking.before, booking.version = "expired", None, booking.version + 1
                lost.append(booking.id)
            elif self.meeting(missing, a, b, booking.id) | closed:
                lost.append(booking.id)
                for other in closed:
                    self.closures[other].waiting = sorted({*self.closures[other].waiting, booking.id})
            else:
                self.expire(missing, (a, b))
                booking.state, booking.before = booking.before or "confirmed", None
                booking.lost_leaves, booking.version = set(), booking.version + 1
                restored.append(booking.id)
                self._settle(booking.id)
        return restored, lost

    def free(self, space: str, start: int, end: int, length: int, setup: int, teardown: int) -> set[int]:
        """Every minute at which a booking of the length would be accepted."""
        place = Place((space,), start, start + length, setup, teardown)
        tries = (replace(place, start=minute, end=minute + length) for minute in range(start, end - length + 1))
        return {one.start for one in tries if not self.blocking(one)}

    def _settle(self, booking_id: str) -> None:
        for closure in self.closures.values():
            closure.waiting = [one for one in closure.waiting if one != booking_id]
