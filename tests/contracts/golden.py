"""Writes everything that is made from the code and kept beside it: `make golden`.

The schemas and examples of events, docs/api/, docs/events.md, docs/policy-matrix.md, and in docker-compose.yml the
containers of units that have none. Tests compare; people read.
"""

import json
import sys
from pathlib import Path
from typing import Any

from deploy import compose
from shared.contracts import catalogue
from tests.contracts import api_pages, events_page, policy_page
from tests.contracts.examples import all_events
from tests.contracts.schemas import schema

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = Path("shared/contracts")


def files() -> dict[Path, str]:
    """By path from the root."""
    made = {CONTRACTS / "schemas" / f"{name}.json": written(schema(name)) for name in catalogue.by_type()}
    for name, event in all_events().items():
        example = event.model_dump(mode="json", exclude_none=True)
        made[CONTRACTS / "examples" / f"{name}.json"] = written(example)
    made[Path("docs/events.md")] = events_page.text()
    made[Path("docs/policy-matrix.md")] = policy_page.text()
    made[compose.COMPOSE] = compose.written()
    return made | api_pages.files()


def written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def stale(made: dict[Path, str]) -> list[Path]:
    """Files that are kept and no longer made."""
    folders = (CONTRACTS / "schemas", CONTRACTS / "examples", api_pages.FOLDER)
    kept = [path for folder in folders for path in (ROOT / folder).glob("*.json")]
    return [path for path in kept if path.relative_to(ROOT) not in made]


def main() -> None:
    made = files()
    for path, content in made.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(content, encoding="utf-8")
    for path in stale(made):
        path.unlink()
    sys.stdout.write(f"{len(made)} files written\n")


if __name__ == "__main__":
    main()
