"""The live stream: one reader of the aggregator's changes, any number of browsers.

      aggregator ──NDJSON──▶ follow ──▶ Hub.publish ──▶ ring (replay)
                                            └────────▶ Client queues ──▶ browsers (SSE)

A change is encoded once and its bytes are shared. A browser that does not keep up is cut off: it comes back with
Last-Event-ID and reads what it missed from the ring, or is told to fetch anew (`reset`) when that reaches no further.
"""

import asyncio
import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared import logs, metrics
from shared.identity import Actor
from shared.policy import Action, allows
from shared.problems import Message, Problem

RING = 5000
QUEUE = 256
MOST_PER_USER = 5
MOST_CLIENTS = 2000
PING_SECONDS = 15.0
RECHECK_SECONDS = 60.0
PING = b": ping\n\n"
HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
# The right a change of each view is seen with; a view that is not named here is seen by nobody.
RIGHT_TO: Mapping[str, Action] = {
    "calendar": "calendar.read",
    "presence": "calendar.read",
    "resources": "calendar.read",
    "visitors": "figures.read",
    "sources": "status.read",
}
log = logs.get(__name__)
StillWelcome = Callable[[], Awaitable[bool]]


class TooManyStreams(Problem):
    status, code = 429, "too_many_streams"
    detail = Message(
        "Du har for mange åpne vinduer med direkte oppdatering. Lukk noen av dem.",
        "You have too many windows with live updates open. Close some of them.",
    )

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "30"}


@dataclass(frozen=True)
class Change:
    """`square_id` None: of all squares."""

    seq: int
    square_id: str | None
    view: str
    frame: bytes


@dataclass(eq=False)
class Client:
    """One browser. `offer` never waits: a full queue means the browser is too slow and is cut off."""

    square_id: str
    subject: str
    views: Collection[str]
    queue: deque[bytes] = field(default_factory=deque)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    cut: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, frame: bytes) -> bool:
        if len(self.queue) >= QUEUE:
            self.cut.set()
            return False
        self.queue.append(frame)
        self.ready.set()
        return True

    async def take(self, seconds: float) -> bytes:
        """All that waits, in one piece; a ping when nothing came in `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self.ready.wait()
        except TimeoutError:
            return PING
        waiting = b"".join(self.queue)
        self.queue.clear()
        self.ready.clear()
        return waiting


class Hub:
    def __init__(self) -> None:
        self.latest = 0
        self._ring: deque[Change] = deque(maxlen=RING)
        self._from = 0
        self._clients: dict[str, set[Client]] = {}
        self._per_user: Counter[str] = Counter()
        self._closing = False
        self.clock: str | None = None

    @property
    def clients(self) -> int:
        return self._per_user.total()

    def publish(self, row: Mapping[str, Any]) -> None:
        change = _change(row)
        if change.seq <= self.latest:
            return
        if len(self._ring) == RING:
            self._from = self._ring[0].seq
        self._ring.append(change)
        self.latest = change.seq
        for client in self._of(change.square_id):
            if change.view in client.views and not client.offer(change.frame):
                metrics.STREAM_DROPPED.inc()

    def reset(self, seq: int) -> None:
        """What came before `seq` is not known any more (another database, or a long gap): everybody fetches."""
        self._ring.clear()
        self.latest = self._from = seq
        for client in self._of(None):
            client.offer(_frame("reset", {"seq": seq}, seq))

    def tell_clock(self, held: str | None) -> None:
        """Where the test clock stands, or that time is real again: browsers show the house's time, not their own."""
        self.clock = held
        for client in self._of(None):
            client.offer(_frame("clock", {"clock": held}, None))

    def close(self) -> None:
        """Lets every stream end, so that the process can."""
        self._closing = True
        for client in self._of(None):
            client.cut.set()

    def _of(self, square_id: str | None) -> Iterable[Client]:
        """Those who look at a square, or all."""
        if square_id is not None:
            return self._clients.get(square_id, ())
        return [client for clients in self._clients.values() for client in clients]

    @contextmanager
    def client(self, actor: Actor, square_id: str, last_seen: int | None) -> Any:
        """A client with its greeting and what it missed already waiting. Raises TooManyStreams."""
        if self._per_user[actor.subject] >= MOST_PER_USER or self.clients >= MOST_CLIENTS:
            raise TooManyStreams
        client = Client(square_id, actor.subject, views_of(actor, square_id))
        for frame in self._missed(client, last_seen):
            client.queue.append(frame)
        client.ready.set()
        if self._closing:
            client.cut.set()
        self._clients.setdefault(square_id, set()).add(client)
        self._per_user[actor.subject] += 1
        metrics.STREAM_CLIENTS.inc()
        try:
            yield client
        finally:
            self._forget(client)

    def _missed(self, client: Client, last_seen: int | None) -> list[bytes]:
        said = {"seq": self.latest, "clock": self.clock}
        hello = _frame("hello", said, self.latest if last_seen is None else None)
        if last_seen is None:
            return [hello]
        if not self._from <= last_seen <= self.latest:
            return [hello, _frame("reset", {"seq": self.latest}, self.latest)]
        mine = (c for c in self._ring if c.seq > last_seen and c.square_id in (client.square_id, None))
        missed = [change.frame for change in mine if change.view in client.views]
        # Many changes are dearer than one fetch.
        return [hello, *missed] if len(missed) < QUEUE else [hello, _frame("reset", {"seq": self.latest}, self.latest)]

    def _forget(self, client: Client) -> None:
        clients = self._clients.get(client.square_id, set())
        clients.discard(client)
        if not clients:
            self._clients.pop(client.square_id, None)
        self._per_user[client.subject] -= 1
        if self._per_user[client.subject] <= 0:
            del self._per_user[client.subject]
        metrics.STREAM_CLIENTS.dec()


def views_of(actor: Actor, square_id: str) -> frozenset[str]:
    return frozenset(view for view, right in RIGHT_TO.items() if allows(actor, right, square_id=square_id))


def last_event_id(request: Request) -> int | None:
    """What the browser has seen. A number it cannot have from us counts as nothing seen: it will fetch anew."""
    written = request.headers.get("last-event-id", "").strip()
    if not written:
        return None
    return int(written) if written.isascii() and written.isdigit() and len(written) < 19 else -1


class EventStream(Response):
    """The answer to one browser, until it leaves, is cut off, or is no longer welcome."""

    def __init__(self, hub: Hub, actor: Actor, square_id: str, last_seen: int | None, welcome: StillWelcome) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._entered = hub.client(actor, square_id, last_seen)
        self._client: Client = self._entered.__enter__()
        self._welcome = welcome

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tasks = [asyncio.create_task(work) for work in (self._write(send), _gone(receive), self._client.cut.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._entered.__exit__(None, None, None)
        if self._client.cut.is_set() and not self._client.queue:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for piece in self._pieces():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        self._client.cut.set()

    async def _pieces(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        check_at = loop.time() + RECHECK_SECONDS
        while True:
            yield await self._client.take(PING_SECONDS)
            if loop.time() >= check_at:
                check_at = loop.time() + RECHECK_SECONDS
                if not await self._welcome():
                    return


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _change(row: Mapping[str, Any]) -> Change:
    seq, square_id, view = int(row["seq"]), row.get("square_id"), str(row["view"])
    data = {"seq": seq, "square_id": square_id, "view": view}
    data |= {name: row.get(name) or [] for name in ("dates", "ids")}
    return Change(seq, square_id and str(square_id), view, _frame("change", data, seq))


def _frame(event: str, data: Mapping[str, Any], seq: int | None) -> bytes:
    """JSON escapes every line break, so a value cannot end the frame it is in."""
    number = "" if seq is None else f"id: {seq}\n"
    return f"{number}event: {event}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
