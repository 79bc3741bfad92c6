"""Why a wish got what it got, and the rule that decides, in words. Every sentence stands here once."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.facility.season.domain import Terms
from shared.contracts.facility import OrganiserKind
from shared.problems import Message

RULE_ID = "season_rounds_v2"
KINDS: dict[str, Message] = {
    "voluntary": Message("frivillig", "voluntary"),
    "municipal": Message("kommunal", "municipal"),
    "business": Message("næring", "business"),
    "resident": Message("innbygger", "resident"),
}
_PLAIN: dict[str, Message] = {
    "first_choice": Message("Ønsket tid i det rommet som sto først.", "The time wished for, in the first room named."),
    "any_room": Message("Ønsket tid i et rom som passer.", "The time wished for, in a room that fits."),
    "other_room": Message(
        "Ønsket tid, i et annet av rommene som var nevnt.", "The time wished for, in another of the rooms named."
    ),
    "other_time": Message("En av de alternative tidene.", "One of the alternative times."),
    "late_last": Message(
        "Tiden gikk til en søknad som kom innen fristen. Denne kom etter fristen.",
        "The time went to an application that came before the deadline. This one came after it.",
    ),
    "free_before_paid": Message(
        "Tiden gikk til en søker i samme gruppe med like mange timer, fordi aktiviteten der er gratis for deltakerne.",
        "The time went to an applicant of the same kind with as many hours, whose activity is free of charge.",
    ),
    "own_wish": Message(
        "Tiden er gitt til et annet ønske fra samme søker.", "The time is given to another wish of the same applicant."
    ),
    "placed_by_hand": Message(
        "Tiden er satt av til en annen søknad etter en særskilt vurdering.",
        "The time is set aside for another application after a separate assessment.",
    ),
    "too_small": Message("Rommet er for lite.", "The room is too small."),
    "lacks_feature": Message("Rommet mangler noe det er spurt etter.", "The room lacks something that was asked for."),
    "no_dates": Message("Tiden faller ikke på noen dato i sesongen.", "The time falls on no date of the season."),
    "no_room_fits": Message("Ingen rom i sesongen passer.", "No room of the season fits."),
    "noise_accepted": Message(
        "Lyden mellom rommet og rommene rundt blir for høy. Det er godtatt, med grunnen som er gitt for plassen.",
        "The sound between the room and those around it is too loud. That is accepted, for the reason that is given.",
    ),
}
_WITH_FACTS: dict[str, tuple[str, str]] = {
    "priority": (
        "Tiden gikk til en søker i gruppen {theirs}, som går foran gruppen {mine}.",
        "The time went to an applicant of the kind {theirs}, which goes before {mine}.",
    ),
    "earlier_round": (
        "Tiden gikk til en søker i samme gruppe i runde {theirs}. Dette ønsket kom i runde {mine}.",
        "The time went to an applicant of the same kind in round {theirs}. This wish came in round {mine}.",
    ),
    "fewer_hours": (
        "Tiden gikk til en søker i samme gruppe som så langt hadde fått færre timer ({theirs} mot {mine}).",
        "The time went to an applicant of the same kind that had got fewer hours so far ({theirs} against {mine}).",
    ),
    "lot": (
        "Tiden gikk til en søker i samme gruppe med lavere loddnummer ({theirs} mot {mine}). Alt annet var likt.",
        "The time went to one of the same kind with a lower lot ({theirs} against {mine}). All else was equal.",
    ),
    "outside_hours": (
        "Rommet er stengt på {closed} og opptatt på {occupied} av {dates} datoer. Det er for få igjen.",
        "The room is closed on {closed} and taken on {occupied} of {dates} dates. Too few are left.",
    ),
    "occupied": (
        "Rommet er opptatt fra før på {occupied} av {dates} datoer. Det er for få igjen.",
        "The room is taken already on {occupied} of {dates} dates. Too few are left.",
    ),
    "noise_around": (
        "På {noisy} av {dates} datoer blir lyden mellom rommet og det som er booket rundt det, for høy. Rommet er "
        "stengt på {closed} og opptatt på {occupied}. Det er for få igjen.",
        "On {noisy} of {dates} dates the sound between the room and what is booked around it is too loud. The room is "
        "closed on {closed} and taken on {occupied}. Too few are left.",
    ),
    "noise": (
        "Lyden fra {source} blir for høy i {heard_in} på samme tid. {before}",
        "The sound from {source} is too loud in {heard_in} at the same time. {before}",
    ),
    "quota": (
        "Søkeren har fått {had} timer i uken. Flere enn {most} gis ikke.",
        "The applicant has got {had} hours a week. No more than {most} are given.",
    ),
    "refused_by_hand": (
        "Ikke gitt etter særskilt vurdering: {reason}",
        "Not given after a separate assessment: {reason}",
    ),
    "given_by_hand": ("Gitt etter særskilt vurdering: {reason}", "Given after a separate assessment: {reason}"),
}  # fmt: skip
_HOURS = {"fewer_hours": ("mine", "theirs"), "quota": ("had", "most")}
LEFT_OUT: dict[str, Message] = {
    "holiday": Message("helligdag", "public holiday"),
    "break": Message("ferie", "holidays"),
    "outside_hours": Message("stengt", "closed"),
    "occupied": Message("opptatt fra før", "taken already"),
    "noise": Message("for mye lyd mellom rommene", "too much sound between the rooms"),
}
# Of a date that was decided and could not be booked; what a policy or noise says is told in its own words.
REFUSED: dict[str, Message] = {
    "conflict": Message("Rommet er blitt opptatt.", "The room has been taken."),
    "outside_hours": Message("Rommet er blitt stengt.", "The room is closed by now."),
}
GONE = Message("Rommet kan ikke bookes lenger.", "The room is no longer for booking.")
RULES = frozenset(_PLAIN) | frozenset(_WITH_FACTS)


def sentence(rule: str, facts: Mapping[str, Any]) -> Message:
    if rule in _PLAIN:
        return _PLAIN[rule]
    nb, en = _WITH_FACTS[rule]
    return Message(nb.format(**_told(rule, facts, "nb")), en.format(**_told(rule, facts, "en")))


def _told(rule: str, facts: Mapping[str, Any], tongue: str) -> dict[str, Any]:
    """Minutes as hours, kinds by their names, and in noise why the one beside it came before."""
    told = dict(facts)
    if rule == "noise":
        told["before"] = sentence(facts["before"], facts).in_language(tongue)
    for name in _HOURS.get(rule, ()):
        told[name] = hours(facts[name], tongue)
    if rule == "priority":
        told = {name: KINDS[facts[name]].in_language(tongue) for name in ("mine", "theirs")}
    return told


def hours(minutes: int, tongue: str) -> str:
    """2, 2,5 or 2,25 (with a point in English)."""
    text = f"{minutes / 60:.2f}".rstrip("0").rstrip(".")
    return text if tongue == "en" else text.replace(".", ",")


def choice_rule(choice: Sequence[int], named_rooms: bool, by_hand: bool) -> str:
    """Which of its choices a wish got."""
    if by_hand:
        return "given_by_hand"
    if choice[0]:
        return "other_time"
    if not named_rooms:
        return "any_room"
    return "other_room" if choice[1] else "first_choice"


def rule_text(terms: Terms) -> list[Message]:
    """The whole rule as it is published, a paragraph each."""
    nb, en = (_order(terms.priority, tongue) for tongue in ("nb", "en"))
    return [
        _DEADLINE,
        Message(
            f"Gruppene får etter tur: {nb}. En gruppe er ferdig før den neste begynner.",
            f"Kinds of applicants take their turn: {en}. One kind is done before the next begins.",
        ),
        _ROUNDS,
        _FREE_FIRST if terms.free_before_paid else _FEWEST_FIRST,
        _CHOICES,
        Message(
            f"Det første som er åpent og ledig på minst {terms.least_percent} % av datoene, gis for hele sesongen.",
            f"The first that is open and free on at least {terms.least_percent} % of the dates is given for the whole "
            "season.",
        ),
        _QUIET,
        *_quota(terms),
        _LOT,
        _BY_HAND,
    ]


def _quota(terms: Terms) -> list[Message]:
    most = terms.most_weekly_minutes
    if most is None:
        return []
    nb, en = hours(most, "nb"), hours(most, "en")
    return [Message(f"Ingen søker får mer enn {nb} timer i uken.", f"No applicant gets more than {en} hours a week.")]


def _order(priority: Sequence[OrganiserKind], tongue: str) -> str:
    named = [KINDS[kind].in_language(tongue) for kind in priority]
    others = "andre" if tongue == "nb" else "others"
    return ", ".join([*named, *([others] if len(named) < len(KINDS) else [])])


_DEADLINE = Message(
    "Søknader som kom innen fristen, går foran dem som kom for sent.",
    "Applications that came before the deadline go before late ones.",
)
_ROUNDS = Message(
    "Innen en gruppe går det i runder. I hver runde prøves ett ønske for hver søker, i søkerens egen rekkefølge.",
    "Within a kind there are rounds. In each round one wish of each applicant is tried, in the applicant's own order.",
)
_FEWEST_FIRST = Message(
    "I hver runde går de først som så langt har fått færrest timer. Er det likt, avgjør loddet.",
    "In each round those go first who have got the fewest hours so far. Where that is equal, the lot decides.",
)
_FREE_FIRST = Message(
    "I hver runde går de først som så langt har fått færrest timer. Er det likt, går aktiviteter som er gratis for "
    "deltakerne, foran dem med betaling. Er også det likt, avgjør loddet.",
    "In each round those go first who have got the fewest hours so far. Where that is equal, activities that are free "
    "of charge go before paid ones. Where that is equal too, the lot decides.",
)
_CHOICES = Message(
    "For hvert ønske prøves ønsket tid i rommene i den rekkefølgen de er nevnt, og så de alternative tidene. Er ingen "
    "rom nevnt, prøves de som passer, det minste først.",
    "For each wish the time wished for is tried in the rooms in the order they are named, then the alternative times. "
    "Where no room is named, those that fit are tried, the smallest first.",
)
_QUIET = Message(
    "En tid gis ikke når lyden mellom rommene ville bli så høy at noen måtte godta det: den som har fått tid i et rom "
    "ved siden av, de som har booket der fra før, eller søkeren selv.",
    "A time is not given where the sound between rooms would be so loud that somebody had to accept it: whoever has "
    "got a time in a room beside it, those who have booked there already, or the applicant.",
)
_LOT = Message(
    "Loddet trekkes når sesongen lukkes for søknader: et frø kunngjøres, og søkerne får nummer etter SHA-256 av frøet, "
    "et kolon og søkerens id. Alle kan regne det ut på nytt.",
    "The lot is drawn when the season closes for applications: a seed is published, and applicants are numbered by "
    "SHA-256 of the seed, a colon and the applicant's id. Anybody can draw it again.",
)
_BY_HAND = Message(
    "Den som styrer sesongen, kan plassere eller avslå et ønske for hånd, med en grunn. Det går foran alt annet.",
    "Whoever manages the season can place or refuse a wish by hand, with a reason. That goes before all else.",
)
