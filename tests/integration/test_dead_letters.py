"""Dead letters over HTTP: seen by those who operate, replayed and dropped by admin, and by nobody else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from aiokafka.structs import ConsumerRecord
from fastapi import FastAPI

from shared import db, deadletter
from shared.consumer import Reactions
from shared.envelope import Event, encode
from shared.http import create_app
from shared.problems import Conflict
from tests import infra
from tests.integration.streams import CLOCK, SERVICE, Stand, event_of, stand

pytestmark = pytest.mark.integration
TOPIC = "torg.library.v1"
PATH = f"/api/{SERVICE}/dead-letters"


@pytest.fixture
async def service(kafka: infra.Kafka, postgres: infra.Postgres) -> Any:
    async with stand(kafka, postgres) as made:
        await made.create_table("effect (event_id uuid)")
        yield made


@pytest.fixture
async def admin(service: Stand, keys: infra.Keys) -> AsyncIterator[httpx.AsyncClient]:
    app = app_of(service, keys)
    async with infra.client_of(app, **keys.headers("admin@*")) as client:
        yield client


def app_of(at: Stand, keys: infra.Keys) -> FastAPI:
    reactions = Reactions(SERVICE, at.pool, at.settings, CLOCK)
    reactions.on(TOPIC, {"library.thing.changed.v1": have_effect})

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = at.pool
        yield

    async def ready() -> dict[str, Any]:
        return {"state": "ready"}

    return create_app(
        service=SERVICE,
        settings=at.settings.model_copy(update={"actor_jwks": keys.jwks}),
        clock=CLOCK,
        routers=[deadletter.router(SERVICE, lambda: reactions.apply)],
        lifespan=lifespan,
        ready=ready,
    )


async def have_effect(conn: Any, event: Event) -> None:
    if event.data["note"] == "refuse":
        raise Conflict(code="room_taken")
    await conn.execute("insert into effect values ($1)", event.id)


async def put_aside(at: Stand, *values: bytes) -> None:
    records = [
        ConsumerRecord(TOPIC, 0, offset, 0, 0, b"k", value, None, 1, len(value), (("ce_id", None),))
        for offset, value in enumerate(values)
    ]
    async with db.transaction(at.pool) as conn:
        letters = [
            deadletter.letter_of(each, "tester", "refused", "refused by a rule", CLOCK.now()) for each in records
        ]
        await deadletter.insert(conn, letters)


def an_event(note: str = "x") -> bytes:
    return encode(event_of("library", "thing/1", data={"note": note}))


async def ids(client: httpx.AsyncClient) -> list[int]:
    return [letter["id"] for letter in (await client.get(PATH)).json()["dead_letters"]]


async def test_list__more_than_a_page__goes_on_after_the_last_and_shows_no_values(
    service: Stand, admin: httpx.AsyncClient
) -> None:
    await put_aside(service, *[b"secret"] * 3)

    first = (await admin.get(PATH, params={"limit": 2})).json()
    second = (await admin.get(PATH, params={"limit": 2, "after": first["next"]})).json()

    assert [letter["offset"] for letter in first["dead_letters"] + second["dead_letters"]] == [0, 1, 2]
    assert first["total"] == 3
    assert second["next"] is None
    assert "secret" not in str(first)


async def test_one__odd_bytes__are_shown_readably(service: Stand, admin: httpx.AsyncClient) -> None:
    await put_aside(service, b"bad \xff")

    letter = (await admin.get(f"{PATH}/{(await ids(admin))[0]}")).json()

    assert letter["value"] == "bad \\xff"
    assert letter["headers"] == [["ce_id", None]]
    assert letter["code"] == "refused"


async def test_replay__accepted_now__letter_is_gone_and_a_second_replay_not_found(
    service: Stand, admin: httpx.AsyncClient
) -> None:
    await put_aside(service, an_event())
    (letter,) = await ids(admin)

    assert (await admin.post(f"{PATH}/{letter}/replay")).status_code == 204
    assert (await admin.post(f"{PATH}/{letter}/replay")).status_code == 404
    assert await service.pool.fetchval("select count(*) from effect") == 1
    assert await ids(admin) == []


async def test_replay__refused_again__says_the_rule_and_keeps_the_letter(
    service: Stand, admin: httpx.AsyncClient
) -> None:
    await put_aside(service, an_event("refuse"))
    (letter,) = await ids(admin)

    answer = await admin.post(f"{PATH}/{letter}/replay")

    assert (answer.status_code, answer.json()["code"]) == (409, "refused_again")
    assert answer.json()["reasons"] == [{"rule": "room_taken", "message": "Dette kolliderer med noe annet."}]
    assert await ids(admin) == [letter]


async def test_drop__letter__is_gone(service: Stand, admin: httpx.AsyncClient) -> None:
    await put_aside(service, b"bad")
    (letter,) = await ids(admin)

    assert (await admin.delete(f"{PATH}/{letter}")).status_code == 204
    assert (await admin.delete(f"{PATH}/{letter}")).status_code == 404
    assert await ids(admin) == []


@pytest.mark.parametrize("letter", ["0", "-1", str(2**63), "x"])
async def test_letter__impossible_id__is_invalid(admin: httpx.AsyncClient, letter: str) -> None:
    assert (await admin.get(f"{PATH}/{letter}")).status_code == 422


@pytest.mark.parametrize(
    ("role", "expected"), [("front_line@*", (403, 403, 403, 403)), ("auditor@*", (200, 403, 403, 403))]
)
async def test_dead_letters__other_roles__may_at_most_list(
    service: Stand, keys: infra.Keys, role: str, expected: tuple[int, ...]
) -> None:
    await put_aside(service, an_event())
    async with infra.client_of(app_of(service, keys), **keys.headers("admin@*")) as admin:
        (letter,) = await ids(admin)
        found = [
            (await admin.request(method, PATH + path, headers=keys.headers(role))).status_code
            for method, path in (
                ("GET", ""),
                ("GET", f"/{letter}"),
                ("POST", f"/{letter}/replay"),
                ("DELETE", f"/{letter}"),
            )
        ]
        assert tuple(found) == expected
        assert await ids(admin) == [letter]


async def test_dead_letters__nobody_signed_in__are_not_shown(admin: httpx.AsyncClient) -> None:
    assert (await admin.get(PATH, headers={"Authorization": ""})).status_code == 401
