"""The portal from outside: signing in and out, what passes and what does not, the live stream, pages."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests import infra
from tests.integration.portal_rig import SQUARE, Rig, rig, until


@pytest.fixture(scope="module")
async def house(
    postgres: infra.Postgres, keys: infra.Keys, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Rig]:
    web = tmp_path_factory.mktemp("web")
    (web / "assets").mkdir()
    (web / "index.html").write_text('<!doctype html><html lang="nb"><title>Torg</title></html>')
    (web / "assets" / "app-x1.js").write_text("export default 1;" * 100)
    async with rig(await postgres.database("portal"), keys, web) as made:
        yield made


async def test_sign_in_gives_a_session_with_roles_and_squares(house: Rig) -> None:
    async with house.browser() as browser:
        session = (await browser.get("/api/portal/session")).json()
    assert session["signed_in"] is True
    assert session["user"] == {"name": "Hussjef", "roles": [["house_manager", "*"]]}
    assert session["squares"][0]["id"] == SQUARE


async def test_sign_in_returns_to_where_the_reader_was(house: Rig) -> None:
    async with house.client() as browser:
        back = await house.begin(browser, "hussjef", "/dag?date=2026-11-24")
        assert (await browser.get(back)).headers["location"] == "/dag?date=2026-11-24"


async def test_session_cookie_is_closed_to_scripts_and_new_at_each_sign_in(house: Rig) -> None:
    async with house.client() as browser:
        secrets = []
        for _ in range(2):
            answer = await browser.get(await house.begin(browser, "hussjef"))
            cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith(f"{house.settings.cookie}="))
            assert "HttpOnly" in cookie
            assert "samesite=lax" in cookie.lower()
            secrets.append(browser.cookies[house.settings.cookie])
        assert secrets[0] != secrets[1]
        async with house.client(Cookie=f"{house.settings.cookie}={secrets[0]}") as former:
            assert (await former.get("/api/portal/session")).json()["signed_in"] is False


async def test_sign_in_by_somebody_without_a_role_is_refused_with_a_page(house: Rig) -> None:
    async with house.client() as browser:
        answer = await browser.get(await house.begin(browser, "fremmed"))
        assert answer.status_code == 403
        assert "ingen rolle" in answer.text
        assert (await browser.get("/api/portal/session")).json()["signed_in"] is False


async def test_callback_works_once(house: Rig) -> None:
    async with house.client() as browser:
        back = await house.begin(browser, "hussjef")
        browser_cookies = dict(browser.cookies)
        assert (await browser.get(back)).status_code == 303
        async with httpx.AsyncClient(cookies=browser_cookies, trust_env=False) as again:
            assert (await again.get(back)).status_code == 400


async def test_callback_in_another_browser_is_refused(house: Rig) -> None:
    async with house.client() as victim, house.client() as attacker:
        back = await house.begin(attacker, "hussjef")
        assert (await victim.get(back)).status_code == 400
        assert house.settings.cookie not in victim.cookies


async def test_callback_with_another_code_is_refused(house: Rig) -> None:
    async with house.client() as browser:
        back = httpx.URL(await house.begin(browser, "hussjef"))
        answer = await browser.get(back.copy_set_param("code", "made-up"))
        assert answer.status_code == 403


async def test_logout_ends_the_session_at_once(house: Rig) -> None:
    async with house.browser() as browser:
        cookie = browser.cookies[house.settings.cookie]
        assert (await browser.post("/auth/logout")).json()["signed_in"] is False
        async with house.client(Cookie=f"{house.settings.cookie}={cookie}") as thief:
            assert (await thief.get("/api/facility/squares")).status_code == 401


async def test_logout_by_a_form_leads_to_the_front_page(house: Rig) -> None:
    async with house.browser() as browser:
        answer = await browser.post("/auth/logout", data={}, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert (await browser.get("/api/portal/session")).json()["signed_in"] is False


async def test_session_table_holds_no_secret(house: Rig) -> None:
    async with house.browser() as browser:
        secret = browser.cookies[house.settings.cookie]
        conn = await asyncpg.connect(house.settings.database_dsn.get_secret_value())
        try:
            rows = await conn.fetch("select * from portal.session")
        finally:
            await conn.close()
    assert rows
    assert not any(secret in str(value) for row in rows for value in row.values())


@pytest.mark.parametrize("column", ["seen_at", "signed_in_at"])
async def test_session_that_ran_out_is_over(house: Rig, column: str) -> None:
    async with house.browser() as browser:
        conn = await asyncpg.connect(house.settings.database_dsn.get_secret_value())
        try:
            await conn.execute(f"update portal.session set {column} = {column} - $1::interval", timedelta(hours=12))
        finally:
            await conn.close()
        assert (await browser.get("/api/facility/squares")).status_code == 401


async def test_forward_passes_path_query_and_versions_as_they_are(house: Rig) -> None:
    async with house.browser() as browser:
        answer = await browser.get(
            "/api/facility/spaces/a%2Fb?x=%20y&x=2", headers={"If-Match": '"3"', "Accept-Language": "en"}
        )
    told = answer.json()
    assert answer.status_code == 201
    assert (told["raw_path"], told["query"]) == ("/api/facility/spaces/a%2Fb", "x=%20y&x=2")
    assert told["headers"]["if-match"] == '"3"'
    assert told["headers"]["accept-language"] == "en"
    assert answer.headers["etag"] == '"4"'
    assert answer.headers["x-extra"] == "kept"


async def test_forward_tells_the_service_who_asks_for_a_minute_and_nothing_else(house: Rig) -> None:
    async with house.browser() as browser:
        answer = await browser.get("/api/facility/squares", headers={"X-Request-Id": "abc-123", "X-Actor": "admin"})
    headers = answer.json()["headers"]
    actor = house.app.state.verifier.verify(headers["authorization"].removeprefix("Bearer "))
    assert actor.roles == frozenset({("house_manager", "*")})
    assert headers["x-request-id"] == answer.headers["x-request-id"] == "abc-123"
    assert "cookie" not in headers
    assert "x-actor" not in headers
    assert "set-cookie" not in answer.headers


async def test_forward_passes_a_callers_own_token_on(house: Rig) -> None:
    async with house.caller("front_line@*") as caller:
        answer = await caller.put("/api/facility/squares/1", json={"name": "x"})
        assert answer.json()["headers"]["authorization"] == caller.headers["authorization"]


async def test_forward_leaves_a_token_of_the_services_own_to_the_service(house: Rig) -> None:
    async with house.client(Authorization="Bearer not-ours") as client:
        own = await client.put(f"/api/health_station/appointments/record/{SQUARE}/2026-11-24", json={})
        other = await client.get("/api/health_station/appointments")
    assert (own.status_code, own.json()["headers"]["authorization"]) == (201, "Bearer not-ours")
    assert other.status_code == 401


@pytest.mark.parametrize(
    "authorization", ["Bearer torg-counter-x", "Basic ZGV2aWNlOnRvcmctY291bnRlci14", "torg-counter-x"]
)
async def test_forward_leaves_a_devices_token_to_counters(house: Rig, authorization: str) -> None:
    async with house.client(Authorization=authorization) as client:
        pushed = await client.post("/api/counters/push/xovis", json={})
        other = await client.post("/api/counters/readings", json={})
    assert (pushed.status_code, pushed.json()["headers"]["authorization"]) == (201, authorization)
    assert other.status_code == 401


async def test_metrics_tell_nothing_of_appointments(house: Rig) -> None:
    async with house.caller("unit_editor@x") as client:
        before = (await client.get("/metrics")).text
        assert (await client.put(f"/api/health_station/appointments/{SQUARE}", json={})).status_code == 201
        after = (await client.get("/metrics")).text

    def counted(text: str) -> list[str]:
        return [line for line in text.splitlines() if line.startswith("torg_http") and "{service}" in line]

    assert counted(after) == counted(before)


@pytest.mark.parametrize("token", ["junk", "a.b.c"])
async def test_forward_with_a_bad_token_is_refused_although_a_cookie_is_there(house: Rig, token: str) -> None:
    async with house.browser() as browser:
        answer = await browser.get("/api/facility/squares", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401


async def test_forward_without_sign_in_is_refused(house: Rig) -> None:
    async with house.client() as stranger:
        answer = await stranger.get("/api/facility/squares", headers={"Accept-Language": "en"})
    assert answer.status_code == 401
    assert answer.json()["detail"] == "You have to sign in."


@pytest.mark.parametrize(
    "path", ["/api/nothing/x", "/api/aggregator/changes", "/api/aggregator/changes/", "/api/facility/../../test/clock"]
)
async def test_forward_of_what_is_not_for_browsers_is_not_found(house: Rig, path: str) -> None:
    async with house.caller("admin@*") as caller:
        answer = await caller.get(httpx.URL(house.url).copy_with(raw_path=path.encode()))
        assert answer.status_code == 404 or answer.json()["raw_path"] == path  # never another path than was written


async def test_forward_to_a_service_that_is_away_says_so_in_the_readers_language(house: Rig) -> None:
    async with house.browser() as browser:
        answer = await browser.get("/api/library/activities", headers={"Accept-Language": "en"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["detail"] == "The library does not answer just now. Try again."


@pytest.mark.parametrize("declared", [True, False])
async def test_forward_of_a_body_over_the_limit_is_refused(house: Rig, declared: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 10_000

    async with house.caller("admin@*") as caller:
        content = b"x" * 300_000 if declared else chunks()
        answer = await caller.put("/api/facility/squares/1", content=content)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


async def test_forward_of_readings_takes_four_megabytes(house: Rig) -> None:
    async with house.caller("admin@*") as caller:
        answer = await caller.post("/api/facility/import", content=b"x" * 300_000)
        assert answer.status_code == 413
        house.settings.service_urls["counters"] = house.settings.service_urls["facility"]
        answer = await caller.post("/api/counters/readings", content=b"x" * 3_000_000)
        assert answer.json()["length"] == 3_000_000
        answer = await caller.post("/api/counters/readings", content=b"x" * 5_000_000)
        assert answer.status_code == 413


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
)
async def test_unsafe_request_of_another_site_is_refused(house: Rig, headers: dict[str, str]) -> None:
    async with house.browser() as browser:
        answer = await browser.put("/api/facility/squares/1", json={}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
        assert (await browser.post("/auth/logout", headers=headers)).status_code == 403
        assert (await browser.get("/api/portal/session")).json()["signed_in"] is True


async def test_form_post_of_our_own_page_is_refused(house: Rig) -> None:
    async with house.browser() as browser:
        answer = await browser.post("/api/facility/squares", data={"name": "x"})
        assert answer.status_code == 415


async def test_test_clock_reaches_every_service_and_names_those_it_does_not(house: Rig) -> None:
    async with house.caller("admin@*") as caller:
        answer = await caller.put("/test/clock", json={"now": "2026-10-01T10:00:00Z"})
        assert answer.status_code == 503
        assert answer.json()["services"] == ["library"]
        # With one away, the others have the time and do what is due all the same.
        assert [told["run_due"] for told in house.upstream.clocks if told["now"] == "2026-10-01T10:00:00Z"][-1]
        assert {"now": "2026-10-01T10:00:00Z", "run_due": False} in house.upstream.clocks
        async with house.caller("house_manager@*") as manager:
            assert (await manager.put("/test/clock", json={"now": None})).status_code == 403


async def test_status_tells_how_every_service_is(house: Rig) -> None:
    async with house.browser() as browser, house.caller("admin@*") as admin:
        for _ in range(100):
            seen = (await browser.get("/api/portal/status")).json()["services"]
            if "facility" in seen:
                break
            await asyncio.sleep(0.05)
        assert seen["facility"]["state"] == "ready"
        assert seen["facility"]["lag"] == 3
        assert seen["library"]["state"] == "away"
        assert "url" not in seen["facility"]
        assert (await admin.get("/api/portal/status")).json()["services"]["facility"]["url"].startswith("http")


async def read_events(client: httpx.AsyncClient, count: int, **headers: str) -> list[dict[str, str]]:
    """The first events of a stream that are no greeting."""
    found: list[dict[str, str]] = []
    async with client.stream("GET", f"/api/portal/stream?square={SQUARE}", headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["x-accel-buffering"] == "no"
        event: dict[str, str] = {}
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            event |= {name: value} if name else {}
            if not line and event.get("event") not in (None, "hello"):
                found.append(event)
            if not line:
                event = {}
            if len(found) >= count:
                break
    return found


async def test_stream_shows_a_change_and_resumes_after_it(house: Rig) -> None:
    async with house.browser() as browser:
        reading = asyncio.create_task(read_events(browser, 1))

        async def connected() -> bool:
            return house.app.state.hub.clients > 0 and house.app.state.feed.connected

        await until(connected)
        first = house.upstream.emit()
        assert (await reading)[0]["id"] == str(first)
        missed = [house.upstream.emit("visitors"), house.upstream.emit("calendar", str(uuid.uuid4()))]
        last = house.upstream.emit("sources")
        seen = await read_events(browser, 2, **{"Last-Event-ID": str(first)})
        assert [event["id"] for event in seen] == [str(missed[0]), str(last)]


async def test_stream_reader_that_does_not_read_is_cut_off(house: Rig) -> None:
    hub = house.app.state.hub

    async def nobody() -> bool:
        return bool(hub.clients == 0)

    async def somebody() -> bool:
        return bool(hub.clients == 1)

    async def cut_off() -> bool:
        for _ in range(200):
            house.upstream.emit()
            hub.publish(house.upstream.changes[-1] | {"ids": ["x" * 1000]})
        return await nobody()

    await until(nobody)
    with socket.socket() as sleeper:
        sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sleeper.connect(("127.0.0.1", house.settings.port))
        request = f"GET /api/portal/stream?square={SQUARE} HTTP/1.1\r\nHost: house\r\n"
        token = house.keys.token("front_line@*")
        sleeper.sendall(f"{request}Authorization: Bearer {token}\r\n\r\n".encode())
        await until(somebody)
        await until(cut_off)
        assert hub.clients == 0


async def test_stream_of_a_foreign_square_is_not_found(house: Rig) -> None:
    async with house.caller(f"front_line@{uuid.uuid4()}") as caller:
        assert (await caller.get(f"/api/portal/stream?square={SQUARE}")).status_code == 404


async def test_stream_without_sign_in_is_refused(house: Rig) -> None:
    async with house.client() as stranger:
        assert (await stranger.get(f"/api/portal/stream?square={SQUARE}")).status_code == 401


async def test_stream_ends_after_signing_out(house: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.portal.stream.RECHECK_SECONDS", 0.05)
    monkeypatch.setattr("services.portal.stream.PING_SECONDS", 0.05)
    async with (
        house.browser() as browser,
        browser.stream("GET", f"/api/portal/stream?square={SQUARE}") as answer,
    ):
        await browser.post("/auth/logout")
        async with asyncio.timeout(5):
            read = [line async for line in answer.aiter_lines()]
    assert ": ping" in read


async def test_pages_are_closed_to_foreign_scripts_and_frames(house: Rig) -> None:
    async with house.client() as stranger:
        answer = await stranger.get("/")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_site_serves_files_for_ever_and_its_shell_for_made_up_addresses(house: Rig) -> None:
    async with house.client() as stranger:
        script = await stranger.get("/assets/app-x1.js")
        assert "immutable" in script.headers["cache-control"]
        assert script.headers["content-encoding"] == "gzip"
        shell = await stranger.get("/dag/2026-11-24")
        assert shell.headers["cache-control"] == "no-cache"
        again = await stranger.get("/dag/2026-11-24", headers={"If-None-Match": shell.headers["etag"]})
        assert again.status_code == 304


@pytest.mark.parametrize("path", ["/assets/none.js", "/..%2f..%2fetc/passwd.txt", "/api/portal/none", "/auth/none"])
async def test_site_what_is_not_there_is_not_found(house: Rig, path: str) -> None:
    async with house.client() as stranger:
        assert (await stranger.get(path)).status_code == 404


async def test_pages_without_javascript_speak_both_languages(house: Rig) -> None:
    async with house.client() as stranger:
        assert "Tilgjengelighetserklæring" in (await stranger.get("/tilgjengelighet")).text
        assert '<html lang="en">' in (await stranger.get("/accessibility?lang=en")).text
        assert "hussjef" in (await stranger.get("/demo")).text


async def test_site_that_is_not_built_says_what_to_do(
    postgres: infra.Postgres, keys: infra.Keys, tmp_path: Path
) -> None:
    async with rig(await postgres.database("portal"), keys, tmp_path / "none") as bare, bare.client() as stranger:
        answer = await stranger.get("/")
        assert answer.status_code == 503
        assert "make web" in answer.text
