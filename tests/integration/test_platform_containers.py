"""What the containers start from, run on the real servers of the tests: Kafka's settings, and `deploy.prepare`."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from joserfc.jwk import OKPKey

from deploy import database as house_database
from deploy import keys as signing_keys
from deploy import provision
from deploy.house import ROOT, services
from deploy.local.kafka import EmbeddedKafka
from deploy.local.process import free_ports
from shared.identity import Verifier, mint
from tests import infra

pytestmark = pytest.mark.integration
BUILT = [service.name for service in services() if service.exists]


class ContainerKafka(EmbeddedKafka):
    """The embedded broker with the settings file of the container; only addresses and folders differ."""

    def _write_settings(self) -> Path:
        super()._write_settings()  # for where its log goes
        settings = (ROOT / "deploy/kafka/server.properties").read_text()
        for said, here in (
            ("//:9092", f"//127.0.0.1:{self.port}"),
            ("//kafka:9092", f"//127.0.0.1:{self.port}"),
            ("//:9093", f"//127.0.0.1:{self._controller}"),
            ("@kafka:9093", f"@127.0.0.1:{self._controller}"),
            ("/var/lib/kafka/data", str(self.home / "data")),
        ):
            assert said in settings
            settings = settings.replace(said, here)
        path = self.home / "server.properties"
        path.write_text(settings)
        return path


async def test_container_kafka__formatted_and_started__lets_in_who_has_a_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORG_KAFKA_ADMIN_PASSWORD", "admin-secret")
    monkeypatch.setenv("TORG_KAFKA_NODE_PASSWORD", "node-secret")
    broker = ContainerKafka(tmp_path, *free_ports(2), {"admin": "admin-secret", "node": "node-secret"})
    broker.start(lambda _: None)
    try:
        provision.kafka(broker.bootstrap, "admin-secret", {"library": "library-secret"})

        await eventually_sent(broker, "library", "library-secret", "torg.library.v1")
        assert not await sent(broker, "library", "library-secret", "torg.facility.v1")
        assert not await sent(broker, "library", "wrong", "torg.library.v1")
    finally:
        broker.stop()


async def eventually_sent(broker: EmbeddedKafka, user: str, password: str, topic: str) -> None:
    """The broker learns of a new user a moment after the controller has written it."""
    for _ in range(50):
        if await sent(broker, user, password, topic):
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"{user} was never let in")


async def sent(broker: EmbeddedKafka, user: str, password: str, topic: str) -> bool:
    producer = AIOKafkaProducer(
        bootstrap_servers=[broker.bootstrap],
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username=user,
        sasl_plain_password=password,
        request_timeout_ms=5000,
    )
    try:
        await producer.start()
        await producer.send_and_wait(topic, b"{}", key=b"k")
    except KafkaError:
        return False
    finally:
        await producer.stop()
    return True


async def test_prepare__run_twice__leaves_tables_that_each_service_may_use_and_no_other(
    kafka: infra.Kafka, postgres: infra.Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORG_KAFKA_BOOTSTRAP", kafka.bootstrap)
    monkeypatch.setenv("TORG_KAFKA_ADMIN_PASSWORD", kafka.admin_password)
    monkeypatch.setenv("TORG_POSTGRES_DSN", postgres.server)
    monkeypatch.setenv("TORG_PASSWORDS", json.dumps({name: infra.password(name) for name in BUILT}))

    first, second = prepared(), prepared()

    assert first.returncode == 0, first.stderr
    assert second.returncode == 0, second.stderr
    assert re.findall(r"^(\w+): up to date$", second.stdout, re.M) == BUILT
    database = infra.Database("prepared", postgres.server)
    roles = [role for name in BUILT for role in (name, f"{name}_owner")]
    await house_database.provision(database.admin_dsn, BUILT, {role: infra.password(role) for role in roles})
    library = database.dsn("library")
    assert await allowed(library, "select count(*) from library.outbox")
    assert not await allowed(library, "create table library.mine (id int)")
    assert not await allowed(library, "select count(*) from facility.outbox")


def prepared() -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-c", "from deploy import prepare; prepare.DATABASE = 'prepared'; prepare.main()"]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)


async def allowed(dsn: str, statement: str) -> bool:
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    finally:
        await conn.close()
    return True


def test_keys__made_twice__are_the_same_and_production_verifies_with_them(tmp_path: Path) -> None:
    signing_keys.main(tmp_path)
    public = (tmp_path / "public/jwks.json").read_text()
    signing_keys.main(tmp_path)

    private, acting = tmp_path / "private/portal.jwk.json", tmp_path / "health_station/actor.jwk.json"
    assert (tmp_path / "public/jwks.json").read_text() == public
    assert (private.stat().st_mode | acting.stat().st_mode) & 0o077 == 0
    assert [key["kid"] for key in json.loads(public)["keys"]] == ["portal", "health_station"]
    assert not any("d" in key for key in json.loads(public)["keys"])
    token = mint(OKPKey.import_key(json.loads(private.read_text())), "someone", ["admin@*"], 60, "portal")
    assert Verifier(tmp_path / "public/jwks.json", "production").verify(token).subject == "someone"
