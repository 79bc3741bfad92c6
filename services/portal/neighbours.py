"""What the portal asks of the services on its own account: how they are, which squares there are, the test clock."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from shared import logs
from shared.clock import Clock
from shared.contracts.platform import UNITS
from shared.http import ClockBody
from shared.problems import Message, Unavailable

# How a service is called in a sentence.
NAMES: Mapping[str, tuple[str, str]] = {
    **{kind: (called.the.nb, called.the.en) for kind, called in UNITS.items()},
    "facility": ("Romtjenesten", "The room service"),
    "counters": ("Telletjenesten", "The counter service"),
    "aggregator": ("Oversikten", "The overview"),
}
ASK_SECONDS = 1.5
CLOCK_SECONDS = 60.0
log = logs.get(__name__)


def build_client() -> httpx.AsyncClient:
    """For the services: no proxies of the environment, every wait bounded.

    Idle connections are given up before the services' five seconds: a request on one that is just being closed would
    be lost without need.
    """
    return httpx.AsyncClient(
        timeout=httpx.Timeout(30.0, connect=2.0, pool=3.0),
        limits=httpx.Limits(max_connections=400, max_keepalive_connections=100, keepalive_expiry=4.0),
        trust_env=False,
    )


class Neighbours:
    """Follows the health of every service; `state` is what it last saw."""

    def __init__(self, http: httpx.AsyncClient, urls: Mapping[str, str], clock: Clock) -> None:
        self._http = http
        self._urls = {name: url for name, url in urls.items() if name != "portal"}
        self._clock = clock
        self.state: dict[str, dict[str, Any]] = {}

    async def look(self) -> None:
        found = await asyncio.gather(*(self._look_at(url) for url in self._urls.values()))
        now = self._clock.now().isoformat()
        for name, seen in zip(self._urls, found, strict=True):
            known = self.state.get(name, {})
            since = known["since"] if known.get("state") == seen["state"] else now
            self.state[name] = {**seen, "since": since}

    async def _look_at(self, url: str) -> dict[str, Any]:
        try:
            answer = await self._http.get(f"{url}/health/ready", timeout=ASK_SECONDS)
            told = answer.json()
        except (httpx.HTTPError, ValueError):
            return {"state": "away", "lag": None}
        if not isinstance(told, dict) or "state" not in told:
            return {"state": "away", "lag": None}
        return {"state": str(told["state"]), "lag": told.get("lag")}

    async def squares(self, token: str, language: str) -> list[dict[str, Any]] | None:
        """From the shared views, or from the registry while these are away; None when neither answers."""
        for path in ("aggregator/squares", "facility/squares"):
            found = await self._get(path, token, language)
            if found is not None:
                return [_square(square) for square in found.get("squares", [])]
        return None

    async def _get(self, path: str, token: str, language: str) -> dict[str, Any] | None:
        base = self._urls.get(path.split("/")[0])
        headers = {"authorization": f"Bearer {token}", "accept-language": language}
        try:
            answer = await self._http.get(f"{base}/api/{path}", headers=headers, timeout=ASK_SECONDS)
            return dict(answer.json()) if answer.status_code == 200 else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError):
            return None

    async def pass_clock_on(self, body: ClockBody, token: str) -> None:
        """First everybody gets the time, then everybody does what is due: nobody acts while another still lags. Raises
        Unavailable with the names of those who are away; all others have done it."""
        missing = await self._set_clocks(body.model_copy(update={"run_due": False}), token)
        if body.run_due:
            missing += [name for name in await self._set_clocks(body, token) if name not in missing]
        if missing:
            names = ", ".join(missing)
            raise Unavailable(
                Message(f"Klokken er ikke stilt hos: {names}.", f"The clock is not set at: {names}."), services=missing
            )

    async def _set_clocks(self, body: ClockBody, token: str) -> list[str]:
        """The names of those who are away."""
        results = await asyncio.gather(*(self._set_clock(url, body, token) for url in self._urls.values()))
        return [name for name, done in zip(self._urls, results, strict=True) if not done]

    async def _set_clock(self, url: str, body: ClockBody, token: str) -> bool:
        headers = {"authorization": f"Bearer {token}"}
        try:
            answer = await self._http.put(
                f"{url}/test/clock", json=body.model_dump(mode="json"), headers=headers, timeout=CLOCK_SECONDS
            )
        except httpx.HTTPError as error:
            log.warning("clock_not_set", error=type(error).__name__)
            return False
        return answer.status_code == 200


def _square(square: Mapping[str, Any]) -> dict[str, Any]:
    """The registry calls it `id`, the views `square_id`."""
    return {
        "id": square.get("square_id") or square.get("id"),
        "name": square.get("name"),
        "time_zone": square.get("time_zone"),
        "status": square.get("status"),
    }
