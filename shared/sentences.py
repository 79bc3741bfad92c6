"""What a field's fault means, in the reader's language; the value itself is never repeated."""

from typing import Any

from shared.problems import Message

_BOKMAL = {
    "missing": "feltet mangler",
    "extra_forbidden": "feltet er ukjent",
    "json_invalid": "innholdet er ikke gyldig JSON",
    "string_type": "skal være tekst",
    "string_too_long": "teksten er for lang (høyst {max_length} tegn)",
    "string_too_short": "teksten er for kort (minst {min_length} tegn)",
    "string_pattern_mismatch": "teksten har feil form",
    "int_type": "skal være et heltall",
    "int_parsing": "skal være et heltall",
    "decimal_type": "skal være et tall",
    "decimal_parsing": "skal være et tall",
    "decimal_max_places": "høyst {decimal_places} desimaler",
    "finite_number": "skal være et tall",
    "bool_type": "skal være true eller false",
    "bool_parsing": "skal være true eller false",
    "list_type": "skal være en liste",
    "dict_type": "skal være et objekt",
    "model_attributes_type": "skal være et objekt",
    "greater_than_equal": "skal være minst {ge}",
    "greater_than": "skal være større enn {gt}",
    "less_than_equal": "skal være høyst {le}",
    "less_than": "skal være mindre enn {lt}",
    "too_long": "for lang (høyst {max_length})",
    "too_short": "for kort (minst {min_length})",
    "literal_error": "skal være en av: {expected}",
    "enum": "skal være en av: {expected}",
    "timezone_aware": "tiden trenger tidsforskyvning, for eksempel 2026-11-24T10:00:00+01:00",
    "datetime_from_date_parsing": "skal være en tid, for eksempel 2026-11-24T10:00:00+01:00",
    "datetime_parsing": "skal være en tid, for eksempel 2026-11-24T10:00:00+01:00",
    "date_from_datetime_parsing": "skal være en dato, for eksempel 2026-11-24",
    "date_parsing": "skal være en dato, for eksempel 2026-11-24",
    "uuid_parsing": "skal være en UUID",
}
_VALUES = {
    "text must not contain the NUL character": "teksten kan ikke inneholde NUL-tegnet",
    "text must not contain lone surrogates": "teksten inneholder ugyldige tegn",
    "time must lie in the years 2000 to 2099": "tiden må ligge i årene 2000 til 2099",
    "date must lie in the years 2000 to 2099": "datoen må ligge i årene 2000 til 2099",
    "time must lie in the years 1900 to 2099": "tiden må ligge i årene 1900 til 2099",
    "date must lie in the years 1900 to 2099": "datoen må ligge i årene 1900 til 2099",
    "a time is written in RFC 3339 with offset, as 2026-11-24T10:00:00+01:00": (
        "en tid skrives med tidsforskyvning, som 2026-11-24T10:00:00+01:00"
    ),
    "a time is written 2026-11-24T10:00:00+01:00, or 2026-11-24T10:00 on the square's clock": (
        "en tid skrives 2026-11-24T10:00:00+01:00, eller 2026-11-24T10:00 etter torgets klokke"
    ),
    "exactly one of space_ids, unit_id and square_id is named": (
        "oppgi nøyaktig én av space_ids, unit_id og square_id"
    ),
    "only a request takes the place of a booking; others are moved": (
        "Bare en forespørsel tar plassen til en reservasjon; andre flyttes."
    ),
    "a series is given either by its occurrences or by a rule": (
        "en serie oppgis enten med sine datoer i occurrences eller med en regel i rule"
    ),
    "an override has either start_local or cancelled": "et unntak har enten start_local eller cancelled",
    "a whole-day item has duration_days, not duration_minutes": (
        "et heldagsinnslag har duration_days, ikke duration_minutes"
    ),
    "a timed item has duration_minutes, a whole-day item all_day and duration_days": (
        "et innslag med klokketid har duration_minutes, et heldagsinnslag all_day og duration_days"
    ),
    "a date is written as 2026-11-24": "en dato skrives som 2026-11-24",
    "an id is a UUID": "en id er en UUID",
    "a span needs a start and an end, or full_day": "et tidsrom trenger start og slutt, eller full_day",
    "a span must last; an end at midnight is 00:00 with end_next_day": (
        "et tidsrom må vare; slutt ved midnatt er 00:00 med end_next_day"
    ),
    "the period ends before it starts": "perioden slutter før den begynner",
    "the rule needs n": "regelen trenger n",
    "n is not zero, and for every_nth_week not negative": "n er ikke null, og for every_nth_week ikke negativ",
    "no such time zone; write it as Europe/Oslo": "tidssonen finnes ikke; skriv den som Europe/Oslo",
    "dates are given with the memberships or by themselves, not both": (
        "datoene oppgis i memberships eller for seg, ikke begge deler"
    ),
    "a unit belongs to one square at a time": "en enhet hører til ett torg om gangen",
    "the unit's square is one of its memberships": "torget enheten hører til, må være med i memberships",
    "a weekly time lasts at most 24 hours": "en ukentlig tid varer høyst 24 timer",
    "each kind of organiser stands in the order once": "hver gruppe søkere står én gang i rekkefølgen",
    "a place names its space_id, a refusal names none": "en plassering oppgir space_id, et avslag oppgir ingen",
    "the end must be after the start": "slutten må være etter starten",
    "a range lasts at most 60 days": "et tidsrom varer høyst 60 dager",
    "an appointment lasts at most 24 hours": "en avtale varer høyst 24 timer",
    "a request names the rooms": "en forespørsel oppgir rommene",
    "either the room is requested or the wish is only kept": "enten be om rommet, eller bare ta vare på ønsket",
    "a quota counts bookings, minutes or both": "en kvote teller bookinger, minutter eller begge deler",
    "a stand-in is a role, a unit or both": "en stedfortreder er en rolle, en enhet eller begge deler",
    "the shortest length is longer than the longest": "den korteste lengden er lengre enn den lengste",
    "a grid divides the day into equal parts": "et rutenett deler døgnet i like deler",
    "it lasts at most 24 hours": "det varer høyst 24 timer",
    "a phone number is written in digits, as 400 00 000 or +47 400 00 000": (
        "et telefonnummer skrives med sifre, som 400 00 000 eller +47 400 00 000"
    ),
    "more were resolved than were counted": "flere er løst enn det som er talt",
    "a channel and topic is given twice": "samme kanal og tema er oppgitt to ganger",
    "a zone counter belongs to a unit": "et sonetelleverk hører til en enhet",
    "an age band is given twice": "samme aldersgruppe er oppgitt to ganger",
    "the age bands hold more than the total": "aldersgruppene er til sammen flere enn totalen",
    "each neighbour is named once": "hver nabo nevnes én gang",
    "`together` is for spaces that are named": "`together` gjelder bare rom som er oppgitt",
    "a date is a booking, or has a start and an end": "en dato er en booking, eller har start og slutt",
    "`day_to` is after `day_from`; 00:00 is the end of the day": (
        "`day_to` er etter `day_from`; 00:00 er slutten av døgnet"
    ),
    "a rule has just one of yearly, easter_offset, and first_date with last_date": (
        "en regel har nøyaktig én av yearly, easter_offset og first_date med last_date"
    ),
    "the last date is before the first": "den siste datoen er før den første",
    "a short day, and no other, has closes_at": "en kort dag, og ingen annen, har closes_at",
    "there is no such day in any year": "den dagen finnes ikke i noe år",
}


def explain(error: Any, language: str) -> dict[str, Any]:
    """One pydantic error as {loc, message}: where, and what would be accepted."""
    where = [part for part in error.get("loc", ()) if part not in ("body", "query", "path")]
    english = str(error.get("msg", "")).removeprefix("Value error, ")
    if language == "en":
        return {"loc": where, "message": english}
    pattern = _VALUES.get(english) or _BOKMAL.get(str(error.get("type")))
    context = {name: _listed(value) for name, value in error.get("ctx", {}).items()}
    try:
        return {"loc": where, "message": pattern.format(**context) if pattern else english}
    except (KeyError, IndexError):
        return {"loc": where, "message": english}


def _listed(value: Any) -> Any:
    """Pydantic joins what it expects in English."""
    return value.replace(" or ", " eller ") if isinstance(value, str) else value


def explain_value(english: str) -> Message:
    """The same for a fault that is found after the body was read."""
    return Message(_VALUES.get(english, english), english)
