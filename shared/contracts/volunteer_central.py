"""What the volunteer central says beside its programme: shifts, as counts. Who takes them stays inside."""

from typing import Literal

from shared.contracts import programme
from shared.types import Code, Contract, Flag, Id, SmallCount

ShiftState = Literal["open", "staffed", "understaffed", "completed", "cancelled"]


class Shift(programme.Dated):
    """`understaffed`: too few 48 hours before it begins. `volunteers` and `minutes` are told when it is over."""

    shift_id: Id
    role: Code
    needed: SmallCount
    confirmed: SmallCount = 0
    requires_clearance: Flag = False
    activity_id: Id | None = None
    state: ShiftState
    volunteers: SmallCount | None = None
    minutes: SmallCount | None = None


EVENTS: dict[str, type[Contract]] = {
    **programme.EVENTS,
    **{
        f"shift.{verb}.v1": Shift for verb in ("opened", "changed", "staffed", "understaffed", "completed", "cancelled")
    },
}
