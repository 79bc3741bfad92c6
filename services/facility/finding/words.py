"""Why a room is told, and why others are not: short sentences in both languages. Pure."""

from collections.abc import Sequence

from services.facility.finding.domain import LOUDEST, QUIETEST, Near, Needs, Suit, Surroundings, floors_apart
from services.facility.registry.features import has, title
from shared.contracts.facility import Layout, OrganiserKind
from shared.problems import Message

LAYOUTS: dict[Layout, Message] = {
    "seated": Message("på rader", "in rows"),
    "standing": Message("stående", "standing"),
    "classroom": Message("i klasserom", "as a classroom"),
    "meeting": Message("rundt et møtebord", "around a table"),
    "banquet": Message("ved langbord", "at long tables"),
    "open_floor": Message("på gulvet", "on the floor"),
}
ORGANISERS: dict[OrganiserKind, Message] = {
    "municipal": Message("kommunen", "the municipality"),
    "voluntary": Message("frivillige", "voluntary organisations"),
    "business": Message("næringsliv", "businesses"),
    "resident": Message("innbyggere", "residents"),
}
LEFT_OUT: dict[str, tuple[Message, Message]] = {
    "too_small": (Message("rom er for lite", "room is too small"), Message("rom er for små", "rooms are too small")),
    "no_such_layout": (
        Message("rom kan ikke møbleres slik", "room cannot be laid out so"),
        Message("rom kan ikke møbleres slik", "rooms cannot be laid out so"),
    ),
    "lacks_feature": (
        Message("rom mangler noe av det du trenger", "room lacks something you need"),
        Message("rom mangler noe av det du trenger", "rooms lack something you need"),
    ),
    "too_loud_around": (
        Message("rom har for mye støy rundt seg", "room has too much noise around it"),
        Message("rom har for mye støy rundt seg", "rooms have too much noise around them"),
    ),
    "must_be_quiet": (
        Message("rom tåler ikke så mye lyd", "room does not allow so much noise"),
        Message("rom tåler ikke så mye lyd", "rooms do not allow so much noise"),
    ),
    "too_expensive": (
        Message("rom koster for mye", "room costs too much"),
        Message("rom koster for mye", "rooms cost too much"),
    ),
    "never_free": (
        Message("rom er ikke ledig lenge nok", "room is not free for long enough"),
        Message("rom er ikke ledige lenge nok", "rooms are not free for long enough"),
    ),
}


def left_out(reason: str, count: int) -> Message:
    one, many = LEFT_OUT[reason]
    told = one if count == 1 else many
    return Message(f"{count} {told.nb}.", f"{count} {told.en}.")


def why(suit: Suit, needs: Needs, near: Near, surroundings: Surroundings) -> list[Message]:
    """What speaks for a room, then what does not, each as one sentence."""
    return [
        *_seats(suit, needs),
        *_features(suit, needs),
        *_fetched(suit),
        *_quiet(suit, needs, surroundings),
        *_where(suit, near),
        *_price(suit, needs),
        *(_disturbs(other.name) for other in suit.disturbs),
    ]


def _seats(suit: Suit, needs: Needs) -> list[Message]:
    seats = suit.room.seats(needs.layout)
    if seats is None or not needs.people:
        return []
    told = Message(f"Plass til {seats}", f"Holds {seats}")
    if needs.layout and suit.room.layouts:
        told = joined(told, LAYOUTS[needs.layout])
    return [Message(f"{told.nb}; du trenger {needs.people}.", f"{told.en}; you need {needs.people}.")]


def _features(suit: Suit, needs: Needs) -> list[Message]:
    names = [*needs.features, *(kind for kind in needs.equipment if has(suit.room.features, kind))]
    if not names:
        return []
    told = listed([title(name) for name in names])
    return [Message(f"Har {told.nb}.", f"Has {told.en}.")]


def _fetched(suit: Suit) -> list[Message]:
    return [Message(f"«{one.name}» må hentes.", f"“{one.name}” has to be fetched.") for one in suit.fetched]


def _quiet(suit: Suit, needs: Needs, surroundings: Surroundings) -> list[Message]:
    if needs.max_noise == LOUDEST:
        return []
    level = max(QUIETEST, surroundings.around(suit.room))
    return [Message(f"Støy utenfra er høyst nivå {level}.", f"Noise from around is at most level {level}.")]


def _where(suit: Suit, near: Near) -> list[Message]:
    room = suit.room
    if near.square_id is not None and room.square_id != near.square_id:
        return [Message(f"Ligger på {room.square_name}.", f"Is at {room.square_name}.")]
    apart = floors_apart(room.floor, near.floor)
    if apart is None:
        return []
    if apart == 0:
        return [Message("I samme etasje.", "On the same floor.")]
    told = Message("en etasje", "one floor") if apart == 1 else Message(f"{apart} etasjer", f"{apart} floors")
    return [Message(f"Ligger {told.nb} unna.", f"Is {told.en} away.")]


def _price(suit: Suit, needs: Needs) -> list[Message]:
    if needs.organiser is None:
        return []
    price, whom = suit.room.price(needs.organiser), ORGANISERS[needs.organiser]
    if not price:
        return [Message(f"Gratis for {whom.nb}.", f"Free of charge for {whom.en}.")]
    return [Message(f"{price} kr per time for {whom.nb}.", f"{price} kr an hour for {whom.en}.")]


def _disturbs(name: str) -> Message:
    return Message(f"Høres godt i {name}.", f"Is heard well in {name}.")


def listed(told: Sequence[Message]) -> Message:
    """a, b og c"""
    *rest, last = told
    if not rest:
        return last
    return Message(
        f"{', '.join(one.nb for one in rest)} og {last.nb}", f"{', '.join(one.en for one in rest)} and {last.en}"
    )


def joined(*told: Message) -> Message:
    return Message(" ".join(one.nb for one in told), " ".join(one.en for one in told))
