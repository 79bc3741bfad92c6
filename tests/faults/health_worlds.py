"""A house whose health station has a day of appointments, and all that anybody else can learn of it.

Two worlds are built alike but for the appointments; every id a test makes is the same in both, ids of requests too.
"""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx

from deploy.house import topics
from deploy.local.instance import Instance
from tests.faults import oracles
from tests.house import House, wait_until
from tests.log_reader import reading

DAY, NEXT = "2031-03-03", "2031-03-04"
UNPUBLISHED = "select count(*) as count from outbox where published_at is null"
COMPLETE = """
select source, min(complete_until) as until from source_watermark
where generation = (select generation from projection where name = 'sources') group by source
"""
KNOWN = """
select (select count(*) from known_space) + (select count(*) from known_square) + (select count(*) from known_unit)
"""
STATION = "/api/health_station"


def id_of(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"torg:health-worlds:{name}"))


SQUARE, STATION_UNIT, LIBRARY = (id_of(name) for name in ("square", "station", "library"))
ROOMS = tuple(id_of(f"room {n}") for n in (1, 2))
SHARED = id_of("meeting room")
# Who looks on; none of them belongs to the health station.
ONLOOKERS = {
    "front line": [f"front_line@{SQUARE}"],
    "library": [f"unit_editor@{LIBRARY}", f"front_line@{SQUARE}"],
    "house manager": [f"house_manager@{SQUARE}"],
    "auditor": ["auditor@*"],
    "administrator": ["admin@*"],
}


def at(clock: str, day: str = DAY) -> str:
    """By the clock in Oslo."""
    return f"{day}T{clock}:00+01:00"


@dataclass
class World:
    house: House
    counted: int = 0
    log_from: dict[Path, int] = field(default_factory=dict)

    def caller(self, *roles: str) -> httpx.Client:
        token = Instance(self.house.folder).token(list(roles))
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        return httpx.Client(base_url=self.house.url, headers=headers, timeout=60, trust_env=False)

    def ask(self, api: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
        """As an onlooker or in setting the stage: the request's id is the same in every world."""
        self.counted += 1
        return api.request(method, path, headers={"X-Request-Id": f"rq-{self.counted}"}, **more)

    def furnish(self) -> None:
        here = {"square_id": SQUARE}
        with self.caller("admin@*") as api:
            for path, body in (
                (f"squares/{SQUARE}", {"name": "Prøvetorget", "time_zone": "Europe/Oslo", "status": "operating"}),
                (f"units/{STATION_UNIT}", here | {"kind": "health_station", "name": "Helsestasjonen"}),
                (f"units/{LIBRARY}", here | {"kind": "library", "name": "Biblioteket"}),
                *((f"spaces/{room}", here | {"unit_id": STATION_UNIT, "name": "Helse"}) for room in ROOMS),
                (f"spaces/{SHARED}", here | {"name": "Møterom"}),
            ):
                assert self.ask(api, "PUT", f"/api/facility/{path}", json=body).status_code == 201
        wait_until(lambda: self._station_knows() == 6, "the health station has not heard of its house")
        self.settle("08:00")
        self.log_from = {path: path.stat().st_size for path in self._logs()}

    def clock(self, clock: str) -> None:
        with self.caller("admin@*") as api:
            answer = self.ask(api, "PUT", "/test/clock", json={"now": at(clock), "run_due": True})
            assert answer.status_code == 200, answer.text

    def settle(self, clock: str) -> None:
        """Everything said is on the log and in the views, and every source is known to be complete up to `clock`."""
        publishers = [one.name.removeprefix("torg.").removesuffix(".v1") for one in topics()]
        wait_until(
            lambda: not any(oracles.rows(self.house, name, UNPUBLISHED)[0]["count"] for name in publishers),
            "an outbox was not emptied",
        )
        oracles.caught_up(self.house)
        until = dt.datetime.fromisoformat(at(clock))
        wait_until(
            lambda: all(row["until"] == until for row in oracles.rows(self.house, "aggregator", COMPLETE)),
            "a source is not known to be complete",
        )

    def answers(self) -> dict[str, bytes]:
        """What each onlooker is answered, byte for byte."""
        found = {}
        for who, roles in ONLOOKERS.items():
            with self.caller(*roles) as api:
                for name, (method, path, more) in _questions().items():
                    answer = self.ask(api, method, path, **more)
                    kept = {key: value for key, value in answer.headers.items() if key != "date"}
                    head = json.dumps([answer.status_code, kept]).encode()
                    found[f"{who}: {name}"] = head + b"\n" + answer.content
        return found

    def records(self) -> list[tuple[str, bytes, bytes, list[tuple[str, bytes]]]]:
        """(topic, key, value, headers) of every record but the watermarks, which tell the time; without its id."""
        found = []
        with reading(self.house) as reader:
            for record in reader.records():
                value = record.value()
                event = json.loads(value)
                if not event["type"].endswith(".source.watermark.v1"):
                    kept = [one for one in record.headers() if one[0] != "ce_id"]
                    found.append((record.topic(), record.key(), value.replace(event["id"].encode(), b""), kept))
        return sorted(found)

    def log_lines(self) -> dict[str, list[dict[str, Any]]]:
        """What services told of their work since the stage was set, without when. Warnings tell of a machine that was
        busy for a moment, and Kafka's client speaks of itself."""
        found: dict[str, list[dict[str, Any]]] = {}
        for path, start in self.log_from.items():
            lines = [json.loads(line) for line in path.read_bytes()[start:].splitlines() if line.startswith(b"{")]
            for line in lines:
                line.pop("timestamp")
            found[path.stem] = [line for line in lines if _of_work(line)]
        return found

    def everything_written(self) -> str:
        """Every log of the instance, of Kafka and PostgreSQL too."""
        return "".join(path.read_text(errors="replace") for path in self.house.folder.rglob("*.log"))

    def requests(self) -> dict[str, list[str]]:
        """How often every route of each service was asked for, but those by which the house looks after itself."""
        found = {}
        for name, one in self.house.status()["services"].items():
            text = httpx.get(f"{one['url']}/metrics", trust_env=False).text
            counted = [line for line in text.splitlines() if line.startswith("torg_http_requests_total{")]
            found[name] = [line for line in counted if 'route="/api/' in line and "/changes" not in line]
        return found

    def _station_knows(self) -> int:
        """How many of the rooms, squares and units it has a copy of."""
        (row,) = oracles.rows(self.house, "health_station", f"{KNOWN} as count")
        return int(row["count"])

    def _logs(self) -> Iterator[Path]:
        return (
            path for path in sorted((self.house.folder / "logs").glob("*.log")) if path.stem in _services(self.house)
        )


@dataclass
class Nurse:
    """The health station's own: by hand and by its record. Its requests are not counted, and have ids of their own."""

    world: World

    def put(self, name: str, room: int, start: str, end: str, kind: str, version: int | None = None) -> None:
        body = {
            "unit_id": STATION_UNIT,
            "space_id": ROOMS[room],
            "starts_at": at(start),
            "ends_at": at(end),
            "kind": kind,
        }
        headers = {"If-Match": f'"{version}"'} if version else {}
        with self.world.caller(f"unit_editor@{STATION_UNIT}") as api:
            answer = api.put(f"{STATION}/appointments/{id_of(name)}", json=body, headers=headers)
            assert answer.status_code in (200, 201), answer.text

    def cancel(self, name: str, version: int = 1) -> None:
        with self.world.caller(f"unit_editor@{STATION_UNIT}") as api:
            headers = {"If-Match": f'"{version}"'}
            answer = api.post(f"{STATION}/appointments/{id_of(name)}/cancel", headers=headers)
            assert answer.status_code == 200, answer.text

    def look(self) -> None:
        window = {"unit_id": STATION_UNIT, "from": at("00:00"), "to": at("00:00", NEXT)}
        with self.world.caller(f"unit_editor@{STATION_UNIT}") as api:
            assert api.get(f"{STATION}/appointments", params=window).status_code == 200

    def issue(self) -> str:
        with self.world.caller(f"house_manager@{STATION_UNIT}") as api:
            answer = api.put(f"{STATION}/record-tokens/{id_of('token')}", json={"unit_id": STATION_UNIT})
            secret: str = answer.json()["token"]
            return secret

    def tell(self, secret: str, room: int, as_of: str, *times: tuple[str, str]) -> None:
        told = [{"starts_at": at(start), "ends_at": at(end), "kind": "hearing_test"} for start, end in times]
        path = f"{STATION}/appointments/record/{ROOMS[room]}/{DAY}"
        body, headers = {"as_of": at(as_of), "appointments": told}, {"Authorization": f"Bearer {secret}"}
        with httpx.Client(base_url=self.world.house.url, headers=headers, trust_env=False) as adapter:
            answer = adapter.put(path, json=body)
            assert answer.status_code == 200, answer.text


def _questions() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Everything one may ask that has to do with rooms and days: method, path and the rest."""
    day = {"from": f"{DAY}T00:00", "to": f"{NEXT}T00:00"}
    spaces = {"space_id": list(ROOMS)}
    taken = {"space_ids": [ROOMS[0]], "starts_at": at("08:00"), "ends_at": at("18:00"), "title": "Hele dagen"}
    here = f"/api/aggregator/squares/{SQUARE}"
    window = {"square_id": SQUARE, "from": at("00:00"), "to": at("00:00", NEXT)}
    return {
        "bookings": ("GET", "/api/facility/bookings", {"params": {"square_id": SQUARE, **day}}),
        "bookings of the rooms": ("GET", "/api/facility/bookings", {"params": {**spaces, **day}}),
        "free": ("GET", "/api/facility/free", {"params": {**spaces, **day, "minutes": 5}}),
        "affecting": ("GET", "/api/facility/affecting", {"params": {**spaces, **day}}),
        "a refusal": ("PUT", f"/api/facility/bookings/{id_of('refused')}", {"json": taken}),
        "audit": ("GET", "/api/facility/audit", {"params": {"square_id": SQUARE}}),
        "calendar": ("GET", f"{here}/calendar", {"params": {"from": DAY, "to": NEXT}}),
        "today": ("GET", f"{here}/day", {}),
        "resources": ("GET", f"{here}/resources", {}),
        "the station's programme": ("GET", f"{STATION}/occurrences", {"params": window}),
        "the station's activities": ("GET", f"{STATION}/activities", {"params": {"square_id": SQUARE}}),
        "its rooms": ("GET", f"{STATION}/room-days", {"params": {"unit_id": STATION_UNIT, "from": DAY, "to": DAY}}),
        "its tokens": ("GET", f"{STATION}/record-tokens", {"params": {"unit_id": STATION_UNIT}}),
        "its audit": ("GET", f"{STATION}/audit", {"params": {"unit_id": STATION_UNIT}}),
    }


def _services(house: House) -> list[str]:
    return list(house.status()["services"])


def _of_work(line: dict[str, Any]) -> bool:
    trouble = line["level"] in ("warning", "error") or "error" in line
    return not trouble and not line["logger"].startswith("aiokafka")
