"""Devices that tell their counts: the tokens they sign in with, and what becomes of a message."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from pydantic import AfterValidator, Field, StrictStr

from services.counters import commands, store
from services.counters.adapters import READERS
from services.counters.adapters.common import Fault, Make, Place
from services.counters.adapters.discretion import Kind, found_in
from services.counters.fitting import Assigned, Settings, fit
from shared import db
from shared.clock import Clock
from shared.identity import Actor
from shared.policy import require
from shared.problems import IdInUse, Invalid, Message, NotFound, Unauthenticated
from shared.types import Body, Id

FORM = "torg-counter-"
MOST_FAULTS = 20


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("no such time zone; write it as Europe/Oslo") from None
    return name


Line = Annotated[StrictStr, Field(max_length=60, pattern=r"^[^\x00-\x1f]*$")]


class DeviceCounter(Body):
    """`line` is the device's own name or number of it, left out where it has one only; `out_line` where each direction
    has one of its own."""

    counter_id: Id
    line: Line = ""
    out_line: Line | None = None


class PutDeviceToken(Body):
    """`time_zone`: whose clock the device's times are on where it sends no offset."""

    make: Make
    counters: Annotated[list[DeviceCounter], Field(min_length=1, max_length=50)]
    time_zone: Annotated[StrictStr, AfterValidator(_known_zone)] = "Europe/Oslo"


@dataclass(frozen=True)
class Device:
    make: Make
    counters: tuple[Assigned, ...]
    zone: ZoneInfo


class Refused(Invalid):
    """The whole message: nothing of it is kept, also where the rest would have been counts."""

    code = "personal_data_refused"


async def issue(pool: Any, clock: Clock, who: Actor, token_id: UUID, body: PutDeviceToken) -> tuple[Any, str | None]:
    """The token as it is known, and its secret, which is told this once and not kept. Repeated, without the secret."""
    secret = FORM + secrets.token_urlsafe(32)
    asked = body.model_dump(mode="json")
    async with db.transaction(pool) as conn:
        await _check_counters(conn, who, [one.counter_id for one in body.counters])
        new = await store.add_device_token(conn, token_id, asked, digest(secret), clock.now())
        known = await store.device_token(conn, token_id)
    if any(known[name] != value for name, value in asked.items()):
        raise IdInUse
    return known, secret if new else None


async def revoke(pool: Any, clock: Clock, who: Actor, token_id: UUID) -> Any:
    """Good for nothing from now on. Revoking twice answers the same."""
    async with db.transaction(pool) as conn:
        known = await store.device_token(conn, token_id)
        if known is None:
            raise NotFound
        await _check_counters(conn, who, [UUID(one["counter_id"]) for one in known["counters"]])
        await store.revoke_device_token(conn, token_id, clock.now())
        return await store.device_token(conn, token_id)


async def listed(pool: Any, who: Actor, square_id: UUID) -> list[Any]:
    require(who, "counters.write", square_id=square_id)
    async with db.connection(pool) as conn:
        return await store.device_tokens(conn, square_id)


async def _check_counters(conn: Any, who: Actor, ids: Sequence[UUID]) -> None:
    """Raises NotFound or Forbidden unless the asker may set all of them up; Invalid for one that is unknown."""
    require(who, "counters.write")
    for counter_id in ids:
        counter = await store.counter(conn, counter_id)
        if counter is None:
            raise Invalid(errors=[{"loc": ["counters"], "message": _NO_COUNTER}])
        require(who, "counters.write", square_id=counter["square_id"])


async def device_of(request: Request, make: Make) -> Device:
    """The dependency of the one route a token is good for. Raises Unauthenticated."""
    secret = _secret(request.headers.get("authorization", ""))
    if secret is None:
        raise Unauthenticated
    async with db.connection(request.app.state.pool) as conn:
        known = await store.device_of_token(conn, digest(secret))
    if known is None or known["make"] != make:
        raise Unauthenticated
    counters = [DeviceCounter.model_validate(one) for one in known["counters"]]
    assigned = tuple(Assigned(one.counter_id, one.line, one.out_line) for one in counters)
    return Device(known["make"], assigned, ZoneInfo(known["time_zone"]))


def _secret(header: str) -> str | None:
    """As a bearer, as a password, or bare: devices can be told no other way than their makers thought of."""
    scheme, _, rest = header.partition(" ")
    given = rest.strip() if rest else scheme
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return given if given.startswith(FORM) else None


async def take(pool: Any, clock: Clock, device: Device, payload: Any) -> tuple[commands.Taken, list[Fault]]:
    """Keeps what fits although the rest does not. Raises Refused, or Invalid when nothing of it can be used."""
    try:
        unwanted = found_in(payload)
        if unwanted:
            raise Refused(_UNWANTED[unwanted[0]], errors=[{"loc": [unwanted[1]], "message": _UNWANTED[unwanted[0]]}])
        counted = list(READERS[device.make](payload, Place(device.zone, clock.now())))
    except Fault as fault:
        raise _invalid([fault]) from None
    settings = await _settings(pool, device)
    bodies, faults = fit(counted, device.counters, settings) if counted else ([], [])
    if faults and not bodies:
        raise _invalid(faults)
    return await commands.keep_readings(pool, clock, bodies, settings.keys()), faults


async def _settings(pool: Any, device: Device) -> dict[UUID, Settings]:
    async with db.connection(pool) as conn:
        found = [await store.counter(conn, one.counter_id) for one in device.counters]
    return {one["counter_id"]: Settings(one["interval_minutes"], one["feed"]) for one in found if one}


def _invalid(faults: Sequence[Fault]) -> Invalid:
    first = faults[0]
    where = f"{first.where}: " if first.where else ""
    return Invalid(Message(f"{where}{first.message.nb}.", f"{where}{first.message.en}."), errors=told(faults))


def told(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    return [{"loc": [fault.where] if fault.where else [], "message": fault.message} for fault in faults[:MOST_FAULTS]]


def shown(known: Any) -> dict[str, Any]:
    return {
        "token_id": str(known["token_id"]),
        **{name: known[name] for name in ("make", "counters", "time_zone")},
        "issued_at": known["issued_at"].isoformat(),
        "revoked_at": known["revoked_at"] and known["revoked_at"].isoformat(),
    }


def digest(secret: str) -> bytes:
    """Without salt: the secret has 256 bits of chance, and has to be found by what tells it again."""
    return hashlib.sha256(secret.encode()).digest()


_NO_COUNTER = Message("Telleverket finnes ikke.", "There is no such counter.")
_UNWANTED: dict[Kind, Message] = {
    "image": Message(
        "Bilder tas ikke imot. Slå av bilder i enheten; ingenting av meldingen er lagret.",
        "Pictures are not taken. Switch them off in the device; nothing of the message was kept.",
    ),
    "track": Message(
        "Spor av enkeltpersoner tas ikke imot. Send bare antall; ingenting av meldingen er lagret.",
        "Tracks of persons are not taken. Send counts only; nothing of the message was kept.",
    ),
    "radio": Message(
        "Wi-Fi- og Bluetooth-data tas ikke imot. Slå det av i enheten; ingenting av meldingen er lagret.",
        "Wi-Fi and Bluetooth data are not taken. Switch them off in the device; nothing of the message was kept.",
    ),
}
