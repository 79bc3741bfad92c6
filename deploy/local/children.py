"""The processes of an instance, and how each is started and found ready."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from deploy import keys
from deploy.house import ROOT
from deploy.local.instance import Instance, built
from deploy.local.kafka import EmbeddedKafka
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import spawn

ACCOUNTS = ROOT / "deploy/local/accounts.yaml"
_HEALTH_SECONDS = 2.0
_PASSED_ON = (
    "TORG_TEST_CLOCK", "TORG_LOG_LEVEL", "TORG_FAILPOINTS", "TORG_FEED_NETWORKS", "TORG_FEED_CA_FILE",
)  # fmt: skip
Health = dict[str, Any]


@dataclass
class Child:
    """One process. `launch` starts it, `health` answers {"state": …} or raises OSError while it does not answer."""

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    health: Callable[[], Health]
    url: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    platform: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Plan:
    """What `up` was asked for. The portal's port is the caller's; all others are inner ones."""

    instance: Instance
    port: int
    demo: bool
    ports: dict[str, int]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.ports['identity']}"


def wanted_ports() -> list[str]:
    inner = [service.name for service in built() if service.name != "portal"]
    return ["postgres", "kafka", "kafka_controller", "identity", *inner]


def postgres(plan: Plan) -> EmbeddedPostgres:
    home = plan.instance.folder / "postgres"
    return EmbeddedPostgres(home, plan.ports["postgres"], plan.instance.passwords["postgres"])


def kafka(plan: Plan) -> EmbeddedKafka:
    principals = [service.name for service in built() if service.kafka]
    passwords = {name: plan.instance.passwords[name] for name in [*principals, "admin", "node"]}
    home = plan.instance.folder / "kafka"
    return EmbeddedKafka(home, plan.ports["kafka"], plan.ports["kafka_controller"], passwords)


def identity(plan: Plan) -> Child:
    """The demo's identity provider: accounts without passwords, on loopback."""
    users = [
        part
        for one in accounts(plan.demo)
        for part in (
            "--user-claims",
            json.dumps({"sub": one["username"], "name": one["name"], "groups": one["groups"]}),
        )
    ]
    argv = [sys.executable, "-m", "oidc_provider_mock", "--port", str(plan.ports["identity"]), *users]
    log = plan.instance.logs / "identity.log"
    return Child(
        "identity",
        lambda: spawn(argv, log),
        lambda: _answers(f"{plan.issuer}/jwks"),
        plan.issuer,
        platform=True,
    )


def accounts(demo: bool) -> list[dict[str, Any]]:
    """Those of the demo's own groups exist only beside the demo's house."""
    said = yaml.safe_load(ACCOUNTS.read_text())
    return [one for one in said["accounts"] if demo or not said["groups"].keys() & set(one["groups"])]


def service(plan: Plan, name: str) -> Child:
    port = plan.port if name == "portal" else plan.ports[name]
    url = f"http://127.0.0.1:{port}"
    log = plan.instance.logs / f"{name}.log"
    argv = [sys.executable, "-m", f"services.{name}"]
    return Child(
        name, lambda: spawn(argv, log, env=environment(plan, name, port)), lambda: _health(f"{url}/health/ready"), url
    )


def environment(plan: Plan, name: str, port: int) -> dict[str, str]:
    """The same settings model as everywhere; only the values are local."""
    instance = plan.instance
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TORG_")}
    passed = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
    dsn = f"postgresql://{name}:{instance.passwords[name]}@127.0.0.1:{plan.ports['postgres']}/torg"
    urls = {one: f"http://127.0.0.1:{number}" for one, number in plan.ports.items() if one in _service_names()}
    portal = {
        "TORG_ACTOR_KEY": str(instance.portal_key),
        "TORG_OIDC_ISSUER": plan.issuer,
        "TORG_OIDC_CLIENT_ID": "torg",
        "TORG_OIDC_CLIENT_SECRET": instance.passwords["oidc"],
        "TORG_PUBLIC_URL": plan.url,
        "TORG_WEB_DIST": str(ROOT / "web/dist"),
        "TORG_ROLES_FILE": str(ROOT / "deploy/roles.yaml"),
        "TORG_DEMO_ACCOUNTS": str(ACCOUNTS),
    }
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": "2",
        "TORG_ENV": "demo" if plan.demo else "development",
        "TORG_TEST_CLOCK": "1" if plan.demo else "0",  # a demo's day is played by its clock
        "TORG_SERVICE": name,
        "TORG_HOST": "127.0.0.1",
        "TORG_PORT": str(port),
        "TORG_DATABASE_DSN": dsn,
        "TORG_KAFKA_BOOTSTRAP": f"127.0.0.1:{plan.ports['kafka']}",
        "TORG_KAFKA_USERNAME": name,
        "TORG_KAFKA_PASSWORD": instance.passwords[name],
        "TORG_KAFKA_SECURITY": "SASL_PLAINTEXT",
        "TORG_SERVICE_URLS": json.dumps(urls),
        "TORG_ACTOR_JWKS": str(instance.jwks),
        **(portal if name == "portal" else {}),
        **({"TORG_ACTOR_KEY": str(instance.key_of(name))} if name in keys.acting() else {}),
        **passed,
    }


def _service_names() -> set[str]:
    return {one.name for one in built()}


def _health(url: str) -> Health:
    """What the service says of itself, also when it says it is not ready. Raises OSError when it does not answer."""
    try:
        with urllib.request.urlopen(url, timeout=_HEALTH_SECONDS) as answer:  # noqa: S310 -- loopback http
            found: Health = json.load(answer)
    except urllib.error.HTTPError as error:
        found = json.loads(error.read() or b"{}")
        found.setdefault("state", f"answers {error.code}")
    except ValueError as error:
        raise OSError("no JSON") from error
    return found


def _answers(url: str) -> Health:
    with urllib.request.urlopen(url, timeout=_HEALTH_SECONDS):  # noqa: S310 -- loopback http
        return {"state": "ready"}


def tail(path: Path, size: int = 2000) -> str:
    return path.read_text(errors="replace")[-size:] if path.exists() else ""
