"""python -m deploy.keys FOLDER: the key the portal signs actor tokens with, made once, and its public half.

private/portal.jwk.json is for the portal alone; public/jwks.json is what every service verifies with. There is no
development key.
"""

import json
import sys
from pathlib import Path

from joserfc.jwk import OKPKey

PORTAL_KEY = "portal"


def main(folder: Path) -> None:
    private, public = folder / "private" / "portal.jwk.json", folder / "public" / "jwks.json"
    for part in (private, public):
        part.parent.mkdir(parents=True, exist_ok=True)
    if not private.exists():
        key = OKPKey.generate_key("Ed25519", {"kid": PORTAL_KEY})
        private.touch(mode=0o600)
        private.write_text(json.dumps(key.as_dict(private=True)))
    key = OKPKey.import_key(json.loads(private.read_text()))
    public.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
