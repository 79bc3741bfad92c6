"""Who may come in, for how long, and from where: decisions without I/O."""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
SIGN_IN_TAKES = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=1)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# What a foreign page can make a browser send without asking first.
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
_PATH = re.compile(r"/(?![/\\])[^\s\\\x00-\x1f]*")

Groups = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Person:
    """What the identity provider says of somebody; the tokens stay behind."""

    subject: str
    name: str
    groups: tuple[str, ...]
    id_token: str
    provider_session: str | None = None


@dataclass(frozen=True)
class Session:
    id_hash: bytes
    subject: str
    name: str
    groups: tuple[str, ...]
    signed_in_at: datetime
    seen_at: datetime
    id_token: str = ""

    def alive(self, now: datetime) -> bool:
        return now < self.signed_in_at + LONGEST and now < self.seen_at + IDLE

    def to_be_seen(self, now: datetime) -> bool:
        """Activity is noted once a minute, not with every request."""
        return now >= self.seen_at + SEEN_EVERY


def hashed(secret: str) -> bytes:
    """What is kept of a random id: the table alone opens no door."""
    return hashlib.sha256(secret.encode()).digest()


def challenge(verifier: str) -> str:
    """The S256 challenge of RFC 7636."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def opaque_subject(issuer: str, subject: str) -> str:
    """The same person is the same subject everywhere, and nobody can read who."""
    return str(uuid5(NAMESPACE_URL, f"{issuer}#{subject}"))


def roles_of(groups: Iterable[str], table: Groups) -> tuple[str, ...]:
    """ROLE@SCOPE of every known group; groups of other systems mean nothing here."""
    return tuple(sorted({role for group in groups for role in table.get(group, ())}))


def safe_next(path: str | None) -> str:
    """Where to go after sign-in: a path of ours, never another site."""
    return path if path and len(path) <= 500 and _PATH.fullmatch(path) else "/"


def same_site(method: str, fetch_site: str | None, origin: str | None, own: Iterable[str]) -> bool:
    """Whether a request that carries the cookie was made by our own page.

    Every browser says where an unsafe request comes from; one that does not say is no browser of ours.
    """
    if method in SAFE_METHODS:
        return True
    if fetch_site is not None:
        return fetch_site in ("same-origin", "none")
    return origin is not None and origin.lower() in own


def is_form(content_type: str | None) -> bool:
    return (content_type or "").split(";")[0].strip().lower() in FORM_TYPES
