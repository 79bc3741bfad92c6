"""The SQL that the audit needs besides its own."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

KINDS = "select id, kind from unit where id = any($1::uuid[])"


async def kinds(conn: Any, unit_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """What sort of unit each is: what others may see of it hangs on that."""
    ids = {unit_id for unit_id in unit_ids if unit_id is not None}
    return {row["id"]: row["kind"] for row in await conn.fetch(KINDS, list(ids))} if ids else {}
