"""The web server, ending live streams when it is asked to stop: they would end by themselves never."""

from types import FrameType

import uvicorn

from services.portal.stream import Hub


class Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._hub.close()
