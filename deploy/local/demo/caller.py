"""Calls to the portal, many at once, each safe to repeat."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from deploy.local.demo.house import Call
from deploy.local.errors import LocalError

WORKERS = 6
# Somebody has it already, or decided otherwise since: the demo does not insist.
LEFT_ALONE = (409, 412, 428)


class DemoFailed(LocalError):
    """A call the demo needs was refused; the message holds the answer."""


class Caller:
    def __init__(self, base_url: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"},
            timeout=60,
            trust_env=False,
            transport=httpx.HTTPTransport(retries=3),
        )
        self._workers = ThreadPoolExecutor(WORKERS)

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.shutdown(cancel_futures=True)
        self._http.close()

    def all(self, calls: Iterable[Call]) -> None:
        """Side by side; the first failure is raised."""
        for done in [self._workers.submit(self.call, *call) for call in calls]:
            done.result()

    def call(self, method: str, path: str, body: Any = None, params: Any = None) -> dict[str, Any]:
        """Empty where the demo is left alone. Raises DemoFailed."""
        answer = self._http.request(method, path, json=body, params=params)
        if answer.is_success:
            return dict(answer.json())
        if answer.status_code in LEFT_ALONE:
            return {}
        raise DemoFailed(f"{method} {path} was answered {answer.status_code}: {answer.text[:500]}")
