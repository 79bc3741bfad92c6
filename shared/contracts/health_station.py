"""What the health station says beside its programme: when its rooms are busy, and nothing else.

Days are whole: each event replaces what was said of the room and date. Blocks lie on a 30-minute grid, are merged and
in order, and are published on a fixed cadence, so that neither length nor timing tells what goes on in the room.
"""

from typing import Self

from pydantic import model_validator

from shared.contracts import programme
from shared.types import Contract, Id, Instant, LocalDate, check_range

GRID_MINUTES = 30


class BusyBlock(Contract):
    starts_at: Instant
    ends_at: Instant

    @model_validator(mode="after")
    def _lies_on_the_grid(self) -> Self:
        check_range(self.starts_at, self.ends_at)
        if any(at.minute % GRID_MINUTES or at.second or at.microsecond for at in (self.starts_at, self.ends_at)):
            raise ValueError("a busy block lies on the 30-minute grid")
        return self


class RoomBusy(Contract):
    """Every busy block of one room that begins on one local date; no blocks means that it is free all day."""

    space_id: Id
    square_id: Id
    unit_id: Id
    local_date: LocalDate
    blocks: list[BusyBlock] = []


EVENTS: dict[str, type[Contract]] = {**programme.EVENTS, "room_busy.published.v1": RoomBusy}
