"""Which bookings disturb each other through the walls. Pure: the bookings and all that is known of the rooms are handed
in.

    loud room ==noise==> | wall takes the attenuation | ==what is left==> quiet room

A booking bears what its room bears, or less where it asks for more quiet. What is left beyond that is the severity of
the conflict: at 1 it is worth a warning, from 2 on somebody has to accept it. A room of which no tolerance is said
hears nothing, and whoever says nothing of noise makes none.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from services.facility.booking.free import Range, overlaps
from services.facility.finding.domain import LOUDEST, QUIETEST, Surroundings

SERIOUS = 2


@dataclass(frozen=True)
class Voice:
    """What is on in some leaves, as it is heard and hears. `minds`: whether there is anybody to be disturbed."""

    leaves: tuple[UUID, ...]
    noise_out: int | None = None
    quiet_need: int | None = None
    minds: bool = True

    @property
    def loudness(self) -> int:
        return self.noise_out or QUIETEST

    @property
    def tolerance(self) -> int:
        return LOUDEST - (self.quiet_need or 0)


@dataclass(frozen=True)
class Sound(Voice):
    """A booking as it is heard: the leaves it takes and when, setup and teardown included."""

    id: UUID = field(kw_only=True)
    time: Range = field(kw_only=True)


@dataclass(frozen=True)
class Conflict:
    """`way`: whether the wish is too loud for the other booking, or the other way round. `source` and `heard_in` are
    leaves."""

    other: UUID
    way: Literal["out", "in"]
    source: UUID
    heard_in: UUID
    severity: int

    @property
    def serious(self) -> bool:
        return self.severity >= SERIOUS


def conflicts(wish: Sound, others: Iterable[Sound], around: Surroundings) -> list[Conflict]:
    """At most one each way with each other booking, where it is worst; the worst first."""
    found = [
        one
        for other in others
        if other.id != wish.id and overlaps(wish.time, other.time)
        for one in (_worst("out", wish, other, around), _worst("in", other, wish, around))
        if one
    ]
    return sorted(found, key=lambda one: (-one.severity, one.other, one.way))


def severity(loud: Voice, quiet: Voice, around: Surroundings) -> int:
    """How much too loud the one is for the other where both are on at once, at its worst wall; 0 or less: nothing."""
    walls = _walls(loud, quiet, around)
    return max((_severity(loud.loudness, taken, leaf, quiet, around) for _, leaf, taken in walls), default=0)


def reach(wish: Voice, around: Surroundings) -> frozenset[UUID]:
    """The leaves in which there may be anything that it disturbs or is disturbed by, whatever is booked there."""
    out = {
        leaf
        for own in wish.leaves
        for leaf, attenuation in around.heard_in(own).items()
        if around.tolerance(leaf) is not None and wish.loudness > attenuation
    }
    into = {
        leaf
        for own in wish.leaves
        for leaf, attenuation in around.heard_from(own).items()
        if _severity(LOUDEST, attenuation, own, wish, around) > 0
    }
    return frozenset(out | into)


def _worst(way: Literal["out", "in"], loud: Sound, quiet: Sound, around: Surroundings) -> Conflict | None:
    other = quiet if way == "out" else loud
    found = [
        Conflict(other.id, way, source, heard_in, level)
        for source, heard_in, attenuation in _walls(loud, quiet, around)
        if (level := _severity(loud.loudness, attenuation, heard_in, quiet, around)) > 0
    ]
    return max(found, key=lambda one: (one.severity, one.heard_in, one.source), default=None)


def _walls(loud: Voice, quiet: Voice, around: Surroundings) -> Iterator[tuple[UUID, UUID, int]]:
    for source in loud.leaves:
        for heard_in, attenuation in around.heard_in(source).items():
            if heard_in in quiet.leaves:
                yield source, heard_in, attenuation


def _severity(loudness: int, attenuation: int, leaf: UUID, quiet: Voice, around: Surroundings) -> int:
    """How much more is heard in the leaf than the booking there bears; 0 or less: nothing."""
    room = around.tolerance(leaf)
    if room is None or not quiet.minds:
        return 0
    return loudness - attenuation - min(room, quiet.tolerance)
