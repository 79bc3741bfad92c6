"""Run a service's app as this process, until SIGTERM."""

import uvicorn
from fastapi import FastAPI

from shared.settings import Settings

GRACEFUL_SECONDS = 5


def serve(app: FastAPI, settings: Settings) -> None:
    """Blocks. Open streams are cut after five seconds, so that one browser cannot hold up a stop."""
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
