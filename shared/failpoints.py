"""Named places where a fault test may kill, break or stall the process; nothing at all unless TORG_FAILPOINTS is set.

TORG_FAILPOINTS="relay.sent=kill,relay.read=sleep:2,reaction.noted=raise@3" says what to do, and after @ at which pass.
"""

import os
import signal
import time
from dataclasses import dataclass


class Injected(Exception):
    """The failure a failpoint was armed with; no production code catches it by name."""


@dataclass
class _Armed:
    action: str
    seconds: float
    at_pass: int
    passes: int = 0


def failpoint(name: str) -> None:
    """Does what the point is armed with. A sleep stalls the whole process on purpose, as a stopped process would."""
    armed = _points.get(name)
    if armed is None:
        return
    armed.passes += 1
    if armed.at_pass and armed.passes != armed.at_pass:
        return
    if armed.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if armed.action == "raise":
        raise Injected(name)
    time.sleep(armed.seconds)


def arm(spec: str, env: str) -> None:
    """Replaces what is armed. Raises ValueError for a spec it cannot read, and in production for any."""
    if spec and env == "production":
        raise ValueError("TORG_FAILPOINTS is refused when TORG_ENV=production")
    _points.clear()
    _points.update(dict(_parse(part) for part in spec.split(",") if part.strip()))


def _parse(part: str) -> tuple[str, _Armed]:
    name, _, what = part.strip().partition("=")
    what, _, at_pass = what.partition("@")
    action, _, seconds = what.partition(":")
    if action not in ("kill", "raise", "sleep"):
        raise ValueError(f"failpoint {name}: kill, raise or sleep:SECONDS, not {what!r}")
    return name, _Armed(action, float(seconds or 0), int(at_pass or 0))


_points: dict[str, _Armed] = {}
arm(os.environ.get("TORG_FAILPOINTS", ""), os.environ.get("TORG_ENV", "development"))
