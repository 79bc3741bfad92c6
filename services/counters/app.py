"""Counters put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from services.counters import api, devices_api
from shared import db, logs
from shared.background import running
from shared.clock import build_clock
from shared.http import create_app
from shared.relay import Relay
from shared.settings import Settings


def build(settings: Settings) -> FastAPI:
    logs.configure(settings)
    clock = build_clock(settings.test_clock)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = await db.open_pool(settings)
        app.state.relay = Relay(app.state.pool, settings, clock, settings.service)
        try:
            async with running(app.state.relay.run):
                yield
        finally:
            await app.state.pool.close()

    async def ready() -> dict[str, Any]:
        """Ready when readings can be taken, whatever Kafka does; the lag says how much it has not heard yet."""
        lag = await app.state.relay.lag()
        return {"state": "ready", "lag": lag.unpublished, "oldest_seconds": round(lag.oldest_seconds, 1)}

    app = create_app(
        service=settings.service,
        settings=settings,
        clock=clock,
        routers=[api.router, devices_api.router],
        lifespan=lifespan,
        ready=ready,
        large_bodies=api.LARGE_BODIES,
    )
    return app
