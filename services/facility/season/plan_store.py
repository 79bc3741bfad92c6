"""All SQL of jobs, plans, letters and what decisions became. Outcomes are kept as they are shown."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

_JOB = "select id, season_id, kind, state, done, total, fault, started_at, finished_at from season_job"
JOB = f"{_JOB} where id = $1"
NEWEST_JOB = f"{_JOB} where season_id = $1 order by number desc limit 1"
RUNNING_JOBS = f"{_JOB} where state = 'running' order by number"
RUNNING_JOB = f"{_JOB} where season_id = $1 and state = 'running'"
START_JOB = """
insert into season_job (id, season_id, kind, state, done, total, started_at)
values ($1, $2, $3, 'running', 0, 0, $4) on conflict do nothing returning id
"""
TELL_JOB = "update season_job set done = $2, total = $3 where id = $1 and state = 'running'"
END_JOB = """
update season_job set state = $2, fault = $3, finished_at = $4 where id = $1 and state = 'running' returning id
"""
HEADER = "select * from season_plan where season_id = $1 and run = $2"
INSERT_PLAN = """
insert into season_plan (season_id, run, inputs, made_at, lots, summary) values ($1, $2, $3, $4, $5, $6)
"""
INSERT_OUTCOMES = """
insert into season_outcome (season_id, run, application_id, wish, number, outcome, granted)
select $1, $2, n.application_id, n.wish, n.number, n.outcome, n.outcome -> 'given' <> 'null'
from jsonb_to_recordset($3::jsonb) n (application_id uuid, wish integer, number integer, outcome jsonb)
"""
# Only the newest plan is kept whole: each is made again from its inputs, with the same answer.
FORGET_OUTCOMES = "delete from season_outcome where season_id = $1 and run < $2"
OUTCOMES = """
select o.application_id, o.wish, o.number, o.outcome, a.asked from season_outcome o
join season_application a on a.id = o.application_id
where o.season_id = $1 and o.run = $2 and o.number > $3 and ($4::uuid is null or o.application_id = $4)
order by o.number limit $5
"""
INSERT_LETTER = "insert into season_letter (application_id, season_id, decided_at, nb, en) values ($1, $2, $3, $4, $5)"
LETTER = "select * from season_letter where application_id = $1"
LETTERS = "select * from season_letter where season_id = $1 order by application_id"
INSERT_ALLOCATION = """
insert into season_allocation (application_id, wish, season_id, series_id, outcomes) values ($1, $2, $3, $4, $5)
on conflict do nothing
"""
ALLOCATIONS = "select * from season_allocation where season_id = $1 order by application_id, wish"


_ROWS_AT_ONCE = 100


class Job(NamedTuple):
    id: UUID
    season_id: UUID
    kind: str
    state: str
    done: int
    total: int
    fault: str | None
    started_at: dt.datetime
    finished_at: dt.datetime | None


class Header(NamedTuple):
    """`lots` by organiser; `summary` by kind of organiser."""

    run: int
    inputs: int
    made_at: dt.datetime
    lots: dict[str, int]
    summary: dict[str, Any]


class Row(NamedTuple):
    """What the plan says of a wish, with the body of its application. `number` counts in the order of turns."""

    application_id: UUID
    wish: int
    number: int
    outcome: dict[str, Any]
    asked: dict[str, Any]


class Letter(NamedTuple):
    application_id: UUID
    decided_at: dt.datetime
    nb: str
    en: str


class Allocation(NamedTuple):
    application_id: UUID
    wish: int
    series_id: UUID
    outcomes: list[dict[str, Any]]


async def start_job(conn: Any, job_id: UUID, season_id: UUID, kind: str, now: dt.datetime) -> Job:
    """The new job, or the one that is running already."""
    await conn.execute(START_JOB, job_id, season_id, kind, now)
    return Job(*await conn.fetchrow(RUNNING_JOB, season_id))


async def job(conn: Any, job_id: UUID) -> Job | None:
    row = await conn.fetchrow(JOB, job_id)
    return Job(*row) if row else None


async def newest_job(conn: Any, season_id: UUID) -> Job | None:
    row = await conn.fetchrow(NEWEST_JOB, season_id)
    return Job(*row) if row else None


async def running_jobs(conn: Any) -> list[Job]:
    return [Job(*row) for row in await conn.fetch(RUNNING_JOBS)]


async def tell_job(conn: Any, job_id: UUID, done: int, total: int) -> None:
    await conn.execute(TELL_JOB, job_id, done, total)


async def end_job(conn: Any, job_id: UUID, state: str, fault: str | None, now: dt.datetime) -> bool:
    """False when another process has ended it."""
    return bool(await conn.fetchval(END_JOB, job_id, state, fault, now))


async def header(conn: Any, season_id: UUID, run: int) -> Header | None:
    row = await conn.fetchrow(HEADER, season_id, run)
    return Header(row["run"], row["inputs"], row["made_at"], row["lots"], row["summary"]) if row else None


async def insert_plan(conn: Any, season_id: UUID, header: Header) -> None:
    await conn.execute(INSERT_PLAN, season_id, *header)
    await conn.execute(FORGET_OUTCOMES, season_id, header.run)


async def insert_outcomes(conn: Any, season_id: UUID, run: int, rows: Sequence[dict[str, Any]]) -> None:
    await conn.execute(INSERT_OUTCOMES, season_id, run, list(rows))


async def outcomes(
    conn: Any, season_id: UUID, run: int, *, after: int = 0, application_id: UUID | None = None, limit: int = 100_000
) -> list[Row]:
    """In the order of turns. Read in pieces, so that a large plan does not keep the loop while it is decoded."""
    rows: list[Row] = []
    while len(rows) < limit:
        wanted = min(limit - len(rows), _ROWS_AT_ONCE)
        found = [Row(*row) for row in await conn.fetch(OUTCOMES, season_id, run, after, application_id, wanted)]
        rows += found
        if len(found) < wanted:
            break
        after = found[-1].number
    return rows


async def insert_letters(conn: Any, season_id: UUID, found: Sequence[Letter]) -> None:
    rows = [(one.application_id, season_id, one.decided_at, one.nb, one.en) for one in found]
    await conn.executemany(INSERT_LETTER, rows)


async def letter(conn: Any, application_id: UUID) -> Letter | None:
    row = await conn.fetchrow(LETTER, application_id)
    return _letter(row) if row else None


async def letters(conn: Any, season_id: UUID) -> list[Letter]:
    return [_letter(row) for row in await conn.fetch(LETTERS, season_id)]


async def insert_allocation(conn: Any, season_id: UUID, one: Allocation) -> None:
    await conn.execute(INSERT_ALLOCATION, one.application_id, one.wish, season_id, one.series_id, one.outcomes)


async def allocations(conn: Any, season_id: UUID) -> list[Allocation]:
    rows = await conn.fetch(ALLOCATIONS, season_id)
    return [Allocation(row["application_id"], row["wish"], row["series_id"], row["outcomes"]) for row in rows]


def _letter(row: Any) -> Letter:
    return Letter(row["application_id"], row["decided_at"], row["nb"], row["en"])
