"""The parts of the embedded platform that need no server."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.errors import LocalError
from deploy.local.instance import Instance
from deploy.local.jars import jars, pins
from deploy.local.process import HIGHEST_PORT, LOWEST_PORT, free_ports, is_free, spawn, started_at, stop

PIN = "org.slf4j:slf4j-api:1.7.36 d3ef575e3e4979678dc01bf1dcce51021493b4d11fb7f1be8ad982877c16a1c0\n"
PLACE = "maven/org/slf4j/slf4j-api/1.7.36/slf4j-api-1.7.36.jar"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def sleeper(tmp_path: Path) -> "Iterator[subprocess.Popen[bytes]]":
    process = spawn([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log")
    yield process
    stop(process, signal.SIGKILL)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "jars.lock"
    path.write_text(PIN)
    return path


@pytest.mark.usefixtures("no_network")
def test_jars__nothing_cached_and_no_network__says_what_was_to_be_fetched(tmp_path: Path, lock: Path) -> None:
    with pytest.raises(LocalError, match=r"org\.slf4j:slf4j-api:1\.7\.36 is not in the cache"):
        jars(tmp_path, lambda _: None, lock)


@pytest.mark.usefixtures("no_network")
def test_jars__one_cut_short__is_deleted_and_asked_for_again(tmp_path: Path, lock: Path) -> None:
    place, said = tmp_path / PLACE, list[str]()
    place.parent.mkdir(parents=True)
    place.write_bytes(b"half a jar")

    with pytest.raises(LocalError, match="could not be fetched"):
        jars(tmp_path, said.append, lock)

    assert not place.exists()
    assert any("does not match its checksum" in line for line in said)


def test_pins__of_the_lock__are_each_a_version_with_a_checksum_and_include_a_log_binding() -> None:
    found = dict(pins())

    assert all(name.count(":") == 2 and len(sha256) == 64 for name, sha256 in found.items())
    assert any("log4j-slf4j-impl" in name for name in found)
    assert any(name.startswith("org.apache.kafka:kafka_2.13:4.") for name in found)


def test_free_ports__several__are_different_and_below_those_of_outgoing_connections() -> None:
    ports = free_ports(20)

    assert len(set(ports)) == 20
    assert all(LOWEST_PORT <= port < HIGHEST_PORT for port in ports)


def test_is_free__a_port_somebody_listens_on__is_not() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()

        assert not is_free(held.getsockname()[1])


def test_ports__asked_again__are_the_same_while_they_are_free(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    first = instance.ports(["kafka", "postgres"])

    with socket.socket() as held:
        held.bind(("127.0.0.1", first["kafka"]))
        held.listen()
        second = instance.ports(["kafka", "postgres"])

    assert second["postgres"] == first["postgres"]
    assert second["kafka"] != first["kafka"]


def test_left_over__a_process_of_an_earlier_run__is_ended(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    instance = Instance(tmp_path)
    instance.remember_processes({"library": sleeper.pid})

    assert instance.end_left_over() == ["library"]
    assert sleeper.wait(5) == -signal.SIGTERM


def test_left_over__a_pid_that_is_now_somebody_elses__is_left_alone(
    tmp_path: Path, sleeper: "subprocess.Popen[bytes]"
) -> None:
    (tmp_path / "processes.json").write_text(json.dumps({"library": [sleeper.pid, "1"]}))

    assert Instance(tmp_path).end_left_over() == []
    assert sleeper.poll() is None


def test_spawned__when_the_parent_is_killed__ends_too(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from deploy.local.process import spawn\n"
        "child = spawn([sys.executable, '-c', 'import time; time.sleep(60)'], Path(sys.argv[1]))\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    argv = [sys.executable, "-c", code, str(tmp_path / "log")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        born = started_at(child)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait(5)

    for _ in range(100):
        if started_at(child) != born:
            break
        signal.sigtimedwait([], 0.05)
    assert born
    assert started_at(child) != born


def test_locked__twice__is_refused(tmp_path: Path) -> None:
    with Instance(tmp_path).locked(), pytest.raises(LocalError, match="already runs"), Instance(tmp_path).locked():
        pass


def test_prepared__secrets__are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    instance = Instance(tmp_path / "torg")
    instance.prepare()
    passwords = instance.passwords

    assert passwords == Instance(tmp_path / "torg").passwords
    acting = [instance.key_of("health_station")]
    for path in (instance.portal_key, instance.dev_key, *acting, instance.folder / "secrets/passwords.json"):
        assert path.stat().st_mode & 0o077 == 0
    known = {key["kid"]: key.get("roles") for key in json.loads(instance.jwks.read_text())["keys"]}
    assert known == {"portal": None, "dev": None, "health_station": ["unit_service"]}
    assert not any("d" in key for key in json.loads(instance.jwks.read_text())["keys"])
