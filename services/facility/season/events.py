"""What facility says of a season on Kafka: its dates, order and state, and how many applied. Never who."""

from typing import Any

from services.facility.season import store
from services.facility.season.domain import Season
from shared import envelope
from shared.contracts import facility as contract
from shared.envelope import Event
from shared.http import correlation_id


async def season_event(conn: Any, season: Season) -> Event:
    """With the numbers as they are in the transaction of `conn`."""
    state = contract.Season(
        season_id=season.id,
        square_ids=list(season.square_ids),
        name=season.name,
        first_date=season.first,
        last_date=season.last,
        application_deadline=season.deadline,
        priority=list(season.terms.priority),
        free_before_paid=season.terms.free_before_paid,
        state=season.state,
        **await store.counts(conn, season.id),
    )
    return envelope.build(
        "facility",
        "season.changed.v1",
        f"season/{season.id}",
        season.version,
        state,
        at=season.updated_at,
        square_id=season.square_ids[0] if len(season.square_ids) == 1 else None,
        correlation_id=correlation_id(),
    )
