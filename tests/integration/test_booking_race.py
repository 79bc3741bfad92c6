"""Many at once on few rooms: whatever order they come in, nothing overlaps, nothing is lost, nobody gets an error."""

import asyncio
import random
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.booking_house import API, House, wish

pytestmark = pytest.mark.integration
CLIENTS, COMMANDS = 32, 12

OVERLAPS = """
select count(*) from booking_leaf a join booking_leaf b
on a.space_id = b.space_id and a.during && b.during and a.booking_id < b.booking_id
"""
# Every booking's versions on the outbox are 1..n, and n is its version.
GAPS = """
select b.id from booking b
where (select array_agg((convert_from(o.value, 'utf8')::jsonb ->> 'subjectversion')::int order by o.id)
       from outbox o where o.key = 'booking/' || b.id)
      is distinct from (select array_agg(n) from generate_series(1, b.version) n)
"""
LOST_LEAVES = """
select b.id from booking b where b.state in ('held', 'confirmed', 'blocked')
and not exists (select from booking_leaf l where l.booking_id = b.id)
"""
IDLE_LEAVES = """
select b.id from booking b join booking_leaf l on l.booking_id = b.id
where b.state not in ('held', 'confirmed', 'blocked', 'affected')
"""
DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"


class Client:
    """Books, moves, cancels and closes at random, and remembers what it was told."""

    def __init__(self, house: House, spaces: list[UUID], seed: int) -> None:
        self.house = house
        self.spaces = spaces
        self.random = random.Random(seed)
        self.mine: list[dict[str, Any]] = []
        self.told: Counter[int] = Counter()

    async def work(self) -> None:
        for _ in range(COMMANDS):
            answer = await self.random.choice([self.put, self.put, self.move, self.cancel, self.close])()
            self.told[answer.status_code] += 1

    async def put(self) -> Any:
        state = self.random.choice(["confirmed", "held"])
        answer = await self.house.put(*self.somewhere(), state=state, setup_minutes=10)
        if answer.status_code == 201:
            self.mine.append(answer.json())
        return answer

    async def move(self) -> Any:
        return await self.change(lambda booking: self.house.move(booking, *self.somewhere()))

    async def cancel(self) -> Any:
        return await self.change(lambda booking: self.house.order("cancel", booking))

    async def change(self, command: Any) -> Any:
        if not self.mine:
            return await self.put()
        number = self.random.randrange(len(self.mine))
        answer = await command(self.mine[number])
        if answer.status_code == 200:
            self.mine[number] = answer.json()
        elif answer.status_code == 412:
            self.mine[number] = answer.json()["current"]
        return answer

    async def close(self) -> Any:
        """A short emergency, lifted at once."""
        spaces, start, end = self.somewhere()
        path = f"{API}/closures/{uuid4()}"
        answer = await self.house.client.put(path, json=wish(spaces, start, end))
        assert answer.status_code == 201, answer.text
        return await self.house.client.post(f"{path}/lift")

    def somewhere(self) -> tuple[list[UUID], str, str]:
        hour = self.random.randrange(8, 16)
        spaces = self.random.sample(self.spaces, self.random.choice([1, 1, 2]))
        return spaces, f"{hour:02}:00", f"{hour + self.random.choice([1, 2]):02}:00"


async def test_many_clients_on_few_rooms_leave_the_house_in_order(house: House) -> None:
    hall, parts = await house.hall(3)
    spaces = [hall, *parts, await house.space(), await house.space()]
    clients = [Client(house, spaces, seed) for seed in range(CLIENTS)]
    await asyncio.gather(*(client.work() for client in clients))
    told = sum((client.told for client in clients), Counter())
    assert set(told) <= {200, 201, 409, 412, 422}, told
    assert told[201] > 0
    assert told[409] > 0
    [overlaps], [deadlocks] = await house.rows(OVERLAPS), await house.rows(DEADLOCKS)
    assert (overlaps["count"], deadlocks["deadlocks"]) == (0, 0)
    for wrong in (GAPS, LOST_LEAVES, IDLE_LEAVES):
        assert await house.rows(wrong) == []
