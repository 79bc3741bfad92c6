import uvicorn

from services.portal.app import build
from services.portal.server import Server
from services.portal.settings import PortalSettings

settings = PortalSettings()
app = build(settings)
config = uvicorn.Config(
    app,
    settings.host,
    settings.port,
    log_config=None,
    access_log=False,
    server_header=False,
    timeout_graceful_shutdown=5,
)
Server(config, app.state.hub).run()
