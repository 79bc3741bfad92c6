"""Reactions: what a service does when another service's event arrives, one record at a time.

    reactions = Reactions("facility", pool, settings, clock)
    reactions.on("torg.library.v1", {"library.occurrence.cancelled.v1": release_rooms})
    async with background.running(reactions.run): ...

HTTP never waits for Kafka: `run` starts each topic's subscriber when the cluster answers, watches that it makes
progress, starts it again when it does not, and gives the process up when that did not help either.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from faststream import AckPolicy
from faststream.exceptions import NackMessage
from faststream.kafka import KafkaBroker

from shared import logs, metrics
from shared.clock import Clock
from shared.deadletter import Letter
from shared.envelope import topic_of
from shared.kafka import GRACEFUL_SECONDS, SESSION_TIMEOUT_MS, Record, connected_broker, log_settings
from shared.logs import worth_a_line
from shared.problems import NotFound
from shared.progress import Position, Probe
from shared.reaction import Handler, Reaction
from shared.settings import Settings

EXIT_STATUS = 70
log = logs.get(__name__)


@dataclass(frozen=True)
class Watch:
    """How often to look, and after how long without progress to start a subscriber again and to end the process."""

    tick_seconds: float = 5.0
    restart_seconds: float = 20.0
    again_seconds: float = 15.0  # longer than a session, so that a member left behind has gone
    exit_seconds: float = 300.0
    start_seconds: float = 30.0  # a client gives up by itself before; cutting it off can leave a connection behind


class Reactions:
    def __init__(
        self,
        service: str,
        pool: Any,
        settings: Settings,
        clock: Clock,
        watch: Watch | None = None,
    ) -> None:
        self._service = service
        self._pool = pool
        self._settings = settings
        self._clock = clock
        self._watch = watch or Watch()
        self._sources: dict[str, _Source] = {}

    def on(self, source_topic: str, handlers: Mapping[str, Handler]) -> None:
        """Called before `run`, once per topic. A handler gets the transaction's connection and the event.

        It validates the event's data itself; what it raises decides: a Problem below 500 or a ValidationError makes a
        dead letter, an outage is tried again.
        """
        owner = source_topic.removeprefix("torg.").rpartition(".")[0]
        if topic_of(owner) != source_topic or source_topic in self._sources:
            raise ValueError(f"{source_topic}: torg.<service>.v1 and each once")
        group = f"{self._service}.{source_topic}"
        reaction = Reaction(group, source_topic, owner, dict(handlers), self._pool, self._clock)
        self._sources[source_topic] = _Source(reaction, group, self._watch)

    async def run(self) -> None:
        """Until cancelled; then each subscriber finishes its record and leaves its group."""
        log_settings(self._settings)
        broker, probe = await connected_broker(self._settings), Probe(self._settings)
        try:
            async with asyncio.TaskGroup() as group:
                for source in self._sources.values():
                    group.create_task(source.run(broker, probe))
        finally:
            await probe.close()
            await broker.stop()

    async def apply(self, conn: Any, letter: Letter) -> None:
        """Handles a dead letter again; what deadletter.router asks for. Raises NotFound for a topic not read here."""
        source = self._sources.get(letter.topic)
        if source is None:
            raise NotFound
        await source.reaction.apply(conn, letter)

    def status(self) -> dict[str, dict[str, Any]]:
        """Per source topic: state (starting, running, waiting, stuck, halted), lag in records, and why, if known."""
        return {topic: source.status() for topic, source in self._sources.items()}


class _Source:
    """One topic's subscriber and the watch over it."""

    def __init__(self, reaction: Reaction, group: str, watch: Watch) -> None:
        self.reaction = reaction
        self._group = group
        self._watch = watch
        self._subscriber: Any = None
        self._running = False
        self._trouble: str | None = None
        self._lag: int | None = None
        self._stuck_since: float | None = None
        self._seen = -1
        self._restarted_at = 0.0
        self._failed_starts = 0

    def status(self) -> dict[str, Any]:
        state, why = "running", self._trouble
        if self.reaction.halted:
            state, why = "halted", self.reaction.halted
        elif self.reaction.waiting_for:
            state, why = "waiting", self.reaction.waiting_for
        elif not self._running:
            state = "starting"
        elif self._stuck_since is not None:
            state = "stuck"
        return {"state": state, "lag": self._lag, **({"reason": why} if why else {})}

    async def run(self, broker: KafkaBroker, probe: Probe) -> None:
        self._subscribe(broker)
        self.reaction.stopping.clear()
        try:
            while True:
                await self._tick(probe)
                await asyncio.sleep(self._watch.tick_seconds if self._running else min(1.0, self._watch.tick_seconds))
        finally:
            self.reaction.stopping.set()
            await self._stop()

    def _subscribe(self, broker: KafkaBroker) -> None:
        self._subscriber = broker.subscriber(
            self.reaction.topic,
            group_id=self._group,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            no_reply=True,
            session_timeout_ms=SESSION_TIMEOUT_MS,
        )

        async def handle(record: Record) -> None:
            if not self._running:  # on its way out: the record stays for the next start
                raise NackMessage
            await self.reaction.handle(record)

        self._subscriber(handle)

    async def _tick(self, probe: Probe) -> None:
        if self.reaction.halted:
            await self._stop()
        elif not self._running:
            await self._start()
        if self._running:
            await self._judge(probe)

    async def _start(self) -> None:
        try:
            self._running = True
            async with asyncio.timeout(self._watch.start_seconds):
                await self._subscriber.start()
            self._trouble, self._failed_starts = None, 0
        except Exception as error:  # Kafka away, topic not there yet, no right: asked again
            self._trouble = type(error).__name__
            self._failed_starts += 1
            if worth_a_line(self._failed_starts):
                log.warning("subscriber_not_started", topic=self.reaction.topic, error=self._trouble)
            await self._stop()

    async def _stop(self) -> None:
        self._running = False
        if self._subscriber is None:
            return
        consumer = self._subscriber.consumer
        try:
            async with asyncio.timeout(GRACEFUL_SECONDS + 2):
                await self._subscriber.stop()
        except Exception as error:  # it is let go of all the same
            log.warning("subscriber_not_stopped_cleanly", topic=self.reaction.topic, error=type(error).__name__)
            if consumer is not None:
                with suppress(Exception):  # a stop cut short leaves its connections behind
                    await consumer._client.close()
            self._subscriber.consumer = None

    async def _judge(self, probe: Probe) -> None:
        """End offsets of the topic against what was handled: the one thing a silent death cannot fake."""
        try:
            positions = await probe.positions(self.reaction.topic, self._group)
        except Exception as error:  # whatever it is: no answer is no evidence
            self._trouble, self._stuck_since = type(error).__name__, None
            return
        self._trouble = None
        lag, handled = self._measure(positions)
        metrics.CONSUMER_LAG.labels(self.reaction.topic).set(lag)
        moved, self._seen, self._lag = handled != self._seen, handled, lag
        if lag == 0 or moved or self.reaction.waiting_for:
            self._stuck_since = None
            return
        await self._unstick(lag)

    def _measure(self, positions: Mapping[int, Position]) -> tuple[int, int]:
        """Lag, and how much is handled in all, by this process or another of the group."""
        own = self.reaction.handled
        handled = {each: max(found.handled, own.get(each, 0)) for each, found in positions.items()}
        return sum(max(positions[each].end - handled[each], 0) for each in positions), sum(handled.values())

    async def _unstick(self, lag: int) -> None:
        now = asyncio.get_running_loop().time()
        self._stuck_since = self._stuck_since or now - self._watch.tick_seconds
        stuck = now - self._stuck_since
        if stuck >= self._watch.exit_seconds:
            give_up(f"no progress on {self.reaction.topic} for {stuck:.0f} s, {lag} records behind")
        if stuck >= self._watch.restart_seconds and now >= self._restarted_at + self._watch.again_seconds:
            self._restarted_at = now
            log.error("subscriber_restarted", topic=self.reaction.topic, lag=lag, stuck_seconds=round(stuck))
            metrics.CONSUMER_RESTARTS.labels(self.reaction.topic).inc()
            await self._stop()
            await self._start()


def give_up(why: str) -> None:
    """Ends the process at once; whoever supervises it starts a new one. Clients in this state cannot be closed."""
    log.error("process_given_up", reason=why)
    logging.shutdown()
    sys.stdout.flush()
    os._exit(EXIT_STATUS)
