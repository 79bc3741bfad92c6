"""Input that is wrong in every way a caller can be wrong: a clear refusal each time, never an error of ours."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc.jwk import OKPKey

from deploy.local.instance import Instance
from shared.identity import DEV_KEY, mint
from tests.faults.stage import Stage
from tests.house import House

BOOKINGS = "/api/facility/bookings"
NOBODY = "7d9f1c9a-3c43-4b0e-9b0e-0f6f5d2c8a11"
GOOD_HOUR = 500


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem, which is one in form too."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem


def put(stage: Stage, content: bytes | str, path: str | None = None) -> httpx.Response:
    with stage.caller() as api:
        return api.put(path or f"{BOOKINGS}/{uuid4()}", content=content, headers={"Content-Type": "application/json"})


NO_JSON = {
    "broken": "{",
    "empty": "",
    "no UTF-8": b'{"title": "\xff\xfe"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "nesting of 100,000": "[" * 100_000,
    "an integer of 5,000 digits": '{"setup_minutes": 1' + "0" * 5000 + "}",
    "no object": "[1]",
    "NaN": '{"setup_minutes": NaN}',
}


@pytest.mark.parametrize("content", NO_JSON.values(), ids=NO_JSON.keys())
@pytest.mark.parametrize(
    "path", [f"{BOOKINGS}/{NOBODY}", f"/api/library/occurrences/{NOBODY}", f"/api/counters/counters/{NOBODY}"]
)
def test_body__that_is_no_usable_json__is_invalid(stage: Stage, path: str, content: bytes | str) -> None:
    assert refused(put(stage, content, path), 422, "invalid")["code"] == "invalid"


WRONG: dict[str, dict[str, Any]] = {
    "an unknown field": {"colour": "red"},
    "a NUL": {"title": "a\0b"},
    "a lone surrogate": {"title": "\ud800"},
    "a text too long": {"title": "x" * 3000},
    "an end before the start": {"ends_at": "2031-01-05T10:00:00+01:00"},
    "an end at the start": {"starts_at": "2031-01-05T10:00", "ends_at": "2031-01-05T10:00"},
    "the year 1": {"starts_at": "0001-01-01T00:00:00+14:00"},
    "the year 9999": {"ends_at": "9999-12-31T23:00:00-12:00"},
    "more than 60 days": {"ends_at": "2031-06-01T10:00:00+01:00"},
    "30 February": {"starts_at": "2031-02-30T10:00:00+01:00"},
    "a time as a number": {"starts_at": 1_900_000_000},
    "minutes as a text": {"setup_minutes": "7"},
    "minutes below zero": {"setup_minutes": -1},
    "an integer of 2**63": {"expected_people": 2**63},
    "no room": {"space_ids": []},
    "a room nobody knows": {"space_ids": [str(uuid4())]},
    "a room that is no id": {"space_ids": ["the hall"]},
    "a state there is not": {"state": "perhaps"},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_booking__with_a_wrong_field__is_invalid_and_not_made(stage: Stage, wrong: dict[str, Any]) -> None:
    path = f"{BOOKINGS}/{uuid4()}"
    answer = put(stage, json.dumps(stage.wish(8, GOOD_HOUR) | wrong), path)
    assert refused(answer, 422, "invalid")["code"] == "invalid"
    with stage.caller() as api:
        assert refused(api.get(path), 404, "not_found")["code"] == "not_found"


def test_unknown_field__is_named_in_the_refusal(stage: Stage) -> None:
    answer = put(stage, json.dumps(stage.wish(8, GOOD_HOUR) | {"colour": "red"}))
    assert "colour" in [one["loc"][-1] for one in answer.json()["errors"]]


def test_ten_megabytes__declared_or_in_pieces__are_too_large(stage: Stage) -> None:
    body = json.dumps(stage.wish(8, GOOD_HOUR) | {"title": "x" * 10_000_000}).encode()
    assert refused(put(stage, body), 413, "too_large")["code"] == "too_large"
    pieces = (body[at : at + 65536] for at in range(0, len(body), 65536))
    with stage.caller() as api:
        answer = api.put(f"{BOOKINGS}/{uuid4()}", content=pieces, headers={"Content-Type": "application/json"})
    assert refused(answer, 413, "too_large")["code"] == "too_large"


@pytest.mark.parametrize(
    "path",
    [
        f"{BOOKINGS}/{NOBODY}",
        f"/api/facility/spaces/{NOBODY}",
        f"/api/library/occurrences/{NOBODY}",
        f"/api/counters/counters/{NOBODY}",
        f"/api/aggregator/squares/{NOBODY}/resources",
        f"/api/post_office/letters/{NOBODY}",
        "/api/aggregator/changes",
    ],
)
def test_thing__that_there_is_not__is_not_found(stage: Stage, path: str) -> None:
    with stage.caller() as api:
        assert refused(api.get(path), 404, "not_found")["code"] == "not_found"


def test_square__of_others__is_as_if_it_were_not_there(stage: Stage) -> None:
    booking = f"{BOOKINGS}/{uuid4()}"
    with stage.caller() as owner:
        assert owner.put(booking, json=stage.wish(8, GOOD_HOUR + 1)).status_code == 201
    with stage.caller(f"house_manager@{uuid4()}") as stranger:
        for path in (booking, f"/api/aggregator/squares/{stage.square}/resources"):
            refused(stranger.get(path), 404, "not_found")
        refused(stranger.post(f"{booking}/cancel", json={}, headers={"If-Match": '"1"'}), 404, "not_found")


def tampered(token: str) -> str:
    """The same claims with one character of the signature changed."""
    head, claims, signature = token.split(".")
    return ".".join([head, claims, ("A" if signature[0] != "A" else "B") + signature[1:]])


def promoted(token: str) -> str:
    """A reader's signature under an administrator's claims."""
    return ".".join([*token.split(".")[:2], "x" * 86])


def dev_key(house: House) -> OKPKey:
    return OKPKey.import_key(json.loads(Instance(house.folder).dev_key.read_text()))


def bad_tokens(house: House) -> dict[str, str | None]:
    good = Instance(house.folder).token(["admin@*"])
    own = OKPKey.generate_key("Ed25519", {"kid": DEV_KEY})
    return {
        "none": None,
        "empty": "Bearer",
        "no token": "Bearer nonsense",
        "tampered": f"Bearer {tampered(good)}",
        "without a signature that fits": f"Bearer {promoted(good)}",
        "expired": f"Bearer {mint(dev_key(house), 'x', ['admin@*'], -60, 'torg-local')}",
        "of a key nobody knows": f"Bearer {mint(own, 'x', ['admin@*'], 600, 'torg-local')}",
        "of another scheme": f"Basic {good}",
    }


@pytest.mark.parametrize(
    "path", [BOOKINGS, "/api/library/activities", "/api/counters/counters", "/api/aggregator/squares"]
)
def test_caller__without_a_token_of_ours_that_is_valid_now__has_to_sign_in(stage: Stage, path: str) -> None:
    for name, authorization in bad_tokens(stage.house).items():
        headers = {"Authorization": authorization} if authorization else {}
        answer = httpx.get(f"{stage.house.url}{path}?square_id={stage.square}", headers=headers, trust_env=False)
        assert refused(answer, 401, "unauthenticated"), name


def test_command__without_the_version_seen_or_with_an_old_one__is_refused(stage: Stage) -> None:
    path = f"{BOOKINGS}/{uuid4()}"
    with stage.caller() as api:
        assert api.put(path, json=stage.wish(8, GOOD_HOUR + 2)).status_code == 201
        refused(api.post(f"{path}/cancel", json={}), 428, "precondition_required")
        stale = refused(api.post(f"{path}/cancel", json={}, headers={"If-Match": '"7"'}), 412, "stale")
        refused(api.post(f"{path}/cancel", json={}, headers={"If-Match": "seven"}), 422, "invalid")
    assert stale["current"]["version"] == 1


def test_readings__of_which_some_are_wrong__are_refused_one_by_one(stage: Stage) -> None:
    good = {"counter_id": stage.counter, "start": "2025-02-03T10:00:00Z", "in": 3}
    wrong = [{"start": "2025-02-03T10:01:00Z"}, {"counter_id": str(uuid4())}, {"in": -1}, {"in": 2**63}, {"start": "x"}]
    with stage.caller() as api:
        answer = api.post("/api/counters/readings", json={"readings": [good, *(good | one for one in wrong), None]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["accepted"] == 1
    codes = [one["code"] for one in answer.json()["rejected"]]
    assert codes == ["off_grid", "unknown_counter", "invalid", "invalid", "invalid", "invalid"]
