"""The senior centre put together: its programme and its meals."""

from fastapi import FastAPI

from services.senior_centre import api
from shared.programme.service import build_unit
from shared.settings import Settings


def build(settings: Settings) -> FastAPI:
    return build_unit("senior_centre", settings, [api.router])
