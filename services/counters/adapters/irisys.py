"""Irisys Vector, HTTP post of CountLogs: registers that only grow. A line here is a register, in one direction."""

from collections.abc import Iterator
from typing import Any

from services.counters.adapters.common import Counted, Place, Total, a_count, a_list, a_sequence, a_time, an_object


def read(payload: Any, place: Place) -> Iterator[Counted]:
    """Every register as a line of its own that counts inwards; the device's token says which belong together."""
    message = an_object(payload, "")
    for at, item in enumerate(a_list(message.get("CountLogs"), "CountLogs")):
        where = f"CountLogs.{at}"
        log = an_object(item, where)
        moment = a_time(log, "Timestamp", where, place.zone)
        for n, register in enumerate(a_list(log.get("Counts"), f"{where}.Counts")):
            here = f"{where}.Counts.{n}"
            fields = an_object(register, here)
            value = a_count(fields, "Value", here)
            yield Total(str(fields.get("Name", "")), moment, value, 0, a_sequence(log.get("LogEntryId")))
