"""Following the aggregator's changes: once per process, again after every break, from where it stopped."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx

from services.portal.stream import Hub
from shared import logs

# The aggregator sends an empty line when nothing happens; silence for longer means the connection is dead.
SILENCE_SECONDS = 30.0
AGAIN_SECONDS = 0.5
LONGEST_LINE = 1024 * 1024
GONE = 410
log = logs.get(__name__)


class Feed:
    def __init__(self, http: httpx.AsyncClient, url: str, hub: Hub, token: Callable[[], str]) -> None:
        self._http = http
        self._url = f"{url}/api/aggregator/changes"
        self._hub = hub
        self._token = token
        self._known = False
        self.connected = False

    async def follow(self) -> None:
        """Runs until cancelled; whatever ends a connection, the next begins where it stopped."""
        while True:
            try:
                await self._follow_once()
            except (httpx.HTTPError, ValueError, KeyError) as error:
                log.info("feed_broken", error=type(error).__name__)
            finally:
                self.connected = False
            await asyncio.sleep(AGAIN_SECONDS)

    async def _follow_once(self) -> None:
        asked = {"since": self._hub.latest} if self._known else {}
        headers = {"authorization": f"Bearer {self._token()}"}
        timeout = httpx.Timeout(SILENCE_SECONDS, connect=2.0)
        async with self._http.stream("GET", self._url, params=asked, headers=headers, timeout=timeout) as answer:
            if answer.status_code == GONE:
                self._known = False
                return
            answer.raise_for_status()
            self.connected = True
            async for line in answer.aiter_lines():
                self._take(line)

    def _take(self, line: str) -> None:
        if not line.strip() or len(line) > LONGEST_LINE:
            return
        row: dict[str, Any] = json.loads(line)
        if "view" in row:
            self._hub.publish(row)
        elif not self._known:  # the first line says where the changes begin; what was before is not known here
            self._hub.reset(int(row["seq"]))
            self._known = True
