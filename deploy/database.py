"""Roles and schemas of the services in PostgreSQL, the same for every way of deploying. Safe to repeat."""

import asyncio
from collections.abc import Mapping, Sequence

import asyncpg


async def provision(admin_dsn: str, services: Sequence[str], passwords: Mapping[str, str]) -> None:
    """Per service a schema, the role that owns it and the role that runs on it. Safe to repeat.

    `passwords` by role: `<service>` and `<service>_owner`.
    """
    conn = await asyncpg.connect(admin_dsn)
    try:
        await conn.execute("create extension if not exists btree_gist with schema public")
        await conn.execute("revoke create on schema public from public")
        for service in services:
            for role in (service, f"{service}_owner"):
                await _role(conn, role, passwords[role])
            await conn.execute(f'create schema if not exists "{service}" authorization "{service}_owner"')
    finally:
        await conn.close()


async def _role(conn: "asyncpg.Connection[asyncpg.Record]", role: str, password: str) -> None:
    """Roles belong to the whole server, so two databases made at once may meet here."""
    quoted = await conn.fetchval("select quote_literal($1::text)", password)
    if await conn.fetchval("select exists (select from pg_roles where rolname = $1)", role):
        await conn.execute(f'alter role "{role}" login password {quoted}')
        return
    try:
        await conn.execute(f'create role "{role}" login password {quoted}')
    except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        await asyncio.sleep(0)


async def ensure_database(admin_dsn: str, name: str) -> None:
    """`admin_dsn` names another database of the same server."""
    conn = await asyncpg.connect(admin_dsn)
    try:
        if not await conn.fetchval("select exists (select from pg_database where datname = $1)", name):
            await conn.execute(f'create database "{name}"')
    finally:
        await conn.close()


async def ensure_owner(admin_dsn: str, role: str, password: str) -> None:
    """`role` may do anything in the database that `admin_dsn` names, and only there."""
    conn = await asyncpg.connect(admin_dsn)
    try:
        await _role(conn, role, password)
        name = await conn.fetchval("select current_database()")
        await conn.execute(f'alter database "{name}" owner to "{role}"')
    finally:
        await conn.close()
