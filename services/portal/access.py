"""Who stands at the door: a browser with a session cookie, or a caller with a bearer token."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from joserfc.jwk import OKPKey
from starlette.responses import Response

from services.portal import commands
from services.portal.domain import SAFE_METHODS, Groups, Session, is_form, roles_of, same_site
from services.portal.settings import PortalSettings
from shared.clock import Clock
from shared.http import actor as bearer_actor
from shared.identity import Actor, mint
from shared.problems import Forbidden, Message, Problem, Unauthenticated

ACTOR_TOKEN_SECONDS = 60


class CrossSite(Forbidden):
    code = "cross_site"
    detail = Message(
        "Forespørselen kom ikke fra Torgs egne sider (Sec-Fetch-Site eller Origin mangler eller er en annen).",
        "The request did not come from Torg's own pages (Sec-Fetch-Site or Origin is missing or another's).",
    )


class NotJson(Problem):
    status, code = 415, "unsupported_media_type"
    detail = Message("Send innholdet som application/json.", "Send the body as application/json.")


@dataclass(frozen=True)
class Visitor:
    """`session` is None for a bearer token, whose `actor.token` is then the caller's own."""

    actor: Actor
    name: str = ""
    session: Session | None = None


@dataclass(frozen=True)
class Door:
    pool: Any
    clock: Clock
    settings: PortalSettings
    groups: Groups
    key: OKPKey = field(repr=False)

    async def visitor(self, request: Request, *, active: bool = True) -> Visitor | None:
        """None for a stranger. Raises CrossSite or NotJson when a foreign page may be behind a browser's request."""
        if "authorization" in request.headers:
            return Visitor(await bearer_actor(request))
        session = await self.session(request, active=active)
        if session is None:
            return None
        self.refuse_foreign(request)
        return Visitor(self.actor(session), session.name, session)

    async def enter(self, request: Request) -> Visitor:
        """Raises Unauthenticated for a stranger."""
        visitor = await self.visitor(request)
        if visitor is None:
            raise Unauthenticated
        return visitor

    async def session(self, request: Request, *, active: bool) -> Session | None:
        secret = request.cookies.get(self.settings.cookie)
        if not secret or len(secret) > 100:
            return None
        return await commands.find_session(self.pool, self.clock, secret, active=active)

    def actor(self, session: Session) -> Actor:
        """With a fresh token: whoever holds it can act for a minute, not for a session."""
        roles = roles_of(session.groups, self.groups)
        token = mint(self.key, session.subject, roles, ACTOR_TOKEN_SECONDS, "portal")
        return Actor(session.subject, frozenset(_split(role) for role in roles), token)

    def own_token(self, *roles: str) -> str:
        """For what the portal asks on its own account."""
        return mint(self.key, "portal", roles, ACTOR_TOKEN_SECONDS, "portal")

    def refuse_foreign(self, request: Request) -> None:
        self.refuse_other_sites(request)
        if request.method not in SAFE_METHODS and is_form(request.headers.get("content-type")):
            raise NotJson

    def refuse_other_sites(self, request: Request) -> None:
        headers = request.headers
        own = (self.settings.origin, f"{request.url.scheme}://{headers.get('host', '')}".lower())
        if not same_site(request.method, headers.get("sec-fetch-site"), headers.get("origin"), own):
            raise CrossSite

    def set_cookie(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path="/", secure=self.settings.https, httponly=True, samesite="lax"
        )

    def drop_cookie(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self.settings.https, httponly=True, samesite="lax")

    def elsewhere(self, headers: Mapping[str, str]) -> bool:
        """The browser uses another name for this host than the one the identity provider sends it back to."""
        return headers.get("host", "").lower() != urlsplit(self.settings.origin).netloc


def _split(role: str) -> tuple[str, str]:
    name, _, scope = role.partition("@")
    return name, scope
