"""`python -m scripts.fuzz.worker SEED CORPUS`: checks the batches that it is told, and tells what came of them.

Reads lines `KIND FIRST LAST`, and writes for each one line of JSON. It is a process of its own, so that nothing an
input does can end the campaign.
"""

import json
import sys
import time
from collections import Counter
from pathlib import Path

from .check import Checking, checking
from .corpus import add
from .finding import Finding
from .inputs import KINDS, Inputs, Kind
from .minimise import minimise
from .watchdog import limit_memory, peak_kib


class _Batches:
    def __init__(self, seed: int, corpus: Path) -> None:
        self._inputs = Inputs(seed)
        self._corpus = corpus
        self._known: set[str] = set()

    def run(self, checking: Checking, kind: Kind, first: int, last: int) -> dict[str, object]:
        """Check inputs `first` to `last`, without `last`."""
        outcomes: Counter[str] = Counter()
        findings: list[dict[str, object]] = []
        slowest = (0.0, first)
        for number in range(first, last):
            data = self._inputs.get(kind, number)
            began = time.process_time()
            outcome = checking.outcome(data, number)
            slowest = max(slowest, (time.process_time() - began, number))
            if isinstance(outcome, Finding):
                outcomes["finding"] += 1
                path = self._keep(checking, kind, outcome, data, number)
                findings.append(
                    {"signature": outcome.signature, "detail": outcome.detail, "number": number, "path": path}
                )
            else:
                outcomes[outcome] += 1
        return {"outcomes": outcomes, "findings": findings, "slowest": slowest, "peak_kib": peak_kib()}

    def _keep(self, checking: Checking, kind: Kind, finding: Finding, data: bytes, number: int) -> str:
        """Write a finding of a new kind down, as small as it gets."""
        if finding.signature in self._known:
            return ""
        self._known.add(finding.signature)
        small = minimise(data, lambda smaller: checking.fails_like(smaller, number, finding.signature))
        return str(add(self._corpus, kind, finding.name, small, number))


def main() -> None:
    """Answer until the input ends."""
    limit_memory()
    batches = _Batches(int(sys.argv[1]), Path(sys.argv[2]))
    with checking("documents") as documents, checking("expressions") as expressions:
        by_kind: dict[str, tuple[Kind, Checking]] = dict(
            zip(KINDS, zip(KINDS, (documents, expressions), strict=True), strict=True)
        )
        for line in sys.stdin:
            name, first, last = line.split()
            kind, check = by_kind[name]
            print(json.dumps(batches.run(check, kind, int(first), int(last))), flush=True)


if __name__ == "__main__":
    main()
