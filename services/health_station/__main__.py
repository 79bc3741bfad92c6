from services.health_station.app import build
from services.health_station.settings import HealthStationSettings
from shared.serve import serve

settings = HealthStationSettings()
serve(build(settings), settings)
