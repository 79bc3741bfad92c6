"""What a room may have. Free tags are allowed beside these; searching by access needs relies on these names."""

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
