"""The volunteer central put together: its programme, its shifts and those who take them."""

from fastapi import FastAPI

from services.volunteer_central import api, commands
from shared.programme.service import build_unit
from shared.settings import Settings


def build(settings: Settings) -> FastAPI:
    return build_unit("volunteer_central", settings, [api.router], [commands.mark_understaffed, commands.forget])
