"""The browser's way in and out: /auth/login, /auth/callback, /auth/logout."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from services.portal import commands, pages
from services.portal.access import Door
from services.portal.domain import LONGEST, SIGN_IN_TAKES, roles_of, safe_next
from services.portal.oidc import Provider, ProviderAway, SignInRefused
from shared import logs
from shared.problems import Message

router = APIRouter(include_in_schema=False)
Parameter = Annotated[str, Query(max_length=2000)]
log = logs.get(__name__)

_LOST = Message(
    "Innloggingen tok for lang tid, eller den ble startet i et annet vindu. Prøv igjen.",
    "Signing in took too long, or was begun in another window. Try again.",
)
_NO_ROLE = Message(
    "Kontoen din har ingen rolle i Torg ennå. Be den som er ansvarlig for huset om å gi deg en.",
    "Your account has no role in Torg yet. Ask whoever is responsible for the house to give you one.",
)


@router.get("/auth/login")
async def login(request: Request, next: Parameter = "/") -> Response:  # noqa: A002 -- the name of the query parameter
    door, provider = _tools(request)
    if door.elsewhere(request.headers):
        return RedirectResponse(f"{door.settings.origin}{request.url.path}?{request.url.query}", 307)
    begun = await commands.begin_sign_in(door.pool, door.clock, safe_next(next))
    try:
        target = await provider.authorization_url(begun.state, begun.nonce, begun.verifier)
    except (ProviderAway, SignInRefused) as problem:
        return pages.trouble(request, problem.detail, 503)
    response = RedirectResponse(target, 302)
    door.set_cookie(response, _browser_cookie(door), begun.browser, _seconds(SIGN_IN_TAKES))
    return response


@router.get("/auth/callback")
async def callback(request: Request, state: Parameter = "", code: Parameter = "", error: Parameter = "") -> Response:
    door, provider = _tools(request)
    browser = request.cookies.get(_browser_cookie(door), "")
    returned = await commands.take_sign_in(door.pool, door.clock, state, browser)
    if returned is None:
        return pages.trouble(request, _LOST, 400)
    try:
        if error or not code:
            raise SignInRefused(f"the provider said {error[:40] or 'nothing'}")
        person = await provider.exchange(code, returned.verifier, returned.nonce)
    except (ProviderAway, SignInRefused) as problem:
        return pages.trouble(request, problem.detail, problem.status)
    if not roles_of(person.groups, door.groups):
        log.warning("sign_in_without_role", groups=len(person.groups))
        return pages.trouble(request, _NO_ROLE, 403)
    former = request.cookies.get(door.settings.cookie)
    secret = await commands.open_session(door.pool, door.clock, person, former)
    response = RedirectResponse(returned.next, 303)
    door.set_cookie(response, door.settings.cookie, secret, _seconds(LONGEST))
    door.drop_cookie(response, _browser_cookie(door))
    return response


@router.post("/auth/logout")
async def logout(request: Request) -> Response:
    """Ends the session here, and leads on to where it ends with the provider when that keeps one of its own.

    The one unsafe request a form may make, so that signing out needs no script.
    """
    door, provider = _tools(request)
    door.refuse_other_sites(request)
    session = await door.session(request, active=False)
    onwards = None
    if session is not None:
        await commands.end_session(door.pool, request.cookies[door.settings.cookie])
        onwards = None if door.settings.demo_accounts else await _end_with_provider(provider, session.id_token)
    response: Response = RedirectResponse(onwards or "/", 303)
    if "text/html" not in request.headers.get("accept", ""):
        response = JSONResponse({"signed_in": False, "next": onwards or "/"})
    door.drop_cookie(response, door.settings.cookie)
    return response


@router.post("/auth/backchannel-logout")
async def backchannel_logout(request: Request) -> Response:
    """The provider says that one of its sessions has ended (OpenID Connect Back-Channel Logout 1.0)."""
    door, provider = _tools(request)
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    try:
        ended = await provider.ended_session(form.get("logout_token", [""])[0])
    except SignInRefused:
        return JSONResponse({"error": "invalid_request"}, 400, {"Cache-Control": "no-store"})
    await commands.end_provider_session(door.pool, ended)
    return Response(status_code=200, headers={"Cache-Control": "no-store"})


def _tools(request: Request) -> tuple[Door, Provider]:
    return request.app.state.door, request.app.state.provider


def _browser_cookie(door: Door) -> str:
    return f"{door.settings.cookie}-sign-in"


async def _end_with_provider(provider: Provider, id_token: str) -> str | None:
    try:
        return await provider.end_session_url(id_token)
    except (ProviderAway, SignInRefused):
        return None


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
