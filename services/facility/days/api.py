"""HTTP of special days: public holidays, a square's own rules, and opening hours that follow them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from services.facility.booking.api import AtDesk
from services.facility.days import commands
from services.facility.days.domain import Day, PublicChoice, PutRule, with_special_days
from services.facility.hours import bodies
from services.facility.hours.bodies import check_window
from shared.http import CurrentActor, SeenIfAny, SeenVersion, etag, language
from shared.types import Body, Id, LocalDate

router = APIRouter(prefix="/api/facility", tags=["days"])
From = Annotated[LocalDate, Query(alias="from")]
To = Annotated[LocalDate, Query(alias="to")]


class Propose(Body):
    """Opening hours as they are edited, to be given the special days of a square from `first` to `last`."""

    square_id: Id
    first: LocalDate
    last: LocalDate
    on_public_holidays: PublicChoice = "closed"
    periods: Any


@router.get("/squares/{square_id}/days")
async def list_days(
    square_id: Id, first: From, last: To, at: AtDesk, who: CurrentActor, request: Request
) -> dict[str, list[dict[str, Any]]]:
    """Both dates inside, at most 13 months."""
    check_window(first, last)
    return {"days": [_shown(day, request) for day in await commands.days(at, who, square_id, first, last)]}


@router.get("/squares/{square_id}/local-rules")
async def list_rules(square_id: Id, at: AtDesk, who: CurrentActor) -> dict[str, list[dict[str, Any]]]:
    return {"rules": [commands.shown(rule) for rule in await commands.rules(at, who, square_id)]}


@router.put("/local-rules/{rule_id}", status_code=201)
async def put_rule(rule_id: Id, body: PutRule, at: AtDesk, who: CurrentActor, seen: SeenIfAny) -> JSONResponse:
    rule, created = await commands.put(at, who, rule_id, body, seen)
    return JSONResponse(commands.shown(rule), 201 if created else 200, etag(rule.version))


@router.delete("/local-rules/{rule_id}")
async def withdraw_rule(rule_id: Id, at: AtDesk, who: CurrentActor, seen: SeenVersion) -> JSONResponse:
    rule = await commands.withdraw(at, who, rule_id, seen)
    return JSONResponse(commands.shown(rule), headers=etag(rule.version))


@router.post("/hours/with-special-days")
async def propose(body: Propose, at: AtDesk, who: CurrentActor, request: Request) -> dict[str, Any]:
    """Saves nothing: the periods with a one-day override for each special day, to be looked at and edited, and which
    days those are. A date that a one-day override decides already is left alone."""
    check_window(body.first, body.last)
    periods = bodies.read(body.periods)
    days = await commands.days(at, who, body.square_id, body.first, body.last)
    proposed, added = with_special_days(periods, days, body.on_public_holidays)
    return {"periods": bodies.dump(proposed), "added": [_shown(day, request) for day in added]}


def _shown(day: Day, request: Request) -> dict[str, Any]:
    return {
        "date": day.date.isoformat(),
        "kind": day.kind,
        "name": day.name.in_language(language(request)),
        "closes_at": day.closes_at,
        "rule_id": day.rule_id and str(day.rule_id),
    }
