"""IMBuildings people counter: direction A goes in, B out; the running numbers outlive a lost message."""

from collections.abc import Iterator
from typing import Any

from services.counters.adapters.common import Counted, Fault, Place, Total, a_count, a_sequence
from services.counters.adapters.lora import unwrap
from shared.problems import Message


def read(payload: Any, place: Place) -> Iterator[Counted]:
    uplink = unwrap(payload, place)
    if "total_counter_a" not in uplink.decoded:
        if "device_type" in uplink.decoded or "device_status" in uplink.decoded:
            return  # a message about the device itself
        raise Fault("total_counter_a", Message("mangler", "is missing"))
    count_in, count_out = (a_count(uplink.decoded, name, "") for name in ("total_counter_a", "total_counter_b"))
    yield Total("", uplink.at, count_in, count_out, a_sequence(uplink.decoded.get("payload_counter")))
