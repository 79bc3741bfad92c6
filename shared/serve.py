"""Run a service's app as this process, until SIGTERM."""

import gc
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from shared.settings import Settings

GRACEFUL_SECONDS = 5
DID_NOT_START = 3


def spare_collector() -> None:
    """What is there by now stays: looking through it for garbage again and again would hold up answers for long
    moments. What comes with a request or an event goes with it, nearly always without being looked for."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def serve(
    app: FastAPI, settings: Settings, server: Callable[[uvicorn.Config], uvicorn.Server] = uvicorn.Server
) -> None:
    """Blocks. Open streams are cut after five seconds, so that one browser cannot hold up a stop."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    spare_collector()
    running = server(config)
    running.run()
    if not running.started:
        sys.exit(DID_NOT_START)
