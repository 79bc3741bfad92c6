"""Whose key may say what: the portal's any role, a service's own only those it is good for."""

import datetime as dt
import json
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.clock import SteppedClock
from shared.identity import ALGORITHM, AUDIENCE, Verifier, mint
from shared.problems import Unauthenticated
from shared.types import LATEST

UNIT = "5a1f8b9e-53c7-4c0e-8a53-3a2d1c7e9f10"
PORTAL, OWN = (OKPKey.generate_key("Ed25519", {"kid": kid}) for kid in ("portal", "health_station"))


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def verifier(tmp_path: Path, clock: SteppedClock) -> Verifier:
    own = {**OWN.as_dict(private=False), "roles": ["unit_service"]}
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [PORTAL.as_dict(private=False), own]}))
    return Verifier(jwks, "production", clock)


def test_verify__a_role_the_services_key_is_good_for__is_the_actors(verifier: Verifier) -> None:
    actor = verifier.verify(mint(OWN, "health_station", [f"unit_service@{UNIT}"], 60, "health_station"))

    assert actor.roles == {("unit_service", UNIT)}


@pytest.mark.parametrize("roles", [["admin@*"], [f"house_manager@{UNIT}"], ["unit_service@*"], ["unit_service"]])
def test_verify__any_other_role_by_the_services_key__is_refused_whole(verifier: Verifier, roles: list[str]) -> None:
    with pytest.raises(Unauthenticated):
        verifier.verify(mint(OWN, "health_station", [f"unit_service@{UNIT}", *roles], 60, "health_station"))


def test_verify__the_same_roles_by_the_portals_key__are_the_actors(verifier: Verifier) -> None:
    assert verifier.verify(mint(PORTAL, "somebody", ["admin@*"], 60, "portal")).roles == {("admin", "*")}


def test_verify__a_service_that_calls_its_key_the_portals__is_refused(verifier: Verifier) -> None:
    disguised = OKPKey.import_key({**OWN.as_dict(private=True), "kid": "portal"})

    with pytest.raises(Unauthenticated):
        verifier.verify(mint(disguised, "somebody", ["admin@*"], 60, "portal"))


def test_verify__without_saying_which_key__is_refused(verifier: Verifier) -> None:
    claims = {"aud": AUDIENCE, "sub": "somebody", "roles": ["admin@*"], "exp": LATEST.timestamp()}
    for key in (OWN, PORTAL):
        with pytest.raises(Unauthenticated):
            verifier.verify(jwt.encode({"alg": ALGORITHM}, claims, key, algorithms=[ALGORITHM]))


def test_verify__the_same_token_again__is_the_same_actor_until_it_runs_out(
    verifier: Verifier, clock: SteppedClock
) -> None:
    token = mint(PORTAL, "somebody", ["admin@*"], 60, "portal")
    assert verifier.verify(token) == verifier.verify(token)
    clock.set(clock.now() + dt.timedelta(minutes=2))
    with pytest.raises(Unauthenticated):
        verifier.verify(token)


def test_verify__a_known_token_with_another_signature__is_refused(verifier: Verifier) -> None:
    token = mint(PORTAL, "somebody", ["admin@*"], 60, "portal")
    verifier.verify(token)
    with pytest.raises(Unauthenticated):
        verifier.verify(token[:-4] + "AAAA")
