"""Who may come in, for how long and from where."""

from datetime import UTC, datetime, timedelta

import pytest

from services.portal.domain import Session, challenge, is_form, opaque_subject, roles_of, safe_next, same_site

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
OWN = ("http://127.0.0.1:8080",)


def session(signed_in: timedelta, seen: timedelta) -> Session:
    return Session(b"", "somebody", "Somebody", ("torg-admin",), NOW - signed_in, NOW - seen)


@pytest.mark.parametrize(
    ("signed_in", "seen", "alive"),
    [
        (timedelta(hours=1), timedelta(minutes=29), True),
        (timedelta(hours=1), timedelta(minutes=30), False),
        (timedelta(hours=12), timedelta(0), False),
        (timedelta(hours=11, minutes=59), timedelta(0), True),
    ],
)
def test_session_ends_when_idle_or_old(signed_in: timedelta, seen: timedelta, alive: bool) -> None:
    assert session(signed_in, seen).alive(NOW) is alive


def test_session_is_noted_as_seen_once_a_minute() -> None:
    assert not session(timedelta(hours=1), timedelta(seconds=59)).to_be_seen(NOW)
    assert session(timedelta(hours=1), timedelta(seconds=60)).to_be_seen(NOW)


@pytest.mark.parametrize("path", ["/", "/dag?date=2026-11-24", "/a/b#c"])
def test_safe_next_own_path_is_kept(path: str) -> None:
    assert safe_next(path) == path


@pytest.mark.parametrize(
    "path",
    [None, "", "//evil.example", "/\\evil.example", "https://evil.example", "x", "/a\nb", "/a\\b", "/" + "x" * 600],
)
def test_safe_next_anything_else_leads_home(path: str | None) -> None:
    assert safe_next(path) == "/"


@pytest.mark.parametrize(
    ("method", "fetch_site", "origin", "allowed"),
    [
        ("GET", "cross-site", "https://evil.example", True),
        ("PUT", "same-origin", None, True),
        ("PUT", "none", None, True),
        ("PUT", "same-site", "http://127.0.0.1:8080", False),
        ("PUT", "cross-site", "http://127.0.0.1:8080", False),
        ("PUT", None, "http://127.0.0.1:8080", True),
        ("PUT", None, "http://127.0.0.1:9999", False),
        ("PUT", None, "null", False),
        ("POST", None, None, False),
    ],
)
def test_same_site_only_our_own_page_may_change_things(
    method: str, fetch_site: str | None, origin: str | None, allowed: bool
) -> None:
    assert same_site(method, fetch_site, origin, OWN) is allowed


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "TEXT/plain"])
def test_is_form_what_a_foreign_page_can_send_unasked(kind: str) -> None:
    assert is_form(kind)


def test_is_form_json_is_none() -> None:
    assert not is_form("application/json; charset=utf-8")


def test_roles_of_unknown_groups_mean_nothing() -> None:
    table = {"torg-admin": ["admin@*"], "desk": ["front_line@a", "front_line@b"]}
    assert roles_of(["desk", "others", "desk"], table) == ("front_line@a", "front_line@b")
    assert roles_of(["others"], table) == ()


def test_challenge_is_that_of_rfc_7636_appendix_b() -> None:
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_opaque_subject_is_stable_and_tells_nothing() -> None:
    first = opaque_subject("https://issuer", "kari")
    assert first == opaque_subject("https://issuer", "kari")
    assert first != opaque_subject("https://other", "kari")
    assert "kari" not in first
