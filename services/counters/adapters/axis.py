"""Axis: the People Counter's running numbers of the day, and the 3D counter's intervals. Times are local."""

from collections.abc import Iterator
from typing import Any

from services.counters.adapters.common import Counted, Fault, Place, Span, Total, a_count, a_list, a_time, an_object
from shared.problems import Message


def read(payload: Any, place: Place) -> Iterator[Counted]:
    if isinstance(payload, dict) and isinstance(payload.get("data"), list):
        payload = payload["data"]
    if isinstance(payload, list):
        for at, item in enumerate(a_list(payload, "")):
            yield _read_one(item, str(at), place)
    else:
        yield _read_one(payload, "", place)


def _read_one(item: Any, where: str, place: Place) -> Counted:
    fields = an_object(item, where)
    count_in, count_out = a_count(fields, "in", where), a_count(fields, "out", where)
    if "timestamp" in fields:
        return Total("", a_time(fields, "timestamp", where, place.zone), count_in, count_out)
    if "start" in fields:
        start, end = (a_time(fields, name, where, place.zone) for name in ("start", "end"))
        return Span("", start, end, count_in, count_out)
    told = Message("mangler: timestamp, eller start og end", "is missing: timestamp, or start and end")
    raise Fault(f"{where}.timestamp".lstrip("."), told)
