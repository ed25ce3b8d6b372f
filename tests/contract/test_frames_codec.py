"""Trees as JSON: nothing is lost, nothing is stored twice, and what is no tree is refused."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine.frames import (
    UNSET,
    Body,
    BranchFrame,
    BrokenTree,
    CallFrame,
    DoFrame,
    ForFrame,
    ForkFrame,
    TaskFrame,
    Tree,
    TryFrame,
    WaitFrame,
    decode_tree,
    encode_tree,
)

_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_values: st.SearchStrategy[JsonValue] = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)
_objects = st.dictionaries(st.text(), _values, max_size=4)
_times = st.floats(0, 4e9, allow_nan=False)
_numbers = st.integers(0, 1000)

_tasks: st.SearchStrategy[TaskFrame] = st.deferred(
    lambda: st.builds(
        TaskFrame,
        name=st.text(),
        reference=st.text(),
        raw=_values,
        started_at=_times,
        deadline=st.none() | _times,
        input=st.just(UNSET) | _values,
        body=st.none() | _bodies,
        output=st.just(UNSET) | _values,
        then=st.none() | st.text(),
        ends=st.booleans(),
    )
)
_lists = st.builds(DoFrame, value=_values, index=_numbers, child=st.none() | _tasks)
_branches = st.builds(
    BranchFrame,
    state=st.sampled_from(["waiting", "running", "done", "failed", "cancelled"]),
    child=st.none() | _tasks,
    output=st.just(UNSET) | _values,
    error=st.none() | _objects,
)
_bodies: st.SearchStrategy[Body] = st.one_of(
    _lists,
    st.builds(ForFrame, items=st.lists(_values), value=_values, index=_numbers, body=st.none() | _lists),
    st.builds(
        ForkFrame,
        branches=st.lists(_branches, min_size=1, max_size=3),
        winner=st.none() | _numbers,
        first_failure=st.none() | _numbers,
        ended_by=st.none() | _numbers,
    ),
    st.builds(
        TryFrame,
        phase=st.sampled_from(["try", "caught", "delay", "catch"]),
        attempt=_numbers,
        began_at=_times,
        attempt_began_at=_times,
        error=st.none() | _objects,
        next_at=st.none() | _times,
        body=st.none() | _lists,
    ),
    st.builds(WaitFrame, until=_times),
    st.builds(CallFrame, id=st.text(), arguments=_objects),
)
_trees = st.builds(
    Tree,
    execution_id=st.text(),
    nonce=st.text(),
    started_at=_times,
    raw_input=_values,
    input=st.just(UNSET) | _values,
    phase=st.sampled_from(["new", "validating", "running"]),
    deadline=st.none() | _times,
    context=_values,
    sequence=_numbers,
    paused_at=st.none() | _times,
    steps=_numbers,
    calls=_numbers,
    root=st.none() | _lists,
    output=st.just(UNSET) | _values,
)


def _through_text(tree: Tree) -> Tree:
    decoded: JsonObject = json.loads(json.dumps(encode_tree(tree)))
    return decode_tree(decoded)


@settings(max_examples=150, deadline=None)
@given(tree=_trees)
def test_a_tree_comes_back_as_it_was(tree: Tree) -> None:
    assert _through_text(tree) == tree


@pytest.mark.parametrize(
    "value", [1, 1.0, True, False, 0, None, "1", [1], [True], [1.0], {"a": 1}, {"a": True}, "", []]
)
def test_values_that_are_equal_in_python_keep_their_kinds(value: JsonValue) -> None:
    tree = Tree(execution_id="x", nonce="n", started_at=0, raw_input=value, context=[value, 1, True, 1.0])
    tree.root = DoFrame(value=value, child=TaskFrame(name="t", reference="/do/0/t", raw=[value], started_at=0))
    decoded = _through_text(tree)
    assert repr(decoded) == repr(tree)


def _nested(depth: int, value: JsonValue) -> Tree:
    tree = Tree(execution_id="x", nonce="n", started_at=0, raw_input=value, input=value, context=value)
    holder: DoFrame = DoFrame(value=value)
    tree.root = holder
    for level in range(depth):
        body = DoFrame(value=value)
        holder.child = TaskFrame(
            name="t", reference=f"/do/{level}/t", raw=value, started_at=0, input=value, output=value, body=body
        )
        holder = body
    return tree


def test_a_value_at_many_levels_is_stored_once() -> None:
    value: JsonValue = {"rows": [{"id": index, "text": "x" * 40} for index in range(700)]}
    size = len(json.dumps(value))
    assert size > 40_000
    shallow, deep = (len(json.dumps(encode_tree(_nested(depth, value)))) for depth in (3, 40))
    assert shallow < size * 1.1
    assert deep - shallow < 37 * 300


def test_equal_values_that_are_different_objects_are_stored_once() -> None:
    text = json.dumps({"rows": ["x" * 100] * 100})
    tree = Tree(execution_id="x", nonce="n", started_at=0, raw_input=json.loads(text), input=json.loads(text))
    tree.root = DoFrame(value=json.loads(text))
    assert len(json.dumps(encode_tree(tree))) < len(text) * 1.1


_GOOD: JsonObject = encode_tree(_nested(2, {"a": 1}))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({}, "format"),
        ({**_GOOD, "format": 99}, "format 99"),
        ({**_GOOD, "values": None}, "lacks"),
        ({**_GOOD, "tree": []}, "lacks"),
        ({**_GOOD, "tree": {}}, "damaged"),
        ({**_GOOD, "tree": {"kind": "robot"}}, "damaged"),
        ({**_GOOD, "tree": {"kind": "tree"}}, "damaged"),
        ({**_GOOD, "tree": {"kind": "wait", "until": 1}}, "not a tree"),
        ({**_GOOD, "values": []}, "damaged"),
        ({**_GOOD, "tree": {**_GOOD["tree"], "raw_input": "x"}}, "value"),
        ({**_GOOD, "tree": {**_GOOD["tree"], "raw_input": -1}}, "damaged"),
        ({**_GOOD, "tree": {**_GOOD["tree"], "raw_input": []}}, "damaged"),
        ({**_GOOD, "tree": {**_GOOD["tree"], "raw_input": True}}, "value"),
        ({**_GOOD, "tree": {**_GOOD["tree"], "extra": 1}}, "extra"),
        ({**_GOOD, "tree": {**_GOOD["tree"], "root": 7}}, "root"),
        ({**_GOOD, "tree": {**_GOOD["tree"], "root": {"kind": "wait", "until": 1}}}, "root"),
        ({**_GOOD, "tree": {**_GOOD["tree"], "sequence": "one"}}, "sequence"),
        ({**_GOOD, "tree": {**_GOOD["tree"], "phase": "asleep"}}, "phase"),
    ],
)
def test_what_is_no_tree_is_refused(broken: JsonObject, reason: str) -> None:
    with pytest.raises(BrokenTree, match=reason):
        decode_tree(broken)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_damage_anywhere_gives_a_broken_tree_or_a_tree(data: st.DataObject) -> None:
    text = json.dumps(_GOOD)
    cut = data.draw(st.integers(0, len(text) - 1))
    garbled = text[:cut] + data.draw(st.sampled_from(["", "0", '"', "{", "null", "x"])) + text[cut + 1 :]
    try:
        decoded = json.loads(garbled)
    except ValueError:
        return
    if not isinstance(decoded, dict):
        return
    try:
        tree = decode_tree(decoded)
    except BrokenTree:
        return
    assert isinstance(tree, Tree)
