"""What an outage takes away from a room, and whom that hits. Pure."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.registry.features import MET_BY, has


@dataclass(frozen=True)
class Outage:
    """Of one feature at one square. `ends_at` None: nobody knows; `ended_at`: it works again."""

    id: UUID
    version: int
    square_id: UUID
    zone: ZoneInfo
    feature: str
    starts_at: dt.datetime
    ends_at: dt.datetime | None
    reason_code: str
    asked: Mapping[str, Any]
    declared_at: dt.datetime
    ended_at: dt.datetime | None = None

    @property
    def until(self) -> dt.datetime | None:
        """When it is over as far as anybody knows."""
        known = [at for at in (self.ends_at, self.ended_at) if at]
        return min(known) if known else None

    def end(self, now: dt.datetime) -> "Outage":
        return replace(self, version=self.version + 1, ended_at=now)


@dataclass(frozen=True)
class Claim:
    """A booking with what its rooms must have."""

    booking_id: UUID
    space_ids: Sequence[UUID]
    needs: Collection[str]


def lost(features: Collection[str], feature: str) -> list[str]:
    """The needs that a room no longer meets: a room with a ramp needs no lift."""
    left = set(features) - {feature}
    return sorted(need for need in {feature, *MET_BY} if has(features, need) and not has(left, need))


def flagged(features: Mapping[UUID, Collection[str]], feature: str) -> dict[UUID, list[str]]:
    """The rooms that lose something by it, with what."""
    losses = {room: lost(there, feature) for room, there in features.items()}
    return {room: loss for room, loss in losses.items() if loss}


def hit(claims: Sequence[Claim], rooms: Mapping[UUID, Collection[str]]) -> list[UUID]:
    """The bookings that need what one of their rooms has lost, in the order given."""
    return [
        claim.booking_id
        for claim in claims
        if any(set(claim.needs) & set(rooms.get(space, ())) for space in claim.space_ids)
    ]
