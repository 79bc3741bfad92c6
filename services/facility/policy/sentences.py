"""What a policy says to people, in both languages."""

import datetime as dt
from collections.abc import Sequence

from shared.problems import Message

MUST_REQUEST = Message(
    "Rommet må du be om. Send det som en forespørsel, så får du svar fra den som eier rommet.",
    "This room has to be requested. Send it as a request, and whoever owns the room will answer.",
)
TOUCHES = Message(
    "En annen enhet blir berørt og må si ja. Send det som en forespørsel.",
    "Another unit is affected and must agree. Send it as a request.",
)
EXCEPTION_NOT_ALLOWED = Message(
    "Rollen din kan ikke gjøre unntak fra rommets regler.",
    "Your role cannot make exceptions from the room's rules.",
)
PURPOSE_NEEDED = Message("Oppgi hva rommet skal brukes til.", "Say what the room is to be used for.")
ORGANISER_NEEDED = Message(
    "Rommet har en kvote. Oppgi enheten eller arrangøren som booker.",
    "The room has a quota. Name the unit or organiser that books it.",
)
_PURPOSES = {
    "meeting": Message("møter", "meetings"),
    "course": Message("kurs", "courses"),
    "lecture": Message("foredrag", "lectures"),
    "group_training": Message("trim", "group training"),
    "open_house": Message("åpent hus", "open houses"),
    "meal": Message("måltider", "meals"),
    "party": Message("fester", "parties"),
    "concert": Message("konserter", "concerts"),
    "exhibition": Message("utstillinger", "exhibitions"),
    "class_visit": Message("klassebesøk", "class visits"),
    "memorial_gathering": Message("minnesamvær", "memorial gatherings"),
    "private_party": Message("lukkede private selskaper", "closed private parties"),
    "commercial_sale": Message("salg", "sales"),
    "political_meeting": Message("politiske møter", "political meetings"),
    "religious_service": Message("religiøse samlinger", "religious services"),
    "overnight_stay": Message("overnatting", "overnight stays"),
}
_ROLES = {
    "key_holder": Message("nøkkelansvarlig", "key holder"),
    "host": Message("vert", "host"),
    "caretaker": Message("vaktmester", "caretaker"),
    "course_leader": Message("kursleder", "course leader"),
    "board_member": Message("styremedlem", "board member"),
    "employee": Message("ansatt", "employee"),
}


def horizon(days: int, last: dt.date) -> Message:
    return Message(
        f"Rommet kan bookes høyst {_counted(days, 'dag', 'dager')} fram, til og med {last:%d.%m.%Y}.",
        f"The room can be booked at most {_counted(days, 'day', 'days')} ahead, up to and including {last:%-d %B %Y}.",
    )


def notice(minutes: int) -> Message:
    if minutes == 0:
        return Message("Rommet kan ikke bookes bakover i tid.", "The room cannot be booked in the past.")
    span = _span(minutes)
    return Message(f"Rommet må bookes minst {span.nb} før.", f"The room must be booked at least {span.en} before.")


def min_length(minutes: int) -> Message:
    span = _span(minutes)
    return Message(f"En booking her varer minst {span.nb}.", f"A booking here lasts at least {span.en}.")


def max_length(minutes: int) -> Message:
    span = _span(minutes)
    return Message(f"En booking her varer høyst {span.nb}.", f"A booking here lasts at most {span.en}.")


def grid(minutes: int) -> Message:
    span = _span(minutes)
    return Message(
        f"En booking her begynner på et klokkeslett som går opp i {span.nb} fra midnatt.",
        f"A booking here begins at a time of day that is a multiple of {span.en} from midnight.",
    )


def purpose(code: str) -> Message:
    known = _PURPOSES.get(code, Message(f"«{code}»", f'"{code}"'))
    return Message(f"Rommet brukes ikke til {known.nb}.", f"The room is not used for {known.en}.")


def too_many(most: int) -> Message:
    return Message(
        f"Arrangøren har alt {_counted(most, 'booking', 'bookinger')} her denne uka, og flere er ikke tillatt.",
        f"The organiser already has {_counted(most, 'booking', 'bookings')} here this week, which is the most allowed.",
    )


def too_much(most: int) -> Message:
    span = _span(most)
    return Message(
        f"En arrangør kan ha høyst {span.nb} her i uka, og dette blir mer.",
        f"An organiser can have at most {span.en} here a week, and this would be more.",
    )


def responsible(roles: Sequence[str]) -> Message:
    named = [_ROLES.get(role, Message(role, role)) for role in roles]
    nb, en = _in_brackets([one.nb for one in named]), _in_brackets([one.en for one in named])
    return Message(
        f"Ingen er på jobb her på denne tiden. Oppgi hvilken rolle som har ansvaret{nb}.",
        f"Nobody is on duty here at this time. Name the role that is responsible{en}.",
    )


def _in_brackets(names: Sequence[str]) -> str:
    return f" ({', '.join(names)})" if names else ""


def _span(minutes: int) -> Message:
    """In the largest unit that holds it whole."""
    if minutes % (24 * 60) == 0:
        days = minutes // (24 * 60)
        return Message(f"{days} døgn", _counted(days, "day", "days"))
    if minutes % 60 == 0:
        hours = minutes // 60
        return Message(_counted(hours, "time", "timer"), _counted(hours, "hour", "hours"))
    return Message(_counted(minutes, "minutt", "minutter"), _counted(minutes, "minute", "minutes"))


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
