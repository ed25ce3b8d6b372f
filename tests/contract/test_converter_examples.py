"""The examples of the specification: each comes back as a specification, or every reason why it cannot is named."""

import os
from pathlib import Path

import pytest
from stigmer_converter import ConversionError, convert, revert

SPEC_DIR = Path(os.environ.get("STIGMER_SPEC_DIR", Path(__file__).parents[3] / "shared" / "spec"))
EXAMPLES = {path.stem: path for path in sorted((SPEC_DIR / "examples").glob("*.yaml"))}
EXPRESSIBLE = {
    "call-grpc", "call-http-endpoint-interpolation", "run-subflow", "switch-then-string", "wait-duration-inline"
}  # fmt: skip

if EXAMPLES:

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_an_example_comes_back_or_says_why_not(name: str) -> None:
        text = EXAMPLES[name].read_text(encoding="utf-8")
        if name in EXPRESSIBLE:
            yaml = convert(revert(text, source=name)).yaml
            assert convert(revert(yaml)).yaml == yaml
            return
        with pytest.raises(ConversionError) as caught:
            revert(text, source=name)
        errors = [problem for problem in caught.value.problems if problem.severity == "error"]
        assert errors
        assert all(problem.code == "not-expressible" and problem.path.startswith("/") for problem in errors)

else:
    print(f"{__name__}: no tests of the specification's examples, {SPEC_DIR} has none (set STIGMER_SPEC_DIR)")
