"""The health station put together: its programme, its appointments, and what others may know of them."""

from fastapi import FastAPI

from services.health_station import api, reactions
from services.health_station.keeping import Keeper
from services.health_station.publishing import publish_due
from services.health_station.rooms import Account
from services.health_station.settings import HealthStationSettings
from shared.contracts.platform import UnitKind
from shared.programme.service import build_unit

SERVICE: UnitKind = "health_station"


def build(settings: HealthStationSettings) -> FastAPI:
    account = Account(SERVICE, settings.actor_key)
    app = build_unit(
        SERVICE,
        settings,
        [api.router],
        due=[publish_due, Keeper(account).settle_due],
        hears=reactions.handlers,
        discreet=api.DISCREET,
    )
    app.state.account = account
    return app
