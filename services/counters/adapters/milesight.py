"""Milesight: over LoRaWAN with lines or without, and over HTTP with what was counted in a period and in all."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.counters.adapters.common import Counted, Fault, Place, Span, Total, a_count, a_list, a_time, an_object
from services.counters.adapters.lora import Uplink, unwrap
from shared.problems import Message

_WITHOUT_COUNTS = ("line_trigger_data", "region_trigger_data", "region_data", "battery", "battery_main", "sn")


def read(payload: Any, place: Place) -> Iterator[Counted]:
    uplink = unwrap(payload, place)
    found = [*_over_http(uplink.decoded, place), *_over_lora(uplink)]
    if not found and not any(name in uplink.decoded for name in _WITHOUT_COUNTS):
        told = Message("mangler: line_total_data, line_periodic_data eller total_in", "is missing, or total_in")
        raise Fault("line_total_data", told)
    yield from found


def _over_http(message: Mapping[str, Any], place: Place) -> Iterator[Counted]:
    times = an_object(message.get("time_info", {}), "time_info")
    for at, item in enumerate(a_list(message.get("line_total_data", []), "line_total_data")):
        where = f"line_total_data.{at}"
        line = an_object(item, where)
        counts = _counts(line, where, ("in_counted", "out_counted"))
        moment = "time" if "time" in times else "end_time"
        yield Total(_name(line), a_time(times, moment, "time_info", place.zone), *counts)
    for at, item in enumerate(a_list(message.get("line_periodic_data", []), "line_periodic_data")):
        where = f"line_periodic_data.{at}"
        line = an_object(item, where)
        start, end = (a_time(times, name, "time_info", place.zone) for name in ("start_time", "end_time"))
        yield Span(_name(line), start, end, *_counts(line, where, ("in", "out")))


def _counts(line: Mapping[str, Any], where: str, names: tuple[str, str]) -> tuple[int, int]:
    """Under `total` in newer firmware; children, staff and groups are parts of it and are not kept apart."""
    fields = an_object(line["total"], f"{where}.total") if "total" in line else line
    return a_count(fields, names[0], where), a_count(fields, names[1], where)


def _name(line: Mapping[str, Any]) -> str:
    return str(line.get("line", ""))


def _over_lora(uplink: Uplink) -> Iterator[Counted]:
    """The length of the period is the device's secret, so only running numbers say anything."""
    if "total_in" in uplink.decoded:
        yield _total("", uplink.decoded, "", uplink)
    for name, value in uplink.decoded.items():
        if name.startswith("line_") and name.removeprefix("line_").isdigit():
            fields = an_object(value, name)
            if "total_in" in fields:
                yield _total(name.removeprefix("line_"), fields, name, uplink)


def _total(line: str, fields: Mapping[str, Any], where: str, uplink: Uplink) -> Total:
    count_in, count_out = (a_count(fields, name, where) for name in ("total_in", "total_out"))
    return Total(line, uplink.at, count_in, count_out, uplink.sequence)
