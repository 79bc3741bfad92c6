"""kill -9 of each process in turn while the house is in use: it comes back by itself, and nothing that was said yes to
is lost."""

import datetime as dt
import os
import signal
from collections.abc import Iterator

import pytest

from deploy.local.process import started_at
from tests.faults import oracles
from tests.faults.stage import FIRST, Stage
from tests.faults.traffic import Traffic
from tests.house import UP_SECONDS, check, wait_until

VICTIMS = ("facility", "counters", "library", "health_station", "aggregator", "portal", "kafka", "postgres")
LAST = FIRST + dt.timedelta(days=60)


@pytest.fixture(scope="module")
def traffic(stage: Stage) -> Iterator[Traffic]:
    """Goes on while one after the other is killed."""
    with Traffic(stage).running() as running:
        running.wait_for_more()
        yield running


@pytest.mark.parametrize("victim", VICTIMS)
def test_process__killed_under_load__is_started_again_and_the_house_is_used_as_before(
    stage: Stage, traffic: Traffic, victim: str
) -> None:
    before = stage.house.kill(victim)

    after = stage.house.wait_ready(victim, other_than=before)

    assert after["restarts"] >= 1
    for name in stage.house.status()["services"]:
        stage.house.wait_ready(name)
    traffic.wait_for_more()
    assert traffic.wrong == []


def test_supervisor__killed_under_load__takes_all_with_it_and_the_next_start_goes_on(
    stage: Stage, traffic: Traffic
) -> None:
    house = stage.house
    status = house.status()
    pids = {name: int(one["pid"]) for name, one in {**status["platform"], **status["services"]}.items()}

    os.kill(int(status["supervisor"]), signal.SIGKILL)
    wait_until(lambda: not any(started_at(pid) for pid in pids.values()), f"something of {pids} lives on", 20)
    check(house.torg("up", "--detach", "--no-demo", "--port", str(house.port), seconds=UP_SECONDS))

    traffic.wait_for_more()
    assert traffic.wrong == []


def test_house__after_all_that__has_everything_it_said_yes_to(stage: Stage, traffic: Traffic) -> None:
    traffic.end()
    print("tried again", dict(traffic.tried_again))

    oracles.nothing_lost(stage.house, traffic.acknowledged)
    assert oracles.overlaps(stage.house) == []
    oracles.views_are_the_fold(stage.house)
    with stage.caller() as api:
        shown = stage.calendar_ids(api, FIRST.date(), LAST.date())
    booked = {one.subject.removeprefix("booking/") for one in traffic.acknowledged if one.service == "facility"}
    assert booked <= shown
