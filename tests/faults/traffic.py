"""A light load with retries under the same ids, and a record of everything that was acknowledged."""

import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from tests.faults.stage import FIRST, Stage
from tests.house import wait_until

PAUSE_SECONDS = 0.1
PATIENCE_SECONDS = 60.0
AWAY = frozenset({502, 503, 504})
BEGUN = dt.datetime(2025, 1, 6, 6, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Acknowledged:
    """A command the house said yes to, once: the subject of its event, and how many versions that subject now has."""

    service: str
    subject: str
    versions: int


@dataclass
class Traffic:
    """`kinds`: booking, programme, reading. `wrong` holds every answer that is neither yes nor "try again"."""

    stage: Stage
    acknowledged: list[Acknowledged] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    tried_again: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator["Traffic"]:
        steps = {"booking": self._book, "programme": self._plan, "reading": self._count}
        self._threads = [threading.Thread(target=self._loop, args=item, name=item[0]) for item in steps.items()]
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self.end()

    def end(self) -> None:
        """Returns when the last command under way was answered."""
        self.stopping.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, of_each: int = 2) -> None:
        """Until each kind was acknowledged so many times more than now."""
        before = self.kinds.copy()
        wait_until(
            lambda: all(self.kinds[kind] >= before[kind] + of_each for kind in ("booking", "programme", "reading")),
            f"commands are no longer acknowledged: {before} became {self.kinds}; {self.wrong[-3:]}",
        )

    def _loop(self, kind: str, step: Callable[[httpx.Client, int], list[Acknowledged]]) -> None:
        with self.stage.caller() as api:
            number = 0
            while not self.stopping.is_set():
                try:
                    self.acknowledged += step(api, number)
                    self.kinds[kind] += 1
                except Refused as refusal:
                    self.wrong.append(str(refusal))
                number += 1
                self.stopping.wait(PAUSE_SECONDS)

    def _book(self, api: httpx.Client, number: int) -> list[Acknowledged]:
        booking = str(uuid4())
        self._send(api, "PUT", f"/api/facility/bookings/{booking}", self.stage.wish(0, number))
        return [Acknowledged("facility", f"booking/{booking}", 1)]

    def _plan(self, api: httpx.Client, number: int) -> list[Acknowledged]:
        """By turns one to come in a room, and one that has been and is counted."""
        occurrence = str(uuid4())
        path = f"/api/library/occurrences/{occurrence}"
        first = BEGUN if number % 2 else FIRST
        start = first + dt.timedelta(hours=number)
        body = {
            "activity_id": self.stage.activity,
            "starts_at": start.isoformat(),
            "ends_at": (start + dt.timedelta(minutes=45)).isoformat(),
        }
        if number % 2:
            self._send(api, "PUT", path, body | {"meeting_point": "Inngangen"})
            self._send(api, "POST", f"{path}/attendance", {"total": number})
        else:
            self._send(api, "PUT", path, body | {"space_ids": [self.stage.rooms[1]]})
        return [Acknowledged("library", f"occurrence/{occurrence}", 1 + number % 2)]

    def _count(self, api: httpx.Client, number: int) -> list[Acknowledged]:
        start = BEGUN + dt.timedelta(minutes=5 * number)
        reading = {"counter_id": self.stage.counter, "start": start.isoformat(), "in": number % 50, "out": 0}
        said = self._send(api, "POST", "/api/counters/readings", {"readings": [reading]})
        if said["accepted"] + said["unchanged"] != 1:
            raise Refused(f"reading {start}: {said}")
        return [Acknowledged("counters", f"interval/{self.stage.counter}/{start:%Y-%m-%dT%H:%MZ}", 1)]

    def _send(self, api: httpx.Client, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer when it is yes. A service that is away is asked again, with the same id and body."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = api.request(method, path, json=body)
                why = f"{answer.status_code} {answer.text[:300]}"
                if answer.is_success:
                    said: dict[str, Any] = answer.json()
                    return said
                if answer.status_code not in AWAY:
                    raise Refused(f"{method} {path}: {why}")
            except httpx.TransportError as error:
                why = type(error).__name__
            self.tried_again[f"{path.split('/')[2]}: {why[:60]}"] += 1
            if time.monotonic() > deadline:
                raise Refused(f"{method} {path}: still away after {PATIENCE_SECONDS:.0f} s: {why}")
            time.sleep(PAUSE_SECONDS)


class Refused(Exception):
    pass
