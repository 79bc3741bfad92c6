"""Fixtures of all tests. Servers start once a session and only when a test asks for them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import infra
from tests.house import House, running_house

OWN_FOLDER = pytest.StashKey[Path]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """A temporary folder of this run's own. The one that pytest gives all runs is shut to other users at each start,
    and with it the data of a database server that a run beside this one has started as a user of its own."""
    if config.option.basetemp is None:
        config.stash[OWN_FOLDER] = folder = Path(tempfile.mkdtemp(prefix="torg-tests-"))
        config.option.basetemp = str(folder)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """What a failed run left is kept to be looked at."""
    folder = session.config.stash.get(OWN_FOLDER, None)
    if folder and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the database server's own user can reach."""
    home = tmp_path_factory.mktemp("servers")
    for folder in (home, *list(home.parents)[:3]):
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o111)
    return home


@pytest.fixture(scope="session")
def kafka(server_home: Path) -> Iterator[infra.Kafka]:
    with infra.kafka_cluster(server_home / "kafka") as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres(server_home: Path) -> Iterator[infra.Postgres]:
    with infra.postgres_server(server_home / "postgres") as server:
        yield server


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> infra.Keys:
    return infra.make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data of others, which lies beside the checkout and is never part of it."""
    default = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    folder = Path(os.environ.get("TORG_SHARED_DATA", default))
    if not folder.exists():
        pytest.skip("the real data sets are not here (TORG_SHARED_DATA names their folder)")
    return folder


@pytest.fixture(scope="module")
async def database(postgres: infra.Postgres) -> infra.Database:
    """A database with every service that is built, fresh for the module."""
    return await postgres.database(*(service.name for service in infra.services() if service.exists))


@pytest.fixture(scope="session")
def empty_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The whole house with nothing in it, and a clock that PUT /test/clock sets."""
    with running_house(tmp_path_factory.mktemp("empty") / "torg", "--no-demo", TORG_TEST_CLOCK="1") as running:
        yield running
