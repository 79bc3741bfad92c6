"""All SQL of the portal: sign-ins under way and sessions."""

from datetime import datetime
from typing import Any

from services.portal.domain import Person, Session

ADD_SIGN_IN = """
insert into sign_in (state_hash, browser_hash, nonce, code_verifier, next, started_at) values ($1, $2, $3, $4, $5, $6)
"""

# A state is good once: taking it removes it.
TAKE_SIGN_IN = """
delete from sign_in where state_hash = $1 returning browser_hash, nonce, code_verifier, next, started_at
"""

ADD_SESSION = """
insert into session (id_hash, subject, name, groups, provider_session, id_token, signed_in_at, seen_at)
values ($1, $2, $3, $4, $5, $6, $7, $7)
"""

SESSION = "select id_hash, subject, name, groups, signed_in_at, seen_at, id_token from session where id_hash = $1"

SEEN = "update session set seen_at = $2 where id_hash = $1 and seen_at < $2"

END = "delete from session where id_hash = $1"

END_PROVIDER_SESSION = "delete from session where provider_session = $1"

FORGET_SESSIONS = "delete from session where seen_at < $1 or signed_in_at < $2"

FORGET_SIGN_INS = "delete from sign_in where started_at < $1"

HEALTHY = "select 1"


async def add_sign_in(
    conn: Any, state_hash: bytes, browser_hash: bytes, nonce: str, verifier: str, then: str, at: datetime
) -> None:
    await conn.execute(ADD_SIGN_IN, state_hash, browser_hash, nonce, verifier, then, at)


async def take_sign_in(conn: Any, state_hash: bytes) -> Any:
    return await conn.fetchrow(TAKE_SIGN_IN, state_hash)


async def add_session(conn: Any, id_hash: bytes, person: Person, at: datetime) -> None:
    await conn.execute(
        ADD_SESSION,
        id_hash,
        person.subject,
        person.name,
        list(person.groups),
        person.provider_session,
        person.id_token,
        at,
    )


async def session(conn: Any, id_hash: bytes) -> Session | None:
    row = await conn.fetchrow(SESSION, id_hash)
    return Session(**{**row, "groups": tuple(row["groups"])}) if row else None


async def note_seen(conn: Any, id_hash: bytes, at: datetime) -> None:
    await conn.execute(SEEN, id_hash, at)


async def end(conn: Any, id_hash: bytes) -> None:
    await conn.execute(END, id_hash)


async def end_provider_session(conn: Any, provider_session: str) -> None:
    await conn.execute(END_PROVIDER_SESSION, provider_session)


async def forget(conn: Any, *, idle_since: datetime, begun_before: datetime, sign_ins_before: datetime) -> None:
    await conn.execute(FORGET_SESSIONS, idle_since, begun_before)
    await conn.execute(FORGET_SIGN_INS, sign_ins_before)


async def check(conn: Any) -> None:
    await conn.fetchval(HEALTHY)
