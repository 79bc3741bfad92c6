"""The volunteer central put together: its programme."""

from fastapi import FastAPI

from shared.programme.service import build_unit
from shared.settings import Settings


def build(settings: Settings) -> FastAPI:
    return build_unit("volunteer_central", settings)
