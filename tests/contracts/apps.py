"""Every service's app as it is put together, without servers behind it: its routes, and who they let in."""

import json
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from joserfc.jwk import OKPKey

from deploy.house import ROOT, services
from services.health_station.settings import HealthStationSettings
from services.portal.access import Door
from services.portal.roles import load_roles
from services.portal.settings import PortalSettings
from shared.clock import SystemClock
from shared.identity import DEV_KEY
from shared.settings import Settings

BUILT = tuple(service.name for service in services() if service.exists)
KEY = OKPKey.generate_key("Ed25519", {"kid": DEV_KEY})
STRANGER = OKPKey.generate_key("Ed25519", {"kid": DEV_KEY})


@cache
def app_of(service: str) -> FastAPI:
    """Its lifespan is never run; whatever a request may touch before it is known who asks is put in its place."""
    with TemporaryDirectory() as folder:
        settings = _settings(service, Path(folder))
        app: FastAPI = import_module(f"services.{service}.app").build(settings)
    app.state.pool = app.state.programme = None
    if isinstance(settings, PortalSettings):
        app.state.door = Door(None, SystemClock(), settings, load_roles(settings.roles_file), KEY)
    return app


def _settings(service: str, folder: Path) -> Settings:
    jwks, private = folder / "jwks.json", folder / "portal.json"
    jwks.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    private.write_text(json.dumps(KEY.as_dict(private=True)))
    values: dict[str, Any] = {
        "service": service,
        "port": 1,
        "database_dsn": "postgresql://nobody@127.0.0.1:1/none",
        "kafka_bootstrap": "127.0.0.1:1",
        "kafka_security": "PLAINTEXT",
        "service_urls": {name: "http://127.0.0.1:1" for name in BUILT if name != "portal"},
        "actor_jwks": jwks,
        "test_clock": True,
        "log_level": "error",
    }
    if service == "health_station":
        return HealthStationSettings(**values, actor_key=private)
    if service != "portal":
        return Settings(**values)
    return PortalSettings(
        **values,
        actor_key=private,
        public_url="http://127.0.0.1:1",
        oidc_issuer="http://127.0.0.1:1/idp",
        oidc_client_id="torg",
        roles_file=ROOT / "deploy/roles.yaml",
        web_dist=folder,
    )


def routes_of(service: str) -> Iterator[tuple[str, APIRoute]]:
    """Method and route, all of them, in the order of the app."""
    for route in flat(app_of(service).routes):
        for method in sorted(route.methods):
            yield method, route


def flat(routes: Any) -> Iterator[APIRoute]:
    """Newer versions of the framework keep included routers as they are."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif inner := getattr(route, "original_router", None) or getattr(route, "app", None):
            yield from flat(getattr(inner, "routes", ()))
