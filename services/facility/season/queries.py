"""Questions about seasons. Nothing here changes anything."""

from typing import Any
from uuid import UUID

from services.facility.booking.desk import Desk
from services.facility.season import archive, plan_store, rights, store, view
from services.facility.season.domain import Application, Season
from services.facility.season.plan_store import Header, Job, Letter, Row
from shared import db
from shared.identity import Actor
from shared.problems import NotFound, WrongState

EVERYTHING = 100_000


async def season(desk: Desk, actor: Actor, season_id: UUID) -> tuple[Season, dict[str, int]]:
    """With how many applications and wishes there are, and how many wishes the plan grants."""
    async with db.connection(desk.pool) as conn:
        found = await _readable(conn, actor, season_id)
        return found, await store.counts(conn, season_id)


async def listed(desk: Desk, actor: Actor, square_id: UUID | None) -> list[Season]:
    """Those the asker may see, the latest first."""
    async with db.connection(desk.pool) as conn:
        found = []
        for one in await store.listed(conn, square_id):
            try:
                rights.check_read(actor, one, await store.units(conn, one.square_ids))
            except NotFound:
                continue
            found.append(one)
    return found


async def applications(
    desk: Desk, actor: Actor, season_id: UUID, after: UUID | None, limit: int
) -> tuple[list[Application], UUID | None]:
    """A page, and where the next begins."""
    async with db.connection(desk.pool) as conn:
        await _readable(conn, actor, season_id)
        found = await store.applications(conn, season_id, after, limit)
    return found, found[-1].id if len(found) == limit else None


async def application(desk: Desk, actor: Actor, season_id: UUID, application_id: UUID) -> tuple[Application, list[Row]]:
    """With what the plan says of its wishes, for those who may see the plan."""
    async with db.connection(desk.pool) as conn:
        found = await _readable(conn, actor, season_id)
        one = await store.application(conn, application_id)
        if one is None or one.season_id != season_id:
            raise NotFound
        sees_plan = found.state in ("decided", "allocated") or rights.manages(actor, found)
        rows = await plan_store.outcomes(conn, season_id, found.run, application_id=application_id) if sees_plan else []
    return one, sorted(rows, key=lambda row: row.wish)


async def job(desk: Desk, actor: Actor, season_id: UUID) -> Job:
    """The newest. Raises NotFound where none was ever started."""
    async with db.connection(desk.pool) as conn:
        rights.check_plan(actor, await _readable(conn, actor, season_id))
        found = await plan_store.newest_job(conn, season_id)
    if found is None:
        raise NotFound
    return found


async def plan(desk: Desk, actor: Actor, season_id: UUID, after: int, limit: int) -> tuple[Season, Header, list[Row]]:
    """A page of the newest plan in the order of turns. Raises NotFound before there is one."""
    async with db.connection(desk.pool) as conn:
        found = await _readable(conn, actor, season_id)
        rights.check_plan(actor, found)
        header = await plan_store.header(conn, season_id, found.run)
        if header is None:
            raise NotFound
        return found, header, await plan_store.outcomes(conn, season_id, found.run, after=after, limit=limit)


async def changes(desk: Desk, actor: Actor, season_id: UUID) -> list[dict[str, Any]]:
    async with db.connection(desk.pool) as conn:
        rights.check_plan(actor, await _readable(conn, actor, season_id))
        return [view.show_change(one) for one in await store.changes(conn, season_id)]


async def letter(desk: Desk, actor: Actor, season_id: UUID, application_id: UUID) -> Letter:
    """Raises NotFound before it is decided, and for applications that were withdrawn."""
    async with db.connection(desk.pool) as conn:
        await _readable(conn, actor, season_id)
        one = await store.application(conn, application_id)
        found = await plan_store.letter(conn, application_id)
    if one is None or one.season_id != season_id or found is None:
        raise NotFound
    return found


async def allocations(desk: Desk, actor: Actor, season_id: UUID) -> list[dict[str, Any]]:
    """The series that were made so far."""
    async with db.connection(desk.pool) as conn:
        await _readable(conn, actor, season_id)
        return [view.show_allocation(one) for one in await plan_store.allocations(conn, season_id)]


async def export(desk: Desk, actor: Actor, season_id: UUID) -> bytes:
    """The whole case as a zip. Raises WrongState before it is decided."""
    async with db.connection(desk.pool) as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        found = await _readable(conn, actor, season_id)
        if found.decided_at is None:
            raise WrongState(state=found.state)
        case = archive.Case(
            season=found,
            header=await plan_store.header(conn, season_id, found.run),
            applications=await store.applications(conn, season_id),
            rows=await plan_store.outcomes(conn, season_id, found.run),
            changes=await store.changes(conn, season_id),
            letters=await plan_store.letters(conn, season_id),
            allocations=await plan_store.allocations(conn, season_id),
        )
    return await archive.packed(case)


async def _readable(conn: Any, actor: Actor, season_id: UUID) -> Season:
    found = await store.find(conn, season_id)
    if found is None:
        raise NotFound
    rights.check_read(actor, found, await store.units(conn, found.square_ids))
    return found
