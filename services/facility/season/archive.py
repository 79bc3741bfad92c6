"""The case of a season as one file for the archive: decisions as text, everything else as JSON, and a list of it all.

The same case gives the same bytes, so that what was handed over can be told from what was changed since.
"""

import asyncio
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.facility.season import view
from services.facility.season.domain import Application, Change, Season
from services.facility.season.plan_store import Allocation, Header, Letter, Row
from shared.problems import Message

FORMAT = "torg.season.export.v1"
_TITLES = {
    "season": Message("Sesongen: vilkår og tilstand", "The season: terms and state"),
    "plan": Message("Planen: regelen, loddet og tallene", "The plan: the rule, the lot and the figures"),
    "wishes": Message("Hvert ønske med begrunnelse", "Each wish with its reasons"),
    "changes": Message("Endringer for hånd", "Changes by hand"),
    "allocations": Message("Bookingserier", "Series of bookings"),
    "application": Message("Søknad", "Application"),
    "decision": Message("Vedtak", "Decision"),
}


@dataclass(frozen=True)
class Case:
    season: Season
    header: Header | None
    applications: Sequence[Application]
    rows: Sequence[Row]
    changes: Sequence[Change]
    letters: Sequence[Letter]
    allocations: Sequence[Allocation]


@dataclass(frozen=True)
class Document:
    path: str
    kind: str
    media_type: str
    content: bytes
    about: dict[str, Any]


async def packed(case: Case) -> bytes:
    """In a thread: packing a large case takes a while."""
    return await asyncio.to_thread(_pack, case)


def _pack(case: Case) -> bytes:
    documents = list(_documents(case))
    listed = _json("metadata.json", "season", _metadata(case, documents))
    stamp = (case.season.allocated_at or case.season.updated_at).timetuple()[:6]
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as file:
        for document in (listed, *documents):
            info = zipfile.ZipInfo(document.path, stamp)
            info.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(info, document.content)
    return whole.getvalue()


def _documents(case: Case) -> Iterator[Document]:
    yield _json("season.json", "season", view.show(case.season))
    yield _json("plan.json", "plan", view.show_plan(case.season, case.header) if case.header else {})
    yield _json("wishes.json", "wishes", [view.show_row(row) for row in case.rows])
    yield _json("changes.json", "changes", [view.show_change(one) for one in case.changes])
    yield _json("allocations.json", "allocations", [_allocation(one) for one in case.allocations])
    for one in case.applications:
        about = {"application_id": str(one.id), "date": one.registered_at.isoformat()}
        yield _json(f"applications/{one.id}.json", "application", view.show_application(one), **about)
    for letter in case.letters:
        for tongue, text in (("nb", letter.nb), ("en", letter.en)):
            about = {"application_id": str(letter.application_id), "date": letter.decided_at.isoformat()}
            path = f"decisions/{letter.application_id}.{tongue}.txt"
            yield Document(path, "decision", "text/plain; charset=utf-8", text.encode(), {**about, "language": tongue})


def _metadata(case: Case, documents: Sequence[Document]) -> dict[str, Any]:
    season = case.season
    return {
        "format": FORMAT,
        "season_id": str(season.id),
        "season_version": season.version,
        "title": season.name,
        "square_ids": [str(square) for square in season.square_ids],
        "first_date": season.first.isoformat(),
        "last_date": season.last.isoformat(),
        "state": season.state,
        "decided_at": season.decided_at and season.decided_at.isoformat(),
        "allocated_at": season.allocated_at and season.allocated_at.isoformat(),
        "counts": {"applications": len(case.applications), "decisions": len(case.letters)},
        "documents": [_listed(document) for document in documents],
    }


def _listed(document: Document) -> dict[str, Any]:
    return {
        "path": document.path,
        "kind": document.kind,
        "title": _both(_TITLES[document.kind]),
        "media_type": document.media_type,
        "bytes": len(document.content),
        "sha256": hashlib.sha256(document.content).hexdigest(),
        **document.about,
    }


def _allocation(one: Allocation) -> dict[str, Any]:
    return {**view.show_allocation(one), "occurrences": one.outcomes}


def _json(path: str, kind: str, content: Any, **about: Any) -> Document:
    """A list has a line for each of its members: short to write, and still to be read by people."""
    told = _both(content)
    if isinstance(told, list):
        text = "[\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in told) + "\n]\n"
    else:
        text = json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    return Document(path, kind, "application/json", text.encode(), about)


def _both(value: Any) -> Any:
    """Sentences in both languages: an archive has no reader's language."""
    if isinstance(value, Message):
        return {"nb": value.nb, "en": value.en}
    if isinstance(value, dict):
        return {key: _both(item) for key, item in value.items()}
    return [_both(item) for item in value] if isinstance(value, list | tuple) else value
