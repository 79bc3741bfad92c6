from services.facility.app import build
from services.facility.settings import FacilitySettings
from shared.serve import serve

settings = FacilitySettings()
serve(build(settings), settings)
