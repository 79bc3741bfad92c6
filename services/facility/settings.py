"""What facility needs beside the settings of every service."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Self

from pydantic import model_validator

from shared.settings import Settings


class FacilitySettings(Settings):
    # Private networks, as 10.20.0.0/16,fd00::/8, from which calendars may be read; there also without https.
    feed_networks: str = ""
    # Certificates, beside the world's own, that a server of calendars in the house may show.
    feed_ca_file: Path | None = None

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(ip_network(one.strip()) for one in self.feed_networks.split(",") if one.strip())

    @model_validator(mode="after")
    def _networks_are_networks(self) -> Self:
        try:
            _ = self.networks
        except ValueError as error:
            raise ValueError(f"TORG_FEED_NETWORKS: {error}; written as 10.20.0.0/16,fd00::/8") from None
        return self
