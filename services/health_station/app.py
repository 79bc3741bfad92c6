"""The health station put together: its programme."""

from fastapi import FastAPI

from services.health_station.settings import HealthStationSettings
from shared.programme.service import build_unit


def build(settings: HealthStationSettings) -> FastAPI:
    return build_unit("health_station", settings)
