"""What of the answers is decided without a database: masks and lag."""

import json

from services.aggregator.reading import mask
from services.aggregator.watch import lag_by_topic

HEALTH, LIBRARY = "0197-health", "0197-library"


def items(*shown: dict[str, object]) -> str:
    return ",".join(json.dumps(item) for item in shown)


def test_mask__item_of_a_hidden_unit__keeps_time_and_place_alone() -> None:
    item = {
        "kind": "booking",
        "id": "1",
        "unit_id": HEALTH,
        "title": "Vaksine",
        "series_id": "2",
        "local_start": "10:00",
    }
    (shown,) = json.loads(f"[{mask(items(item), {HEALTH})}]")
    assert shown == {
        "kind": "booking",
        "id": "1",
        "unit_id": HEALTH,
        "local_start": "10:00",
        "title": None,
        "masked": True,
    }


def test_mask__public_item_of_a_hidden_unit_and_items_of_others__stay_as_they_are() -> None:
    public = {"kind": "occurrence", "unit_id": HEALTH, "title": "Åpent hus", "public": True}
    other = {"kind": "booking", "unit_id": LIBRARY, "title": "Lesesirkel"}
    assert json.loads(f"[{mask(items(public, other), {HEALTH})}]") == [public, other]


def test_mask__public_item_of_a_hidden_unit__says_nothing_of_how_many_came() -> None:
    public = {"kind": "occurrence", "unit_id": HEALTH, "title": "Åpent hus", "public": True}
    (shown,) = json.loads(f"[{mask(items(public | {'attendance': {'total': 4}}), {HEALTH})}]")
    assert shown == public


def test_lag__of_topics__sums_what_each_partition_has_left() -> None:
    ends = {("a", 0): 10, ("a", 1): 5, ("b", 0): 3}
    assert lag_by_topic(ends, {("a", 0): 7, ("b", 0): 3}) == {"a": 8, "b": 0}


def test_lag__position_ahead_of_a_stale_end__is_none() -> None:
    assert lag_by_topic({("a", 0): 10}, {("a", 0): 12}) == {"a": 0}
