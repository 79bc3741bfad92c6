"""Records that no consumer can use, and how one that it can looks."""

import datetime as dt
import json
from typing import Any
from uuid import uuid4

from shared import envelope

NOW = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)


def booking(**wrong: Any) -> tuple[bytes, bytes]:
    """Key and value of a booking that is right but for what is `wrong`."""
    ids = {name: str(uuid4()) for name in ("booking_id", "square_id")}
    data = ids | {"space_ids": [], "starts_at": "2026-11-24T10:00:00Z", "ends_at": "2026-11-24T11:00:00Z"}
    subject = f"booking/{ids['booking_id']}"
    event = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/services/facility",
        "type": "facility.booking.confirmed.v1",
        "subject": subject,
        "time": NOW.isoformat(),
        "datacontenttype": "application/json",
        "subjectversion": 1,
        "data": data | {"state": "confirmed", "title": "Styremøte"} | wrong.pop("data", {}),
    }
    return subject.encode(), json.dumps(event | wrong).encode()


POISON = {
    "NUL in a text": booking(data={"title": "a\0b"}),
    "an integer of 2**63": booking(subjectversion=2**63),
    "the year 1": booking(data={"starts_at": "0001-01-01T00:00:00+14:00"}),
    "the year 9999": booking(data={"ends_at": "9999-12-31T23:00:00-12:00"}),
    "a range turned round": booking(data={"ends_at": "2026-11-24T09:00:00Z"}),
    "a range of a year": booking(data={"ends_at": "2027-11-24T09:00:00Z"}),
    "a lone surrogate": (b"x", booking()[1].replace(b"Styrem", b"\\ud800")),
    "bad UTF-8": (b"x", booking()[1].replace(b"Styrem", b"\xff\xfe")),
    "NaN": (b"x", booking()[1].replace(b'"subjectversion": 1', b'"subjectversion": NaN')),
    "an integer of 5,000 digits": (b"x", booking()[1].replace(b'on": 1,', b'on": 1' + b"0" * 5000 + b",")),
    "a byte order mark": (b"x", b"\xef\xbb\xbf" + booking()[1]),
    "nothing": (b"x", b""),
    "a tombstone": (b"x", None),
    "no JSON": (b"x", b"{"),
    "no object": (b"x", b"[1]"),
    "nesting of 100,000": (b"x", b"[" * 100_000),
    "more than a record may be": (b"x", b'"' + b"x" * envelope.LARGEST_RECORD + b'"'),
    "no time zone": booking(data={"starts_at": "2026-11-24T10:00:00"}),
    "another's source": booking(source="/services/library"),
    "another's type": booking(type="library.occurrence.scheduled.v1"),
    "a key that is not its subject": (b"booking/other", booking()[1]),
    "a subject that is not its data": booking(data={"booking_id": str(uuid4())}),
    "another square": booking(squareid=str(uuid4())),
}  # fmt: skip
