"""Makes ready what the services stand on, before they start: topics, users and rights, roles, schemas and tables.

python -m deploy.prepare        Safe to repeat, and to be run at every start.

TORG_KAFKA_BOOTSTRAP, TORG_KAFKA_ADMIN_PASSWORD
TORG_POSTGRES_DSN               of a superuser, naming the maintenance database
TORG_PASSWORDS                  JSON: by service, what it uses towards PostgreSQL and Kafka alike
TORG_KEYCLOAK_PASSWORD          optional: then Keycloak gets a database of its own on the same server
"""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

from deploy import database, provision
from shared.migrate import migrate

DATABASE = "torg"
KEYCLOAK = "keycloak"


def main() -> None:
    passwords: dict[str, str] = json.loads(os.environ["TORG_PASSWORDS"])
    provision.kafka(os.environ["TORG_KAFKA_BOOTSTRAP"], os.environ["TORG_KAFKA_ADMIN_PASSWORD"], passwords)
    sys.stdout.write("topics, users and rights are in place\n")
    server = os.environ["TORG_POSTGRES_DSN"]
    asyncio.run(_tables(server, passwords))
    if keycloak := os.environ.get("TORG_KEYCLOAK_PASSWORD"):
        asyncio.run(_keycloak(server, keycloak))


async def _tables(server: str, passwords: Mapping[str, str]) -> None:
    """The roles that own the tables are used here alone: they get a new password each time, and nobody keeps it."""
    owners = {f"{name}_owner": secrets.token_urlsafe(24) for name in passwords}
    await database.ensure_database(server, DATABASE)
    await database.provision(_dsn(server, DATABASE), list(passwords), {**passwords, **owners})
    for name in passwords:
        owner = f"{name}_owner"
        done = await migrate(_dsn(server, DATABASE, owner, owners[owner]), name)
        sys.stdout.write(f"{name}: {', '.join(done) or 'up to date'}\n")


async def _keycloak(server: str, password: str) -> None:
    await database.ensure_database(server, KEYCLOAK)
    await database.ensure_owner(_dsn(server, KEYCLOAK), KEYCLOAK, password)


def _dsn(server: str, name: str, role: str = "", password: str = "") -> str:
    parts = urlsplit(server)
    who = f"{role}:{quote(password, safe='')}" if role else parts.netloc.rpartition("@")[0]
    return urlunsplit((parts.scheme, f"{who}@{parts.netloc.rpartition('@')[2]}", f"/{name}", "", ""))


if __name__ == "__main__":
    main()
