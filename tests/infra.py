"""Kafka and PostgreSQL for tests: given by the environment, else from containers, else embedded. Never a stand-in.

TORG_TEST_POSTGRES_DSN     postgresql://… of a superuser
TORG_TEST_KAFKA_BOOTSTRAP  host:port of a cluster whose "admin" has TORG_TEST_KAFKA_ADMIN_PASSWORD
"""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from fastapi import FastAPI
from joserfc.jwk import OKPKey

from deploy import database as house_database
from deploy import keys as house_keys
from deploy import provision as kafka_provision
from deploy.house import services
from deploy.local import postgres as local_postgres
from deploy.local.kafka import EmbeddedKafka
from deploy.local.process import free_ports
from shared.identity import DEV_KEY, mint
from shared.migrate import migrate
from shared.settings import Settings

NAMES = [service.name for service in services()]
PRINCIPALS = [*NAMES, "admin", "node"]


def password(role: str) -> str:
    """Throw-away servers on loopback: the password says whose it is."""
    return f"test-{role}"


@dataclass
class Kafka:
    """A cluster with the topics, users and rights of the house. `broker` only when it is embedded."""

    bootstrap: str
    admin_password: str
    broker: EmbeddedKafka | None = None

    def options(self, principal: str = "admin") -> dict[str, Any]:
        """For any aiokafka client."""
        return {
            "bootstrap_servers": [self.bootstrap],
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": principal,
            "sasl_plain_password": self.admin_password if principal == "admin" else password(principal),
            "metadata_max_age_ms": 10_000,
        }

    async def topic(self, partitions: int = 1, **config: str) -> str:
        """A throw-away topic that only admin may use."""
        name = f"test.{uuid.uuid4().hex}"
        admin = AIOKafkaAdminClient(**self.options())
        await admin.start()
        try:
            await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=config)])
        finally:
            await admin.close()
        return name


@dataclass
class Database:
    """One fresh database; roles are `<service>` and `<service>_owner`."""

    name: str
    server: str

    def dsn(self, role: str) -> str:
        return _at(self.server, self.name, role, password(role))

    @property
    def admin_dsn(self) -> str:
        return _at(self.server, self.name)


@dataclass
class Postgres:
    """A server. `embedded` only when it is ours to kill."""

    server: str
    embedded: local_postgres.EmbeddedPostgres | None = None
    _templates: dict[tuple[str, ...], str] = field(default_factory=dict)

    async def database(self, *names: str) -> Database:
        """A fresh database with the migrated schemas of these services, copied from a template made once."""
        key = tuple(sorted(names))
        if key not in self._templates:
            self._templates[key] = await self._template(key)
        fresh = f"test_{uuid.uuid4().hex}"
        await _execute(_at(self.server, "postgres"), f'create database "{fresh}" template "{self._templates[key]}"')
        return Database(fresh, self.server)

    async def _template(self, names: Sequence[str]) -> str:
        made = Database(f"template_{uuid.uuid4().hex}", self.server)
        await house_database.ensure_database(_at(self.server, "postgres"), made.name)
        roles = {role: password(role) for name in names for role in (name, f"{name}_owner")}
        await house_database.provision(made.admin_dsn, names, roles)
        for name in names:
            await migrate(made.dsn(f"{name}_owner"), name)
        return made.name


@dataclass
class Keys:
    """The house's signing keys: `jwks` is the public file, `token` signs with the development key.

    `acting`: the private files of the services that act on their own account.
    """

    jwks: Path
    portal_key: Path
    dev: OKPKey
    acting: dict[str, Path] = field(default_factory=dict)

    def token(self, *roles: str, seconds: int = 3600) -> str:
        return mint(self.dev, "test", roles or ("admin@*",), seconds, "test")

    def headers(self, *roles: str, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(*roles)}", **more}


def make_keys(folder: Path) -> Keys:
    names = (house_keys.PORTAL_KEY, DEV_KEY, *house_keys.acting())
    private = {name: folder / f"{name}.json" for name in names}
    for name, path in private.items():
        house_keys.make(path, name)
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps(house_keys.jwks(private.values())))
    dev = OKPKey.import_key(json.loads(private.pop(DEV_KEY).read_text()))
    return Keys(jwks, private.pop(house_keys.PORTAL_KEY), dev, private)


def settings_for(
    service: str, database: Database, kafka: Kafka, keys: Keys, model: type[Settings] = Settings, **more: Any
) -> Any:
    """Settings of `service` as its own role and principal, on a free port, with the test clock."""
    values: dict[str, Any] = {
        "service": service,
        "port": free_ports(1)[0],
        "database_dsn": database.dsn(service),
        "database_pool": 8,
        "kafka_bootstrap": kafka.bootstrap,
        "kafka_username": service,
        "kafka_password": password(service),
        "service_urls": {"facility": "http://127.0.0.1:9"},
        "actor_jwks": keys.jwks,
        "test_clock": True,
        "log_level": "warning",
    }
    return model(**{**values, **more})


@asynccontextmanager
async def client_of(app: FastAPI, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """The app with its lifespan running, and a client that speaks to it without a socket."""
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://house", headers=headers, timeout=30
        ) as client:
            yield client


@contextmanager
def kafka_cluster(home: Path) -> Iterator[Kafka]:
    given = os.environ.get("TORG_TEST_KAFKA_BOOTSTRAP")
    if given:
        cluster = Kafka(given, os.environ["TORG_TEST_KAFKA_ADMIN_PASSWORD"])
        _provision(cluster)
        yield cluster
        return
    port, controller = free_ports(2)
    broker = EmbeddedKafka(home, port, controller, {name: password(name) for name in PRINCIPALS})
    broker.start(lambda _: None)
    try:
        cluster = Kafka(broker.bootstrap, password("admin"), broker)
        _provision(cluster)
        yield cluster
    finally:
        broker.stop()


@contextmanager
def postgres_server(home: Path) -> Iterator[Postgres]:
    given = os.environ.get("TORG_TEST_POSTGRES_DSN")
    if given:
        yield Postgres(given)
    elif docker_answers():
        from testcontainers.postgres import PostgresContainer

        with PostgresContainer("postgres:18", username="postgres", password="test", driver=None) as container:
            yield Postgres(container.get_connection_url())
    else:
        server = local_postgres.EmbeddedPostgres(home, free_ports(1)[0], password("postgres"))
        server.start(lambda _: None)
        try:
            yield Postgres(server.dsn(database="postgres"), server)
        finally:
            server.stop()


def docker_answers() -> bool:
    if not shutil.which("docker"):
        return False
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=10).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _provision(cluster: Kafka) -> None:
    kafka_provision.kafka(cluster.bootstrap, cluster.admin_password, {name: password(name) for name in NAMES})


async def _execute(dsn: str, statement: str) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


def _at(server: str, database: str, role: str | None = None, secret: str | None = None) -> str:
    parts = urlsplit(server)
    who = f"{role}:{secret}" if role else f"{parts.username}:{parts.password}"
    return urlunsplit(("postgresql", f"{who}@{parts.hostname}:{parts.port}", f"/{database}", "", ""))
