"""Many clients want the same rooms at once, through the portal as everybody else."""

import random
import threading
import time
from collections import Counter
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.faults import oracles
from tests.faults.stage import ROOMS, Stage

CLIENTS, MIX_CLIENTS, MIX_SECONDS = 32, 12, 4.0


def together(works: list[Any]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("hour", range(3))
def test_one_room__wanted_by_thirty_two_at_once__goes_to_one_and_the_others_hear_who_has_it(
    stage: Stage, hour: int
) -> None:
    wanted = [str(uuid4()) for _ in range(CLIENTS)]
    answers: dict[str, httpx.Response] = {}
    ready = threading.Barrier(CLIENTS)

    with stage.caller("front_line@*") as api:

        def ask(booking: str) -> None:
            ready.wait()
            answers[booking] = api.put(f"/api/facility/bookings/{booking}", json=stage.wish(9, hour))

        together([lambda one=booking: ask(one) for booking in wanted])

    statuses = Counter(answer.status_code for answer in answers.values())
    assert statuses == {201: 1, 409: CLIENTS - 1}
    [winner] = [booking for booking, answer in answers.items() if answer.status_code == 201]
    refused = [answer.json() for answer in answers.values() if answer.status_code == 409]
    assert {(one["code"], *one["blocking"]) for one in refused} == {("conflict", winner)}


class Client:
    """Books, moves and cancels at random, and remembers what it was told."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.random = stage, random.Random(seed)
        self.mine: dict[str, int] = {}
        self.told: Counter[int] = Counter()

    def work(self) -> None:
        end = time.monotonic() + MIX_SECONDS
        with self.stage.caller("house_manager@*") as api:
            while time.monotonic() < end:
                answer = self.random.choice([self.put, self.put, self.move, self.cancel])(api)
                self.told[answer.status_code] += 1

    def put(self, api: httpx.Client) -> httpx.Response:
        booking = str(uuid4())
        answer = api.put(f"/api/facility/bookings/{booking}", json=self.somewhere())
        if answer.status_code == 201:
            self.mine[booking] = 1
        return answer

    def move(self, api: httpx.Client) -> httpx.Response:
        body = self.somewhere()
        del body["title"]
        return self.change(api, "move", body | {"setup_minutes": 10, "teardown_minutes": 0})

    def cancel(self, api: httpx.Client) -> httpx.Response:
        return self.change(api, "cancel", {})

    def change(self, api: httpx.Client, verb: str, body: dict[str, Any]) -> httpx.Response:
        if not self.mine:
            return self.put(api)
        booking = self.random.choice(list(self.mine))
        path, seen = f"/api/facility/bookings/{booking}/{verb}", {"If-Match": f'"{self.mine[booking]}"'}
        answer = api.post(path, json=body, headers=seen)
        if answer.status_code == 200:
            self.mine[booking] = answer.json()["version"]
        if verb == "cancel":
            del self.mine[booking]
        return answer

    def somewhere(self) -> dict[str, Any]:
        minutes = self.random.choice([30, 60, 90])
        return self.stage.wish(self.random.randrange(ROOMS), 100 + self.random.randrange(6), minutes)


def test_ten_rooms__booked_moved_and_cancelled_at_once__hold_nothing_twice(stage: Stage) -> None:
    seed = random.randrange(1_000_000)
    print("seed", seed)
    clients = [Client(stage, seed + number) for number in range(MIX_CLIENTS)]

    together([client.work for client in clients])

    told = sum((client.told for client in clients), Counter())
    assert set(told) <= {200, 201, 409}, told
    assert min(told[200], told[201], told[409]) > 0, told
    assert oracles.overlaps(stage.house) == []
    oracles.nothing_lost(stage.house, [])
