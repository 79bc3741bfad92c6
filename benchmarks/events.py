"""Events as a year in some citizen squares makes them, through the real contracts."""

import datetime as dt
import random
from collections.abc import Iterator
from uuid import UUID

from shared import envelope
from shared.contracts.counters import Interval
from shared.contracts.facility import Booking
from shared.contracts.programme import Occurrence
from shared.envelope import Event

SQUARES, UNITS, ROOMS, DOORS, SERIES = 8, 5, 20, 4, 120
FIRST = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
UPDATED = 0.3
TITLES = ("Kodeklubben", "Språkkafé", "Strikkekveld", "Leksehjelp", "Barseltreff", "Sjakk", "Korøvelse", "Årsmøte")


def events(count: int, seed: int = 7) -> Iterator[Event]:
    """In the order a log holds them; three in ten are a newer version of a subject said before."""
    rng = random.Random(seed)
    world = _World(rng)
    said: list[Event] = []
    for n in range(count):
        if said and rng.random() < UPDATED:
            index = rng.randrange(max(0, len(said) - 20_000), len(said))
            said[index] = event = world.newer(said[index])
        else:
            event = world.another(n)
            said.append(event)
        yield event


class _World:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.squares = [self._id() for _ in range(SQUARES)]
        self.units = {square: [self._id() for _ in range(UNITS)] for square in self.squares}
        self.rooms = {square: [str(self._id()) for _ in range(ROOMS)] for square in self.squares}
        self.doors = [(square, self._id()) for square in self.squares for _ in range(DOORS)]
        self._series = [self._one_series() for _ in range(SERIES)]
        self._owned: list[Event] = []

    def another(self, n: int) -> Event:
        """An occurrence, then the booking of its room; every fourth new event is an interval of a door."""
        if n % 4 == 0:
            return self._interval(n // 4)
        return self._booking(self._owned.pop()) if self._owned else self._occurrence(n)

    def newer(self, event: Event) -> Event:
        data = dict(event.data)
        if "readings" in data:
            late = {
                "count_in": self._rng.randrange(40),
                "count_out": 3,
                "received_at": data["readings"][0]["received_at"],
            }
            late["sequence"] = event.subjectversion
            data["readings"] = [*data["readings"], late]
        elif "occurrence_id" in data:
            bands = [{"band": "18-61", "count": 7}, {"band": "unknown", "count": 5}]
            head = {"total": 12, "by_band": bands, "revision": 1, "recorded_at": data["ends_at"]}
            data["attendance"] = head
        else:
            data["expected_people"] = self._rng.randrange(60)
        return event.model_copy(update={"id": self._id(), "subjectversion": event.subjectversion + 1, "data": data})

    def _one_series(self) -> dict[str, object]:
        square = self._rng.choice(self.squares)
        return {
            "square": square,
            "unit": self._rng.choice(self.units[square]),
            "room": self._rng.choice(self.rooms[square]),
            "title": self._rng.choice(TITLES),
            "hour": self._rng.randrange(8, 20),
            "weekday": self._rng.randrange(7),
            "series": str(self._id()),
            "activity": str(self._id()),
            "date": 0,
        }

    def _occurrence(self, n: int) -> Event:
        """The next date of some series: an editor makes many dates of one series at once."""
        of = self._series[n // 400 % SERIES]
        of["date"] = int(str(of["date"])) + 1
        day = 7 * (int(str(of["date"])) % 52) + int(str(of["weekday"]))
        start = FIRST + dt.timedelta(days=day, hours=int(str(of["hour"])))
        occurrence = self._id()
        data = Occurrence.model_validate(
            {
                "occurrence_id": str(occurrence),
                "activity_id": of["activity"],
                "square_id": str(of["square"]),
                "unit_id": str(of["unit"]),
                "title_nb": of["title"],
                "starts_at": start.isoformat(),
                "ends_at": (start + dt.timedelta(minutes=90)).isoformat(),
                "setup_minutes": 15,
                "space_ids": [of["room"]],
                "booking_id": str(self._id()),
                "series_id": of["series"],
                "state": "scheduled",
                "capacity": 30,
            }
        )
        event = self._event("library", "occurrence.scheduled.v1", f"occurrence/{occurrence}", data, data.square_id)
        self._owned.append(event)
        return event

    def _booking(self, of: Event) -> Event:
        data = Booking.model_validate(
            {key: of.data[key] for key in ("square_id", "unit_id", "space_ids", "starts_at", "ends_at", "series_id")}
            | {
                "booking_id": of.data["booking_id"],
                "leaf_ids": of.data["space_ids"],
                "setup_minutes": 15,
                "state": "confirmed",
                "title": of.data["title_nb"],
                "owner_ref": of.subject,
                "organiser_kind": "municipal",
                "expected_people": 15,
            }
        )
        subject = f"booking/{data.booking_id}"
        return self._event("facility", "booking.confirmed.v1", subject, data, data.square_id)

    def _interval(self, n: int) -> Event:
        square, door = self.doors[n % len(self.doors)]
        start = FIRST + dt.timedelta(minutes=15 * (n // len(self.doors)))
        reading = {"count_in": self._rng.randrange(40), "count_out": self._rng.randrange(40)}
        at = (start + dt.timedelta(minutes=16)).isoformat()
        readings = [reading | {"received_at": at}]
        said = {"counter_id": str(door), "square_id": str(square), "start": start.isoformat(), "readings": readings}
        subject = f"interval/{door}/{start:%Y-%m-%dT%H:%M:%SZ}"
        return self._event("counters", "interval.recorded.v1", subject, Interval.model_validate(said), square)

    def _event(self, service: str, kind: str, subject: str, data: object, square: UUID) -> Event:
        at = FIRST + dt.timedelta(days=300)
        correlation = str(self._id())
        return envelope.build(
            service,
            kind,
            subject,
            1,
            data,
            at=at,
            square_id=square,
            correlation_id=correlation,  # type: ignore[arg-type]  # one of three contracts
        )

    def _id(self) -> UUID:
        return UUID(int=self._rng.getrandbits(128), version=4)
