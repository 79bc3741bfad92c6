"""Noise in words: which rooms and when, with no more of the other booking than the asker may see. Pure."""

from typing import Any

from services.facility.booking import sentences, view
from services.facility.booking.domain import Booking
from services.facility.booking.rights import sees_details
from services.facility.noise.domain import SERIOUS
from services.facility.noise.listening import Heard
from services.facility.policy.domain import Breach
from shared.identity import Actor
from shared.problems import Message
from shared.walltime import local_fields

MUST_BE_ACCEPTED = Message("En hussjef må godta det, med en grunn.", "A house manager must accept it, with a reason.")


def breach(heard: Heard, booking: Booking, actor: Actor) -> Breach:
    """For a reason or a warning. A discreet unit's noise tells of it too: there it is serious or it is not."""
    conflict, blocker, zone = heard.conflict, heard.neighbour.blocker, booking.zone
    time, more = view.seen(blocker, heard.neighbour.square_id, actor)
    said = time and sentences.span(time, zone, booking.slot.starts_at.astimezone(zone).date())
    open_to = sees_details(actor, blocker.unit_id, blocker.unit_kind)
    told: dict[str, Any] = {
        "severity": conflict.severity if open_to else min(conflict.severity, SERIOUS),
        "from_space_id": str(conflict.source),
        "in_space_id": str(conflict.heard_in),
        "booking_id": str(conflict.other),
        **(local_fields(*time, zone) if time else {}),
        **more,
    }
    return Breach("noise", sentence(heard, said), heard.named.id, told, plain=sentence(heard, None))


def sentence(heard: Heard, time: Message | None) -> Message:
    """Both rooms by name, the other booking's with its time. `time` None: whoever hears it need not know."""
    used = Message(f", som er i bruk {time.nb}", f", which is in use {time.en}") if time else Message("", "")
    out = heard.conflict.way == "out"
    source = Message(heard.source, heard.source) if out else _joined(heard.source, used, ",")
    quiet = _joined(heard.heard_in, used) if out else Message(heard.heard_in, heard.heard_in)
    message = between(source, quiet, serious=heard.conflict.serious)
    if not heard.conflict.serious:
        return message
    return Message(f"{message.nb} {MUST_BE_ACCEPTED.nb}", f"{message.en} {MUST_BE_ACCEPTED.en}")


def between(source: Message, heard_in: Message, *, serious: bool) -> Message:
    degree = Message("for høy", "too loud") if serious else Message("litt for høy", "a little too loud")
    return Message(
        f"Lyden fra {source.nb} blir {degree.nb} i {heard_in.nb}.",
        f"The sound from {source.en} is {degree.en} in {heard_in.en}.",
    )


def _joined(room: str, used: Message, end: str = "") -> Message:
    return Message(f"{room}{used.nb}{end if used.nb else ''}", f"{room}{used.en}{end if used.en else ''}")
