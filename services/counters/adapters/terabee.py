"""Terabee People Flow: running numbers. A device that says it stopped or is stuck has no numbers to trust."""

from collections.abc import Iterator
from typing import Any

from services.counters.adapters.common import Counted, Fault, Place, Total, a_count, an_object
from services.counters.adapters.lora import unwrap
from shared.problems import Message

_NOT_COUNTING = ("TPC_STOPPED", "TPC_STUCK", "MULTI_DEV_ISSUE")


def read(payload: Any, place: Place) -> Iterator[Counted]:
    uplink = unwrap(payload, place)
    if "cmd" in uplink.decoded:
        return  # an answer to a setting
    if "count_in" not in uplink.decoded:
        raise Fault("count_in", Message("mangler", "is missing"))
    flags = an_object(uplink.decoded.get("flags", {}), "flags")
    if not any(flags.get(name) for name in _NOT_COUNTING):
        count_in, count_out = (a_count(uplink.decoded, name, "") for name in ("count_in", "count_out"))
        yield Total("", uplink.at, count_in, count_out, uplink.sequence)
