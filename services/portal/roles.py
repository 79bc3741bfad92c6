"""deploy/roles.yaml: which group of the identity provider means which role where; and the demo's accounts."""

from pathlib import Path
from typing import Any

import yaml

from services.portal.domain import Groups
from shared.policy import Role
from shared.types import Body, Code, ShortText


class Grant(Body):
    role: Role
    scope: ShortText = "*"


class RolesFile(Body):
    groups: dict[ShortText, list[Grant]]


class Account(Body):
    """A demo account as the sign-in page shows it; the provider is started with the same list."""

    username: Code
    name: ShortText
    groups: list[ShortText]
    role_nb: ShortText
    role_en: ShortText


class AccountsFile(Body):
    """`groups`: what the demo's own groups mean, in scopes of the demo's house."""

    groups: dict[ShortText, list[Grant]] = {}
    accounts: list[Account]

    def here(self, demo: bool) -> list[Account]:
        """Without the demo's house nobody belongs to it."""
        return [one for one in self.accounts if demo or not self.groups.keys() & set(one.groups)]


def load_roles(path: Path, demo_accounts: Path | None = None) -> Groups:
    """With the demo's own groups, when its accounts are given.

    Raises at start for a role that does not exist: a typing error must not silently give nothing.
    """
    found = RolesFile.model_validate(_read(path)).groups
    own = AccountsFile.model_validate(_read(demo_accounts)).groups if demo_accounts else {}
    if both := found.keys() & own.keys():
        raise ValueError(f"{demo_accounts}: {', '.join(both)} means something already")
    return {group: [f"{grant.role}@{grant.scope}" for grant in grants] for group, grants in {**found, **own}.items()}


def load_accounts(path: Path | None, demo: bool) -> list[dict[str, str]]:
    if path is None:
        return []
    accounts = AccountsFile.model_validate(_read(path)).here(demo)
    return [account.model_dump(include={"username", "name", "role_nb", "role_en"}) for account in accounts]


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
