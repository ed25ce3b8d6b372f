"""`stigmer validate`: problems with their line and a caret, and as a SARIF log."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types
from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.validation.codes import CODES
from stigmer_runner.cli.app import run_command

HEADER = "document: {dsl: 1.0.0, namespace: test, name: sample, version: 1.0.0}\n"
INVALID = HEADER + "do:\n  - a: {sett: {x: 1}}\n  - b: {set: {y: '${ .( }'}}\n"
LATER = HEADER + "do:\n  - ask:\n      call: mcp\n      with: {method: tools/list, transport: {stdio: {command: x}}}\n"


def closed(**properties: JsonObject) -> JsonObject:
    return {"type": "object", "properties": properties, "required": sorted(properties), "additionalProperties": False}


TEXT: JsonObject = {"type": "string", "minLength": 1}
LEVEL: JsonObject = {"enum": ["none", "note", "warning", "error"]}
COUNT: JsonObject = {"type": "integer", "minimum": 1}
MESSAGE = closed(text=TEXT)
URI: JsonObject = {"type": "string", "pattern": r"^[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+$"}
SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RULE = closed(
    id=TEXT,
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=closed(text=TEXT, markdown=TEXT),
    defaultConfiguration=closed(level=LEVEL),
)
LOCATION: JsonObject = {
    "type": "object",
    "required": ["physicalLocation"],
    "additionalProperties": False,
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": closed(uri=URI),
                "region": closed(startLine=COUNT, startColumn=COUNT),
            },
        },
        "logicalLocations": {"type": "array", "items": closed(fullyQualifiedName=TEXT)},
    },
}
RESULT = closed(
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    message=MESSAGE,
    locations={"type": "array", "items": LOCATION},
)
RUN = closed(
    tool=closed(driver=closed(name=TEXT, version=TEXT, rules={"type": "array", "uniqueItems": True, "items": RULE})),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    artifacts={"type": "array", "items": closed(location=closed(uri=URI))},
    results={"type": "array", "items": RESULT},
)
RUNS: JsonObject = {"type": "array", "minItems": 1, "items": RUN}
# The part of the SARIF 2.1.0 schema that a log of ours uses, closed so that nothing else slips in.
STRUCTURE = closed(**{"$schema": {"const": SARIF_SCHEMA}, "version": {"const": "2.1.0"}, "runs": RUNS})


@pytest.fixture
def bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad file.yaml").write_text(INVALID)
    (tmp_path / "good.yaml").write_text(HEADER + "do: []\n")
    return "bad file.yaml"


def log_of(text: str) -> JsonObject:
    log: JsonObject = json.loads(text)
    Draft202012Validator(STRUCTURE).validate(log)
    run: JsonObject = log["runs"][0]
    return run


def test_problems_show_their_line_with_a_caret(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["validate", bad]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        "bad file.yaml:3:5: error[unknown-task]: This task has no property that says what it does",
        "  3 |   - a: {sett: {x: 1}}",
        "    |     ^",
        "  at /do/0/a",
        "  hint: Did you mean `set`?",
    ]
    assert lines[-1] == "bad file.yaml: invalid"


def test_what_the_engine_does_not_run_has_a_place_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "later.yaml"
    path.write_text(LATER)
    assert run_command(["validate", "--json", str(path)]) == 0
    (problem,) = json.loads(capsys.readouterr().out)[0]["problems"]
    assert (problem["code"], problem["pointer"]) == ("unsupported-construct", "/do/0/ask/call")
    assert (problem["line"], problem["column"]) == (4, 13)


def test_a_log_on_standard_output(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["validate", "--sarif", "-", bad, "good.yaml"]) == 2
    run = log_of(capsys.readouterr().out)
    assert [artifact["location"]["uri"] for artifact in run["artifacts"]] == ["bad%20file.yaml", "good.yaml"]
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [
        ("unknown-task", "error"),
        ("unclosed-expression", "error"),
    ]
    place = run["results"][0]["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "bad%20file.yaml"
    assert place["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 5}
    assert place["logicalLocations"] == [{"fullyQualifiedName": "/do/0/a"}]
    assert "Did you mean `set`?" in run["results"][0]["message"]["text"]


def test_every_code_is_a_rule_and_every_rule_has_help(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    run_command(["validate", "--sarif", "-", bad])
    run = log_of(capsys.readouterr().out)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(CODES)
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    page = (Path(__file__).parents[2] / "docs" / "errors.md").read_text()
    anchors = set(re.findall(r'<a id="([a-z-]+)"></a>', page))
    for rule in rules:
        assert rule["help"]["markdown"].endswith(f"(docs/errors.md#{rule['id']}).")
        assert rule["id"] in anchors


def test_a_log_in_a_file_beside_the_text(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["validate", bad, "--sarif", "log.sarif"]) == 2
    assert "bad file.yaml: invalid" in capsys.readouterr().out
    assert len(log_of(Path("log.sarif").read_text())["results"]) == 2


def test_a_file_that_is_no_text_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"a: \xff\n")
    assert run_command(["validate", "--sarif", "-", str(path)]) == 2
    run = log_of(capsys.readouterr().out)
    assert [result["ruleId"] for result in run["results"]] == ["invalid-encoding"]
    assert run["artifacts"][0]["location"]["uri"].startswith("file:///")


@pytest.mark.parametrize("arguments", [["--json", "--sarif", "-"], ["--sarif", "/nowhere/log.sarif"]])
def test_impossible_outputs(bad: str, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert run_command(["validate", *arguments, bad]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
