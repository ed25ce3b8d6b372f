"""Plain expressions give what jq gives, to the last digit, or leave it to jq: whatever they are evaluated on."""

import asyncio
import json

from hypothesis import event, given, settings
from hypothesis import strategies as st
from stigmer_dsl.json_types import JsonValue
from stigmer_engine.expressions import Evaluator, Program, choice_program, expression_program, template_program
from stigmer_engine.faults import Fault

NAMES = frozenset({"item"})
EXACT = 2**53


def nested(depth: int) -> JsonValue:
    value: JsonValue = 1
    for _ in range(depth):
        value = {"a": value, "b": [value] if depth < 8 else 2}
    return value


# --- what expressions are evaluated on ----------------------------------------------------------------------------

EDGES = [0, 1, -1, EXACT, EXACT + 1, -EXACT, -EXACT - 1, 2**63, -(2**63), 2**64, 10**17, 10**400]
FLOAT_EDGES = [0.0, -0.0, 1.0, 0.1, 0.2, 0.3, 2.5, -2.5, 1e15, 1e16, 1e17, 1e-5, 1e-7, 5e-324, 1.5e-310, 1e308, 2.0**53]
NUMBERS = (
    st.integers(-20, 20)
    | st.sampled_from(EDGES)
    | st.integers(-(2**70), 2**70)
    | st.sampled_from(FLOAT_EDGES)
    | st.floats(-1000, 1000)
    | st.floats(allow_nan=False, allow_infinity=False)
)
# Lone surrogates, which jq does not get as they are, included.
CHOSEN_TEXT = st.sampled_from(["", "a", "ab", "open", "ä", "\U0001f600", "\ud800", "?", "\x00", "\ufffe", "-", "0"])
TEXT = CHOSEN_TEXT | CHOSEN_TEXT | st.text(max_size=6)
KEYS = ("a", "b", "c", "and", "not", "null")
KEY = st.sampled_from(KEYS)
SCALARS: st.SearchStrategy[JsonValue] = st.none() | st.booleans() | NUMBERS | TEXT
PARTS: st.SearchStrategy[JsonValue] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=3), max_leaves=8
)
OBJECTS: st.SearchStrategy[JsonValue] = st.dictionaries(KEY, PARTS, max_size=6)
# With these most expressions have a value.
KINDS: list[st.SearchStrategy[JsonValue]] = [
    st.integers(-3, 3),
    st.sampled_from([None, False, True, 0]),
    NUMBERS,
    TEXT,
]
ALIKE: st.SearchStrategy[JsonValue] = st.sampled_from(KINDS).flatmap(
    lambda kind: st.fixed_dictionaries(dict.fromkeys(KEYS, kind))
)
VALUES = ALIKE | ALIKE | OBJECTS | PARTS | st.integers(1, 60).map(nested)


# --- expressions --------------------------------------------------------------------------------------------------

SPACE = st.sampled_from(["", " ", "  ", "\n", "\t"])
ARITHMETIC = ["+", "-", "*", "/", "%"]
COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]
LOGIC = [" and ", " or ", "//"]
# Operators of one kind meet more often than they would by chance among all.
SIGNS = st.sampled_from([ARITHMETIC, LOGIC, [*ARITHMETIC, *COMPARISONS], [*ARITHMETIC, *COMPARISONS, *LOGIC]])
NUMERALS = ["0", "1", "2", "10", "007", "0.1", "0.5", "1.0", "1.50", ".5", "1.", "1e3", "123456789012345.5"]
LONG = ["9007199254740992", "9007199254740993", "123456789012345", "1234567890123456", "0.10000000000000000555111512"]
WORDS = ["null", "true", "false", '""', '"a"', '"open"', '"and"', '"ä"', '"\\n"', '"\\(1)"']
LITERALS = st.sampled_from([*NUMERALS, *LONG, *WORDS])
LOOKUPS = st.builds(
    lambda root, keys, gap: f"{root}{gap.join(f'.{key}' for key in keys)}" or ".",
    st.sampled_from(["", "$item", "$input"]),
    st.lists(KEY, max_size=2),
    st.sampled_from(["", "", "", " "]),
)
FIELDS = st.sampled_from([".a", ".b", ".c", "$item.a", "$input.b"])
ATOMS = FIELDS | FIELDS | LOOKUPS | LITERALS


def joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions that are put together without parentheses, so that what binds stronger decides."""
    chain = SIGNS.flatmap(
        lambda signs: st.builds(
            lambda first, rest: first + "".join(f"{before}{sign}{after}{more}" for before, sign, after, more in rest),
            inner,
            st.lists(st.tuples(SPACE, st.sampled_from(signs), SPACE, inner), min_size=1, max_size=4),
        )
    )
    wrapped = st.builds(
        lambda form, body, gap: form.format(f"{gap}{body}{gap}"),
        st.sampled_from(["({})", "({})", "-{}", "({} | not)", "{} | not"]),
        inner,
        SPACE,
    )
    return chain | chain | chain | wrapped


EXPRESSIONS = joined(ATOMS) | st.recursive(ATOMS, joined, max_leaves=10)
ARGUMENTS = st.tuples(VALUES, VALUES, VALUES)


# --- both ways ----------------------------------------------------------------------------------------------------


def arguments_of(program: Program, values: tuple[JsonValue, JsonValue, JsonValue]) -> list[JsonValue]:
    by_name: dict[str, JsonValue] = {"item": values[1], "input": values[2]}
    return [values[0], 0, *(by_name[name] for name in program.variables)]


def check(
    runner: asyncio.Runner, evaluator: Evaluator, program: Program, values: tuple[JsonValue, JsonValue, JsonValue]
) -> bool:
    """Whether the program was answered without jq; then it was what jq says."""
    arguments = arguments_of(program, values)
    answer = program.answer(arguments, plain=True)
    if answer is None:
        event("left to jq")
        return False
    event("answered")
    here = written(program.place(answer))
    sources = [leaf.source for leaf in program.leaves]
    try:
        by_jq = written(runner.run(evaluator.evaluate(program, arguments, plain=False)))
    except Fault as refused:
        raise AssertionError(f"{sources} on {arguments} is {here}, jq refuses: {refused.error.detail}") from None
    assert here == by_jq, f"{sources} on {arguments}"
    return True


def written(value: JsonValue) -> str:
    """A result as JSON. An array or an object went through as it came, so its numbers and texts are left out."""
    return json.dumps(shape(value) if isinstance(value, list | dict) else value, sort_keys=True)


def shape(value: JsonValue) -> JsonValue:
    match value:
        case dict():
            return {key: shape(item) for key, item in value.items()}
        case list():
            return [shape(item) for item in value]
        case None | bool():
            return value
        case _:
            return "text" if isinstance(value, str) else "number"


def in_jq(source: str) -> str:
    """The source so that it is no lookup, which passes numbers as they came."""
    return f"({source})"


@settings(max_examples=600, deadline=None)
@given(source=EXPRESSIONS, values=ARGUMENTS)
def test_a_plain_expression_and_jq_agree(
    runner: asyncio.Runner, evaluator: Evaluator, source: str, values: tuple[JsonValue, JsonValue, JsonValue]
) -> None:
    check(runner, evaluator, expression_program(in_jq(source), NAMES), values)


@settings(max_examples=300, deadline=None)
@given(conditions=st.lists(EXPRESSIONS, min_size=1, max_size=4).map(tuple), values=ARGUMENTS)
def test_a_choice_and_jq_agree(
    runner: asyncio.Runner,
    evaluator: Evaluator,
    conditions: tuple[str, ...],
    values: tuple[JsonValue, JsonValue, JsonValue],
) -> None:
    check(runner, evaluator, choice_program(conditions, NAMES), values)


@settings(max_examples=300, deadline=None)
@given(sources=st.lists(EXPRESSIONS, min_size=1, max_size=3), values=ARGUMENTS)
def test_a_text_and_jq_agree(
    runner: asyncio.Runner,
    evaluator: Evaluator,
    sources: list[str],
    values: tuple[JsonValue, JsonValue, JsonValue],
) -> None:
    text = "-".join(f"${{ {in_jq(source)} }}" for source in sources) + "."
    check(runner, evaluator, template_program(text, NAMES), values)
