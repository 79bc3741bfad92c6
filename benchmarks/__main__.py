"""`make bench`: every benchmark in turn, its table on the terminal and in benchmarks/results.md.

Compare figures of one run only: a machine's speed drifts.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

from shared.clock import SystemClock

HERE = Path(__file__).parent
BENCHMARKS = ("aggregator", "latency", "booking_contended", "booking_loaded", "season")


def main() -> int:
    when = SystemClock().now().date()
    parts = [f"# Benchmarks\n\nMeasured {when} on {os.cpu_count()} cores, Python {platform.python_version()}.\n"]
    failed = 0
    for name in BENCHMARKS:
        print(f"\n== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], stdout=subprocess.PIPE, text=True)
        print(done.stdout, flush=True)
        failed += done.returncode != 0
        parts.append(f"## {name}\n\n```\n{done.stdout.strip()}\n```\n")
    (HERE / "results.md").write_text("\n".join(parts))
    return failed


if __name__ == "__main__":
    sys.exit(main())
