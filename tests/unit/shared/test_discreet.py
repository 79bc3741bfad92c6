"""Paths whose use is nobody's business leave no trace in metrics, and errors there are logged without their words."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from shared import http
from shared.clock import SystemClock
from shared.http import create_app
from shared.settings import Settings

SECRET = "vaccination at 10:15"
router = APIRouter()


@router.get("/open")
async def in_the_open() -> None:
    raise ValueError(SECRET)


@router.get("/hidden/{name}")
async def hidden(name: str) -> None:
    raise ValueError(SECRET)


@asynccontextmanager
async def nothing(_: FastAPI) -> AsyncIterator[None]:
    yield


async def ready() -> dict[str, Any]:
    return {"state": "ready"}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "x", "x": "A" * 43}]}))
    settings = Settings(service="s", port=1, database_dsn="x", kafka_bootstrap="x", actor_jwks=jwks)
    app = create_app(
        service="s", settings=settings, clock=SystemClock(), routers=[router], lifespan=nothing, ready=ready,
        discreet=("/hidden/",),
    )  # fmt: skip
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://s") as made:
        yield made


async def test_metrics__of_a_discreet_path__are_as_before(client: httpx.AsyncClient) -> None:
    before = (await client.get("/metrics")).text
    await client.get("/hidden/10-15")
    await client.put("/hidden/10-15")
    after = (await client.get("/metrics")).text

    def counted(text: str) -> list[str]:
        own = ("torg_http_requests_total", "torg_http_request_seconds_count")
        return [line for line in text.splitlines() if line.startswith(own) and 'route="/metrics"' not in line]

    assert counted(after) == counted(before)
    assert "hidden" not in after


async def test_metrics__of_another_path__say_that_it_was_asked_for(client: httpx.AsyncClient) -> None:
    await client.get("/open")

    assert 'route="/open",status="500"' in (await client.get("/metrics")).text


@pytest.mark.parametrize(("path", "told"), [("/hidden/10-15", False), ("/open", True)])
async def test_log__of_an_error__repeats_its_words_only_where_they_may_be_known(
    client: httpx.AsyncClient, path: str, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[dict[str, Any]] = []

    class Log:
        def error(self, event: str, **values: Any) -> None:
            said.append({"event": event, **values})

    monkeypatch.setattr(http, "log", Log())
    answer = await client.get(path)

    assert answer.status_code == 500
    (line,) = said
    assert (SECRET in repr(line)) == told
    assert "ValueError" in line["error"]
    assert told or any("test_discreet.py" in place for place in line["where"])
