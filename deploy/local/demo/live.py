"""`./torg demo live`: a day of the demo's house, done through the real interfaces while its clock goes along."""

import datetime as dt
import fcntl
import json
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.local.demo import day as planning
from deploy.local.demo import house
from deploy.local.demo.acts import Act
from deploy.local.demo.caller import Caller, DemoFailed, refused
from deploy.local.demo.consultations import record
from deploy.local.demo.house import OSLO, Square
from deploy.local.demo.load import catch_up
from deploy.local.demo.pace import HouseClock, Pace, RealTime, set_through
from deploy.local.errors import LocalError
from deploy.local.instance import Instance
from shared.clock import SystemClock

FARTHEST = dt.timedelta(weeks=5)
FASTEST = 1_000_000
_TRIES = 5
FORBIDDEN = 403
TOKEN_SECONDS = 24 * 3600
Tell = Callable[[dt.datetime, str], None]


def run(instance: Instance, speed: float, seed: int, date: dt.date | None, out: Console) -> None:
    """Blocks until the day is over or Ctrl-C; either way time is real afterwards. Raises LocalError."""
    if not 1 <= speed <= FASTEST:
        raise LocalError(f"--speed {speed:g}: write a number from 1 (as fast as time) to {FASTEST}")
    url = instance.status()["url"]
    began = time.monotonic()

    def tell(at: dt.datetime, words: str) -> None:
        out.print(f"[bold]{at.astimezone(OSLO):%H:%M}[/]  {words}", highlight=False)

    how = "the day is over"
    try:
        with _stoppable(), _alone(instance), _caller(instance, url) as caller:
            _check_demo(caller)
            date = _date(caller, speed, date)
            out.print(f"Demodata – oppdiktet: {date}, seed {seed}, {speed:g} times as fast as time", highlight=False)
            with (instance.logs / "live.jsonl").open("w", encoding="utf-8") as written:
                _play(caller, date, speed, seed, Player(caller, tell, written.write))
    except KeyboardInterrupt:
        how = "stopped"
    out.print(f"{how} after {time.monotonic() - began:.0f} s; time is real again", highlight=False)


def _caller(instance: Instance, url: str) -> Caller:
    """With a token that outlives the day."""
    return Caller(url, instance.token(house.roles(), TOKEN_SECONDS), forgiving=True)


def _play(caller: Caller, date: dt.date, speed: float, seed: int, player: "Player") -> None:
    acts = planning.acts(house.squares(), date, seed)
    begins, ends = planning.bounds(date)
    if speed == 1:
        now = SystemClock().now()
        with record(caller, house.squares()):
            player.play(RealTime(), [act for act in acts if act.at > now], ends)
        return
    with _held(HouseClock(set_through(caller), begins, speed), begins, player.tell) as clock:
        _catch_up(caller, clock, begins)
        with record(caller, house.squares()):
            player.play(clock, acts, ends)


def _catch_up(caller: Caller, clock: HouseClock, begins: dt.datetime) -> None:
    """A service that dies meanwhile comes back in real time and refuses what lies ahead of that: it is told the time
    again, and asked again. Raises DemoFailed."""
    since = min(SystemClock().now(), begins) - dt.timedelta(days=1)
    for left in reversed(range(_TRIES)):
        try:
            catch_up(caller, since, begins)
            break
        except DemoFailed:
            if not left:
                raise
            clock.set(begins, again=True)


class Player:
    """Does the acts of a day in their order, and writes down each call with what came of it."""

    def __init__(self, caller: Caller, tell: Tell, record: Callable[[str], Any]) -> None:
        self._caller, self.tell, self._record = caller, tell, record

    def play(self, pace: Pace, acts: Sequence[Act], ends: dt.datetime) -> None:
        pace.begin()
        for act in acts:
            pace.until(act.at)
            self.tell(act.at, act.say + (self._do(act, *act.call) if act.call else ""))
        pace.until(ends)

    def _do(self, act: Act, method: str, path: str, body: Any) -> str:
        """What is to be added to what was said. Raises DemoFailed when the demo itself may not do this."""
        seen = self._caller.ask("GET", act.look).json().get("version", 0) if act.look else None
        answer = self._caller.ask(method, path, body, seen=seen)
        said = {"at": act.at.isoformat(), "method": method, "path": path, "body": body, "status": answer.status_code}
        self._record(json.dumps(said, ensure_ascii=False) + "\n")
        if answer.status_code == FORBIDDEN:
            raise refused(answer)
        return "" if answer.is_success else f" – refused: {answer.json().get('code')}"


def _check_demo(caller: Caller) -> None:
    square = house.squares()[0]
    if caller.ask("GET", f"/api/facility/squares/{square.id}").status_code == 404:
        raise LocalError("there is no demo in this house; start one with ./torg up")


def _date(caller: Caller, speed: float, wanted: dt.date | None) -> dt.date:
    """Raises LocalError for a day that cannot be played."""
    today = SystemClock().now().astimezone(OSLO).date()
    if speed == 1:
        if wanted not in (None, today):
            raise LocalError("at --speed 1 it is today that is played; leave --day out, or choose a higher speed")
        return today
    found = wanted or _next_unplayed(caller, house.squares()[0], today)
    if not today <= found <= today + FARTHEST:
        raise LocalError(
            f"--day {found}: choose a day from {today} to {today + FARTHEST}, as far as the demo is planned"
        )
    return found


def _next_unplayed(caller: Caller, square: Square, today: dt.date) -> dt.date:
    """The next working day on which nobody has lent anything yet."""
    asked = {"square_id": str(square.id), "from": str(today), "to": str(today + FARTHEST)}
    found = caller.call("GET", "/api/library/loan-days", params=asked).get("days", [])
    played = {one["local_date"] for one in found}
    days = [today + dt.timedelta(days=ahead) for ahead in range(1, FARTHEST.days + 1)]
    usual = [one for one in days if one.isoweekday() <= 5 and not house.is_off(one)]
    return next((one for one in usual if str(one) not in played), usual[0])


@contextmanager
def _alone(instance: Instance) -> Iterator[None]:
    path: Path = instance.folder / "live.lock"
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalError("another ./torg demo live is at it") from None
        yield


@contextmanager
def _held(clock: HouseClock, at: dt.datetime, tell: Tell) -> Iterator[HouseClock]:
    """Time is real again afterwards, however it ends; a second Ctrl-C must not leave the clock standing."""
    try:
        clock.set(at)
        yield clock
    finally:
        with _on(signal.SIG_IGN, signal.SIGINT, signal.SIGTERM):
            for name in clock.release():
                tell(SystemClock().now(), f"{name} does not answer; its time is real once it is started again")


@contextmanager
def _stoppable() -> Iterator[None]:
    """Told to end, it ends as by Ctrl-C, also where a shell started it deaf to that."""
    with _on(signal.default_int_handler, signal.SIGINT, signal.SIGTERM):
        yield


@contextmanager
def _on(handler: Any, *signs: signal.Signals) -> Iterator[None]:
    before = {sign: signal.signal(sign, handler) for sign in signs}
    try:
        yield
    finally:
        for sign, former in before.items():
            signal.signal(sign, former)
