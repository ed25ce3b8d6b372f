"""Control flow and expressions: what is found, and above all what is not."""

import pytest
from stigmer_dsl import find_problems
from stigmer_dsl.validation.jq_advice import jq_advice

HEAD = "document: {dsl: '1.0.3', namespace: a, name: b, version: '0.1.0'}\n"
SET = "{set: {x: 1}}"


def codes(text: str) -> list[str]:
    return [f"{problem.code} {problem.pointer}" for problem in find_problems(HEAD + text)]


@pytest.mark.parametrize(
    "tasks",
    [
        "[{a: {set: {x: 1}, then: b}}, {b: {set: {x: 1}, then: a}}]",
        "[{a: {set: {x: 1}, then: c}}, {b: {set: {x: 1}, then: end}}, {c: {set: {x: 1}, then: b}}]",
        "[{a: {if: .q, set: {x: 1}, then: end}}, {b: {set: {x: 1}}}]",
        "[{a: {if: .q, raise: {error: {type: 'a:b', status: 1}}}}, {b: {set: {x: 1}}}]",
        "[{a: {switch: [{p: {when: .q, then: end}}]}}, {b: {set: {x: 1}}}]",
        "[{a: {switch: [{p: {when: .q, then: b}}], then: end}}, {b: {set: {x: 1}}}]",
        "[{a: {switch: [{p: {then: continue}}], then: end}}, {b: {set: {x: 1}}}]",
        "[{a: {try: [], catch: {then: continue}, then: end}}, {b: {set: {x: 1}}}]",
        "[{a: {do: [{c: {set: {x: 1}, then: exit}}]}}, {b: {set: {x: 1}}}]",
        "[{a: {do: [{a: {set: {x: 1}, then: a}}]}}]",
        "[{a: {fork: {branches: [{l: {set: {x: 1}, then: end}}, {r: {set: {x: 1}}}]}}}]",
        "[{exit: {fork: {branches: [{end: {set: {x: 1}}}]}}}]",
    ],
)
def test_good_flow(tasks: str) -> None:
    found = codes(f"do: {tasks}")
    assert found == (["reserved-name /do/0/exit"] if "exit: {fork" in tasks else [])


@pytest.mark.parametrize(
    ("tasks", "found"),
    [
        ("[{a: {set: {x: 1}, then: exit}}, {b: {set: {x: 1}}}, {c: {set: {x: 1}}}]",
         ["unreachable-task /do/1/b", "unreachable-task /do/2/c"]),
        ("[{a: {raise: {error: {type: 'a:b', status: 1}}}}, {b: {set: {x: 1}}}]", ["unreachable-task /do/1/b"]),
        ("[{a: {switch: [{p: {then: c}}]}}, {b: {set: {x: 1}}}, {c: {set: {x: 1}}}]", ["unreachable-task /do/1/b"]),
        ("[{a: {do: [{c: {set: {x: 1}, then: b}}]}}, {b: {set: {x: 1}}}]", ["unknown-target /do/0/a/do/0/c/then"]),
        ("[{a: {fork: {branches: [{l: {set: {x: 1}, then: r}}, {r: {set: {x: 1}}}]}}}]",
         ["unknown-target /do/0/a/fork/branches/0/l/then"]),
        ("[{a: {switch: [{p: {when: .q, then: Exit}}]}}]", ["unknown-target /do/0/a/switch/0/p/then"]),
        ("[{a: {try: [{c: {set: {x: 1}}}], catch: {then: c}}}]", ["unknown-target /do/0/a/catch/then"]),
        ("[{a: {try: [], catch: {do: [{c: {set: {x: 1}, then: a}}]}}}]", ["unknown-target /do/0/a/catch/do/0/c/then"]),
        ("[{a: {fork: {branches: [{l: {wait: PT1S}}, {l: {wait: PT1S}}]}}}]",
         ["duplicate-name /do/0/a/fork/branches/1/l"]),
    ],
)  # fmt: skip
def test_bad_flow(tasks: str, found: list[str]) -> None:
    assert codes(f"do: {tasks}") == found


def test_a_jump_into_another_list_says_so() -> None:
    (problem,) = find_problems(
        HEAD + "do: [{a: {do: [{first: {set: {x: 1}, then: outside}}]}}, {outside: {wait: PT1S}}]"
    )
    assert "another list (/do)" in problem.hint


def test_functions_and_extensions_are_checked_too() -> None:
    functions = "functions: {f: {set: {x: '${ env }'}, then: g}}"
    extensions = "extensions: [{e: {extend: all, before: [{q: {wait: 1}}]}}]"
    use = f"use: {{{functions}, {extensions}}}"
    assert codes(f"{use}\ndo: []") == [
        "forbidden-function /use/functions/f/set/x",
        "unknown-target /use/functions/f/then",
        "wrong-type /use/extensions/0/e/before/0/q/wait",
    ]


@pytest.mark.parametrize(
    "task",
    [
        "{for: {each: pet, in: .pets, at: i}, while: $pet != $i, do: [{x: {set: {y: '${ $pet.a + $i }'}}}]}",
        "{for: {in: .pets}, do: [{x: {if: $index > 1, set: {y: '${ $item }'}}}]}",
        "{try: [], catch: {as: oops, when: $oops.a, retry: {when: $oops.b}, do: [{x: {set: {y: '${ $oops }'}}}]}}",
        "{try: [], catch: {exceptWhen: $error.a}}",
        "{listen: {to: {any: []}}, foreach: {item: e, do: [{x: {set: {y: '${ $e }'}}}], output: {as: $e}}}",
        "{set: {x: '${ $context + $input + $secrets + $authorization + $task + $workflow + $runtime }'}}",
        "{set: {x: 1}, export: {as: $output}}",
        "{set: {x: '$imput', y: 'env', z: '$${ env }', w: '{{ x }}'}}",
        "{set: {'${ env': 1}, metadata: {a: '${ env'}}",
        "{set: {x: 1}, input: {schema: {document: {pattern: '${ env'}}}}",
        "{set: {x: '${ . as $x | $x }'}}",
        "{call: agent, with: {agent: a, message: 'no ${ .a } and ${ .b }'}}",
    ],
)
def test_good_expressions(task: str) -> None:
    assert codes(f"do: [{{t: {task}}}]") == []


@pytest.mark.parametrize(
    ("task", "found"),
    [
        ("{for: {each: pet, in: '$pet'}, do: [{x: {set: {y: '${ $index + $item }'}}}]}",
         ["unknown-variable /do/0/t/for/in", "unknown-variable /do/0/t/do/0/x/set/y"]),
        ("{try: [{x: {set: {y: '${ $error }'}}}], catch: {as: oops, when: $error}}",
         ["unknown-variable /do/0/t/try/0/x/set/y", "unknown-variable /do/0/t/catch/when"]),
        ("{switch: [{c: {when: 'input', then: end}}]}", ["forbidden-function /do/0/t/switch/0/c/when"]),
        ("{call: http, with: {method: get, endpoint: 'https://x/${ env }'}}",
         ["forbidden-function /do/0/t/with/endpoint"]),
        ("{set: {x: [{y: '${ halt }'}]}}", ["forbidden-function /do/0/t/set/x/0/y"]),
        ("{raise: {error: {type: 'a:b', status: 1, detail: '${ debug }'}}}",
         ["forbidden-function /do/0/t/raise/error/detail"]),
        ("{wait: '${ env }'}", ["forbidden-function /do/0/t/wait"]),
        ("{set: {x: 1}, timeout: {after: '${ env }'}}", ["forbidden-function /do/0/t/timeout/after"]),
        ("{listen: {to: {one: {with: {type: t, data: '${ env }'}, correlate: {c: {from: env, expect: '${ env }'}}}}}}",
         ["forbidden-function /do/0/t/listen/to/one/with/data",
          "forbidden-function /do/0/t/listen/to/one/correlate/c/from",
          "forbidden-function /do/0/t/listen/to/one/correlate/c/expect"]),
        ("{set: {x: 1}, output: {as: {y: '${ env }'}}}", ["forbidden-function /do/0/t/output/as/y"]),
    ],
)  # fmt: skip
def test_bad_expressions(task: str, found: list[str]) -> None:
    assert codes(f"do: [{{t: {task}}}]") == found


class Compiler:
    """A checker that refuses one program, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: dict[str, frozenset[str]] = {}

    def check(self, expression: str, variables: frozenset[str]) -> str | None:
        self.asked[expression] = variables
        return "syntax error" if expression == ".a +" else None


def test_the_checker_gets_sources_and_variables() -> None:
    compiler = Compiler()
    text = HEAD + "do: [{t: {for: {in: .all}, do: [{x: {if: ' ${ .a + } ', set: {y: 'a ${ $item } b', z: .b}}}]}}]"
    (problem,) = find_problems(text, checker=compiler)
    assert (problem.code, problem.pointer) == ("invalid-expression", "/do/0/t/do/0/x/if")
    assert "syntax error" in problem.message
    assert list(compiler.asked) == [".all", ".a +", "$item"]
    assert {"$item", "$index", "$context", "$workflow"} <= compiler.asked["$item"]
    assert "$item" not in compiler.asked[".all"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("timeout: nope\ndo: []", ["unknown-reference /timeout"]),
        ("do: [{t: {wait: PT1S, timeout: PT5S}}]", ["unknown-reference /do/0/t/timeout"]),
        ("do: [{t: {call: nope}}]", ["unknown-reference /do/0/t/call"]),
        ("do: [{t: {call: 'f:1.0.0@nope'}}]", ["unknown-reference /do/0/t/call"]),
        ("do: [{t: {call: 'f:1.0.0@default'}}]", []),
        ("do: [{t: {try: [], catch: {retry: nope}}}]", ["unknown-reference /do/0/t/catch/retry"]),
        ("do: [{t: {raise: {error: '${ .e }'}}}]", []),
        ("do: [{t: {call: http, with: {method: get, endpoint: {uri: 'a:b', authentication: {use: nope}}}}}]",
         ["unknown-reference /do/0/t/with/endpoint/authentication/use"]),
        ("do: [{t: {call: http, with: {method: get, endpoint: {uri: 'a:b', authentication: {basic: {use: s}}}}}}]",
         ["undeclared-secret /do/0/t/with/endpoint/authentication/basic/use"]),
        ("do: [{t: {call: http, with: {method: get, endpoint: 'a:b', body: {authentication: {use: data}}}}}]", []),
        ("use: {authentications: {a: {bearer: {use: s}}}}\ndo: []",
         ["undeclared-secret /use/authentications/a/bearer/use"]),
        ("use: {secrets: [s]}\ndo: [{t: {set: {x: '${ $secrets.s + $secrets.t }'}}}]",
         ["undeclared-secret /do/0/t/set/x"]),
    ],
)  # fmt: skip
def test_references(text: str, found: list[str]) -> None:
    assert codes(text) == found


def test_all_problems_come_at_once_in_the_order_of_the_text() -> None:
    text = (
        HEAD
        + """do:
  - a:
      cal: http
  - b:
      call: http
      with: {methd: get, endpoint: 5}
      then: nowhere
  - c:
      set: {x: "${ env }"}
outputs: {}
"""
    )
    problems = find_problems(text)
    assert [(problem.code, problem.line) for problem in problems] == [
        ("unknown-task", 3),
        ("unknown-property", 7),
        ("wrong-type", 7),
        ("unknown-target", 8),
        ("forbidden-function", 10),
        ("unknown-property", 11),
    ]


def test_loading_is_deterministic() -> None:
    text = HEAD + "do: [{a: {sett: 1}}, {a: {set: {x: '${ $p + $q + env + debug }'}}}]"
    assert find_problems(text) == find_problems(text)


@pytest.mark.parametrize(
    ("expression", "reason", "advice"),
    [
        (".a && .b", "it goes wrong at `&& .b`", "`and`"),
        ("!.a", "it goes wrong at `!.a`", "`| not`"),
        ('.a === "&&"', "it goes wrong at `=`", "`==`"),
        (".a ?? 1", "it goes wrong at `1`", "`.a // .b`"),
        (".a ? 1 : 2", "it goes wrong at `1 : 2`", "`if .a then"),
        (".a == 'red'", "it goes wrong at `'red'`", "double quotes"),
        (".items.map(x => x)", "it goes wrong at `(`", "`.items | map"),
        (".items.length()", "it goes wrong at `(`", "`.items | length`"),
        ("name == 1", "name/0 is not defined", "`.name`"),
        (".a +", "it ends too early", "Complete"),
    ],
)
def test_habits_of_other_languages_are_known(expression: str, reason: str, advice: str) -> None:
    assert advice in jq_advice(expression, reason)
