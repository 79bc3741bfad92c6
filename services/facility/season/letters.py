"""Decisions as letters: plain text in both languages, written when the season is decided and never changed."""

import asyncio
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from services.facility.booking import house
from services.facility.season import plan_store, reasons, store, view
from services.facility.season.domain import Season
from services.facility.season.plan_store import Letter, Row
from shared.problems import Message

_TURN_EVERY = 10
_DAYS = {
    "nb": ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_WEEKS = {
    "every": Message("hver uke", "every week"),
    "odd": Message("oddetallsuker", "odd weeks"),
    "even": Message("partallsuker", "even weeks"),
}
_WORDS = {
    "title": Message("Vedtak om tildeling av lokaler", "Decision on the allocation of rooms"),
    "season": Message("Sesong", "Season"),
    "application": Message("Søknad", "Application"),
    "organiser": Message("Søkerens id", "Applicant's id"),
    "date": Message("Dato for vedtaket", "Date of the decision"),
    "granted": Message("INNVILGET", "GRANTED"),
    "refused": Message("AVSLÅTT", "REFUSED"),
    "wish": Message("Ønske", "Wish"),
    "dates": Message("datoer", "dates"),
    "without": Message("Uten", "Without"),
    "why": Message("Begrunnelse", "Reasons"),
    "rule": Message("Slik er det avgjort", "How it was decided"),
    "seed": Message("Loddets frø", "Seed of the lot"),
    "lot": Message("Søkerens loddnummer", "The applicant's lot"),
    "complaint": Message("Klage", "Complaint"),
}


async def write_all(conn: Any, season: Season) -> None:
    """One letter for each application that stands, in the transaction that decides."""
    header = await plan_store.header(conn, season.id, season.run)
    rows = await plan_store.outcomes(conn, season.id, season.run)
    names = await _names(conn, season)
    by_application = {
        key: list(group) for key, group in groupby(sorted(rows, key=_key), key=lambda row: row.application_id)
    }
    written = []
    for number, (application_id, found) in enumerate(by_application.items()):
        lot = header.lots[found[0].asked["organiser_id"]] if header else 0
        nb, en = (compose(season, found, lot, names, tongue) for tongue in ("nb", "en"))
        written.append(Letter(application_id, season.updated_at, nb, en))
        if number % _TURN_EVERY == 0:
            await asyncio.sleep(0)  # others are waiting
    await plan_store.insert_letters(conn, season.id, written)


async def _names(conn: Any, season: Season) -> Mapping[str, str]:
    """Of rooms and squares, as they are called on this day."""
    spaces = await house.load_any(conn, await store.rooms(conn, season))
    return {str(space.id): space.name for space in spaces} | await store.square_names(conn, season.square_ids)


def _key(row: Row) -> tuple[UUID, int]:
    return row.application_id, row.wish


def compose(season: Season, rows: Sequence[Row], lot: int, names: Mapping[str, str], tongue: str) -> str:
    """`rows`: every wish of one application, in its own order."""
    say = {name: message.in_language(tongue) for name, message in _WORDS.items()}
    asked = rows[0].asked
    head = [
        say["title"],
        "=" * len(say["title"]),
        "",
        f"{say['season']}: {season.name}, {_date(season.first)}–{_date(season.last)}",
        f"{say['application']}: {asked['title']} ({rows[0].application_id})",
        f"{say['organiser']}: {asked['organiser_id']}",
        f"{say['date']}: {_date(season.updated_at.astimezone(season.zone).date())}",
    ]
    wishes = [line for row in rows for line in ("", *_wish(row, names, say, tongue))]
    rule = [f"- {paragraph.in_language(tongue)}" for paragraph in reasons.rule_text(season.terms)]
    drawn = [f"- {say['seed']}: {season.seed}. {say['lot']}: {lot}."]
    complaint = _complaint(season, names).in_language(tongue)
    parts = [*head, *wishes, "", say["rule"], "", *rule, *drawn, "", say["complaint"], "", complaint]
    return "\n".join(parts) + "\n"


def _wish(row: Row, names: Mapping[str, str], say: Mapping[str, str], tongue: str) -> list[str]:
    given = row.outcome["given"]
    wished = row.asked["wishes"][row.wish - 1]
    head = f"{say['wish']} {row.wish}: {_time(wished, tongue)}"
    told = [f"  - {_reason(one, names, tongue)}" for one in view.why(row)]
    if not given:
        return [f"{head}: {say['refused']}", f"  {say['why']}:", *told]
    got = (
        f"  {names.get(given['space_id'], '')}, {_time(given['time'], tongue)}, {len(given['dates'])} {say['dates']}: "
    )
    got += f"{_day(given['dates'][0])}–{_day(given['dates'][-1])}"
    return [f"{head}: {say['granted']}", got, *_without(given["left_out"], say, tongue), f"  {say['why']}:", *told]


def _without(left_out: Iterable[dict[str, Any]], say: Mapping[str, str], tongue: str) -> list[str]:
    told = []
    for one in left_out:
        name = one["name"][tongue] if one["name"] else reasons.LEFT_OUT[one["why"]].in_language(tongue)
        told.append(f"{_day(one['date'])} ({name})")
    return [f"  {say['without']}: {', '.join(told)}"] if told else []


def _reason(one: dict[str, Any], names: Mapping[str, str], tongue: str) -> str:
    where = ", ".join(names.get(space, "") for space in one["space_ids"])
    place = f"{_time(one['time'], tongue)}{f', {where}' if where else ''}"
    return f"{place}: {one['message'].in_language(tongue)}"


def _time(time: Mapping[str, Any], tongue: str) -> str:
    day = _DAYS[tongue][time["weekday"] - 1]
    return f"{day} {time['start']}–{time['end']}, {_WEEKS[time['weeks']].in_language(tongue)}"


def _complaint(season: Season, names: Mapping[str, str]) -> Message:
    squares = ", ".join(names.get(str(square), "") for square in season.square_ids)
    to, weeks = season.terms.complaint_to or Message(squares, squares), season.terms.complaint_weeks
    return Message(
        f"Vedtaket kan påklages innen {weeks} {'uke' if weeks == 1 else 'uker'} etter at dette brevet kom fram. "
        f"Klagen sendes til {to.nb}. Skriv hvilket vedtak den gjelder, hva som bør endres, og hvorfor. "
        "Søkeren har rett til å se sakens dokumenter.",
        f"A complaint against this decision can be made within {weeks} week{'' if weeks == 1 else 's'} after this "
        f"letter arrived. It is sent to {to.en}. Say which decision it is about, what should be changed, and why. "
        "The applicant has the right to see the documents of the case.",
    )


def _day(date: str) -> str:
    return _date(dt.date.fromisoformat(date))


def _date(date: dt.date) -> str:
    return f"{date:%d.%m.%Y}"
