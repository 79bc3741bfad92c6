"""HTTP that all dated things have alike: how one is shown, one by its id, many by square and range."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from shared import db
from shared.contracts.programme import Dated
from shared.http import CurrentActor, etag
from shared.identity import Actor
from shared.policy import allows, require
from shared.problems import NotFound
from shared.programme import places
from shared.programme.api import Mine, check_window
from shared.programme.commands import Saved, Unit, shown
from shared.programme.dated import store
from shared.programme.dated.store import Kind, Window
from shared.types import Id, Instant
from shared.walltime import local_fields

MOST = 500
T = TypeVar("T", bound=Dated)


def add_reads(api: APIRouter, kind: Kind[T], path: str, name: str) -> None:
    """`GET path/{id}` and `GET path?square_id=&from=&to=`, which answers a list called `name`."""

    @api.get(f"{path}/{{thing_id}}")
    async def get_one(thing_id: Id, unit: Mine, who: CurrentActor) -> JSONResponse:
        async with db.connection(unit.pool) as conn:
            known = await store.one(conn, kind, thing_id)
        if not known:
            raise NotFound
        require(who, "programme.read", square_id=known[1].square_id, unit_id=known[1].unit_id)
        return await answer(unit, Saved(*known))

    @api.get(path)
    async def list_some(
        since: Annotated[Instant, Query(alias="from")],
        until: Annotated[Instant, Query(alias="to")],
        unit: Mine,
        who: CurrentActor,
        square_id: Id | None = None,
        unit_id: Id | None = None,
        after: Id | None = None,
    ) -> dict[str, Any]:
        """What touches the range and the asker may see, oldest first. `next`: what to send as `after` for more."""
        require(who, "programme.read", square_id=square_id, unit_id=unit_id if square_id else None)
        check_window(since, until)
        window = Window(since, until, square_id, unit_id, after)
        async with db.connection(unit.pool) as conn:
            found = await store.some(conn, kind, window, MOST + 1)
            page = found[:MOST]
            mine = [one for one in page if _may_see(who, one[1])]
            rows = await show_all(conn, mine)
        return {name: rows, "next": str(kind.id_of(page[-1][1])) if len(found) > MOST else None}


async def answer(unit: Unit, saved: Saved) -> JSONResponse:
    async with db.connection(unit.pool) as conn:
        body = (await show_all(conn, [(saved.version, saved.state)]))[0]
    return JSONResponse(body, 201 if saved.created else 200, etag(saved.version))


async def show_all(conn: Any, rows: Sequence[tuple[int, T]]) -> list[dict[str, Any]]:
    """As the contract has it, with the version, and with the times on the square's clock too."""
    zones = await places.known_zones(conn, {state.square_id for _, state in rows})
    return [
        {**shown(version, state), **local_fields(state.starts_at, state.ends_at, zones[state.square_id])}
        for version, state in rows
    ]


def _may_see(who: Actor, state: Dated) -> bool:
    return allows(who, "programme.read", square_id=state.square_id, unit_id=state.unit_id)
