"""What of a day's items is taken away before an asker sees them."""

import json
from uuid import UUID

from services.aggregator.reading import Unit
from services.aggregator.sight import Sight, sight_of
from shared.identity import Actor

HEALTH, LIBRARY, SQUARE = (UUID(int=n) for n in (1, 2, 3))
UNITS = [Unit(HEALTH, "health_station", "H", []), Unit(LIBRARY, "library", "L", [])]
BLIND = Sight(frozenset({str(HEALTH)}))


def seen(sight: Sight, *items: dict[str, object]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(f"[{sight.of(','.join(json.dumps(item) for item in items))}]")
    return found


def of(*roles: tuple[str, str]) -> Sight:
    return sight_of(Actor("somebody", frozenset(roles), ""), SQUARE, UNITS)


def counted(unit_id: UUID, total: int, **bands: int) -> dict[str, object]:
    return {"unit_id": str(unit_id), "attendance": {"total": total, "by_band": bands, "revision": 1}}


def test_item__of_a_hidden_unit__keeps_time_and_place_alone() -> None:
    item = {
        "kind": "booking",
        "id": "1",
        "unit_id": str(HEALTH),
        "title": "Vaksine",
        "series_id": "2",
        "local_start": "10:00",
    }
    (shown,) = seen(BLIND, item)
    assert shown == {
        "kind": "booking",
        "id": "1",
        "unit_id": str(HEALTH),
        "local_start": "10:00",
        "title": None,
        "masked": True,
    }


def test_item__public_or_of_another_unit__stays_as_it_is() -> None:
    public = {"kind": "occurrence", "unit_id": str(HEALTH), "title": "Åpent hus", "public": True}
    other = {"kind": "booking", "unit_id": str(LIBRARY), "title": "Lesesirkel"}
    assert seen(BLIND, public, other) == [public, other]


def test_item__public_of_a_hidden_unit__says_nothing_of_how_many_came() -> None:
    public = {"unit_id": str(HEALTH), "title": "Åpent hus", "public": True}
    assert seen(BLIND, public | {"attendance": {"total": 40, "by_band": {}}}) == [public]


def test_sight__of_the_health_station__is_its_own_alone() -> None:
    assert of(("unit_editor", str(HEALTH))).hidden == frozenset()
    for role in (("admin", "*"), ("house_manager", str(SQUARE)), ("unit_editor", str(LIBRARY))):
        assert of(role).hidden == {str(HEALTH)}


def test_counts__seen_by_those_who_count_there__are_as_they_are() -> None:
    item = counted(LIBRARY, 12, a=2, b=10)
    for role in (("front_line", "*"), ("front_line", str(SQUARE)), ("unit_editor", str(LIBRARY))):
        assert seen(of(role), item) == [item]


def test_counts__seen_by_others__have_no_small_numbers() -> None:
    readers = [("user_council_reader", "*"), ("statistics_reader", "*"), ("front_line", str(HEALTH))]
    for sight in map(of, readers):
        assert seen(sight, counted(LIBRARY, 2)) == [
            {"unit_id": str(LIBRARY), "attendance": {"total": ":", "by_band": {}, "revision": 1}}
        ]
        (shown,) = seen(sight, counted(LIBRARY, 21, a=2, b=10, c=9))
        assert shown["attendance"] == {"total": 21, "by_band": {"a": ":", "b": 10, "c": ":"}, "revision": 1}


def test_items__with_nothing_to_take_away__are_not_even_read() -> None:
    assert of(("user_council_reader", "*")).of("no JSON at all") == "no JSON at all"
