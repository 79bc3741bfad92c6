"""What a feed is, what its next edition changes, and when it is read again. Pure."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from shared.problems import Message

MOST_DATES = 400
AHEAD = dt.timedelta(days=396)
LONGEST_PAUSE = dt.timedelta(days=1)
BY_HAND = dt.timedelta(minutes=5)  # between two fetches, however often somebody asks
Kind = Literal["file", "address"]
Titles = Literal["shown", "hidden"]
DateState = Literal["booked", "refused", "dismissed", "gone"]
FaultCode = Literal[
    "bad_address",
    "not_https",
    "private_address",
    "unreachable",
    "certificate",
    "timeout",
    "too_many_redirects",
    "status",
    "encoded",
    "too_large",
    "not_a_calendar",
    "too_much",
]

FAULTS: Mapping[FaultCode, Message] = {
    "bad_address": Message(
        "Adressen kan ikke brukes. Skriv den som https://kalender.example.no/rom.ics, uten brukernavn og passord.",
        "The address cannot be used. Write it as https://calendar.example.org/room.ics, without user and password.",
    ),
    "not_https": Message("Adressen må begynne med https.", "The address must begin with https."),
    "private_address": Message(
        "Adressen fører inn i et lukket nett. Driften kan åpne for nettet.",
        "The address leads into a private network. Operations can allow that network.",
    ),
    "unreachable": Message("Kalenderens tjener svarer ikke.", "The calendar's server does not answer."),
    "certificate": Message(
        "Tjenerens sertifikat kan ikke godtas.", "The server shows a certificate that cannot be accepted."
    ),
    "timeout": Message("Kalenderen kom ikke i tide.", "The calendar did not arrive in time."),
    "too_many_redirects": Message("Adressen sender videre for mange ganger.", "The address redirects too many times."),
    "status": Message("Tjeneren gir ikke ut kalenderen.", "The server does not hand out the calendar."),
    "encoded": Message(
        "Kalenderen kom komprimert, uten at vi ba om det.", "The calendar came compressed, which was not asked for."
    ),
    "too_large": Message("Kalenderen er for stor.", "The calendar is too large."),
    "not_a_calendar": Message(
        "Innholdet er ingen kalender (iCalendar, .ics).", "The content is no calendar (iCalendar, .ics)."
    ),
    "too_much": Message(
        "Kalenderen har for mange datoer eller for tunge regler.", "The calendar has too many dates or too heavy rules."
    ),
}


class Broken(Exception):
    """An edition that cannot be had or read. Says nothing of the address, which may be a secret."""

    def __init__(self, fault: FaultCode, *, status: int | None = None, retry_after: int | None = None) -> None:
        self.fault, self.status, self.retry_after = fault, status, retry_after
        super().__init__(fault)


@dataclass(frozen=True)
class Feed:
    id: UUID
    version: int
    square_id: UUID
    zone: ZoneInfo
    space_id: UUID
    unit_id: UUID | None
    unit_kind: str | None
    name: str
    kind: Kind
    url: str | None
    file_digest: str | None
    refresh_minutes: int
    override: bool
    titles: Titles
    created_at: dt.datetime
    withdrawn_at: dt.datetime | None = None
    keep_bookings: bool = False
    edition: int = 0
    next_at: dt.datetime | None = None
    tried_at: dt.datetime | None = None
    good_at: dt.datetime | None = None
    failures: int = 0
    fault: FaultCode | None = None
    fault_status: int | None = None
    broken_since: dt.datetime | None = None
    retry_at: dt.datetime | None = None
    etag: str | None = None
    modified: str | None = None
    skipped: Sequence[Mapping[str, Any]] = ()
    beyond: int = 0

    @property
    def planned_at(self) -> dt.datetime | None:
        """When it is to be read by itself again: further and further apart while it is broken."""
        if self.tried_at is None:
            return None
        apart = dt.timedelta(minutes=self.refresh_minutes)
        if self.failures:
            apart = max(apart, min(apart * 2 ** min(self.failures, 12), LONGEST_PAUSE))
        return max(self.tried_at + apart, self.retry_at or self.tried_at)

    def may_fetch(self, now: dt.datetime) -> bool:
        """A test may set the clock back: what was tried later than now was not tried yet."""
        return self.tried_at is None or not self.tried_at <= now < self.tried_at + BY_HAND

    def good(self, now: dt.datetime) -> "Feed":
        """Read well just now. A file is as old as its upload, however often it is gone through."""
        good_at = now if self.kind == "address" else self.good_at
        return replace(
            self, tried_at=now, good_at=good_at, failures=0, fault=None, fault_status=None, broken_since=None,
            retry_at=None,
        )  # fmt: skip

    def broke(self, now: dt.datetime, broken: Broken) -> "Feed":
        """Stays at its last good state."""
        wait = min(dt.timedelta(seconds=broken.retry_after or 0), LONGEST_PAUSE)
        return replace(
            self, tried_at=now, failures=self.failures + 1, fault=broken.fault, fault_status=broken.status,
            broken_since=self.broken_since or now, retry_at=now + wait if wait else None,
        )  # fmt: skip


class Wanted(NamedTuple):
    """A date as the calendar has it now."""

    id: UUID
    starts_at: dt.datetime
    ends_at: dt.datetime
    title: str | None


@dataclass(frozen=True)
class Known:
    """A date as it was at the last reading. `booking_id` of a refused one: it stands where it was before it moved."""

    id: UUID
    feed_id: UUID
    starts_at: dt.datetime
    ends_at: dt.datetime
    title: str | None
    state: DateState
    since: dt.datetime
    tried_at: dt.datetime
    booking_id: UUID | None = None
    made: int = 0
    reason: str | None = None
    blocking: tuple[UUID, ...] = ()
    reasons: Sequence[Mapping[str, Any]] = ()

    def is_at(self, wanted: Wanted) -> bool:
        return (self.starts_at, self.ends_at) == (wanted.starts_at, wanted.ends_at)


class Step(NamedTuple):
    """`free` gives a booking up whose date goes on: another of the calendar needs its time first."""

    do: Literal["drop", "move", "book", "free"]
    wanted: Wanted | None
    known: Known | None


class Plan(NamedTuple):
    steps: list[Step]
    beyond: int


def date_id(feed_id: UUID, key: str, recurrence_id: str) -> UUID:
    """Of one date of a calendar in every edition of it."""
    return uuid5(feed_id, f"{len(key)}/{key}/{recurrence_id}")


def booking_id(date: UUID, made: int) -> UUID:
    """Of the booking that comes after `made` earlier ones of the date."""
    return uuid5(date, str(made)) if made else date


def plan(
    wanted: Sequence[Wanted],
    known: Mapping[UUID, Known],
    live: Collection[UUID],
    now: dt.datetime,
    until: dt.datetime,
    most: int = MOST_DATES,
) -> Plan:
    """What is to be done so that the room is booked as the calendar says: first what frees time, then what takes it.

    `wanted` is in order. `live`: bookings that still stand. What staff cancelled or moved by hand stays as they left
    it, until the calendar itself says another time. What is over is left alone.
    """
    there = {one.id for one in wanted}
    drops = [Step("drop", None, one) for one in known.values() if one.id not in there and _is_ahead(one, now, until)]
    moves: list[Step] = []
    books: list[Step] = []
    for one in wanted:
        before = known.get(one.id)
        if before and before.booking_id in live:
            if before.state == "refused" or not before.is_at(one):
                moves.append(Step("move", one, before))
        elif before is None or before.state in ("gone", "refused") or not before.is_at(one):
            books.append(Step("book", one, before))
    room = max(0, most - (len(wanted) - len(books)))
    return Plan([*drops, *moves, *books[:room]], len(books[room:]))


def _is_ahead(one: Known, now: dt.datetime, until: dt.datetime) -> bool:
    return one.state != "gone" and one.ends_at > now and one.starts_at < until


def after_pass(
    refused: Sequence[tuple[Step, Collection[UUID]]], moved: Collection[UUID]
) -> tuple[list[Step], Step | None]:
    """(what to try once more, what to give up first), when dates of one calendar stood in each other's way.

    `refused`: each step with what blocked it; `moved`: bookings that have left their old time since. Where nothing has,
    a ring of dates that change places is opened by freeing one of them.
    """
    again = [step for step, blocking in refused if not set(moved).isdisjoint(blocking)]
    if again:
        return again, None
    waiting = {step.known.booking_id for step, _ in refused if step.do == "move" and step.known}
    for step, blocking in refused:
        if step.do == "move" and blocking and waiting.issuperset(blocking):
            return [], Step("free", step.wanted, step.known)
    return [], None
