"""A decision as it is sent: what was granted and refused, why, by which rule, and the right to complain."""

import datetime as dt
from uuid import UUID

from services.facility.season import letters, view
from services.facility.season.bodies import PutApplication, PutSeason
from services.facility.season.domain import Application, Season
from services.facility.season.plan_store import Row
from tests.unit.facility.season_round import OSLO, REGISTERED, planned, problem, room

HALL, SMALL, SQUARE = room(1, 50), room(2, 20), UUID(int=1)
NAMES = {str(HALL.id): "Storsalen", str(SMALL.id): "Møterom 1", str(SQUARE): "Heggedal innbyggertorg"}


def applied(number: int, kind: str, *weekdays: int) -> Application:
    wishes = [{"weekday": day, "start": "18:00", "end": "20:00", "space_ids": [str(HALL.id)]} for day in weekdays]
    body = {"organiser_id": str(UUID(int=100 + number)), "organiser_kind": kind, "title": "Kor", "people": 10}
    read = PutApplication.model_validate({**body, "wishes": wishes})
    return read.application(UUID(int=number), UUID(int=9), 1, REGISTERED, False, state="registered")


def season(**more: object) -> Season:
    body = PutSeason.model_validate(
        {
            "square_ids": [str(SQUARE)],
            "name": "Høsten 2027",
            "first_date": "2027-08-23",
            "last_date": "2027-10-31",
            "application_deadline": "2027-04-01T23:59",
            **more,
        }
    )
    decided = dt.datetime(2027, 5, 2, 22, 30, tzinfo=dt.UTC)  # the third of May by the clock in Oslo
    return Season(
        UUID(int=9), 5, (SQUARE,), OSLO, body.name, body.first_date, body.last_date, REGISTERED, body.terms(), {},
        "decided", 3, "5eed", 1, decided, decided,
    )  # fmt: skip


def letter(of: Application, others: list[Application], tongue: str, **more: object) -> str:
    outcomes = planned(problem([HALL, SMALL], [of, *others]))
    kept = [view.kept(number, outcome) for number, outcome in enumerate(outcomes.values(), 1)]
    rows = [
        Row(of.id, one["wish"], one["number"], one["outcome"], of.asked)
        for one in kept
        if one["application_id"] == str(of.id)
    ]
    return letters.compose(season(**more), sorted(rows, key=lambda row: row.wish), 2, NAMES, tongue)


def test_letter__of_a_mixed_decision__tells_each_wish_with_its_reason_in_bokmal() -> None:
    text = letter(applied(1, "municipal", 2, 1), [applied(2, "voluntary", 1)], "nb")
    assert "Dato for vedtaket: 03.05.2027" in text
    assert (
        "Ønske 1: tirsdag 18:00–20:00, hver uke: INNVILGET\n  Storsalen, tirsdag 18:00–20:00, hver uke, 10 dat" in text
    )
    assert "Ønske 2: mandag 18:00–20:00, hver uke: AVSLÅTT\n  Begrunnelse:\n  - mandag" in text
    assert "Tiden gikk til en søker i gruppen frivillig, som går foran gruppen kommunal." in text
    assert "Loddets frø: 5eed. Søkerens loddnummer: 2." in text
    assert "innen 3 uker etter at dette brevet kom fram. Klagen sendes til Heggedal innbyggertorg." in text


def test_letter__in_english__says_the_same() -> None:
    text = letter(applied(1, "municipal", 2, 1), [applied(2, "voluntary", 1)], "en")
    assert "Wish 1: Tuesday 18:00–20:00, every week: GRANTED" in text
    assert "Wish 2: Monday 18:00–20:00, every week: REFUSED" in text
    assert "voluntary, which goes before municipal" in text
    assert "within 3 weeks after this letter arrived" in text


def test_letter__complaints_by_the_seasons_own_terms__go_where_it_says() -> None:
    to = {"nb": "Klagenemnda", "en": "the Board of Appeal"}
    text = letter(applied(1, "voluntary", 1), [], "nb", complaint_weeks=1, complaint_to=to)
    assert "innen 1 uke etter" in text
    assert "Klagen sendes til Klagenemnda." in text


def test_letter__of_others__holds_nothing_of_them() -> None:
    other = applied(2, "voluntary", 1)
    text = letter(applied(1, "municipal", 1), [other], "nb")
    assert str(other.id) not in text
    assert str(other.organiser_id) not in text
