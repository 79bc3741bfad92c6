"""The aggregator put together."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from services.aggregator import api, changes, suppression
from services.aggregator.projections import Projection
from services.aggregator.projections.calendar import Calendar
from services.aggregator.projections.presence import Presence
from services.aggregator.projections.resources import Resources
from services.aggregator.projections.sources import Sources
from services.aggregator.projector import Projector
from services.aggregator.reading import sources
from services.aggregator.rebuild import Rebuilds
from services.aggregator.visitors import api as visitors_api
from services.aggregator.visitors.projection import Visitors
from services.aggregator.watch import PATIENT, Watch
from shared import db, deadletter, kafka, logs
from shared.background import every, running
from shared.clock import build_clock, settled
from shared.contracts.platform import PUBLISHERS
from shared.envelope import topic_of
from shared.http import create_app
from shared.settings import Settings

PROJECTIONS: tuple[Projection, ...] = (Resources(), Calendar(), Presence(), Visitors(), Sources())
TOPICS = tuple(topic_of(service) for service in PUBLISHERS)


def build(settings: Settings) -> FastAPI:
    logs.configure(settings)
    clock = build_clock(settings.test_clock)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        kafka.log_settings(settings)
        state = app.state
        state.pool = pool = await db.open_pool(settings)
        state.projections = PROJECTIONS
        state.projector = Projector(pool, settings, clock, PROJECTIONS, TOPICS)
        state.watch = Watch(pool, settings, state.projector, TOPICS, _give_up)
        state.rebuilds = Rebuilds(pool, settings, clock, PROJECTIONS, TOPICS)
        state.waker = changes.Waker(settings)
        state.sources = lambda conn: sources(conn, settled(clock))

        async def prune() -> None:
            await changes.prune(pool, clock)

        loops = (state.projector.run, state.watch.run, state.rebuilds.run, state.waker.run)
        try:
            async with running(*loops, every(changes.PRUNE_SECONDS, prune)):
                yield
        finally:
            await pool.close()

    async def ready() -> dict[str, Any]:
        """Ready while the views can be read, however old they are; not when somebody has to act."""
        projector, watch = app.state.projector, app.state.watch
        async with db.connection(app.state.pool) as conn:
            await conn.execute("select 1")
        halted = projector.state in PATIENT - {"database_away"}
        return {
            "state": projector.state if halted else "ready",
            "projector": projector.state,
            "lag": sum(watch.lag.values()),
        }

    app = create_app(
        service=settings.service,
        settings=settings,
        clock=clock,
        routers=[
            api.router,
            visitors_api.router,
            suppression.router,
            deadletter.router("aggregator", lambda: app.state.projector.replay),
        ],
        lifespan=lifespan,
        ready=ready,
    )
    return app


def _give_up() -> None:
    """Stops the process as an operator would; whoever supervises it starts another."""
    os.kill(os.getpid(), signal.SIGTERM)
