"""The HTTP side of every service: problems, request ids, limits, health, metrics, version and the test clock."""

import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as AsgiMessage

from shared import db, logs, metrics
from shared.clock import Clock, SteppedClock
from shared.identity import Actor, Verifier
from shared.policy import require
from shared.problems import (
    Invalid,
    Message,
    NotFound,
    PreconditionRequired,
    Problem,
    Stale,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from shared.sentences import explain
from shared.settings import Settings
from shared.types import Body, Flag, Instant
from shared.version import VERSION

BODY_LIMIT = 256 * 1024
LARGE_BODY_LIMIT = 4 * 1024 * 1024
Due = Callable[[], Awaitable[None]]
log = logs.get(__name__)


class ClockBody(Body):
    now: Instant | None
    run_due: Flag = True


def create_app(
    *,
    service: str,
    settings: Settings,
    clock: Clock,
    routers: Sequence[APIRouter],
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    ready: Callable[[], Awaitable[dict[str, Any]]],
    due: Sequence[Due] = (),
    large_bodies: Sequence[str] = (),
    discreet: Sequence[str] = (),
    pass_clock_on: Callable[[ClockBody, str], Awaitable[None]] | None = None,
) -> FastAPI:
    """The app of `service`.

    `ready` answers {"state": "ready" or why not, "lag": …}; anything but "ready" is answered with 503. `due` is run by
    PUT /test/clock, which exists only with TORG_TEST_CLOCK. Paths that begin with one of `large_bodies` take 4 MB.
    That a path which begins with one of `discreet` was asked for is nobody's business: it is in no metric, and an error
    there is logged without what it says.
    """
    app = FastAPI(
        title=f"Torg {service}",
        version=VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"/api/{service}/openapi.json",
    )
    app.state.verifier = Verifier(settings.actor_jwks, settings.env)
    app.state.clock = clock
    for router in routers:
        app.include_router(router)
    app.include_router(_operations(service, ready))
    if settings.test_clock and isinstance(clock, SteppedClock):
        app.include_router(_test_clock(clock, due, pass_clock_on))
    _render_problems(app, tuple(discreet))
    app.add_middleware(Edge, large_bodies=tuple(large_bodies), discreet=tuple(discreet))
    return app


def language(request: Request) -> str:
    """ "en" when the reader asks for English before any Norwegian, else "nb"."""
    for part in request.headers.get("accept-language", "").lower().split(","):
        tag = part.split(";")[0].strip()[:2]
        if tag in ("nb", "nn", "no"):
            return "nb"
        if tag == "en":
            return "en"
    return "nb"


# A dependency that is not `async` is run in a thread of its own, which takes longer than any of these.
async def actor(request: Request) -> Actor:
    """The dependency of every route that is not public. Raises Unauthenticated."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    known: Actor = request.app.state.verifier.verify(token.strip())
    return known


CurrentActor = Annotated[Actor, Depends(actor)]


async def if_match(request: Request) -> int:
    """The version the caller has seen. Raises PreconditionRequired without one, Invalid when it is no number."""
    written = request.headers.get("if-match")
    if written is None:
        raise PreconditionRequired
    try:
        return int(written.strip().removeprefix("W/").strip('"'))
    except ValueError:
        raise Invalid(Message("If-Match skal være en versjon.", "If-Match must be a version.")) from None


SeenVersion = Annotated[int, Depends(if_match)]


async def optional_if_match(request: Request) -> int | None:
    """As `if_match`, for what need not be there yet; None without one."""
    return await if_match(request) if "if-match" in request.headers else None


SeenIfAny = Annotated[int | None, Depends(optional_if_match)]


def check_version(seen: int | None, present: int, current: Callable[[], Any]) -> None:
    """The caller has seen the present version. Raises PreconditionRequired, or Stale with what is there now."""
    if seen is None:
        raise PreconditionRequired
    if seen != present:
        raise Stale(current())


def etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def correlation_id() -> str | None:
    """The id of the request being answered; commands put it on their events."""
    found: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return found


class Edge:
    """Pure ASGI: request id, body limit, metrics. (A BaseHTTPMiddleware would hide disconnects from streams.)"""

    def __init__(self, app: ASGIApp, large_bodies: tuple[str, ...], discreet: tuple[str, ...]) -> None:
        self.app = app
        self.large_bodies = large_bodies
        self.discreet = discreet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        request_id = _clean_id(request.headers.get("x-request-id"))
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id, language=language(request))
        started, status = time.perf_counter(), 500

        async def answer(message: AsgiMessage) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            limit = LARGE_BODY_LIMIT if scope["path"].startswith(self.large_bodies or ("\0",)) else BODY_LIMIT
            body_reader = _limited(request, receive, limit)
            await self.app(scope, body_reader, answer)
        except TooLarge as problem:
            await _problem_response(request, problem)(scope, receive, answer)
        finally:
            if not scope["path"].startswith(self.discreet or ("\0",)):
                route = getattr(scope.get("route"), "path", "unknown")
                metrics.REQUESTS.labels(request.method, route, str(status)).inc()
                metrics.REQUEST_SECONDS.labels(request.method, route).observe(time.perf_counter() - started)


def _clean_id(given: str | None) -> str:
    usable = given and len(given) <= 64 and given.replace("-", "").isalnum() and given.isascii()
    return str(given) if usable else str(uuid4())


def _limited(request: Request, receive: Receive, limit: int) -> Receive:
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge(limit_bytes=limit)
    seen = 0

    async def read() -> AsgiMessage:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise TooLarge(limit_bytes=limit)
        return message

    return read


def _operations(service: str, ready: Callable[[], Awaitable[dict[str, Any]]]) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        return {"state": "live"}

    @router.get("/health/ready")
    async def is_ready() -> JSONResponse:
        state = await ready()
        return JSONResponse(state, 200 if state.get("state") == "ready" else 503)

    @router.get("/metrics")
    async def metrics_text() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @router.get("/version")
    async def version() -> dict[str, str]:
        return {"service": service, "version": VERSION}

    return router


def _test_clock(
    clock: SteppedClock, due: Sequence[Due], pass_on: Callable[[ClockBody, str], Awaitable[None]] | None
) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.put("/test/clock")
    async def set_clock(body: ClockBody, who: CurrentActor) -> dict[str, Any]:
        require(who, "clock.set")
        clock.set(body.now)
        if pass_on:
            await pass_on(body, who.token)
        if body.run_due:
            for work in due:
                await work()
        return {"now": clock.now().isoformat(), "held": body.now is not None}

    return router


def _render_problems(app: FastAPI, discreet: tuple[str, ...]) -> None:
    async def on_problem(request: Request, error: Exception) -> Response:
        return _problem_response(request, error if isinstance(error, Problem) else Problem())

    async def on_validation(request: Request, error: Exception) -> Response:
        found = error.errors() if isinstance(error, RequestValidationError) else []
        return _problem_response(request, Invalid(errors=[explain(item, language(request)) for item in found[:20]]))

    async def on_http(request: Request, error: Exception) -> Response:
        if isinstance(error.__cause__, Problem):  # FastAPI wraps what reading the body raised
            return _problem_response(request, error.__cause__)
        status = error.status_code if isinstance(error, HTTPException) else 500
        return _problem_response(request, _of_status(status))

    async def on_outage(request: Request, error: Exception) -> Response:
        log.warning("outage", error=type(error).__name__)
        return _problem_response(request, Unavailable())

    async def on_bug(request: Request, error: Exception) -> Response:
        if request.scope["path"].startswith(discreet or ("\0",)):
            log.error("unexpected", error=type(error).__name__, where=_where(error))
        else:
            log.error("unexpected", error=type(error).__name__, exc_info=error)
        problem = Problem(Message("Noe gikk galt hos oss.", "Something went wrong on our side."), code="internal")
        problem.status = 500
        return _problem_response(request, problem)

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    for kind in db.OUTAGE:
        app.add_exception_handler(kind, on_outage)
    app.add_exception_handler(Exception, on_bug)


def _where(error: Exception) -> list[str]:
    """The last places of the traceback; an error's own words may repeat what was written."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


def _of_status(status: int) -> Problem:
    if status == 404:
        return NotFound()
    if status == 400:  # a body that is no JSON at all
        return Invalid(Message("Innholdet er ikke gyldig JSON.", "The body is not valid JSON."))
    problem = Problem(code="method_not_allowed" if status == 405 else "http_error")
    problem.status = status
    return problem


def _problem_response(request: Request, problem: Problem) -> Response:
    body = {
        "type": f"urn:torg:problem:{problem.code}",
        "title": problem.code.replace("_", " "),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        **problem.extra,
        "request_id": request.scope.get("state", {}).get("request_id"),
    }
    return JSONResponse(
        in_language(body, language(request)), problem.status, problem.headers(), "application/problem+json"
    )


def in_language(value: Any, tongue: str) -> Any:
    """The same with every Message in it as a sentence of that language."""
    if isinstance(value, Message):
        return value.in_language(tongue)
    if isinstance(value, dict):
        return {key: in_language(item, tongue) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [in_language(item, tongue) for item in value]
    return value
