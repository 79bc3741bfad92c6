"""Signing in and out. Sessions are judged by the machine's clock, which the test clock does not move."""

import secrets
from dataclasses import dataclass
from typing import Any

from services.portal import store
from services.portal.domain import IDLE, LONGEST, SIGN_IN_TAKES, Person, Session, hashed
from shared import db
from shared.clock import Clock

Pool = Any


@dataclass(frozen=True)
class SignIn:
    """What the browser takes along (`state`, `browser`) and what it never sees (`verifier`)."""

    state: str
    browser: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Returned:
    nonce: str
    verifier: str
    next: str


async def begin_sign_in(pool: Pool, clock: Clock, then: str) -> SignIn:
    state, browser, nonce = (secrets.token_urlsafe(32) for _ in range(3))
    begun = SignIn(state, browser, nonce, verifier=secrets.token_urlsafe(48))
    async with db.transaction(pool) as conn:
        await store.add_sign_in(
            conn, hashed(begun.state), hashed(begun.browser), begun.nonce, begun.verifier, then, clock.now()
        )
    return begun


async def take_sign_in(pool: Pool, clock: Clock, state: str, browser: str) -> Returned | None:
    """None when this browser began no such sign-in lately. A state works once, whatever comes of it."""
    async with db.transaction(pool) as conn:
        row = await store.take_sign_in(conn, hashed(state))
    if row is None or clock.now() >= row["started_at"] + SIGN_IN_TAKES:
        return None
    if not secrets.compare_digest(row["browser_hash"], hashed(browser)):
        return None
    return Returned(row["nonce"], row["code_verifier"], row["next"])


async def open_session(pool: Pool, clock: Clock, person: Person, former: str | None) -> str:
    """The secret of a new session; a session the browser had before ends with it."""
    secret = secrets.token_urlsafe(32)
    async with db.transaction(pool) as conn:
        if former:
            await store.end(conn, hashed(former))
        await store.add_session(conn, hashed(secret), person, clock.now())
    return secret


async def find_session(pool: Pool, clock: Clock, secret: str, *, active: bool) -> Session | None:
    """`active` counts as use; a stream that merely stays open is looked up without it."""
    async with db.connection(pool) as conn:
        found = await store.session(conn, hashed(secret))
    now = clock.now()
    if found is None or not found.alive(now):
        return None
    if active and found.to_be_seen(now):
        async with db.transaction(pool) as conn:
            await store.note_seen(conn, found.id_hash, now)
    return found


async def end_session(pool: Pool, secret: str) -> None:
    async with db.transaction(pool) as conn:
        await store.end(conn, hashed(secret))


async def end_provider_session(pool: Pool, provider_session: str) -> None:
    async with db.transaction(pool) as conn:
        await store.end_provider_session(conn, provider_session)


async def forget_old(pool: Pool, clock: Clock) -> None:
    now = clock.now()
    async with db.transaction(pool) as conn:
        await store.forget(conn, idle_since=now - IDLE, begun_before=now - LONGEST, sign_ins_before=now - SIGN_IN_TAKES)
