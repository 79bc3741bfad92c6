"""What the audit says of seasons. Reasons and titles are people's words, so they stand there as digests."""

from typing import Any

from services.facility.audit.trail import changed
from services.facility.season.domain import Application, Change, Season
from shared.audit import digest
from shared.identity import Actor


async def season(conn: Any, actor: Actor, what: str, before: Season | None, after: Season) -> None:
    """Of several squares the first stands for all: whoever reads the audit of one may not read the others'."""
    await changed(
        conn,
        actor,
        f"season.{what}",
        f"season/{after.id}",
        after.square_ids[0],
        at=after.updated_at,
        before=_season(before) if before else None,
        after=_season(after),
    )


async def application(
    conn: Any, actor: Actor, what: str, of: Season, before: Application | None, after: Application, at: Any
) -> None:
    subject, square, unit = f"application/{after.id}", of.square_ids[0], after.unit_id
    states = {"before": _application(before) if before else None, "after": _application(after)}
    await changed(conn, actor, f"application.{what}", subject, square, unit, at=at, **states)


async def change(conn: Any, actor: Actor, what: str, of: Season, one: Change, at: Any) -> None:
    told = {**one.asked, "reason": digest(one.reason), "withdrawn_because": digest(one.withdrawn_because)}
    await changed(conn, actor, f"change.{what}", f"change/{one.id}", of.square_ids[0], at=at, after=told)


def _season(one: Season) -> dict[str, Any]:
    kept = {"version": one.version, "state": one.state, "inputs": one.inputs, "seed": one.seed, "run": one.run}
    return {**one.asked, **kept, "deadline": one.deadline}


def _application(one: Application) -> dict[str, Any]:
    late = {"late_reason": digest(one.late_reason), "late_counts": one.late_counts}
    words = {"title": digest(one.title), "state_reason": digest(one.state_reason)}
    return {**one.asked, "version": one.version, "state": one.state, **late, **words, "season_id": one.season_id}
