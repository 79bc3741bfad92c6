"""What becomes of one record, on real PostgreSQL: its effect once, a dead letter with a reason, or another try."""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.structs import ConsumerRecord
from faststream.exceptions import NackMessage

from shared import db, deadletter, reaction
from shared.contracts.platform import Watermark
from shared.envelope import LARGEST_RECORD, Event, build, encode
from shared.problems import Conflict, NotFound, Unavailable
from shared.reaction import Handler, Reaction
from tests.integration.streams import CLOCK, Stand, event_of, stand

pytestmark = pytest.mark.integration
TOPIC = "torg.library.v1"
KIND = "library.thing.changed.v1"


@pytest.fixture(scope="module")
async def facility(kafka: Any, postgres: Any) -> Any:
    async with stand(kafka, postgres) as made:
        await made.create_table("effect (event_id uuid)")
        yield made


@pytest.fixture
async def clean(facility: Stand) -> Stand:
    await facility.pool.execute("delete from effect; delete from inbox; delete from dead_letter")
    return facility


async def have_effect(conn: Any, event: Event) -> None:
    await conn.execute("insert into effect values ($1)", event.id)


def react(at: Stand, handler: Handler = have_effect) -> Reaction:
    return Reaction(f"facility.{TOPIC}", TOPIC, "library", {KIND: handler}, at.pool, CLOCK)


def record_of(value: bytes | None, offset: int = 0, headers: Any = (), partition: int = 0) -> Any:
    return ConsumerRecord(TOPIC, partition, offset, 0, 0, b"key", value, None, 3, len(value or b""), headers)


def good(**changes: Any) -> bytes:
    return encode(event_of("library", "thing/1").model_copy(update=changes))


def broken(**changes: Any) -> bytes:
    """An event with members replaced, past every check of ours; `...` takes a member away."""
    event = json.loads(good()) | changes
    return json.dumps({name: value for name, value in event.items() if value is not ...}).encode()


async def effects(at: Stand) -> int:
    return int(await at.pool.fetchval("select count(*) from effect"))


async def letters(at: Stand) -> list[Any]:
    return list(await at.pool.fetch("select * from dead_letter order by record_offset"))


POISON: dict[str, Callable[[], bytes]] = {
    "empty body": lambda: b"",
    "broken JSON": lambda: b'{"id": ',
    "byte order mark": lambda: b"\xef\xbb\xbf" + good(),
    "bad UTF-8": lambda: good().replace(b"thing/1", b"thing/\xff"),
    "lone surrogate": lambda: good().replace(b"thing/1", b"thing/\\ud800"),
    "NUL": lambda: broken(subject="thing/\0"),
    "2**63": lambda: broken(subjectversion=2**63),
    "5,000 digits": lambda: good().replace(b'"subjectversion":1', b'"subjectversion":' + b"9" * 5000),
    "NaN": lambda: good().replace(b'"subjectversion":1', b'"subjectversion":NaN'),
    "version 0": lambda: broken(subjectversion=0),
    "version as text": lambda: broken(subjectversion="1"),
    "year 1": lambda: broken(time="0001-01-01T00:00:00+14:00"),
    "year 9999": lambda: broken(time="9999-12-31T23:59:59-12:00"),
    "time without zone": lambda: broken(time="2026-11-24T10:00:00"),
    "time as number": lambda: broken(time=1_700_000_000),
    "id is no UUID": lambda: broken(id="7"),
    "no id": lambda: broken(id=...),
    "other specversion": lambda: broken(specversion="2.0"),
    "type of another form": lambda: broken(type="Library/Thing"),
    "deep nesting": lambda: good().replace(b'{"note":"x"}', b"[" * 100_000 + b"]" * 100_000),
    "an array": lambda: b"[" + good() + b"]",
    "5 MB": lambda: good().replace(b'"note":"x"', b'"note":"' + b"x" * 5_000_000 + b'"'),
    "gzip": lambda: b"\x1f\x8b\x08\x00" + b"\0" * 50,
}


@pytest.mark.parametrize("kind", POISON)
async def test_poison__any_kind__is_put_aside_with_a_reason_that_repeats_nothing(clean: Stand, kind: str) -> None:
    reacting = react(clean)
    value = POISON[kind]()

    await reacting.handle(record_of(value, 0))
    await reacting.handle(record_of(good(), 1))

    (letter,) = await letters(clean)
    assert letter["code"] == "malformed"
    assert letter["reason"]
    assert "thing/" not in letter["reason"]
    assert letter["value"] == value[:LARGEST_RECORD]
    assert letter["value_size"] == len(value)
    assert await effects(clean) == 1
    assert reacting.handled == {0: 2}


async def test_duplicate_member__last_one_counts__is_handled(clean: Stand) -> None:
    value = good().replace(b'"subjectversion":1', b'"subjectversion":7,"subjectversion":1')

    await react(clean).handle(record_of(value))

    assert await effects(clean) == 1
    assert await letters(clean) == []


@pytest.mark.parametrize(
    "change",
    [{"source": "/services/counters"}, {"source": "/elsewhere"}, {"type": "counters.thing.changed.v1"}],
    ids=["foreign source", "source of another form", "foreign type"],
)
async def test_event__not_of_the_topics_owner__is_put_aside(clean: Stand, change: dict[str, str]) -> None:
    value = broken(**change)

    await react(clean).handle(record_of(value))

    (letter,) = await letters(clean)
    assert letter["code"] == "wrong_source"
    assert await effects(clean) == 0


async def test_event__seen_before__has_no_second_effect(clean: Stand) -> None:
    value = good()

    for offset in range(3):
        await react(clean).handle(record_of(value, offset))

    assert await effects(clean) == 1
    assert await letters(clean) == []


async def test_event__seen_by_two_at_once__has_one_effect(clean: Stand) -> None:
    async def slowly(conn: Any, event: Event) -> None:
        await asyncio.sleep(0.05)
        await have_effect(conn, event)

    value = good()

    await asyncio.gather(*(react(clean, slowly).handle(record_of(value)) for _ in range(4)))

    assert await effects(clean) == 1


@pytest.mark.parametrize("kind", ["unknown type", "next version", "watermark", "tombstone"])
async def test_record__none_of_ours_to_handle__is_passed_without_a_trace(clean: Stand, kind: str) -> None:
    mark = Watermark(service="library", partition=0, partitions=3, complete_until=CLOCK.now())
    values = {
        "unknown type": broken(type="library.thing.unheard_of.v1", data={"any": [1, None]}),
        "next version": broken(type="library.thing.changed.v2"),
        "watermark": encode(build("library", "source.watermark.v1", "watermark/library/0", 1, mark, at=CLOCK.now())),
        "tombstone": None,
    }
    reacting = react(clean)

    await reacting.handle(record_of(values[kind]))

    assert await letters(clean) == []
    assert await clean.pool.fetchval("select count(*) from inbox") == 0
    assert reacting.handled == {0: 1}


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Conflict(code="room_taken"), "refused"),
        (NotFound(), "refused"),
        (KeyError("Kari Nordmann"), "failed"),
        (ValueError("Kari Nordmann"), "failed"),
    ],
)
async def test_handler__refuses__effect_is_undone_and_record_put_aside(
    clean: Stand, failure: Exception, code: str
) -> None:
    async def refuse(conn: Any, event: Event) -> None:
        await have_effect(conn, event)
        raise failure

    await react(clean, refuse).handle(record_of(good()))

    (letter,) = await letters(clean)
    assert letter["code"] == code
    assert "Kari" not in letter["reason"]
    assert await effects(clean) == 0
    assert await clean.pool.fetchval("select count(*) from inbox") == 0


async def test_handler__validates_data_that_does_not_fit__record_is_put_aside(clean: Stand) -> None:
    async def validate(conn: Any, event: Event) -> None:
        Watermark.model_validate(event.data)

    await react(clean, validate).handle(record_of(good()))

    (letter,) = await letters(clean)
    assert letter["code"] == "invalid"
    assert "service" in letter["reason"]


@pytest.mark.parametrize("value", ["\0", 2**63, "not a number"])
async def test_handler__gives_postgresql_what_it_refuses__record_is_put_aside(clean: Stand, value: Any) -> None:
    async def save(conn: Any, event: Event) -> None:
        sql = "select $1::text" if value == "\0" else "select $1::bigint"
        await conn.execute(sql, value)

    await react(clean, save).handle(record_of(good()))

    assert [letter["code"] for letter in await letters(clean)] == ["failed"]


async def test_outage__database_connection_lost_in_the_handler__is_tried_again_and_never_put_aside(
    clean: Stand,
) -> None:
    tries = 0

    async def cut_twice(conn: Any, event: Event) -> None:
        nonlocal tries
        tries += 1
        await have_effect(conn, event)
        if tries <= 2:
            await conn.execute("select pg_terminate_backend(pg_backend_pid())")

    await react(clean, cut_twice).handle(record_of(good()))

    assert tries == 3
    assert await effects(clean) == 1
    assert await letters(clean) == []


async def test_outage__other_service_away__is_waited_out_and_shown(clean: Stand) -> None:
    shown: list[str | None] = []

    async def unavailable(conn: Any, event: Event) -> None:
        shown.append(reacting.waiting_for)
        if len(shown) < 3:
            raise Unavailable
        await have_effect(conn, event)

    reacting = react(clean, unavailable)

    await reacting.handle(record_of(good()))

    assert shown == [None, "Unavailable", "Unavailable"]
    assert reacting.waiting_for is None
    assert await effects(clean) == 1


async def test_outage__consumer_told_to_stop__gives_the_record_back(clean: Stand) -> None:
    async def unavailable(conn: Any, event: Event) -> None:
        reacting.stopping.set()
        raise Unavailable

    reacting = react(clean, unavailable)

    with pytest.raises(NackMessage):
        await reacting.handle(record_of(good()))

    assert reacting.handled == {}
    assert await letters(clean) == []


async def test_poison__too_much_in_a_row__halts_instead_of_draining_the_topic(
    clean: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaction, "MOST_POISON_IN_A_ROW", 3)
    reacting = react(clean)
    for offset in range(3):
        await reacting.handle(record_of(b"bad", offset))

    with pytest.raises(NackMessage):
        await reacting.handle(record_of(b"bad", 3))

    assert reacting.halted
    assert len(await letters(clean)) == 3
    assert reacting.handled == {0: 3}


async def test_poison__good_records_between__never_halts(clean: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaction, "MOST_POISON_IN_A_ROW", 2)
    reacting = react(clean)

    for offset in range(0, 12, 3):
        await reacting.handle(record_of(b"bad", offset))
        await reacting.handle(record_of(b"bad", offset + 1))
        await reacting.handle(record_of(good(), offset + 2))

    assert not reacting.halted
    assert len(await letters(clean)) == 8


async def test_dead_letter__odd_headers__are_kept_as_bytes(clean: Stand) -> None:
    headers = [("ce_id", None), ("na\0me", b"\xff\xfe\0"), *[("many", b"x")] * 100_000]

    await react(clean).handle(record_of(b"bad", headers=tuple(headers)))

    (letter,) = await letters(clean)
    assert letter["headers"][:2] == [["ce_id", None], ["na\ufffdme", base64.b64encode(b"\xff\xfe\0").decode()]]
    assert len(letter["headers"]) == deadletter.MOST_HEADERS


async def test_dead_letter__record_read_twice__is_put_aside_once(clean: Stand) -> None:
    for _ in range(2):
        await react(clean).handle(record_of(b"bad", 5))

    assert len(await letters(clean)) == 1


async def test_replay__still_refused__letter_stays_and_says_why(clean: Stand) -> None:
    async def refuse(conn: Any, event: Event) -> None:
        raise Conflict(code="room_taken")

    reacting = react(clean, refuse)
    await reacting.handle(record_of(good()))
    (letter,) = await letters(clean)

    with pytest.raises(Conflict) as refused:
        await deadletter.replay(clean.pool, letter["id"], reacting.apply)

    assert refused.value.code == "refused_again"
    assert len(await letters(clean)) == 1


async def test_replay__accepted_now__has_its_effect_once_and_letter_is_gone(clean: Stand) -> None:
    value = good()
    async with db.transaction(clean.pool) as conn:
        records = [record_of(value, offset) for offset in range(2)]
        waiting = [deadletter.letter_of(each, "facility", "refused", "room_taken", CLOCK.now()) for each in records]
        await deadletter.insert(conn, waiting)

    for letter in await letters(clean):
        await deadletter.replay(clean.pool, letter["id"], react(clean).apply)

    assert await effects(clean) == 1
    assert await letters(clean) == []


async def test_replay__only_the_beginning_kept__is_refused(clean: Stand) -> None:
    await react(clean).handle(record_of(b"x" * (LARGEST_RECORD + 1)))
    (letter,) = await letters(clean)

    with pytest.raises(Conflict) as refused:
        await deadletter.replay(clean.pool, letter["id"], react(clean).apply)

    assert refused.value.code == "letter_cut"


async def test_letter__unknown_id__is_not_found(clean: Stand) -> None:
    with pytest.raises(NotFound):
        await deadletter.replay(clean.pool, 10**12, react(clean).apply)
    with pytest.raises(NotFound):
        await deadletter.drop(clean.pool, uuid4().int >> 66)
