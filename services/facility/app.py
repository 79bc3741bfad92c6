"""Facility put together: the registry, opening hours and bookings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from services.facility.approval import api as approval_api
from services.facility.audit import api as audit_api
from services.facility.booking import api as booking_api
from services.facility.booking import reactions as booking_reactions
from services.facility.booking import recurrence_api, wide_api
from services.facility.booking.commands import expire_due
from services.facility.booking.desk import Desk
from services.facility.booking.use import release_unused
from services.facility.days import api as days_api
from services.facility.equipment import api as equipment_api
from services.facility.feeds import api as feeds_api
from services.facility.feeds.fetching import Fetcher
from services.facility.feeds.reading import Reader
from services.facility.finding import api as finding_api
from services.facility.hours import api as hours_api
from services.facility.noise import api as noise_api
from services.facility.noise.watching import watch
from services.facility.offers import api as offers_api
from services.facility.offers.commands import look
from services.facility.outages import api as outages_api
from services.facility.policy import api as policy_api
from services.facility.registry import api as registry_api
from services.facility.season import api as season_api
from services.facility.season import plan_api
from services.facility.season.jobs import Jobs
from services.facility.settings import FacilitySettings
from shared import db, deadletter, logs
from shared.background import every, running
from shared.clock import build_clock, stands_still
from shared.consumer import Reactions
from shared.http import create_app
from shared.relay import Relay
from shared.settings import Settings

SERVICE = "facility"
EXPIRE_SECONDS = 5.0
FEED_SECONDS = 5.0
ROUTERS = (
    booking_api.router,  # first, since routes are tried in this order and most is asked of it
    registry_api.router,
    hours_api.router,
    policy_api.router,
    wide_api.router,
    approval_api.router,
    audit_api.router,
    recurrence_api.router,
    finding_api.router,
    offers_api.router,
    outages_api.router,
    season_api.router,
    plan_api.router,
    days_api.router,
    equipment_api.router,
    noise_api.router,
    feeds_api.router,
)


def build(settings: Settings) -> FastAPI:
    logs.configure(settings)
    clock = build_clock(settings.test_clock)

    async def run_due() -> None:
        desk = Desk(app.state.pool, clock)
        await expire_due(desk)
        await release_unused(desk)
        await look(desk)
        await watch(desk)

    async def run_due_in_time() -> None:
        if not stands_still(clock):
            await run_due()

    async def read_feeds() -> None:
        await app.state.feeds.due()

    async def read_feeds_in_time() -> None:
        if not stands_still(clock):
            await read_feeds()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pool = app.state.pool = await db.open_pool(settings)
        app.state.relay = Relay(pool, settings, clock, SERVICE)
        app.state.reactions = Reactions(SERVICE, pool, settings, clock)
        feeds = app.state.feeds = Reader(Desk(pool, clock), _fetcher(settings))
        jobs = app.state.season_jobs = Jobs(Desk(pool, clock))
        for topic, handlers in booking_reactions.handlers(Desk(pool, clock)).items():
            app.state.reactions.on(topic, handlers)
        try:
            expire = every(EXPIRE_SECONDS, run_due_in_time)
            read = every(FEED_SECONDS, read_feeds_in_time)
            async with running(app.state.relay.run, app.state.reactions.run, expire, read, jobs.run):
                yield
        finally:
            await feeds.stop()
            await pool.close()

    async def ready() -> dict[str, Any]:
        """Ready when bookings can be decided, whatever Kafka does; the lag says what is not yet told."""
        lag = await app.state.relay.lag()
        return {
            "state": "ready",
            "lag": lag.unpublished,
            "oldest_seconds": round(lag.oldest_seconds, 1),
            "reactions": app.state.reactions.status(),
        }

    app = create_app(
        service=SERVICE,
        settings=settings,
        clock=clock,
        routers=[*ROUTERS, deadletter.router(SERVICE, lambda: app.state.reactions.apply)],
        lifespan=lifespan,
        ready=ready,
        due=[run_due, read_feeds],
        large_bodies=feeds_api.LARGE_BODIES,
    )
    return app


def _fetcher(settings: Settings) -> Fetcher:
    """Without facility's own settings no private network may be read."""
    if isinstance(settings, FacilitySettings):
        return Fetcher(settings.networks, settings.feed_ca_file)
    return Fetcher()
