"""What a volunteer does on a shift. The codes travel on events."""

from collections.abc import Mapping
from typing import Literal

from shared.problems import Message

ShiftRole = Literal[
    "host",
    "cafe_help",
    "dinner",
    "language_cafe",
    "walk_leader",
    "workshop",
    "data_help",
    "activity_friend",
    "children",
    "driver",
    "other",
]
NAMES: Mapping[str, Message] = {
    "host": Message("Vert", "Host"),
    "cafe_help": Message("Kaféhjelp", "Café help"),
    "dinner": Message("Middagsservering", "Dinner serving"),
    "language_cafe": Message("Språkkafé", "Language café"),
    "walk_leader": Message("Turleder", "Walk leader"),
    "workshop": Message("Verksted", "Workshop"),
    "data_help": Message("Datahjelp", "Data help"),
    "activity_friend": Message("Aktivitetsvenn", "Activity friend"),
    "children": Message("Barneaktivitet", "Children's activity"),
    "driver": Message("Sjåfør", "Driver"),
    "other": Message("Annet", "Other"),
}
