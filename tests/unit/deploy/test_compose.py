"""docker-compose.yml against the settings model and the lists that every way of deploying reads."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from deploy import dotenv
from deploy.house import ROOT, services
from services.facility.settings import FacilitySettings
from services.health_station.settings import HealthStationSettings
from services.portal.settings import PortalSettings
from shared.settings import Settings

COMPOSE = ROOT / "docker-compose.yml"
SAID = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::(?P<sign>[-?])(?P<rest>[^}]*))?\}")
BUILT = [service.name for service in services() if service.exists]


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def environment(service: str) -> dict[str, str]:
    """With every secret filled in, as Docker would with the .env of deploy.dotenv."""
    said = compose()[service]["environment"]
    return {name: SAID.sub(_filled, str(value)) for name, value in said.items()}


def _filled(match: re.Match[str]) -> str:
    return match["rest"] if match["sign"] == "-" else f"secret-{match['name'].lower()}"


def model(service: str) -> type[BaseSettings]:
    own = {"facility": FacilitySettings, "health_station": HealthStationSettings, "portal": PortalSettings}
    return own.get(service, Settings)


def test_compose__its_services__are_those_that_are_built() -> None:
    started = {name for name, one in compose().items() if "services." in str(one.get("command"))}

    assert started == set(BUILT)
    for name in BUILT:
        assert compose()[name]["command"] == ["python", "-m", f"services.{name}"]


@pytest.mark.parametrize("service", BUILT)
def test_compose__every_variable_it_sets__is_in_the_settings(service: str) -> None:
    known = {f"TORG_{name.upper()}" for name in model(service).model_fields}

    assert set(environment(service)) <= known


@pytest.mark.parametrize("service", BUILT)
def test_compose__every_required_setting__is_set(service: str) -> None:
    required = {f"TORG_{name.upper()}" for name, one in model(service).model_fields.items() if one.is_required()}

    assert required <= set(environment(service))


@pytest.mark.parametrize("service", BUILT)
def test_compose__settings_read_from_it__are_valid_in_production(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(service).items():
        monkeypatch.setenv(name, value)

    settings = model(service)()

    assert isinstance(settings, Settings)
    assert settings.env == "production"
    assert settings.service == service
    assert settings.kafka_servers == ["kafka:9092"]
    assert set(settings.service_urls) == set(BUILT) - {"portal"}


@pytest.mark.parametrize("service", [service.name for service in services() if service.exists and service.kafka])
def test_compose__a_service__signs_in_as_itself_alone(service: str) -> None:
    said = environment(service)

    assert said["TORG_KAFKA_USERNAME"] == service
    assert said["TORG_DATABASE_DSN"].startswith(f"postgresql://{service}:{said['TORG_KAFKA_PASSWORD']}@")


def test_compose__what_prepare_makes__is_a_password_for_every_service() -> None:
    passwords = json.loads(environment("prepare")["TORG_PASSWORDS"])

    assert set(passwords) == set(BUILT)
    for service in BUILT:
        assert f":{passwords[service]}@" in environment(service)["TORG_DATABASE_DSN"]


def test_compose__the_private_key__is_seen_by_the_portal_alone() -> None:
    holders = {name for name, one in compose().items() if "private-keys" in str(one.get("volumes"))}

    assert holders == {"portal", "keys"}


@pytest.mark.parametrize("service", [service.name for service in services() if service.acts_as])
def test_compose__the_key_of_a_service_that_acts_by_itself__is_seen_by_it_alone(service: str) -> None:
    holders = {name for name, one in compose().items() if f"/keys/{service}" in str(one.get("volumes"))}

    assert holders == {service, "keys"}
    assert environment(service)["TORG_ACTOR_KEY"] == f"/keys/{service}/actor.jwk.json"


def test_compose__images__are_named_without_a_registry_and_with_a_version() -> None:
    for one in compose().values():
        if "build" not in one:
            name, _, tag = one["image"].partition(":")
            assert tag not in ("", "latest")
            assert "." not in name


def test_dotenv__asked_twice__gives_every_secret_once_and_keeps_it(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("TORG_DOMAIN=torg.example.no\n")

    dotenv.main(COMPOSE, env)
    first = env.read_text()
    dotenv.main(COMPOSE, env)

    assert env.read_text() == first
    assert env.stat().st_mode & 0o077 == 0
    given = dict(line.split("=") for line in first.splitlines())
    assert given["TORG_DOMAIN"] == "torg.example.no"
    assert set(dotenv.wanted(COMPOSE)) < set(given)
    assert len(set(given.values())) == len(given)


def test_keycloak__its_groups__are_those_that_mean_a_role() -> None:
    realm = json.loads((ROOT / "deploy/keycloak/realm.json").read_text())
    roles = yaml.safe_load((ROOT / "deploy/roles.yaml").read_text())

    assert {group["name"] for group in realm["groups"]} == set(roles["groups"])


def test_keycloak__its_client__is_the_one_the_portal_says_it_is() -> None:
    realm = json.loads((ROOT / "deploy/keycloak/realm.json").read_text())
    said = environment("portal")
    (client,) = realm["clients"]

    assert said["TORG_OIDC_CLIENT_ID"] == client["clientId"]
    assert said["TORG_OIDC_ISSUER"].endswith(f"/realms/{realm['realm']}")
    assert client["redirectUris"] == ["${TORG_PUBLIC_URL}/auth/callback"]
    assert client["attributes"]["pkce.code.challenge.method"] == "S256"
    filled = set(re.findall(r"\$\{(\w+)\}", json.dumps(realm)))
    assert filled <= set(environment("keycloak"))
