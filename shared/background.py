"""Work beside HTTP: loops that outlive their own errors and stop cleanly."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from shared import logs

Loop = Callable[[], Awaitable[None]]
STOP_SECONDS = 10.0
_LONGEST_PAUSE = 5.0
log = logs.get(__name__)


def every(seconds: float, work: Loop) -> Loop:
    """A loop that does `work`, rests for `seconds`, and does it again."""

    async def loop() -> None:
        while True:
            await work()
            await asyncio.sleep(seconds)

    loop.__name__ = getattr(work, "__name__", "every")
    return loop


@asynccontextmanager
async def running(*loops: Loop) -> AsyncIterator[None]:
    """Runs `loops` until the block ends, each started again after an error, with growing pauses up to 5 s."""
    tasks = [asyncio.create_task(_outlive(loop), name=loop.__name__) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=STOP_SECONDS) if tasks else None


async def _outlive(loop: Loop) -> None:
    pause = 0.1
    while True:
        started = asyncio.get_running_loop().time()
        try:
            await loop()
            return
        except asyncio.CancelledError:
            raise
        except Exception as error:  # logged and run again after a pause
            log.warning("loop_failed", loop=loop.__name__, error=type(error).__name__, exc_info=error)
        lasted = asyncio.get_running_loop().time() - started
        pause = 0.1 if lasted > _LONGEST_PAUSE * 2 else min(pause * 2, _LONGEST_PAUSE)
        await asyncio.sleep(pause)
