from services.portal.app import build
from services.portal.server import Server
from services.portal.settings import PortalSettings
from shared.serve import serve

settings = PortalSettings()
app = build(settings)
serve(app, settings, lambda config: Server(config, app.state.hub))
