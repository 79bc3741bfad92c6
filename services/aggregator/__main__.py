import uvicorn

from services.aggregator.app import build
from shared.settings import Settings

settings = Settings()
uvicorn.run(build(settings), host=settings.host, port=settings.port, log_config=None, access_log=False)
