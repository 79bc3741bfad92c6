"""SensMax reports. How many are inside is no count of entries: only running numbers of in and out are taken."""

from collections.abc import Iterator
from typing import Any

from services.counters.adapters.common import Counted, Fault, Place, Total, a_count, a_time, an_object
from shared.problems import Message

_ONLY_INSIDE = Message(
    "mangler: «inside» sier hvor mange som er inne, ikke hvor mange som kom",
    "is missing: “inside” says how many are inside, not how many came",
)


def read(payload: Any, place: Place) -> Iterator[Counted]:
    report = an_object(payload, "")
    at = a_time(report, "date", "", place.zone)
    if report.get("offline") is True:
        return  # its numbers are those of before it fell silent
    if "in" not in report and "inside" in report:
        raise Fault("in", _ONLY_INSIDE)
    yield Total("", at, a_count(report, "in", ""), a_count(report, "out", ""))
