"""The JSON Schema for editors agrees with the loader on what a document looks like."""

import json
import os
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types
from stigmer_dsl import Limits, find_problems, load
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.model import Model
from stigmer_dsl.schema import json_schema
from stigmer_dsl.schema.rules import RULES
from stigmer_dsl.syntax.yaml_reader import read_yaml
from stigmer_runner.cli.app import run_command

ROOT = Path(__file__).parents[2]
SPEC = Path(os.environ.get("STIGMER_SPEC_DIR", ROOT.parent / "shared" / "spec"))
EXAMPLES = sorted((SPEC / "examples").glob("*.yaml"))
if not EXAMPLES:
    print(f"The specification's examples are not collected: {SPEC} has none; set STIGMER_SPEC_DIR.")
HEAD = "document: {dsl: '1.0.3', namespace: a, name: b, version: '0.1.0'}\n"
SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def data_of(text: str) -> JsonValue:
    return read_yaml(text, Limits()).value


def documents_here() -> list[Path]:
    found = [path for path in (ROOT / "examples").rglob("*.yaml") if "\ndo:" in path.read_text()]
    return found + sorted((ROOT / "tests" / "contract" / "ctk").rglob("*.yaml"))


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    used = set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(SCHEMA)))
    assert used <= set(SCHEMA["$defs"])
    assert set(SCHEMA["$defs"]) <= used


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_accepts_the_examples_of_the_specification(path: Path) -> None:
    VALIDATOR.validate(load(path.read_bytes()).raw)


def test_it_accepts_the_documents_of_this_repository() -> None:
    for path in documents_here():
        if not [problem for problem in find_problems(path.read_bytes()) if problem.severity == "error"]:
            VALIDATOR.validate(data_of(path.read_text()))


ACCEPTED = [
    "do: []\nx-anchors: {any: thing}\nmetadata: 1",
    "do:\n- a: {set: '${ . }', if: .x, then: end}",
    "do:\n- a: {for: {in: 3}, do: []}".replace("in: 3", "in: '3'"),
    "do:\n- a: {call: f, with: {any: {thing: 1}}}\nuse: {functions: {f: {wait: PT0.5S}}}",
    "do:\n- a: {wait: '${ .delay }'}",
    "do:\n- a: {wait: {seconds: 1}}",
    "do:\n- a: {wait: P1DT2H}",
    "do:\n- a: {call: http, with: {method: get, endpoint: 'https://e/{id}?q=${ .q }', body: null}}",
    "do:\n- a: {raise: {error: {type: '${ .type }', status: 400}}}",
    "do:\n- a: {try: [], catch: {as: e, retry: {delay: PT1S, backoff: {constant: {}}}}}",
    "do:\n- a: {listen: {to: {any: [], until: {one: {with: {type: x}}}}}}",
    "do:\n- a: {emit: {event: {with: {type: x, custom: 1}}}}",
    "do:\n- a: {run: {script: {language: js, code: x, arguments: {a: 1}}, return: all}}",
    "do: []\nuse: {authentications: {a: {basic: {use: secret}}}, secrets: [secret]}",
    "do: []\nschedule: {on: {one: {with: {type: x}}}, read: raw}",
    "do: []\nuse: {extensions: [{e: {extend: all, before: []}}]}",
    "do:\n- a: {call: activity, with: {name: x, arguments: [1, null], options: {heartbeatTimeout: PT1S}}}",
    "do:\n- a: {set: {b: 1}, metadata: {any: [], searchAttributes: {A: {type: int, value: 1}, B: x, C: [y]}}}",
]
REFUSED = [
    "do: {a: {set: {b: 1}}}",
    "do: [a]",
    "do:\n- a: {set: {b: 1}}\n  b: {set: {c: 1}}",
    "do:\n- a: {}",
    "do:\n- a: {sett: {b: 1}}",
    "do:\n- a: {set: {b: 1}, wait: {seconds: 1}}",
    "do:\n- a: {set: {b: 1}, iff: .x}",
    "do:\n- a: {set: {}}",
    "do:\n- a: {set: {b: 1}, if: true}",
    "do:\n- a: {set: {b: 1}, then: }",
    "do:\n- a: {wait: 5}",
    "do:\n- a: {wait: {}}",
    "do:\n- a: {wait: {seconds: -1}}",
    "do:\n- a: {wait: 5 seconds}",
    "do:\n- a: {wait: P}",
    "do:\n- a: {wait: PT}",
    "do:\n- a: {call: http}",
    "do:\n- a: {call: http, with: {method: get}}",
    "do:\n- a: {call: http, with: {method: get, endpoint: 'a b'}}",
    "do:\n- a: {call: http, with: {method: get, endpoint: 'x:/y', outptu: raw}}",
    "do:\n- a: {call: http, with: {method: get, endpoint: 'x:/y', output: all}}",
    "do:\n- a: {call: grpc, with: {proto: {endpoint: 'x:/y'}, service: {name: s, host: h, port: 70000}, method: m}}",
    "do:\n- a: {call: mcp, with: {method: tools/list, transport: {}}}",
    "do:\n- a: {call: activity}",
    "do:\n- a: {call: activity, with: {name: x, arguments: {}}}",
    "do:\n- a: {call: activity, with: {name: x, options: {summary: 1}}}",
    "do:\n- a: {set: {b: 1}, metadata: {activityOptions: {retryPolicy: {backoffCoefficient: 0.5}}}}",
    "do:\n- a: {set: {b: 1}, metadata: {activityOptions: {priority: {priorityKey: 9}}}}",
    "do:\n- a: {set: {b: 1}, metadata: {searchAttributes: {A: {type: nope, value: 1}}}}",
    "do:\n- a: {listen: {to: {}}}",
    "do:\n- a: {listen: {to: {all: [], until: .x}}}",
    "do:\n- a: {listen: {to: {any: []}, read: enveloppe}}",
    "do:\n- a: {emit: {event: {with: {source: 'x:/y'}}}}",
    "do:\n- a: {for: {each: $x, in: .a}, do: []}",
    "do:\n- a: {for: {in: .a}}",
    "do:\n- a: {switch: []}",
    "do:\n- a: {switch: [{b: {when: .x}}]}",
    "do:\n- a: {try: []}",
    "do:\n- a: {try: [], catch: {errors: {with: {}}}}",
    "do:\n- a: {try: [], catch: {retry: {backoff: {constant: {}, linear: {}}}}}",
    "do:\n- a: {run: {shell: {command: x}, workflow: {namespace: a, name: b}}}",
    "do:\n- a: {run: {script: {language: js}}}",
    "do:\n- a: {run: {container: {image: x, lifetime: {cleanup: eventually}}}}",
    "do:\n- a: {run: {container: {image: x, lifetime: {cleanup: never, after: PT1S}}}}",
    "do:\n- a: {raise: {error: {type: 'x:/y'}}}",
    "do: []\nschedule: {every: PT1S, read: raw}",
    "do: []\ninput: {schema: {format: json}}",
    "do: []\nuse: {authentications: {a: {basic: {username: x}}}}",
    "do: []\nuse: {authentications: {a: {basic: {use: x}, bearer: {use: y}}}}",
    "do: []\nuse: {extensions: [{e: {extend: everything}}]}",
    "do: []\noutptu: {}",
]


@pytest.mark.parametrize("body", ACCEPTED)
def test_it_accepts_what_the_loader_accepts(body: str) -> None:
    assert [problem for problem in find_problems(HEAD + body) if problem.severity == "error"] == []
    VALIDATOR.validate(data_of(HEAD + body))


@pytest.mark.parametrize("body", REFUSED)
def test_it_refuses_what_the_loader_refuses(body: str) -> None:
    assert any(problem.severity == "error" for problem in find_problems(HEAD + body))
    assert not VALIDATOR.is_valid(data_of(HEAD + body))


@pytest.mark.parametrize(
    ("old", "new"), [("1.0.3", "2.0.0"), ("1.0.3", "1.0"), ("0.1.0", "v1"), ("name: b", "name: b_c"), ("name: b, ", "")]
)
def test_it_refuses_broken_headers(old: str, new: str) -> None:
    text = HEAD.replace(old, new) + "do: []"
    assert find_problems(text) != ()
    assert not VALIDATOR.is_valid(data_of(text))


def test_errors_are_about_the_kind_of_the_task() -> None:
    data = data_of(HEAD + "do:\n- a: {call: http, with: {method: get, endpont: 'https://e'}}")
    leaves = [leaf for error in VALIDATOR.iter_errors(data) for leaf in flatten(error)]
    assert {leaf.validator for leaf in leaves} == {"required", "additionalProperties"}
    assert all("endp" in leaf.message for leaf in leaves)


def flatten(error: JsonValue) -> list[JsonValue]:
    return [leaf for inner in error.context for leaf in flatten(inner)] if error.context else [error]


def test_every_property_of_a_task_is_described() -> None:
    tasks: JsonObject = {name: schema for name, schema in SCHEMA["$defs"].items() if name.endswith("Task")}
    for name in ("if", "input", "output", "export", "timeout", "then", "metadata"):
        assert all(
            tasks[kind]["properties"][name]["description"] for kind in tasks if kind not in {"Task", "NamedTask"}
        )
    assert all(schema.get("description") for schema in SCHEMA["$defs"].values())


def test_every_check_in_code_has_a_rule() -> None:
    """A model that gets a validator of its own must say in `RULES` what it means for the schema."""
    pending, checked = [Model], set()
    while pending:
        model = pending.pop()
        pending.extend(model.__subclasses__())
        # Other packages have models on the same base, which are no part of a document.
        if model.__module__.startswith("stigmer_dsl.") and any(
            found.info.mode == "after" for found in model.__pydantic_decorators__.model_validators.values()
        ):
            checked.add(model.__name__)
    # The arguments of calls have rules of their own.
    assert checked - {"CallTask"} <= set(RULES)
    assert {"SetTask"} == set(RULES) - checked


def test_the_command_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
    path = tmp_path / "workflow.schema.json"
    assert run_command(["schema", "--output", str(path)]) == 0
    assert json.loads(path.read_text()) == SCHEMA
    assert run_command(["schema", "--output", "/nowhere/x"]) == 2
