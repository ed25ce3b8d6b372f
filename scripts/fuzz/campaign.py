"""Many inputs, shared out among processes that are watched from outside."""

import json
import select
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .corpus import add
from .finding import Finding
from .inputs import ROOT, Inputs, Kind

_BATCH: Final = 50
_BATCH_SECONDS: Final = 300.0
"""Wall time of a batch, findings made smaller included. Inside, each input has its own bound of processor time."""


@dataclass(slots=True)
class Tally:
    """What came of the inputs of one kind."""

    checked: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, 0)


@dataclass(slots=True)
class Campaign:
    """One run. `peak_kib` is the largest size of any worker; `first` holds one line for each kind of finding."""

    seed: int
    corpus: Path
    tallies: dict[Kind, Tally] = field(default_factory=dict)
    peak_kib: int = 0
    first: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, numbers: dict[Kind, range], *, processes: int, seconds: float | None) -> None:
        """Check all inputs, or as many as the time allows."""
        self.tallies = {kind: Tally() for kind in numbers}
        batches = _batches(numbers)
        deadline = None if seconds is None else time.monotonic() + seconds
        threads = [threading.Thread(target=self._work, args=(batches, deadline)) for _ in range(processes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @property
    def failed(self) -> bool:
        """Whether anything was found."""
        return bool(self.first)

    def _work(self, batches: Iterator[tuple[Kind, range]], deadline: float | None) -> None:
        worker = _Worker(self.seed, self.corpus)
        try:
            while deadline is None or time.monotonic() < deadline:
                with self._lock:
                    batch = next(batches, None)
                if batch is None:
                    return
                kind, numbers = batch
                answer = worker.ask(kind, numbers)
                if answer is None:
                    worker.kill()
                    worker = _Worker(self.seed, self.corpus)
                    worker = self._alone(worker, kind, numbers)
                else:
                    self._take(kind, len(numbers), answer)
        finally:
            worker.kill()

    def _alone(self, worker: "_Worker", kind: Kind, numbers: range) -> "_Worker":
        """Check the inputs of a batch one by one, to find the one that ends the process, or stops it."""
        for number in numbers:
            answer = worker.ask(kind, range(number, number + 1))
            if answer is not None:
                self._take(kind, 1, answer)
                continue
            worker.kill()
            worker = _Worker(self.seed, self.corpus)
            finding = Finding(signature=f"a process ended or stopped {kind} {number}", detail=f"{kind} {number}")
            path = add(self.corpus, kind, finding.name, Inputs(self.seed).get(kind, number), number)
            seen: dict[str, object] = {**_plain(finding), "number": number, "path": str(path)}
            self._take(kind, 1, {"outcomes": {"finding": 1}, "findings": [seen], "slowest": (0.0, number)})
        return worker

    def _take(self, kind: Kind, count: int, answer: dict[str, object]) -> None:
        with self._lock:
            tally = self.tallies[kind]
            tally.checked += count
            outcomes, findings, slowest = answer["outcomes"], answer["findings"], answer["slowest"]
            assert isinstance(outcomes, dict)
            assert isinstance(findings, list)
            assert isinstance(slowest, list | tuple)
            tally.outcomes.update(outcomes)
            tally.slowest = max(tally.slowest, (float(slowest[0]), int(slowest[1])))
            peak = answer.get("peak_kib", 0)
            self.peak_kib = max(self.peak_kib, peak if isinstance(peak, int) else 0)
            for found in findings:
                signature = f"{kind}: {found['signature']}"
                tally.findings[signature] += 1
                if signature not in self.first:
                    self.first[signature] = f"input {found['number']}: {found['detail']} ({found['path']})"
                    print(f"FOUND {signature}: {self.first[signature]}", file=sys.stderr, flush=True)
            if tally.checked // 5000 != (tally.checked - count) // 5000:
                print(f"{kind}: {tally.checked:,} checked", file=sys.stderr, flush=True)


def _plain(finding: Finding) -> dict[str, object]:
    return {"signature": finding.signature, "detail": finding.detail}


def _batches(numbers: dict[Kind, range]) -> Iterator[tuple[Kind, range]]:
    """Batches of all kinds in turn, so that a campaign cut short has seen something of each."""
    positions = {kind: wanted.start for kind, wanted in numbers.items()}
    while any(positions[kind] < wanted.stop for kind, wanted in numbers.items()):
        for kind, wanted in numbers.items():
            first = positions[kind]
            positions[kind] = last = min(first + _BATCH, wanted.stop)
            if first < last:
                yield kind, range(first, last)


class _Worker:
    def __init__(self, seed: int, corpus: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.worker", str(seed), str(corpus.resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            cwd=ROOT,
            text=True,
        )

    def ask(self, kind: Kind, numbers: range) -> dict[str, object] | None:
        """What came of a batch; None when the process has ended, or does not answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(kind, numbers.start, numbers.stop, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            return None
        if not select.select([self._process.stdout], [], [], _BATCH_SECONDS)[0]:
            return None
        line = self._process.stdout.readline()
        answer: dict[str, object] | None = json.loads(line) if line else None
        return answer

    def kill(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
