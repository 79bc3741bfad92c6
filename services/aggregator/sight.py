"""What one asker may see of a day's items: the server takes away the rest, no screen has to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.aggregator.reading import Unit
from shared.identity import Actor
from shared.policy import allows
from shared.suppression import in_a_line

HEALTH = "health_station"
# What others see of a health station's item: that the room is taken, and when.
_SEEN_BY_ALL = (
    "kind", "id", "version", "unit_id", "state", "space_ids", "setup_minutes", "teardown_minutes",
    "starts_at", "ends_at", "local_date", "local_start", "local_end",
)  # fmt: skip


@dataclass(frozen=True)
class Sight:
    """`hidden`: units of which only taken time is seen. `counting`: units whose head counts are seen as they are, None
    for all; of others small numbers are hidden."""

    hidden: frozenset[str] = frozenset()
    counting: frozenset[str] | None = None

    def of(self, items: str) -> str:
        """Stored items, as JSON without brackets; read only where something in them may have to go."""
        hides = any(unit_id in items for unit_id in self.hidden)
        if not hides and (self.counting is None or '"attendance":' not in items):
            return items
        shown = (self._shown(item) for item in json.loads(f"[{items}]"))
        return ",".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in shown)

    def _shown(self, item: dict[str, Any]) -> dict[str, Any]:
        """What a hidden unit made public stays, without how many came and where it may move to."""
        unit_id = item.get("unit_id")
        if unit_id in self.hidden and not item.get("public"):
            return {key: item[key] for key in _SEEN_BY_ALL if key in item} | {"title": None, "masked": True}
        if unit_id in self.hidden:
            item.pop("attendance", None)
            item.pop("move_request", None)
        elif "attendance" in item and self.counting is not None and unit_id not in self.counting:
            item["attendance"] = _without_small_numbers(item["attendance"])
        return item


def sight_of(who: Actor, square_id: UUID, units: Sequence[Unit]) -> Sight:
    """A health station is seen by those of the unit itself alone; counts as they are by those who count."""
    scopes = {scope for _, scope in who.roles}
    hidden = {str(unit.unit_id) for unit in units if unit.kind == HEALTH} - scopes
    if allows(who, "attendance.write", square_id=square_id):
        return Sight(frozenset(hidden))
    counting = (str(unit.unit_id) for unit in units if allows(who, "attendance.write", unit_id=unit.unit_id))
    return Sight(frozenset(hidden), frozenset(counting))


def _without_small_numbers(attendance: dict[str, Any]) -> dict[str, Any]:
    bands = attendance["by_band"]
    counts, total = in_a_line(list(bands.values()), attendance["total"], "internal")
    return {**attendance, "total": total, "by_band": dict(zip(bands, counts, strict=True))}
