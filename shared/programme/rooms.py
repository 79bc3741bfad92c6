"""Asking facility for rooms, in the name of whoever asked the unit. Facility decides; a unit only asks."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import structlog

from shared.contracts.programme import Activity, Occurrence
from shared.identity import Actor
from shared.problems import Conflict, Message, Problem, Unavailable
from shared.programme.bodies import Terms, Where
from shared.programme.domain import bookings_of

_SECONDS = 3.0
_TRIES = 3
_STANDS = ("held", "confirmed", "affected")
_GRANTED = Message(
    "Flyttingen er nettopp godkjent. Se på datoen igjen.", "The move was granted just now. Look at the date again."
)
_AWAY = Message("Romtjenesten svarer ikke akkurat nå.", "The room service does not answer just now.")


class Refused(Problem):
    """Facility's own answer, passed on as it is."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        known = {"type", "title", "status", "code", "detail", "request_id"}
        super().__init__(body.get("detail"), code=body.get("code"), **{k: v for k, v in body.items() if k not in known})
        self.status = status

    def names(self, rule: str) -> bool:
        return any(reason.get("rule") == rule for reason in self.extra.get("reasons", ()))


@dataclass(frozen=True)
class Booked:
    """A booking as facility answers with it, with what it warns of."""

    id: UUID
    version: int
    state: str
    warnings: Sequence[dict[str, Any]] = ()


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

    async def book(
        self,
        who: Actor,
        occurrence: Occurrence,
        version: int,
        activity: Activity,
        terms: Terms,
        replaces: UUID | None = None,
    ) -> Booked:
        """Holds the room for facility's usual quarter of an hour, or requests it, instead of what it `replaces`.

        Facility gives it up again when a `version` of the occurrence later than this one does not name it.

        Repeating it finds the same hold or request, which may have been granted since. Where an earlier booking of the
        occurrence is over, or another, the next id is taken. What it would have replaced may be over by now.
        """
        state = "requested" if terms.request else "held"
        body = {
            **_slot(occurrence),
            **_about(activity),
            **_terms(occurrence, terms),
            **_people(occurrence, terms),
            "owner_ref": f"occurrence/{occurrence.occurrence_id}",
            "owner_version": version,
            "state": state,
            **({"replaces": str(replaces)} if replaces else {}),
        }
        for booking_id in bookings_of(occurrence.occurrence_id):
            try:
                answer = await self.ask("PUT", f"/bookings/{booking_id}", who, body)
            except Refused as refusal:
                if refusal.code == "id_in_use":
                    continue
                if replaces and refusal.names("replaces_over"):
                    return await self.book(who, occurrence, version, activity, terms)
                raise
            if answer["state"] in (state, "confirmed"):
                return _booked(booking_id, answer)
        raise Unavailable(code="too_many_bookings")

    async def confirm(self, who: Actor, booking_id: UUID, version: int) -> None:
        await self.ask("POST", f"/bookings/{booking_id}/confirm", who, {}, version)

    async def cancel(self, who: Actor, booking_id: UUID) -> None:
        """Gives up a booking that may be over already, or never have come about."""
        await self._give_back(who, booking_id, ("requested", *_STANDS))

    async def withdraw(self, who: Actor, booking_id: UUID) -> None:
        """Takes back a request. Raises Conflict for one that was granted meanwhile."""
        if await self._give_back(who, booking_id, ("requested",)) == "confirmed":
            raise Conflict(_GRANTED, code="granted_meanwhile")

    async def _give_back(self, who: Actor, booking_id: UUID, while_in: Collection[str]) -> str | None:
        """The state it is in then; None for one that there never was."""
        for _ in range(_TRIES):
            present = await self._find(who, f"/bookings/{booking_id}")
            if present is None or present["state"] not in while_in:
                return str(present["state"]) if present else None
            try:
                answer = await self.ask("POST", f"/bookings/{booking_id}/cancel", who, {}, int(present["version"]))
            except Refused as refusal:
                if refusal.code != "stale":  # somebody decided about it just now
                    raise
            else:
                return str(answer["state"])
        raise Unavailable

    async def move(self, who: Actor, occurrence: Occurrence, booking_id: UUID, terms: Terms) -> Booked | None:
        """Moves the occurrence's booking to where the occurrence now is; None for one that does not stand any more."""
        path = f"/bookings/{booking_id}"
        present = await self.ask("GET", path, who)
        if present["state"] not in _STANDS:
            return None
        body = {**_slot(occurrence), **_terms(occurrence, terms)}
        return _booked(booking_id, await self.ask("POST", f"{path}/move", who, body, int(present["version"])))

    async def series(
        self, who: Actor, series_id: UUID, activity: Activity, dates: Sequence[Occurrence], terms: Terms
    ) -> dict[UUID, dict[str, Any]]:
        """Facility's decision for each booking id, and what has come of it since: `state`."""
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
        state = "requested" if terms.request else "confirmed"
        told = {**_about(activity), **_terms(dates[0], terms), **_people(dates[0], terms)}
        asked = {"state": state, **({"owner_version": 0} if terms.request else {})}  # all of them are new
        body = {**shared, **told, **asked, "occurrences": occurrences}
        answer = await self.ask("PUT", f"/series/{series_id}", who, body)
        if terms.request:  # sent again, some of them may have been decided
            answer = await self.ask("GET", f"/series/{series_id}", who)
        return {UUID(row["id"]): {"state": state, **row} for row in answer["occurrences"]}

    async def dates_of_series(self, who: Actor, series_id: UUID) -> dict[UUID, dict[str, Any]]:
        """What facility says of each date of a series, by the id of its booking."""
        answer = await self.ask("GET", f"/series/{series_id}", who)
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


def _booked(booking_id: UUID, answer: dict[str, Any]) -> Booked:
    return Booked(booking_id, int(answer["version"]), answer["state"], answer.get("warnings", ()))


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
        "noise_out": activity.noise_out or None,
        "quiet_need": activity.quiet_need or None,
    }


def _terms(occurrence: Occurrence, terms: Terms) -> dict[str, Any]:
    """What the occurrence is asked for with, and why beyond the rules: that is facility's to judge and to keep."""
    said = {
        "purpose": occurrence.purpose,
        "responsible_role": occurrence.responsible_role,
        "equipment": brought(occurrence) if occurrence.equipment or terms.equipment is not None else None,
        "exception": terms.exception and terms.exception.model_dump(mode="json"),
    }
    return {**{name: value for name, value in said.items() if value is not None}, "override": terms.override}


def _people(occurrence: Occurrence, terms: Terms) -> dict[str, int]:
    """How many a room has to hold: as many as are expected, or else as are let in. Nothing where nobody said."""
    expected = terms.expected_people if isinstance(terms, Where) else None
    people = occurrence.capacity if expected is None else expected
    return {} if people is None else {"expected_people": people}


def brought(occurrence: Occurrence) -> list[dict[str, Any]]:
    """As facility takes it and answers with it."""
    return [{"id": str(one.equipment_id), "count": one.count} for one in occurrence.equipment]


def _text(at: dt.datetime) -> str:
    return at.isoformat()


def _context() -> dict[str, str]:
    bound = structlog.contextvars.get_contextvars()
    found = {"X-Request-Id": bound.get("request_id"), "Accept-Language": bound.get("language")}
    return {name: value for name, value in found.items() if value}
