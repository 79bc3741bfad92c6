"""What people ask about at the desk. The codes travel on events; the names are what the front line taps on."""

from collections.abc import Mapping
from typing import Literal

from shared.problems import Message

Topic = Literal[
    "digital_forms",
    "sign_in",
    "room_enquiry",
    "activities",
    "directions",
    "case_meeting",
    "waste_collection",
    "snow_clearing",
    "gritting",
    "faults",
    "building_cases",
    "kindergarten_and_school",
    "health_and_care",
    "social_services",
    "fees",
    "early_voting",
    "lost_and_found",
    "other",
]
NAMES: Mapping[str, Message] = {
    "digital_forms": Message("Digitale skjemaer", "Digital forms"),
    "sign_in": Message("Innlogging og e-ID", "Sign-in and electronic ID"),
    "room_enquiry": Message("Rom til en aktivitet", "A room for an activity"),
    "activities": Message("Aktiviteter på torget", "Activities at the square"),
    "directions": Message("Vise vei i huset", "Finding the way in the house"),
    "case_meeting": Message("Møte med saksbehandler", "Meeting a case worker"),
    "waste_collection": Message("Renovasjon", "Waste collection"),
    "snow_clearing": Message("Brøyting", "Snow clearing"),
    "gritting": Message("Strøing", "Gritting"),
    "faults": Message("Feil og mangler", "Faults and defects"),
    "building_cases": Message("Byggesak", "Building cases"),
    "kindergarten_and_school": Message("Barnehage og skole", "Kindergarten and school"),
    "health_and_care": Message("Helse og omsorg", "Health and care"),
    "social_services": Message("Sosiale tjenester", "Social services"),
    "fees": Message("Kommunale avgifter", "Municipal fees"),
    "early_voting": Message("Forhåndsstemming", "Early voting"),
    "lost_and_found": Message("Hittegods", "Lost and found"),
    "other": Message("Annet", "Other"),
}
