"""Messages that come over LoRaWAN: whatever the network wraps around what the maker's decoder says."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from services.counters.adapters.common import Place, a_sequence, a_time, an_object


class Uplink(NamedTuple):
    """`at` is when the network received it: the device itself has no clock."""

    decoded: Mapping[str, Any]
    at: dt.datetime
    sequence: int


def unwrap(payload: Any, place: Place) -> Uplink:
    """The Things Stack, ChirpStack, or the decoded message itself."""
    message = an_object(payload, "")
    if "uplink_message" in message:
        inner = an_object(message["uplink_message"], "uplink_message")
        decoded = an_object(inner.get("decoded_payload"), "uplink_message.decoded_payload")
        return Uplink(decoded, _received(inner, "received_at", place), a_sequence(inner.get("f_cnt")))
    if "object" in message:
        return Uplink(
            an_object(message["object"], "object"), _received(message, "time", place), a_sequence(message.get("fCnt"))
        )
    if "decoded" in message:
        return Uplink(an_object(message["decoded"], "decoded"), place.received_at, 0)
    return Uplink(message, place.received_at, 0)


def _received(fields: Mapping[str, Any], name: str, place: Place) -> dt.datetime:
    return a_time(fields, name, "", place.zone) if name in fields else place.received_at
