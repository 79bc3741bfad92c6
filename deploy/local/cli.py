"""The command line: ./torg VERB. Each verb says what it did or what is wrong; nothing else is printed where a script
reads (`token`, `status --json`)."""

import datetime as dt
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.house import ROOT, topics
from deploy.local import client, doctor, importing, up
from deploy.local.demo import live as playing
from deploy.local.errors import LocalError
from deploy.local.instance import Instance

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
demo = typer.Typer(no_args_is_help=True, help="What can be done with the invented house.")
app.add_typer(demo, name="demo")
out, err = Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)
Data = Annotated[Path, typer.Option("--data", help="The folder that holds everything of the instance.")]
DEFAULT_DATA = ROOT / ".torg"


def main() -> None:
    try:
        app()
    except LocalError as error:
        err.print(f"[bold red]torg:[/] {error}", highlight=False)
        sys.exit(1)


@app.command("up")
def start(
    port: Annotated[int, typer.Option(help="The portal's port on this machine.")] = 8080,
    data: Data = DEFAULT_DATA,
    demo_wanted: Annotated[bool, typer.Option("--demo/--no-demo", help="Load the invented demo house.")] = True,
    detach: Annotated[bool, typer.Option("--detach", help="Return when it is up, and let it run on.")] = False,
) -> None:
    """Start Kafka, PostgreSQL, the demo identity provider and every service."""
    up.run(Instance(data.resolve()), port, demo_wanted, detach, out)


@app.command()
def down(data: Data = DEFAULT_DATA) -> None:
    """Stop everything that `up` started."""
    instance = Instance(data.resolve())
    instance.status()
    _request(instance, "down-all")
    deadline = time.monotonic() + 20
    while instance.held():
        if time.monotonic() > deadline:
            raise LocalError("it did not stop in 20 s; see the folder's logs")
        time.sleep(0.1)
    out.print("stopped")


@app.command()
def status(
    data: Data = DEFAULT_DATA, as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False
) -> None:
    """Say how every service is."""
    found = Instance(data.resolve()).status()
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    table = Table("service", "state", "pid", "lag", "since", "address", title=found["url"])
    for name, one in {**found["platform"], **found["services"]}.items():
        columns = (one["state"], one["pid"], one["lag"], one["since"], one["url"])
        table.add_row(name, *("" if value is None else str(value) for value in columns))
    out.print(table)


@app.command()
def logs(
    service: str, data: Data = DEFAULT_DATA, lines: Annotated[int, typer.Option("-n", help="How many lines.")] = 200
) -> None:
    """Print the end of a service's log."""
    folder = data.resolve()
    for path in (folder / "logs" / f"{service}.log", folder / service / f"{service}.log"):
        if path.exists():
            sys.stdout.write("\n".join(path.read_text(errors="replace").splitlines()[-lines:]) + "\n")
            return
    known = sorted(path.stem for path in (folder / "logs").glob("*.log"))
    raise LocalError(f"no log of {service}; there are {', '.join(known) or 'none yet'}, kafka and postgres")


@app.command()
def restart(service: str, data: Data = DEFAULT_DATA) -> None:
    """Stop a service and start it again."""
    _ask(data, "restart", service)


@app.command()
def stop(service: str, data: Data = DEFAULT_DATA) -> None:
    """Take one service (or kafka, or postgres) away and leave it away, to see what the others do."""
    _ask(data, "stop", service)


@app.command("start")
def start_one(service: str, data: Data = DEFAULT_DATA) -> None:
    """Bring back what `stop` took away."""
    _ask(data, "start", service)


@app.command()
def reset(data: Data = DEFAULT_DATA, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete the instance's folder with all its data."""
    instance = Instance(data.resolve())
    if instance.running():
        raise LocalError("it is running; stop it first with ./torg down")
    if not instance.folder.exists():
        raise LocalError(f"there is nothing in {instance.folder}")
    if not (instance.folder / "secrets").exists():
        raise LocalError(f"{instance.folder} does not look like an instance of Torg; nothing was deleted")
    if not yes:
        typer.confirm(f"Delete {instance.folder} with all its data?", abort=True)
    instance.end_left_over()
    shutil.rmtree(instance.folder)
    out.print("deleted")


@app.command("doctor")
def examine() -> None:
    """Say what is missing on this machine and how to get it."""
    if not doctor.examine(out):
        raise typer.Exit(1)


@app.command()
def token(roles: Annotated[list[str], typer.Argument(metavar="ROLE@SCOPE...")], data: Data = DEFAULT_DATA) -> None:
    """Print a bearer token, for scripts and trials; production refuses it."""
    for role in roles:
        client.check_role(role)
    sys.stdout.write(Instance(data.resolve()).token(roles) + "\n")


@app.command("topics")
def list_topics(data: Data = DEFAULT_DATA) -> None:
    """List the topics with their records."""
    table = Table("topic", "partitions", "records since the beginning")
    for name, (partitions, records) in client.topic_sizes(Instance(data.resolve()), topics()).items():
        table.add_row(name, str(partitions), str(records))
    out.print(table)


@app.command("dead-letters")
def dead_letters(
    action: Annotated[str, typer.Argument(help="list, replay or drop")] = "list",
    service: Annotated[str | None, typer.Argument()] = None,
    letter: Annotated[int | None, typer.Argument()] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """List what consumers put aside; replay or drop one: dead-letters replay SERVICE ID."""
    client.dead_letters(Instance(data.resolve()), action, service, letter, out)


@demo.command()
def live(
    speed: Annotated[float, typer.Option(help="How many times as fast as time; 1 follows the real clock.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed and day: the same calls.")] = 1,
    day: Annotated[str | None, typer.Option(metavar="DATE", help="Which day; the next working day without it.")] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Play a day of the demo's house through its interfaces, so that the screens move. Ends by itself, or by Ctrl-C."""
    try:
        date = dt.date.fromisoformat(day) if day else None
    except ValueError:
        raise LocalError(f"--day {day}: write a date as 2026-11-24") from None
    playing.run(Instance(data.resolve()), speed, seed, date, out)


@app.command()
def rebuild(view: str, data: Data = DEFAULT_DATA) -> None:
    """Build a view of the aggregator anew from the log, beside the running one."""
    client.rebuild(Instance(data.resolve()), view, out)


@app.command("import")
def take_in(
    kind: str,
    path: Path,
    data: Data = DEFAULT_DATA,
    unit: Annotated[str, typer.Option(help="calendar: the unit whose programme it becomes.")] = "",
    space: Annotated[list[str] | None, typer.Option(help="calendar: a room to book for every date.")] = None,
    since: Annotated[str, typer.Option("--from", help="calendar: the first date taken.")] = "",
    until: Annotated[str, typer.Option("--to", help="calendar: the last date taken.")] = "",
    zone: Annotated[str, typer.Option(help="calendar: whose clock times without a zone are on.")] = "",
) -> None:
    """Take in real data: import calit2 FOLDER, room-plan FOLDER, leeds FOLDER, calendar FILE --unit ID."""
    options = {"unit": unit, "space": space, "since": since, "until": until, "zone": zone}
    if not importing.run(Instance(data.resolve()), kind, path, out, options):
        raise typer.Exit(1)


def _ask(data: Path, verb: str, service: str) -> None:
    instance = Instance(data.resolve())
    found = instance.status()
    known = {**found["platform"], **found["services"]}
    if service not in known:
        raise LocalError(f"there is no {service}; there are {', '.join(known)}")
    _request(instance, f"{verb}-{service}")
    wanted = "stopped" if verb == "stop" else "ready"
    before = known[service]["pid"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = instance.status()
        one = {**found["platform"], **found["services"]}[service]
        if one["state"] == wanted and (verb == "stop" or one["pid"] != before):
            out.print(f"{service} is {wanted}")
            return
        time.sleep(0.1)
    raise LocalError(f"{service} is {one['state']} after 60 s; see ./torg logs {service}")


def _request(instance: Instance, name: str) -> None:
    (instance.requests / name).touch()
