"""What facility says on Kafka of two bookings that disturb each other."""

from services.facility.noise.pairs import Pair
from shared import envelope
from shared.contracts import facility as contract
from shared.envelope import Event
from shared.http import correlation_id

_VERBS = {"open": "detected", "accepted": "accepted", "resolved": "resolved"}


def noise_event(pair: Pair) -> Event:
    meeting, accepted = pair.meeting, pair.acceptance
    state = contract.NoiseConflict(
        conflict_id=meeting.id,
        square_id=meeting.square_id,
        loud_booking_id=meeting.loud_id,
        quiet_booking_id=meeting.quiet_id,
        from_space_id=meeting.source,
        in_space_id=meeting.heard_in,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        excess_level=meeting.severity,
        unit_ids=list(meeting.unit_ids),
        state=pair.state,
        detected_at=pair.detected_at,
        accepted_at=pair.accepted_at,
        accepted_by=accepted and accepted.by,
        reason_code=accepted and accepted.reason_code,
        resolved_at=pair.resolved_at,
        resolution=pair.resolution,
    )
    return envelope.build(
        "facility",
        f"noise.conflict_{_VERBS[pair.state]}.v1",
        f"noise_conflict/{meeting.id}",
        pair.version,
        state,
        at=pair.resolved_at or pair.accepted_at or pair.detected_at,
        square_id=meeting.square_id,
        classification="restricted" if meeting.discreet else "internal",
        correlation_id=correlation_id(),
    )
