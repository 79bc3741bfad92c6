"""The command line against a running house."""

import json
from pathlib import Path

import pytest
from confluent_kafka import Producer

from deploy.local.instance import Instance
from tests.house import House, check, command, wait_until

pytestmark = pytest.mark.integration


def test_status__as_json__names_every_service_ready_with_its_pid_and_address(empty_house: House) -> None:
    status = empty_house.status()

    assert status["url"] == empty_house.url
    assert {"facility", "counters", "library", "aggregator", "portal"} <= set(status["services"])
    for one in status["services"].values():
        assert one["state"] == "ready"
        assert one["pid"] > 0
        assert one["url"].startswith("http://127.0.0.1:")
        assert {"lag", "since"} <= set(one)


def test_status__for_a_person__says_how_each_service_is(empty_house: House) -> None:
    printed = check(empty_house.torg("status")).stdout

    assert "facility" in printed
    assert "ready" in printed


def test_token__printed__is_one_line_that_the_house_accepts(empty_house: House) -> None:
    done = check(empty_house.torg("token", "house_manager@*"))

    assert done.stdout.count("\n") == 1
    with empty_house.client("house_manager@*") as api:
        assert api.get("/api/facility/squares").status_code == 200


def test_token__unknown_role__is_refused_with_the_roles_there_are(empty_house: House) -> None:
    done = empty_house.torg("token", "emperor@*")

    assert done.returncode == 1
    assert done.stdout == ""
    assert "house_manager" in done.stderr


def test_restart__of_a_service__gives_it_a_new_process_and_it_is_ready(empty_house: House) -> None:
    before = empty_house.pid("counters")

    empty_house.restart("counters")

    assert empty_house.known("counters")["state"] == "ready"
    assert empty_house.pid("counters") != before


def test_restart__of_what_is_not_there__says_what_there_is(empty_house: House) -> None:
    done = empty_house.torg("restart", "post_office")

    assert done.returncode == 1
    assert "facility" in done.stderr


def test_stop_and_start__of_kafka__leave_the_services_ready(empty_house: House) -> None:
    empty_house.stop("kafka")
    stopped = empty_house.known("kafka")
    with empty_house.client() as api:
        answer = api.get("/api/facility/squares")
    empty_house.start("kafka")

    assert stopped["state"] == "stopped"
    assert answer.status_code == 200
    assert empty_house.wait_ready("kafka")["pid"] > 0


def test_logs__of_a_service__are_its_json_lines(empty_house: House) -> None:
    printed = check(empty_house.torg("logs", "facility")).stdout

    assert [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


def test_logs__of_what_is_not_there__says_what_there_is(empty_house: House) -> None:
    done = empty_house.torg("logs", "post_office")

    assert done.returncode == 1
    assert "counters" in done.stderr


def test_topics__listed__are_those_declared(empty_house: House) -> None:
    printed = check(empty_house.torg("topics")).stdout

    assert "torg.facility.v1" in printed
    assert "torg.library.v1" in printed


def test_dead_letters__when_there_are_none__says_so(empty_house: House) -> None:
    assert "no dead letters" in check(empty_house.torg("dead-letters", "list")).stdout


def test_dead_letters__of_a_broken_record__are_listed_with_the_reason_and_can_be_dropped(empty_house: House) -> None:
    letters = "/api/facility/dead-letters"
    with empty_house.client() as api:
        send(empty_house, "torg.library.v1", b"{broken")
        wait_until(lambda: api.get(letters).json()["total"] > 0, "facility put nothing aside")
        listed = check(empty_house.torg("dead-letters", "list", "facility")).stdout
        for service in ("facility", "aggregator"):
            wait_until(lambda of=service: api.get(f"/api/{of}/dead-letters").json()["total"] > 0, "not put aside")
            for letter in api.get(f"/api/{service}/dead-letters").json()["dead_letters"]:
                check(empty_house.torg("dead-letters", "drop", service, str(letter["id"])))
        left = api.get(letters).json()["total"]

    assert "torg.library.v1" in listed
    assert left == 0


def test_dead_letters__without_saying_which__explains_how(empty_house: House) -> None:
    done = empty_house.torg("dead-letters", "replay")

    assert done.returncode == 1
    assert "replay|drop SERVICE ID" in done.stderr


def test_rebuild__of_a_view__ends_with_the_view_in_place(empty_house: House) -> None:
    assert "rebuilt" in check(empty_house.torg("rebuild", "calendar")).stdout


def test_rebuild__of_an_unknown_view__is_refused(empty_house: House) -> None:
    done = empty_house.torg("rebuild", "weather")

    assert done.returncode == 1
    assert done.stderr


def test_reset__while_it_runs__is_refused(empty_house: House) -> None:
    done = empty_house.torg("reset", "--yes")

    assert done.returncode == 1
    assert "running" in done.stderr
    assert empty_house.known("portal")["state"] == "ready"


@pytest.mark.parametrize("verb", ["status", "down", "topics", "token admin@*", "dead-letters", "rebuild calendar"])
def test_verb__where_nothing_was_ever_started__says_how_to_start_and_prints_nothing_else(
    tmp_path: Path, verb: str
) -> None:
    done = command(*verb.split(), "--data", str(tmp_path / "nothing"), seconds=30)

    assert (done.returncode, done.stdout) == (1, "")
    assert "start it with ./torg up" in done.stderr
    assert "Traceback" not in done.stderr


def test_topics__while_kafka_is_stopped__says_that_it_does_not_answer(empty_house: House) -> None:
    empty_house.stop("kafka")
    try:
        done = empty_house.torg("topics")
    finally:
        empty_house.start("kafka")

    assert done.returncode == 1
    assert "Kafka does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_dead_letters__while_the_portal_is_stopped__says_that_it_does_not_answer(empty_house: House) -> None:
    empty_house.stop("portal")
    try:
        done = empty_house.torg("dead-letters", "list")
    finally:
        empty_house.start("portal")

    assert done.returncode == 1
    assert "does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_up__where_one_runs_already__says_where(empty_house: House) -> None:
    done = check(empty_house.torg("up", "--detach", "--port", str(empty_house.port)))

    assert empty_house.url in done.stdout


def test_doctor__on_a_machine_that_runs_it__finds_what_is_needed_and_fails_if_something_is_missing(
    empty_house: House,
) -> None:
    done = command("doctor", seconds=60)

    assert done.returncode == int("missing" in done.stdout)
    assert "Kafka's jars" in done.stdout
    assert "PostgreSQL" in done.stdout


def send(house: House, topic: str, value: bytes) -> None:
    """As the administrator of Kafka, whom no service is."""
    instance = Instance(house.folder)
    producer = Producer(
        {
            "bootstrap.servers": f"127.0.0.1:{instance.ports_in_use()['kafka']}",
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "admin",
            "sasl.password": instance.passwords["admin"],
        }
    )
    producer.produce(topic, value, key=b"occurrence/broken")
    assert producer.flush(30) == 0
