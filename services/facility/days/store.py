"""All SQL of local rules."""

from typing import Any
from uuid import UUID

from services.facility.days.domain import PutRule, Rule

FIND = "select id, version, state, withdrawn from local_rule where id = $1 for update"
OF_SQUARE = "select id, version, state from local_rule where square_id = $1 and not withdrawn order by id"
SAVE = """
insert into local_rule (id, version, square_id, state, withdrawn) values ($1, $2, $3, $4, $5)
on conflict (id) do update set version = excluded.version, square_id = excluded.square_id, state = excluded.state,
    withdrawn = excluded.withdrawn
where local_rule.version = excluded.version - 1
returning id
"""


async def find(conn: Any, rule_id: UUID) -> tuple[Rule, bool] | None:
    """The rule and whether it was withdrawn. Locked."""
    row = await conn.fetchrow(FIND, rule_id)
    return (_rule(row), row["withdrawn"]) if row else None


async def of_square(conn: Any, square_id: UUID) -> list[Rule]:
    return [_rule(row) for row in await conn.fetch(OF_SQUARE, square_id)]


async def save(conn: Any, rule: Rule, *, withdrawn: bool = False) -> bool:
    """False when somebody else saved this version first."""
    state = rule.body.model_dump(mode="json")
    return bool(await conn.fetchval(SAVE, rule.id, rule.version, rule.body.square_id, state, withdrawn))


def _rule(row: Any) -> Rule:
    return Rule(row["id"], row["version"], PutRule.model_validate(row["state"]))
