"""HTTP of what is the volunteer central's own: shifts, and who takes them."""

import re
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, Field, StrictStr

from services.volunteer_central import commands, people
from services.volunteer_central.commands import SHIFTS, SignedUp
from services.volunteer_central.domain import SignUp, Volunteer
from services.volunteer_central.people import Kept, shown
from services.volunteer_central.roles import NAMES, ShiftRole
from shared.contracts.volunteer_central import Shift
from shared.http import CurrentActor, SeenIfAny, SeenVersion, etag
from shared.policy import require
from shared.programme.api import Mine
from shared.programme.bodies import Title, WithinADay
from shared.programme.commands import shown as shown_state
from shared.programme.dated.api import add_reads, answer
from shared.programme.names import listed
from shared.types import Body, Flag, Id, LocalDate, SmallCount

router = APIRouter(prefix="/api/volunteer_central", tags=["volunteers"])


def _is_phone(text: str) -> str:
    if not re.fullmatch(r"\+?[0-9][0-9 ]{2,19}", text, re.ASCII):
        raise ValueError("a phone number is written in digits, as 400 00 000 or +47 400 00 000")
    return text


Phone = Annotated[StrictStr, AfterValidator(_is_phone)]


class PutShift(WithinADay):
    square_id: Id
    unit_id: Id
    role: ShiftRole
    needed: Annotated[SmallCount, Field(ge=1, le=500)]
    requires_clearance: Flag = False
    activity_id: Id | None = None


class Complete(Body):
    """Left out: all who had signed up came, and stayed."""

    volunteers: Annotated[SmallCount, Field(le=500)] | None = None
    minutes: SmallCount | None = None


class PutSignUp(Body):
    volunteer_id: Id


class PutVolunteer(Body):
    square_id: Id
    unit_id: Id
    name: Title
    phone: Phone | None = None


class PutClearance(Body):
    """The date on which a police certificate was shown; null takes it back. The certificate itself is never kept."""

    shown_on: LocalDate | None


@router.get("/roles")
async def list_roles(who: CurrentActor) -> dict[str, list[dict[str, str]]]:
    require(who, "programme.read")
    return {"roles": listed(NAMES)}


@router.put("/shifts/{shift_id}", status_code=201)
async def put_shift(shift_id: Id, body: PutShift, unit: Mine, who: CurrentActor, seen: SeenIfAny) -> JSONResponse:
    wanted = Shift(shift_id=shift_id, state="open", **body.model_dump())
    return await answer(unit, await commands.open_shift(unit, who, wanted, seen))


@router.post("/shifts/{shift_id}/complete")
async def complete_shift(
    shift_id: Id, unit: Mine, who: CurrentActor, seen: SeenVersion, body: Complete | None = None
) -> JSONResponse:
    said = body or Complete()
    return await answer(unit, await commands.complete(unit, who, shift_id, seen, said.volunteers, said.minutes))


@router.post("/shifts/{shift_id}/cancel")
async def cancel_shift(shift_id: Id, unit: Mine, who: CurrentActor, seen: SeenVersion) -> JSONResponse:
    return await answer(unit, await commands.cancel(unit, who, shift_id, seen))


@router.put("/shifts/{shift_id}/sign-ups/{sign_up_id}", status_code=201)
async def put_sign_up(shift_id: Id, sign_up_id: Id, body: PutSignUp, unit: Mine, who: CurrentActor) -> JSONResponse:
    return _signed_up(await commands.sign_up(unit, who, SignUp(sign_up_id, shift_id, body.volunteer_id)))


@router.delete("/shifts/{shift_id}/sign-ups/{sign_up_id}")
async def withdraw_sign_up(shift_id: Id, sign_up_id: Id, unit: Mine, who: CurrentActor) -> JSONResponse:
    return _signed_up(await commands.withdraw(unit, who, shift_id, sign_up_id))


@router.get("/shifts/{shift_id}/sign-ups")
async def list_sign_ups(shift_id: Id, unit: Mine, who: CurrentActor) -> dict[str, list[dict[str, Any]]]:
    found = await people.of_shift(unit, who, shift_id)
    return {"sign_ups": [{"sign_up_id": str(one), **shown(volunteer)} for one, volunteer in found]}


@router.get("/shifts/{shift_id}/candidates")
async def list_candidates(shift_id: Id, unit: Mine, who: CurrentActor) -> dict[str, list[dict[str, Any]]]:
    """Who is free then, not signed up yet, and cleared where the shift asks for that."""
    return {"volunteers": [shown(one) for one in await people.candidates(unit, who, shift_id)]}


@router.put("/volunteers/{volunteer_id}", status_code=201)
async def put_volunteer(
    volunteer_id: Id, body: PutVolunteer, unit: Mine, who: CurrentActor, seen: SeenIfAny
) -> JSONResponse:
    return _kept(await people.put(unit, who, Volunteer(id=volunteer_id, version=1, **body.model_dump()), seen))


@router.get("/volunteers/{volunteer_id}")
async def get_volunteer(volunteer_id: Id, unit: Mine, who: CurrentActor) -> JSONResponse:
    return _kept(Kept(await people.one(unit, who, volunteer_id)))


@router.get("/volunteers")
async def list_volunteers(unit_id: Id, unit: Mine, who: CurrentActor, after: Id | None = None) -> dict[str, Any]:
    """By id. `next`: where there are more, what to send as `after`."""
    found = await people.many(unit, who, unit_id, after)
    page = found[: people.MOST]
    return {
        "volunteers": [shown(one) for one in page],
        "next": str(page[-1].id) if len(found) > people.MOST else None,
    }


@router.put("/volunteers/{volunteer_id}/clearance")
async def put_clearance(
    volunteer_id: Id, body: PutClearance, unit: Mine, who: CurrentActor, seen: SeenVersion
) -> JSONResponse:
    return _kept(await people.set_clearance(unit, who, volunteer_id, seen, body.shown_on))


@router.delete("/volunteers/{volunteer_id}")
async def erase_volunteer(volunteer_id: Id, unit: Mine, who: CurrentActor) -> JSONResponse:
    """For good: name, phone and clearance go, as does who took which shift."""
    return _kept(await people.erase(unit, who, volunteer_id))


def _kept(kept: Kept) -> JSONResponse:
    return JSONResponse(shown(kept.volunteer), 201 if kept.created else 200, etag(kept.volunteer.version))


def _signed_up(done: SignedUp) -> JSONResponse:
    body = {
        "sign_up_id": str(done.sign_up.id),
        "shift_id": str(done.sign_up.shift_id),
        "volunteer_id": str(done.sign_up.volunteer_id),
        "withdrawn": done.sign_up.withdrawn,
        "shift": shown_state(done.shift.version, done.shift.state),
    }
    return JSONResponse(body, 201 if done.created else 200, etag(done.shift.version))


add_reads(router, SHIFTS, "/shifts", "shifts")
