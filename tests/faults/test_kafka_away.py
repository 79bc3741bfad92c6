"""Kafka is away for a while: the house works on, says how old its figures are, and catches up.

TORG_OUTAGE_SECONDS sets for how long, e.g. 300.
"""

import datetime as dt
import os
import time
from typing import Any

import httpx
import pytest

from tests.faults import oracles
from tests.faults.stage import FIRST, Stage
from tests.faults.traffic import Traffic
from tests.house import wait_until

OUTAGE_SECONDS = float(os.environ.get("TORG_OUTAGE_SECONDS", "8"))
SILENT_SECONDS = 45  # the aggregator calls a source silent after 30 s; watermarks come every 5 s
LAST = FIRST + dt.timedelta(days=390)
HEARD = ("facility", "library", "counters")  # who says something of the stage's square


@pytest.fixture(scope="module")
def traffic(stage: Stage) -> Traffic:
    """What was done before, during and after the outage."""
    return Traffic(stage)


def complete_until(sources: list[dict[str, Any]]) -> dict[str, str]:
    return {one["source"]: one["complete_until"] for one in sources if one["source"] in HEARD}


def read_sources(stage: Stage, api: httpx.Client) -> list[dict[str, Any]]:
    answer = api.get(f"/api/aggregator/squares/{stage.square}/day", params={"date": str(FIRST.date())})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["sources"]
    return found


def test_kafka_away__commands_go_on_and_views_say_how_old_they_are(stage: Stage, traffic: Traffic) -> None:
    house = stage.house
    with stage.caller() as api, traffic.running():
        traffic.wait_for_more()
        wait_until(
            lambda: len(complete_until(read_sources(stage, api))) == len(HEARD),
            "a source was never heard of",
        )
        house.stop("kafka")
        traffic.tried_again.clear()
        standing = complete_until(read_sources(stage, api))
        end = time.monotonic() + OUTAGE_SECONDS
        while time.monotonic() < end:
            traffic.wait_for_more()
            assert complete_until(read_sources(stage, api)) == standing
        if OUTAGE_SECONDS >= SILENT_SECONDS:
            silent = {one["source"] for one in read_sources(stage, api) if one["silent"]}
            assert silent >= set(HEARD)
        assert not traffic.tried_again, traffic.tried_again
        assert all(house.known(name)["state"] == "ready" for name in HEARD)
        wait_until(lambda: house.known("facility")["lag"] > 0, "facility does not say what is not yet told")

        house.start("kafka")

        wait_until(lambda: newer(complete_until(read_sources(stage, api)), standing), "views stay old", 90)
        traffic.wait_for_more()
    assert traffic.wrong == []


def newer(now: dict[str, str], then: dict[str, str]) -> bool:
    return all(dt.datetime.fromisoformat(now[name]) > dt.datetime.fromisoformat(then[name]) for name in then)


def test_kafka_back__nothing_is_lost_and_views_equal_a_rebuild(stage: Stage, traffic: Traffic) -> None:
    assert traffic.acknowledged
    oracles.nothing_lost(stage.house, traffic.acknowledged)
    oracles.views_are_the_fold(stage.house)
    assert oracles.overlaps(stage.house) == []
    with stage.caller() as api:
        shown = stage.calendar_ids(api, FIRST.date(), LAST.date())
    booked = {one.subject.removeprefix("booking/") for one in traffic.acknowledged if one.service == "facility"}
    assert booked <= shown
