"""What the command line asks of a running instance, through the same interfaces as everybody else."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, get_args

import httpx
from confluent_kafka import Consumer, KafkaException, TopicPartition
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from deploy.house import Topic
from deploy.local.errors import LocalError
from deploy.local.instance import Instance
from shared.policy import Role

_SECONDS = 30.0
_KAFKA_SECONDS = 10.0


def check_role(role: str) -> None:
    """Raises LocalError unless it is ROLE@SCOPE with a role there is."""
    name, at, scope = role.partition("@")
    if name not in get_args(Role) or not at or not scope:
        raise LocalError(f"{role}: write ROLE@SCOPE with a role of {', '.join(get_args(Role))}; scope * is everywhere")


@contextmanager
def caller(instance: Instance, *roles: str) -> Iterator[httpx.Client]:
    """Raises LocalError when the portal does not answer."""
    headers = {"Authorization": f"Bearer {instance.token(list(roles) or ['admin@*'])}", "Accept-Language": "en"}
    url = instance.status()["url"]
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=_SECONDS, trust_env=False) as api:
            yield api
    except httpx.TransportError as error:
        raise LocalError(f"{url} does not answer ({type(error).__name__}); see ./torg status") from None


def topic_sizes(instance: Instance, topics: Sequence[Topic]) -> dict[str, tuple[int, int]]:
    """Partitions, and end offsets added up. Raises LocalError when nothing runs here or Kafka does not answer."""
    instance.status()
    ports = instance.ports_in_use()
    consumer = Consumer(
        {
            "bootstrap.servers": f"127.0.0.1:{ports['kafka']}",
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "admin",
            "sasl.password": instance.passwords["admin"],
            "group.id": "torg-cli",
        }
    )
    try:
        known = consumer.list_topics(timeout=_KAFKA_SECONDS).topics
        return {
            topic.name: (
                len(known[topic.name].partitions),
                sum(
                    consumer.get_watermark_offsets(TopicPartition(topic.name, number), timeout=_KAFKA_SECONDS)[1]
                    for number in known[topic.name].partitions
                ),
            )
            for topic in topics
            if topic.name in known
        }
    except KafkaException:
        raise LocalError("Kafka does not answer; see ./torg status") from None
    finally:
        consumer.close()


def dead_letters(instance: Instance, action: str, service: str | None, letter: int | None, out: Console) -> None:
    """Raises LocalError when the service refuses."""
    with caller(instance) as api:
        if action == "list":
            names = [service] if service else [name for name in instance.status()["services"] if name != "portal"]
            _list_letters(api, names, out)
        elif action in ("replay", "drop") and service and letter is not None:
            path = f"/api/{service}/dead-letters/{letter}"
            answer = api.post(f"{path}/replay") if action == "replay" else api.delete(path)
            _check(answer)
            out.print(f"{action}: done")
        else:
            raise LocalError("write dead-letters list [SERVICE], or dead-letters replay|drop SERVICE ID")


def _list_letters(api: httpx.Client, names: list[str], out: Console) -> None:
    table = Table("service", "id", "topic", "offset", "code", "reason")
    for name in names:
        for one in _letters(api, name):
            place = f"{one['partition']}:{one['offset']}"
            table.add_row(name, str(one["id"]), one["topic"], place, one["code"], one["reason"])
    out.print(table if table.row_count else "no dead letters")


def _letters(api: httpx.Client, service: str) -> Iterator[dict[str, Any]]:
    """Page by page; none from a service that consumes nothing."""
    after: int | None = 0
    while after is not None:
        answer = api.get(f"/api/{service}/dead-letters", params={"after": after})
        if answer.status_code == 404:
            return
        page = _check(answer)
        yield from page["dead_letters"]
        after = page["next"]


def rebuild(instance: Instance, view: str, out: Console) -> None:
    """Shows progress until the new view is in place."""
    with caller(instance) as api, Progress(console=out) as bar:
        _check(api.post(f"/api/aggregator/rebuild/{view}"))
        task = bar.add_task(f"rebuilding {view}", total=1.0)
        while True:
            said = _check(api.get(f"/api/aggregator/rebuild/{view}"))
            total, done = said.get("total") or 0, said.get("done") or 0
            bar.update(task, completed=done / total if total else 0.0)
            if said["state"] in ("done", "failed"):
                break
            time.sleep(0.2)
        bar.update(task, completed=1.0)
    if said["state"] == "failed":
        raise LocalError(f"the rebuild failed: {said.get('error')}; the running view is untouched")
    out.print(f"{view}: rebuilt from {said.get('done')} records")


def _check(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        said = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        raise LocalError(f"{answer.status_code} {said.get('code', '')}: {said.get('detail', answer.text[:200])}")
    found: dict[str, Any] = answer.json() if answer.content else {}
    return found
