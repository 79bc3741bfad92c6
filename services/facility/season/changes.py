"""Changing the plan by hand, with a reason. A change stays through every new plan until it is withdrawn."""

from typing import Any
from uuid import UUID

from services.facility.booking.desk import Desk, Overtaken, again
from services.facility.season import domain, reading, store, trail
from services.facility.season.bodies import PutChange
from services.facility.season.commands import managed
from services.facility.season.domain import Change, Season
from shared import db
from shared.identity import Actor
from shared.problems import Conflict, IdInUse, Invalid, Message, NotFound, WrongState

NO_SUCH_WISH = Message("Søknaden har ikke dette ønsket.", "The application has no such wish.")
NOWHERE = Message(
    "Rommet kan ikke fås på noen av datoene: det er stengt eller opptatt.",
    "The room cannot be had on any of the dates: it is closed or taken.",
)
PLACED_ALREADY = Message(
    "En annen søknad er plassert her for hånd. Trekk den endringen tilbake først.",
    "Another application has been placed here by hand. Withdraw that change first.",
)


async def put(desk: Desk, actor: Actor, season_id: UUID, change_id: UUID, body: PutChange) -> tuple[Change, bool]:
    """(the change, whether it is new). It takes the place of an earlier one of the same wish, and counts from the
    next plan on.

    Raises Invalid, Forbidden, IdInUse, WrongState, or Conflict `placed_already`.
    """
    return await again(lambda: _put(desk, actor, season_id, change_id, body))


async def _put(desk: Desk, actor: Actor, season_id: UUID, change_id: UUID, body: PutChange) -> tuple[Change, bool]:
    async with db.transaction(desk.pool) as conn:
        season = await managed(conn, actor, season_id)
        known = await store.change(conn, change_id)
        if known:
            return _same(known, season_id, body), False
        if not domain.takes_changes(season):
            raise WrongState(state=season.state)
        now = desk.clock.now()
        made = body.change(change_id, season_id, now, actor.label())
        standing = [one for one in await store.changes(conn, season_id) if one.withdrawn_at is None]
        await _check_change(conn, desk, season, made, standing)
        before = [one.id for one in standing if (one.application_id, one.wish) == (made.application_id, made.wish)]
        await store.withdraw_changes(conn, before, now, f"change {change_id}")
        if not await store.insert_change(conn, made):
            raise Overtaken
        await store.count_input(conn, season_id)
        await trail.change(conn, actor, "put", season, made, now)
        return made, True


def _same(known: Change, season_id: UUID, body: PutChange) -> Change:
    if known.season_id != season_id or known.asked != body.model_dump(mode="json"):
        raise IdInUse
    return known


async def _check_change(conn: Any, desk: Desk, season: Season, made: Change, standing: list[Change]) -> None:
    application = await store.application(conn, made.application_id)
    if application is None or application.season_id != season.id or application.state != "registered":
        raise Invalid(NO_SUCH_WISH, errors=[{"loc": ["application_id"], "message": NO_SUCH_WISH}])
    if made.wish > len(application.wishes):
        raise Invalid(NO_SUCH_WISH, errors=[{"loc": ["wish"], "message": NO_SUCH_WISH}])
    if made.space_id is None:
        return
    if made.space_id not in await store.rooms(conn, season):
        told = Message("Rommet er ikke med i sesongen.", "The room is not in the season.")
        raise Invalid(told, errors=[{"loc": ["space_id"], "message": told}])
    others = [one for one in standing if (one.application_id, one.wish) != (made.application_id, made.wish)]
    holders = await reading.judge(conn, season, made, others, desk.clock.now())
    if holders is None:
        raise Invalid(NOWHERE, reasons=[{"rule": "no_dates", "message": NOWHERE}])
    if holders:
        raise Conflict(PLACED_ALREADY, code="placed_already", changes=[str(one) for one in holders])


async def withdraw(desk: Desk, actor: Actor, season_id: UUID, change_id: UUID, reason: str) -> Change:
    """The wish goes by the rule again. Withdrawing twice answers the same. Raises NotFound, Forbidden, WrongState."""
    return await again(lambda: _withdraw(desk, actor, season_id, change_id, reason))


async def _withdraw(desk: Desk, actor: Actor, season_id: UUID, change_id: UUID, reason: str) -> Change:
    async with db.transaction(desk.pool) as conn:
        season = await managed(conn, actor, season_id)
        known = await store.change(conn, change_id)
        if known is None or known.season_id != season_id:
            raise NotFound
        if known.withdrawn_at:
            return known
        if not domain.takes_changes(season):
            raise WrongState(state=season.state)
        now = desk.clock.now()
        await store.withdraw_changes(conn, [change_id], now, reason)
        await store.count_input(conn, season_id)
        gone = await store.change(conn, change_id) or known
        await trail.change(conn, actor, "withdraw", season, gone, now)
        return gone
