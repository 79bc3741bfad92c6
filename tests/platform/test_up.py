"""Starting, dying, recovering and stopping of a whole instance."""

import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.instance import Instance
from deploy.local.process import free_ports, started_at
from tests.house import ROOT, UP_SECONDS, House, check, open_way, running_house, wait_until

pytestmark = pytest.mark.integration
SQUARE = {"name": "Prøvetorget", "time_zone": "Europe/Oslo", "status": "operating"}


@pytest.fixture(scope="module")
def own_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One that may be broken without breaking it for others."""
    with running_house(tmp_path_factory.mktemp("own") / "torg", "--no-demo") as running:
        yield running


def processes(house: House) -> dict[str, int]:
    status = house.status()
    return {
        "supervisor": int(status["supervisor"]),
        **{name: int(one["pid"]) for name, one in {**status["platform"], **status["services"]}.items()},
    }


def put_square(house: House) -> str:
    square = str(uuid.uuid4())
    with house.client() as api:
        answer = api.put(f"/api/facility/squares/{square}", json=SQUARE)
    assert answer.status_code == 201, answer.text
    return square


def square_names(house: House) -> set[str]:
    with house.client() as api:
        return {one["square_id"] for one in api.get("/api/aggregator/squares").json()["squares"]}


def test_service__killed__is_started_again_and_named_in_status(own_house: House) -> None:
    before = own_house.kill("library")

    after = own_house.wait_ready("library", other_than=before)

    assert after["pid"] != before
    assert after["restarts"] >= 1


def test_kafka__killed__comes_back_and_what_was_written_meanwhile_arrives(own_house: House) -> None:
    before = own_house.kill("kafka")
    square = put_square(own_house)

    own_house.wait_ready("kafka", other_than=before)

    wait_until(lambda: square in square_names(own_house), "the aggregator never heard of the square")
    assert square in square_names(own_house)


def test_postgres__killed__comes_back_and_the_services_with_it(own_house: House) -> None:
    square = put_square(own_house)
    before = own_house.kill("postgres")

    own_house.wait_ready("postgres", other_than=before)

    for name in ("facility", "portal"):
        own_house.wait_ready(name)
    with own_house.client() as api:
        wait_until(lambda: api.get(f"/api/facility/squares/{square}").status_code == 200, "the square is lost")
        assert api.get(f"/api/facility/squares/{square}").json()["name"] == SQUARE["name"]


def test_supervisor__killed__takes_all_with_it_and_the_next_start_has_the_data(own_house: House) -> None:
    square = put_square(own_house)
    known = processes(own_house)

    os.kill(known["supervisor"], signal.SIGKILL)
    wait_until(lambda: not any(started_at(pid) for pid in known.values()), "something outlived the supervisor", 20)
    check(own_house.torg("up", "--detach", "--no-demo", "--port", str(own_house.port), seconds=UP_SECONDS))

    with own_house.client() as api:
        assert api.get(f"/api/facility/squares/{square}").json()["name"] == SQUARE["name"]
    wait_until(lambda: square in square_names(own_house), "the aggregator lost the square")


def test_two_houses__side_by_side__share_no_process_and_no_data(own_house: House, empty_house: House) -> None:
    square = put_square(own_house)

    assert not set(processes(own_house).values()) & set(processes(empty_house).values())
    with empty_house.client() as api:
        assert api.get(f"/api/facility/squares/{square}").status_code == 404


def test_secrets__of_an_instance__are_for_its_owner_alone(own_house: House) -> None:
    secrets = own_house.folder / "secrets"

    assert secrets.stat().st_mode & 0o077 == 0
    assert Instance(own_house.folder).passwords["library"] not in (own_house.folder / "status.json").read_text()


def test_up__on_a_port_that_is_taken__says_so_and_leaves_nothing(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        house = House(tmp_path / "torg", held.getsockname()[1])
        done = house.torg("up", "--no-demo", "--port", str(house.port))

    assert done.returncode == 1
    assert f"port {house.port} is taken" in done.stderr
    assert not house.folder.exists()


def test_up__interrupted_while_starting__leaves_no_process(tmp_path: Path) -> None:
    house = House(tmp_path / "torg", free_ports(1)[0])
    open_way(house.folder)
    started = foreground(house)
    instance = Instance(house.folder)
    wait_until(lambda: "kafka" in platform_pids(instance), "Kafka was never started")
    pids = platform_pids(instance)

    started.send_signal(signal.SIGINT)
    said, _ = started.communicate(timeout=30)

    assert started.returncode == 0, said
    assert not [name for name, pid in pids.items() if started_at(pid)]


def test_up__interrupted_while_running__stops_everything_and_starts_again(tmp_path: Path) -> None:
    house = House(tmp_path / "torg", free_ports(1)[0])
    open_way(house.folder)
    started = foreground(house)
    wait_until(lambda: (house.folder / "up.json").exists(), "it did not come up", 120)
    pids = processes(house)
    started.send_signal(signal.SIGINT)
    said, _ = started.communicate(timeout=30)

    assert started.returncode == 0, said
    assert house.url in said
    assert not [name for name, pid in pids.items() if started_at(pid)]
    assert house.torg("status").returncode == 1
    check(house.torg("reset", "--yes"))
    assert not house.folder.exists()


def platform_pids(instance: Instance) -> dict[str, int]:
    if not instance.running():
        return {}
    return {name: one["pid"] for name, one in instance.status()["platform"].items() if one["pid"]}


def foreground(house: House) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-m", "deploy.local", "up", "--no-demo"]
    argv += ["--port", str(house.port), "--data", str(house.folder)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
