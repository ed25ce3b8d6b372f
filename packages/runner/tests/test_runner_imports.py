"""What a command of the command line imports: no more than it needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "httpx",
    "httpcore",
    "google.protobuf",
    "grpc",
    "grpclib",
    "jwt",
    "cryptography",
    "cloudevents",
    "uvicorn",
    "prometheus_client",
)
DOCUMENT = """\
document: {dsl: '1.0.3', namespace: tests, name: imports, version: '1.0.0'}
do: [{greet: {set: {message: hello}}}]
"""


def loaded_after(*arguments: str) -> set[str]:
    """The modules that a new process has loaded when it has run this command line."""
    script = (
        "import json, sys\n"
        "from stigmer_runner.cli.app import run_command\n"
        "code = run_command(sys.argv[1:])\n"
        "print(json.dumps([code, sorted(sys.modules)]))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    code, modules = json.loads(run.stdout.splitlines()[-1])
    assert code == 0, run.stderr
    return set(modules)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_imports_neither_the_engine_nor_the_models(option: str) -> None:
    assert {"stigmer_engine", "stigmer_dsl", "pydantic", *HEAVY} & loaded_after(option) == set()


@pytest.mark.parametrize("command", ["run", "validate"])
def test_a_document_without_calls_needs_no_library_of_calls(command: str, tmp_path: Path) -> None:
    path = tmp_path / "hello.yaml"
    path.write_text(DOCUMENT)
    assert set(HEAVY) & loaded_after(command, str(path)) == set()


@pytest.mark.parametrize("command", ["list", "cancel", "start", "get"])
def test_a_command_of_the_service_needs_no_engine(command: str) -> None:
    unneeded = {"stigmer_engine", "httpx", "structlog", "stigmer_converter"} - (
        {"httpx"} if command == "list" else set()
    )
    assert unneeded & loaded_after(command, "--help") == set()
