"""`python -m scripts.fuzz`: documents and expressions by chance, until one of them finds a way to break something."""

import argparse
import os
import sys
import time
from pathlib import Path

from .campaign import Campaign
from .corpus import CORPUS
from .inputs import Kind


def main() -> int:
    """Run a campaign; 1 when anything was found."""
    parser = argparse.ArgumentParser(prog="just fuzz", description=__doc__)
    parser.add_argument("--documents", type=int, default=2_000, metavar="N", help="how many documents (%(default)s)")
    parser.add_argument("--expressions", type=int, default=2_000, metavar="N", help="how many (%(default)s)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the number to begin with (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same inputs (%(default)s)")
    parser.add_argument("--seconds", type=float, help="stop after this time, whatever is left")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="(%(default)s)")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="where failing inputs are written")
    arguments = parser.parse_args()
    first = arguments.first
    numbers: dict[Kind, range] = {
        "documents": range(first, first + arguments.documents),
        "expressions": range(first, first + arguments.expressions),
    }
    campaign = Campaign(arguments.seed, arguments.corpus)
    began = time.monotonic()
    campaign.run(numbers, processes=arguments.processes, seconds=arguments.seconds)
    seconds = time.monotonic() - began
    print(f"seed {arguments.seed}, from {first}, {seconds:.0f} s, largest process {campaign.peak_kib >> 10} MiB")
    for kind, tally in campaign.tallies.items():
        outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in tally.outcomes.most_common())
        slowest, number = tally.slowest
        print(f"{tally.checked:,} {kind}: {outcomes or 'none'}; slowest number {number} with {slowest:.2f} s")
    for signature, detail in campaign.first.items():
        print(f"FOUND {signature}\n    {detail}")
    print("nothing found" if not campaign.failed else f"{len(campaign.first)} different findings")
    return 1 if campaign.failed else 0


if __name__ == "__main__":
    sys.exit(main())
