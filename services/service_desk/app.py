"""The service desk put together: its programme, its enquiries and its presence."""

from fastapi import FastAPI

from services.service_desk import api, commands
from shared.programme.service import build_unit
from shared.settings import Settings


def build(settings: Settings) -> FastAPI:
    return build_unit("service_desk", settings, [api.router], [commands.forget])
