"""The specification's own examples of `run`, unmodified."""

import os
import shutil
from pathlib import Path

import pytest
from stigmer_dsl import InvalidDocument
from stigmer_engine import Engine, EngineConfig
from stigmer_engine.processes import ProcessConfig

SPEC_DIR = Path(os.environ.get("STIGMER_SPEC_DIR", Path(__file__).parents[4] / "shared" / "spec"))
EXAMPLES = sorted((SPEC_DIR / "examples").glob("run-*.yaml"))
CHILD = """
document: {dsl: '1.0.3', namespace: test, name: register-customer, version: '0.1.0'}
input: {schema: {document: {type: object, required: [customer]}}}
do: [{register: {set: {registered: '${ .customer }'}}}]
"""

if not EXAMPLES:
    print(f"{__name__}: no tests of the specification's examples, {SPEC_DIR} has none (set STIGMER_SPEC_DIR)")


@pytest.mark.parametrize(("name", "text"), [(path.stem, path.read_text(encoding="utf-8")) for path in EXAMPLES])
async def test_example(name: str, text: str) -> None:
    async with Engine(EngineConfig(processes=ProcessConfig(allow_shell=True, allow_script=True))) as engine:
        engine.documents.register(engine.load(CHILD))
        if name.startswith(("run-container", "run-return")):
            with pytest.raises(InvalidDocument) as refused:
                engine.load(text)
            [problem] = refused.value.problems
            assert problem.code == "unsupported-construct"
            assert problem.pointer.endswith("/runContainer/run/container")
            return
        if "language: js" in text and shutil.which("node") is None:
            pytest.skip("node is not on this machine")
        result = await engine.start(engine.load(text), input={"user": "me"}).wait()
    assert result.error is None, result.error
    assert result.output == _EXPECTED[name]


_EXPECTED: dict[str, object] = {
    "run-script-with-stdin-and-arguments": "stdin >  Hello Workflow\narg >  hello\nenv >  bar\n",
    "run-shell-stdin-and-arguments": "STDIN was: Hello World\nARGS are Foo Bar\n",
    "run-subflow": {"registered": ".user"},
}
