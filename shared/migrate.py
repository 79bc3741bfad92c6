"""`python -m shared.migrate SERVICE`: bring a service's schema up to date, forward only.

Runs as the schema's owner (TORG_MIGRATION_DSN); the service itself has no right to change tables. Files of
`shared/migrations` come first, for units then the programme's, then those of `services/<service>/migrations`, each in
the order of its number, each in a transaction of its own with its row in `migration`. A file that has run and was
changed since is refused.
"""

import asyncio
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg

from shared.contracts.platform import UNIT_KINDS

ROOT = Path(__file__).resolve().parent.parent

LEDGER = """
create table if not exists migration (
    name text primary key, sha256 text not null, applied_at timestamptz not null default clock_timestamp()
)
"""
APPLIED = "select name, sha256 from migration"
REMEMBER = "insert into migration (name, sha256) values ($1, $2)"


class Changed(RuntimeError):
    """A migration that has already run was edited; write a new one instead."""


async def migrate(dsn: str, service: str) -> list[str]:
    """Applies what is missing and returns the names applied. Safe to run by several at once."""
    conn = await asyncpg.connect(dsn, server_settings={"search_path": service}, command_timeout=120)
    try:
        await conn.execute("select pg_advisory_lock(hashtext($1))", f"migrate {service}")
        await conn.execute(LEDGER)
        await _grant(conn, service)
        known = {row["name"]: row["sha256"] for row in await conn.fetch(APPLIED)}
        return [name for name, sql in files(service) if await _apply(conn, name, sql, known)]
    finally:
        await conn.close()


def files(service: str) -> Iterator[tuple[str, str]]:
    programme = [ROOT / "shared/programme/migrations"] if service in UNIT_KINDS else []
    for folder in (ROOT / "shared/migrations", *programme, ROOT / "services" / service / "migrations"):
        for path in sorted(folder.glob("[0-9]*.sql")):
            yield f"{folder.parent.name}/{path.name}", path.read_text()


async def _apply(conn: Any, name: str, sql: str, known: dict[str, str]) -> bool:
    digest = hashlib.sha256(sql.encode()).hexdigest()
    if name in known:
        if known[name] != digest:
            raise Changed(f"{name} has run here and was changed since; add a new migration instead")
        return False
    async with conn.transaction():
        await conn.execute(sql)
        await conn.execute(REMEMBER, name, digest)
    return True


async def _grant(conn: Any, service: str) -> None:
    """The runtime role reads and writes rows and nothing else, in tables that are there and those to come.

    A migration takes back what a table must not allow, e.g. updates of an audit table.
    """
    for statement in (
        f'grant usage on schema "{service}" to "{service}"',
        f'alter default privileges in schema "{service}" grant select, insert, update, delete on tables to "{service}"',
        f'alter default privileges in schema "{service}" grant usage on sequences to "{service}"',
    ):
        await conn.execute(statement)


if __name__ == "__main__":
    done = asyncio.run(migrate(os.environ["TORG_MIGRATION_DSN"], sys.argv[1]))
    sys.stdout.write(f"{sys.argv[1]}: {', '.join(done) or 'up to date'}\n")
