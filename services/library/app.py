"""The library put together: its programme and its loan days."""

from fastapi import FastAPI

from services.library import api
from shared.programme.service import build_unit
from shared.settings import Settings


def build(settings: Settings) -> FastAPI:
    return build_unit("library", settings, [api.router])
