"""Visitor figures and counters over HTTP (rule E)."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BeforeValidator

from services.aggregator import reading
from services.aggregator import store as views
from services.aggregator.visitors import query
from services.aggregator.visitors.domain import Row
from services.aggregator.visitors.facts import Facts, Micros, instant, micros
from services.aggregator.visitors.periods import By
from shared.clock import settled
from shared.http import CurrentActor
from shared.identity import Actor
from shared.policy import Action, allows, require
from shared.problems import Invalid, Message, NotFound
from shared.types import Instant, LocalDate

router = APIRouter(prefix="/api/aggregator/squares/{square_id}")
LONGEST_RANGE = dt.timedelta(days=400)  # 13 months


def _space_was_plus(written: Any) -> Any:
    """An offset's plus sign, sent without escaping, arrives as a space."""
    return written.replace(" ", "+") if isinstance(written, str) else written


AsOf = Annotated[Instant, BeforeValidator(_space_was_plus)]


@router.get("/visitors")
async def get_visitors(
    request: Request,
    square_id: UUID,
    who: CurrentActor,
    first: Annotated[LocalDate, Query(alias="from")],
    last: Annotated[LocalDate, Query(alias="to")],
    by: By = "day",
    as_of: AsOf | None = None,
) -> dict[str, Any]:
    _check_range(first, last)
    state = request.app.state
    now = state.clock.now()
    at = micros(min(as_of, now) if as_of else now)
    async with views.snapshot(state.pool) as conn:
        facts = await _facts(conn, who, "figures.read", square_id)
        rows = await query.visitors(conn, facts, first, last, by, at)
        sources = await reading.sources(conn, settled(state.clock), await reading.units(conn, square_id))
    return {"rows": [_shown(row) for row in rows], "as_of": _local(at, facts), "sources": sources}


@router.get("/counters")
async def get_counters(request: Request, square_id: UUID, who: CurrentActor) -> dict[str, Any]:
    state = request.app.state
    now = state.clock.now()
    async with views.snapshot(state.pool) as conn:
        facts = await _facts(conn, who, "counters.read", square_id)
        counters = await query.last_intervals(conn, facts, micros(now))
        sources = await reading.sources(conn, settled(state.clock), await reading.units(conn, square_id))
        return {"counters": list(counters), "sources": sources}


async def _facts(conn: Any, who: Actor, action: Action, square_id: UUID) -> Facts:
    """Whoever belongs to a unit of the square belongs to the square. Raises NotFound, also for a foreign one."""
    facts = await query.facts_of(conn, square_id)
    units = facts.units if facts else ()
    if not any(allows(who, action, unit_id=unit.unit_id) for unit in units):
        require(who, action, square_id=square_id)
    if facts is None:
        raise NotFound
    return facts


def _check_range(first: dt.date, last: dt.date) -> None:
    if last < first:
        raise Invalid(Message("«to» kan ikke være før «from».", '"to" cannot be before "from".'))
    if last - first > LONGEST_RANGE:
        raise Invalid(Message("Høyst 13 måneder om gangen.", "At most 13 months at a time."))


def _local(at: Micros, facts: Facts) -> str:
    return instant(at).astimezone(facts.zone).isoformat()


def _shown(row: Row) -> dict[str, Any]:
    return {
        "period": row.period,
        "door_visits": row.door_visits,
        "staffed": row.staffed,
        "self_service": row.self_service,
        "quality": row.quality,
        "imputed_share": float(row.imputed_share),
        "unbalanced": row.unbalanced,
        "revision": row.revision,
        "cause": row.cause,
        "unit_visits": {str(unit_id): visits for unit_id, visits in sorted(row.unit_visits.items())},
        "units_per_visit": None if row.units_per_visit is None else float(row.units_per_visit),
        "units_per_visit_flag": row.units_per_visit_flag,
        # These stand beside the doors and are never added to them.
        **row.beside._asdict(),
    }
