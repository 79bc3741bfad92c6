"""How far the views are behind, from where topics end and where views stand."""

from services.aggregator.watch import lag_by_topic


def test_lag__of_topics__sums_what_each_partition_has_left() -> None:
    ends = {("a", 0): 10, ("a", 1): 5, ("b", 0): 3}
    assert lag_by_topic(ends, {("a", 0): 7, ("b", 0): 3}) == {"a": 8, "b": 0}


def test_lag__position_ahead_of_a_stale_end__is_none() -> None:
    assert lag_by_topic({("a", 0): 10}, {("a", 0): 12}) == {"a": 0}
