"""A unit put together: its programme, and whatever is its own. The composition root of every unit."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI

from shared import db, deadletter, logs
from shared.background import every, running
from shared.clock import build_clock, stands_still
from shared.consumer import Reactions
from shared.contracts.platform import UnitKind
from shared.envelope import topic_of
from shared.http import create_app
from shared.programme import api, reactions
from shared.programme.commands import Unit
from shared.programme.reactions import Handler
from shared.programme.rooms import Rooms
from shared.relay import Relay
from shared.settings import Settings

DUE_SECONDS = 5.0
Due = Callable[[Unit], Awaitable[None]]
Hears = Callable[[Unit], Mapping[str, Handler]]


def build_unit(
    service: UnitKind,
    settings: Settings,
    routers: Sequence[APIRouter] = (),
    due: Sequence[Due] = (),
    hears: Hears = lambda _: {},
    discreet: Sequence[str] = (),
) -> FastAPI:
    """`routers`: what the unit has of its own; they find the unit in `app.state.programme`.

    `due`: what time alone brings about, looked at every few seconds. A test that holds the clock runs it when it asks.
    `hears`: what it does of its own when facility speaks, before the programme does. `discreet`: as in `create_app`.
    """
    logs.configure(settings)
    clock = build_clock(settings.test_clock)

    async def run_due() -> None:
        for work in due:
            await work(app.state.programme)

    async def run_due_in_time() -> None:
        if not stands_still(clock):
            await run_due()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pool = await db.open_pool(settings)
        rooms = Rooms(settings.service_urls["facility"])
        unit = app.state.programme = Unit(service, pool, clock, rooms)
        app.state.pool = pool
        app.state.relay = Relay(pool, settings, clock, service)
        app.state.reactions = Reactions(service, pool, settings, clock)
        app.state.reactions.on(topic_of("facility"), reactions.together(hears(unit), reactions.handlers(unit)))
        try:
            loops = [app.state.relay.run, app.state.reactions.run]
            if due:
                loops.append(every(DUE_SECONDS, run_due_in_time))
            async with running(*loops):
                yield
        finally:
            await rooms.close()
            await pool.close()

    letters = deadletter.router(service, lambda: app.state.reactions.apply)
    app = create_app(
        service=service,
        settings=settings,
        clock=clock,
        routers=[api.router(service), *routers, letters],
        lifespan=lifespan,
        ready=lambda: _ready(app),
        due=[run_due],
        discreet=discreet,
    )
    return app


async def _ready(app: FastAPI) -> dict[str, Any]:
    """Ready when the programme can be edited, whatever Kafka does; the lag says what is not yet told."""
    lag = await app.state.relay.lag()
    return {
        "state": "ready",
        "lag": lag.unpublished,
        "oldest_seconds": round(lag.oldest_seconds, 1),
        "reactions": app.state.reactions.status(),
    }
