"""What the service desk says beside its programme: when it is there, and how many it helped with what."""

from typing import Annotated, Literal

from pydantic import Field, StrictInt

from shared.contracts import programme
from shared.types import Code, Contract, Id, Instant, LocalDate, SmallCount

Channel = Literal["counter", "phone", "chat", "email"]


class HelpCount(Contract):
    """Enquiries by one channel about one topic; `resolved` of them at once."""

    channel: Channel
    topic: Code
    count: SmallCount
    resolved: SmallCount = 0


class EarlierTotal(Contract):
    """How many enquiries an earlier summary of the hour held, and when it was made."""

    total: SmallCount
    summarised_at: Instant


class DeskHour(Contract):
    """All enquiries of one desk at one square in one clock hour of one local date; the newest summary counts.

    The totals that stood at the end of earlier hours travel along, oldest first: figures are asked for as they were
    known at some instant. Without `summarised_at` the summary is as old as its event.
    """

    unit_id: Id
    square_id: Id
    local_date: LocalDate
    hour: Annotated[StrictInt, Field(ge=0, le=23)]
    counts: list[HelpCount] = []
    summarised_at: Instant | None = None
    earlier: list[EarlierTotal] = []

    def total(self) -> int:
        return sum(one.count for one in self.counts)

    def subject(self) -> str:
        return f"desk_hour/{self.unit_id}/{self.square_id}/{self.local_date}/{self.hour:02}"


class Presence(programme.Dated):
    """The desk is staffed at a square, its own or another, beside or instead of its usual hours."""

    presence_id: Id
    state: Literal["scheduled", "cancelled"] = "scheduled"


EVENTS: dict[str, type[Contract]] = {
    **programme.EVENTS,
    "desk_hour.summarised.v1": DeskHour,
    **{f"presence.{verb}.v1": Presence for verb in ("scheduled", "changed", "cancelled")},
}
