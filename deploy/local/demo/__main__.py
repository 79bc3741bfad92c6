"""`python -m deploy.local.demo URL DONE`: loads the demo, printing progress. The token comes by TORG_DEMO_TOKEN.

DONE is a file that says when that was last done, and by which plan: a house that has it all is only caught up with.
"""

import datetime as dt
import hashlib
import json
import os
import sys
from pathlib import Path

from deploy.local.demo.caller import Caller
from deploy.local.demo.load import catch_up, load, pass_a_quarter
from deploy.local.errors import LocalError
from shared.clock import SystemClock

TOKEN = "TORG_DEMO_TOKEN"  # noqa: S105 -- the name of a variable
# What was decided or sent while the last loading ran is looked at again.
OVERLAP = dt.timedelta(days=1)


def main() -> int:
    try:
        bring_up(sys.argv[1], os.environ[TOKEN], Path(sys.argv[2]))
    except LocalError as error:
        print(error, flush=True)
        return 1
    return 0


def bring_up(url: str, token: str, done: Path) -> None:
    """Raises DemoFailed; then `done` says what it said before."""
    now, since = SystemClock().now(), loaded_at(done)
    if since is None:
        load(url, token, lambda line: print(line, flush=True), now)
        pass_a_quarter(url, token)
    else:
        with Caller(url, token) as caller:
            catch_up(caller, since - OVERLAP, now)
    done.write_text(json.dumps({"at": now.isoformat(), "plan": digest()}))


def loaded_at(done: Path) -> dt.datetime | None:
    """None where it has not been loaded, or not by this plan."""
    try:
        said = json.loads(done.read_text())
    except (OSError, ValueError):
        return None
    return dt.datetime.fromisoformat(said["at"]) if said.get("plan") == digest() else None


def digest() -> str:
    total = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.*")):
        total.update(path.read_bytes())
    return total.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
