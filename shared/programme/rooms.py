"""Asking facility for rooms, in the name of whoever asked the unit. Facility decides; a unit only asks."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx
import structlog

from shared.contracts.programme import Activity, Occurrence
from shared.identity import Actor
from shared.problems import Message, Problem, Unavailable
from shared.programme.domain import booking_id_of

_BOOKINGS_OF_AN_OCCURRENCE = 8
_SECONDS = 3.0
_AWAY = Message("Romtjenesten svarer ikke akkurat nå.", "The room service does not answer just now.")


class Refused(Problem):
    """Facility's own answer, passed on as it is."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        known = {"type", "title", "status", "code", "detail", "request_id"}
        super().__init__(body.get("detail"), code=body.get("code"), **{k: v for k, v in body.items() if k not in known})
        self.status = status


class Rooms:
    """Raises Unavailable when facility does not answer in time, Refused with its reasons when it says no."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx.AsyncClient(base_url=base_url, timeout=_SECONDS)

    async def close(self) -> None:
        await self._client.aclose()

    async def unit(self, who: Actor, unit_id: UUID) -> dict[str, Any] | None:
        """None when facility knows of no such unit."""
        return await self._find(who, f"/units/{unit_id}")

    async def square(self, who: Actor, square_id: UUID) -> dict[str, Any] | None:
        """None when facility knows of no such square."""
        return await self._find(who, f"/squares/{square_id}")

    async def _find(self, who: Actor, path: str) -> dict[str, Any] | None:
        try:
            return await self.ask("GET", path, who)
        except Refused as refusal:
            if refusal.status == 404:
                return None
            raise

    async def hold(self, who: Actor, occurrence: Occurrence, activity: Activity, override: bool) -> tuple[UUID, int]:
        """Holds the room for facility's usual quarter of an hour; the booking's id and version.

        Repeating it finds the same hold. Where an earlier booking of the occurrence is over, the next id is taken.
        """
        body = {
            **_slot(occurrence),
            **_about(activity),
            "owner_ref": f"occurrence/{occurrence.occurrence_id}",
            "state": "held",
            "override": override,
        }
        for attempt in range(_BOOKINGS_OF_AN_OCCURRENCE):
            booking_id = booking_id_of(occurrence.occurrence_id, attempt)
            try:
                answer = await self.ask("PUT", f"/bookings/{booking_id}", who, body)
            except Refused as refusal:
                if refusal.code == "id_in_use":
                    continue
                raise
            if answer["state"] in ("held", "confirmed"):
                return booking_id, int(answer["version"])
        raise Unavailable(code="too_many_bookings")

    async def confirm(self, who: Actor, booking_id: UUID, version: int) -> None:
        await self.ask("POST", f"/bookings/{booking_id}/confirm", who, {}, version)

    async def cancel(self, who: Actor, booking_id: UUID) -> None:
        """Gives up a booking that may be over already."""
        present = await self.ask("GET", f"/bookings/{booking_id}", who)
        if present["state"] in ("requested", "held", "confirmed", "affected"):
            await self.ask("POST", f"/bookings/{booking_id}/cancel", who, {}, int(present["version"]))

    async def move(self, who: Actor, occurrence: Occurrence, override: bool) -> int:
        """Moves the occurrence's booking to where the occurrence now is; the booking's version."""
        present = await self.ask("GET", f"/bookings/{occurrence.booking_id}", who)
        body = {**_slot(occurrence), "override": override}
        path = f"/bookings/{occurrence.booking_id}/move"
        return int((await self.ask("POST", path, who, body, int(present["version"])))["version"])

    async def series(
        self, who: Actor, series_id: UUID, activity: Activity, dates: Sequence[Occurrence], override: bool
    ) -> dict[UUID, dict[str, Any]]:
        """Facility's decision for each booking id."""
        shared = {key: value for key, value in _slot(dates[0]).items() if key not in ("starts_at", "ends_at")}
        occurrences = [
            {
                "id": str(date.booking_id),
                "starts_at": _text(date.starts_at),
                "ends_at": _text(date.ends_at),
                "owner_ref": f"occurrence/{date.occurrence_id}",
            }
            for date in dates
        ]
        body = {**shared, **_about(activity), "override": override, "occurrences": occurrences}
        answer = await self.ask("PUT", f"/series/{series_id}", who, body)
        return {UUID(row["id"]): row for row in answer["occurrences"]}

    async def ask(
        self, method: str, path: str, who: Actor, body: dict[str, Any] | None = None, version: int | None = None
    ) -> dict[str, Any]:
        """Facility's answer to any request under /api/facility."""
        headers = {"Authorization": f"Bearer {who.token}", **_context()}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        try:
            answer = await self._client.request(method, f"/api/facility{path}", json=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable(_AWAY, code="facility_unavailable") from error
        if answer.status_code >= 500:
            raise Unavailable(_AWAY, code="facility_unavailable")
        if answer.is_error:
            raise Refused(answer.status_code, answer.json())
        found: dict[str, Any] = answer.json()
        return found


def _slot(occurrence: Occurrence) -> dict[str, Any]:
    return {
        "space_ids": [str(space) for space in occurrence.space_ids],
        "starts_at": _text(occurrence.starts_at),
        "ends_at": _text(occurrence.ends_at),
        "setup_minutes": occurrence.setup_minutes,
        "teardown_minutes": occurrence.teardown_minutes,
    }


def _about(activity: Activity) -> dict[str, Any]:
    return {
        "title": activity.title_nb,
        "unit_id": str(activity.unit_id),
        "organiser_kind": activity.organiser_kind,
        "needs": activity.access_needs or None,
    }


def _text(at: dt.datetime) -> str:
    return at.isoformat()


def _context() -> dict[str, str]:
    bound = structlog.contextvars.get_contextvars()
    found = {"X-Request-Id": bound.get("request_id"), "Accept-Language": bound.get("language")}
    return {name: value for name, value in found.items() if value}
