"""The conformance kit's feature files, and ours of the same kind, performed on the engine.

`STIGMER_CTK_DIR` names the folder of the official files, which are read where they are and never changed. Without
them the rest of the suite stands; ours in `features/` always run.
"""

import os
from contextlib import nullcontext
from pathlib import Path

import pytest
from stigmer_engine import Engine, EngineConfig, HttpConfig

from .ctk.hosts import transport
from .ctk.performance import perform
from .ctk.scenario import Scenario, read_scenarios

ROOT = Path(__file__).resolve().parents[2]
OFFICIAL = Path(os.environ.get("STIGMER_CTK_DIR") or ROOT.parent / "shared" / "ctk")
OURS = Path(__file__).with_name("features")


def official_scenarios(config: pytest.Config) -> tuple[Scenario, ...]:
    if OFFICIAL.is_dir():
        return read_scenarios(OFFICIAL)
    capture = config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        print(f"\nNo conformance scenarios: {OFFICIAL} is not there. STIGMER_CTK_DIR can name their folder.")
    return ()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scenario" in metafunc.fixturenames:
        cases = [
            pytest.param(scenario, id=f"official {scenario.id}") for scenario in official_scenarios(metafunc.config)
        ]
        cases += [pytest.param(scenario, id=f"own {scenario.id}") for scenario in read_scenarios(OURS)]
        metafunc.parametrize("scenario", cases)


async def test_the_scenario_holds(scenario: Scenario) -> None:
    async with Engine(EngineConfig(http=HttpConfig(transport=transport()))) as engine:
        await perform(scenario, engine)
