"""How seasons, applications, changes and plans look to whoever asks. Pure; sentences stay in both languages."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from services.facility.season import domain, reasons, rights
from services.facility.season.bodies import shown_time
from services.facility.season.domain import Application, Change, Season
from services.facility.season.plan import Given, Outcome, Verdict
from services.facility.season.plan_store import Allocation, Header, Job, Row
from shared.identity import Actor
from shared.problems import Message
from shared.walltime import written


def show(season: Season) -> dict[str, Any]:
    asked = season.asked
    return {
        **asked,
        "id": str(season.id),
        "version": season.version,
        "state": season.state,
        "application_deadline": written(season.deadline, season.zone),
        "time_zone": str(season.zone),
        "lot_seed": season.seed,
        "plan_run": season.run,
        "decided_at": _at(season, season.decided_at),
        "allocated_at": _at(season, season.allocated_at),
        "rule": {"id": reasons.RULE_ID, "text": reasons.rule_text(season.terms)},
    }


def may(season: Season, actor: Actor, now: dt.datetime) -> dict[str, Any]:
    """What the asker may do with it now: whether they manage it, and which fields can still be changed."""
    manages = rights.manages(actor, season)
    fields = sorted(domain.edits_of(season, now)) if manages else []
    return {"manage": manages, "edit": fields, "fixed": domain.fixed(season, now) if manages else None}


def show_application(one: Application) -> dict[str, Any]:
    return {
        **one.asked,
        "wishes": [{"wish": number, **wish} for number, wish in enumerate(one.asked["wishes"], 1)],
        "id": str(one.id),
        "season_id": str(one.season_id),
        "version": one.version,
        "state": one.state,
        "state_reason": one.state_reason,
        "late": one.late_reason is not None,
        "late_reason": one.late_reason,
        "late_counts": one.late_counts,
        "registered_at": one.registered_at.isoformat(),
    }


def show_change(one: Change) -> dict[str, Any]:
    return {
        **one.asked,
        "id": str(one.id),
        "season_id": str(one.season_id),
        "made_at": one.made_at.isoformat(),
        "made_by": one.made_by,
        "state": "withdrawn" if one.withdrawn_at else "in_force",
        "withdrawn_at": one.withdrawn_at and one.withdrawn_at.isoformat(),
        "withdrawn_because": one.withdrawn_because,
    }


def show_job(job: Job) -> dict[str, Any]:
    ended = job.finished_at and job.finished_at.isoformat()
    times = {"started_at": job.started_at.isoformat(), "finished_at": ended}
    return {**job._asdict(), "id": str(job.id), "season_id": str(job.season_id), **times}


def kept(number: int, outcome: Outcome) -> dict[str, Any]:
    """An outcome as a row of the plan, to be kept and shown."""
    return {
        "application_id": str(outcome.wish[0]),
        "wish": outcome.wish[1],
        "number": number,
        "outcome": {
            "turn": outcome.turn and outcome.turn._asdict(),
            "given": outcome.given and _given(outcome.given),
            "tried": [_verdict(one) for one in outcome.tried],
        },
    }


def _given(given: Given) -> dict[str, Any]:
    return {
        "space_id": str(given.room_id),
        "time": shown_time(given.time),
        "choice": list(given.choice),
        "by_hand": given.turn is None,
        "reason": given.reason,
        "minutes": given.minutes,
        "dates": [one.date.isoformat() for one in given.meetings],
        "left_out": [
            {"date": one.date, "why": one.why, "name": one.name, "blocking": [str(other) for other in one.blocking]}
            for one in given.left_out
        ],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "rule": verdict.rule,
        "choice": verdict.choice,
        "time": shown_time(verdict.time),
        "space_ids": [str(room) for room in verdict.room_ids],
        "facts": dict(verdict.facts),
        "holders": [{"application_id": str(application), "wish": wish} for application, wish in verdict.holders],
        "blocking": [str(other) for other in verdict.blocking],
    }


def show_row(row: Row) -> dict[str, Any]:
    """A wish with what it got and why: `reasons` as sentences, in the order they were met."""
    asked, outcome = row.asked, row.outcome
    about = {name: asked[name] for name in ("organiser_id", "organiser_kind", "title", "people", "paid", "unit_id")}
    return {
        "application_id": str(row.application_id),
        "wish": row.wish,
        "number": row.number,
        **about,
        "wished": asked["wishes"][row.wish - 1],
        "outcome": "granted" if outcome["given"] else "refused",
        "turn": outcome["turn"],
        "given": outcome["given"],
        "reasons": why(row),
    }


def why(row: Row) -> list[dict[str, Any]]:
    """What was tried and could not be had, then what was given."""
    told = [{**one, "message": reasons.sentence(one["rule"], one["facts"])} for one in row.outcome["tried"]]
    given = row.outcome["given"]
    if given:
        named = bool(row.asked["wishes"][row.wish - 1]["space_ids"])
        rule = reasons.choice_rule(given["choice"], named, given["by_hand"])
        facts = {"reason": given["reason"]} if given["by_hand"] else {}
        place = {"time": given["time"], "space_ids": [given["space_id"]]}
        message = reasons.sentence(rule, facts)
        told.append({"rule": rule, **place, "facts": facts, "holders": [], "blocking": [], "message": message})
    return told


def show_plan(season: Season, header: Header) -> dict[str, Any]:
    drawn = sorted(header.lots.items(), key=lambda pair: pair[1])
    return {
        "season_id": str(season.id),
        "season_version": season.version,
        "run": header.run,
        "made_at": header.made_at.isoformat(),
        "outdated": header.inputs != season.inputs,
        "rule": {"id": reasons.RULE_ID, "text": reasons.rule_text(season.terms)},
        "lot_seed": season.seed,
        "lots": [{"organiser_id": organiser, "lot": lot} for organiser, lot in drawn],
        "summary": header.summary,
    }


def conflicts(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Every place that others wanted too: who has it, and who went without or got something else."""
    by_key = {(str(row.application_id), row.wish): row for row in rows}
    wanted: dict[tuple[str, int], dict[tuple[str, int], dict[str, Any]]] = {}
    for key, row in by_key.items():
        for one in row.outcome["tried"]:
            for holder in one["holders"] if one["rule"] != "noise_accepted" else ():
                losers = wanted.setdefault((holder["application_id"], holder["wish"]), {})
                losers.setdefault(key, _loser(row, one))
    return [_contested(by_key[key], list(losers.values())) for key, losers in wanted.items()]


def _contested(row: Row, losers: list[dict[str, Any]]) -> dict[str, Any]:
    given = row.outcome["given"]
    place = {"space_id": given["space_id"], "time": given["time"]}
    return {"application_id": str(row.application_id), "wish": row.wish, **place, "wanted_by": losers}


def _loser(row: Row, verdict: dict[str, Any]) -> dict[str, Any]:
    return {
        "application_id": str(row.application_id),
        "wish": row.wish,
        "outcome": "granted" if row.outcome["given"] else "refused",
        "rule": verdict["rule"],
        "message": reasons.sentence(verdict["rule"], verdict["facts"]),
    }


def summary(applications: Iterable[Application], outcomes: Mapping[tuple[UUID, int], Outcome]) -> dict[str, Any]:
    """For each kind of organiser how many applied, for how much, and what they got."""
    told: dict[str, dict[str, Any]] = {}
    organisers: dict[str, set[UUID]] = {}
    for one in applications:
        kind = told.setdefault(one.organiser_kind, dict.fromkeys(("applications", "wishes", "granted", "minutes"), 0))
        organisers.setdefault(one.organiser_kind, set()).add(one.organiser_id)
        kind["applications"] += 1
        for wish in one.wishes:
            given = outcomes[one.id, wish.number].given
            kind["wishes"] += 1
            kind["granted"] += given is not None
            kind["minutes"] += given.minutes if given else 0
    return {kind: {**told[kind], "organisers": len(organisers[kind])} for kind in sorted(told)}


def show_allocation(one: Allocation) -> dict[str, Any]:
    """`unforeseen`: dates that were promised and could not be had after all."""
    refused = [date for date in one.outcomes if date["outcome"] == "rejected"]
    return {
        "application_id": str(one.application_id),
        "wish": one.wish,
        "series_id": str(one.series_id),
        "confirmed": sum(date["outcome"] == "confirmed" for date in one.outcomes),
        "refused": [{**_without_breaches(date), "reasons": why_refused(date)} for date in refused],
        "unforeseen": [date["date"] for date in refused if date["promised"]],
    }


def _without_breaches(date: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in date.items() if name != "breaches"}


def why_refused(date: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Why a date of a series could not be booked, in words."""
    told = [{"rule": one["rule"], "message": Message(**one["message"])} for one in date.get("breaches", ())]
    return told or [{"rule": date["reason"], "message": reasons.REFUSED.get(date["reason"], reasons.GONE)}]


def _at(season: Season, at: dt.datetime | None) -> str | None:
    return written(at, season.zone) if at else None
