"""What becomes of one record: its effect in one transaction, a dead letter, or another try after an outage."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from faststream.exceptions import NackMessage
from pydantic import ValidationError

from shared import db, deadletter, inbox, logs, metrics
from shared.clock import Clock
from shared.deadletter import Letter
from shared.envelope import Event, Malformed, decode, reason, service_of
from shared.failpoints import failpoint
from shared.kafka import Record
from shared.problems import Conflict, Problem

Handler = Callable[[Any, Event], Awaitable[None]]
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 5.0
MOST_POISON_IN_A_ROW = 50

log = logs.get(__name__)


class Poison(Exception):
    """The record will never be usable as it is."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class Halted(Exception):
    """Too much poison in a row: more likely our fault than the records'."""


def is_outage(error: Exception) -> bool:
    """True when the same record may succeed later: waited out, never dead-lettered."""
    if isinstance(error, Problem):
        return error.status >= 500 or error.status == 429
    # asyncpg's complaint about an argument is an InterfaceError too, and a ValueError.
    return isinstance(error, db.OUTAGE) and not isinstance(error, ValueError)


def as_poison(error: Exception) -> Poison:
    """Why a record was refused, without anything it held."""
    if isinstance(error, Poison):
        return error
    if isinstance(error, Malformed):
        return Poison("malformed", str(error))
    if isinstance(error, ValidationError):
        return Poison("invalid", reason(error))
    if isinstance(error, Problem):
        return Poison("refused", f"refused by a rule: {error.code}")
    return Poison("failed", f"the handler failed: {type(error).__name__}")


def read(topic: str, value: bytes, owner: str) -> Event:
    """The event in a record of `owner`'s topic. Raises Malformed or Poison."""
    event = decode(value)
    if service_of(event.source) != owner or not event.type.startswith(f"{owner}."):
        raise Poison("wrong_source", f"an event that is not {owner}'s on {topic}")
    return event


class Reaction:
    """One source topic's handlers. `handle` is called with one record at a time and returns when it is done with."""

    def __init__(self, consumer: str, topic: str, owner: str, handlers: Mapping[str, Handler], pool: Any, clock: Clock):
        self.consumer = consumer
        self.topic = topic
        self.handled: dict[int, int] = {}
        self.waiting_for: str | None = None
        self.halted: str | None = None
        self.stopping = asyncio.Event()
        self._owner = owner
        self._handlers = handlers
        self._pool = pool
        self._clock = clock
        self._poison_in_a_row: dict[int, int] = defaultdict(int)

    async def handle(self, record: Record) -> None:
        """Raises NackMessage, which keeps the record for the next start, when the consumer is to stop."""
        outcome = await self._until_done(record)
        metrics.CONSUMED.labels(self.topic, outcome).inc()
        self.handled[record.partition] = record.offset + 1
        if outcome in ("handled", "duplicate"):
            self._poison_in_a_row[record.partition] = 0

    async def apply(self, conn: Any, letter: Letter) -> None:
        """Handles a dead letter again, in the caller's transaction. Raises a Problem when it is still refused."""
        try:
            await self._effect(conn, read(self.topic, letter.value or b"", self._owner))
        except Exception as error:  # the caller is told why it is still refused
            if is_outage(error) or isinstance(error, Problem):
                raise
            poison = as_poison(error)
            raise Conflict(poison.why, code=poison.code) from error

    async def _until_done(self, record: Record) -> str:
        pause = FIRST_PAUSE_SECONDS
        while not self.halted and not self.stopping.is_set():
            try:
                return await self._attempt(record)
            except Halted as error:
                self._halt(record, str(error))
            except Exception as error:  # told apart below: outage or fault
                if not is_outage(error):
                    log.error("reaction_failed", topic=self.topic, offset=record.offset, exc_info=error)
                    await self._rest(LONGEST_PAUSE_SECONDS)
                    raise  # a fault of this module: FastStream seeks back at once, so not without a rest
                self.waiting_for = type(error).__name__
                log.warning("reaction_waits", topic=self.topic, offset=record.offset, error=self.waiting_for)
                await self._rest(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            finally:
                failpoint("reaction.tried")
        raise NackMessage

    async def _attempt(self, record: Record) -> str:
        if record.value is None:
            return "tombstone"
        try:
            event = read(self.topic, record.value, self._owner)
            if event.type not in self._handlers:
                return "unknown"
            async with db.transaction(self._pool) as conn:
                outcome = "handled" if await self._effect(conn, event) else "duplicate"
        except Exception as error:  # not an outage: put aside as a dead letter
            if is_outage(error):
                raise
            outcome = await self._put_aside(record, as_poison(error))
        self.waiting_for = None
        return outcome

    async def _effect(self, conn: Any, event: Event) -> bool:
        """False when the event had its effect before, or is none of ours to handle."""
        handler = self._handlers.get(event.type)
        if handler is None or not await inbox.first_time(conn, self.consumer, event.id, self._clock.now()):
            return False
        failpoint("reaction.noted")
        await handler(conn, event)
        return True

    async def _put_aside(self, record: Record, poison: Poison) -> str:
        if self._poison_in_a_row[record.partition] >= MOST_POISON_IN_A_ROW:
            raise Halted(f"{MOST_POISON_IN_A_ROW} unusable records in a row, the next one: {poison.code}")
        letter = deadletter.letter_of(record, self.consumer, poison.code, poison.why, self._clock.now())
        async with db.transaction(self._pool) as conn:
            await deadletter.insert(conn, [letter])
        self._poison_in_a_row[record.partition] += 1
        log.warning(
            "dead_letter",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            code=poison.code,
            reason=poison.why,
        )
        return "dead_letter"

    def _halt(self, record: Record, why: str) -> None:
        self.halted = why
        log.error("reaction_halted", topic=self.topic, partition=record.partition, offset=record.offset, reason=why)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return
