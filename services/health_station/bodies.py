"""What callers send about appointments. None of it has room for a person."""

import datetime as dt
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.types import LATEST, Body, Code, Id, Instant, check_range

LONGEST = dt.timedelta(hours=24)
MOST_A_DAY = 500


class When(Body):
    starts_at: Instant
    ends_at: Instant
    kind: Code = "other"

    @model_validator(mode="after")
    def _lasts_no_longer_than_a_day(self) -> Self:
        check_range(self.starts_at, self.ends_at)
        if self.ends_at - self.starts_at > LONGEST:
            raise ValueError("an appointment lasts at most 24 hours")
        if self.ends_at > LATEST - LONGEST:
            raise ValueError("time must lie in the years 2000 to 2099")
        return self


class PutAppointment(When):
    unit_id: Id
    space_id: Id


class PutRecordDay(Body):
    """A room's day as the health record had it at `as_of`; whatever it told of that day before is replaced."""

    as_of: Instant
    appointments: Annotated[list[When], Field(max_length=MOST_A_DAY)]


class PutToken(Body):
    unit_id: Id
