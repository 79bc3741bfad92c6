"""python3 -m deploy.dotenv: writes .env with a random value for every secret docker-compose.yml asks for.

Needs nothing but Python. What .env already says stays as it is.
"""

import re
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASKED = re.compile(r"\$\{([A-Z_]+):\?")


def main(compose: Path, env: Path) -> None:
    known = env.read_text() if env.exists() else ""
    have = {line.partition("=")[0] for line in known.splitlines()}
    new = [name for name in wanted(compose) if name not in have]
    env.touch(mode=0o600)
    env.chmod(0o600)
    env.write_text(known + "".join(f"{name}={secrets.token_hex(24)}\n" for name in new))
    sys.stdout.write(f"{len(new)} secrets added to {env.name}\n")


def wanted(compose: Path) -> list[str]:
    return sorted(set(ASKED.findall(compose.read_text())))


if __name__ == "__main__":
    main(ROOT / "docker-compose.yml", ROOT / ".env")
