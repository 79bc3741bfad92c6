"""Planning and allocating take seconds, so they run beside HTTP: one at a time, in slices, their progress kept.

A job that was cut off by a stop is taken up again at the next start: the plan has the same answer, and a series that is
there is not made twice. Should two processes do the same job, one ends it and the other's work is let go.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

from services.facility.booking.desk import Desk
from services.facility.season import allocation, commands, domain, plan_store, reading, store, trail, view
from services.facility.season.domain import Season, Step
from services.facility.season.events import season_event
from services.facility.season.plan_store import Header, Job
from services.facility.season.planner import Planner
from shared import audit, db, logs, outbox
from shared.identity import Actor
from shared.problems import Message, Unavailable, WrongState

ITSELF = audit.itself("facility")
SLICE_SECONDS = 0.002
REST_SECONDS = 0.004
TELL_SECONDS = 0.5
_ROWS_AT_ONCE = 50
BUSY = Message("En annen jobb er i gang for sesongen.", "Another job is running for the season.")
Tell = Callable[[int], Awaitable[None]]
log = logs.get(__name__)


class Gone(Exception):
    """The job was ended elsewhere, or the season has gone on."""


class Jobs:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._waiting: asyncio.Queue[UUID] = asyncio.Queue()

    def put(self, job_id: UUID) -> None:
        self._waiting.put_nowait(job_id)

    async def run(self) -> None:
        """For ever. After an outage the loop is begun again, and with it what was running."""
        async with db.connection(self.desk.pool) as conn:
            running = await plan_store.running_jobs(conn)
        for job in running:
            await self._work(job.id)
        while True:
            await self._work(await self._waiting.get())

    async def _work(self, job_id: UUID) -> None:
        async with db.connection(self.desk.pool) as conn:
            job = await plan_store.job(conn, job_id)
        if job is None or job.state != "running":
            return
        try:
            await (_plan if job.kind == "plan" else _allocate)(self.desk, job)
        except Gone:
            await _end(self.desk, job, "failed", "gone_on")
        except (*db.OUTAGE, Unavailable):
            raise
        except Exception as error:  # whatever it was, the job ends and its asker is told
            log.error("season_job_failed", job=str(job.id), kind=job.kind, error=type(error).__name__, exc_info=error)
            await _end(self.desk, job, "failed", type(error).__name__)


async def start(jobs: Jobs, actor: Actor, season_id: UUID, kind: Step, seen: int) -> Job:
    """The job that was started, or the one that runs already. Raises NotFound, Forbidden, Stale or WrongState."""

    async def work() -> Job:
        async with db.transaction(jobs.desk.pool) as conn:
            season = await commands.managed(conn, actor, season_id)
            commands.check_version(season, seen)
            await commands.check_step(conn, season, kind, jobs.desk.clock.now())
            job = await plan_store.start_job(conn, uuid4(), season_id, kind, jobs.desk.clock.now())
            if job.kind != kind:
                raise WrongState(BUSY, state=season.state)
            await trail.season(conn, actor, f"start_{kind}", None, season)
            return job

    job = await db.retrying(work)
    jobs.put(job.id)
    return job


async def _end(desk: Desk, job: Job, state: str, fault: str | None) -> None:
    async with db.transaction(desk.pool) as conn:
        await plan_store.end_job(conn, job.id, state, fault, desk.clock.now())


async def _plan(desk: Desk, job: Job) -> None:
    async with db.connection(desk.pool) as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        season = await _season(conn, job)
        problem = await reading.problem(conn, season, desk.clock.now())
    planner = Planner(problem)

    async def tell(done: int) -> None:
        await _tell(desk, job, done, planner.total)

    await tell(0)
    await in_slices(planner.steps(), tell)
    outcomes = list(enumerate(planner.outcomes.values(), 1))
    lots = {str(organiser): lot for organiser, lot in planner.lots.items()}
    summary = view.summary(problem.applications, planner.outcomes)
    await tell(planner.total)
    async with db.transaction(desk.pool) as conn:
        present = await _lock(conn, desk, job)
        now = desk.clock.now()
        done = domain.step(present, "plan", now)
        await plan_store.insert_plan(conn, season.id, Header(done.run, season.inputs, now, lots, summary))
        for at in range(0, len(outcomes), _ROWS_AT_ONCE):  # a little at a time: others are waiting
            rows = [view.kept(number, outcome) for number, outcome in outcomes[at : at + _ROWS_AT_ONCE]]
            await plan_store.insert_outcomes(conn, season.id, done.run, rows)
        await store.update(conn, done)
        await trail.season(conn, ITSELF, _step(job), present, done)
        await outbox.record(conn, await season_event(conn, done))


async def _allocate(desk: Desk, job: Job) -> None:
    async with db.connection(desk.pool) as conn:
        season = await _season(conn, job)
        rows = [row for row in await plan_store.outcomes(conn, season.id, season.run) if row.outcome["given"]]
    for number, row in enumerate(rows):
        await _tell(desk, job, number, len(rows))
        made = await allocation.make(desk, season, row)
        async with db.transaction(desk.pool) as conn:
            await plan_store.insert_allocation(conn, season.id, made)
    await _tell(desk, job, len(rows), len(rows))
    async with db.transaction(desk.pool) as conn:
        present = await _lock(conn, desk, job)
        done = domain.step(present, "allocate", desk.clock.now())
        await store.update(conn, done)
        await trail.season(conn, ITSELF, _step(job), present, done)
        await outbox.record(conn, await season_event(conn, done))


async def _season(conn: Any, job: Job) -> Season:
    season = await store.find(conn, job.season_id)
    if season is None or not domain.fits(_step(job), season):
        raise Gone
    return season


async def _lock(conn: Any, desk: Desk, job: Job) -> Season:
    """The season as it is now, with the job ended. Raises Gone when another has done that."""
    season = await store.find(conn, job.season_id, lock=True)
    ended = await plan_store.end_job(conn, job.id, "done", None, desk.clock.now())
    if season is None or not ended or not domain.fits(_step(job), season):
        raise Gone
    return season


def _step(job: Job) -> Step:
    return "plan" if job.kind == "plan" else "allocate"


async def _tell(desk: Desk, job: Job, done: int, total: int) -> None:
    async with db.transaction(desk.pool) as conn:
        await plan_store.tell_job(conn, job.id, done, total)


async def in_slices(steps: Iterator[int], tell: Tell) -> None:
    """Does the work without keeping the loop from anybody else for longer than a slice, and tells how far it is."""
    slice_began = told = time.monotonic()
    for done in steps:
        now = time.monotonic()
        if now - slice_began < SLICE_SECONDS:
            continue
        if now - told > TELL_SECONDS:
            await tell(done)
            told = now
        await asyncio.sleep(REST_SECONDS)  # longer than the slice: most of the processor stays for bookings
        slice_began = time.monotonic()
