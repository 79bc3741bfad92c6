"""Settings of a service, from TORG_ environment variables; the same model embedded, in compose and in a cluster."""

from pathlib import Path
from typing import Literal, Self

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What every service needs. A service with more subclasses this in its own app.py."""

    model_config = SettingsConfigDict(env_prefix="TORG_", env_file=None, extra="ignore")

    env: Literal["development", "demo", "production"] = "development"
    service: str
    host: str = "127.0.0.1"
    port: int
    database_dsn: SecretStr
    database_pool: int = 8
    kafka_bootstrap: str
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_security: Literal["PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL"] = "SASL_PLAINTEXT"
    kafka_ca_file: Path | None = None
    service_urls: dict[str, str] = {}
    actor_jwks: Path
    test_clock: bool = False
    failpoints: str = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    @property
    def kafka_servers(self) -> list[str]:
        """A list, because the clients take "a:1,b:2" for one host name."""
        return [server.strip() for server in self.kafka_bootstrap.split(",") if server.strip()]

    @model_validator(mode="after")
    def _production_has_no_test_doors(self) -> Self:
        if self.env == "production" and self.test_clock:
            raise ValueError("TORG_TEST_CLOCK is refused when TORG_ENV=production")
        if self.env == "production" and self.failpoints:
            raise ValueError("TORG_FAILPOINTS is refused when TORG_ENV=production")
        return self
