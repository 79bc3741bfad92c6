"""Two health stations with different days of appointments that take the same half hours: nobody can tell them apart."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.faults.health_worlds import Nurse, World, id_of
from tests.house import House, running_house

Work = Callable[[], None]
Day = Callable[[Nurse, str], list[tuple[list[Work], list[Work]]]]
# What a day of either world is made of, and what must be found nowhere outside the health station.
KINDS = ("vaccination", "hearing_test", "new_parents")
NAMES = [f"a{n}" for n in range(1, 9)] + [f"b{n}" for n in range(1, 4)]
QUARTERS = ("08:15", "08:30", "08:45", "09:00")
EXPECTED = [
    {"room 1": ["10:00-11:30", "13:00-13:30"], "room 2": ["09:00-09:30"]},
    {"room 1": ["10:00-12:00", "13:00-13:30"], "room 2": ["09:00-10:00"]},
    {"room 1": ["10:00-12:00", "13:00-13:30"], "room 2": ["09:00-10:00"]},
    {"room 1": ["10:00-10:30", "11:00-12:00", "13:00-13:30"], "room 2": []},
]


def by_hand(nurse: Nurse, _: str) -> list[tuple[list[Work], list[Work]]]:
    """What is done five and ten minutes after each quarter: few appointments, some of them moved and cancelled."""
    put, cancel = nurse.put, nurse.cancel
    return [
        (
            [partial(put, "a1", 0, "10:05", "10:25", "vaccination"), partial(put, "b1", 1, "09:05", "09:10", "other")],
            [
                partial(put, "a2", 0, "10:40", "11:10", "new_parents"),
                partial(put, "a3", 0, "13:02", "13:20", "vaccination"),
            ],
        ),
        (
            [nurse.look],
            [
                partial(put, "a4", 0, "11:05", "11:45", "vaccination"),
                partial(put, "b2", 1, "09:40", "09:55", "vaccination"),
            ],
        ),
        (
            [partial(cancel, "a1"), partial(put, "a5", 0, "10:01", "10:29", "hearing_test")],
            [partial(put, "a3", 0, "13:05", "13:30", "hearing_test", 1)],
        ),
        ([partial(cancel, "a2")], [partial(cancel, "b1"), partial(cancel, "b2")]),
    ]


def by_record(nurse: Nurse, secret: str) -> list[tuple[list[Work], list[Work]]]:
    """The same half hours out of the health record: many short ones, told again and again."""
    tell = partial(nurse.tell, secret)
    short = [(f"09:{n:02}", f"09:{n + 4:02}") for n in range(0, 30, 5)]
    first = [("10:00", "10:30"), ("10:30", "11:00"), ("11:00", "11:01"), ("13:29", "13:30")]
    second = [("10:00", "12:00"), ("13:00", "13:30")]
    return [
        ([partial(tell, 1, "08:01", *short)], [partial(tell, 0, "08:02", *first)]),
        ([partial(tell, 1, "08:16", ("09:00", "10:00"))], [partial(tell, 0, "08:17", *second)]),
        (
            [
                partial(tell, 0, f"08:3{n}", ("10:00", "10:59"), (f"10:{n}5", "11:40"), ("13:01", "13:02"))
                for n in range(3)
            ],
            [nurse.look, partial(tell, 1, "08:31", ("09:00", "09:30"), ("09:30", "09:59"))],
        ),
        (
            [],
            [
                partial(
                    tell, 0, "08:46", ("10:00", "10:05"), ("11:00", "11:05"), ("11:31", "12:00"), ("13:00", "13:01")
                ),
                partial(tell, 1, "08:47"),
            ],
        ),
    ]


@dataclass
class Seen:
    """All there was to be seen of a world by others, and what was written anywhere."""

    answers: list[dict[str, bytes]]
    records: list[Any]
    log_lines: dict[str, list[dict[str, Any]]]
    requests: dict[str, list[str]]
    written: str


def lived(house: House, day: Day) -> Seen:
    world = World(house)
    world.clock("08:00")
    world.furnish()
    nurse, answers = Nurse(world), []
    todo = day(nurse, nurse.issue())
    for (soon, later), quarter in zip(todo, QUARTERS, strict=True):
        hour, minute = quarter.split(":")
        before = f"{int(hour) - (minute == '00'):02}:{(int(minute) - 15) % 60:02}"
        for offset, works in ((5, soon), (10, later)):
            world.clock(f"{before[:3]}{int(before[3:]) + offset:02}")
            for work in works:
                work()
        world.clock(quarter)
        world.settle(quarter)
        answers.append(world.answers())
    return Seen(answers, world.records(), world.log_lines(), world.requests(), world.everything_written())


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Seen, Seen]]:
    """Lived beside each other: most of a world's time is waiting."""
    with ExitStack() as houses, ThreadPoolExecutor() as together:
        folders = (tmp_path_factory.mktemp(name) / "torg" for name in ("by-hand", "by-record"))
        one, other = (
            houses.enter_context(running_house(folder, "--no-demo", TORG_TEST_CLOCK="1")) for folder in folders
        )
        first, second = together.submit(lived, one, by_hand), together.submit(lived, other, by_record)
        yield first.result(), second.result()


def test_worlds__at_each_quarter__show_the_half_hours_they_were_made_for(worlds: tuple[Seen, Seen]) -> None:
    for world in worlds:
        shown = [_shown(seen["front line: calendar"]) for seen in world.answers]
        assert shown == EXPECTED


def test_answers__to_everybody_else__are_the_same_to_the_byte(worlds: tuple[Seen, Seen]) -> None:
    one, other = worlds
    for at_quarter, its_twin in zip(one.answers, other.answers, strict=True):
        differing = [name for name in at_quarter if at_quarter[name] != its_twin[name]]
        assert [(name, at_quarter[name], its_twin[name]) for name in differing] == []


def test_log__but_for_the_ids_of_events__is_the_same_to_the_byte(worlds: tuple[Seen, Seen]) -> None:
    one, other = worlds
    assert any(b"room_busy/" in key for _, key, _, _ in one.records)
    assert one.records == other.records


def test_lines_services_log_and_routes_they_count__are_the_same(worlds: tuple[Seen, Seen]) -> None:
    one, other = worlds
    assert one.log_lines == other.log_lines
    assert one.requests == other.requests


def test_what_appointments_are_made_of__is_written_nowhere_and_said_to_nobody(worlds: tuple[Seen, Seen]) -> None:
    for world in worlds:
        said = b"".join(part for seen in world.answers for part in seen.values())
        logged = b"".join(part for _, key, value, _ in world.records for part in (key, value))
        everything = said.decode() + logged.decode() + world.written
        found = [word for word in (*KINDS, *map(id_of, NAMES), "torg-record-") if word in everything]
        assert found == []
        off_grid = {time for time in re.findall(r"2031-03-03T(\d\d:\d\d):", logged.decode()) if time[3:] not in GRID}
        assert off_grid == set()


# Blocks and rooms on the half hour, events at the quarter or when the stage was set.
GRID = ("00", "15", "30", "45")


def _shown(answer: bytes) -> dict[str, list[str]]:
    calendar = json.loads(answer.partition(b"\n")[2])
    names = {id_of("room 1"): "room 1", id_of("room 2"): "room 2"}
    found: dict[str, list[str]] = {"room 1": [], "room 2": []}
    for item in calendar["days"][0]["items"]:
        assert item["masked"], item
        found[names[item["space_ids"][0]]].append(f"{item['local_start']}-{item['local_end']}")
    return found
