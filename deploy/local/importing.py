"""`torg import KIND FOLDER`: real data of others, taken in through the same interface as everybody else."""

import importlib
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.local.errors import LocalError
from deploy.local.instance import Instance

KINDS = {"calit2": "calit2", "room-plan": "room_plan"}


def run(instance: Instance, kind: str, folder: Path, out: Console) -> bool:
    """Prints progress and the report; whether everything came out as expected."""
    if kind not in KINDS:
        raise LocalError(f"{kind}: there are the kinds {', '.join(KINDS)}")
    if not folder.is_dir():
        raise LocalError(f"{folder} is no folder")
    module: Any = importlib.import_module(f"deploy.local.imports.{KINDS[kind]}")
    url = instance.status()["url"]
    report = module.run(url, instance.token(["admin@*"]), folder, lambda line: out.print(f"  {line}", highlight=False))
    out.print("\n".join(report.lines()), highlight=False, markup=False)
    return bool(report.ok)
