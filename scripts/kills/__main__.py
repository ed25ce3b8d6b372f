"""Kill workers at random moments, and check that nothing came of it: `just kills --kills 50 --seed 1`."""

import argparse
import asyncio
import logging
import sys

from scripts.kills.hunt import hunt
from scripts.quiet_log import warnings_only


def main(arguments: list[str] | None = None) -> int:
    """Kill so many; 1 when something was wrong afterwards."""
    parser = argparse.ArgumentParser(prog="python -m scripts.kills", description=__doc__.partition(":")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    warnings_only()
    verdict = asyncio.run(hunt(kills=given.kills, seed=given.seed))
    print("\n".join(verdict.lines()))
    return 1 if verdict.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
