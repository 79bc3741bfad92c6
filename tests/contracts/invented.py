"""The invented house and week that examples tell of, and how one is put into an event. Nobody in it is real."""

import datetime as dt
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from shared import envelope
from shared.envelope import Event

DAY = dt.date(2026, 11, 26)


def id_of(name: str) -> UUID:
    """The same in every run, so that the files change only when what they say does."""
    return uuid5(NAMESPACE_URL, f"torg:example:{name}")


def at(hour: int, minute: int = 0, day: int = 26) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=dt.UTC)


SQUARE, HALL, ROOM, ROOM_A = (id_of(name) for name in ("square", "hall", "room", "room-a"))
BOOKING, SERIES, ACTIVITY, OCCURRENCE = (id_of(name) for name in ("booking", "series", "activity", "occurrence"))
COUNTER, CLOSURE, OTHER_BOOKING = (id_of(name) for name in ("counter", "closure", "other-booking"))
SAID = at(9, 12, day=24)


def event_of(service: str, kind: str, subject: str, data: Any, version: int = 1, **more: Any) -> tuple[str, Event]:
    more = {"at": SAID, "square_id": SQUARE, "correlation_id": str(id_of("request"))} | more
    made = envelope.build(service, kind, subject, version, data, **more)
    return made.type, made.model_copy(update={"id": id_of(made.type)})
