"""Who asks: EdDSA-signed actor tokens that carry roles in scopes, and nothing about the person."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from shared.clock import Clock, SystemClock
from shared.problems import Unauthenticated

AUDIENCE = "torg"
DEV_KEY = "dev"
ALGORITHM = "Ed25519"  # EdDSA over Curve25519, by the name RFC 9864 gives it
_LEEWAY_SECONDS = 5
_MOST_KNOWN = 1024


@dataclass(frozen=True)
class Actor:
    """`roles` holds (role, scope); a scope is the id of a square or unit, or "*" for all, also those made later."""

    subject: str
    roles: frozenset[tuple[str, str]]
    token: str = ""

    def label(self) -> str:
        """For audit and logs: roles, never a name."""
        return ",".join(sorted({role for role, _ in self.roles})) or "none"


def mint(key: OKPKey, subject: str, roles: Iterable[str], ttl_seconds: int, issuer: str) -> str:
    """A token for `roles` written ROLE@SCOPE, valid from now on by the machine's clock."""
    now = int(SystemClock().now().timestamp())
    claims = {"iss": issuer, "aud": AUDIENCE, "sub": subject, "roles": sorted(roles), "jti": str(uuid4())}
    header = {"alg": ALGORITHM, "kid": key.kid}
    return jwt.encode(header, claims | {"iat": now, "exp": now + ttl_seconds}, key, algorithms=[ALGORITHM])


class Verifier:
    """Checks tokens against the public keys in a JWKS file. In production the development key is left out.

    A key with a member `roles` is a service's own: what it signs may say no other role, and none that holds everywhere.
    """

    def __init__(self, jwks: Path, env: str, clock: Clock = SystemClock()) -> None:
        self._clock = clock
        known = json.loads(jwks.read_text())["keys"]
        usable = [key for key in known if env != "production" or key.get("kid") != DEV_KEY]
        self._keys = KeySet.import_key_set({"keys": usable})
        self._may_say: dict[str | None, list[str] | None] = {key["kid"]: key.get("roles") for key in usable}
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(clock.now().timestamp()),
            leeway=_LEEWAY_SECONDS,
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            sub={"essential": True},
        )
        self._known: dict[str, tuple[Actor, int]] = {}  # with when it runs out; the oldest go first

    def verify(self, token: str) -> Actor:
        """Raises Unauthenticated for anything but a token of ours that is valid now. One that was looked through
        before is good until it runs out, as nothing in it can change."""
        known = self._known.get(token)
        if known and self._clock.now().timestamp() < known[1]:
            return known[0]
        actor, runs_out = self._look_through(token)
        while len(self._known) >= _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[token] = actor, runs_out
        return actor

    def _look_through(self, token: str) -> tuple[Actor, int]:
        """(who, when it runs out in seconds since 1970)."""
        try:
            decoded = jwt.decode(token, self._keys, algorithms=[ALGORITHM])
            claims = decoded.claims
            self._claims.validate(claims)
            roles = frozenset(_split(role) for role in claims["roles"])
            own = self._may_say[decoded.header.get("kid")]
            runs_out = int(claims["exp"])
        except (JoseError, ValueError, OverflowError, KeyError, TypeError, AttributeError):
            raise Unauthenticated from None
        if own is not None and any(role not in own or scope == "*" for role, scope in roles):
            raise Unauthenticated
        return Actor(str(claims["sub"]), roles, token), runs_out


def _split(role: str) -> tuple[str, str]:
    name, _, scope = role.partition("@")
    return name, scope or "*"
