"""A portal on a real database and a real identity provider, before a service that tells what reached it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

from deploy.local.process import free_ports
from services.portal.app import build
from services.portal.settings import PortalSettings
from tests import infra

ROOT = Path(__file__).resolve().parents[2]
SQUARE = "7d3c1c5e-0c0f-4f4e-9a0b-3f1d5f3c2a10"
USERS = [
    {"sub": "hussjef", "name": "Hussjef", "groups": ["torg-house-manager"]},
    {"sub": "fremmed", "name": "Fremmed", "groups": ["another-system"]},
]


@dataclass
class Upstream:
    """A service behind the portal: answers with what it was asked, and emits the changes it is told to."""

    changes: list[dict[str, Any]] = field(default_factory=list)
    clocks: list[dict[str, Any]] = field(default_factory=list)

    def emit(self, view: str = "calendar", square: str = SQUARE) -> int:
        seq = len(self.changes) + 1
        self.changes.append({"seq": seq, "view": view, "square_id": square, "dates": ["2026-11-24"], "ids": []})
        return seq

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/health/ready")
        async def ready() -> dict[str, Any]:
            return {"state": "ready", "lag": 3}

        @app.put("/test/clock")
        async def clock(request: Request) -> dict[str, Any]:
            self.clocks.append(await request.json())
            return {}

        @app.get("/api/aggregator/squares")
        async def squares() -> dict[str, Any]:
            square = {"square_id": SQUARE, "name": "Heggedal", "time_zone": "Europe/Oslo", "status": "operating"}
            return {"squares": [square]}

        @app.get("/api/aggregator/changes")
        async def changes(since: int | None = None) -> StreamingResponse:
            return StreamingResponse(self._lines(since), media_type="application/x-ndjson")

        @app.api_route("/api/{path:path}", methods=["GET", "PUT", "POST", "DELETE"])
        async def echo(request: Request) -> JSONResponse:
            told = {
                "raw_path": request.scope["raw_path"].decode(),
                "query": request.url.query,
                "length": len(await request.body()),
                "headers": dict(request.headers),
            }
            return JSONResponse(told, 201, {"ETag": '"4"', "Set-Cookie": "not=yours", "X-Extra": "kept"})

        return app

    async def _lines(self, since: int | None) -> AsyncIterator[str]:
        sent = len(self.changes) if since is None else since
        yield json.dumps({"seq": sent}) + "\n"
        while True:
            for row in self.changes[sent:]:
                sent = row["seq"]
                yield json.dumps(row) + "\n"
            await asyncio.sleep(0.02)


@dataclass
class Rig:
    url: str
    upstream: Upstream
    app: FastAPI
    settings: PortalSettings
    keys: infra.Keys

    def client(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=10, trust_env=False)

    def caller(self, *roles: str, **headers: str) -> httpx.AsyncClient:
        """Somebody with a token of `./torg token`."""
        return self.client(**self.keys.headers(*roles, **headers))

    async def begin(self, browser: httpx.AsyncClient, username: str, then: str = "/") -> str:
        """Signs in with the provider; the address it sends the browser back to."""
        started = await browser.get("/auth/login", params={"next": then})
        assert started.status_code == 302, started.text
        async with httpx.AsyncClient(trust_env=False) as outside:
            answered = await outside.post(started.headers["location"], data={"sub": username})
        return answered.headers["location"]

    @asynccontextmanager
    async def browser(self, username: str = "hussjef") -> AsyncIterator[httpx.AsyncClient]:
        """A signed-in browser on our own pages."""
        async with self.client(Origin=self.url) as browser:
            back = await self.begin(browser, username)
            assert (await browser.get(back)).status_code == 303
            yield browser


@asynccontextmanager
async def rig(database: infra.Database, keys: infra.Keys, web_dist: Path, **more: Any) -> AsyncIterator[Rig]:
    port, upstream_port, provider_port, closed_port = free_ports(4)
    url, behind = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{upstream_port}"
    async with provider(provider_port) as issuer:
        values: dict[str, Any] = {
            "env": "demo",
            "service": "portal",
            "port": port,
            "database_dsn": database.dsn("portal"),
            "kafka_bootstrap": "127.0.0.1:9",
            "service_urls": {
                "facility": behind,
                "aggregator": behind,
                "health_station": behind,
                "counters": behind,
                "library": f"http://127.0.0.1:{closed_port}",
            },
            "actor_jwks": keys.jwks,
            "actor_key": keys.portal_key,
            "test_clock": True,
            "public_url": url,
            "oidc_issuer": issuer,
            "oidc_client_id": "torg",
            "oidc_client_secret": "secret",
            "roles_file": ROOT / "deploy/roles.yaml",
            "web_dist": web_dist,
            "demo_accounts": ROOT / "deploy/local/accounts.yaml",
            "log_level": "error",
        }
        settings = PortalSettings(**{**values, **more})
        upstream, app = Upstream(), build(settings)
        async with serving(upstream.app(), upstream_port), serving(app, port):
            try:
                yield Rig(url, upstream, app, settings, keys)
            finally:
                app.state.hub.close()


@asynccontextmanager
async def provider(port: int) -> AsyncIterator[str]:
    """The demo's identity provider, as a process of its own."""
    users = [part for user in USERS for part in ("--user-claims", json.dumps(user))]
    process = subprocess.Popen(  # noqa: ASYNC220 -- it starts before anything else runs
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *users],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    issuer = f"http://127.0.0.1:{port}"
    try:
        await until(lambda: answers(f"{issuer}/jwks"))
        yield issuer
    finally:
        process.terminate()
        process.wait(10)


async def answers(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            return (await client.get(url)).status_code == 200
        except httpx.HTTPError:
            return False


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110 -- what is waited for happens in other processes too
            await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(app: FastAPI, port: int) -> AsyncIterator[None]:
    """The app on a real socket, in this event loop."""
    config = uvicorn.Config(app, port=port, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())  # `serve` would take over the signals of the test run

    async def started() -> bool:
        return server.started or running.done()

    await until(started)
    try:
        yield
    finally:
        server.should_exit = True
        await running
