"""What the portal needs beside the settings of every service."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import SecretStr, model_validator

from shared.settings import Settings


class PortalSettings(Settings):
    actor_key: Path
    public_url: str
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: SecretStr | None = None
    # Where the portal itself finds the issuer, when that is another address than the browser's.
    oidc_discovery_url: str | None = None
    oidc_groups_claim: str = "groups"
    oidc_scope: str = "openid profile"
    roles_file: Path
    web_dist: Path
    demo_accounts: Path | None = None

    @property
    def demo(self) -> bool:
        """Whether what the house holds is invented, and every page has to say so."""
        return self.env == "demo"

    @property
    def demo_groups(self) -> Path | None:
        """The accounts' file, where its groups mean anything: beside the demo's house."""
        return self.demo_accounts if self.demo else None

    @property
    def origin(self) -> str:
        return _origin(self.public_url)

    @property
    def provider_origin(self) -> str:
        return _origin(self.oidc_issuer)

    @property
    def https(self) -> bool:
        return self.origin.startswith("https://")

    @property
    def cookie(self) -> str:
        """Browsers do not keep cookies of two ports apart, so without TLS the port is part of the name."""
        port = urlsplit(self.public_url).port
        return "__Host-torg" if self.https else f"torg-{port}" if port else "torg"

    @property
    def redirect_uri(self) -> str:
        return f"{self.origin}/auth/callback"

    @model_validator(mode="after")
    def _production_is_closed(self) -> Self:
        if self.env == "production" and self.demo_accounts:
            raise ValueError("TORG_DEMO_ACCOUNTS is refused when TORG_ENV=production")
        if self.env == "production" and not self.https:
            raise ValueError("TORG_PUBLIC_URL must be https when TORG_ENV=production")
        return self


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
