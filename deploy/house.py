"""What deploy/services.yaml and deploy/topics.yaml say, as every way of deploying reads it."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from shared.contracts.platform import UNIT_KINDS
from shared.envelope import topic_of

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
    said = _read("services.yaml")
    own = said["units"]
    found: list[Service] = []
    for name, one in said["services"].items():
        named = {unit: {**one, **own.get(unit, {})} for unit in UNIT_KINDS} if name == "units" else {name: one}
        found += [_service(each, settings) for each, settings in named.items()]
    return tuple(found)


@cache
def topics() -> tuple[Topic, ...]:
    defaults = _read("topics.yaml")["defaults"]
    config = tuple(sorted((str(key), str(value)) for key, value in defaults["config"].items()))
    names = [topic_of(service.name) for service in services() if service.publishes]
    return tuple(Topic(name, int(defaults["partitions"]), config) for name in names)


def _service(name: str, said: dict[str, Any]) -> Service:
    reads = [each for one in said["reads"] for each in (UNIT_KINDS if one == "units" else (one,))]
    acts_as = tuple(said.get("acts_as", ()))
    return Service(name, bool(said["publishes"]), tuple(reads), bool(said.get("kafka", True)), acts_as)


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / name).read_text())
    return found
