"""The demo's own accounts: of the demo's house, and nowhere but in a demo."""

from pathlib import Path

import pytest
import yaml

from deploy.house import ROOT
from deploy.local import children
from deploy.local.demo import house
from services.portal.roles import load_accounts, load_roles

ROLES, ACCOUNTS = ROOT / "deploy/roles.yaml", ROOT / "deploy/local/accounts.yaml"
OWN = ("helse", "helseleder", "senior", "innbygger", "frivillig")


def names(accounts: list[dict[str, str]]) -> set[str]:
    return {one["username"] for one in accounts}


def test_own_groups__their_scopes__are_heggedals_units_and_square() -> None:
    (heggedal,) = [one for one in house.squares() if one.key == "heggedal"]
    groups = yaml.safe_load(ACCOUNTS.read_text())["groups"]

    scopes = {grant["scope"] for grants in groups.values() for grant in grants}

    units = ("health_station", "senior_centre", "service_desk", "volunteer_central")
    assert scopes == {str(heggedal.id), *map(heggedal.unit, units)}


def test_roles__outside_a_demo__know_nothing_of_the_demos_groups() -> None:
    own = yaml.safe_load(ACCOUNTS.read_text())["groups"].keys()

    assert own
    assert not own & load_roles(ROLES).keys()
    assert own < load_roles(ROLES, ACCOUNTS).keys()
    assert all("*" not in role for group in own for role in load_roles(ROLES, ACCOUNTS)[group])


def test_accounts__outside_a_demo__are_without_those_of_its_house() -> None:
    assert set(OWN) < names(load_accounts(ACCOUNTS, True))
    assert names(load_accounts(ACCOUNTS, True)) - names(load_accounts(ACCOUNTS, False)) == set(OWN)
    assert {one["username"] for one in children.accounts(False)} == names(load_accounts(ACCOUNTS, False))


def test_accounts__every_group_they_are_in__means_something() -> None:
    known = load_roles(ROLES, ACCOUNTS)

    assert all(group in known for one in children.accounts(True) for group in one["groups"])


def test_own_group__that_means_something_already__is_refused(tmp_path: Path) -> None:
    told = {"accounts": [], "groups": {"torg-admin": [{"role": "admin", "scope": "*"}]}}
    (tmp_path / "accounts.yaml").write_text(yaml.safe_dump(told))

    with pytest.raises(ValueError, match="torg-admin means something already"):
        load_roles(ROLES, tmp_path / "accounts.yaml")
