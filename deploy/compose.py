"""docker-compose.yml with a container for every kind of unit: `make golden` puts in those that are missing.

What is there stays as it is, so a unit that needs more than the others gets it by hand.
"""

from pathlib import Path

from deploy.house import ROOT
from shared.contracts.platform import UNIT_KINDS

COMPOSE = Path("docker-compose.yml")
_ASKED_FOR = "${TORG_<UNIT>_PASSWORD:?run python3 -m deploy.dotenv}"
# What stands before the aggregator's own entry, for a unit that has none.
_ADDRESS = (', "aggregator": "http://aggregator:8000"', ',\n     "<unit>": "http://<unit>:8000"')
_LOGIN = ('"aggregator": "${TORG_AGGREGATOR_PASSWORD', f'"<unit>": "{_ASKED_FOR}",\n         ')
_CONTAINER = (
    "  aggregator:\n",
    f"""\
  <unit>:
    <<: *service
    command: [python, -m, services.<unit>]
    environment:
      <<: *common
      TORG_SERVICE: <unit>
      TORG_DATABASE_DSN: postgresql://<unit>:{_ASKED_FOR}@postgres:5432/torg
      TORG_KAFKA_USERNAME: <unit>
      TORG_KAFKA_PASSWORD: {_ASKED_FOR}

""",
)


def written() -> str:
    return completed((ROOT / COMPOSE).read_text(encoding="utf-8"))


def completed(text: str) -> str:
    for unit in UNIT_KINDS:
        if f"\n  {unit}:\n" not in text:
            text = _with(text, unit)
    return text


def _with(text: str, unit: str) -> str:
    """Raises ValueError where the file is not as this module knows it."""
    for before, what in (_ADDRESS, _LOGIN, _CONTAINER):
        if text.count(before) != 1:
            raise ValueError(f"{COMPOSE}: {before.strip()} should stand there once")
        filled = what.replace("<unit>", unit).replace("<UNIT>", unit.upper())
        text = text.replace(before, filled + before)
    return text
