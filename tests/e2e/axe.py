"""axe-core in the page under test: every rule of WCAG 2.2 AA and the best practices."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

SCRIPT = Path(__file__).resolve().parents[2] / "web/node_modules/axe-core/axe.min.js"
RUN = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


@cache
def _script() -> str:
    if not SCRIPT.exists():
        pytest.skip("axe-core is not installed (make web)")
    return SCRIPT.read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """Each as "rule: where", so that a failure reads as a list of what to mend. The page's own policy stays strict:
    the script comes in by the debugger, not through the page."""
    page.evaluate(_script())
    found: list[dict[str, Any]] = page.evaluate(RUN)
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]
