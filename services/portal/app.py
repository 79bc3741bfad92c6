"""The portal put together."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI
from joserfc.jwk import OKPKey

from services.portal import api, commands, forward, pages, signin, store
from services.portal.access import Door
from services.portal.feed import Feed
from services.portal.headers import SecurityHeaders
from services.portal.neighbours import Neighbours, build_client
from services.portal.oidc import Provider
from services.portal.roles import load_accounts, load_roles
from services.portal.settings import PortalSettings
from services.portal.site import Site
from services.portal.stream import Hub
from shared import db, logs
from shared.background import every, running
from shared.clock import SystemClock, build_clock
from shared.http import ClockBody, create_app

FOLLOWER = "auditor@*"  # reads what happens everywhere, changes nothing
# When a health station's day changes is nobody else's business; only what it publishes is.
DISCREET = ("/api/health_station/appointments",)
LARGE_BODIES = ("/api/counters/readings", "/api/counters/import", "/api/counters/push", "/api/facility/feeds")


def build(settings: PortalSettings) -> FastAPI:
    logs.configure(settings)
    real = SystemClock()  # what sessions and tokens are judged by, whatever the test clock says
    key = OKPKey.import_key(json.loads(settings.actor_key.read_text()))
    hub = Hub()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        state = app.state
        state.pool = await db.open_pool(settings)
        state.http, outside = build_client(), httpx.AsyncClient(timeout=5.0, trust_env=not _is_local(settings))
        state.door = Door(state.pool, real, settings, load_roles(settings.roles_file, settings.demo_groups), key)
        state.accounts = load_accounts(settings.demo_accounts, settings.demo)
        state.provider = Provider(settings, outside, real)
        state.neighbours = Neighbours(state.http, settings.service_urls, real)
        state.feed = Feed(
            state.http, settings.service_urls.get("aggregator", ""), hub, lambda: state.door.own_token(FOLLOWER)
        )
        state.site, state.started_at = Site(settings.web_dist), real.now().isoformat()

        async def forget() -> None:
            await commands.forget_old(state.pool, real)

        try:
            async with running(state.feed.follow, every(5, state.neighbours.look), every(600, forget)):
                yield
        finally:
            hub.close()
            await state.http.aclose()
            await outside.aclose()
            await state.pool.close()

    async def ready() -> dict[str, Any]:
        """Ready when sessions can be read; services that are away are their own affair."""
        async with db.connection(app.state.pool) as conn:
            await store.check(conn)
        return {"state": "ready", "lag": None}

    async def pass_clock_on(body: ClockBody, token: str) -> None:
        try:
            await app.state.neighbours.pass_clock_on(body, token)
        finally:  # also when one of them is away: the others have it
            hub.tell_clock(body.now.isoformat() if body.now else None)

    app = create_app(
        service=settings.service,
        settings=settings,
        clock=build_clock(settings.test_clock),
        routers=[api.router, signin.router],
        lifespan=lifespan,
        ready=ready,
        large_bodies=LARGE_BODIES,
        discreet=DISCREET,
        pass_clock_on=pass_clock_on,
    )
    app.include_router(forward.router)
    app.include_router(pages.router)
    app.add_middleware(SecurityHeaders, https=settings.https, provider=settings.provider_origin)
    app.state.hub = hub
    return app


def _is_local(settings: PortalSettings) -> bool:
    return httpx.URL(settings.oidc_issuer).host in ("127.0.0.1", "localhost", "::1")
