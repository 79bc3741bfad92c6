"""Any sequence of commands, with the clock stepping both ways, against a model that compares all intervals."""

import asyncio
import datetime as dt
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.infra import Keys, Postgres
from tests.integration.booking_house import API, House, open_house
from tests.integration.booking_model import Model, Place

pytestmark = pytest.mark.integration
ZERO = dt.datetime(2027, 3, 27, 22, tzinfo=dt.UTC)  # the night in which the clock skips an hour lies within reach
SPAN = 600
STEP = 15

minutes = st.integers(0, SPAN // STEP).map(lambda n: n * STEP)
lengths = st.sampled_from([0, 15, 30, 60, 120])
buffers = st.sampled_from([0, 0, 15, 30])
SPACES = ["hall", "left", "right", "room"]
FOREST = {"hall": {"left", "right"}, "left": {"left"}, "right": {"right"}, "room": {"room"}}
spaces = st.lists(st.sampled_from(SPACES), min_size=1, max_size=2, unique=True).map(tuple)
places = st.builds(
    lambda named, start, length, setup, teardown: Place(named, start, start + length, setup, teardown),
    spaces,
    minutes,
    lengths,
    buffers,
    buffers,
)


class Machine(RuleBasedStateMachine):
    house: House
    runner: asyncio.Runner
    bookings = Bundle("bookings")
    closures = Bundle("closures")

    @initialize()
    def build(self) -> None:
        self.model = Model(FOREST)
        self.run(self._build())

    async def _build(self) -> None:
        await self.house.square_of()
        hall, (left, right) = await self.house.hall()
        self.ids = {"hall": hall, "left": left, "right": right, "room": await self.house.space()}
        await self._clock(0, run_due=False)

    @rule(
        target=bookings,
        place=places,
        state=st.sampled_from(["confirmed", "held", "requested", "blocked"]),
        until=st.integers(-2, 20),
    )
    def put(self, place: Place, state: str, until: int) -> str:
        booking, hold_until = str(uuid4()), self.model.now + until * STEP
        body = self.body(place) | {"state": state}
        if state == "held":
            body["hold_until"] = at(hold_until)
        answer = self.ask("PUT", f"bookings/{booking}", body)
        self.agree(answer, self.model.put(booking, place, state, hold_until))
        if answer[0] == 201:
            again = self.ask("PUT", f"bookings/{booking}", body)
            assert again == answer
        return booking

    @rule(booking=bookings, what=st.sampled_from(["confirm", "cancel", "release", "reject"]))
    def order(self, booking: str, what: str) -> None:
        known = self.model.bookings.get(booking)
        if known:
            answer = self.ask("POST", f"bookings/{booking}/{what}", {}, known.version)
            self.agree(answer, self.model.order(what, known))

    @rule(booking=bookings, place=places)
    def move(self, booking: str, place: Place) -> None:
        known = self.model.bookings.get(booking)
        version = known.version if known else 1
        answer = self.ask("POST", f"bookings/{booking}/move", self.body(place), version)
        self.agree(answer, self.model.move(known, place) if known else ("invalid", ()))

    @rule(booking=bookings)
    def stale_version_is_refused(self, booking: str) -> None:
        known = self.model.bookings.get(booking)
        if known:
            status, body = self.ask("POST", f"bookings/{booking}/cancel", {}, known.version + 1)
            assert (status, body["current"]["version"]) == (412, known.version)

    @rule(target=closures, named=spaces, start=minutes, length=st.none() | st.sampled_from([15, 60, 240]))
    def close(self, named: tuple[str, ...], start: int, length: int | None) -> str:
        closure, end = str(uuid4()), None if length is None else start + length
        body = {"space_ids": self.named(named), "starts_at": at(start), "ends_at": None if end is None else at(end)}
        status, answer = self.ask("PUT", f"closures/{closure}", body)
        assert status == 201
        assert sorted(answer["affected"]) == self.model.close(closure, named, start, end or 10**6)
        return closure

    @rule(closure=consumes(closures))
    def lift(self, closure: str) -> None:
        status, answer = self.ask("POST", f"closures/{closure}/lift")
        assert status == 200
        restored, lost = self.model.lift(self.model.closures[closure])
        assert (sorted(answer["restored"]), sorted(answer["lost"])) == (sorted(restored), sorted(lost))

    @rule(now=minutes, run_due=st.booleans())
    def step_the_clock(self, now: int, run_due: bool) -> None:
        self.model.now = now
        self.run(self._clock(now, run_due=run_due))
        if run_due:
            self.model.expire()

    @rule(space=st.sampled_from(SPACES), length=st.sampled_from([15, 40, 90]), setup=buffers, teardown=buffers)
    def free_time_is_what_would_be_accepted(self, space: str, length: int, setup: int, teardown: int) -> None:
        params = {"space_id": str(self.ids[space]), "from": at(0), "to": at(SPAN), "minutes": length}
        buffer = {"setup_minutes": setup, "teardown_minutes": teardown}
        _, answer = self.ask("GET", "free", params={**params, **buffer})
        ranges = [(minute_of(row["starts_at"]), minute_of(row["ends_at"])) for row in answer["free"]]
        found = {minute for start, end in ranges for minute in range(start, end - length + 1)}
        expected = self.model.free(space, 0, SPAN, length, setup, teardown)
        assert found == expected
        assert len(ranges) == len([minute for minute in expected if minute - 1 not in expected])

    @rule(space=st.sampled_from(SPACES), start=minutes, length=st.sampled_from([15, 120]))
    def affecting_names_whoever_occupies(self, space: str, start: int, length: int) -> None:
        params = {"space_id": str(self.ids[space]), "from": at(start), "to": at(start + length)}
        _, answer = self.ask("GET", "affecting", params=params)
        assert set(answer["affected"]) == self.model.meeting(FOREST[space], start, start + length)

    @invariant()
    def every_booking_is_as_the_model_has_it(self) -> None:
        for known in getattr(self, "model", Model({})).bookings.values():
            _, found = self.ask("GET", f"bookings/{known.id}")
            assert (found["state"], found["version"]) == (self.model.state(known), known.version)

    def agree(self, answer: tuple[int, dict[str, Any]], expected: tuple[str, tuple[str, ...]]) -> None:
        status, body = answer
        outcome = "ok" if status < 300 else body["code"]
        assert (outcome, tuple(sorted(body.get("blocking", ()))) if outcome == "conflict" else ()) == expected

    def body(self, place: Place) -> dict[str, Any]:
        return {
            "space_ids": self.named(place.spaces),
            "starts_at": at(place.start),
            "ends_at": at(place.end),
            "setup_minutes": place.setup,
            "teardown_minutes": place.teardown,
        }

    def named(self, names: tuple[str, ...]) -> list[str]:
        return [str(self.ids[name]) for name in names]

    def ask(
        self, method: str, path: str, body: Any = None, version: int | None = None, params: Any = None
    ) -> tuple[int, dict[str, Any]]:
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        request = self.house.client.request(method, f"{API}/{path}", json=body, params=params, headers=headers)
        answer = self.run(request)
        assert answer.status_code < 500, answer.text
        return answer.status_code, answer.json()

    async def _clock(self, now: int, *, run_due: bool) -> None:
        await self.house.clock(at(now), run_due=run_due)

    def run(self, work: Any) -> Any:
        return self.runner.run(work)


def at(minute: int) -> str:
    return (ZERO + dt.timedelta(minutes=minute)).isoformat()


def minute_of(text: str) -> int:
    return int((dt.datetime.fromisoformat(text) - ZERO).total_seconds()) // 60


@pytest.fixture
def machine(postgres: Postgres, keys: Keys) -> Iterator[type[Machine]]:
    """The machine on a facility of its own, in a loop of its own: hypothesis drives it from ordinary functions."""
    with asyncio.Runner() as runner:
        opening = open_house(postgres, keys)
        house = runner.run(opening.__aenter__())
        try:
            yield type("Machine", (Machine,), {"house": house, "runner": runner})
        finally:
            runner.run(opening.__aexit__(None, None, None))


def test_bookings_follow_the_model_whatever_happens(machine: type[Machine]) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    few = settings(max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(machine, settings=few)
    assert UUID(int=0) not in machine.house.__dict__.values()
