"""Random specifications of all kinds, nested: conversion loads, fits the official schema, and comes back equal."""

import os
import string
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stigmer_converter import convert, convert_json, read_spec, revert, revert_document
from stigmer_converter.message import spec_message
from stigmer_converter.problem import Findings
from stigmer_converter.testing import OfficialSchema
from stigmer_dsl import load
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import WorkflowSpec

SPEC_DIR = Path(os.environ.get("STIGMER_SPEC_DIR", Path(__file__).parents[3] / "shared" / "spec"))
SCHEMA = SPEC_DIR / "workflow.schema.yaml"
OFFICIAL = OfficialSchema(SCHEMA) if SCHEMA.is_file() else None
if OFFICIAL is None:
    print(f"{__name__}: documents are not held against the official schema, {SCHEMA} is missing (set STIGMER_SPEC_DIR)")

# Specifications in canonical form: conversion changes nothing that reversion would not restore.

LITERALS = st.text(max_size=12).filter(lambda text: "{" not in text)
SOME_TEXT = LITERALS.filter(bool)
NAMES = st.sampled_from(
    ["a", "b2", "on", "no", "1.0", "12:30", "null", "two words", "ü", "x/y~z", "#", "{}", '"q"', "do"]
)
PROGRAMS = st.sampled_from(
    [
        ".",
        ".a.b",
        ".items[0]?",
        '$context["a"].x',
        "$context.b2 // 1",
        "$workflow.input.n",
        "$secrets.API_KEY",
        "$runtime.metadata.env.REGION",
        "$output.total",
        '"text }" + .a',
        '"in \\(.a) and \\("\\(.b)")"',
        '{a: .b, "c d": [1, {e: null}]}',
        ". as {$q, r: [$s]} | $q + $s",
        "if .a then .b | .item else .c end",
        ".list | map(.item) | .[0]",
        "reduce .l[] as $input (0; . + $input)",
        "try error catch .",
        'def item: .item; [.l[] | item]',
    ]
)  # fmt: skip
IN_LOOP = st.sampled_from(["$item", "$item.id", "$index", '.["item"]', "[.l[] | .item == $item]"])
IN_CATCH = st.sampled_from(
    ["$error", "$error.detail", '$error["message"]', '.["error"]', "($error.detail // $error.title)"]
)
COUNTS = st.integers(min_value=-(2**53), max_value=2**53)
FRACTIONS = st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer())
MAX_DEPTH = 3


@st.composite
def programs(draw: st.DrawFn, reach: frozenset[str]) -> str:
    pools = [PROGRAMS]
    pools += [IN_LOOP] if "item" in reach else []
    pools += [IN_CATCH] if "error" in reach else []
    return draw(st.one_of(pools))


def expressions(reach: frozenset[str]) -> st.SearchStrategy[str]:
    return programs(reach).map(lambda program: f"${{ {program} }}")


def texts(reach: frozenset[str]) -> st.SearchStrategy[str]:
    return st.one_of(SOME_TEXT, expressions(reach))


def data(reach: frozenset[str]) -> st.SearchStrategy[Any]:
    leaves = st.one_of(st.none(), st.booleans(), COUNTS, FRACTIONS, LITERALS, expressions(reach))
    return st.recursive(
        leaves, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(LITERALS, inner, max_size=3)),
        max_leaves=5,
    )  # fmt: skip


def objects(reach: frozenset[str]) -> st.SearchStrategy[Any]:
    return st.dictionaries(LITERALS, data(reach), max_size=3)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def record(required: dict[str, st.SearchStrategy[Any]], **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(required, optional=more)


def uris(reach: frozenset[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.sampled_from(["https://x.example/a?b=1#c", "https://x.example/{id}", "/relative"]), expressions(reach)
    )


LABELS = st.text(string.ascii_letters + string.digits, min_size=1, max_size=8)
SERVICES = st.builds(
    lambda tls, host, port, proto: f"grpc{tls}://{host}:{port}/shop.v1.Inventory{proto}",
    st.sampled_from(["", "s"]), st.sampled_from(["inventory", "10.0.0.1", "a.b-c.example"]), st.integers(1, 65535),
    st.sampled_from(["", "?proto=https://x.example/a.proto", "?proto=file:///a%20b.proto"]),
)  # fmt: skip
UNITS = ("days", "hours", "minutes", "seconds", "milliseconds")
DURATIONS = optional(**{unit: st.integers(1, 3650) for unit in UNITS}).filter(
    lambda units: not set(units) <= {"seconds"}
)
MOMENTS = st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z")
SETTINGS = optional(model=SOME_TEXT, timeout=st.integers(1, 3600), temperature=st.sampled_from([0, 0.25, 1]))


def leaves(reach: frozenset[str], targets: st.SearchStrategy[str]) -> dict[str, st.SearchStrategy[Any]]:
    text, struct = texts(reach), objects(reach)
    signals = st.lists(
        record({"id": text, "type": st.sampled_from(["signal", "query", "update"])}), min_size=1, max_size=3
    )
    cases = st.lists(
        record({"name": NAMES, "when": expressions(reach), "then": targets}), min_size=1, max_size=3,
        unique_by=lambda case: str(case["name"]),
    )  # fmt: skip
    return {
        "SET": record({"variables": st.dictionaries(LITERALS, st.one_of(LITERALS, text), min_size=1, max_size=3)}),
        "HTTP_CALL": record(
            {
                "method": st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
                "endpoint": record({"uri": uris(reach)}),
                "timeout_seconds": st.integers(1, 300),
            },
            headers=st.dictionaries(LITERALS, text, min_size=1, max_size=2),
            body=struct,
        ),
        "GRPC_CALL": record({"service": SERVICES, "method": LABELS}, request=struct),
        "CALL_ACTIVITY": record({"activity": text}, input=struct),
        "SWITCH": record({"cases": st.tuples(cases, st.booleans(), st.integers(0, 2)).map(_with_default)}),
        "LISTEN": record({"to": record({"mode": st.sampled_from(["one", "all"]), "signals": signals})}),
        "WAIT": st.one_of(
            record({"seconds": st.integers(1, 2**31 - 1)}), record({"duration": DURATIONS}), record({"until": MOMENTS})
        ),
        "RAISE": record(
            {
                "error": st.one_of(st.sampled_from(["Validation", "timeout", "https://x.example/e"]), text),
                "message": text,
            }
        ),
        "RUN": record(
            {
                "workflow": st.one_of(
                    LABELS, LABELS.map("other/{}:3.0.0-rc.1".format), LABELS.map("{}:latest".format)
                )
            },
            input=struct,
        ),
        "AGENT_CALL": record(
            {"agent": text, "message": text},
            scope=st.sampled_from(["platform", "organization", "identity_account"]),
            env=st.dictionaries(LITERALS, text, min_size=1, max_size=2),
            config=SETTINGS,
        ),
    }  # fmt: skip


def _with_default(drawn: tuple[list[dict[str, Any]], bool, int]) -> list[dict[str, Any]]:
    """Make one case the default, which is the one without `when`."""
    cases, has_default, position = drawn
    if has_default:
        del cases[position % len(cases)]["when"]
    return cases


@st.composite
def task_lists(draw: st.DrawFn, depth: int, reach: frozenset[str]) -> list[dict[str, Any]]:
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    targets = st.sampled_from(["continue", "exit", "end", *names])
    return [draw(tasks(name, targets, depth, reach)) for name in names]


@st.composite
def tasks(
    draw: st.DrawFn, name: str, targets: st.SearchStrategy[str], depth: int, reach: frozenset[str]
) -> dict[str, Any]:
    kinds = leaves(reach, targets)
    if depth > 0:
        kinds |= _composites(depth - 1, reach)
    kind = draw(st.sampled_from(sorted(kinds)))
    task = {"name": name, "kind": f"WORKFLOW_TASK_KIND_{kind}", "task_config": draw(kinds[kind])}
    task |= draw(optional(flow=record({"then": targets})))
    exported = st.sampled_from(["${ . }", "${ .a }", "${ $output.item }", "${ $context + {own: .} }"])
    return {**task, **draw(optional(export=record({"as": exported})))}


def _composites(depth: int, reach: frozenset[str]) -> dict[str, st.SearchStrategy[Any]]:
    inner = task_lists(depth, reach)
    handlers = st.one_of(
        record({"as": st.just("error"), "do": task_lists(depth, reach | {"error"})}),
        record({"do": task_lists(depth, reach | {"error"})}),
    )
    branches = st.lists(
        record({"name": NAMES, "do": inner}), min_size=2, max_size=3, unique_by=lambda branch: str(branch["name"])
    )
    loops = {"each": st.just("item"), "in": expressions(reach), "do": task_lists(depth, reach | {"item"})}
    return {
        "FOR": record(loops),
        "FORK": record({"branches": branches}, compete=st.just(True)),
        "TRY": record({"try": inner}, catch=handlers),
    }


ENVIRONMENTS = record(
    {"data": st.dictionaries(
        st.sampled_from(["REGION", "API_KEY", "lower"]),
        st.one_of(optional(value=SOME_TEXT, description=SOME_TEXT), record({"is_secret": st.just(True)})),
        min_size=1,
    )},
    description=SOME_TEXT,
)  # fmt: skip
DOCUMENTS = record(
    {"dsl": st.just("1.0.0"), "namespace": st.just("shop"), "name": LABELS, "version": st.just("1.2.3")},
    description=SOME_TEXT,
)
CANONICAL = record({"document": DOCUMENTS, "tasks": task_lists(MAX_DEPTH, frozenset())}, env_spec=ENVIRONMENTS)
RELAXED = settings(
    max_examples=int(os.environ.get("STIGMER_PROPERTY_EXAMPLES", "60")), deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip


def message(spec: dict[str, Any]) -> WorkflowSpec:
    findings = Findings()
    made = spec_message(spec, findings)
    findings.raise_errors()
    return made


@RELAXED
@given(CANONICAL)
def test_canonical_specifications_come_back_equal(spec: dict[str, Any]) -> None:
    yaml = convert(message(spec)).yaml
    document = load(yaml).raw
    assert OFFICIAL is None or OFFICIAL.problems(document) == []
    back = revert_document(yaml)
    assert back.json == spec
    assert back.spec == message(spec)


@RELAXED
@given(CANONICAL)
def test_the_wire_form_gives_the_same_bytes(spec: dict[str, Any]) -> None:
    received = read_spec(bytes(message(spec)), "binary")
    assert convert(received).yaml == convert_json(spec).yaml == convert_json(_reversed(spec)).yaml


def _reversed(value: Any) -> Any:
    """Turn the order of every object round: maps of messages have none."""
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(list(value))}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


DIALECTS = st.lists(
    st.sampled_from(
        [
            "${.item.id}", "${.item}", "${ $data.item }", "${.error.message}", "${ $error }", "${.secrets.API_KEY}",
            "${.env_vars.REGION}", "${ $env.REGION }", "${ $input.a }", "${ $output }", "{{workflow.input.a}}", "$${x}",
            " and ", '"', "\\(", "\n", "${ {item, $error, secrets: 1} }", "${ .a\n # no\n | .item }",
        ]
    ),
    min_size=1, max_size=4,
).map("".join)  # fmt: skip


@RELAXED
@given(st.lists(DIALECTS, min_size=1, max_size=5), DIALECTS)
def test_dialects_settle_after_one_conversion(texts: list[str], body: str) -> None:
    variables = {f"v{index}": text for index, text in enumerate(texts)}
    uses = [{"name": "use", "kind": "SET", "task_config": {"variables": variables}},
            {"name": "call", "kind": "HTTP_CALL", "task_config": {
                "method": "POST", "endpoint": {"uri": "https://x.example"}, "body": {"text": [body]}}}]  # fmt: skip
    catch = {"try": uses_nothing(), "catch": {"as": "error", "do": uses}}
    loop = {"each": "item", "in": "${ .l }", "do": [{"name": "t", "kind": "TRY", "task_config": catch}]}
    spec = {"document": {"dsl": "1.0.0", "namespace": "shop", "name": "x", "version": "1.0.0"},
            "env_spec": {"data": {"REGION": {"value": "eu"}}},
            "tasks": [{"name": "loop", "kind": "FOR", "task_config": loop}]}  # fmt: skip
    yaml = convert_json(spec).yaml
    assert OFFICIAL is None or OFFICIAL.problems(load(yaml).raw) == []
    assert convert(revert(yaml)).yaml == yaml


def uses_nothing() -> list[dict[str, Any]]:
    return [{"name": "nothing", "kind": "WAIT", "task_config": {"seconds": 1}}]
