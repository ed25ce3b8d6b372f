"""The order of data flow, and what each expression sees (single steps stand in `cases/data_flow.yaml`)."""

from stigmer_dsl.json_types import JsonObject
from stigmer_engine.testing import run_document

ORDER = """
do:
  - first:
      if: '. == "raw"'
      input: {schema: {document: {const: raw}}, from: '. + "-in"'}
      set: '${ . + "-body" }'
      output: {as: '. + "-out"', schema: {document: {const: raw-in-body-out}}}
      export: {as: '. + "-exported"', schema: {document: {const: raw-in-body-out-exported}}}
  - second: {set: '${ [., $context] }'}
"""


def test_the_eight_steps_of_a_task_in_their_order() -> None:
    assert run_document(ORDER, input="raw").output == ["raw-in-body-out", "raw-in-body-out-exported"]


ARGUMENTS = (
    "{context: $context, input: $input, output: $output, secrets: $secrets, authorization: $authorization, "
    "task: $task.name, workflow: $workflow.id, runtime: $runtime.name}"
)


def test_all_eight_arguments_are_bound_in_every_place() -> None:
    document = f"""
input: {{from: '{{seen: {ARGUMENTS}}}'}}
output: {{as: '[., {ARGUMENTS}]'}}
do:
  - look:
      if: '{ARGUMENTS} | true'
      input: {{from: '[., {ARGUMENTS}]'}}
      set: '${{ [., {ARGUMENTS}] }}'
      output: {{as: '[., {ARGUMENTS}]'}}
      export: {{as: '{ARGUMENTS}'}}
"""
    run = run_document(document, input=1)
    assert isinstance(run.output, list)
    (((seen, from_input), body), output), workflow_output = run.output
    execution = run.events[0].workflow_execution_id
    everywhere: JsonObject = {"secrets": {}, "authorization": None, "workflow": execution, "runtime": "stigmer"}
    empty: JsonObject = {"context": {}, "output": None}
    at_start = {"seen": {**everywhere, "context": {}, "input": None, "output": None, "task": None}}
    assert seen == at_start
    assert from_input == {**everywhere, **empty, "input": None, "task": "look"}
    transformed = [seen, from_input]
    assert body == {**everywhere, **empty, "input": transformed, "task": "look"}
    assert output == {**everywhere, **empty, "input": transformed, "task": "look"}
    task_output = [[transformed, body], output]
    exported = {**everywhere, "context": {}, "input": transformed, "output": task_output, "task": "look"}
    assert workflow_output == {**everywhere, "context": exported, "input": None, "output": None, "task": None}


def test_the_task_describes_itself() -> None:
    document = """
do:
  - look:
      input: {from: .x}
      set: {task: '${ $task }', k: 1}
      output: {as: '[.task, $task.output, $task.input]'}
      metadata: {team: a}
"""
    output = run_document(document, input={"x": 1}).output
    assert isinstance(output, list)
    task, raw_output, raw_input = output
    assert task["name"] == "look"
    assert task["reference"] == "/do/0/look"
    assert task["input"] == {"x": 1} == raw_input
    assert task["definition"]["metadata"] == {"team": "a"}
    assert task["definition"]["set"] == {"task": "${ $task }", "k": 1}
    assert "output" not in task
    assert raw_output["k"] == 1
    started = task["startedAt"]
    assert started["epoch"] == {"seconds": 1_750_000_000, "milliseconds": 1_750_000_000_000}
    assert started["iso8601"] == "2025-06-15T15:06:40.000Z"


def test_the_workflow_and_the_runtime_describe_themselves() -> None:
    document = "do: [a: {set: {w: '${ $workflow }', r: '${ $runtime }'}}]"
    output = run_document(document, input={"x": 1}, env={"REGION": "north"}).output
    assert isinstance(output, dict)
    assert output["w"]["definition"]["document"]["name"] == "test"
    assert output["w"]["input"] == {"x": 1}
    assert output["w"]["startedAt"]["epoch"]["seconds"] == 1_750_000_000
    assert output["r"]["metadata"]["env"] == {"REGION": "north"}
    assert output["r"]["version"]


def test_now_is_fixed_for_a_task_and_moves_between_tasks() -> None:
    document = """
do:
  - a: {set: {x: ['${ now }', '${ now }'], y: '${ now }'}}
  - w: {wait: PT1M}
  - b: {set: '${ [.x[], .y, now] }'}
"""
    assert run_document(document).output == [1_750_000_000] * 3 + [1_750_000_060]


def test_a_comment_may_end_an_expression() -> None:
    assert run_document('do: [a: {set: "${ 1 # one\\n }"}]').output == 1
