"""The specification's own examples and schema, from the folder that `STIGMER_SPEC_DIR` names."""

import os
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types
from stigmer_dsl import Limits, dump, load
from stigmer_dsl.graph import mermaid
from stigmer_dsl.syntax.yaml_reader import read_yaml

SPEC = Path(os.environ.get("STIGMER_SPEC_DIR", Path(__file__).parents[3] / "shared" / "spec"))
EXAMPLES = sorted((SPEC / "examples").glob("*.yaml"))
if not EXAMPLES:
    print(f"The specification's examples are not collected: {SPEC} has none; set STIGMER_SPEC_DIR.")


def example_cases() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def official() -> Draft202012Validator:
    schema = read_yaml((SPEC / "workflow.schema.yaml").read_text(encoding="utf-8"), Limits()).value
    return Draft202012Validator(schema)


if EXAMPLES:

    @example_cases()
    def test_examples_load(path: Path) -> None:
        assert load(path.read_bytes(), source=path.name).warnings == ()

    @example_cases()
    def test_the_canonical_form_is_the_same_document(path: Path, official: Draft202012Validator) -> None:
        document = load(path.read_bytes())
        text = dump(document)
        assert load(text).raw == document.raw
        assert dump(document.workflow) == text
        assert yaml.safe_load(text) == document.raw
        official.validate(document.raw)

    @example_cases()
    def test_examples_have_a_picture(path: Path) -> None:
        assert mermaid(load(path.read_bytes()).workflow).startswith("flowchart TD\n")
