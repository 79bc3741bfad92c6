"""Calls to the portal, many at once, each safe to repeat."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from deploy.local.demo.house import Call
from deploy.local.errors import LocalError

WORKERS = 6
# Somebody has it already, or decided otherwise since: the demo does not insist.
LEFT_ALONE = (409, 412, 428)
AWAY = (502, 503, 504)
AGAIN_SECONDS = 0.5
# A service that is killed, or too busy for a moment, is back before that.
PATIENCE_SECONDS = 30.0


class DemoFailed(LocalError):
    """A call the demo needs was refused; the message holds the answer."""


def _is_new(answer: dict[str, Any]) -> bool:
    return answer.get("version") == 1


@dataclass(frozen=True)
class Thing:
    """What is put, and what is done with it next, `when` the answer says that it is still to be done."""

    put: Call
    then: tuple[Call, ...] = ()
    when: Callable[[dict[str, Any]], bool] = _is_new


class Caller:
    """A service that is away is asked again for `PATIENCE_SECONDS`; who is `forgiving` then goes on without it.
    `bearers`: other tokens for paths that begin so."""

    def __init__(self, base_url: str, token: str, *, forgiving: bool = False) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"},
            timeout=60,
            trust_env=False,
            transport=httpx.HTTPTransport(retries=3),
        )
        self.bearers: dict[str, str] = {}
        self._forgiving = forgiving
        self._away: set[str] = set()  # services that were waited for in vain, and not again until they answer
        self._workers = ThreadPoolExecutor(WORKERS)

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.shutdown(cancel_futures=True)
        self._http.close()

    def all(self, calls: Iterable[Call]) -> None:
        """Side by side; the first failure is raised."""
        self.make(Thing(call) for call in calls)

    def make(self, things: Iterable[Thing]) -> None:
        """Side by side; the first failure is raised."""
        for done in [self._workers.submit(self._make, thing) for thing in things]:
            done.result()

    def _make(self, thing: Thing) -> None:
        answer = self.call(*thing.put)
        if not answer or not thing.when(answer):
            return
        for step in thing.then:
            answer = self.call(*step, seen=answer.get("version"))

    def call(self, method: str, path: str, body: Any = None, params: Any = None, seen: Any = None) -> dict[str, Any]:
        """Empty where the demo is left alone. Raises DemoFailed."""
        answer = self.ask(method, path, body, params, seen)
        if answer.is_success:
            return dict(answer.json())
        if answer.status_code in LEFT_ALONE or (self._forgiving and answer.status_code in AWAY):
            return {}
        raise refused(answer)

    def ask(
        self, method: str, path: str, body: Any = None, params: Any = None, seen: Any = None, *, waits: bool = True
    ) -> httpx.Response:
        """Whatever is answered; with `waits` a service that is away has time to come back. Raises DemoFailed when the
        portal itself does not answer."""
        headers = {} if seen is None else {"If-Match": f'"{seen}"'}
        for start, token in self.bearers.items():
            if path.startswith(start):
                headers["Authorization"] = f"Bearer {token}"
        request = self._http.build_request(method, path, json=body, params=params, headers=headers)
        service = path.split("/")[2]
        answer = self._patiently(request, waits and service not in self._away)
        (self._away.add if answer.status_code in AWAY else self._away.discard)(service)
        return answer

    def _patiently(self, request: httpx.Request, waits: bool) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = self._http.send(request)
                if answer.status_code not in AWAY or not waits or time.monotonic() >= deadline:
                    return answer
            except httpx.TransportError as error:
                if time.monotonic() >= deadline:
                    raise DemoFailed(f"{request.url} does not answer ({type(error).__name__})") from error
            time.sleep(AGAIN_SECONDS)


def refused(answer: httpx.Response) -> DemoFailed:
    asked = answer.request
    return DemoFailed(f"{asked.method} {asked.url.path} was answered {answer.status_code}: {answer.text[:500]}")
