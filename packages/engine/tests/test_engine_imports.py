"""What importing the engine and running a document without calls must not import."""

import importlib
import json
import subprocess
import sys

import pytest
from stigmer_engine.on_demand import MODULES, Part, load_part

LATE = ("httpx", "httpcore", "google.protobuf", "grpc", "grpclib", "jwt", "cryptography", "cloudevents")

RUN = """
import asyncio
from stigmer_engine import Engine

TEXT = '''
document: {dsl: '1.0.3', namespace: tests, name: imports, version: '1.0.0'}
do:
  - greet: {set: {message: '${ "Hello, " + .name }'}}
  - tell: {emit: {event: {with: {type: told, data: '${ .message }'}}}}
  - rest: {wait: {milliseconds: 1}}
'''

async def run():
    async with Engine() as engine:
        result = await engine.start(engine.load(TEXT), input={"name": "you"}).wait()
        assert result.error is None, result.error

asyncio.run(run())
"""
START = """
import asyncio
from stigmer_engine import Engine

async def run():
    async with Engine() as engine:
        engine.start(engine.load('''
document: {dsl: '1.0.3', namespace: tests, name: imports, version: '1.0.0'}
do:
  - wait: {wait: {hours: 1}}
  - call: {call: http, with: {method: get, endpoint: 'http://localhost/'}}
'''))

asyncio.run(run())
"""


def loaded_after(code: str) -> set[str]:
    """The modules that a new process has loaded when it has run this code."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout))


@pytest.mark.parametrize(
    "code", ["import stigmer_engine", "import stigmer_engine.bus, stigmer_engine.lifecycle_events", RUN]
)
def test_the_libraries_of_calls_are_not_imported_before_a_call(code: str) -> None:
    assert set(LATE) & loaded_after(code) == set()


def test_a_document_with_calls_imports_what_it_needs_when_it_starts_and_nothing_else() -> None:
    # Within a call, the import would take from the time that the task's `timeout` gives.
    assert set(LATE) & loaded_after(START) == {"httpx", "httpcore"}


@pytest.mark.parametrize("part", list(MODULES))
def test_every_part_is_there(part: Part) -> None:
    assert load_part(part) is importlib.import_module(MODULES[part])


@pytest.mark.parametrize("part", ["http", "grpc", "resource"])
def test_the_part_of_a_kind_of_call_can_make_its_caller(part: Part) -> None:
    assert callable(load_part(part).build_caller)
