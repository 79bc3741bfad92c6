import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from shared.clock import SystemClock
from shared.consumer import EXIT_STATUS, Reactions
from shared.settings import Settings

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def reactions() -> Reactions:
    settings = Settings(
        service="facility",
        port=1,
        database_dsn=SecretStr("postgresql://x"),
        kafka_bootstrap="one:1",
        actor_jwks=Path("none"),
    )
    return Reactions("facility", None, settings, SystemClock())


async def nothing(conn: Any, event: Any) -> None:
    return None


@pytest.mark.parametrize("topic", ["library", "torg.library", "torg..v2", "library.v1", "torg.library.v2"])
def test_on__topic_that_is_no_services__is_refused(reactions: Reactions, topic: str) -> None:
    with pytest.raises(ValueError, match="each once"):
        reactions.on(topic, {"library.thing.changed.v1": nothing})


def test_on__same_topic_twice__is_refused(reactions: Reactions) -> None:
    reactions.on("torg.library.v1", {"library.thing.changed.v1": nothing})

    with pytest.raises(ValueError, match="each once"):
        reactions.on("torg.library.v1", {"library.thing.moved.v1": nothing})


def test_status__not_running_yet__is_starting(reactions: Reactions) -> None:
    reactions.on("torg.library.v1", {"library.thing.changed.v1": nothing})

    assert reactions.status() == {"torg.library.v1": {"state": "starting", "lag": None}}


def test_give_up__process__ends_at_once_with_its_own_status() -> None:
    code = "from shared.consumer import give_up; give_up('no progress'); print('still here')"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert ended.returncode == EXIT_STATUS
    assert "no progress" in ended.stdout
    assert "still here" not in ended.stdout
