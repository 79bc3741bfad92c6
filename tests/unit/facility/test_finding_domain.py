"""What a room lacks, in which order rooms are told, and which times are offered."""

import datetime as dt
import random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.facility.booking import sentences
from services.facility.finding import choices
from services.facility.finding.domain import Near, Needs, Room, Suit, Surroundings, floors_apart, lacks, rank
from services.facility.registry.features import has

OSLO = ZoneInfo("Europe/Oslo")
HERE, THERE = UUID(int=1), UUID(int=2)


def room(number: int, **more: Any) -> Room:
    known: dict[str, Any] = {
        "id": UUID(int=number),
        "square_id": HERE,
        "unit_id": None,
        "name": f"Rom {number}",
        "capacity": 20,
        "features": (),
        "bookable": True,
        "zone": OSLO,
        "leaves": (UUID(int=number),),
        "floor": "1",
        "position": 0,
        "square_name": "Heggedal",
        "square_works": True,
        "layouts": {},
        "noise_out": None,
        "noise_tolerance": None,
        "neighbours": (),
        "prices": {},
    }
    return Room(**{**known, **more})


def lack(needs: Needs, *rooms: Room, around: tuple[Room, ...] = ()) -> str | None:
    return lacks(rooms, needs, Surroundings([*rooms, *around]))


def test_lacks__capacity_none__fits_any_number() -> None:
    assert lack(Needs(people=500), room(1, capacity=None)) is None
    assert lack(Needs(people=21), room(1)) == "too_small"


def test_lacks__several_rooms_at_once__hold_the_sum_and_have_what_any_has() -> None:
    rooms = room(1, features=("stage",)), room(2, features=("kitchen",))
    assert lack(Needs(people=40, features=("stage", "kitchen")), *rooms) is None
    assert lack(Needs(people=41), *rooms) == "too_small"


def test_lacks__layout__counts_the_seats_of_that_layout_and_refuses_one_that_is_not_listed() -> None:
    hall = room(1, capacity=200, layouts={"seated": 140, "standing": 200})
    assert lack(Needs(people=150, layout="standing"), hall) is None
    assert lack(Needs(people=150, layout="seated"), hall) == "too_small"
    assert lack(Needs(people=10, layout="classroom"), hall) == "no_such_layout"
    assert lack(Needs(people=15, layout="classroom"), room(2)) is None


@pytest.mark.parametrize("there", ["step_free", "lift"])
def test_has__step_free__is_met_by_the_lift_too(there: str) -> None:
    assert has([there], "step_free")
    assert not has(["hearing_loop"], "step_free")
    assert not has(["step_free"], "lift")


def test_lacks__access_need__is_hard() -> None:
    needs = Needs(features=("step_free", "hearing_loop"))
    assert lack(needs, room(1, features=("lift", "hearing_loop"))) is None
    assert lack(needs, room(1, features=("lift",))) == "lacks_feature"


def test_lacks__noise__by_the_loudest_neighbour_and_by_what_the_room_allows() -> None:
    quiet = room(1, noise_out=1)
    loud = room(2, noise_out=4, neighbours=((UUID(int=1), 2),))
    assert lack(Needs(max_noise=2), quiet, around=(loud,)) is None
    assert lack(Needs(max_noise=1), quiet, around=(loud,)) == "too_loud_around"
    assert lack(Needs(noise_out=2), quiet) == "must_be_quiet"
    assert lack(Needs(noise_out=5), room(3)) is None


def test_disturbed__the_thursday_pair__is_trim_over_the_quiet_room() -> None:
    """Trim in Aktivitetsrom A (4) reaches Stillerommet (attenuation 2), which bears nothing."""
    quiet = room(1, name="Stillerommet", noise_tolerance=0)
    gym = room(2, noise_out=4, neighbours=((UUID(int=1), 2),))
    around = Surroundings([quiet, gym])
    assert [other.name for other in around.disturbed(gym, 4)] == ["Stillerommet"]
    assert around.disturbed(gym, 2) == []


def test_lacks__price__is_for_the_kind_of_organiser() -> None:
    dear = room(1, prices={"business": 250})
    assert lack(Needs(organiser="business", max_price=200), dear) == "too_expensive"
    assert lack(Needs(organiser="voluntary", max_price=0), dear) is None


def ranked(rooms: list[Room], needs: Needs, near: Near, disturbing: tuple[int, ...] = ()) -> list[int]:
    suits = [Suit(one, [one] if one.id.int in disturbing else []) for one in rooms]
    random.Random(7).shuffle(suits)
    return [suit.room.id.int for suit in sorted(suits, key=lambda suit: rank(suit, needs, near))]


def test_rank__soft_wishes__count_in_their_order() -> None:
    near = Near(HERE, "2", UUID(int=9), ("projector",))
    rooms = [
        room(1, square_id=THERE, square_name="Borgen", floor="2", unit_id=UUID(int=9)),
        room(2, floor="2", unit_id=UUID(int=9)),
        room(3, floor="2", capacity=400),
        room(4, floor="2"),
        room(5, floor="2", features=("projector",)),
        room(6, floor="3", features=("projector",)),
        room(7, floor="2", features=("projector",), capacity=12),
        room(8, floor="-1", features=("projector",)),
        room(9, floor="2", features=("projector",), capacity=11),
    ]
    assert ranked(rooms, Needs(people=10), near, disturbing=(9,)) == [2, 7, 5, 4, 6, 8, 3, 9, 1]


def test_rank__rooms_alike__come_in_the_order_of_the_house_every_time() -> None:
    rooms = [room(1, position=3), room(2, position=1, name="B"), room(3, position=1, name="A"), room(4, position=2)]
    assert ranked(rooms, Needs(), Near()) == [3, 2, 4, 1]


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("1", "3", 2),
        ("U1", "1", 2),
        ("-1", "U1", 0),
        ("kjeller", "1", 1),
        ("Kjeller", "kjeller ", 0),
        (None, "1", None),
    ],
)
def test_floors_apart__by_number_where_there_is_one(one: str | None, other: str | None, apart: int | None) -> None:
    assert floors_apart(one, other) == apart


def at(clock: str, day: int = 1) -> dt.datetime:
    hour, minute = clock.split(":")
    return dt.datetime(2026, 12, day, int(hour), int(minute), tzinfo=OSLO).astimezone(dt.UTC)


def told(times: list[tuple[dt.datetime, dt.datetime]]) -> list[str]:
    return [f"{start.astimezone(OSLO):%d %H:%M}–{end.astimezone(OSLO):%H:%M}" for start, end in times]


def test_nearest__around_a_clash__is_after_before_and_the_same_clock_another_day() -> None:
    ranges = [(at("08:00"), at("10:00")), (at("11:00"), at("12:30")), (at("08:00", 3), at("16:00", 3))]
    found = choices.nearest(ranges, (at("10:00"), at("11:00")), OSLO)
    assert told(found) == ["01 11:00–12:00", "01 09:00–10:00", "03 10:00–11:00"]


def test_nearest__nothing_before__fills_with_what_comes_after() -> None:
    ranges = [(at("11:30"), at("13:00")), (at("14:00"), at("15:00")), (at("08:00", 2), at("09:30", 2))]
    found = choices.nearest(ranges, (at("10:00"), at("11:00")), OSLO)
    assert told(found) == ["01 11:30–12:30", "01 14:00–15:00", "02 08:00–09:00"]


def test_nearest__with_an_earliest__offers_nothing_that_has_begun() -> None:
    ranges = [(at("08:00"), at("10:00")), (at("11:00"), at("12:00"))]
    found = choices.nearest(ranges, (at("10:00"), at("11:00")), OSLO, earliest=at("09:30"))
    assert told(found) == ["01 11:00–12:00"]


def test_nearest__same_clock_over_the_change_of_the_clock__keeps_the_clock() -> None:
    asked = (dt.datetime(2027, 3, 27, 10, tzinfo=OSLO).astimezone(dt.UTC),)
    wanted = (asked[0], asked[0] + dt.timedelta(hours=1))
    start = dt.datetime(2027, 3, 28, 9, tzinfo=OSLO).astimezone(dt.UTC)
    found = choices.nearest([(start, start + dt.timedelta(hours=6))], wanted, OSLO)
    assert told(found) == ["28 09:00–10:00", "28 10:00–11:00"]


def test_shorter__is_the_longest_that_is_free_and_at_least_half() -> None:
    assert choices.shorter([(at("10:00"), at("10:40")), (at("11:00"), at("11:50"))]) == (at("11:00"), at("11:50"))
    assert choices.shorter([]) is None
    assert choices.shortest((at("10:00"), at("11:15"))) == dt.timedelta(minutes=37)
    assert choices.shortest((at("10:00"), at("10:20"))) == dt.timedelta(minutes=15)


def test_smaller_buffers__as_much_as_fits_around_the_bare_time() -> None:
    gap = [(at("09:50"), at("11:05"))]
    assert choices.smaller_buffers(gap, (at("10:00"), at("11:00")), 30, 15) == (10, 5)
    assert choices.smaller_buffers(gap, (at("10:00"), at("11:00")), 0, 5) == (0, 5)
    assert choices.smaller_buffers(gap, (at("09:00"), at("10:00")), 30, 15) is None


@pytest.mark.parametrize(
    ("start", "end", "nb"),
    [
        (at("10:00"), at("11:30"), "10:00–11:30"),
        (at("10:00", 7), at("11:30", 7), "man. 7.12. 10:00–11:30"),
        (at("18:00"), at("00:00", 2), "18:00–24:00"),
        (at("22:00"), at("02:00", 2), "tir. 1.12. 22:00 – ons. 2.12. 02:00"),
    ],
)
def test_span__read_on_a_date__tells_the_date_only_where_it_is_another(
    start: dt.datetime, end: dt.datetime, nb: str
) -> None:
    assert sentences.span((start, end), OSLO, dt.date(2026, 12, 1)).nb == nb


@pytest.mark.parametrize(
    ("minutes", "nb", "en"),
    [(45, "45 minutter", "45 minutes"), (150, "2,5 timer", "2.5 hours"), (3 * 1440, "3 dager", "3 days")],
)
def test_distance__in_the_unit_people_would_use(minutes: int, nb: str, en: str) -> None:
    found = sentences.distance(dt.timedelta(minutes=minutes))
    assert (found.nb, found.en) == (nb, en)
