"""Clients of Kafka as every service builds them: a list of servers, SCRAM, fresh metadata, bounded waits."""

import logging
from functools import partial
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.helpers import create_ssl_context
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLScram512

from shared import logs
from shared.envelope import LARGEST_RECORD
from shared.settings import Settings
from shared.tolerant import Record, TolerantConsumer, decoder, parser

MECHANISM = "SCRAM-SHA-512"
# With older metadata a client stands still when a second broker dies, for as long as the metadata may live.
METADATA_MAX_AGE_MS = 10_000
REQUEST_TIMEOUT_MS = 10_000
# A consumer's join may take a whole session; its requests must outlast that.
SESSION_TIMEOUT_MS = 10_000
JOIN_TIMEOUT_MS = 15_000
# Room for key and headers. A topic's max.message.bytes must not be smaller: what the client lets through and the
# broker refuses makes an idempotent producer useless for that partition.
LARGEST_REQUEST = LARGEST_RECORD + 16 * 1024
GRACEFUL_SECONDS = 8.0

__all__ = [
    "Record",
    "build_admin",
    "build_consumer",
    "build_producer",
    "client_options",
    "connected_broker",
    "log_settings",
]
log = logs.get(__name__)


def client_options(settings: Settings) -> dict[str, Any]:
    """What every aiokafka client takes. Raises ValueError when SASL is asked for without a user."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_servers,
        "client_id": f"torg-{settings.service}",
        "metadata_max_age_ms": METADATA_MAX_AGE_MS,
        "security_protocol": settings.kafka_security,
    }
    if settings.kafka_security != "PLAINTEXT":
        if not settings.kafka_username or settings.kafka_password is None:
            raise ValueError(f"TORG_KAFKA_SECURITY={settings.kafka_security} needs TORG_KAFKA_USERNAME and _PASSWORD")
        options["sasl_mechanism"] = MECHANISM
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    if settings.kafka_security == "SASL_SSL":
        options["ssl_context"] = create_ssl_context(cafile=settings.kafka_ca_file)
    return options


def build_producer(settings: Settings) -> AIOKafkaProducer:
    """Not started. Idempotent, therefore to be closed and built anew after any failed send."""
    return AIOKafkaProducer(
        enable_idempotence=True,
        max_request_size=LARGEST_REQUEST,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        **client_options(settings),
    )


def build_consumer(settings: Settings, *topics: str, group: str | None, **options: Any) -> TolerantConsumer:
    """Not started; never commits by itself. With the default `auto_offset_reset` "none" the caller seeks."""
    defaults = {
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "session_timeout_ms": SESSION_TIMEOUT_MS,
        "request_timeout_ms": JOIN_TIMEOUT_MS,
    }
    return TolerantConsumer(*topics, group_id=group, **client_options(settings), **(defaults | options))


def build_admin(settings: Settings) -> AIOKafkaAdminClient:
    """Not started. For reading a group's offsets; topics and rights are provisioned elsewhere."""
    return AIOKafkaAdminClient(request_timeout_ms=REQUEST_TIMEOUT_MS, **client_options(settings))


async def connected_broker(settings: Settings) -> KafkaBroker:
    """FastStream's broker for reading only: handlers are given the record as it came, whatever is in it.

    "Connected" is FastStream's word; no connection is opened before a subscriber starts.
    """
    options = client_options(settings)
    broker = KafkaBroker(
        options["bootstrap_servers"],
        client_id=options["client_id"],
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
        request_timeout_ms=JOIN_TIMEOUT_MS,
        security=_faststream_security(settings, options),
        parser=parser,
        decoder=decoder,
        apply_types=False,
        consumer_only=True,
        allow_auto_create_topics=False,
        graceful_timeout=GRACEFUL_SECONDS,
        logger=_quiet_logger(),
    )
    await broker.connect()
    config: Any = broker.config.broker_config  # the one place that decides which consumer its subscribers build
    config.builder = partial(TolerantConsumer, **config.builder.keywords)
    return broker


def _faststream_security(settings: Settings, options: dict[str, Any]) -> BaseSecurity | None:
    if settings.kafka_security == "PLAINTEXT":
        return None
    return SASLScram512(
        options["sasl_plain_username"],
        options["sasl_plain_password"],
        use_ssl=settings.kafka_security == "SASL_SSL",
        ssl_context=options.get("ssl_context"),
    )


def _quiet_logger() -> logging.Logger:
    """FastStream logs each record twice and warns at each start that topics are not made by it; errors remain."""
    logger = logging.getLogger("torg.faststream")
    logger.setLevel(logging.ERROR)
    return logger


def log_settings(settings: Settings) -> None:
    """Called at start: a wrong password looks like an outage, so the names in use have to be found in the log."""
    log.info(
        "kafka_settings",
        servers=settings.kafka_servers,
        security=settings.kafka_security,
        mechanism=MECHANISM if settings.kafka_security != "PLAINTEXT" else None,
        username=settings.kafka_username,
        password_set=settings.kafka_password is not None,
        ca_file=str(settings.kafka_ca_file) if settings.kafka_ca_file else None,
    )
