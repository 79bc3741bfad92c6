"""What comes of noise: a warning, or a breach that those concerned can agree to, or a house manager set aside. Pure."""

from collections.abc import Iterator, Sequence

from services.facility.booking.domain import Booking
from services.facility.noise import telling
from services.facility.noise.listening import Heard
from services.facility.policy import sentences
from services.facility.policy.domain import Breach, Terms, Touched, Verdict
from shared.identity import Actor
from shared.policy import allows

MOST_TOLD = 20  # of a year's booking beside a busy hall


def judge(heard: Sequence[Heard], booking: Booking, terms: Terms, actor: Actor) -> Verdict:
    """A request that all those concerned by the noise, as it is now, have agreed to may be loud."""
    serious = [one for one in heard if one.conflict.serious]
    concerned = {one.party_id for one in disturbed(serious, booking)}
    if not serious or (terms.approved and concerned <= terms.agreed):
        return Verdict()
    breaches = tuple(telling.breach(one, booking, actor) for one in serious[:MOST_TOLD])
    if terms.reason is None or not terms.accepts_noise:
        return Verdict(breaches)
    if not all(_accepts(actor, one) for one in serious):
        return Verdict((Breach("exception_not_allowed", sentences.EXCEPTION_NOT_ALLOWED), *breaches))
    return Verdict(set_aside=("noise",))


def disturbed(heard: Sequence[Heard], booking: Booking) -> list[Touched]:
    """Whose word is needed: the house's, and that of each other unit that will be disturbed."""
    return list(dict.fromkeys(one for conflict in heard for one in _disturbed(conflict, booking)))


def warnings(heard: Sequence[Heard], booking: Booking, actor: Actor) -> tuple[Breach, ...]:
    return tuple(telling.breach(one, booking, actor) for one in heard[:MOST_TOLD])


def _disturbed(heard: Heard, booking: Booking) -> Iterator[Touched]:
    if not heard.conflict.serious:
        return
    yield Touched(None, heard.named.square_id, "noise")
    unit, home = heard.neighbour.blocker.unit_id, heard.neighbour.home
    if heard.conflict.way == "out" and unit and home and unit != booking.about.unit_id:
        yield Touched(unit, home, "noise")


def _accepts(actor: Actor, heard: Heard) -> bool:
    """The house decides how loud it may be in the house, whatever the owner of a room allows in that room."""
    return allows(actor, "noise.accept", square_id=heard.named.square_id)
