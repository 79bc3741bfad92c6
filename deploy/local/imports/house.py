"""What every import says to the house, and how it tells new from known."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid5

import httpx

from deploy.local.errors import LocalError
from deploy.local.imports.report import Report

# Ids follow from what they name, so that a second run finds what the first one made.
NAMES = UUID("5f0c9d2e-6f4b-5a43-9d8e-0b8f3c1f7a55")
Progress = Callable[[str], None]
_TRIES = 6


class ImportFailed(LocalError):
    """The house refused something an import cannot do without; the message says what and why."""


def id_of(*names: str) -> str:
    return str(uuid5(NAMES, "/".join(names)))


def client(base_url: str, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    return httpx.AsyncClient(base_url=base_url, headers=headers, timeout=60)


class House:
    def __init__(self, api: httpx.AsyncClient, report: Report) -> None:
        self.api, self.report = api, report

    async def put(self, kind: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Creates it, or finds the same already there. Raises ImportFailed when it is refused."""
        answer = await self.send("PUT", path, json=body)
        if answer.is_error:
            raise ImportFailed(f"{kind}: {why(answer)}")
        self.report.count(kind, answer.status_code == 201)
        return _json(answer)

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = await self.send("GET", path, params=query)
        if answer.is_error:
            raise ImportFailed(f"{path}: {why(answer)}")
        return _json(answer)

    async def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Tries again while a service is away: every call of an import is safe to repeat."""
        for attempt in range(_TRIES):
            try:
                answer = await self.api.request(method, path, **more)
            except httpx.TransportError as error:
                if attempt == _TRIES - 1:
                    raise ImportFailed(f"{path}: the house does not answer ({type(error).__name__})") from None
            else:
                if answer.status_code not in (502, 503) or attempt == _TRIES - 1:
                    return answer
            await asyncio.sleep(0.5 * 2**attempt)
        raise AssertionError("unreachable")


def why(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        faults = "; ".join(f"{fault.get('loc')}: {fault.get('message')}" for fault in problem.get("errors", []))
        return f"{answer.status_code} {problem.get('code')}: {faults or problem.get('detail')}"
    except (ValueError, AttributeError):
        return f"{answer.status_code}"


def _json(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()
    return found
