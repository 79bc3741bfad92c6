"""What a room may have. Free tags are allowed beside these; searching by access needs relies on these names."""

from collections.abc import Collection

from shared.problems import Message

KNOWN: dict[str, Message] = {
    "step_free": Message("trinnfri adkomst", "step-free access"),
    "lift": Message("heis", "lift"),
    "hearing_loop": Message("teleslynge", "hearing loop"),
    "lowered_bench": Message("senket benk", "lowered bench"),
    "stage": Message("scene", "stage"),
    "sound_system": Message("lydanlegg", "sound system"),
    "projector": Message("projektor", "projector"),
    "screen": Message("skjerm", "screen"),
    "piano": Message("piano", "piano"),
    "kitchen": Message("kjøkken", "kitchen"),
    "cafe_counter": Message("kafédisk", "café counter"),
    "sink": Message("vask", "sink"),
    "mirrors": Message("speil", "mirrors"),
    "mats": Message("matter", "mats"),
    "tables": Message("bord", "tables"),
    "pram_parking": Message("barnevognparkering", "pram parking"),
    "wood_tools": Message("treverktøy", "wood tools"),
    "extraction": Message("avtrekk", "extraction"),
}

# An access need is met by any of these: a room that the lift goes to is reached without steps.
MET_BY: dict[str, tuple[str, ...]] = {"step_free": ("step_free", "lift")}


def has(there: Collection[str], need: str) -> bool:
    """Whether a room with these features meets the need."""
    return any(name in there for name in MET_BY.get(need, (need,)))


def title(name: str) -> Message:
    """A feature in words; a free tag is its own word."""
    return KNOWN.get(name, Message(name, name))
