"""Records histories of representative executions, to which changes of the interpreter are held.

    python -m scripts.histories            # records those that are missing
    python -m scripts.histories NAME ...   # records these anew

A recorded history is a promise to the executions that ran at that time: record anew only what cannot replay on
purpose, with a release note that says so (docs/temporal.md, Versioning).
"""

import asyncio
import json
import logging
import re
import sys
import tempfile
from pathlib import Path
from typing import Final

from stigmer_engine.cases import PlannedCase, judge, read_cases
from stigmer_engine.runtimes.temporal import Rules
from stigmer_engine.runtimes.temporal.stage import StageConfig, TemporalStage
from stigmer_runner.temporal_server import DevServerConfig, open_dev_server

from scripts.quiet_log import warnings_only

FOLDER: Final = Path(__file__).parents[1] / "tests" / "contract" / "histories"
CASES: Final = FOLDER / "histories.test.yaml"
_SERVER: Final = {"frontend.WorkflowTimeSkippingEnabled": "true"}
_CONTINUED: Final = "continued"
"""The case that continues as new, after so few events that it does so several times."""
_FEW_EVENTS: Final = 30
_SILENT: Final = ("sequence", "fork", "sums", "continued")
"""Cases whose events nobody takes; those of all others are delivered."""
_PEOPLE: Final = re.compile(r"\d+@[\w.-]+")
"""Process and machine, by which clients and workers name themselves."""
_PLACES: Final = re.compile(r'(?<=File \\")/[^"\\]*/')
"""Folders of this machine, in stack traces."""


async def _record(cases: list[PlannedCase]) -> None:
    async with open_dev_server(DevServerConfig(dynamic_config=_SERVER)) as server:
        for case in cases:
            rules = Rules(history_events=_FEW_EVENTS if case.name == _CONTINUED else 0)
            with tempfile.TemporaryDirectory() as folder:
                # Nothing is stored elsewhere, so that a history stands alone.
                config = StageConfig(
                    folder=Path(folder), claim_check=False, rules=rules, reports=case.name not in _SILENT
                )
                async with TemporalStage(server.address, config) as stage:
                    performed = await stage.perform(case)
            wrong = judge(case.case.expect, performed.observation)
            if wrong:
                raise SystemExit(f"{case.name} did not go as it should:\n" + "\n".join(wrong))
            for number, history in enumerate(performed.histories, start=1):
                run = f".{number}" if len(performed.histories) > 1 else ""
                shown = {"workflow_id": history.workflow_id, **json.loads(history.to_json())}
                text = _PLACES.sub("", _PEOPLE.sub("1@worker", json.dumps(shown, indent=1, ensure_ascii=False)))
                (FOLDER / f"{case.name}{run}.json").write_text(text + "\n", encoding="utf-8")
                print(f"{case.name}{run}.json: {len(history.events)} events, {len(text)} bytes")


def _missing(case: PlannedCase) -> bool:
    return not any(FOLDER.glob(f"{case.name}.*json"))


def main(names: list[str]) -> None:
    """Record the named cases, or those without a history."""
    warnings_only()
    logging.disable(logging.WARNING)
    every = read_cases(CASES, source=CASES.name)
    unknown = set(names) - {case.name for case in every}
    if unknown:
        raise SystemExit(f"no case in {CASES.name} has the name {', '.join(sorted(unknown))}")
    chosen = [case for case in every if (case.name in names if names else _missing(case))]
    asyncio.run(_record(chosen))


if __name__ == "__main__":
    main(sys.argv[1:])
