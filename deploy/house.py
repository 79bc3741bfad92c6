"""What deploy/services.yaml and deploy/topics.yaml say, as every way of deploying reads it."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Service:
    name: str
    publishes: bool
    reads: tuple[str, ...]
    kafka: bool
    acts_as: tuple[str, ...] = ()

    @property
    def exists(self) -> bool:
        return (ROOT / "services" / self.name / "__main__.py").exists()


@dataclass(frozen=True)
class Topic:
    name: str
    partitions: int
    config: tuple[tuple[str, str], ...]


@cache
def services() -> tuple[Service, ...]:
    """In the order of starting, also those that are not built yet."""
    return tuple(
        Service(
            name,
            bool(said["publishes"]),
            tuple(said["reads"]),
            bool(said.get("kafka", True)),
            tuple(said.get("acts_as", ())),
        )
        for name, said in _read("services.yaml")["services"].items()
    )


@cache
def topics() -> tuple[Topic, ...]:
    said = _read("topics.yaml")
    defaults = said["defaults"]
    config = tuple(sorted((str(key), str(value)) for key, value in defaults["config"].items()))
    return tuple(Topic(name, int(defaults["partitions"]), config) for name in said["topics"])


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / name).read_text())
    return found
