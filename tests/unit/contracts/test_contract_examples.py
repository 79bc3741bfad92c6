"""Every example is read by everybody who reads its type, as a newer and an older producer would write it too."""

import json
from typing import Any

import pytest
from aiokafka.structs import ConsumerRecord

from services.aggregator.app import PROJECTIONS
from services.aggregator.decoding import Decoder
from services.aggregator.projections import Batch
from services.facility.booking import store as bookings
from shared.contracts import catalogue, opening_hours
from shared.contracts.facility import Hours
from shared.envelope import decode, headers, topic_of
from shared.reaction import read
from tests.contracts import golden, readers

TYPES = tuple(catalogue.by_type())
DECODER = Decoder(model for view in PROJECTIONS for model in view.models)


class Silent:
    """A connection that takes every statement and knows of nothing: what a reader finds in an empty schema."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def fetch(self, statement: str, *_: Any) -> list[Any]:
        self.asked.append(statement)
        return []

    async def fetchrow(self, statement: str, *_: Any) -> None:
        self.asked.append(statement)

    async def fetchval(self, statement: str, *_: Any) -> None:
        self.asked.append(statement)

    async def execute(self, statement: str, *_: Any) -> str:
        self.asked.append(statement)
        return "INSERT 0 0"


def example(name: str) -> dict[str, Any]:
    path = golden.ROOT / golden.CONTRACTS / "examples" / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def bare(name: str) -> dict[str, Any]:
    """As a producer wrote it that knew of no optional field."""
    model = catalogue.by_type()[name]
    whole = example(name)
    needed = {field for field, one in model.model_fields.items() if one.is_required()}
    optional = {"squareid", "unitid", "correlationid", "causationid", "traceparent", "classification"}
    kept = {key: value for key, value in whole.items() if key not in optional}
    return {**kept, "data": {key: value for key, value in whole["data"].items() if key in needed}}


def newer(name: str) -> dict[str, Any]:
    """As a producer will write it that knows of fields not known here."""
    whole = example(name)
    return {**whole, "later": "a new attribute", "data": {**whole["data"], "later": {"a": ["new", "field"]}}}


def record_of(event: dict[str, Any]) -> Any:
    value = json.dumps(event, ensure_ascii=False).encode()
    typed = decode(value)
    topic = topic_of(typed.type.partition(".")[0])
    return ConsumerRecord(
        topic, 0, 7, 0, 0, typed.subject.encode(), value, None, len(typed.subject), len(value), headers(typed)
    )  # fmt: skip


WRITTEN = pytest.mark.parametrize("written", [example, bare, newer], ids=["whole", "bare", "newer"])


@pytest.mark.parametrize("name", TYPES)
def test_example__decoded__says_what_its_type_promises(name: str) -> None:
    event = decode(json.dumps(example(name)).encode())
    owner = name.partition(".")[0]

    data = catalogue.by_type()[name].model_validate_json(json.dumps(event.data))

    assert event.type == name
    assert event.source == f"/services/{owner}"
    assert data.model_dump(mode="json", exclude_none=True).items() >= event.data.items()
    if isinstance(data, Hours):
        assert opening_hours.parse(data.periods) is not None


@WRITTEN
@pytest.mark.parametrize("name", TYPES)
async def test_example__read_by_the_aggregator__reaches_every_view_it_is_for(name: str, written: Any) -> None:
    found = DECODER.decode(record_of(written(name)))
    views = [view for view in PROJECTIONS if catalogue.by_type()[name] in view.models]
    assert (found is not None) == bool(views)
    if found is None:
        return

    model, event = found
    conn = Silent()
    for view in views:
        await view.apply(conn, 1, Batch({model: {event.subject: event}}))

    assert event.type == name
    assert conn.asked or isinstance(event.data, Hours)


@WRITTEN
@pytest.mark.parametrize("name", sorted(readers.facility_handlers()))
async def test_example__read_by_facility__asks_for_its_booking_and_for_others_of_its_own(
    name: str, written: Any
) -> None:
    record = record_of(written(name))
    event = read(record.topic, record.value, name.partition(".")[0])
    conn = Silent()

    await readers.facility_handlers()[name](conn, event)

    follows = name.split(".")[2] in ("scheduled", "rescheduled", "cancelled")
    assert (bookings.BY_ID in conn.asked) == (follows and "booking_id" in event.data)
    assert bookings.UNNEEDED in conn.asked


@WRITTEN
@pytest.mark.parametrize("name", sorted(readers.unit_handlers()))
async def test_example__read_by_a_unit__asks_its_own_tables(name: str, written: Any) -> None:
    record = record_of(written(name))
    event = read(record.topic, record.value, "facility")
    conn = Silent()

    await readers.unit_handlers()[name](conn, event)

    assert conn.asked


def test_examples__all_together__use_every_field_there_is() -> None:
    used = {(catalogue.by_type()[name], field) for name in TYPES for field in example(name)["data"]}
    there = {(model, field) for model in catalogue.by_type().values() for field in model.model_fields}

    assert there - used == set()
