"""`python -m deploy.local.demo URL`: loads the demo, printing progress. The token comes by TORG_DEMO_TOKEN."""

import os
import sys

from deploy.local.demo.load import load, pass_a_quarter
from deploy.local.errors import LocalError

TOKEN = "TORG_DEMO_TOKEN"  # noqa: S105 -- the name of a variable


def main() -> int:
    try:
        load(sys.argv[1], os.environ[TOKEN], lambda line: print(line, flush=True))
        pass_a_quarter(sys.argv[1], os.environ[TOKEN])
    except LocalError as error:
        print(error, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
