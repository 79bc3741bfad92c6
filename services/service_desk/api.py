"""HTTP of what is the service desk's own: enquiries by hour, and presence."""

import datetime as dt
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse
from pydantic import Field, model_validator

from services.service_desk import commands, store
from services.service_desk.commands import PRESENCE, Registered
from services.service_desk.domain import Enquiry, Hour
from services.service_desk.topics import NAMES, Topic
from shared import db
from shared.contracts.service_desk import Channel, DeskHour, HelpCount, Presence
from shared.http import CurrentActor, SeenIfAny, SeenVersion, etag
from shared.policy import require
from shared.programme.api import Mine, check_dates
from shared.programme.bodies import WithinADay
from shared.programme.commands import shown
from shared.programme.dated.api import add_reads, answer
from shared.programme.names import listed
from shared.types import Body, Flag, Id, Instant, LocalDate, SmallCount

MOST_DAYS = 31
MOST_COUNTS = len(NAMES) * 4
router = APIRouter(prefix="/api/service_desk", tags=["desk"])
HourPath = Annotated[int, Path(ge=0, le=23)]


class PutEnquiry(Body):
    """`at` left out: now. A device that was without a network says when it was."""

    square_id: Id
    unit_id: Id
    channel: Channel
    topic: Topic
    resolved: Flag = False
    at: Instant | None = None


class CountIn(Body):
    channel: Channel
    topic: Topic
    count: SmallCount
    resolved: SmallCount = 0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.resolved > self.count:
            raise ValueError("more were resolved than were counted")
        return self


class PutHour(Body):
    """All of the hour: what is not named was not asked about."""

    counts: Annotated[list[CountIn], Field(max_length=MOST_COUNTS)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({(one.channel, one.topic) for one in self.counts}) != len(self.counts):
            raise ValueError("a channel and topic is given twice")
        return self


class PutPresence(WithinADay):
    square_id: Id
    unit_id: Id


@router.get("/topics")
async def list_topics(who: CurrentActor) -> dict[str, list[dict[str, str]]]:
    require(who, "programme.read")
    return {"topics": listed(NAMES)}


@router.put("/enquiries/{enquiry_id}", status_code=201)
async def put_enquiry(enquiry_id: Id, body: PutEnquiry, unit: Mine, who: CurrentActor) -> JSONResponse:
    """One tap: one more. The same id again is never counted twice."""
    asked = body.model_dump(mode="json")
    said = body.model_dump(exclude={"at"})
    wanted = Enquiry(id=enquiry_id, local_date=dt.date.min, hour=0, asked=asked, **said)
    return _registered(await commands.register(unit, who, wanted, body.at))


@router.delete("/enquiries/{enquiry_id}")
async def undo_enquiry(enquiry_id: Id, unit: Mine, who: CurrentActor) -> JSONResponse:
    return _registered(await commands.undo(unit, who, enquiry_id))


@router.put("/desk-hours/{square_id}/{unit_id}/{local_date}/{hour}", status_code=201)
async def put_hour(
    square_id: Id,
    unit_id: Id,
    local_date: LocalDate,
    hour: HourPath,
    body: PutHour,
    unit: Mine,
    who: CurrentActor,
    seen: SeenIfAny,
) -> JSONResponse:
    """Replaces whatever was counted in that hour."""
    place = DeskHour(unit_id=unit_id, square_id=square_id, local_date=local_date, hour=hour)
    counts = [HelpCount.model_validate(one.model_dump()) for one in body.counts]
    saved = await commands.set_hour(unit, who, place, counts, seen)
    return JSONResponse(shown(saved.version, saved.state), 201 if saved.created else 200, etag(saved.version))


@router.get("/desk-hours")
async def list_hours(
    square_id: Id,
    first: Annotated[LocalDate, Query(alias="from")],
    last: Annotated[LocalDate, Query(alias="to")],
    unit: Mine,
    who: CurrentActor,
    unit_id: Id | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Both dates inside, at most 31 days. Small numbers are shown as they are, so only to those who count."""
    require(who, "desk.write", square_id=square_id, unit_id=unit_id)
    check_dates(first, last, MOST_DAYS)
    async with db.connection(unit.pool) as conn:
        found = await store.hours(conn, square_id, first, last, unit_id)
    return {"desk_hours": [_shown(one) for one in found]}


add_reads(router, PRESENCE, "/presence", "presence")


@router.put("/presence/{presence_id}", status_code=201)
async def put_presence(
    presence_id: Id, body: PutPresence, unit: Mine, who: CurrentActor, seen: SeenIfAny
) -> JSONResponse:
    wanted = Presence(presence_id=presence_id, **body.model_dump())
    return await answer(unit, await commands.be_present(unit, who, wanted, seen))


@router.post("/presence/{presence_id}/cancel")
async def cancel_presence(presence_id: Id, unit: Mine, who: CurrentActor, seen: SeenVersion) -> JSONResponse:
    return await answer(unit, await commands.cancel_presence(unit, who, presence_id, seen))


def _registered(done: Registered) -> JSONResponse:
    one = done.enquiry
    body = {
        "enquiry_id": str(one.id),
        "unit_id": str(one.unit_id),
        "square_id": str(one.square_id),
        "local_date": one.local_date.isoformat(),
        "hour": one.hour,
        "channel": one.channel,
        "topic": one.topic,
        "resolved": one.resolved,
        "undone": one.undone,
        "desk_hour": _shown(done.hour),
    }
    return JSONResponse(body, 201 if done.created else 200, etag(done.hour.version))


def _shown(hour: Hour) -> dict[str, Any]:
    return shown(hour.version, hour.state)
