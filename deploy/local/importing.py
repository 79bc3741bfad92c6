"""`torg import KIND PATH`: real data of others, taken in through the same interface as everybody else."""

import asyncio
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.local.errors import LocalError
from deploy.local.imports.house import client
from deploy.local.imports.report import Report
from deploy.local.instance import Instance


@dataclass(frozen=True)
class Kind:
    """`options` are those of the command line that it understands."""

    module: str
    of_file: bool = False
    options: frozenset[str] = frozenset()


KINDS = {
    "calit2": Kind("calit2"),
    "room-plan": Kind("room_plan"),
    "leeds": Kind("leeds"),
    "calendar": Kind("calendar_file", of_file=True, options=frozenset({"unit", "space", "since", "until", "zone"})),
}


def run(instance: Instance, kind: str, path: Path, out: Console, options: Mapping[str, Any]) -> bool:
    """Prints progress and the report; whether everything came out as expected."""
    known = KINDS.get(kind)
    if known is None:
        raise LocalError(f"{kind}: there are the kinds {', '.join(KINDS)}")
    if known.of_file and not path.is_file():
        raise LocalError(f"{path} is no file")
    if not known.of_file and not path.is_dir():
        raise LocalError(f"{path} is no folder")
    given = {name: value for name, value in options.items() if value}
    if strange := sorted(given.keys() - known.options):
        raise LocalError(f"{kind} has no option --{strange[0]}")
    module: Any = importlib.import_module(f"deploy.local.imports.{known.module}")
    url, token = instance.status()["url"], instance.token(["admin@*"])

    async def take() -> Report:
        async with client(url, token) as api:
            tell = partial(out.print, highlight=False, markup=False)
            report: Report = await module.take(api, path, lambda line: tell(f"  {line}"), **given)
            return report

    report = asyncio.run(take())
    out.print("\n".join(report.lines()), highlight=False, markup=False)
    return report.ok
