"""The YAML of every case in `specs/`: locked, loadable, accepted by the official schema, and revertible.

After a deliberate change run `pytest tests/contract/test_converter_snapshots.py --snapshot-update` and read the diff.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from stigmer_converter import ConvertOptions, GrpcTarget, convert, convert_source, read_spec, revert
from stigmer_converter.kinds.registry import KINDS, kind_named
from stigmer_converter.testing import OfficialSchema
from stigmer_dsl import load
from stigmer_dsl.limits import DEFAULT_LIMITS
from stigmer_dsl.syntax.yaml_reader import read_yaml
from stigmer_proto.ai.stigmer.commons.apiresource import WorkflowTaskKind
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

CASES = {path.stem: path for path in sorted((Path(__file__).parent / "specs").glob("*.yaml"))}
INVENTORY = GrpcTarget(host="inventory.internal", port=9000)
PRICES = GrpcTarget(host="prices.internal", port=443, proto="https://example.com/prices.proto", tls=True)
OPTIONS: Mapping[str, ConvertOptions] = {
    "grpc-call-minimal": ConvertOptions(grpc_services={"shop.v1.Inventory": INVENTORY}),
    "grpc-call-edge": ConvertOptions(grpc_services={"shop.v1.Prices": PRICES}),
    "call-activity-edge": ConvertOptions(activity_task_queue="receipts"),
    "nested-everything": ConvertOptions(grpc_services={"shop.v1.Inventory": INVENTORY}),
}
SPEC_DIR = Path(os.environ.get("STIGMER_SPEC_DIR", Path(__file__).parents[3] / "shared" / "spec"))
SCHEMA = SPEC_DIR / "workflow.schema.yaml"


class YamlFile(SingleFileSnapshotExtension):
    """One readable `.yaml` file a case."""

    file_extension = "yaml"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def yaml_file(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(YamlFile)


def options_of(case: str) -> ConvertOptions:
    return OPTIONS.get(case, ConvertOptions())


def yaml_of(case: str) -> str:
    return convert_source(CASES[case].read_bytes(), "yaml", options_of(case)).yaml


@pytest.mark.parametrize("case", CASES)
def test_yaml(case: str, yaml_file: SnapshotAssertion) -> None:
    assert yaml_of(case) == yaml_file


@pytest.mark.parametrize("case", CASES)
def test_loads_without_a_warning(case: str) -> None:
    loaded = load(yaml_of(case), source=case)
    # Cases of RAISE list several tasks that end the workflow; everything else must be in order.
    assert [warning for warning in loaded.warnings if warning.code != "unreachable-task"] == []


@pytest.mark.parametrize("case", CASES)
def test_the_message_gives_the_same_bytes_as_the_file(case: str) -> None:
    spec = read_spec(CASES[case].read_bytes(), "yaml")
    assert convert(spec, options_of(case)).yaml == yaml_of(case)


@pytest.mark.parametrize("case", CASES)
def test_comes_back_and_converts_to_the_same_bytes(case: str) -> None:
    yaml = yaml_of(case)
    spec = revert(yaml, options_of(case), source=case)
    assert convert(spec, options_of(case)).yaml == yaml


def kinds_in(value: Any) -> set[WorkflowTaskKind]:
    found: set[WorkflowTaskKind] = set()
    if isinstance(value, dict):
        kind = kind_named(value.get("kind"))
        found = {kind} if kind is not None else set()
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return found.union(*(kinds_in(part) for part in parts)) if parts else found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_has_three_cases_of_its_own(kind: WorkflowTaskKind) -> None:
    prefix = kind.name.lower().replace("_", "-")
    own = [case for case in CASES if case.startswith(f"{prefix}-")]
    assert len(own) >= 3
    for case in own:
        assert kind in kinds_in(read_yaml(CASES[case].read_text(), DEFAULT_LIMITS).value)


def test_one_case_holds_every_kind() -> None:
    whole = read_yaml(CASES["nested-everything"].read_text(), DEFAULT_LIMITS).value
    assert kinds_in(whole) == set(KINDS)


if SCHEMA.is_file():
    OFFICIAL = OfficialSchema(SCHEMA)

    @pytest.mark.parametrize("case", CASES)
    def test_the_official_schema_accepts_it(case: str) -> None:
        assert OFFICIAL.problems(load(yaml_of(case)).raw) == []

else:
    print(f"{__name__}: no tests against the official schema, {SCHEMA} is missing (set STIGMER_SPEC_DIR)")
