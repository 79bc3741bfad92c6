"""Topics, users and rights on Kafka, the same for every way of deploying. Safe to repeat.

python -m deploy.provision        (TORG_KAFKA_BOOTSTRAP, TORG_KAFKA_ADMIN_PASSWORD, TORG_KAFKA_PASSWORDS as JSON)
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from deploy.house import Service, Topic, services, topics

SECONDS = 30
_ITERATIONS = 4096


def kafka(bootstrap: str, admin_password: str, passwords: Mapping[str, str]) -> None:
    """Raises KafkaException when the cluster refuses. `passwords` by service; those not there yet become users."""
    client = admin(bootstrap, admin_password)
    _create_topics(client, topics())
    _create_users(client, passwords)
    bindings = [binding for service in services() if service.kafka for binding in rights(service)]
    for future in client.create_acls(bindings, request_timeout=SECONDS).values():
        future.result(SECONDS)


def admin(bootstrap: str, password: str) -> AdminClient:
    return AdminClient(
        {
            "bootstrap.servers": bootstrap,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "admin",
            "sasl.password": password,
        }
    )


def rights(service: Service) -> Iterator[AclBinding]:
    """Its own topic to write, its neighbours' to read, its own groups; nothing else."""
    if service.publishes:
        for operation in (AclOperation.WRITE, AclOperation.DESCRIBE):
            yield _allow(service, ResourceType.TOPIC, f"torg.{service.name}.v1", operation)
    for source in service.reads:
        name = "*" if source == "*" else f"torg.{source}.v1"
        for operation in (AclOperation.READ, AclOperation.DESCRIBE):
            yield _allow(service, ResourceType.TOPIC, name, operation)
    if service.reads:
        yield _allow(service, ResourceType.GROUP, f"{service.name}.", AclOperation.READ, ResourcePatternType.PREFIXED)


def _allow(
    service: Service,
    kind: ResourceType,
    name: str,
    operation: AclOperation,
    pattern: ResourcePatternType = ResourcePatternType.LITERAL,
) -> AclBinding:
    return AclBinding(kind, name, pattern, f"User:{service.name}", "*", operation, AclPermissionType.ALLOW)


def _create_topics(client: AdminClient, wanted: tuple[Topic, ...]) -> None:
    known = client.list_topics(timeout=SECONDS).topics
    new = [
        NewTopic(topic.name, topic.partitions, 1, config=dict(topic.config))
        for topic in wanted
        if topic.name not in known
    ]
    for future in client.create_topics(new).values() if new else ():
        future.result(SECONDS)


def _create_users(client: AdminClient, passwords: Mapping[str, str]) -> None:
    known = client.describe_user_scram_credentials(None).result(SECONDS)
    new = [name for name in passwords if name not in known]
    if not new:
        return
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
    changes = [UserScramCredentialUpsertion(name, info, passwords[name].encode()) for name in new]
    for future in client.alter_user_scram_credentials(changes).values():
        future.result(SECONDS)


if __name__ == "__main__":
    kafka(
        os.environ["TORG_KAFKA_BOOTSTRAP"],
        os.environ["TORG_KAFKA_ADMIN_PASSWORD"],
        json.loads(os.environ["TORG_KAFKA_PASSWORDS"]),
    )
    sys.stdout.write("topics, users and rights are in place\n")
