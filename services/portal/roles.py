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
    accounts: list[Account]


def load_roles(path: Path) -> Groups:
    """Raises at start for a role that does not exist: a typing error must not silently give nothing."""
    found = RolesFile.model_validate(_read(path))
    return {group: [f"{grant.role}@{grant.scope}" for grant in grants] for group, grants in found.groups.items()}


def load_accounts(path: Path | None) -> list[dict[str, str]]:
    if path is None:
        return []
    accounts = AccountsFile.model_validate(_read(path)).accounts
    return [account.model_dump(include={"username", "name", "role_nb", "role_en"}) for account in accounts]


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
