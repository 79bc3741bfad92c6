"""Which weekly times would disturb each other through the walls, and which bookings that are there already. Pure.

What is too loud for whom is decided by `noise.domain`; here it is asked for again and again, and remembered. Only what
somebody would have to accept counts: a plan accepts nothing for anybody, and may well give what is worth a warning.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal
from uuid import UUID

from services.facility.finding.domain import Surroundings
from services.facility.noise.domain import SERIOUS, Voice, reach, severity
from services.facility.season.board import Board, Span

Sounding = tuple[int, int, UUID, Voice]  # a span with its buffers, and the booking as it is heard on one leaf
Way = Literal["out", "in"]
Heard = Callable[[Span], list[UUID]]


class Walls:
    """`booked`: what is on in the leaves that are heard in rooms of the season, or hear them."""

    def __init__(self, around: Surroundings, booked: Mapping[UUID, Sequence[Sounding]]) -> None:
        self._around = around
        self._booked = frozenset(leaf for leaf, soundings in booked.items() if soundings)
        self._board: Board[tuple[UUID, Voice]] = Board()
        for leaf, soundings in booked.items():
            for start, end, what, heard in soundings:
                self._board.add(leaf, start, end, (what, heard))
        self._reached: dict[Voice, frozenset[UUID]] = {}
        self._ways: dict[tuple[Voice, Voice], Way | None] = {}

    def reached(self, one: Voice) -> frozenset[UUID]:
        """The leaves in which there may be anything that it disturbs or is disturbed by."""
        if one not in self._reached:
            self._reached[one] = reach(one, self._around)
        return self._reached[one]

    def disturbs(self, one: Voice, other: Voice) -> Way | None:
        """Whether the one is too loud for the other, or else the other way round; None: they can be on at once."""
        pair = (one, other)
        if pair not in self._ways:
            loud, quiet = severity(one, other, self._around), severity(other, one, self._around)
            self._ways[pair] = "out" if loud >= SERIOUS else "in" if quiet >= SERIOUS else None
        return self._ways[pair]

    def around(self, one: Voice) -> Heard | None:
        """Tells of any time which bookings it would disturb in it, or be disturbed by. None: never any."""
        near = sorted(self.reached(one) & self._booked)
        if not near:
            return None

        def heard(span: Span) -> list[UUID]:
            met = self._board.meets(near, *span)
            return sorted({what for what, other in met if self.disturbs(one, other)}) if met else []

        return heard


SILENT = Walls(Surroundings([]), {})
