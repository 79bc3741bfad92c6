"""PostgreSQL: one pool per service with every timeout set, transactions, and what may be tried again."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
from pydantic_core import to_json

from shared.problems import Unavailable
from shared.settings import Settings

ACQUIRE_SECONDS = 3.0
COMMAND_SECONDS = 10.0
_TRIES = 8
_ServerSettings = dict[str, str]
T = TypeVar("T")
Connection = asyncpg.pool.PoolConnectionProxy


class Pool(asyncpg.Pool):
    """Gives connections in turn. asyncpg lets whoever comes at the right moment pass those who wait, and these then
    stand last again, so that of many at once a few wait several times as long as the others."""

    def __init__(self, *connect_args: Any, max_size: int, **settings: Any) -> None:
        super().__init__(*connect_args, max_size=max_size, **_POOL | settings)
        self.turns = asyncio.Semaphore(max_size)


# What asyncpg.create_pool would fill in.
_POOL: dict[str, Any] = {
    "max_queries": 50_000,
    "max_inactive_connection_lifetime": 300.0,
    "loop": None,
    "connection_class": asyncpg.Connection,
    "record_class": asyncpg.Record,
}


class Overtaken(Exception):
    """Somebody else wrote first what this transaction was about to write: with another try it is there to be read."""


# A refusal that another try may turn into success. Never an exclusion or unique violation: those are answers.
TRANSIENT = (
    Overtaken,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # "cannot switch to state": the connection was cut while it was taken into use
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    ConnectionError,
)
# An outage as the caller sees it: transient, or no answer in time, or no room.
OUTAGE = (
    *TRANSIENT,
    asyncpg.TooManyConnectionsError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    TimeoutError,
    OSError,
)


def server_settings(service: str) -> _ServerSettings:
    return {
        "application_name": service,
        "search_path": service,
        "timezone": "UTC",
        "statement_timeout": "8000",
        "lock_timeout": "4000",
        "idle_in_transaction_session_timeout": "15000",
        "jit": "off",
    }


async def open_pool(settings: Settings) -> Pool:
    """Raises OSError or a PostgresError when the database cannot be reached; the supervisor tries again."""
    pool = Pool(
        settings.database_dsn.get_secret_value(),
        min_size=1,
        max_size=settings.database_pool,
        timeout=5,
        command_timeout=COMMAND_SECONDS,
        server_settings=server_settings(settings.service),
        init=_use_json,
        reset=_leave_as_it_is,
    )
    await pool
    return pool


async def _use_json(conn: Any) -> None:
    for kind in ("json", "jsonb"):
        await conn.set_type_codec(kind, encoder=_dump, decoder=json.loads, schema="pg_catalog")


async def _leave_as_it_is(_: Any) -> None:
    """What asyncpg would ask the server to forget after each use, nobody here sets: settings are local to their
    transaction, locks too. A transaction left open is still rolled back."""


def _dump(value: Any) -> str:
    return to_json(value, fallback=str).decode()


def insert_columns(table: str, columns: Mapping[str, str], first: int = 1) -> str:
    """An insert of as many rows as come in, column by column, each as a list of its type from parameter `first` on."""
    lists = ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(columns.values(), first))
    return f"insert into {table} ({', '.join(columns)}) select * from unnest({lists})"  # noqa: S608 -- constants


@asynccontextmanager
async def connection(pool: Pool) -> AsyncIterator[Any]:
    """A connection for reading. Raises Unavailable when none is free in time or the database is away."""
    try:
        async with asyncio.timeout(ACQUIRE_SECONDS):
            await pool.turns.acquire()
    except TimeoutError as error:
        raise Unavailable from error
    try:
        try:
            conn = await pool.acquire(timeout=ACQUIRE_SECONDS)
        except OUTAGE as error:
            raise Unavailable from error
        try:
            yield conn
        finally:
            await pool.release(conn)
    finally:
        pool.turns.release()


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Any]:
    """A connection inside a transaction: committed at the end, rolled back on any error. Not tried again by itself."""
    async with connection(pool) as conn, conn.transaction():
        yield conn


async def retrying(work: Callable[[], Awaitable[T]]) -> T:
    """Runs `work` (a whole transaction) again after a transient failure, with jitter and a cap.

    Raises Unavailable when the tries are used up or the database did not answer in time; every other error as it is.
    `work` must be safe to repeat after a commit whose answer was lost: client-made ids see to that.
    """
    for attempt in range(_TRIES):
        try:
            return await work()
        except TRANSIENT as error:
            if attempt == _TRIES - 1:
                raise Unavailable from error
            await asyncio.sleep(random.uniform(0.2, 1.0) * min(0.01 * 2**attempt, 0.5))  # noqa: S311 -- jitter
        except OUTAGE as error:
            raise Unavailable from error
    raise AssertionError("unreachable")
