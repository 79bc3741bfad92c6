"""An identity provider that lies: only an answer about this very sign-in opens a session."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from services.portal.oidc import LOGOUT_EVENT, Provider, ProviderAway, SignInRefused
from services.portal.settings import PortalSettings
from shared.clock import SystemClock

ISSUER = "https://issuer.example"
KEY = RSAKey.generate_key(2048, {"kid": "a", "use": "sig"}, private=True)
OTHER = RSAKey.generate_key(2048, {"kid": "b", "use": "sig"}, private=True)
Claims = dict[str, Any]


def claims(**more: Any) -> Claims:
    now = int(SystemClock().now().timestamp())
    said = {"iss": ISSUER, "aud": "torg", "sub": "kari", "iat": now, "exp": now + 300, "nonce": "n"}
    said |= {"name": "Kari", "groups": ["torg-admin"], "sid": "session-1"}
    return {name: value for name, value in {**said, **more}.items() if value is not None}


def signed(said: Claims, key: RSAKey = KEY) -> str:
    return jwt.encode({"alg": "RS256", "kid": key.kid}, said, key)


def settings(**more: Any) -> PortalSettings:
    values: dict[str, Any] = {
        "service": "portal",
        "port": 1,
        "database_dsn": "x",
        "kafka_bootstrap": "x",
        "actor_jwks": Path("x"),
        "actor_key": Path("x"),
        "public_url": "https://torg.example",
        "oidc_issuer": ISSUER,
        "oidc_client_id": "torg",
        "oidc_client_secret": "s/e c",
        "roles_file": Path("x"),
        "web_dist": Path("x"),
    }
    return PortalSettings(**{**values, **more})


class Issuer:
    """Answers as told; `keys` may change, as real ones' do."""

    def __init__(self, token: str = "", keys: list[RSAKey] | None = None, name: str = ISSUER) -> None:
        self.token, self.keys, self.name, self.asked = token, keys or [KEY], name, []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.path.endswith("openid-configuration"):
            ends = {
                "authorization_endpoint": "/a?x=1",
                "token_endpoint": "/t",
                "jwks_uri": "/j",
                "end_session_endpoint": "/e",
            }
            return httpx.Response(200, json={"issuer": self.name, **{key: ISSUER + end for key, end in ends.items()}})
        if request.url.path == "/j":
            return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})
        return httpx.Response(200, json={"id_token": self.token, "access_token": "x"})

    def provider(self, **more: Any) -> Provider:
        return Provider(settings(**more), httpx.AsyncClient(transport=httpx.MockTransport(self)), SystemClock())


async def test_exchange_of_a_good_answer_gives_the_person() -> None:
    issuer = Issuer(signed(claims()))
    person = await issuer.provider().exchange("code", "verifier", "n")
    assert (person.name, person.groups, person.provider_session) == ("Kari", ("torg-admin",), "session-1")
    assert "kari" not in person.subject
    sent = next(request for request in issuer.asked if request.url.path == "/t")
    assert b"code_verifier=verifier" in sent.content
    assert sent.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": None},
        {"azp": "another-client"},
        {"exp": 1_000_000_000},
        {"iat": 4_000_000_000},
        {"sub": None, "sid": None},
    ],
    ids=str,
)
async def test_exchange_of_an_answer_about_something_else_is_refused(changed: Claims) -> None:
    with pytest.raises(SignInRefused):
        await Issuer(signed(claims(**changed))).provider().exchange("code", "verifier", "n")


def by_another_key() -> str:
    return signed(claims(), OTHER)


def unsigned() -> str:
    return jwt.encode({"alg": "RS256", "kid": "a"}, claims(), KEY).rsplit(".", 1)[0] + "."


def signed_with_the_public_key() -> str:
    public = json.dumps(KEY.as_dict(private=False))
    return jwt.encode({"alg": "HS256", "kid": "a"}, claims(), OctKey.import_key(public))


@pytest.mark.parametrize("forged", [by_another_key, unsigned, signed_with_the_public_key, lambda: "junk"])
async def test_exchange_of_a_forged_token_is_refused(forged: Callable[[], str]) -> None:
    with pytest.raises(SignInRefused):
        await Issuer(forged()).provider().exchange("code", "verifier", "n")


async def test_exchange_finds_a_key_that_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.portal.oidc.KEYS_SECONDS", 0.0)
    issuer = Issuer(signed(claims()))
    provider = issuer.provider()
    await provider.exchange("code", "verifier", "n")
    issuer.token, issuer.keys = signed(claims(), OTHER), [OTHER]
    assert (await provider.exchange("code", "verifier", "n")).name == "Kari"


async def test_discovery_document_of_another_issuer_is_refused() -> None:
    with pytest.raises(SignInRefused):
        await Issuer(name="https://evil.example").provider().authorization_url("s", "n", "v")


async def test_authorization_url_binds_state_nonce_and_challenge() -> None:
    url = httpx.URL(await Issuer().provider().authorization_url("s", "n", "v" * 43))
    assert url.params["x"] == "1"
    assert (url.params["state"], url.params["nonce"], url.params["code_challenge_method"]) == ("s", "n", "S256")
    assert url.params["redirect_uri"] == "https://torg.example/auth/callback"
    assert "v" * 43 not in str(url)


async def test_provider_that_does_not_answer_is_an_outage_not_a_refusal() -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    provider = Provider(settings(), httpx.AsyncClient(transport=httpx.MockTransport(away)), SystemClock())
    with pytest.raises(ProviderAway):
        await provider.authorization_url("s", "n", "v")


async def test_logout_token_names_the_ended_session() -> None:
    token = signed(claims(nonce=None, jti="1", events={LOGOUT_EVENT: {}}))
    assert await Issuer().provider().ended_session(token) == "session-1"


@pytest.mark.parametrize("changed", [{"events": {}}, {"nonce": "n"}, {"sid": None}])
async def test_token_that_is_no_logout_token_ends_nothing(changed: Claims) -> None:
    token = signed(claims(**{"nonce": None, "jti": "1", "events": {LOGOUT_EVENT: {}}, **changed}))
    with pytest.raises(SignInRefused):
        await Issuer().provider().ended_session(token)
