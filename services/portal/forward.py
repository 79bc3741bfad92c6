"""Passing requests on to the services, paths and bodies as they are, with a short-lived token for who asks."""

from collections.abc import AsyncIterator

import httpx
from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from services.portal.access import Door
from services.portal.neighbours import NAMES
from shared import logs
from shared.problems import Message, NotFound, Unavailable

router = APIRouter(include_in_schema=False)
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
# Nothing else of the browser's request is any business of the services, least of all its cookies.
PASSED_ON = (
    "accept",
    "accept-encoding",
    "accept-language",
    "content-length",
    "content-type",
    "host",
    "if-match",
    "if-none-match",
    "traceparent",
)
# Hop-by-hop (RFC 9110 7.6.1) or the portal's own to say.
NOT_PASSED_BACK = frozenset(
    {
        "connection",
        "date",
        "keep-alive",
        "proxy-authenticate",
        "server",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-request-id",
    }
)
# Called by machines with a token of the service's own, good for that one thing: the service judges it.
OWN_TOKENS = ("/api/health_station/appointments/record/", "/api/counters/push/")
INTERNAL = frozenset({"/api/aggregator/changes"})
log = logs.get(__name__)


@router.api_route("/api/{service}/{path:path}", methods=METHODS)
async def forward(request: Request, service: str, path: str) -> StreamingResponse:
    door: Door = request.app.state.door
    base = door.settings.service_urls.get(service)
    if base is None or service == "portal" or request.scope["path"].rstrip("/") in INTERNAL:
        raise NotFound
    answer = await _ask(request, service, base, await _authorization(request, door))
    headers = [(name, value) for name, value in answer.headers.raw if name.lower().decode() not in NOT_PASSED_BACK]
    response = StreamingResponse(_body(answer), answer.status_code)
    response.raw_headers = headers
    return response


async def _authorization(request: Request, door: Door) -> str:
    given = request.headers.get("authorization")
    if given and request.scope["path"].startswith(OWN_TOKENS):
        return given
    return f"Bearer {(await door.enter(request)).actor.token}"


async def _ask(request: Request, service: str, base: str, authorization: str) -> httpx.Response:
    http: httpx.AsyncClient = request.app.state.http
    target = httpx.URL(base).copy_with(raw_path=_raw_target(request))
    headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
    headers |= {"authorization": authorization, "x-request-id": request.state.request_id}
    headers.setdefault("accept-encoding", "identity")
    has_body = "content-length" in headers or "transfer-encoding" in request.headers
    content = request.stream() if has_body else None
    passed = http.build_request(request.method, target, headers=headers, content=content)
    try:
        return await http.send(passed, stream=True)
    except httpx.TransportError as error:
        log.warning("service_away", neighbour=service, error=type(error).__name__)
        raise away(service) from error


def away(service: str) -> Unavailable:
    nb, en = NAMES.get(service, (service, service))
    return Unavailable(
        Message(f"{nb} svarer ikke akkurat nå. Prøv igjen.", f"{en} does not answer just now. Try again."),
        service=service,
    )


def _raw_target(request: Request) -> bytes:
    """As the browser wrote it: decoding and encoding again would change what some paths mean."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope["query_string"]
    return raw + b"?" + query if query else raw


async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()
