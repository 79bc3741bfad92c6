from services.aggregator.app import build
from shared.serve import serve
from shared.settings import Settings

settings = Settings()
serve(build(settings), settings)
