"""Folding records: newest version per subject, positions behind every record, the unusable put aside."""

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

from services.aggregator.batches import prepare
from services.aggregator.decoding import Decoder
from shared import envelope
from shared.contracts.facility import Booking, Space
from shared.contracts.programme import Activity
from shared.kafka import Record

NOW = dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)
TOPIC = "torg.facility.v1"
DECODER = Decoder([Booking])


def record(offset: int, value: bytes | None, key: bytes | None, topic: str = TOPIC, **headers: bytes) -> Record:
    return Record(topic, 0, offset, 0, 0, key, value, None, -1, len(value or b""), tuple(headers.items()))


def booking(offset: int, booking_id: UUID, version: int, minutes: int = 0, **data: Any) -> Record:
    said = {
        "booking_id": str(booking_id),
        "square_id": str(uuid4()),
        "space_ids": [],
        "starts_at": "2026-11-24T10:00:00Z",
        "ends_at": "2026-11-24T11:00:00Z",
        "state": "confirmed",
    }
    at = NOW + dt.timedelta(minutes=minutes)
    subject = f"booking/{booking_id}"
    event = envelope.build("facility", "booking.confirmed.v1", subject, version, said | data, at=at)
    return record(offset, envelope.encode(event), subject.encode(), ce_type=event.type.encode())


async def test_prepare__several_versions_of_a_subject__keeps_the_newest_whatever_the_order() -> None:
    one, other = uuid4(), uuid4()
    records = [booking(0, one, 1), booking(1, one, 3), booking(2, other, 1), booking(3, one, 2)]
    prepared = await prepare(records, DECODER, NOW)
    newest = prepared.batch.newest(Booking)
    assert {event.data.booking_id: event.subjectversion for event in newest} == {one: 3, other: 1}
    assert [event.subject for event in newest] == sorted(event.subject for event in newest)


async def test_prepare__any_records__moves_the_position_behind_the_last_with_the_newest_time() -> None:
    records = [booking(7, uuid4(), 1, 5), booking(8, uuid4(), 1, 2), record(9, b"{", b"x")]
    prepared = await prepare(records, DECODER, NOW)
    assert prepared.positions == {(TOPIC, 0): (10, NOW + dt.timedelta(minutes=5))}


async def test_prepare__record_that_is_poison__becomes_a_letter_without_its_text() -> None:
    bad = booking(4, uuid4(), 1, title="Kari\0Nordmann")
    prepared = await prepare([booking(3, uuid4(), 1), bad], DECODER, NOW)
    (letter,) = prepared.letters
    assert (letter.offset, letter.code, letter.consumer) == (4, "invalid", "projector")
    assert "data.title" in letter.reason
    assert "Kari" not in letter.reason
    assert len(prepared.batch.newest(Booking)) == 1


async def test_prepare__type_no_view_wants__is_skipped_but_still_read() -> None:
    event = envelope.build("library", "activity.published.v1", f"activity/{uuid4()}", 1, {}, at=NOW)
    topic, key = envelope.topic_of("library"), event.subject.encode()
    wanted = await prepare([record(0, envelope.encode(event), key, topic)], Decoder([Activity]), NOW)
    unwanted = await prepare([record(0, envelope.encode(event), key, topic)], DECODER, NOW)
    assert [letter.code for letter in wanted.letters] == ["invalid"]
    assert (unwanted.letters, unwanted.counts) == ([], {(topic, "skipped"): 1})


async def test_prepare__header_that_promises_another_type__goes_by_the_body() -> None:
    right = booking(0, uuid4(), 1)
    lying = record(0, right.value, right.key, ce_type=b"facility.space.changed.v1")
    for decoder in (DECODER, Decoder([Booking, Space])):
        prepared = await prepare([lying], decoder, NOW)
        assert len(prepared.batch.newest(Booking)) == 1


async def test_batch__without_any_of_the_models__says_so() -> None:
    batch = (await prepare([booking(0, uuid4(), 1)], DECODER, NOW)).batch
    assert batch.has([Space, Booking])
    assert not batch.has([Space])
    assert batch.newest(Space) == []
