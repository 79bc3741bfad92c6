"""Default deny: what nobody was given nobody may do, and no route but the named ones is open to a stranger."""

from collections.abc import Iterator
from typing import get_args
from uuid import UUID

import httpx
import pytest
from joserfc.jwk import OKPKey

from shared.identity import Actor, mint
from shared.policy import RIGHTS, Action, Role, allows
from tests.contracts.apps import BUILT, KEY, STRANGER, app_of, routes_of
from tests.contracts.policy_page import NO_RIGHT, OPEN_TO_ALL, asked_by

SQUARE, OTHER = UUID(int=1), UUID(int=2)
# By a token, without any one right.
GUARDED_OTHERWISE = {
    "/api/portal/stream",
    "/api/{service}/{path:path}",
    "/api/health_station/appointments/record/{space_id}/{local_date}",
    "/api/counters/push/{make}",
}
# Parameters of paths, each with a value that is well formed, so that nothing but the missing token can be wrong.
PARTS = {
    "{service}": "facility", "{path:path}": "squares", "{kind}": "units", "{view}": "calendar",
    "{letter_id}": "1", "{make}": "xovis", "{local_date}": "2026-11-26",
}  # fmt: skip


def closed_routes() -> Iterator[tuple[str, str, str]]:
    for service in BUILT:
        for method, route in routes_of(service):
            if route.path not in OPEN_TO_ALL and (route.path not in NO_RIGHT or route.path in GUARDED_OTHERWISE):
                yield service, method, route.path


def actor(role: str, scope: str = "*") -> Actor:
    return Actor("somebody", frozenset({(role, scope)}))


def address(path: str) -> str:
    for part, value in PARTS.items():
        path = path.replace(part, value)
    return "/".join(str(SQUARE) if part.startswith("{") else part for part in path.split("/"))


def token(key: OKPKey, seconds: int = 60) -> str:
    return mint(key, "somebody", ["admin@*"], seconds, "test")


def tampered(good: str) -> str:
    """The first character of the signature, which carries six of its bits, is another."""
    head, body, signature = good.split(".")
    return f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize("action", get_args(Action))
def test_policy__a_role__may_do_in_its_scope_what_the_table_says(role: Role, action: Action) -> None:
    given = action in RIGHTS[role]

    assert allows(actor(role), action, square_id=SQUARE) == given
    assert allows(actor(role, str(SQUARE)), action, square_id=SQUARE) == given
    assert not allows(actor(role, str(OTHER)), action, square_id=SQUARE)


@pytest.mark.parametrize("action", get_args(Action))
def test_policy__a_role_nobody_knows__may_do_nothing(action: Action) -> None:
    assert not allows(actor("superuser"), action)
    assert not allows(Actor("somebody", frozenset()), action)


@pytest.mark.parametrize("service", BUILT)
def test_routes__every_one__asks_for_a_right_or_says_what_guards_it(service: str) -> None:
    unguarded = [
        f"{method} {route.path}"
        for method, route in routes_of(service)
        if route.path not in OPEN_TO_ALL and not asked_by(route.endpoint) and route.path not in NO_RIGHT
    ]

    assert unguarded == []


@pytest.mark.parametrize(("service", "method", "path"), list(closed_routes()))
async def test_route__without_a_valid_token__answers_401(service: str, method: str, path: str) -> None:
    bad = {
        "none": {},
        "another scheme": {"Authorization": "Basic c29tZWJvZHk6cGFzc3dvcmQ="},
        "empty": {"Authorization": "Bearer "},
        "no token": {"Authorization": "Bearer not.a.token"},
        "tampered": {"Authorization": f"Bearer {tampered(token(KEY))}"},
        "another's key": {"Authorization": f"Bearer {token(STRANGER)}"},
        "expired": {"Authorization": f"Bearer {token(KEY, -60)}"},
    }
    transport = httpx.ASGITransport(app_of(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:
        url = f"{address(path)}?square={SQUARE}"  # the portal's stream is asked for by square
        answers = {why: await client.request(method, url, headers=sent) for why, sent in bad.items()}

    assert {why: answer.status_code for why, answer in answers.items()} == dict.fromkeys(bad, 401)
    if method != "HEAD":
        assert {answer.json()["code"] for answer in answers.values()} == {"unauthenticated"}
