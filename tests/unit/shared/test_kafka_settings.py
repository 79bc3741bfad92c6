from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from deploy.house import topics
from shared.envelope import LARGEST_RECORD
from shared.kafka import LARGEST_REQUEST, client_options
from shared.settings import Settings


def settings(**more: Any) -> Settings:
    values: dict[str, Any] = {
        "service": "library",
        "port": 1,
        "database_dsn": SecretStr("postgresql://x"),
        "kafka_bootstrap": "one:1, two:2",
        "actor_jwks": Path("none"),
    }
    return Settings(**(values | more))


def test_client_options__several_servers__are_a_list() -> None:
    assert client_options(settings(kafka_security="PLAINTEXT"))["bootstrap_servers"] == ["one:1", "two:2"]


def test_client_options__sasl__is_scram_with_the_user_given() -> None:
    options = client_options(settings(kafka_username="library", kafka_password="secret"))

    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("library", "secret")


def test_client_options__sasl_without_user__is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="TORG_KAFKA_USERNAME"):
        client_options(settings())


def test_client_options__tls__checks_the_certificate() -> None:
    options = client_options(settings(kafka_security="SASL_SSL", kafka_username="library", kafka_password="secret"))

    assert options["ssl_context"].check_hostname


def test_topics__largest_record__fits_what_clients_may_send() -> None:
    assert LARGEST_RECORD < LARGEST_REQUEST
    assert all(int(dict(topic.config)["max.message.bytes"]) >= LARGEST_REQUEST for topic in topics())
