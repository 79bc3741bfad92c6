"""A square's own rules about days, and the special days that follow."""

import datetime as dt
from typing import Any
from uuid import UUID

from services.facility.audit import trail
from services.facility.booking import house
from services.facility.booking.desk import Desk, Overtaken, again
from services.facility.days import store
from services.facility.days.domain import Day, PutRule, Rule, special_days
from shared import db
from shared.identity import Actor
from shared.policy import require
from shared.problems import NotFound, PreconditionRequired, Stale


async def put(desk: Desk, actor: Actor, rule_id: UUID, body: PutRule, seen: int | None) -> tuple[Rule, bool]:
    """The rule, and whether it is new. The same again changes nothing."""

    async def work() -> tuple[Rule, bool]:
        async with db.transaction(desk.pool) as conn:
            await house.zone_of(conn, body.square_id)
            require(actor, "hours.write", square_id=body.square_id)
            found = await store.find(conn, rule_id)
            known, withdrawn = found or (None, False)
            if known and not withdrawn and known.body == body:
                return known, False
            if known:
                require(actor, "hours.write", square_id=known.body.square_id)
                _check_seen(known, seen)
            rule = Rule(rule_id, known.version + 1 if known else 1, body)
            await _save(conn, desk, actor, rule, known)
            return rule, known is None

    return await again(work)


async def withdraw(desk: Desk, actor: Actor, rule_id: UUID, seen: int) -> Rule:
    async def work() -> Rule:
        async with db.transaction(desk.pool) as conn:
            found = await store.find(conn, rule_id)
            if not found or found[1]:
                raise NotFound
            known = found[0]
            require(actor, "hours.write", square_id=known.body.square_id)
            _check_seen(known, seen)
            rule = Rule(rule_id, known.version + 1, known.body)
            await _save(conn, desk, actor, rule, known, withdrawn=True)
            return rule

    return await again(work)


async def _save(
    conn: Any, desk: Desk, actor: Actor, rule: Rule, known: Rule | None, *, withdrawn: bool = False
) -> None:
    if not await store.save(conn, rule, withdrawn=withdrawn):
        raise Overtaken
    before = known.body.model_dump(mode="json") if known else None
    after = {**rule.body.model_dump(mode="json"), "withdrawn": withdrawn}
    verb = "withdraw" if withdrawn else "put"
    await trail.changed(
        conn, actor, f"local_rule.{verb}", f"local_rule/{rule.id}", rule.body.square_id, at=desk.clock.now(),
        before=before, after=after,
    )  # fmt: skip


def _check_seen(known: Rule, seen: int | None) -> None:
    if seen is None:
        raise PreconditionRequired
    if seen != known.version:
        raise Stale(shown(known))


def shown(rule: Rule) -> dict[str, Any]:
    return {"id": str(rule.id), "version": rule.version, **rule.body.model_dump(mode="json")}


async def rules(desk: Desk, actor: Actor, square_id: UUID) -> list[Rule]:
    require(actor, "registry.read", square_id=square_id)
    async with db.connection(desk.pool) as conn:
        await house.zone_of(conn, square_id)
        return await store.of_square(conn, square_id)


async def days(desk: Desk, actor: Actor, square_id: UUID, first: dt.date, last: dt.date) -> list[Day]:
    """The special days from first to last, both inside."""
    return special_days(await rules(desk, actor, square_id), first, last)
