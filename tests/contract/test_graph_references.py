"""A picture and a run call each task by the same name, so that a run can be shown over its picture."""

from xml.etree import ElementTree as ET

from stigmer_dsl import load
from stigmer_dsl.graph import svg
from stigmer_engine import Engine

DOCUMENT = """\
document: {dsl: '1.0.3', namespace: test, name: everywhere, version: '0.1.0'}
do:
- plain: {set: {n: 1}}
- skipped: {if: '${ false }', set: {n: 2}}
- 'odd/na~me': {do: [{inner: {set: {n: 3}}}]}
- for: {for: {each: x, in: '${ [1, 2] }'}, do: [{do: {do: [{deep: {set: {n: '${ $x }'}}}]}}]}
- do: {do: [{for: {do: [{x: {set: {n: 4}}}]}}]}
- choose: {switch: [{other: {then: both}}]}
- both:
    fork:
      branches:
      - left: {do: [{a: {set: {n: 5}}}]}
      - right: {for: {each: y, in: '${ [1] }'}, do: [{b: {set: {n: 6}}}]}
- guard:
    try: [{boom: {raise: {error: {type: 'https://e/boom', status: 500, title: boom}}}}]
    catch: {do: [{fix: {set: {n: 7}}}]}
"""


async def test_every_task_of_a_run_has_a_box_of_its_own() -> None:
    document = load(DOCUMENT)
    boxes = [box.get("data-reference") for box in ET.fromstring(svg(document.workflow)).iter()]
    references = [reference for reference in boxes if reference]
    assert len(references) == len(set(references))
    async with Engine() as engine:
        execution = engine.start(document)
        told = {event.task_reference async for event in execution.log.follow(0) if event.task_reference}
    assert told == set(references)
