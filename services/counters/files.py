"""Readings in a table: which row is which reading. The rows then go the same way as readings sent by a call."""

import csv
import datetime as dt
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

COLUMNS = frozenset({"counter", "start", "in", "out", "sequence", "received_at"})
REQUIRED = frozenset({"counter", "start", "in"})


class WrongColumns(ValueError):
    """The table lacks a column, or has one nobody knows; the message names them."""


def rows(text: str, zone: ZoneInfo | None) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line, reading as the interface takes it). Starts without offset are clock times of `zone`.

    A row that cannot be read comes out as it stands and is refused later, by its line. Raises WrongColumns.
    """
    table = csv.DictReader(text.splitlines(), restkey="surplus")
    names = set(table.fieldnames or [])
    if missing := REQUIRED - names:
        raise WrongColumns(f"missing: {', '.join(sorted(missing))}")
    if unknown := names - COLUMNS:
        raise WrongColumns(f"unknown: {', '.join(sorted(unknown))}")
    for row in table:
        yield table.line_num, _reading(row, zone)


def _reading(row: dict[str, str | None], zone: ZoneInfo | None) -> dict[str, Any]:
    filled = {name: value.strip() for name, value in row.items() if isinstance(value, str) and value.strip()}
    reading: dict[str, Any] = {"counter_id": filled.get("counter"), "start": _instant(filled.get("start", ""), zone)}
    for name in ("in", "out", "sequence"):
        if name in filled:
            reading[name] = _number(filled[name])
    if "received_at" in filled:
        reading["received_at"] = filled["received_at"]
    if "surplus" in row:
        reading["surplus"] = True
    return reading


def _number(written: str) -> int | str:
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 19 else written


def _instant(written: str, zone: ZoneInfo | None) -> str:
    """A clock time that is skipped reads with the offset before the switch; one that comes twice is the first."""
    try:
        moment = dt.datetime.fromisoformat(written)
    except ValueError:
        return written
    if moment.tzinfo is None and zone:
        moment = moment.replace(tzinfo=zone, fold=0)
    return moment.isoformat()
