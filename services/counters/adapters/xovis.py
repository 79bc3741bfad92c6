"""Xovis firmware 5, agent LOGICS in JSON. Each logic is a line; what crosses it forwards goes in, backwards out.

LIVE_DATA holds tracks of persons and WIFI_BT their devices: both are refused before anything is read.
"""

from collections.abc import Iterator
from typing import Any

from services.counters.adapters.common import (
    Counted,
    Fault,
    Place,
    Span,
    a_count,
    a_list,
    a_sequence,
    a_time,
    an_object,
)
from shared.problems import Message

_OTHER_AGENTS = ("status_data", "connection_test")


def read(payload: Any, place: Place) -> Iterator[Counted]:
    message = an_object(payload, "")
    if "logics_data" not in message:
        if any(name in message for name in _OTHER_AGENTS):
            return
        raise Fault("logics_data", Message("mangler: bruk agenten LOGICS", "is missing: use the agent LOGICS"))
    data = an_object(message["logics_data"], "logics_data")
    sequence = a_sequence(an_object(data.get("package_info", {}), "logics_data.package_info").get("id"))
    for at, logic in enumerate(a_list(data.get("logics"), "logics_data.logics")):
        where = f"logics_data.logics.{at}"
        yield from _records(an_object(logic, where), where, place, sequence)


def _records(logic: Any, where: str, place: Place, sequence: int) -> Iterator[Span]:
    for at, item in enumerate(a_list(logic.get("records"), f"{where}.records")):
        here = f"{where}.records.{at}"
        record = an_object(item, here)
        counts = [
            (an_object(one, f"{here}.counts.{n}"), f"{here}.counts.{n}")
            for n, one in enumerate(a_list(record.get("counts"), f"{here}.counts"))
        ]
        directed = [(_direction(one.get("name")), a_count(one, "value", place_of)) for one, place_of in counts]
        if not any(direction for direction, _ in directed):
            continue  # a zone, a queue or a balance: no line
        yield Span(
            line=str(logic.get("id", "")),
            start=a_time(record, "from", here, place.zone),
            end=a_time(record, "to", here, place.zone),
            count_in=sum(value for direction, value in directed if direction == "in"),
            count_out=sum(value for direction, value in directed if direction == "out"),
            sequence=sequence,
        )


def _direction(name: Any) -> str:
    """ "fw", "Forward line counter male": what is split by groups of persons is added up and not kept apart."""
    word = str(name).lower()
    return "in" if word.startswith(("fw", "forward")) else "out" if word.startswith(("bw", "backward")) else ""
