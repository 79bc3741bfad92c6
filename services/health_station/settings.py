"""What the health station needs beside the settings of every service."""

from pathlib import Path

from shared.settings import Settings


class HealthStationSettings(Settings):
    # With what it signs for when it keeps its rooms taken at facility, where nobody is there to ask in whose name.
    actor_key: Path
