"""The keys actor tokens are signed with: the portal's, and one of each service that acts on its own account.

python -m deploy.keys FOLDER    makes what is missing, and the public halves in public/jwks.json, which every service
                                verifies with. There is no development key.

private/portal.jwk.json is for the portal alone, <service>/actor.jwk.json for that service alone.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from joserfc.jwk import OKPKey

from deploy.house import services

PORTAL_KEY = "portal"
Jwk = dict[str, Any]


def main(folder: Path) -> None:
    private = {PORTAL_KEY: folder / "private" / "portal.jwk.json"}
    private |= {name: folder / name / "actor.jwk.json" for name in acting()}
    public = folder / "public" / "jwks.json"
    public.parent.mkdir(parents=True, exist_ok=True)
    for kid, path in private.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path, kid)
    public.write_text(json.dumps(jwks(private.values())))


def acting() -> Mapping[str, list[str]]:
    """The services with a key of their own, and the roles their tokens may say."""
    return {one.name: list(one.acts_as) for one in services() if one.acts_as}


def make(path: Path, kid: str) -> None:
    """A signing key that only its owner can read; one that is there stays."""
    if path.exists():
        return
    key = OKPKey.generate_key("Ed25519", {"kid": kid})
    path.touch(mode=0o600)
    path.write_text(json.dumps(key.as_dict(private=True)))


def jwks(private: Iterable[Path]) -> dict[str, list[Jwk]]:
    return {"keys": [public_half(json.loads(path.read_text())) for path in private]}


def public_half(private: Jwk) -> Jwk:
    """With the roles it is limited to, for a service's own key."""
    public = dict(OKPKey.import_key(private).as_dict(private=False))
    roles = acting().get(private["kid"])
    return {**public, "roles": roles} if roles else public


if __name__ == "__main__":
    main(Path(sys.argv[1]))
