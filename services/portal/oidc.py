"""OpenID Connect towards any issuer: authorization code with PKCE, state and nonce. Tokens never reach the browser."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.portal.domain import Person, challenge, opaque_subject
from services.portal.settings import PortalSettings
from shared import logs
from shared.clock import Clock
from shared.problems import Message, Problem, Unavailable

ALGORITHMS = ["RS256", "PS256", "ES256", "Ed25519"]
METADATA_SECONDS = 3600.0
KEYS_SECONDS = 10.0
LEEWAY_SECONDS = 60
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
log = logs.get(__name__)


class ProviderAway(Unavailable):
    detail = Message(
        "Innloggingstjenesten svarer ikke akkurat nå. Prøv igjen om litt.",
        "The sign-in service does not answer just now. Try again in a moment.",
    )


class SignInRefused(Problem):
    """The provider's answer cannot be trusted or was a refusal; `why` is for the log alone."""

    status, code = 403, "sign_in_refused"
    detail = Message("Innloggingen ble ikke fullført. Prøv igjen.", "Signing in was not completed. Try again.")

    def __init__(self, why: str) -> None:
        super().__init__()
        log.warning("sign_in_refused", why=why)


class Provider:
    def __init__(self, settings: PortalSettings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._metadata: Mapping[str, Any] = {}
        self._metadata_until = 0.0
        self._keys = KeySet([])
        self._keys_from = -KEYS_SECONDS

    async def authorization_url(self, state: str, nonce: str, verifier: str) -> str:
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self._settings.redirect_uri,
            "scope": self._settings.oidc_scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        endpoint = (await self._discover())["authorization_endpoint"]
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def end_session_url(self, id_token: str) -> str | None:
        """Where the browser goes to sign out of the provider too; None when it offers nothing of the kind."""
        endpoint = (await self._discover()).get("end_session_endpoint")
        if not endpoint:
            return None
        asked = {"post_logout_redirect_uri": f"{self._settings.origin}/", "client_id": self._settings.oidc_client_id}
        return f"{endpoint}?{urlencode({'id_token_hint': id_token, **asked})}"

    async def exchange(self, code: str, verifier: str, nonce: str) -> Person:
        """Raises SignInRefused for any answer that is not about this very sign-in."""
        tokens = await self._fetch_tokens(code, verifier)
        id_token = tokens.get("id_token")
        if not isinstance(id_token, str):
            raise SignInRefused("no id_token")
        claims = await self._verified(id_token, {"nonce": {"essential": True, "value": nonce}})
        return self._person(claims, id_token)

    async def ended_session(self, logout_token: str) -> str:
        """The provider's session that a back-channel logout token names. Raises SignInRefused."""
        claims = await self._verified(logout_token, {"sid": {"essential": True}, "jti": {"essential": True}})
        if "nonce" in claims or LOGOUT_EVENT not in (claims.get("events") or {}):
            raise SignInRefused("not a logout token")
        return str(claims["sid"])

    def _person(self, claims: Mapping[str, Any], id_token: str) -> Person:
        groups = claims.get(self._settings.oidc_groups_claim) or []
        name = claims.get("name") or claims.get("preferred_username") or ""
        return Person(
            subject=opaque_subject(self._settings.oidc_issuer, str(claims["sub"])),
            name=str(name)[:200].replace("\0", ""),
            groups=tuple(str(group) for group in groups) if isinstance(groups, list) else (str(groups),),
            id_token=id_token,
            provider_session=str(claims["sid"]) if claims.get("sid") else None,
        )

    async def _fetch_tokens(self, code: str, verifier: str) -> dict[str, Any]:
        secret = self._settings.oidc_client_secret
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._settings.redirect_uri,
            "code_verifier": verifier,
        }
        client = self._settings.oidc_client_id
        auth: httpx.Auth = httpx.Auth()
        if secret is None:
            form["client_id"] = client
        else:  # RFC 6749 2.3.1: both are encoded before they are joined
            auth = httpx.BasicAuth(quote(client, safe=""), quote(secret.get_secret_value(), safe=""))
        endpoint = (await self._discover())["token_endpoint"]
        try:
            answer = await self._http.post(endpoint, data=form, auth=auth)
        except httpx.HTTPError as error:
            raise ProviderAway from error
        if answer.status_code >= 500:
            raise ProviderAway
        if answer.status_code != 200:
            raise SignInRefused(f"token endpoint answered {answer.status_code}")
        return dict(_json(answer))

    async def _verified(self, token: str, more: Mapping[str, Any]) -> dict[str, Any]:
        """Signature, issuer, audience, authorised party and time, and what `more` asks for."""
        client = self._settings.oidc_client_id
        registry = jwt.JWTClaimsRegistry(
            now=lambda: int(self._clock.now().timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._settings.oidc_issuer.rstrip("/")},
            aud={"essential": True, "value": client},
            iat={"essential": True},
            **more,
        )
        try:
            claims = dict((await self._decode(token)).claims)
            registry.validate(claims | {"iss": str(claims.get("iss", "")).rstrip("/")})
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise SignInRefused(type(error).__name__) from None
        if claims.get("azp", client) != client or not ("sub" in claims or "sid" in claims):
            raise SignInRefused("azp")
        return claims

    async def _decode(self, token: str) -> jwt.Token:
        """Keys change: a signature no known key fits is tried again with the provider's present keys."""
        try:
            return jwt.decode(token, self._keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            await self._fetch_keys()
            return jwt.decode(token, self._keys, algorithms=ALGORITHMS)

    async def _fetch_keys(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._keys_from < KEYS_SECONDS and self._keys.keys:
            return
        found = await self._get((await self._discover())["jwks_uri"])
        usable = [key for key in found.get("keys", []) if key.get("use", "sig") == "sig"]
        self._keys, self._keys_from = KeySet.import_key_set({"keys": usable}), now

    async def _discover(self) -> Mapping[str, Any]:
        now = asyncio.get_running_loop().time()
        if now >= self._metadata_until:
            base = self._settings.oidc_discovery_url or self._settings.oidc_issuer
            found = await self._get(f"{base.rstrip('/')}/.well-known/openid-configuration")
            if str(found.get("issuer", "")).rstrip("/") != self._settings.oidc_issuer.rstrip("/"):
                raise SignInRefused("the discovery document is another issuer's")
            self._metadata, self._metadata_until = found, now + METADATA_SECONDS
        return self._metadata

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            answer = await self._http.get(url)
        except httpx.HTTPError as error:
            raise ProviderAway from error
        if answer.status_code != 200:
            raise ProviderAway
        return dict(_json(answer))


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise ProviderAway from None
