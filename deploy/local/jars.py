"""Kafka's jars: pinned by sha256, fetched once, checked at every start.

The fetching library takes a truncated download for good and only warns about checksums, so the lock file of our own
decides: what does not match is deleted and fetched again once.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from jgo.maven import MavenContext

from deploy.local.errors import LocalError

LOCK = Path(__file__).with_name("kafka_jars.lock")
Progress = Callable[[str], None]


def cache_folder() -> Path:
    """TORG_CACHE, else the user's cache folder."""
    base = os.environ.get("TORG_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "torg"
    folder = Path(base).expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def pins(lock: Path = LOCK) -> Iterator[tuple[str, str]]:
    """(group:artifact:version, sha256) for every jar."""
    for line in lock.read_text().splitlines():
        coordinates, sha256 = line.split()
        yield coordinates, sha256


def lock_digest(lock: Path = LOCK) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()[:12]


def jars(cache: Path, progress: Progress, lock: Path = LOCK) -> list[Path]:
    """The class path. Raises LocalError naming what could not be fetched."""
    maven = MavenContext(repo_cache=cache / "maven")
    wanted = list(pins(lock))
    with _alone(cache):
        missing = sum(1 for coordinates, _ in wanted if not _place(cache, coordinates).exists())
        if missing:
            progress(f"fetching {missing} of Kafka's {len(wanted)} jars (45 MB in all)")
        return [_jar(maven, cache, coordinates, sha256, progress) for coordinates, sha256 in wanted]


@contextlib.contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Two starts at once must not take each other's half-written file for a damaged one."""
    with (cache / "lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _jar(maven: MavenContext, cache: Path, coordinates: str, sha256: str, progress: Progress) -> Path:
    for _ in range(2):
        path = _resolve(maven, cache, coordinates)
        if hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
            return path
        progress(f"{coordinates} does not match its checksum: deleted, and fetched again")
        path.unlink()
    raise LocalError(f"{coordinates}: what was fetched twice does not match its checksum {sha256}; nothing was used")


def _resolve(maven: MavenContext, cache: Path, coordinates: str) -> Path:
    place = _place(cache, coordinates)
    if place.exists():
        return place
    group, artifact, version = coordinates.split(":")
    try:
        return Path(maven.project(group, artifact).at_version(version).artifact().resolve())
    except Exception as error:  # the library raises what its transports raise
        raise LocalError(
            f"{coordinates} is not in the cache {cache} and could not be fetched from the Maven repository "
            f"({type(error).__name__}). Connect to the network once, or fill TORG_CACHE from another machine."
        ) from error


def _place(cache: Path, coordinates: str) -> Path:
    group, artifact, version = coordinates.split(":")
    return cache / "maven" / group.replace(".", "/") / artifact / version / f"{artifact}-{version}.jar"
